//! What a check of the record found: what is wrong, where first, and what is only worth knowing. It does not look itself.

use std::fmt;
use std::path::PathBuf;

use super::{Digest, Record, RecordId};
use crate::jwt::keys::PublicKey;
use crate::text::Text;

/// What every chain of a ledger looks like.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Verification {
    pub chains: Vec<ChainCheck>,
    pub warnings: Vec<Warning>,
}

impl Verification {
    /// Whether the record is whole, as far as this console can know. Warnings do not count.
    pub fn holds(&self) -> bool {
        self.faults().next().is_none()
    }

    /// What is wrong, the first break of each chain first.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.chains.iter().flat_map(|chain| &chain.faults)
    }
}

/// One writer's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainCheck {
    pub writer: PublicKey,
    /// Records that hold, from the first on.
    pub records: u64,
    /// The last of them.
    pub head: Option<Head>,
    pub faults: Vec<Fault>,
    /// The key that certifies the writer, by a signature that holds. Whether it is one of the operator's is for the caller,
    /// who has the operator's token.
    pub certified_by: Option<PublicKey>,
    /// Intents without a result, oldest first.
    pub open: Vec<RecordId>,
}

/// A place in a chain: the last record that was seen, and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub id: RecordId,
    pub hash: Digest,
}

impl From<&Record> for Head {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id,
            hash: record.hash,
        }
    }
}

/// Why the record is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first line of a chain that does not hold; what comes after it proves nothing.
    Broken {
        at: RecordId,
        offset: u64,
        what: Break,
    },
    /// The bytes behind the last newline. A crash leaves them before a record was acknowledged; the next writer sets them aside.
    Torn { after: Option<RecordId>, bytes: u64 },
    /// This console has seen the chain further than it goes, or gone another way.
    RolledBack {
        remembered: Head,
        found: Option<Head>,
    },
    /// A record says that an earlier console found the chain rolled back and went on.
    Noticed { by: RecordId },
    /// What this console remembers of the chain cannot be read.
    Forgotten { path: PathBuf, why: Text },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { at, offset, what } => write!(f, "{at}, byte {offset}: {what}"),
            Self::Torn {
                after: Some(id),
                bytes,
            } => write!(f, "{bytes} bytes after {id} are no whole record"),
            Self::Torn { after: None, bytes } => write!(f, "{bytes} bytes are no whole record"),
            Self::RolledBack {
                remembered,
                found: Some(found),
            } => write!(
                f,
                "rolled back: this console has seen {} ({}), the chain has {} ({})",
                remembered.id, remembered.hash, found.id, found.hash
            ),
            Self::RolledBack {
                remembered,
                found: None,
            } => {
                write!(
                    f,
                    "rolled back: this console has seen {} ({}), the chain is empty",
                    remembered.id, remembered.hash
                )
            }
            Self::Noticed { by } => write!(f, "{by} says that the chain was rolled back before it"),
            Self::Forgotten { path, why } => write!(f, "{} cannot be read: {why}", path.display()),
        }
    }
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("this is no record: {why}")]
    NotARecord { why: Text },
    #[error("the line is not in canonical form")]
    NotCanonical,
    #[error("the line is longer than a record can be")]
    TooLong,
    #[error("the hash does not fit the record")]
    Hash,
    #[error("the signature does not fit the hash and the key")]
    Signature,
    #[error("signed by {kid}, which is not the writer")]
    ForeignKey { kid: PublicKey },
    #[error("a record of {writer} in another writer's chain")]
    ForeignWriter { writer: PublicKey },
    #[error("its id is {written}, which does not fit writer and number")]
    Id { written: RecordId },
    #[error("expected number {expected}, found {found}")]
    Sequence { expected: u64, found: u64 },
    #[error("its `prev` is not the hash of the record before")]
    Link,
    #[error("a result of {op}, which is no open intent here")]
    NoIntent { op: RecordId },
}

impl Break {
    pub(crate) fn not_a_record(error: &serde_json::Error) -> Self {
        Self::NotARecord {
            why: error.to_string().into(),
        }
    }
}

/// What does not break the record, but somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// No record certifies the writer's key: who held it is not proven.
    Uncertified { writer: PublicKey },
    /// An act was begun, and how it ended is not recorded.
    Open(RecordId),
    /// This console remembers nothing of a chain that is there: it cannot tell whether it was longer once.
    Unremembered { writer: PublicKey },
    /// Bytes that were no record at the end of a chain, kept as evidence.
    SetAside { path: PathBuf },
    /// A file among the chains that is not named like one.
    Stray { path: PathBuf },
}

impl Warning {
    /// The stable name (`warnings[].code`).
    pub fn code(&self) -> &'static str {
        match self {
            Self::Uncertified { .. } => "uncertified",
            Self::Open(_) => "open_intent",
            Self::Unremembered { .. } => "unremembered",
            Self::SetAside { .. } => "set_aside",
            Self::Stray { .. } => "stray",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uncertified { writer } => {
                write!(f, "no operator key certifies the writer {writer}")
            }
            Self::Open(id) => write!(f, "{id} has no result"),
            Self::Unremembered { writer } => {
                write!(
                    f,
                    "this console has not seen the chain of {writer} before and cannot tell whether it was longer"
                )
            }
            Self::SetAside { path } => {
                write!(f, "{} holds bytes that were no record", path.display())
            }
            Self::Stray { path } => write!(f, "{} is no chain", path.display()),
        }
    }
}
