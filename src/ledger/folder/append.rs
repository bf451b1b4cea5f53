//! Writing a chain: one [`Pen`] at a time, which knows where the chain ends because it has just read it. It decides nothing
//! about what is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::head::{self, Seen};
use super::{Folder, Places};
use crate::jwt::keys::PublicKey;
use crate::ledger::audit::chain::{Entry, seal, sound};
use crate::ledger::audit::verification::Head;
use crate::ledger::audit::{Actor, ActorKind, Fact, Outcome, Record, RecordId};
use crate::ledger::disk::{self, Disk, Share};
use crate::ledger::kept;
use crate::ledger::lines::{Backwards, Content, LONGEST};
use crate::ledger::{Ledger as _, LedgerError};

/// The action of the record that says that the chain was found rolled back.
pub(super) const ROLLED_BACK: &str = "ledger.rolled_back";

/// The right to write a chain, and its end.
pub(super) struct Pen<'a> {
    folder: &'a Folder,
    path: PathBuf,
    file: File,
    seen: Seen,
    _lock: File,
}

impl<'a> Pen<'a> {
    /// Waits for the lock, sets aside what is no record at the end, and notes in the chain when it has gone back.
    pub(super) fn take(folder: &'a Folder) -> Result<Self, LedgerError> {
        let lock = folder.places.lock(Share::Nobody)?;
        let writer = folder.writer();
        let path = folder.places.chain(writer);
        let file = open(folder.disk.as_ref(), &path).map_err(LedgerError::at(&path))?;
        let at_path = LedgerError::at(&path);
        let end = sound_end(&file, writer).map_err(at_path)?;
        set_aside(folder, writer, &file, end)?;
        let (seen, lost) = look(&folder.places, writer, &file, end)?;
        let mut pen = Self {
            folder,
            path,
            file,
            seen,
            _lock: lock,
        };
        if let Some(lost) = lost {
            let entry = notice(writer, &lost, &pen.seen);
            pen.write(entry)?;
        }
        Ok(pen)
    }

    /// An intent that has no result yet.
    pub(super) fn open_intent(&self, id: RecordId) -> Result<Record, LedgerError> {
        let writer = self.folder.writer();
        let at = self.seen.open.get(&id.seq).filter(|_| id.is_of(writer));
        let at = at.ok_or(LedgerError::NotOpen(id))?;
        let read = self
            .file
            .try_clone()
            .and_then(|file| record_at(file, *at, self.seen.end));
        read.map_err(LedgerError::at(&self.path))?
            .ok_or(LedgerError::NotOpen(id))
    }

    /// Appends a record. When this returns it is on the disk; when it fails nothing was recorded.
    pub(super) fn write(&mut self, entry: Entry) -> Result<Record, LedgerError> {
        let sealed = seal(entry, self.seen.tail, self.folder.writer.as_ref())?;
        let bytes = sealed.line.len();
        if bytes > LONGEST {
            return Err(LedgerError::TooLong { bytes });
        }
        let at = self.seen.end;
        if let Err(source) = self.append(&sealed.line) {
            return Err(self.put_back(at, source));
        }
        self.seen.add(&sealed.record, at, at + bytes as u64);
        self.remember();
        Ok(sealed.record)
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.seen.end))?;
        self.folder.disk.write(&mut self.file, line)?;
        self.folder.disk.sync(&self.file)
    }

    /// Takes the bytes of a record off again that could not be written or synced.
    fn put_back(&self, length: u64, source: io::Error) -> LedgerError {
        let disk = &self.folder.disk;
        let path = self.path.clone();
        match disk
            .set_len(&self.file, length)
            .and_then(|()| disk.sync(&self.file))
        {
            Ok(()) => LedgerError::NotRecorded { path, source },
            Err(undo) => LedgerError::NotPutBack { path, source, undo },
        }
    }

    /// The record stands whether this works or not: an older memory is right as well, it only knows less.
    fn remember(&self) {
        let path = self.folder.places.head(self.folder.writer());
        let Some(remembered) = self.seen.remembered() else {
            return;
        };
        if let Err(error) = kept::store(self.folder.disk.as_ref(), &path, &remembered) {
            tracing::warn!(%error, "the head of the chain was not remembered");
        }
    }
}

/// Opens a chain, makes it if there is none. What is synced inside a folder that vanishes is lost all the same, so while the
/// chain is empty the names on the way to it are synced too, whoever made them: audit, ledger, operator, data.
fn open(disk: &dyn Disk, path: &Path) -> io::Result<File> {
    let file = disk::private().create(true).truncate(false).open(path)?;
    if file.metadata()?.len() == 0 {
        for folder in path.ancestors().skip(1).take(4) {
            match disk.sync_folder(folder) {
                // A folder that we may not open was not made by us, and was there before.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
                synced => synced?,
            }
        }
    }
    Ok(file)
}

