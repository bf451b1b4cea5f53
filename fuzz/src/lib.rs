//! The layers that read what strangers write, mounted from the program's own source, and what the targets share.
//!
//! Mounted, not depended on: the program's crate would bring screen, network and TLS along, which no target runs. A layer is
//! added with its two lines here, a target with a file in `bin`.
#![allow(
    dead_code,
    reason = "layers that are not mounted use what looks unused here"
)]

#[path = "../../src/config.rs"]
pub mod config;
#[path = "../../src/explain.rs"]
pub mod explain;
#[path = "../../src/inventory/mod.rs"]
pub mod inventory;
#[path = "../../src/jwt/mod.rs"]
pub mod jwt;
#[path = "../../src/permissions/mod.rs"]
pub mod permissions;
pub mod sys;
#[path = "../../src/system/mod.rs"]
pub mod system;
#[path = "../../src/text.rs"]
pub mod text;

use jwt::keys::{KeyKind, PublicKey};
use jwt::signer::{SignError, Signer};

/// Signs with zeros: reading a token does not look at its signature.
pub struct NoSigner;

impl Signer for NoSigner {
    fn public_key(&self) -> PublicKey {
        PublicKey {
            kind: KeyKind::Operator,
            bytes: [1; 32],
        }
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignError> {
        Ok([0; 64])
    }
}

/// Fails if a terminal would obey the words.
pub fn assert_harmless(words: &str) {
    assert!(!words.chars().any(char::is_control), "{words:?}");
}
