//! How far this console has seen a chain, and which intents were open there. It is a memory, not a proof: verification
//! recomputes everything, and uses it only to notice that a chain has gone back.

use std::collections::BTreeMap;
use std::fs::File;

use serde::{Deserialize, Serialize};

use crate::jwt::keys::PublicKey;
use crate::ledger::LedgerError;
use crate::ledger::audit::chain::{Tail, sound};
use crate::ledger::audit::verification::Head;
use crate::ledger::audit::{Digest, Phase, Record, RecordId};
use crate::ledger::lines::{Backwards, Content, Forwards};

/// What is remembered of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) seq: u64,
    pub(super) hash: Digest,
    /// Offset behind the record in the chain's file.
    pub(super) end: u64,
    /// Open intents: number to offset in the file.
    pub(super) open: BTreeMap<u64, u64>,
}

impl Remembered {
    pub(super) fn head(&self, writer: PublicKey) -> Head {
        Head {
            id: RecordId::new(writer, self.seq),
            hash: self.hash,
        }
    }
}

/// A chain as it is, read from where it was left.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) tail: Tail,
    pub(super) end: u64,
    pub(super) open: BTreeMap<u64, u64>,
}

impl Seen {
    /// Takes one more record, which lies at `at` and ends at `end`, into account.
    pub(super) fn add(&mut self, record: &Record, at: u64, end: u64) {
        match record.phase {
            Phase::Intent => {
                self.open.insert(record.seq, at);
            }
            Phase::Result => {
                self.open.remove(&record.op.seq);
            }
        }
        self.tail = Tail::from(record);
        self.end = end;
    }

    pub(super) fn remembered(&self) -> Option<Remembered> {
        Some(Remembered {
            seq: self.tail.seq,
            hash: self.tail.hash?,
            end: self.end,
            open: self.open.clone(),
        })
    }

    /// Goes on from `self` to the last readable record before `length`. Lines that are no records are left to verification.
    pub(super) fn catch_up(mut self, chain: File, length: u64) -> Result<Self, std::io::Error> {
        let mut lines = Forwards::new(chain, self.end, length)?;
        while let Some(line) = lines.next()? {
            let Content::Whole(bytes) = &line.content else {
                continue;
            };
            if let Ok(record) = serde_json::from_slice::<Record>(bytes) {
                self.add(&record, line.at, line.end);
            }
        }
        Ok(self)
    }
}

impl From<Remembered> for Seen {
    fn from(remembered: Remembered) -> Self {
        Self {
            tail: Tail {
                seq: remembered.seq,
                hash: Some(remembered.hash),
            },
            end: remembered.end,
            open: remembered.open,
        }
    }
}

/// Whether a chain still has what is remembered of it, at the place where it was.
pub(super) fn still_there(
    chain: File,
    length: u64,
    remembered: &Remembered,
) -> Result<bool, std::io::Error> {
    if remembered.end > length {
        return Ok(false);
    }
    let line = Backwards::new(chain, remembered.end).next()?;
    let Some(Content::Whole(bytes)) = line.map(|line| line.content) else {
        return Ok(false);
    };
    Ok(sound(&bytes)
        .is_ok_and(|record| record.hash == remembered.hash && record.seq == remembered.seq))
}

/// Reads what is remembered; a memory that cannot be read is an error, and not the same as none.
pub(super) fn load(path: &std::path::Path) -> Result<Option<Remembered>, LedgerError> {
    crate::ledger::kept::load(path)
}
