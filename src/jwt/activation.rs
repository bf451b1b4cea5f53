//! An activation: the token by which an account lets another one import. It lies in the importer's token as text; whether it is
//! good there is the servers' to say.

use serde::Deserialize;

use super::account::{EntryKind, Import};
use super::envelope::TokenKind;
use super::keys::{AccountId, PublicKey};
use super::time::UnixTime;
use super::token::{Token, TokenError};
use super::view::view;
use crate::text::Text;

/// An activation as its token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    pub name: Text,
    /// Who may import.
    pub importer: AccountId,
    pub issuer: PublicKey,
    /// The exporter, where a signing key of it signed; else empty, and the issuer is the exporter.
    pub issuer_account: Text,
    pub kind: EntryKind,
    /// What may be imported: a subject of the exporter, or all subjects in a pattern.
    pub subject: Text,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    pub not_before: Option<UnixTime>,
}

impl Activation {
    /// The activation that an import carries. An address of one is none: nobody fetches it here.
    pub fn of_import(import: &Import) -> Option<Self> {
        Self::of(&Token::decode(import.token.raw()).ok()?).ok()
    }

    /// The same, with its signature checked, as servers read it.
    pub fn verified(import: &Import) -> Result<Self, TokenError> {
        let token = Token::decode(import.token.raw())?;
        token.verify()?;
        Self::of(&token)
    }

    pub fn of(token: &Token) -> Result<Self, TokenError> {
        let envelope = token.expect(TokenKind::Activation)?.envelope();
        let body: Body = view(token.body())?;
        let outside: Outside = view(token.as_read())?;
        let is_first_version = envelope.version < 2;
        Ok(Self {
            name: envelope.name.clone(),
            importer: envelope.subject_as()?,
            issuer: envelope.issuer,
            issuer_account: if is_first_version {
                outside.issuer_account
            } else {
                body.issuer_account
            },
            kind: if is_first_version {
                body.kind_of_first_version
            } else {
                body.kind
            },
            subject: body.subject,
            issued_at: envelope.issued_at,
            expires_at: envelope.expires_at,
            not_before: envelope.not_before,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    subject: Text,
    issuer_account: Text,
    kind: EntryKind,
    /// Version 1 called the kind its type; since then that is the kind of the token, which is no [`EntryKind`].
    #[serde(rename = "type", deserialize_with = "either")]
    kind_of_first_version: EntryKind,
}

/// Version 1 kept it beside the body.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Outside {
    issuer_account: Text,
}

fn either<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<EntryKind, D::Error> {
    let word = Text::deserialize(deserializer)?;
    Ok(match word.raw() {
        "stream" => EntryKind::Stream,
        "service" => EntryKind::Service,
        _ => EntryKind::Neither,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::json::Node;
    use crate::jwt::keys::KeyKind;
    use crate::jwt::signer::Signer as _;
    use crate::test_support::{ByteSigner, account_signer, shared};

    fn import(token: &str) -> Import {
        Import {
            token: token.into(),
            ..Import::default()
        }
    }

    #[test]
    fn an_import_carries_an_activation_or_the_address_of_one() {
        let importer = ByteSigner::new(KeyKind::Account, 7).public_key();
        let body = [
            ("subject", Node::from("orders.>")),
            ("kind", Node::from("stream")),
            ("type", Node::from("activation")),
            ("version", Node::from(2)),
        ];
        let tree = Node::object([
            ("exp", Node::from(900)),
            ("name", Node::from("orders")),
            ("sub", Node::from(importer.to_string())),
            ("nats", Node::object(body)),
        ]);
        let token = Token::issue(&tree, &account_signer(), UnixTime(100)).unwrap();

        let read = Activation::of_import(&import(token.text())).unwrap();

        assert_eq!(read.importer.key(), importer);
        assert_eq!(read.expires_at, Some(UnixTime(900)));
        assert_eq!(read.issuer, account_signer().public_key());
        for other in ["", "https://example.test/activation", "a.b.c"] {
            assert_eq!(Activation::of_import(&import(other)), None);
        }
    }

    #[test]
    fn the_activation_that_nsc_wrote_says_who_may_import_what() {
        let written = std::fs::read_to_string(shared("fixtures/nsc/omega/lookup.act")).unwrap();
        let token: String = written
            .lines()
            .filter(|line| line.starts_with("eyJ"))
            .collect();

        let activation = Activation::verified(&import(&token)).unwrap();

        assert_eq!(activation.kind, EntryKind::Service);
        assert!(!activation.subject.is_empty());
        assert!(activation.issued_at.is_some());
    }
}
