//! What NATS signs: operator, account and user tokens, the keys that sign them, and the subjects that they speak of.
//! Pure: no files, no network, no clock.

pub mod keys;
pub mod signer;
pub mod time;
