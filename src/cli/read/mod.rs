//! Questions from the command line, a file a noun. Each reads, lists, and says who was silent.

pub(super) mod server;
