//! What a text from outside is: a key, a token, creds, or a seed. Seeds are turned into their public key here and forgotten.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::jwt::creds::{Creds, MAX_CREDS_BYTES, Seed};
use crate::jwt::keys::PublicKey;
use crate::jwt::token::Token;

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
        if let Ok(key) = written.parse() {
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

/// The public key of a seed, bare as in a `.nk` file.
fn public_of(written: &str) -> Option<PublicKey> {
    let seed = Seed::new(Zeroizing::new(written.to_owned())).ok()?;
    seed.public_key().ok()
}

/// The bytes of a file that somebody named. They may hold a seed, and clear themselves.
pub fn of_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let fail =
        |error: std::io::Error| Refusal::Unreadable(format!("{}: {error}", path.display()).into());
    let file = std::fs::File::open(path).map_err(fail)?;
    capped(file).map_err(fail)
}

/// The bytes of standard input.
pub fn of_stdin() -> Result<Zeroizing<Vec<u8>>, Refusal> {
    capped(std::io::stdin())
        .map_err(|error| Refusal::Unreadable(format!("standard input: {error}").into()))
}

/// One byte more than is taken, so that what is too long is refused by its reader. One allocation: a buffer that grows would
/// leave parts of a seed behind.
fn capped(from: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let most = MAX_CREDS_BYTES.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    from.take(u64::try_from(most).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
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
