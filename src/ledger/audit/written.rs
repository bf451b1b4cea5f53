//! The strings of a record that have a form: its id, its digest, its signature. They are read in one spelling only.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::jwt::keys::PublicKey;
use crate::text::Text;

/// Characters of the writer's key in an id.
const TAG_CHARS: usize = 8;

/// The name of a record: `UVWX2345-17`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    tag: [u8; TAG_CHARS],
    pub seq: u64,
}

/// "This is no record id."
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no record id, expected UVWX2345-17")]
pub struct NotAnId(Text);

impl RecordId {
    pub fn new(writer: PublicKey, seq: u64) -> Self {
        let mut tag = [0; TAG_CHARS];
        for (to, from) in tag.iter_mut().zip(writer.to_string().bytes()) {
            *to = from;
        }
        Self { tag, seq }
    }

    /// Whether the id is of this writer's chain, as far as 8 characters tell.
    pub fn is_of(&self, writer: PublicKey) -> bool {
        Self::new(writer, self.seq) == *self
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag: String = self.tag.iter().copied().map(char::from).collect();
        f.pad(&format!("{tag}-{}", self.seq))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RecordId {
    type Err = NotAnId;

    fn from_str(written: &str) -> Result<Self, NotAnId> {
        let parse = || {
            let (tag, seq) = written.split_once('-')?;
            let base32 = |byte: u8| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte);
            let id = Self {
                tag: tag.as_bytes().try_into().ok()?,
                seq: seq.parse().ok()?,
            };
            // One spelling only: no `+17`, no `017`.
            (id.tag.into_iter().all(base32) && id.to_string() == written).then_some(id)
        };
        parse().ok_or_else(|| NotAnId(written.into()))
    }
}

/// SHA-256, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

const DIGEST_PREFIX: &str = "sha256:";

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{DIGEST_PREFIX}{}", HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(written: &str) -> Result<Self, NotADigest> {
        written
            .strip_prefix(DIGEST_PREFIX)
            .and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok())
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| NotADigest(written.into()))
    }
}

/// "This is no digest."
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no digest, expected sha256: and 64 digits")]
pub struct NotADigest(Text);

/// An Ed25519 signature, written as base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Signature {
    type Err = NotASignature;

    fn from_str(written: &str) -> Result<Self, NotASignature> {
        BASE64URL_NOPAD
            .decode(written.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| NotASignature(written.into()))
    }
}

/// "This is no signature."
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no Ed25519 signature in base64url")]
pub struct NotASignature(Text);

/// Serializes by `Display` and deserializes by `FromStr`.
macro_rules! as_string {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

as_string!(RecordId, Digest, Signature);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_start_of_the_key_and_a_number_in_one_spelling() {
        let writer = PublicKey {
            kind: crate::jwt::keys::KeyKind::User,
            bytes: [7; 32],
        };
        let id = RecordId::new(writer, 17);

        assert_eq!(id.to_string(), format!("{}-17", &writer.to_string()[..8]));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.is_of(writer));
        for wrong in [
            "",
            "-",
            "UVWX2345",
            "UVWX2345-",
            "UVWX2345-017",
            "UVWX2345-+1",
            "uvwx2345-1",
            "UVWX234-1",
            "ÜVWX234-1",
        ] {
            assert!(wrong.parse::<RecordId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_and_a_signature_have_one_spelling() {
        let digest = Digest([0xAB; 32]);
        let signature = Signature([0xFF; 64]);

        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(signature.to_string().parse(), Ok(signature));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
        assert!(digest.to_string()[7..].parse::<Digest>().is_err());
        assert!(format!("{signature}==").parse::<Signature>().is_err());
        // The last character has 4 bits that no byte uses: they must be 0.
        assert!(
            signature
                .to_string()
                .replace("_w", "_x")
                .parse::<Signature>()
                .is_err()
        );
    }
}
