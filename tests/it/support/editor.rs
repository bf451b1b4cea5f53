//! Somebody with the operator's keys who edits an account by hand: in the store, or on the servers.

use std::fs;

use nats_oam::jwt::edit::{Edit, Value, apply};
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{KeyKind, UserId};
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::store::keyring::{Keyring, NewKey};

use super::world::{Tenant, World};

pub struct Editor {
    keys: Keyring,
}

impl World {
    pub fn editor(&self) -> Editor {
        Editor {
            keys: Keyring::new(self.description().keystore_dir),
        }
    }
}

/// A text that the account is described with.
pub fn described(what: &str) -> Edit {
    Edit::set(["nats", "description"], Value::Given(Node::from(what)))
}

/// A revocation of whatever this user had until now and later.
pub fn revoked(user: UserId) -> Edit {
    let path = ["nats", "revocations", &user.to_string()];
    Edit::set(path, Value::Given(Node::from(4_000_000_000)))
}

impl Editor {
    /// The token with these edits, so many seconds younger, signed by the key that signed it before.
    pub fn edited(&self, on: &Token, edits: &[Edit], seconds: i64) -> Token {
        let signer = self.keys.signer(on.envelope().issuer).unwrap();
        let at = UnixTime(on.envelope().issued_at.unwrap().0 + seconds);
        Token::issue(&apply(on, edits, at), &signer, at).unwrap()
    }
}

/// The same by an operator whom no server trusts.
pub fn forged(on: &Token, edits: &[Edit], seconds: i64) -> Token {
    let foreign = NewKey::random(KeyKind::Operator).unwrap();
    let at = UnixTime(on.envelope().issued_at.unwrap().0 + seconds);
    Token::issue(&apply(on, edits, at), &foreign, at).unwrap()
}

impl Tenant {
    /// Puts a token of the account into the store.
    pub fn store(&self, token: &Token) {
        fs::write(&self.stored, &**token.text()).unwrap();
    }
}
