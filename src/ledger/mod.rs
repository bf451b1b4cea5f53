//! What is kept: the record of every act, the guards after a revocation, the servers that are expected to answer.
//! It is no log of the program's own doings (`telemetry`), and it decides nothing: it knows no action and no plan.
//!
//! ```text
//! <data>/<operator key>/servers.json                  roster      who ought to answer
//!                      /ledger/audit/<writer>.jsonl   folder      one chain a writer, append only
//!                      /ledger/aside/                 folder      what was no record at the end of a chain
//!                      /ledger/guards.json            guard       revocations that are watched over for 24 h
//! <state>/<operator key>/heads/<writer>.json          folder      how far this console has seen each chain
//! ```
//!
//! One trait, two backends: [`Folder`] for one person alone, `JetStream` for a team. Calls block on the disk (an append is
//! two syncs), so the asynchronous side goes through `spawn_blocking`.

use std::io;
use std::path::PathBuf;

use crate::explain::{Code, Explain, Explanation};
use crate::jwt::keys::PublicKey;
use crate::jwt::signer::SignError;

pub mod audit;
mod disk;
pub mod folder;
pub mod guard;
mod kept;
mod lines;
pub mod roster;
#[cfg(test)]
mod tests;

pub use audit::verification::{Fault, Verification, Warning};
pub use audit::{Draft, Ending, Fact, Record, RecordId};
pub use folder::Folder;

/// Where acts are recorded: signed, chained, and on local disk before a call returns.
pub trait Ledger: Send + Sync {
    /// The key that signs what is written here.
    fn writer(&self) -> PublicKey;

    /// Records what is about to be done. Nothing may be done before this returns `Ok`.
    fn intent(&self, draft: Draft) -> Result<RecordId, LedgerError>;

    /// Records how an act ended; who, what and on which target are taken from its intent.
    fn result(&self, of: RecordId, ending: Ending) -> Result<RecordId, LedgerError>;

    /// Records a fact that is no act of its own and so needs no intent, such as a certificate.
    fn fact(&self, fact: Fact) -> Result<RecordId, LedgerError>;

    /// Intents without a result, oldest first: what a crash left, or what is running now.
    fn open_intents(&self) -> Result<Vec<Record>, LedgerError>;

    /// The records that a query wants. The newest few are read from the end, whatever the length of the chain.
    fn records(&self, query: &Query) -> Result<Listing, LedgerError>;

    /// What is wrong with the ends of the chains by what this console remembers; cheap, for every start.
    fn rollbacks(&self) -> Result<Vec<Fault>, LedgerError>;

    /// Checks every byte of every chain.
    fn verify(&self) -> Result<Verification, LedgerError>;
}

/// Which end a listing starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// Which records are wanted; what is `None` does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Query {
    pub order: Order,
    /// Written at this time or later.
    pub since: Option<jiff::Timestamp>,
    /// The actor's name or subject.
    pub actor: Option<crate::text::Text>,
    /// The action's id, `user.revoke`.
    pub action: Option<crate::text::Text>,
    /// A target's key, its name, or `ACCOUNT/name`.
    pub target: Option<crate::text::Text>,
    pub limit: Option<usize>,
}

/// The records that were asked for, and how many lines on the way could not be read as records.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Listing {
    pub records: Vec<Record>,
    /// Not zero: say it, and point at `audit verify`.
    pub unreadable: u64,
}

/// Why something was not recorded or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file is as it was before the call.
    #[error("{path}: nothing was recorded: {source}")]
    NotRecorded { path: PathBuf, source: io::Error },
    /// Bytes of the record may stand in the file; the next writer takes it as a record or sets it aside.
    #[error("{path}: not recorded ({source}), and not put back either ({undo})")]
    NotPutBack {
        path: PathBuf,
        source: io::Error,
        undo: io::Error,
    },
    #[error("{path}: {source}")]
    Disk { path: PathBuf, source: io::Error },
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("the record cannot be signed: {0}")]
    Sign(#[from] SignError),
    #[error("the record cannot be written as JSON: {0}")]
    Form(#[from] serde_json::Error),
    /// The record, once written, would not be readable: too deep, or signed by another key.
    #[error("the record would not verify: {0}")]
    Unsound(audit::verification::Break),
    #[error("the record has {bytes} bytes, at most {} are kept", lines::LONGEST)]
    TooLong { bytes: usize },
    #[error("{0} is no open intent of this chain")]
    NotOpen(RecordId),
}

impl LedgerError {
    /// Names the file that an error of the disk is about.
    fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { path, source }
    }
}

impl Explain for LedgerError {
    fn explain(&self) -> Explanation {
        let so = match self {
            Self::NotPutBack { .. } => {
                "no act is begun on this; a part of its record may stand at the end of the chain and is sorted out by the next one"
            }
            Self::NotOpen(_) => "the act has a result already, or is of another chain",
            Self::NotRecorded { .. }
            | Self::Disk { .. }
            | Self::Unreadable { .. }
            | Self::Sign(_)
            | Self::Form(_)
            | Self::Unsound(_)
            | Self::TooLong { .. } => {
                "no act is begun without its record; one that was under way is listed as open until its result is recorded"
            }
        };
        let explanation = Explanation::new(Code::Record, self.to_string(), so);
        match self {
            Self::NotRecorded { .. } | Self::NotPutBack { .. } | Self::Disk { .. } => explanation
                .then("make room, or make the folder writable, and press again")
                .then_run("look at what stands in the record", "nats-oam audit verify"),
            Self::Unreadable { path, .. } => {
                explanation.then(format!("move {} aside and press again", path.display()))
            }
            Self::Sign(_)
            | Self::Form(_)
            | Self::Unsound(_)
            | Self::TooLong { .. }
            | Self::NotOpen(_) => {
                explanation.then_run("look at what stands in the record", "nats-oam audit verify")
            }
        }
    }
}
