//! nsc's keyring: which private keys are held, signers over their files, new keys, and where creds files lie. No seed leaves
//! this folder: what asks for a key gets something that signs.
//!
//! ```text
//! <keys>/keys/K/SS/KEY.nk                 K: first letter, SS: the next two; 0600 in directories of 0700
//! <keys>/creds/OP/ACCT/USER.creds
//! ```
//!
//! Source: nsc `cmd/store/keys.go`. Curve keys (`X`) are listed; nothing signs with them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::seed::{Seed, without_trace};
use super::signer::FileSigner;
use super::tree::{TEMPORARY, file_stem};
use super::write::{Over, make_directories, write_file};
use crate::inventory::{Flaw, Problem};
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::signer::{SignError, Signer};
use crate::text::Text;

/// The keyring of one folder.
#[derive(Clone, Debug)]
pub struct Keyring {
    root: PathBuf,
}

/// What a walk over the names of the keyring found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Keys that have a file, sorted. A file may hold a public key only: [`Keyring::signer`] tells.
    pub keys: Vec<PublicKey>,
    /// Files that others may read, or that lie where nsc does not look.
    pub flaws: Vec<Flaw>,
}

impl Keyring {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the private part of a key lies, or would.
    pub fn path_of(&self, key: PublicKey) -> PathBuf {
        let text = key.to_string();
        let shard = self
            .root
            .join("keys")
            .join(text.get(..1).unwrap_or_default());
        shard
            .join(text.get(1..3).unwrap_or_default())
            .join(format!("{text}.nk"))
    }

    /// Walks the names of keys and creds; opens none.
    pub fn held(&self) -> Held {
        let mut held = Held::default();
        for file in files_below(&self.root.join("keys"), 3) {
            let name = file
                .file_name()
                .map(std::ffi::OsStr::to_string_lossy)
                .unwrap_or_default();
            let Some(stem) = name.strip_suffix(".nk") else {
                // A crash while a key was written: it may hold a seed.
                let left_over = name
                    .starts_with(TEMPORARY)
                    .then(|| self.flaw(&file, Problem::LeftOver));
                held.flaws.extend(left_over);
                continue;
            };
            let key = stem.parse().ok().filter(|key| self.path_of(*key) == file);
            held.flaws.extend(self.open_mode(&file));
            match key {
                Some(key) => held.keys.push(key),
                None => held.flaws.push(self.flaw(&file, Problem::Unexpected)),
            }
        }
        let creds = files_below(&self.root.join("creds"), 3);
        held.flaws
            .extend(creds.iter().filter_map(|file| self.open_mode(file)));
        held.keys.sort_unstable();
        held
    }

    fn flaw(&self, file: &Path, problem: Problem) -> Flaw {
        let place = file
            .strip_prefix(&self.root)
            .unwrap_or(file)
            .to_string_lossy();
        Flaw {
            place: place.as_ref().into(),
            problem,
        }
    }

    fn open_mode(&self, file: &Path) -> Option<Flaw> {
        open_mode(file).map(|mode| self.flaw(file, Problem::OpenMode { mode }))
    }

    /// A signer over the file of a key, which is read now, to know that it is held, and at every signature.
    pub fn signer(&self, key: PublicKey) -> Result<FileSigner, SignError> {
        FileSigner::open(self.path_of(key), key)
    }

    /// Writes a new key to its place, and nothing if it is there already.
    pub fn keep(&self, key: &NewKey) -> Result<(), StoreError> {
        let path = self.path_of(key.public_key());
        make_directories(path.parent().unwrap_or(&self.root))?;
        let written =
            without_trace(|| write_file(&path, key.seed.text().as_bytes(), Over::Nothing));
        match written {
            Err(StoreError::Taken { .. }) => self
                .signer(key.public_key())
                .map(drop)
                .map_err(StoreError::from),
            written => written,
        }
    }

    /// Where nsc puts a user's creds, by the names of the store, the account's directory and the user.
    pub fn creds_path(
        &self,
        store: &Text,
        account: &Text,
        user: &Text,
    ) -> Result<PathBuf, StoreError> {
        let stem = |name: &Text| {
            file_stem(name)
                .map(str::to_owned)
                .ok_or_else(|| StoreError::Name(name.clone()))
        };
        let folder = self
            .root
            .join("creds")
            .join(stem(store)?)
            .join(stem(account)?);
        Ok(folder.join(format!("{}.creds", stem(user)?)))
    }

    /// The creds files of an account, sorted.
    pub fn creds_of(&self, store: &Text, account: &Text) -> Vec<PathBuf> {
        let (Some(store), Some(account)) = (file_stem(store), file_stem(account)) else {
            return Vec::new();
        };
        creds_below(&self.root.join("creds").join(store).join(account), 1)
    }

    /// The creds files of all accounts, sorted.
    pub fn all_creds(&self, store: &Text) -> Vec<PathBuf> {
        let folder = file_stem(store).map(|store| self.root.join("creds").join(store));
        folder.map_or_else(Vec::new, |folder| creds_below(&folder, 2))
    }
}

fn creds_below(folder: &Path, levels: usize) -> Vec<PathBuf> {
    let mut files = files_below(folder, levels);
    files.retain(|file| file.extension().is_some_and(|kind| kind == "creds"));
    files
}

/// Files exactly so many levels below a folder, sorted; folders that are links are not entered.
fn files_below(folder: &Path, levels: usize) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory && levels > 1 {
            files.extend(files_below(&entry.path(), levels - 1));
        } else if !is_directory && levels == 1 {
            files.push(entry.path());
        }
    }
    files.sort_unstable();
    files
}

/// The mode of a secret file, if it is wider than 0600.
#[cfg(unix)]
pub(super) fn open_mode(file: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().ok()?.permissions().mode() & 0o777;
    (mode & 0o177 != 0).then_some(mode)
}

#[cfg(not(unix))]
pub(super) fn open_mode(_: &Path) -> Option<u32> {
    None
}

/// A key that was made here and is in memory only: keep it with [`Keyring::keep`], or drop it and it is gone.
pub struct NewKey {
    pub(super) seed: Seed,
    public_key: PublicKey,
}

impl NewKey {
    /// Makes a key from the randomness of the system.
    pub fn random(kind: KeyKind) -> Result<Self, StoreError> {
        let seed = Seed::random(kind)
            .map_err(|error| StoreError::NoRandomness(error.to_string().into()))?;
        Ok(Self {
            public_key: without_trace(|| seed.public_key()),
            seed,
        })
    }
}

impl Signer for NewKey {
    fn public_key(&self) -> PublicKey {
        self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(without_trace(|| self.seed.sign(message)))
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NewKey").field(&self.public_key).finish()
    }
}
