//! Creds files: writes a user's token with its seed to nsc's place, beside it, or where somebody wants it; and tells the tokens of
//! those that lie in the keyring. It makes no tokens, and no seed leaves it.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::StoreError;
use super::keyring::{Keyring, NewKey};
use super::seed::without_trace;
use super::signer::{read_creds_file, read_seed};
use super::write::{Over, make_directories, shown, write_file};
use crate::inventory::creds_row::CredsRow;
use crate::jwt::creds::{Creds, Seed};
use crate::jwt::signer::SignError;
use crate::jwt::token::Token;
use crate::jwt::user::User;
use crate::text::Text;

/// Where creds go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredsPlace {
    /// Where nsc keeps them, replacing what is there.
    Keyring,
    /// Next to those, as `NAME.new.creds`: the old ones stay under a program that runs with them.
    Beside,
    /// To a file of somebody's choice, which is replaced.
    File(PathBuf),
}

/// Writes the creds of a user, by a key that was just made or by the stored one. Both must be the token's own.
pub(super) fn write_creds(
    keyring: &Keyring,
    token: &Token,
    key: Option<&NewKey>,
    path: &Path,
) -> Result<(), StoreError> {
    without_trace(|| written(keyring, token, key, path))
}

fn written(
    keyring: &Keyring,
    token: &Token,
    key: Option<&NewKey>,
    path: &Path,
) -> Result<(), StoreError> {
    let subject = token.envelope().subject;
    let seed = match key {
        Some(key) => key.seed.text(),
        None => read_seed(&keyring.path_of(subject), subject)?.text(),
    };
    let seed = Seed::new(seed)?;
    if seed.public_key()? != subject {
        return Err(SignError::Mismatch { key: subject }.into());
    }
    let creds = Creds {
        token_text: token.text().clone().into(),
        seed: Some(seed),
    };
    let text: Zeroizing<String> = creds.write()?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if path.starts_with(keyring.root()) {
        make_directories(directory.unwrap_or(Path::new(".")))?;
    }
    write_file(path, text.as_bytes(), Over::Anything)
}

/// What the creds files of an operator say. One that cannot be read, or holds no user's token, says nothing.
pub(super) fn creds_rows(keyring: &Keyring, store: &Text) -> Vec<CredsRow> {
    let files = keyring.all_creds(store).into_iter();
    files.filter_map(|path| creds_row(&path)).collect()
}

fn creds_row(path: &Path) -> Option<CredsRow> {
    let token = without_trace(|| {
        let creds = Creds::parse(&read_creds_file(path).ok()?).ok()?;
        Token::decode(creds.token_text.raw()).ok()
    })?;
    let user = User::of(&token).ok()?;
    Some(CredsRow {
        path: shown(path),
        account: user.account,
        user: user.id,
        name: user.name,
        revision: token.revision(),
        issued_at: user.issued_at,
        expires_at: user.expires_at,
    })
}
