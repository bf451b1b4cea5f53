//! How an act ended, server by server: what was seen, never what is hoped. The JSON of `outcome`.

use jiff::Timestamp;
use serde::Serialize;

use crate::explain::Explanation;
use crate::jwt::keys::{AccountId, ConnId, ServerId};
use crate::jwt::token::Revision;
use crate::ledger::RecordId;
use crate::ledger::audit::Outcome as Word;
use crate::text::Text;

use super::plan::{Target, Warning};
use super::spec::ActionId;

/// What became of an act.
#[derive(Clone, Debug)]
#[must_use]
pub struct Outcome {
    pub action: ActionId,
    pub word: Word,
    pub targets: Vec<Target>,
    pub plan_hash: String,
    pub report: Report,
    pub undo: Option<ActionId>,
    pub audit: Recorded,
    pub took_ms: u64,
    pub error: Option<Explanation>,
}

/// What was done and seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub steps_done: usize,
    pub steps_of: usize,
    pub servers: Vec<ServerReport>,
    /// Connections that nobody could read, by why.
    pub unknown: Vec<Text>,
    pub came_back: Vec<CameBack>,
    pub new: Option<NewUser>,
    pub guard: Option<GuardReport>,
    /// The tokens that were pushed.
    pub pushed: Vec<(AccountId, Revision)>,
    pub warnings: Vec<Warning>,
    /// Connections that were to be closed, and were seen open at the end.
    pub left: Vec<ConnId>,
}

/// What one expected server said. `None` is "it did not say".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerReport {
    pub name: Text,
    pub id: Option<ServerId>,
    pub pushed: Option<bool>,
    pub in_force: Option<bool>,
    pub closed: usize,
    pub open: Option<usize>,
    /// Connections that were to be closed, as they were seen before.
    pub before: usize,
    pub state: ServerVerdict,
    /// From the push, or the kick, until it was first seen clear.
    pub proven_ms: Option<u64>,
}

impl ServerReport {
    /// Nothing is known of it.
    pub fn unknown(name: Text, id: Option<ServerId>) -> Self {
        Self {
            name,
            id,
            pushed: None,
            in_force: None,
            closed: 0,
            open: None,
            before: 0,
            state: ServerVerdict::Unknown,
            proven_ms: None,
        }
    }
}

/// From good to bad: a connection that is known to be open is worse than one of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerVerdict {
    Clear,
    Unknown,
    Open,
}

/// A client that was kicked and is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CameBack {
    pub from: String,
    pub to: String,
    pub after_ms: u64,
}

/// A user that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewUser {
    pub key: String,
    pub name: Text,
    pub creds_path: Option<std::path::PathBuf>,
    pub expires_at: Option<crate::jwt::time::UnixTime>,
}

/// The records of an act, as far as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recorded {
    pub intent: Option<RecordId>,
    pub result: Option<RecordId>,
}

/// A watch over a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GuardReport {
    /// The intent of the revocation.
    pub id: RecordId,
    pub until_at: Timestamp,
}

/// The exit code of a word.
pub const fn exit(word: Word) -> u8 {
    match word {
        Word::Verified => 0,
        Word::Failed => 1,
        Word::Refused => 3,
        Word::Partial => 4,
        Word::Unverified => 5,
        Word::Stale => 6,
        Word::Cancelled => 130,
    }
}

impl Report {
    /// The word that what was seen amounts to.
    pub fn word(&self) -> Word {
        let said_no = |server: &ServerReport| {
            server.pushed == Some(false)
                || server.in_force == Some(false)
                || server.state == ServerVerdict::Open
        };
        if self.servers.iter().any(said_no) {
            Word::Partial
        } else if self
            .servers
            .iter()
            .any(|server| server.state == ServerVerdict::Unknown)
        {
            Word::Unverified
        } else {
            Word::Verified
        }
    }

    /// Adds what a server said of one more account: the worse of each, the sum of what is counted.
    pub(super) fn add(&mut self, report: ServerReport) {
        let Some(held) = self
            .servers
            .iter_mut()
            .find(|held| held.name == report.name)
        else {
            self.servers.push(report);
            return;
        };
        let both = |a: Option<bool>, b: Option<bool>| match (a, b) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        held.pushed = both(held.pushed, report.pushed);
        held.in_force = both(held.in_force, report.in_force);
        held.closed += report.closed;
        held.open = held.open.zip(report.open).map(|(a, b)| a + b);
        held.before += report.before;
        held.state = held.state.max(report.state);
        held.proven_ms = held.proven_ms.zip(report.proven_ms).map(|(a, b)| a.max(b));
    }

    pub fn closed(&self) -> usize {
        self.servers.iter().map(|server| server.closed).sum()
    }

    pub fn open(&self) -> usize {
        self.servers.iter().filter_map(|server| server.open).sum()
    }

    /// Servers of which nothing is known.
    pub fn silent(&self) -> Vec<Text> {
        let unknown = self
            .servers
            .iter()
            .filter(|server| server.state == ServerVerdict::Unknown);
        unknown.map(|server| server.name.clone()).collect()
    }
}

impl Outcome {
    /// The body of `outcome` on the command line.
    pub fn json(&self) -> serde_json::Value {
        let report = &self.report;
        serde_json::json!({
            "action": self.action,
            "outcome": self.word,
            "exit": exit(self.word),
            "targets": self.targets,
            "plan_hash": self.plan_hash,
            "steps": {"done": report.steps_done, "of": report.steps_of},
            "servers": report.servers,
            "closed": report.closed(),
            "open": report.open(),
            "unknown": report.silent().into_iter().chain(report.unknown.iter().cloned()).collect::<Vec<_>>(),
            "came_back": report.came_back,
            "new": report.new,
            "guard": report.guard,
            "undo": self.undo,
            "audit": self.audit,
            "took_ms": self.took_ms,
            "warnings": report.warnings,
            "error": self.error,
        })
    }
}
