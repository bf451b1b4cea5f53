//! What NATS signs: operator, account and user tokens, the keys that sign them, and the subjects that they speak of.
//! Pure: no files, no network, no clock.

pub mod account;
pub mod activation;
pub mod creds;
pub mod diff;
pub mod edit;
pub mod envelope;
pub mod fresh;
mod go_rules;
pub mod json;
pub mod keys;
pub mod limits;
pub mod operator;
pub mod release;
pub mod revocations;
pub mod role;
mod shapes;
pub mod signer;
mod slots;
pub mod subject;
pub mod time;
pub mod token;
pub mod user;
mod view;

pub use go_rules::{Misfit, Oddity, OddityKind};
