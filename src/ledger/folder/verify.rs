//! Checking the whole record: every byte of every chain, and its end against what this console remembers. It repairs nothing.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;

use super::append::ROLLED_BACK;
use super::head::{self, Remembered};
use super::{Places, files};
use crate::jwt::keys::PublicKey;
use crate::ledger::LedgerError;
use crate::ledger::audit::certificate::certifier;
use crate::ledger::audit::chain::{Tail, follows, sound};
use crate::ledger::audit::verification::{Break, ChainCheck, Fault, Head, Verification, Warning};
use crate::ledger::audit::{Phase, Record, RecordId};
use crate::ledger::disk::Share;
use crate::ledger::lines::{Backwards, Content, Forwards, Line};

pub(super) fn verify(places: &Places) -> Result<Verification, LedgerError> {
    let _lock = places.lock(Share::Readers)?;
    let (writers, strays) = places.writers()?;
    let mut found = Verification::default();
    found
        .warnings
        .extend(strays.into_iter().map(|path| Warning::Stray { path }));
    for path in files(&places.aside)? {
        found.warnings.push(Warning::SetAside { path });
    }
    for writer in writers {
        let (memory, forgotten) = remembered(places, writer)?;
        let check = check(places, writer, memory.as_ref(), forgotten)?;
        found.warnings.extend(warnings(&check, memory.as_ref()));
        found.chains.push(check);
    }
    Ok(found)
}

/// The ends of all chains against what is remembered; reads one line of each.
pub(super) fn rollbacks(places: &Places) -> Result<Vec<Fault>, LedgerError> {
    let _lock = places.lock(Share::Readers)?;
    let mut faults = Vec::new();
    for writer in places.writers()?.0 {
        let (memory, forgotten) = remembered(places, writer)?;
        faults.extend(forgotten);
        if let Some(memory) = memory {
            let fault = rolled_back(places, writer, &memory);
            faults.extend(fault.map_err(LedgerError::at(places.chain(writer)))?);
        }
    }
    Ok(faults)
}

/// A memory that cannot be read is a fault of the record, not a failure of the check.
fn remembered(
    places: &Places,
    writer: PublicKey,
) -> Result<(Option<Remembered>, Option<Fault>), LedgerError> {
    let path = places.head(writer);
    match head::load(&path) {
        Ok(memory) => Ok((memory, None)),
        Err(LedgerError::Unreadable { source, .. }) => {
            let why = source.to_string().into();
            Ok((None, Some(Fault::Forgotten { path, why })))
        }
        Err(other) => Err(other),
    }
}

fn rolled_back(
    places: &Places,
    writer: PublicKey,
    memory: &Remembered,
) -> io::Result<Option<Fault>> {
    let chain = places.read(writer).map_err(io::Error::other)?;
    let found = match chain {
        None => None,
        Some((file, length)) if head::still_there(file.try_clone()?, length, memory)? => {
            return Ok(None);
        }
        Some((file, length)) => last_record(file, length)?,
    };
    Ok(Some(Fault::RolledBack {
        remembered: memory.head(writer),
        found: found.as_ref().map(Head::from),
    }))
}

fn last_record(file: File, length: u64) -> io::Result<Option<Record>> {
    let mut lines = Backwards::new(file, length);
    while let Some(line) = lines.next()? {
        if let Content::Whole(bytes) = line.content
            && let Ok(record) = sound(&bytes)
        {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

fn check(
    places: &Places,
    writer: PublicKey,
    memory: Option<&Remembered>,
    forgotten: Option<Fault>,
) -> Result<ChainCheck, LedgerError> {
    let mut walk = Walk::new(writer);
    let chain = places.read(writer)?;
    let walked = chain.map_or(Ok(()), |(file, length)| walk.whole(file, length));
    let rolled_back =
        walked.and_then(|()| memory.map_or(Ok(None), |memory| rolled_back(places, writer, memory)));
    walk.check
        .faults
        .extend(rolled_back.map_err(LedgerError::at(places.chain(writer)))?);
    walk.check.faults.extend(forgotten);
    walk.check.open = walk
        .open
        .into_iter()
        .map(|seq| RecordId::new(writer, seq))
        .collect();
    Ok(walk.check)
}

/// A chain on the way through it.
struct Walk {
    check: ChainCheck,
    tail: Tail,
    open: BTreeSet<u64>,
}

impl Walk {
    fn new(writer: PublicKey) -> Self {
        let check = ChainCheck {
            writer,
            records: 0,
            head: None,
            faults: Vec::new(),
            certified_by: None,
            open: Vec::new(),
        };
        Self {
            check,
            tail: Tail::default(),
            open: BTreeSet::new(),
        }
    }

    /// Stops at the first break: what comes after it proves nothing.
    fn whole(&mut self, file: File, length: u64) -> io::Result<()> {
        let mut lines = Forwards::new(file, 0, length)?;
        while let Some(line) = lines.next()? {
            if let Err(fault) = self.line(&line) {
                self.check.faults.push(fault);
                break;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<(), Fault> {
        let broken = |what: Break| Fault::Broken {
            at: RecordId::new(self.check.writer, self.tail.seq.saturating_add(1)),
            offset: line.at,
            what,
        };
        let bytes = match &line.content {
            Content::Whole(bytes) => bytes,
            Content::TooLong => return Err(broken(Break::TooLong)),
            Content::Torn => {
                return Err(Fault::Torn {
                    after: self.check.head.map(|head| head.id),
                    bytes: line.end - line.at,
                });
            }
        };
        let record = sound(bytes).map_err(broken)?;
        self.place(&record).map_err(broken)?;
        self.take(&record);
        Ok(())
    }

    /// Whether a sound record may stand here.
    fn place(&self, record: &Record) -> Result<(), Break> {
        if record.writer != self.check.writer {
            return Err(Break::ForeignWriter {
                writer: record.writer,
            });
        }
        follows(record, self.tail)?;
        let begins = record.op == record.id;
        let ends = record.op.is_of(record.writer) && self.open.contains(&record.op.seq);
        let fits = match record.phase {
            Phase::Intent => begins,
            Phase::Result => begins || ends,
        };
        if fits {
            Ok(())
        } else {
            Err(Break::NoIntent { op: record.op })
        }
    }

    fn take(&mut self, record: &Record) {
        match record.phase {
            Phase::Intent => self.open.insert(record.seq),
            Phase::Result => self.open.remove(&record.op.seq),
        };
        if record.action == ROLLED_BACK.into() {
            self.check.faults.push(Fault::Noticed { by: record.id });
        }
        self.check.certified_by = self.check.certified_by.or_else(|| certifier(record));
        self.check.records += 1;
        self.check.head = Some(Head::from(record));
        self.tail = Tail::from(record);
    }
}

fn warnings(check: &ChainCheck, memory: Option<&Remembered>) -> Vec<Warning> {
    let writer = check.writer;
    let mut warnings = Vec::new();
    if check.records > 0 && check.certified_by.is_none() {
        warnings.push(Warning::Uncertified { writer });
    }
    if check.records > 0 && memory.is_none() {
        warnings.push(Warning::Unremembered { writer });
    }
    warnings.extend(check.open.iter().copied().map(Warning::Open));
    warnings
}
