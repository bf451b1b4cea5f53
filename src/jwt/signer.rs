//! Signing without giving the seed away. Implementations that hold seeds live in `store`, and nowhere else.

use super::keys::PublicKey;
use crate::text::Text;

/// Something that signs with one key. The one over files reads the seed, signs and clears it, every time.
pub trait Signer: Send + Sync {
    fn public_key(&self) -> PublicKey;

    /// An Ed25519 signature over the message. Reads a small file: call it where blocking for that is fine.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// Why a held key did not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("the private part of {key} is not held")]
    NotHeld { key: PublicKey },
    #[error("the private part of {key} cannot be read: {why}")]
    Unreadable { key: PublicKey, why: Text },
    #[error("nothing was signed: {why}")]
    Unwilling { why: Text },
    #[error("the file of {key} holds another key")]
    Mismatch { key: PublicKey },
}
