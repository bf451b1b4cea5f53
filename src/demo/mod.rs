//! A private cluster to try things on: real servers on this machine, with tenants that are busy. It touches no other cluster.
//!
//! ```text
//! console, tests ── sandbox ──stdin: orders──> supervisor ─┬─ world, tenants   who there is, as files
//!                      ^                          │        ├─ cluster          the servers
//!                      └──stdout: answers─────────┘        └─ client           clients that come back for ever
//! ```

mod accounts;
pub mod binary;
mod client;
mod cluster;
mod files;
pub mod sandbox;
pub mod supervisor;
mod tenants;
mod world;

use std::io;
use std::path::PathBuf;

use crate::explain::{Code, Explain, Explanation};
use crate::jwt::keys::KeyError;
use crate::jwt::token::TokenError;
use crate::store::StoreError;
use crate::text::Text;

/// Why there is no sandbox, or why it did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Binary(#[from] binary::BinaryError),
    #[error("{} cannot be started: {error}", program.display())]
    Spawn { program: PathBuf, error: io::Error },
    #[error("server {name} did not greet: {said}")]
    Server { name: String, said: Text },
    #[error("{0} is not running")]
    NotRunning(String),
    /// What the supervisor said went wrong.
    #[error("{0}")]
    Failed(String),
    #[error("the supervisor of the sandbox is gone")]
    Gone,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Explain for DemoError {
    fn explain(&self) -> Explanation {
        match self {
            Self::Binary(error) => error.explain(),
            Self::Store(error) => error.explain(),
            Self::Spawn { .. }
            | Self::Server { .. }
            | Self::NotRunning(_)
            | Self::Failed(_)
            | Self::Gone
            | Self::Io(_)
            | Self::Token(_)
            | Self::Key(_) => Explanation::new(
                Code::Internal,
                self.to_string(),
                "no sandbox is running, nothing else was touched",
            )
            .then("start it again"),
        }
    }
}
