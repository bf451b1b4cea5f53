//! Operational access management for NATS: who may connect, what they may do, who let them, and how to stop them.
//!
//! Folders are layers; `docs/ARCHITECTURE.md` has the picture, and a test holds the order between them.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test that cannot go on fails"
    )
)]

pub mod actions;
pub mod cli;
pub mod config;
pub mod demo;
pub mod explain;
pub mod inventory;
pub mod jwt;
pub mod ledger;
pub mod permissions;
pub mod store;
pub mod sys;
pub mod system;
pub mod telemetry;
#[cfg(test)]
pub(crate) mod test_support;
pub mod text;
pub mod tui;
