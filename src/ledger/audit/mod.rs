//! The record of acts: who did what to whom, by what right, and how it ended. How it is chained is in `chain.rs`, where it is
//! kept is the ledger's.
//!
//! ```text
//! UVWX2345-17  intent  user.revoke  maria  ORDERS/worker                op UVWX2345-17
//! UVWX2345-18  result  user.revoke  maria  ORDERS/worker  verified      op UVWX2345-17
//! ```
//!
//! - `id` is the first 8 characters of the writer's key and the writer's own counter; it is no stream sequence.
//! - `op` is the id of the intent that began the act: an intent's own id, and the same in its result. A **fact** (a
//!   certificate, a noticed rollback) is a result whose `op` is its own id.
//! - `writer` is the key whose chain this is, `kid` the key that made `sig`. Today they are equal, and verification holds
//!   them to that; a chain signed on behalf of its writer would differ.
//! - `null` is "there is none"; inside `actor`, `authority` and a target what is not known is absent.
//!
//! What came from outside stands here in its safe form ([`Text`] and [`Detail`] serialize so): a record is our own JSON, it
//! is hashed as it is written, and a name that was altered for it keeps its key beside it. Tokens are printable by nature
//! and stand whole in `change`; the caller leaves out those of bearer users, and never has a seed to put in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::jwt::keys::PublicKey;
use crate::text::Text;

mod actor;
mod canonical;
pub mod certificate;
pub(super) mod chain;
mod fact;
pub mod verification;
mod written;

pub use actor::{Actor, ActorKind, Authority};
pub use canonical::Detail;
pub use fact::Fact;
pub use written::{Digest, NotADigest, NotASignature, NotAnId, RecordId, Signature};

use canonical::canonical;

/// One line of a chain (`audit` in `docs/CLI.md`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub id: RecordId,
    /// The writer's counter, from 1.
    pub seq: u64,
    pub writer: PublicKey,
    /// By the clock of this machine.
    pub at: Timestamp,
    /// By the servers' clock, where one was read.
    pub server_at: Option<Timestamp>,
    pub action: Text,
    pub phase: Phase,
    pub op: RecordId,
    pub actor: Actor,
    pub authority: Option<Authority>,
    pub target: Vec<Target>,
    pub reason: Option<Text>,
    pub ticket: Option<Text>,
    pub change: Option<Change>,
    /// What was proven on the servers; the shape is the outcome's.
    pub effect: Option<Detail>,
    pub outcome: Option<Outcome>,
    pub error: Option<Detail>,
    pub tool: Tool,
    /// The hash of the writer's record before.
    pub prev: Option<Digest>,
    pub hash: Digest,
    pub sig: Signature,
    pub kid: PublicKey,
}

/// Before the act or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Intent,
    Result,
}

/// How an act ended, in the words of the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Verified,
    Unverified,
    Partial,
    Failed,
    Stale,
    Refused,
    Cancelled,
}

/// What is to be recorded of an act before it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub at: Timestamp,
    pub server_at: Option<Timestamp>,
    /// The action's id, `noun.verb`.
    pub action: Text,
    pub actor: Actor,
    pub authority: Option<Authority>,
    pub target: Vec<Target>,
    pub reason: Option<Text>,
    pub ticket: Option<Text>,
    pub change: Option<Change>,
    /// The commit or hash of the policy in force.
    pub policy: Option<Text>,
}

/// What is to be recorded of an act after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    pub at: Timestamp,
    pub server_at: Option<Timestamp>,
    pub outcome: Outcome,
    pub effect: Option<Detail>,
    pub error: Option<Detail>,
    /// What was really signed, where that was not known before (`<server time>`, `<new key>`).
    pub change: Option<Change>,
}

/// On what. The key is the identity, the name is decoration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The noun of the command line: `user`, `account`, `connection`.
    pub kind: Text,
    /// A public key, or the ref of a connection (`n1/41`).
    pub key: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Reference>,
}

/// A key and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub key: Text,
    pub name: Text,
}

/// What changes: whole tokens, and what that means.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Change {
    pub before: Option<Text>,
    pub after: Option<Text>,
    /// Of an act on several accounts, the tokens of every account after the first; of one that pushed an account again and lost
    /// the servers, the token that it pushed last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Tokens>,
    pub diff: Vec<Detail>,
    pub gains: Vec<Detail>,
    pub loses: Vec<Detail>,
}

/// The token of an account before and after an act.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tokens {
    pub before: Option<Text>,
    pub after: Option<Text>,
}

impl Change {
    /// Adds the tokens of one more account, or of one more push.
    pub fn add(&mut self, tokens: Tokens) {
        if self.before.is_none() && self.after.is_none() {
            self.before = tokens.before;
            self.after = tokens.after;
        } else {
            self.also.push(tokens);
        }
    }
}

/// With which program, under which policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub version: Text,
    pub policy: Option<Text>,
}
