//! Why is this credential refused? The same checks for the command line, for a refused login that a server told of, and for
//! the console: each says ok, fail, unknown or skipped, what is so, what that means, and what helps.
//!
//! ```text
//! ref ──> credential ─┐
//! store, servers ─────┼─ ground ──> judge (pure: checks, one small function each) ──> Diagnosis
//! --from --type ──────┘                              trial: a real login at every server ──┘
//! ```
//!
//! Servers' copies of the account decide where servers were asked, each server by its own. Not judged: what a server's
//! configuration bounds, `conn` limits that are used up, and whom an auth callout lets in.

pub mod attempt;
mod checks;
pub mod credential;
pub mod events;
pub mod ground;
mod hours;
pub mod judge;
mod network;
pub mod read;
pub mod said;
#[cfg(test)]
pub(crate) mod tests;
pub mod trial;
pub mod tried;
