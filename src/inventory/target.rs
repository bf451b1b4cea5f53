//! What a line of a report is about: a thing of any kind, by its key and its name.

use std::sync::Arc;

use serde::Serialize;

use super::cell::Cell;
use super::connection::Named;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::text::Text;

/// A thing that a line speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    pub kind: TargetKind,
    pub key: PublicKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// The account that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Arc<Named<AccountId>>>,
}

impl Target {
    /// The account that it belongs to, in a column: an account is its own.
    pub(super) fn account_cell(&self) -> Cell<'_> {
        match (&self.account, self.kind) {
            (Some(account), _) => Cell::Reference(account.name.as_ref(), account.key.key()),
            (None, TargetKind::Account) => Cell::Reference(self.name.as_ref(), self.key),
            (None, _) => Cell::Null,
        }
    }
}

/// Kinds of things, the greater ones first: what ends with another comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    Operator,
    Server,
    Account,
    Activation,
    /// Our own way into the system account.
    Login,
    User,
    Creds,
    Connection,
}

impl TargetKind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Server => "server",
            Self::Account => "account",
            Self::Activation => "activation",
            Self::Login => "login",
            Self::User => "user",
            Self::Creds => "creds",
            Self::Connection => "connection",
        }
    }
}
