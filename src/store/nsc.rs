//! The store of one operator on disk, in nsc's layout: finds tokens by the keys that they are about, and replaces them whole.
//! nsc and `nats auth` go on working beside it. It signs nothing.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::claim;
use super::creds_file::{CredsPlace, creds_rows, write_creds};
use super::keyring::{Held, Keyring, NewKey};
use super::marker::Marker;
use super::paths::{Paths, operators};
use super::read::{Reader, unreadable};
use super::tree::{Tree, file_stem};
use super::walk::{Sink, as_text, walk};
use super::write::{Lock, Over, make_directories, shown, sweep, write_directory, write_file};
use super::{Store, StoreError, Stored};
use crate::inventory::creds_row::CredsRow;
use crate::inventory::{Fact, Flaw, Problem};
use crate::jwt::envelope::TokenKind;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::signer::Signer;
use crate::jwt::token::{Revision, Token};
use crate::jwt::user::User;
use crate::text::Text;

/// nsc's files of one operator.
pub struct NscStore {
    tree: Tree,
    store_name: Text,
    keyring: Keyring,
    /// Directories of accounts, as last seen: a hint that is checked at each use.
    directories: Mutex<HashMap<AccountId, Text>>,
}

impl NscStore {
    /// Opens the store of the selected operator.
    pub fn open(paths: &Paths) -> Result<Self, StoreError> {
        let stores = || shown(&paths.stores);
        let there = operators(&paths.stores);
        let operator = match &paths.operator {
            Some(wanted) if there.contains(wanted) => wanted.clone(),
            Some(wanted) => {
                return Err(StoreError::UnknownOperator {
                    stores: stores(),
                    wanted: wanted.clone(),
                });
            }
            None if there.is_empty() => return Err(StoreError::NoOperator { stores: stores() }),
            None => {
                return Err(StoreError::WhichOperator {
                    stores: stores(),
                    there,
                });
            }
        };
        let tree = Tree {
            stores: paths.stores.clone(),
            operator,
        };
        let marker = Marker::read(&tree, &mut Reader::below(&tree.operator_dir()));
        Ok(Self {
            tree,
            store_name: marker.store_name,
            keyring: Keyring::new(paths.keys.clone()),
            directories: Mutex::default(),
        })
    }

    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// What nsc calls the store: the name of the operator's file, and of the folder of its creds.
    pub fn store_name(&self) -> &Text {
        &self.store_name
    }

    /// What lies in the stores folder that no tool expects there.
    fn flaws_beside(&self) -> Vec<Fact> {
        let entries = fs::read_dir(&self.tree.stores)
            .into_iter()
            .flatten()
            .flatten();
        let odd =
            entries.filter(|entry| entry.path().is_dir() && !entry.path().join(".nsc").exists());
        let flaw = |entry: fs::DirEntry| Flaw {
            place: self.tree.shown(&entry.path()),
            problem: Problem::NoMarker,
        };
        odd.map(|entry| Fact::Flaw(flaw(entry))).collect()
    }

    fn reader(&self) -> Reader {
        Reader::below(&self.tree.operator_dir())
    }

    fn read(&self, path: &Path) -> Result<Token, StoreError> {
        let in_file = |problem| StoreError::File {
            place: self.tree.shown(path),
            problem,
        };
        let mut reader = self.reader();
        let bytes = reader.read(path).map_err(in_file)?;
        let text = as_text(bytes).map_err(in_file)?;
        if !claim::is_whole(text) {
            return Err(in_file(Problem::Torn {
                why: "its signature is cut off".into(),
            }));
        }
        Token::decode(text).map_err(|error| in_file(claim::problem_of(&error)))
    }

    fn operator_file(&self) -> PathBuf {
        self.tree.operator_file(&self.store_name)
    }

    /// The directory of an account, wherever it lies.
    pub fn directory_of(&self, account: AccountId) -> Result<Text, StoreError> {
        let hint = self.directories().get(&account).cloned();
        if let Some(directory) = hint.filter(|directory| self.is_about(directory, account)) {
            return Ok(directory);
        }
        let found = self.account_directories();
        let directory = found.get(&account).cloned();
        *self.directories() = found;
        directory.ok_or_else(|| StoreError::NotFound {
            what: format!("account {account}").into(),
        })
    }

    /// The account in a directory of that name, compared without case.
    pub(super) fn account_in(&self, directory: &Text) -> Result<AccountId, StoreError> {
        let wanted = directory.raw().to_lowercase();
        let found = self
            .account_directories()
            .into_iter()
            .find(|(_, name)| name.raw().to_lowercase() == wanted);
        found
            .map(|(account, _)| account)
            .ok_or_else(|| StoreError::NotFound {
                what: format!("account {directory}").into(),
            })
    }

