//! The private half of a key while it is in use: 32 bytes that clear themselves, their text form, and signatures.
//! Only `store` sees it, it has no `Debug`, and it never leaves this folder.
//!
//! A value that is moved leaves its old place as it was. So the bytes lie in a box, of which only the address moves, and what
//! has to be copied for a signature is wiped from the stack by [`without_trace`].

use crc::{CRC_16_XMODEM, Crc};
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::{Zeroize as _, Zeroizing};

use crate::jwt::keys::{KeyKind, PublicKey};

/// Characters of a seed: base32 of 2 prefix bytes, 32 key bytes and 2 checksum bytes (nats-io/nkeys `strkey.go`).
pub(super) const SEED_CHARS: usize = 58;

const SEED_BYTES: usize = 36;
const SEED_PREFIX: u8 = 18 << 3;
const CRC16: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

pub(super) struct Seed {
    kind: KeyKind,
    bytes: Box<Zeroizing<[u8; 32]>>,
}

impl Seed {
    /// A new one, from the randomness of the system.
    pub(super) fn random(kind: KeyKind) -> Result<Self, getrandom::Error> {
        let mut seed = Self::empty(kind);
        getrandom::fill(seed.bytes.as_mut_slice())?;
        Ok(seed)
    }

    fn empty(kind: KeyKind) -> Self {
        Self {
            kind,
            bytes: Box::new(Zeroizing::new([0; 32])),
        }
    }

    /// Reads a seed; line ends after it are not part of it.
    pub(super) fn parse(written: &[u8]) -> Option<Self> {
        let written = trim_line_end(written);
        let mut raw = Box::new(Zeroizing::new([0; SEED_BYTES]));
        if written.len() != SEED_CHARS {
            return None;
        }
        BASE32_NOPAD.decode_mut(written, raw.as_mut_slice()).ok()?;
        let (body, checksum) = raw.split_last_chunk::<2>()?;
        let ([first, second], secret) = body.split_first_chunk::<2>()?;
        let kind = KeyKind::of_prefix((first & 7) << 5 | second >> 3)?;
        let fits =
            first & !7 == SEED_PREFIX && CRC16.checksum(body) == u16::from_le_bytes(*checksum);
        let mut seed = fits.then(|| Self::empty(kind))?;
        seed.bytes.copy_from_slice(secret);
        Some(seed)
    }

    /// The 58 characters that a `.nk` file holds.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut raw = Box::new(Zeroizing::new([0; SEED_BYTES]));
        let prefix = self.kind.prefix();
        let (body, checksum) = raw.split_at_mut(SEED_BYTES - 2);
        let (head, secret) = body.split_at_mut(2);
        head.copy_from_slice(&[SEED_PREFIX | prefix >> 5, prefix << 3]);
        secret.copy_from_slice(self.bytes.as_slice());
        checksum.copy_from_slice(&CRC16.checksum(body).to_le_bytes());
        Zeroizing::new(BASE32_NOPAD.encode(raw.as_slice()))
    }

    pub(super) fn public_key(&self) -> PublicKey {
        PublicKey {
            kind: self.kind,
            bytes: self.signing_key().verifying_key().to_bytes(),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing_key().sign(message).to_bytes()
    }

    /// Clears itself when dropped.
    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.bytes)
    }
}

/// What functions that handle a seed may leave on the stack: a signature needs a few KiB.
const TRACES: usize = 16 * 1024;

/// Does something with a seed, and wipes what that left on the stack.
pub(super) fn without_trace<T>(work: impl FnOnce() -> T) -> T {
    let done = below(work);
    wipe();
    done
}

/// A frame of its own, so that nothing of the work lies in its caller's.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Writes over the part of the stack that the work had, since it is called from the same height.
#[inline(never)]
fn wipe() {
    let mut traces = [0_u8; TRACES];
    traces.zeroize();
    std::hint::black_box(&traces);
}

pub(super) fn trim_line_end(written: &[u8]) -> &[u8] {
    let end = written
        .iter()
        .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
        .map_or(0, |last| last + 1);
    written.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the golden vectors: 32 bytes of 0x02.
    const ACCOUNT: &str = "SAAAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAUN5U";

    #[test]
    fn a_seed_is_read_and_written_as_nkeys_does() {
        let seed = Seed::parse(ACCOUNT.as_bytes()).unwrap();

        assert_eq!(*seed.text(), ACCOUNT);
        assert_eq!(
            seed.public_key().to_string(),
            "ACATS5YOVB6ROX2WUNKGNQ2MP3GMXDMKSG2O4N5CLX3A6W4PZGZZIL2R"
        );
    }

    #[test]
    fn a_new_seed_is_one_to_the_nkeys_crate() {
        for kind in [KeyKind::Operator, KeyKind::Account, KeyKind::User] {
            let seed = Seed::random(kind).unwrap();

            let pair = nkeys::KeyPair::from_seed(&seed.text()).unwrap();

            assert_eq!(pair.public_key(), seed.public_key().to_string());
            assert!(seed.public_key().verify(b"message", &seed.sign(b"message")));
        }
    }

    #[test]
    fn line_ends_are_tolerated_and_nothing_else() {
        for end in ["\n", "\r\n", "\n\n"] {
            assert!(Seed::parse(format!("{ACCOUNT}{end}").as_bytes()).is_some());
        }
        for bad in [
            format!(" {ACCOUNT}"),
            ACCOUNT.replace("5U", "5V"),
            ACCOUNT[..57].to_owned(),
            String::new(),
        ] {
            assert!(Seed::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
