//! What unit tests of several modules share: fixtures, keys made of one byte, small tokens.

use std::path::{Path, PathBuf};

use ed25519_dalek::Signer as _;

use crate::jwt::json::Node;
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::signer::{SignError, Signer};
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;

/// A file of the shared folder: `NATS_OAM_SHARED`, else `../shared` beside the checkout.
pub(crate) fn shared(path: &str) -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("NATS_OAM_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join(path)
}

/// Signs with a key made of one byte, 32 times.
pub(crate) struct ByteSigner {
    kind: KeyKind,
    key: ed25519_dalek::SigningKey,
}

impl ByteSigner {
    pub(crate) fn new(kind: KeyKind, byte: u8) -> Self {
        Self {
            kind,
            key: ed25519_dalek::SigningKey::from_bytes(&[byte; 32]),
        }
    }
}

impl Signer for ByteSigner {
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

pub(crate) fn operator_signer() -> ByteSigner {
    ByteSigner::new(KeyKind::Operator, 1)
}

pub(crate) fn account_signer() -> ByteSigner {
    ByteSigner::new(KeyKind::Account, 2)
}

/// The tree of an account with these fields in its body.
pub(crate) fn account<const N: usize>(name: &str, fields: [(&str, Node); N]) -> Node {
    body_of("account", name, account_signer().public_key(), fields)
}

/// The tree of a user (key of the byte 3) with these fields in its body.
pub(crate) fn user<const N: usize>(name: &str, fields: [(&str, Node); N]) -> Node {
    body_of(
        "user",
        name,
        ByteSigner::new(KeyKind::User, 3).public_key(),
        fields,
    )
}

fn body_of<const N: usize>(
    kind: &str,
    name: &str,
    subject: PublicKey,
    fields: [(&str, Node); N],
) -> Node {
    let tail = [("type", Node::from(kind)), ("version", Node::from(2))];
    let body = fields
        .into_iter()
        .chain(tail)
        .map(|(key, node)| (key.to_owned(), node))
        .collect();
    Node::object([
        ("name", Node::from(name)),
        ("sub", Node::from(subject.to_string())),
        ("nats", Node::Object(body)),
    ])
}

pub(crate) fn token_of(tree: &Node, signer: &dyn Signer) -> Token {
    Token::issue(tree, signer, UnixTime(1_700_000_000)).unwrap()
}
