//! A creds file of the keyring as the token in it says. Its seed was never here.

use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::time::UnixTime;
use crate::jwt::token::Revision;
use crate::text::Text;

/// One creds file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredsRow {
    pub path: Text,
    pub account: AccountId,
    pub user: UserId,
    pub name: Text,
    pub revision: Revision,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
}
