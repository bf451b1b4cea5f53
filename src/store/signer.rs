//! Signers over files: read the seed, sign, clear it, every time. They say which key they are and never what it is.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::StoreError;
use super::seed::{SEED_CHARS, Seed, trim_line_end, without_trace};
use super::write::{Over, make_directories, write_file};
use crate::jwt::creds::Creds;
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::signer::{SignError, Signer};
use crate::jwt::token::Token;
use crate::text::Text;

/// A seed and a few line ends; what is longer holds something else.
const KEY_FILE_BYTES: usize = SEED_CHARS + 6;

/// A creds file: two blocks with a token of ordinary size between. Go reads any length; 1 MiB is where tokens end.
const CREDS_BYTES: u64 = crate::jwt::creds::MAX_CREDS_BYTES as u64;

/// Signs with the key of one `.nk` file.
#[derive(Clone)]
pub struct FileSigner {
    path: PathBuf,
    key: PublicKey,
}

impl FileSigner {
    /// Looks once whether the file holds the private part of that key.
    pub(super) fn open(path: PathBuf, key: PublicKey) -> Result<Self, SignError> {
        let signer = Self { path, key };
        without_trace(|| signer.seed().map(drop))?;
        Ok(signer)
    }

    /// A user key of our own at that path, made on first use: who writes a ledger.
    pub fn create_or_open(path: &Path) -> Result<Self, StoreError> {
        without_trace(|| Self::created_or_opened(path))
    }

    fn created_or_opened(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            make_directories(path.parent().unwrap_or(Path::new(".")))?;
            let seed = Seed::random(KeyKind::User)
                .map_err(|error| StoreError::NoRandomness(error.to_string().into()))?;
            match write_file(path, seed.text().as_bytes(), Over::Nothing) {
                // Another process was quicker; its key is as good.
                Ok(()) | Err(StoreError::Taken { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let unknown = PublicKey {
            kind: KeyKind::User,
            bytes: [0; 32],
        };
        let seed = read_seed(path, unknown)?;
        Ok(Self {
            path: path.to_owned(),
            key: seed.public_key(),
        })
    }

    fn seed(&self) -> Result<Seed, SignError> {
        let seed = read_seed(&self.path, self.key)?;
        if seed.public_key() == self.key {
            Ok(seed)
        } else {
            Err(SignError::Mismatch { key: self.key })
        }
    }
}

impl Signer for FileSigner {
    fn public_key(&self) -> PublicKey {
        self.key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        without_trace(|| self.seed().map(|seed| seed.sign(message)))
    }
}

impl fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileSigner").field(&self.key).finish()
    }
}

/// Reads the seed of a file; `key` is only whom an error names.
pub(super) fn read_seed(path: &Path, key: PublicKey) -> Result<Seed, SignError> {
    let unreadable = |why: &str| SignError::Unreadable {
        key,
        why: why.into(),
    };
    match path.metadata() {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(unreadable("it is not a file")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(SignError::NotHeld { key });
        }
        Err(error) => return Err(unreadable(&error.to_string())),
    }
    let mut buffer = Zeroizing::new([0; KEY_FILE_BYTES]);
    let mut file = File::open(path).map_err(|error| unreadable(&error.to_string()))?;
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file
            .read(rest)
            .map_err(|error| unreadable(&error.to_string()))?
        {
            0 => break,
            read => length += read,
        }
    }
    let written = trim_line_end(buffer.get(..length).unwrap_or_default());
    if let Some(seed) = Seed::parse(written) {
        return Ok(seed);
    }
    let is_public = str::from_utf8(written).is_ok_and(|text| text.parse::<PublicKey>().is_ok());
    Err(if is_public {
        SignError::NotHeld { key }
    } else {
        unreadable("it holds no seed")
    })
}

/// Signs with the seed of a creds file, which is read again each time: a renewed file works.
#[derive(Clone)]
pub struct CredsSigner {
    source: CredsSource,
    key: PublicKey,
}

