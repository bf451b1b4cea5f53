//! A small JSON file that several processes change: read, changed and replaced under a lock, so that no news is lost.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::LedgerError;
use super::disk::{self, Disk, Share, SystemDisk};

/// One JSON file and the lock beside it.
pub(super) struct Kept {
    path: PathBuf,
    disk: Arc<dyn Disk>,
}

impl Kept {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            disk: Arc::new(SystemDisk),
        }
    }

    /// What the file says; the empty value where there is none. No lock: a file is replaced, never changed.
    pub(super) fn load<T: DeserializeOwned + Default>(&self) -> Result<T, LedgerError> {
        Ok(load(&self.path)?.unwrap_or_default())
    }

    /// Changes what the file says *now*, not what somebody read earlier, and gives back what it says then.
    pub(super) fn update<T: DeserializeOwned + Default + Serialize>(
        &self,
        change: impl FnOnce(&mut T),
    ) -> Result<T, LedgerError> {
        if let Some(folder) = self.path.parent() {
            disk::private_folder(folder).map_err(LedgerError::at(folder))?;
        }
        let beside = self.path.with_extension("lock");
        let _lock = disk::lock(&beside, Share::Nobody).map_err(LedgerError::at(&beside))?;
        let mut value = self.load()?;
        change(&mut value);
        store(self.disk.as_ref(), &self.path, &value)?;
        Ok(value)
    }
}

/// Reads a JSON file that may not be there.
pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, LedgerError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LedgerError::at(path)(error)),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| LedgerError::Unreadable {
            path: path.to_owned(),
            source,
        })
}

/// Replaces a JSON file. The caller holds the lock.
pub(super) fn store<T: Serialize>(
    disk: &dyn Disk,
    path: &Path,
    value: &T,
) -> Result<(), LedgerError> {
    let bytes = serde_json::to_vec(value)?;
    disk::replace(disk, path, &bytes).map_err(LedgerError::at(path))
}
