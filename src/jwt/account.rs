//! The typed view of an account: limits, signing keys, imports, exports, mappings, revocations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::TokenKind;
use super::json::Node;
use super::keys::{AccountId, PublicKey};
use super::limits::AccountLimits;
use super::revocations::Revocations;
use super::role::{Role, SignerKind, SigningKey};
use super::time::UnixTime;
use super::token::{Token, TokenError};
use super::user::Permissions;
use super::view::view;
use crate::text::Text;

/// An account as its token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: Text,
    pub issuer: PublicKey,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    pub not_before: Option<UnixTime>,
    pub description: Text,
    pub info_url: Text,
    pub tags: Vec<Text>,
    pub limits: AccountLimits,
    /// What holds for users without permissions of their own.
    pub default_permissions: Permissions,
    pub signing_keys: Vec<SigningKey>,
    pub imports: Vec<Import>,
    pub exports: Vec<Export>,
    pub mappings: BTreeMap<Text, Vec<Mapping>>,
    pub callout: Callout,
    pub revocations: Revocations,
}

impl Account {
    pub fn of(token: &Token) -> Result<Self, TokenError> {
        let envelope = token.expect(TokenKind::Account)?.envelope();
        let node = token.body();
        let body: Body = view(node)?;
        let signing_keys = match node.get("signing_keys") {
            Some(Node::Array(entries)) => entries.iter().map(SigningKey::of).collect(),
            _ => Vec::new(),
        };
        Ok(Self {
            id: envelope.subject_as()?,
            name: envelope.name.clone(),
            issuer: envelope.issuer,
            issued_at: envelope.issued_at,
            expires_at: envelope.expires_at,
            not_before: envelope.not_before,
            description: body.description,
            info_url: body.info_url,
            tags: body.tags,
            limits: body.limits,
            default_permissions: body.default_permissions,
            signing_keys,
            imports: body.imports,
            exports: body.exports,
            mappings: body.mappings,
            callout: body.authorization,
            revocations: Revocations::of(node.get("revocations")),
        })
    }

    /// How a key may sign users of this account, if it may.
    pub fn signer_kind(&self, key: PublicKey) -> Option<SignerKind> {
        if key == self.id.key() {
            return Some(SignerKind::Identity);
        }
        self.signing_keys
            .iter()
            .find(|held| held.key() == Some(key))
            .map(|held| match held {
                SigningKey::Scoped(_) => SignerKind::Scoped,
                SigningKey::Plain(_) | SigningKey::Malformed(_) => SignerKind::Signing,
            })
    }

    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.signing_keys.iter().filter_map(|key| match key {
            SigningKey::Scoped(role) => Some(&**role),
            SigningKey::Plain(_) | SigningKey::Malformed(_) => None,
        })
    }

    /// Signing keys without a scope.
    pub fn plain_keys(&self) -> impl Iterator<Item = PublicKey> {
        self.signing_keys.iter().filter_map(|key| match key {
            SigningKey::Plain(key) => Some(*key),
            SigningKey::Scoped(_) | SigningKey::Malformed(_) => None,
        })
    }

    pub fn role(&self, key: PublicKey) -> Option<&Role> {
        self.roles().find(|role| role.key == key)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    description: Text,
    info_url: Text,
    tags: Vec<Text>,
    limits: AccountLimits,
    default_permissions: Permissions,
    imports: Vec<Import>,
    exports: Vec<Export>,
    mappings: BTreeMap<Text, Vec<Mapping>>,
    authorization: Callout,
}

/// A message stream, or a service that answers. Servers take no notice of an entry that is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    Stream,
    Service,
    /// The token does not say.
    #[default]
    Neither,
}

/// What the account takes from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Import {
    pub name: Text,
    /// The exporter's subject.
    pub subject: Text,
    /// The exporter, as written: not every token holds a key here.
    pub account: Text,
    pub local_subject: Text,
    #[serde(rename = "type")]
    pub kind: EntryKind,
    pub share: bool,
    pub allow_trace: bool,
    /// An activation token, or the address of one.
    #[serde(skip_serializing)]
    pub token: Text,
    /// Deprecated name of the local subject.
    pub to: Text,
}

impl Import {
    /// The exporter, if a key of an account stands there.
    pub fn exporter(&self) -> Option<AccountId> {
        self.account.raw().parse().ok()
    }
}

/// What the account offers to others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Export {
    pub name: Text,
    pub subject: Text,
    #[serde(rename = "type")]
    pub kind: EntryKind,
    pub token_req: bool,
    pub response_type: Text,
    pub account_token_position: u64,
    pub advertise: bool,
    pub allow_trace: bool,
    pub description: Text,
    /// Importing accounts, or `*`, whose activations up to that time are dead.
    pub revocations: BTreeMap<Text, i64>,
}

/// One target of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mapping {
    pub subject: Text,
    /// Percent; 0 is 100.
    pub weight: u8,
    pub cluster: Text,
}

/// Who decides logins of this account instead of the servers. Off while `auth_users` is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Callout {
    pub auth_users: Vec<Text>,
    pub allowed_accounts: Vec<Text>,
    pub xkey: Text,
}

impl Callout {
    pub fn is_on(&self) -> bool {
        !self.auth_users.is_empty()
    }
}