/// Offset behind the last line that is a sound record of this writer.
fn sound_end(file: &File, writer: PublicKey) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut lines = Backwards::new(file.try_clone()?, length);
    while let Some(line) = lines.next()? {
        if let Content::Whole(bytes) = line.content
            && sound(&bytes).is_ok_and(|record| record.writer == writer)
        {
            return Ok(line.end);
        }
    }
    Ok(0)
}

/// Copies what lies behind `end` into a file of its own, and cuts it off when the copy is safe.
fn set_aside(folder: &Folder, writer: PublicKey, file: &File, end: u64) -> Result<(), LedgerError> {
    let places = &folder.places;
    let disk = folder.disk.as_ref();
    let length = file
        .metadata()
        .map_err(LedgerError::at(places.chain(writer)))?
        .len();
    if length == end {
        return Ok(());
    }
    // The first free number: nothing that was set aside is ever written over.
    let numbered = |n: u64| places.aside.join(format!("{writer}.{end}.{n}"));
    let mut number = 0;
    while numbered(number).exists() {
        number += 1;
    }
    let aside = numbered(number);
    let kept = copy_part(disk, file, end, &aside).and_then(|()| disk::sync_parent(disk, &aside));
    kept.map_err(LedgerError::at(&aside))?;
    tracing::warn!(bytes = length - end, to = %aside.display(), "the end of the chain was no record and was set aside");
    disk.set_len(file, end)
        .and_then(|()| disk.sync(file))
        .map_err(LedgerError::at(places.chain(writer)))
}

fn copy_part(disk: &dyn Disk, from: &File, start: u64, to: &Path) -> io::Result<()> {
    let mut source = from.try_clone()?;
    source.seek(SeekFrom::Start(start))?;
    let mut target = disk::private().create_new(true).open(to)?;
    let mut block = vec![0; 64 << 10];
    loop {
        let read = io::Read::read(&mut source, &mut block)?;
        let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return disk.sync(&target);
        };
        disk.write(&mut target, bytes)?;
    }
}

/// What the chain has, and what this console remembers if the chain has it no longer.
fn look(
    places: &Places,
    writer: PublicKey,
    file: &File,
    end: u64,
) -> Result<(Seen, Option<Lost>), LedgerError> {
    let (start, lost) = match head::load(&places.head(writer)) {
        Ok(None) => (Seen::default(), None),
        // It is replaced by the next memory, so the chain has to keep that it was unreadable.
        Err(LedgerError::Unreadable { source, .. }) => {
            (Seen::default(), Some(Lost::Memory(source.to_string())))
        }
        // The folder of the heads is no condition of an act; verification says that it cannot be read.
        Err(error) => {
            tracing::warn!(%error, "the head of the chain cannot be read");
            (Seen::default(), None)
        }
        Ok(Some(remembered)) => {
            let there = file
                .try_clone()
                .and_then(|file| head::still_there(file, end, &remembered));
            if there.map_err(LedgerError::at(places.chain(writer)))? {
                (Seen::from(remembered), None)
            } else {
                (Seen::default(), Some(Lost::Head(remembered.head(writer))))
            }
        }
    };
    let seen = file.try_clone().and_then(|file| start.catch_up(file, end));
    Ok((seen.map_err(LedgerError::at(places.chain(writer)))?, lost))
}

/// What this console once knew and can find no longer.
enum Lost {
    Head(Head),
    Memory(String),
}

fn notice(writer: PublicKey, lost: &Lost, found: &Seen) -> Entry {
    let remembered = match lost {
        Lost::Head(head) => json!({"id": head.id, "hash": head.hash}),
        Lost::Memory(why) => json!({"unreadable": why}),
    };
    let found = json!({"id": RecordId::new(writer, found.tail.seq), "hash": found.tail.hash});
    let actor = Actor {
        kind: ActorKind::Bot,
        ..Actor::os_user("nats-oam".into(), "".into())
    };
    Entry::Fact(Box::new(Fact {
        at: Timestamp::now(),
        action: ROLLED_BACK.into(),
        actor,
        target: Vec::new(),
        outcome: Outcome::Failed,
        effect: json!({"remembered": remembered, "found": found}).into(),
    }))
}

/// The record that begins at an offset of a chain that ends at `end`.
pub(super) fn record_at(chain: File, at: u64, end: u64) -> io::Result<Option<Record>> {
    let line = crate::ledger::lines::Forwards::new(chain, at, end)?.next()?;
    Ok(match line.map(|line| line.content) {
        Some(Content::Whole(bytes)) => serde_json::from_slice(&bytes).ok(),
        Some(Content::Torn | Content::TooLong) | None => None,
    })
}
