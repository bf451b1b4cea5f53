//! Creds files: a user's token and its seed, decorated as nsc writes them. Not where seeds are kept or used: that is `store`.
//!
//! ```text
//! -----BEGIN NATS USER JWT-----
//! eyJ0eXAi...
//! ------END NATS USER JWT------
//!
//! ************************* IMPORTANT *************************
//! NKEY Seed printed below can be used to sign and prove identity.
//! NKEYs are sensitive and should be treated as secrets.
//!
//! -----BEGIN USER NKEY SEED-----
//! SU...
//! ------END USER NKEY SEED------
//!
//! *************************************************************
//! ```
//!
//! Reading follows the regular expression of `jwt/v2/creds_utils.go`: labels do not matter, the first block is the token, the
//! second the seed, and no line may stand between a value and its dashes. Two differences keep seeds out of sight: what
//! does not have the three parts of a token is refused (Go would hand out a seed file as a token), and space around a bare
//! token or seed is dropped. Neither the token's signature nor its fit to the seed is checked here.

use std::fmt;

use crc::{CRC_16_XMODEM, Crc};
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::keys::{KeyKind, PublicKey};
use crate::text::Text;

/// The largest file that is read, as large as the largest token (`MaxTokenSize`, `jwt/v2/decoder.go`).
pub const MAX_CREDS_BYTES: usize = 1024 * 1024;

const SEED_CHARS: usize = 58;
const SEED_BYTES: usize = 36;
/// The upper five bits of a seed's first byte, shown as `S`.
const SEED_PREFIX: u8 = 18 << 3;

/// Why bytes are no creds, or creds cannot be written. Never holds what was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredsError {
    #[error("{bytes} bytes are more than the {MAX_CREDS_BYTES} of a creds file")]
    TooLarge { bytes: usize },
    #[error("there is no token where a creds file has it")]
    NoToken,
    #[error("there is no user seed to write")]
    NoUserSeed,
    #[error("the seed is damaged")]
    DamagedSeed,
}

/// The private half of an operator, account or user key, as text. It clears itself, and cannot be shown, copied or
/// serialized.
pub struct Seed(Zeroizing<String>);

impl Seed {
    /// Takes a text that begins like the seed of an operator, account or user; [`Seed::public_key`] tells whether it is one.
    pub fn new(text: Zeroizing<String>) -> Result<Self, CredsError> {
        let seed = Self(text);
        match seed.kind() {
            Some(_) => Ok(seed),
            None => Err(CredsError::DamagedSeed),
        }
    }

    /// What the key is for, by the second letter.
    fn kind(&self) -> Option<KeyKind> {
        match self.0.get(..2)? {
            "SO" => Some(KeyKind::Operator),
            "SA" => Some(KeyKind::Account),
            "SU" => Some(KeyKind::User),
            _ => None,
        }
    }

    /// The public half. Fails if a letter of the seed is wrong.
    pub fn public_key(&self) -> Result<PublicKey, CredsError> {
        let kind = self.kind().ok_or(CredsError::DamagedSeed)?;
        let secret = secret_of(&self.0, kind).ok_or(CredsError::DamagedSeed)?;
        let bytes = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        Ok(PublicKey { kind, bytes })
    }

    /// The seed itself, for the signers and writers of `store` alone.
    pub(crate) fn expose_seed(&self) -> &str {
        &self.0
    }
}

/// The 32 bytes of a seed whose kind and checksum are right.
fn secret_of(seed: &str, kind: KeyKind) -> Option<Zeroizing<[u8; 32]>> {
    if seed.len() != SEED_CHARS {
        return None;
    }
    let mut raw = Zeroizing::new([0; SEED_BYTES]);
    BASE32_NOPAD
        .decode_mut(seed.as_bytes(), raw.as_mut())
        .ok()?;
    let (body, checksum) = raw.split_last_chunk::<2>()?;
    let (prefix, secret) = body.split_first_chunk::<2>()?;
    let is_right = Crc::<u16>::new(&CRC_16_XMODEM).checksum(body) == u16::from_le_bytes(*checksum)
        && *prefix == [SEED_PREFIX | kind.prefix() >> 5, kind.prefix() << 3];
    is_right.then(|| secret.try_into().map(Zeroizing::new).ok())?
}

/// What a creds file holds. A token alone, decorated or bare, is one without a seed.
pub struct Creds {
    /// The token, not yet decoded.
    pub token_text: Text,
    pub seed: Option<Seed>,
}

/// Says what is there, and not what it is: a bearer's token is a secret as well.
impl fmt::Debug for Creds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = if self.seed.is_some() {
            "with"
        } else {
            "without"
        };
        write!(f, "Creds({seed} seed)")
    }
}

