//! Every act that there is, and whether a selection allows it. It prepares none.

use crate::actions::action::{Action, Bound, Selection, Standing};
use crate::actions::connection::kick::KickConnections;
use crate::actions::spec::Spec;
use crate::actions::user::creds::WriteCreds;
use crate::actions::user::lift::LiftRevocations;
use crate::actions::user::reissue::ReissueUser;
use crate::actions::user::revoke::RevokeUsers;

/// An act, as the screen offers it.
pub struct Offer {
    pub spec: &'static Spec,
    pub allowed: fn(&Selection, &Standing) -> Allowed,
}

/// Whether an act can be begun on a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    Yes,
    /// The reason that a dim key tells when it is pressed.
    No(String),
}

/// The acts, in the order in which hints show them.
pub const ACTS: &[Offer] = &[
    offer_of::<RevokeUsers>(),
    offer_of::<ReissueUser>(),
    offer_of::<KickConnections>(),
    offer_of::<LiftRevocations>(),
    offer_of::<WriteCreds>(),
];

const fn offer_of<A: Action>() -> Offer {
    Offer {
        spec: &A::SPEC,
        allowed: |on, standing| match A::bind(on, standing) {
            Bound::Ready(_) | Bound::Ask(_) => Allowed::Yes,
            Bound::No(why) => Allowed::No(why),
        },
    }
}

/// The act of an id.
pub fn offer(id: &str) -> Option<&'static Offer> {
    ACTS.iter().find(|offer| offer.spec.id == id)
}
