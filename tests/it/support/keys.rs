//! Keys that are the same in every run.

use ed25519_dalek::{Signer as _, SigningKey};
use nats_oam::jwt::keys::{KeyKind, PublicKey};
use nats_oam::jwt::signer::{SignError, Signer};

/// A key made of bytes that a test chose.
pub struct ByteKey {
    kind: KeyKind,
    key: SigningKey,
}

impl ByteKey {
    /// Of one byte, 32 times.
    pub fn new(kind: KeyKind, byte: u8) -> Self {
        Self::of(kind, [byte; 32])
    }

    pub fn of(kind: KeyKind, bytes: [u8; 32]) -> Self {
        Self {
            kind,
            key: SigningKey::from_bytes(&bytes),
        }
    }
}

impl Signer for ByteKey {
    fn public_key(&self) -> PublicKey {
        PublicKey {
            kind: self.kind,
            bytes: self.key.verifying_key().to_bytes(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.key.sign(message).to_bytes())
    }
}