    /// What the file of a user is called, without `.jwt`.
    pub(super) fn user_name(&self, account: AccountId, user: UserId) -> Result<Text, StoreError> {
        let path = self.user_file(account, user, None)?;
        Ok(path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
            .into())
    }

    fn directories(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, Text>> {
        // A hint that a panic left is still a hint.
        self.directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_about(&self, directory: &Text, account: AccountId) -> bool {
        self.read(&self.tree.account_file(directory))
            .is_ok_and(|token| token.envelope().subject == account.key())
    }

    fn account_directories(&self) -> HashMap<AccountId, Text> {
        let entries = fs::read_dir(self.tree.accounts())
            .into_iter()
            .flatten()
            .flatten();
        let named =
            entries.filter_map(|entry| entry.file_name().into_string().ok().map(Text::from));
        named
            .filter_map(|directory| {
                let token = self.read(&self.tree.account_file(&directory)).ok()?;
                Some((token.envelope().subject.try_into().ok()?, directory))
            })
            .collect()
    }

    /// The file of a user. The name is where to look first; after that, every file of the account is.
    fn user_file(
        &self,
        account: AccountId,
        user: UserId,
        name: Option<&Text>,
    ) -> Result<PathBuf, StoreError> {
        let users = self.tree.users(&self.directory_of(account)?);
        let named = name
            .and_then(file_stem)
            .map(|stem| users.join(format!("{stem}.jwt")));
        let (mut reader, mut scratch) = (self.reader(), Vec::new());
        let mut is_it = |path: &Path| {
            let text = reader
                .read(path)
                .ok()
                .and_then(|bytes| str::from_utf8(bytes).ok());
            text.is_some_and(|text| match claim::quick(text, &mut scratch) {
                Some(entry) => entry.key == user,
                None => claim::slow(text).is_ok_and(|(read, _)| read.id == user),
            })
        };
        if let Some(path) = named.filter(|path| is_it(path)) {
            return Ok(path);
        }
        let entries = fs::read_dir(&users).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| is_jwt(path))
            .collect();
        files.sort_unstable();
        files
            .into_iter()
            .find(|path| is_it(path))
            .ok_or_else(|| StoreError::NotFound {
                what: format!("user {user}").into(),
            })
    }

    fn file_of(&self, of: &Stored) -> Result<PathBuf, StoreError> {
        let path = match of {
            Stored::Operator => Ok(self.operator_file()),
            Stored::Account(account) => Ok(self.tree.account_file(&self.directory_of(*account)?)),
            Stored::User {
                account,
                user,
                name,
            } => self.user_file(*account, *user, name.as_ref()),
        }?;
        self.stays_inside(path.parent().unwrap_or(&path))?;
        Ok(path)
    }

    /// Refuses a directory that is a link out of the store: what is read or written there would be somebody else's.
    fn stays_inside(&self, directory: &Path) -> Result<(), StoreError> {
        let in_file = |problem| StoreError::File {
            place: self.tree.shown(directory),
            problem,
        };
        let resolve = |path: &Path| {
            path.canonicalize()
                .map_err(|error| in_file(unreadable(&error)))
        };
        if resolve(directory)?.starts_with(resolve(&self.tree.operator_dir())?) {
            Ok(())
        } else {
            Err(in_file(Problem::LeadsOut))
        }
    }

    /// Adds what was not there. Called with the lock held.
    fn add(&self, of: &Stored, token: &Token) -> Result<(), StoreError> {
        let name = &token.envelope().name;
        let stem = file_stem(name).ok_or_else(|| StoreError::Name(name.clone()))?;
        match of {
            Stored::Operator => Err(StoreError::Taken {
                place: self.tree.shown(&self.operator_file()),
            }),
            Stored::Account(_) => self.add_account(stem, token),
            Stored::User { account, .. } => {
                let users = self.tree.users(&self.directory_of(*account)?);
                make_directories(&users)?;
                self.stays_inside(&users)?;
                write_file(
                    &users.join(format!("{stem}.jwt")),
                    token.text().as_bytes(),
                    Over::Nothing,
                )
            }
        }
    }

    /// nsc takes two accounts whose names differ in case only for one.
    fn add_account(&self, stem: &str, token: &Token) -> Result<(), StoreError> {
        let entries = fs::read_dir(self.tree.accounts())
            .into_iter()
            .flatten()
            .flatten();
        let same = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .find(|name| name.to_lowercase() == stem.to_lowercase());
        if let Some(same) = same {
            return Err(StoreError::Taken {
                place: self.tree.shown(&self.tree.accounts().join(same)),
            });
        }
        make_directories(&self.tree.accounts())?;
        self.stays_inside(&self.tree.accounts())?;
        let target = self.tree.accounts().join(stem);
        write_directory(
            &self.tree.operator_dir(),
            &target,
            &format!("{stem}.jwt"),
            token.text().as_bytes(),
        )
    }

    /// Replaces what is there if it is still what the edit began from. Called with the lock held.
    fn replace(&self, path: &Path, token: &Token, base: Revision) -> Result<(), StoreError> {
        let held = self.read(path)?;
        if held.revision() != base {
            return Err(StoreError::Stale {
                place: self.tree.shown(path),
                found: Some(held.revision()),
            });
        }
        let (old, new) = (held.envelope(), token.envelope());
        if old.subject != new.subject && old.name != new.name {
            let why = format!("{} gives way to {}, under another name", old.name, new.name);
            return Err(StoreError::Unfit { why: why.into() });
        }
        write_file(path, token.text().as_bytes(), Over::Anything)
    }
}

impl Store for NscStore {
    fn facts(&self, sink: Sink<'_>) {
        let beside = self.flaws_beside();
        if beside.is_empty() || sink(beside).is_continue() {
            walk(&self.tree, sink);
        }
    }