/// Where creds come from.
#[derive(Clone)]
pub enum CredsSource {
    File(PathBuf),
    /// The text itself, from a context that carries it.
    Text(Zeroizing<String>),
}

/// What a client sends that logs in with creds. No `Debug`: a bearer's token is a credential.
pub struct Presented {
    pub token_text: Text,
    /// `None`: there is no whole seed beside the token.
    pub signature: Option<[u8; 64]>,
}

impl CredsSource {
    /// The answer to a server's challenge by creds as they are written, fitting or not: what they are worth is for a server to say.
    pub fn present(&self, nonce: &[u8]) -> Result<Presented, StoreError> {
        without_trace(|| {
            let creds = Creds::parse(&self.bytes()?)?;
            let written = creds.seed.as_ref();
            let seed = written.and_then(|seed| Seed::parse(seed.expose_seed().as_bytes()));
            Ok(Presented {
                token_text: creds.token_text,
                signature: seed.map(|seed| seed.sign(nonce)),
            })
        })
    }

    fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        match self {
            Self::File(path) => read_creds_file(path),
            Self::Text(text) => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        }
    }
}

impl CredsSigner {
    /// Reads the creds and checks that their seed is the token's.
    pub fn open(source: CredsSource) -> Result<(Self, Token), StoreError> {
        let (token, key) =
            without_trace(|| read_creds(&source).map(|(token, seed)| (token, seed.public_key())))?;
        Ok((Self { source, key }, token))
    }

    /// The token as it is now, which a renewal may have changed.
    pub fn token(&self) -> Result<Token, StoreError> {
        without_trace(|| read_creds(&self.source).map(|(token, _)| token))
    }

    /// Token and signature of one reading, so that they fit each other.
    pub fn answer(&self, nonce: &[u8]) -> Result<(Token, [u8; 64]), StoreError> {
        without_trace(|| read_creds(&self.source).map(|(token, seed)| (token, seed.sign(nonce))))
    }
}

impl Signer for CredsSigner {
    fn public_key(&self) -> PublicKey {
        self.key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        let key = self.key;
        let unreadable = |error: StoreError| SignError::Unreadable {
            key,
            why: error.to_string().into(),
        };
        without_trace(|| match read_creds(&self.source).map_err(unreadable)? {
            (_, seed) if seed.public_key() == key => Ok(seed.sign(message)),
            _ => Err(SignError::Mismatch { key }),
        })
    }
}

impl fmt::Debug for CredsSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CredsSigner").field(&self.key).finish()
    }
}

/// Token and seed of creds that fit each other.
fn read_creds(source: &CredsSource) -> Result<(Token, Seed), StoreError> {
    let creds = Creds::parse(&source.bytes()?)?;
    let token = Token::decode(creds.token_text.raw())?;
    let key = token.envelope().subject;
    let written = creds.seed.ok_or(SignError::NotHeld { key })?;
    let seed = Seed::parse(written.expose_seed().as_bytes()).ok_or(SignError::Unreadable {
        key,
        why: "its seed is damaged".into(),
    })?;
    if seed.public_key() == key {
        Ok((token, seed))
    } else {
        Err(SignError::Mismatch { key }.into())
    }
}

/// The bytes of a creds file, in a buffer that never grew and so left no copy behind.
pub(super) fn read_creds_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    use crate::inventory::Problem;
    let refused = |problem| StoreError::File {
        place: super::write::shown(path),
        problem,
    };
    let unreadable = |error: std::io::Error| refused(super::read::unreadable(&error));
    let about = path.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(refused(Problem::NotAFile));
    }
    if about.len() > CREDS_BYTES {
        return Err(refused(Problem::TooLarge));
    }
    let room = usize::try_from(about.len()).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room + 1));
    let file = File::open(path).map_err(unreadable)?;
    file.take(about.len())
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}
