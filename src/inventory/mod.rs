//! The joined picture of what there is: accounts and users, each fact with the source that told it. Pure: it reads no file and
//! asks no server.
//!
//! ```text
//! store ──┐
//!         ├── facts, answers ──> inventory ──> rows that can name their source
//! sys   ──┘
//! ```

pub mod account;
pub mod account_line;
pub mod arrange;
pub mod cell;
pub mod columns;
pub mod connection;
pub mod creds_row;
pub mod decision;
pub mod drift;
pub mod expiry;
mod fields;
pub mod filter;
pub mod fix;
mod intern;
pub mod key_line;
pub mod operator_line;
pub mod picture;
pub mod role_line;
#[cfg(test)]
mod sample;
pub mod server;
pub mod stream;
pub mod target;
pub mod terms;
pub mod told;
pub mod tree;
pub mod user;
pub mod user_line;
pub mod user_page;
pub mod who_can;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::jwt::envelope::TokenKind;
use crate::text::Text;
use account::{AccountRow, OperatorRow};
use user::Users;

/// Something that a store tells. Users come in sealed chunks, so that a growing picture costs a pointer a chunk.
#[derive(Clone, Debug)]
pub enum Fact {
    Operator(Arc<OperatorRow>),
    Account(Arc<AccountRow>),
    Users(Arc<Users>),
    /// A file or directory that gave no row, or a row with a flaw.
    Flaw(Flaw),
}

/// A place in a store, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// Path below the stores folder, or below the keyring.
    pub place: Text,
    pub problem: Problem,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// What is wrong with a file or a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Problem {
    #[error("the file is empty")]
    Empty,
    #[error("the file is longer than any token may be (1 MiB)")]
    TooLarge,
    #[error("it is a pipe, a device or a directory, not a file")]
    NotAFile,
    #[error("it is a link that leads out of the store")]
    LeadsOut,
    #[error("it cannot be read: {why}")]
    Unreadable { why: Text },
    #[error("it is no token, perhaps half-written: {why}")]
    Torn { why: Text },
    #[error("it holds the token of {}", .found.with_article())]
    WrongKind { found: TokenKind },
    #[error("the token is called \"{name}\", its file \"{file}\"")]
    NameDiffers { name: Text, file: Text },
    #[error("the user belongs to account {account}, not to the one it is filed under")]
    ForeignAccount { account: Text },
    #[error("{issuer} signed it, which is no key of this operator")]
    ForeignIssuer { issuer: Text },
    #[error("the directory has no token of its own: nsc refuses to write users while it is there")]
    NoToken,
    #[error("the directory has no .nsc: nats auth refuses to start while it is there")]
    NoMarker,
    #[error(
        "keys are doubled or written in another case: it is shown as servers read it, other tools may show it otherwise"
    )]
    Unfaithful,
    #[error("others may read it (mode {mode:04o})")]
    OpenMode { mode: u32 },
    #[error("a write was cut off here; it may be removed, and may hold a seed")]
    LeftOver,
    #[error("nsc does not expect it here")]
    Unexpected,
}
