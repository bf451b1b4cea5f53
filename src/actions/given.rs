//! What a text from outside is: a key, a token, creds, or a seed. Seeds are turned into their public key here and forgotten.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::jwt::creds::{Creds, MAX_CREDS_BYTES, Seed};
use crate::jwt::keys::{KEY_CHARS, PublicKey};
use crate::jwt::token::Token;
use crate::system;

/// Whether the private part was in the text as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    Given,
    NotGiven,
}

/// A text that says whose it is.
#[derive(Clone, Debug)]
pub enum Given {
    Key(PublicKey),
    /// The public key of a seed.
    Seed(PublicKey),
    /// A token, alone or in creds. Its signature is not checked yet.
    Token(Box<Token>, Secret),
}

impl Given {
    /// Reads a text. `None`: it is nothing of this kind, perhaps a name.
    pub fn read(text: &[u8]) -> Option<Self> {
        let written = Zeroizing::new(String::from_utf8_lossy(text.trim_ascii()).into_owned());
        if let Some(key) = bare_key(&written) {
            return Some(Self::Key(key));
        }
        if let Some(key) = public_of(&written) {
            return Some(Self::Seed(key));
        }
        let creds = Creds::parse(text).ok()?;
        let token = Token::of_creds(&creds).ok()?;
        let secret = match creds.seed {
            Some(_) => Secret::Given,
            None => Secret::NotGiven,
        };
        Some(Self::Token(Box::new(token), secret))
    }

    /// Whose it is.
    pub fn subject(&self) -> PublicKey {
        match self {
            Self::Key(key) | Self::Seed(key) => *key,
            Self::Token(token, _) => token.envelope().subject,
        }
    }

    pub const fn secret(&self) -> Secret {
        match self {
            Self::Seed(_) => Secret::Given,
            Self::Key(_) => Secret::NotGiven,
            Self::Token(_, secret) => *secret,
        }
    }
}

/// A key that stands alone. Only a text of a key's length is tried: an error would keep a copy of what may be a seed.
pub(super) fn bare_key(written: &str) -> Option<PublicKey> {
    (written.len() == KEY_CHARS).then(|| written.parse().ok())?
}

/// The public key of a seed, bare as in a `.nk` file.
fn public_of(written: &str) -> Option<PublicKey> {
    let seed = Seed::new(Zeroizing::new(written.to_owned())).ok()?;
    seed.public_key().ok()
}

/// Whether a word could be a seed, or a part of one, that is no longer whole: it must not be repeated.
pub fn looks_secret(word: &str) -> bool {
    let is_base32 = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    word.len() > 20 && word.starts_with('S') && word.chars().all(is_base32)
}

/// What may hold a seed, and clears itself.
pub type Bytes = Zeroizing<Vec<u8>>;

/// The bytes of a file that somebody named.
pub async fn of_file(path: &Path) -> Result<Bytes, Refusal> {
    let path = path.to_owned();
    let name = path.display().to_string();
    read(name, move || File::open(&path).and_then(capped)).await
}

/// The bytes of standard input, past the buffer of the standard library, which would keep a copy.
pub async fn of_stdin() -> Result<Bytes, Refusal> {
    let bytes = || system::unbuffered_stdin().and_then(capped);
    read("standard input".to_owned(), bytes).await
}

async fn read(
    name: String,
    bytes: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
) -> Result<Bytes, Refusal> {
    let refused = |why: String| Refusal::Unreadable(format!("{name}: {why}").into());
    let read = aside(bytes)
        .await
        .ok_or_else(|| refused("reading it broke off".to_owned()))?;
    read.map_err(|error| refused(error.to_string()))
}

/// Reads on a thread of its own, which is left behind when nobody waits any more. The runtime waits for its blocking tasks when
/// it ends, and somebody who is asked for standard input and interrupts instead would wait for ever. `None`: it broke off.
pub async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = sender.send(read()); // nobody may wait for it any more
    });
    told.await.ok()
}

/// Reads one byte more than is taken, so that what is too long is refused by its reader. The buffer has room for all: one
/// that grows leaves parts of a seed behind.
fn capped(from: File) -> io::Result<Bytes> {
    const MOST: usize = MAX_CREDS_BYTES + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 1));
    from.take(MOST as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_key_and_a_seed_becomes_one() {
        let pair = nkeys::KeyPair::new_user();
        let seed = pair.seed().unwrap();

        let key = Given::read(pair.public_key().as_bytes()).unwrap();
        let given = Given::read(format!(" {seed}\n").as_bytes()).unwrap();

        assert!(matches!(key, Given::Key(_)));
        assert!(matches!(given, Given::Seed(_)));
        assert_eq!(key.subject(), given.subject());
        assert_eq!(given.secret(), Secret::Given);
        assert!(!format!("{given:?}").contains(&seed));
    }

    #[test]
    fn a_name_is_nothing_of_this_kind() {
        for name in ["ORDERS", "ORDERS/worker", "", "SUAB", "n1/41"] {
            assert!(Given::read(name.as_bytes()).is_none(), "{name}");
        }
    }
}
