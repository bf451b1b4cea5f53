//! What is so without an act that anybody intended: a certificate, a login that was made, a record that went back. It needs no
//! intent, and changes no token of an account.

use jiff::Timestamp;

use super::{Actor, Detail, Draft, Ending, Outcome, Target};
use crate::text::Text;

/// What is to be recorded of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub at: Timestamp,
    /// What it is called, `noun.verb`.
    pub action: Text,
    pub actor: Actor,
    pub target: Vec<Target>,
    pub outcome: Outcome,
    pub effect: Detail,
}

impl Fact {
    /// The same as an act that ended when it began.
    pub(super) fn into_parts(self) -> (Draft, Ending) {
        let draft = Draft {
            at: self.at,
            server_at: None,
            action: self.action,
            actor: self.actor,
            authority: None,
            target: self.target,
            reason: None,
            ticket: None,
            change: None,
            policy: None,
        };
        let ending = Ending {
            at: self.at,
            server_at: None,
            outcome: self.outcome,
            effect: Some(self.effect),
            error: None,
            change: None,
        };
        (draft, ending)
    }
}
