//! Accounts and operators as a source tells them: the typed view, and which text it was read from.

use crate::jwt::account::Account;
use crate::jwt::operator::Operator;
use crate::jwt::token::Revision;
use crate::text::Text;

/// An account, as one source has it.
#[derive(Clone, Debug)]
pub struct AccountRow {
    pub account: Account,
    pub revision: Revision,
    /// Length of the token, of the 1 MiB that servers take.
    pub token_bytes: usize,
    /// Its directory in a store; empty where it came from a server.
    pub directory: Text,
}

/// The operator of a store.
#[derive(Clone, Debug)]
pub struct OperatorRow {
    pub operator: Operator,
    pub revision: Revision,
    /// What nsc calls it, which may differ from the name in the token.
    pub store_name: Text,
}
