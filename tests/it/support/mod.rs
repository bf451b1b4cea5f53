//! What stories stand on: real tools, or an honest word that they are not here.
//!
//! ```ignore
//! #[test]
//! fn nsc_reads_our_store() {
//!     let Some(tools) = needs(&[Tool::Nsc]) else { return };
//!     ...
//! }
//! ```

pub mod between;
pub mod certificate;
pub mod chance;
pub mod console;
pub mod ears;
pub mod editor;
pub mod files;
pub mod grammar;
pub mod keys;
pub mod lone_server;
pub mod on_path;
pub mod patience;
pub mod process;
pub mod skip;
pub mod stray;
pub mod tools;
pub mod world;
