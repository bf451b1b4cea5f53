//! Finds the creds file that `nsc://operator/account/user` means, without running nsc. It does not say whether they are good.
//!
//! Components are names or public keys and compare without case; a key is looked up in the store. Source: nsc
//! `cmd/generateprofile.go`.

use std::fs;
use std::path::{Path, PathBuf};

use super::contexts::NscRef;
use super::paths::{Paths, operators};
use super::tree::file_stem;
use super::{NscStore, StoreError, Stored};
use crate::jwt::keys::{AccountId, OperatorId, UserId};
use crate::text::Text;

/// The creds file of the keyring that a reference names. All three parts are needed: creds belong to a user.
pub fn creds_file(paths: &Paths, reference: &NscRef) -> Result<PathBuf, StoreError> {
    let missing = |what: &str| StoreError::NotFound {
        what: format!("{what} of an nsc:// reference").into(),
    };
    let account = reference
        .account
        .as_ref()
        .ok_or_else(|| missing("the account"))?;
    let user = reference.user.as_ref().ok_or_else(|| missing("the user"))?;
    let operator = operator_name(paths, &reference.operator)?;
    let (account, user) = names_in_store(paths, &operator, account, user)?;
    // Creds lie under the name that nsc gave the store, which a renamed directory does not change.
    let store_name = open(paths, &operator).map_or(operator, |store| store.store_name().clone());
    let mut path = paths.keys.join("creds");
    for name in [&store_name, &account] {
        path = child(&path, stem(name)?, "")?;
    }
    child(&path, stem(&user)?, ".creds")
}

fn stem(name: &Text) -> Result<&str, StoreError> {
    file_stem(name).ok_or_else(|| StoreError::Name(name.clone()))
}

/// Public keys are upper case; references may not be.
fn as_key<K: std::str::FromStr>(written: &Text) -> Option<K> {
    written.raw().to_ascii_uppercase().parse().ok()
}

fn operator_name(paths: &Paths, written: &Text) -> Result<Text, StoreError> {
    let Some(id) = as_key::<OperatorId>(written) else {
        return Ok(written.clone());
    };
    let is_it = |name: &Text| {
        let store = open(paths, name);
        store
            .and_then(|store| super::Store::token(&store, &Stored::Operator))
            .is_ok_and(|token| token.envelope().subject == id.key())
    };
    let found = operators(&paths.stores).into_iter().find(is_it);
    found.ok_or_else(|| StoreError::NotFound {
        what: format!("operator {id}").into(),
    })
}

/// The names of account and user, where keys were written.
fn names_in_store(
    paths: &Paths,
    operator: &Text,
    account: &Text,
    user: &Text,
) -> Result<(Text, Text), StoreError> {
    let (account_id, user_id) = (as_key::<AccountId>(account), as_key::<UserId>(user));
    if account_id.is_none() && user_id.is_none() {
        return Ok((account.clone(), user.clone()));
    }
    let store = open(paths, operator)?;
    let account_id = match account_id {
        Some(id) => id,
        None => store.account_in(account)?,
    };
    let user = match user_id {
        Some(id) => store.user_name(account_id, id)?,
        None => user.clone(),
    };
    Ok((store.directory_of(account_id)?, user))
}

fn open(paths: &Paths, operator: &Text) -> Result<NscStore, StoreError> {
    NscStore::open(&Paths {
        operator: Some(operator.clone()),
        ..paths.clone()
    })
}

/// An entry of a directory by its name, compared without case if it is not there as written.
fn child(directory: &Path, name: &str, suffix: &str) -> Result<PathBuf, StoreError> {
    let file = format!("{name}{suffix}");
    let exact = directory.join(&file);
    if exact.exists() {
        return Ok(exact);
    }
    let wanted = file.to_lowercase();
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().to_lowercase() == wanted)
        .map(|entry| entry.path())
        .min()
        .ok_or_else(|| StoreError::NotFound {
            what: super::write::shown(&exact),
        })
}
