//! Tests of the store as a whole: against what nsc and `nats auth` wrote, and against what nobody should have written.

mod agreement;
mod contexts;
mod fixtures;
mod hostile;
mod keys;
mod large;
mod way_in;
mod writing;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::paths::{Environment, Flags, Paths};
use super::tree::Tree;
use super::walk::walk;
use super::{NscStore, Store, Stored};
use crate::inventory::account::{AccountRow, OperatorRow};
use crate::inventory::user::{Unread, Users};
use crate::inventory::{Fact, Flaw, Problem};
use crate::test_support::shared;

/// A copy of a fixture with the modes that nsc gives.
pub(super) fn copy_of(fixture: &str) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&shared("fixtures/nsc").join(fixture), copy.path());
    copy
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    set_mode(to, 0o700);
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
            set_mode(&target, 0o600);
        }
    }
}

#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &Path, _: u32) {}

/// The paths of a copied fixture, as flags give them.
pub(super) fn paths(copy: &Path) -> Paths {
    let flags = Flags {
        stores: Some(copy.join("stores")),
        keys: Some(copy.join("keys")),
        operator: None,
    };
    let environment = Environment {
        home: Some(copy.join("home")),
        ..Environment::default()
    };
    Paths::find(&environment, &flags)
}

pub(super) fn store(copy: &TempDir) -> NscStore {
    NscStore::open(&paths(copy.path())).unwrap()
}

pub(super) fn account(store: &NscStore, name: &str) -> Stored {
    let mut found = None;
    store.facts(&mut |facts| {
        for fact in facts {
            if let Fact::Account(row) = fact
                && row.directory.raw() == name
            {
                found = Some(row.account.id);
            }
        }
        ControlFlow::Continue(())
    });
    Stored::Account(found.unwrap())
}

/// Everything that a walk told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) operators: Vec<Arc<OperatorRow>>,
    pub(super) accounts: Vec<Arc<AccountRow>>,
    pub(super) users: Vec<Arc<Users>>,
    pub(super) flaws: Vec<Flaw>,
    pub(super) batches: usize,
}

impl Told {
    pub(super) fn of(stores: &Path, operator: &str) -> Self {
        let tree = Tree {
            stores: stores.to_owned(),
            operator: operator.into(),
        };
        let mut told = Self::default();
        walk(&tree, &mut |facts| {
            told.batches += 1;
            for fact in facts {
                match fact {
                    Fact::Operator(row) => told.operators.push(row),
                    Fact::Account(row) => told.accounts.push(row),
                    Fact::Users(chunk) => told.users.push(chunk),
                    Fact::Flaw(flaw) => told.flaws.push(flaw),
                }
            }
            ControlFlow::Continue(())
        });
        told.accounts.sort_by(|a, b| a.directory.cmp(&b.directory));
        told.flaws.sort_by(|a, b| a.place.cmp(&b.place));
        told
    }

    pub(super) fn user_count(&self) -> usize {
        self.users.iter().map(|chunk| chunk.len()).sum()
    }

    pub(super) fn unread(&self) -> Vec<&Unread> {
        let mut unread: Vec<_> = self.users.iter().flat_map(|chunk| chunk.unread()).collect();
        unread.sort_by(|a, b| a.file.cmp(&b.file));
        unread
    }

    pub(super) fn flaw_at(&self, place: &str) -> Vec<&Problem> {
        let here = self.flaws.iter().filter(|flaw| flaw.place.raw() == place);
        here.map(|flaw| &flaw.problem).collect()
    }
}