impl Creds {
    /// Reads a file's bytes, which the caller should clear.
    pub fn parse(file: &[u8]) -> Result<Self, CredsError> {
        if file.len() > MAX_CREDS_BYTES {
            return Err(CredsError::TooLarge { bytes: file.len() });
        }
        let mut blocks = Blocks::of(file);
        let (first, second) = (blocks.next(), blocks.next());
        let token = token_in(first.unwrap_or(file.trim_ascii())).ok_or(CredsError::NoToken)?;
        let seed = second.or_else(|| bare_seed(file)).and_then(seed_in);
        Ok(Self {
            token_text: token.into(),
            seed,
        })
    }

    /// The file as nsc writes it, byte for byte. The seed must be the token's own: compare [`Seed::public_key`] with its subject.
    pub fn write(&self) -> Result<Zeroizing<String>, CredsError> {
        match &self.seed {
            Some(seed) if seed.public_key()?.kind == KeyKind::User => {
                // One allocation: a buffer that grows would leave parts of the seed behind.
                let parts = [
                    BEFORE_TOKEN,
                    self.token_text.raw(),
                    BETWEEN,
                    seed.expose_seed(),
                    AFTER_SEED,
                ];
                Ok(Zeroizing::new(parts.concat()))
            }
            Some(_) | None => Err(CredsError::NoUserSeed),
        }
    }
}

const BEFORE_TOKEN: &str = "-----BEGIN NATS USER JWT-----\n";
const BETWEEN: &str = "
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.
NKEYs are sensitive and should be treated as secrets.

-----BEGIN USER NKEY SEED-----
";
const AFTER_SEED: &str = "
------END USER NKEY SEED------

*************************************************************
";

/// The values between two lines of dashes, in order: what this matches, one line at a time.
///
/// `(?:[-]{3,}.*[-]{3,}\r?\n)([\w\-.=]+)(?:\r?\n[-]{3,}.*[-]{3,}(\r?\n|\z))`
struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn of(file: &'a [u8]) -> Self {
        Self { rest: file }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while let Some((header, after_header)) = line(self.rest) {
            if ends_in_dashes_twice(header)
                && let Some((value, after_value)) = line(after_header)
                && is_value(value)
                && let Some(after_footer) = footer(after_value)
            {
                self.rest = after_footer;
                return Some(value);
            }
            self.rest = after_header;
        }
        None
    }
}

/// A terminated line without its end, and what comes after it.
fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (line, after) = (text.get(..end)?, text.get(end + 1..)?);
    Some((line.strip_suffix(b"\r").unwrap_or(line), after))
}

/// What comes after a closing line, which may be the last of the file and lack its end.
fn footer(text: &[u8]) -> Option<&[u8]> {
    let (footer, after) = line(text).unwrap_or((text, &[]));
    (footer.starts_with(b"---") && ends_in_dashes_twice(footer)).then_some(after)
}

/// Whether a line ends in three dashes and has three more before them. An opening line may have anything before those.
fn ends_in_dashes_twice(line: &[u8]) -> bool {
    line.strip_suffix(b"---")
        .is_some_and(|before| before.windows(3).any(|dashes| dashes == b"---"))
}

fn is_value(line: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.=".contains(byte);
    !line.is_empty() && line.iter().all(is_allowed)
}

/// The text, if it has the three parts of a token; a seed has one.
fn token_in(value: &[u8]) -> Option<&str> {
    let mut parts = value.split(|byte| *byte == b'.');
    let has_three = parts
        .by_ref()
        .take(3)
        .filter(|part| !part.is_empty())
        .count()
        == 3;
    (has_three && parts.next().is_none() && is_value(value))
        .then(|| std::str::from_utf8(value).ok())?
}

/// The first line that begins like a seed, if nothing stands before it.
fn bare_seed(file: &[u8]) -> Option<&[u8]> {
    let seed = file
        .split(|byte| *byte == b'\n')
        .find(|line| begins_like_a_seed(line.trim_ascii_start()))?;
    begins_like_a_seed(seed).then(|| seed.trim_ascii_end())
}

fn begins_like_a_seed(line: &[u8]) -> bool {
    [b"SO", b"SA", b"SU"]
        .iter()
        .any(|start| line.starts_with(*start))
}

fn seed_in(value: &[u8]) -> Option<Seed> {
    let text = std::str::from_utf8(value).ok()?;
    Seed::new(Zeroizing::new(text.to_owned())).ok()
}

#[cfg(test)]
mod tests;
