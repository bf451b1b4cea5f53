//! What people already have on disk: nsc's store and keyring, and the NATS CLI's contexts. Reads and writes files; asks no
//! server, and decides nothing about what may be done.
//!
//! ```text
//! paths ─> NscStore ─┬─ facts    every operator, account, user and flaw, streaming
//!                    ├─ token, write    one token by its key, on a base revision
//!                    └─ signer, keep, write_creds    keys that never leave this folder
//! ```

mod claim;
pub mod contexts;
mod creds_file;
mod error;
mod explain;
pub mod keyring;
mod marker;
mod nsc;
pub mod nsc_ref;
pub mod paths;
mod queue;
mod read;
mod seed;
pub mod signer;
mod tree;
mod walk;
pub mod way_in;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

pub use creds_file::CredsPlace;
pub use error::StoreError;
pub use nsc::NscStore;
pub use walk::Sink;

use crate::inventory::creds_row::CredsRow;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::signer::Signer;
use crate::jwt::token::{Revision, Token};
use crate::text::Text;
use keyring::{Held, NewKey};

/// Whose token is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    Operator,
    Account(AccountId),
    /// The name is a hint where to look first.
    User {
        account: AccountId,
        user: UserId,
        name: Option<Text>,
    },
}

/// The store of one operator. Every method reads or writes small files: call it where blocking for that is fine.
pub trait Store: Send + Sync {
    /// Tells everything that the files say, in batches, from the first directory on. Returns when all is told.
    fn facts(&self, sink: Sink<'_>);

    /// The token as it lies there; its signature is not checked.
    fn token(&self, of: &Stored) -> Result<Token, StoreError>;

    /// Replaces a token by another, whole or not at all. `base` is what the edit began from: `Stale` when that is no longer
    /// there; `None` adds what must not be there yet. A user's token may give way to one of another key and the same name: a
    /// reissue.
    fn write(&self, of: &Stored, token: &Token, base: Option<Revision>) -> Result<(), StoreError>;

    /// Something that signs with a key of the keyring.
    fn signer(&self, key: PublicKey) -> Result<Arc<dyn Signer>, StoreError>;

    /// Which keys have a file. Opens none.
    fn held(&self) -> Held;

    /// Where the private part of a key lies, or would.
    fn key_path(&self, key: PublicKey) -> PathBuf;

    /// Puts a new key into the keyring.
    fn keep(&self, key: &NewKey) -> Result<(), StoreError>;

    /// Where the creds of a user lie, or would.
    fn creds_path(&self, account: AccountId, user: &Text) -> Result<PathBuf, StoreError>;

    /// What the tokens in the keyring's creds files say.
    fn creds(&self) -> Vec<CredsRow>;

    /// Writes the creds of a user: by the key that was just made, else by the stored one. Returns where they are.
    fn write_creds(
        &self,
        token: &Token,
        key: Option<&NewKey>,
        place: &CredsPlace,
    ) -> Result<PathBuf, StoreError>;
}

#[cfg(test)]
mod tests;
