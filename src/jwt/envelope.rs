//! What a token says about itself, outside its body: kind, signer, subject, name and times.

use serde::Serialize;

use super::go_rules;
use super::json::Node;
use super::keys::{KeyError, KeyKind, PublicKey};
use super::shapes;
use super::time::UnixTime;
use super::token::TokenError;
use crate::text::Text;

/// What a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    Operator,
    Account,
    User,
    Activation,
    AuthorizationRequest,
    AuthorizationResponse,
    /// Anything else, as delete requests are.
    Generic,
}

impl TokenKind {
    fn of(name: &str) -> Self {
        match name {
            "operator" => Self::Operator,
            "account" => Self::Account,
            "user" => Self::User,
            "activation" => Self::Activation,
            "authorization_request" => Self::AuthorizationRequest,
            "authorization_response" => Self::AuthorizationResponse,
            _ => Self::Generic,
        }
    }

    /// The word for messages: "a token of a user".
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Operator => "an operator",
            Self::Account => "an account",
            Self::User => "a user",
            Self::Activation => "an activation",
            Self::AuthorizationRequest => "an authorization request",
            Self::AuthorizationResponse => "an authorization response",
            Self::Generic => "another kind",
        }
    }

    /// The kinds of key that may sign it. Empty: any.
    pub(super) fn issuers(self) -> &'static [KeyKind] {
        match self {
            Self::Operator => &[KeyKind::Operator],
            Self::Account => &[KeyKind::Operator, KeyKind::Account],
            Self::User | Self::AuthorizationResponse => &[KeyKind::Account],
            Self::Activation => &[KeyKind::Account, KeyKind::Operator],
            Self::AuthorizationRequest => &[KeyKind::Server],
            Self::Generic => &[],
        }
    }
}

/// What a token says about itself, outside its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub kind: TokenKind,
    /// 1 or 2; version 1 signs the payload alone.
    pub version: u8,
    pub issuer: PublicKey,
    pub subject: PublicKey,
    pub name: Text,
    /// `None` is Go's zero: servers admit such a user, and close it at the next push with any revocation.
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    pub not_before: Option<UnixTime>,
    /// The `jti`.
    pub id: Text,
}

impl Envelope {
    /// The subject as the id of one kind of thing.
    pub(super) fn subject_as<T: TryFrom<PublicKey, Error = KeyError>>(
        &self,
    ) -> Result<T, TokenError> {
        let unfit = |error| TokenError::Key {
            field: "sub",
            error,
        };
        self.subject.try_into().map_err(unfit)
    }
}

/// Kind and version: at the top for version 1, in the body since.
pub(super) fn identify(tree: &Node) -> Result<(TokenKind, u8), TokenError> {
    let (read, _) = go_rules::read(&shapes::IDENTIFIER, tree)?;
    let top = read.get("type").and_then(Node::as_str).unwrap_or_default();
    if !top.is_empty() {
        return Ok((TokenKind::of(top), 1));
    }
    let kind = read
        .at(&["nats", "type"])
        .and_then(Node::as_str)
        .unwrap_or_default();
    let version = read
        .at(&["nats", "version"])
        .and_then(Node::as_i64)
        .unwrap_or_default();
    let kind = TokenKind::of(kind);
    match (version, kind) {
        (1, _) => Ok((kind, 1)),
        (2, _) => Ok((kind, 2)),
        (3.., _) => Err(TokenError::Newer(version)),
        (
            ..=0,
            TokenKind::Operator | TokenKind::Account | TokenKind::User | TokenKind::Activation,
        ) => Err(TokenError::Version(version)),
        // Go looks at the version of these only to know what was signed.
        (
            ..=0,
            TokenKind::AuthorizationRequest | TokenKind::AuthorizationResponse | TokenKind::Generic,
        ) => Ok((kind, 1)),
    }
}

pub(super) fn read(kind: TokenKind, version: u8, read: &Node) -> Result<Envelope, TokenError> {
    let text = |key| read.get(key).and_then(Node::as_str).unwrap_or_default();
    let key = |field| {
        text(field)
            .parse()
            .map_err(|error| TokenError::Key { field, error })
    };
    let time = |key| {
        read.get(key)
            .and_then(Node::as_i64)
            .filter(|seconds| *seconds != 0)
            .map(UnixTime)
    };
    Ok(Envelope {
        kind,
        version,
        issuer: key("iss")?,
        subject: key("sub")?,
        name: text("name").into(),
        issued_at: time("iat"),
        expires_at: time("exp"),
        not_before: time("nbf"),
        id: text("jti").into(),
    })
}

/// Sets a key of the envelope, where Go would write it if it is new.
pub(super) fn set(tree: &mut Node, key: &str, value: Node) {
    let Node::Object(pairs) = tree else { return };
    if let Some((_, held)) = pairs.iter_mut().find(|(held, _)| held == key) {
        *held = value;
        return;
    }
    let rank = |key: &str| {
        shapes::envelope_keys()
            .position(|known| known == key)
            .unwrap_or(usize::MAX)
    };
    let place = pairs
        .iter()
        .position(|(held, _)| rank(held) > rank(key))
        .unwrap_or(pairs.len());
    pairs.insert(place, (key.to_owned(), value));
}

/// Takes a key of the envelope away.
pub(super) fn remove(tree: &mut Node, key: &str) {
    if let Node::Object(pairs) = tree {
        pairs.retain(|(held, _)| held != key);
    }
}