    fn token(&self, of: &Stored) -> Result<Token, StoreError> {
        self.read(&self.file_of(of)?)
    }

    fn write(&self, of: &Stored, token: &Token, base: Option<Revision>) -> Result<(), StoreError> {
        check_fit(of, token, base)?;
        let lock = Lock::on(&self.tree.marker())?;
        sweep(&lock, &self.tree.operator_dir());
        let there = self.file_of(of);
        if let Some(directory) = there.as_ref().ok().and_then(|path| path.parent()) {
            sweep(&lock, directory);
        }
        match (base, there) {
            (Some(base), Ok(path)) => self.replace(&path, token, base),
            (Some(_), Err(StoreError::NotFound { what })) => Err(StoreError::Stale {
                place: what,
                found: None,
            }),
            (None, Err(StoreError::NotFound { .. })) => self.add(of, token),
            (None, Ok(path)) => Err(StoreError::Taken {
                place: self.tree.shown(&path),
            }),
            (_, Err(error)) => Err(error),
        }
    }

    fn signer(&self, key: PublicKey) -> Result<Arc<dyn Signer>, StoreError> {
        Ok(Arc::new(self.keyring.signer(key)?))
    }

    fn held(&self) -> Held {
        self.keyring.held()
    }

    fn keep(&self, key: &NewKey) -> Result<(), StoreError> {
        self.keyring.keep(key)
    }

    fn key_path(&self, key: PublicKey) -> PathBuf {
        self.keyring.path_of(key)
    }

    fn creds_path(&self, account: AccountId, user: &Text) -> Result<PathBuf, StoreError> {
        self.keyring
            .creds_path(self.store_name(), &self.directory_of(account)?, user)
    }

    fn creds(&self) -> Vec<CredsRow> {
        creds_rows(&self.keyring, self.store_name())
    }

    fn write_creds(
        &self,
        token: &Token,
        key: Option<&NewKey>,
        place: &CredsPlace,
    ) -> Result<PathBuf, StoreError> {
        let user = User::of(token)?;
        let path = match place {
            CredsPlace::Keyring => self.creds_path(user.account, &user.name)?,
            CredsPlace::Beside => {
                let own = self.creds_path(user.account, &user.name)?;
                own.with_file_name(format!("{}.new.creds", user.name.raw().trim()))
            }
            CredsPlace::File(path) => path.clone(),
        };
        write_creds(&self.keyring, token, key, &path)?;
        Ok(path)
    }
}

/// A token is written only as what it is, and only if its signature is good. A user's may give way to one of another key: a
/// reissued user keeps its place.
fn check_fit(of: &Stored, token: &Token, base: Option<Revision>) -> Result<(), StoreError> {
    let unfit = |why: String| Err(StoreError::Unfit { why: why.into() });
    token.verify()?;
    let subject = token.envelope().subject;
    let (kind, key) = match of {
        Stored::Operator => (TokenKind::Operator, None),
        Stored::Account(account) => (TokenKind::Account, Some(account.key())),
        Stored::User { user, .. } => (TokenKind::User, base.is_none().then(|| user.key())),
    };
    token.expect(kind)?;
    if key.is_some_and(|key| key != subject) {
        return unfit(format!("it is about {subject}"));
    }
    match of {
        Stored::User { account, .. } if User::of(token)?.account != *account => {
            unfit(format!("its account is {}", User::of(token)?.account))
        }
        Stored::Operator | Stored::Account(_) | Stored::User { .. } => Ok(()),
    }
}

fn is_jwt(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jwt")
}
