//! The ledger of one person alone: chains in a folder, appended under a lock, synced before anything is done.
//! It is not shared between machines, and it does not keep its own owner from rewriting it.
//!
//! Several processes and threads write one chain. None of them remembers its end: each append takes the lock, reads the end
//! from the file, writes one line, syncs it, and only then says so.
//!
//! **What stands behind the last sound record** (a line torn by a crash, or damaged since) is moved to `aside/` by the next
//! append, never dropped, and the chain goes on: a bad last line must not keep anybody from revoking.
//!
//! **Going back is noticed** by the head that each console remembers in a folder of its own (`head`): a chain that is shorter,
//! or whose remembered record differs, is a fault of every check, and the next append writes that into the chain itself.
//! The limits: who can write the chains *and* the heads can take both back; who can read the writer's key can write another
//! chain, with its hashes and signatures right; and a console that never saw the chain cannot miss anything. Against the
//! owner of the machine only a head outside of the machine helps (checkpoints).
//!
//! A full disk: the line is taken off again, the error says that nothing was recorded, and the chain is as it was.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::audit::chain::Entry;
use super::disk::{self, Disk, Share, SystemDisk};
use super::{
    Draft, Ending, Fact, Fault, Ledger, LedgerError, Listing, Query, Record, RecordId, Verification,
};
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::signer::Signer;

mod append;
mod head;
mod read;
mod verify;

#[cfg(all(test, unix))]
mod crash;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod tests;

use append::Pen;

const EXTENSION: &str = "jsonl";

/// Chains in a folder, and the one among them that this process writes.
pub struct Folder {
    places: Places,
    writer: Arc<dyn Signer>,
    disk: Arc<dyn Disk>,
}

impl Folder {
    /// Opens the ledger in `folder`, makes it if there is none; `heads` is where this console remembers what it saw.
    ///
    /// `heads` belongs elsewhere (the state folder): a backup that puts `folder` back must not put it back too.
    pub fn open(folder: &Path, heads: &Path, writer: Arc<dyn Signer>) -> Result<Self, LedgerError> {
        Self::on(Arc::new(SystemDisk), Places::new(folder, heads), writer)
    }

    fn on(
        disk: Arc<dyn Disk>,
        places: Places,
        writer: Arc<dyn Signer>,
    ) -> Result<Self, LedgerError> {
        for folder in [&places.audit, &places.aside, &places.heads] {
            disk::private_folder(folder).map_err(LedgerError::at(folder))?;
        }
        Ok(Self {
            places,
            writer,
            disk,
        })
    }

    fn record(&self, entry: Entry) -> Result<RecordId, LedgerError> {
        Ok(Pen::take(self)?.write(entry)?.id)
    }
}

impl Ledger for Folder {
    fn writer(&self) -> PublicKey {
        self.writer.public_key()
    }

    fn intent(&self, draft: Draft) -> Result<RecordId, LedgerError> {
        self.record(Entry::Intent(Box::new(draft)))
    }

    fn result(&self, of: RecordId, ending: Ending) -> Result<RecordId, LedgerError> {
        let mut pen = Pen::take(self)?;
        let intent = pen.open_intent(of)?;
        let entry = Entry::Result {
            of: Box::new(intent),
            ending: Box::new(ending),
        };
        Ok(pen.write(entry)?.id)
    }

    fn fact(&self, fact: Fact) -> Result<RecordId, LedgerError> {
        self.record(Entry::Fact(Box::new(fact)))
    }

    fn open_intents(&self) -> Result<Vec<Record>, LedgerError> {
        read::open_intents(&self.places)
    }

    fn records(&self, query: &Query) -> Result<Listing, LedgerError> {
        read::records(&self.places, query)
    }

    fn rollbacks(&self) -> Result<Vec<Fault>, LedgerError> {
        verify::rollbacks(&self.places)
    }

    fn verify(&self) -> Result<Verification, LedgerError> {
        verify::verify(&self.places)
    }
}

/// Where what lies.
#[derive(Clone, Debug)]
struct Places {
    audit: PathBuf,
    aside: PathBuf,
    heads: PathBuf,
}

impl Places {
    fn new(folder: &Path, heads: &Path) -> Self {
        Self {
            audit: folder.join("audit"),
            aside: folder.join("aside"),
            heads: heads.to_owned(),
        }
    }

    fn chain(&self, writer: PublicKey) -> PathBuf {
        self.audit.join(format!("{writer}.{EXTENSION}"))
    }

    fn head(&self, writer: PublicKey) -> PathBuf {
        self.heads.join(format!("{writer}.json"))
    }

    /// Keeps writers out while something is read, or everybody while something is written.
    fn lock(&self, share: Share) -> Result<File, LedgerError> {
        let path = self.audit.join("lock");
        disk::lock(&path, share).map_err(LedgerError::at(path))
    }

    /// Opens a chain for reading, with its length; `None` where there is none.
    fn read(&self, writer: PublicKey) -> Result<Option<(File, u64)>, LedgerError> {
        let path = self.chain(writer);
        let opened = File::open(&path).and_then(|file| {
            let length = file.metadata()?.len();
            Ok((file, length))
        });
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LedgerError::at(path)(error)),
        }
    }

    /// The writers that have a chain here or were seen with one, sorted; and what lies between the chains and is none.
    fn writers(&self) -> Result<(Vec<PublicKey>, Vec<PathBuf>), LedgerError> {
        let (mut writers, mut strays) = named_by_key(&self.audit, EXTENSION)?;
        strays.retain(|path| path.file_name().is_some_and(|name| name != "lock"));
        writers.extend(named_by_key(&self.heads, "json")?.0);
        writers.sort_unstable();
        writers.dedup();
        strays.sort_unstable();
        Ok((writers, strays))
    }
}

/// The files of a folder that are named `<user key>.<extension>`, and the others.
fn named_by_key(
    folder: &Path,
    extension: &str,
) -> Result<(Vec<PublicKey>, Vec<PathBuf>), LedgerError> {
    let mut keys = Vec::new();
    let mut others = Vec::new();
    for path in files(folder)? {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let key = stem
            .and_then(|stem| stem.parse::<PublicKey>().ok())
            .filter(|key| key.kind == KeyKind::User)
            .filter(|_| path.extension().is_some_and(|found| found == extension));
        match key {
            Some(key) => keys.push(key),
            None => others.push(path),
        }
    }
    Ok((keys, others))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let listed =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    listed.map_err(LedgerError::at(folder))
}
