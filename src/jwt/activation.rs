//! An activation: the token by which an account lets another one import. It lies in the importer's token as text; whether it is
//! good there is the servers' to say.

use super::account::Import;
use super::envelope::TokenKind;
use super::keys::{AccountId, PublicKey};
use super::time::UnixTime;
use super::token::Token;
use crate::text::Text;

/// An activation as its token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    pub name: Text,
    /// A key of the exporter.
    pub issuer: PublicKey,
    /// Whom it is for.
    pub importer: AccountId,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
}

impl Activation {
    /// The activation that an import carries. An address of one is none: nobody fetches it here.
    pub fn of_import(import: &Import) -> Option<Self> {
        let token = Token::decode(import.token.raw()).ok()?;
        let envelope = token.expect(TokenKind::Activation).ok()?.envelope();
        Some(Self {
            name: envelope.name.clone(),
            issuer: envelope.issuer,
            importer: AccountId::try_from(envelope.subject).ok()?,
            issued_at: envelope.issued_at,
            expires_at: envelope.expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::json::Node;
    use crate::jwt::keys::KeyKind;
    use crate::jwt::signer::Signer as _;
    use crate::test_support::{ByteSigner, account_signer};

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
}
