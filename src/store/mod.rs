//! What people already have on disk: nsc's store and keyring, and the NATS CLI's contexts. Reads and writes files; asks no
//! server, and decides nothing about what may be done.

mod claim;
pub mod contexts;
pub mod paths;
mod queue;
mod read;
mod tree;
mod walk;

pub use walk::Sink;

#[cfg(test)]
mod tests;
