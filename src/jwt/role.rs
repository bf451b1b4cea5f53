//! Roles: scoped signing keys of an account, with the template that every user they sign gets.

use serde::{Deserialize, Serialize};

use super::json::Node;
use super::keys::PublicKey;
use super::limits::Limit;
use super::user::{Permissions, Restrictions};
use super::view::view;
use crate::text::Text;

/// A scoped signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub key: PublicKey,
    /// The `role` of the scope. It need not be unique in its account.
    pub name: Text,
    pub description: Text,
    pub template: Template,
}

/// What a user of the role gets; subjects may hold `{{name()}}` and friends. A limit that it does not name is unlimited.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    pub permissions: Permissions,
    pub restrictions: Restrictions,
}

/// One entry of `signing_keys` of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SigningKey {
    /// Signs users with whatever permissions their tokens carry.
    Plain(PublicKey),
    Scoped(Box<Role>),
    /// No key at all; servers take no notice of it.
    Malformed(Text),
}

/// How a key stands to its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignerKind {
    Identity,
    Signing,
    Scoped,
}

impl SigningKey {
    pub fn key(&self) -> Option<PublicKey> {
        match self {
            Self::Plain(key) => Some(*key),
            Self::Scoped(role) => Some(role.key),
            Self::Malformed(_) => None,
        }
    }

    pub(super) fn of(entry: &Node) -> Self {
        let written = entry
            .as_str()
            .or_else(|| entry.get("key")?.as_str())
            .unwrap_or_default();
        let Ok(key) = written.parse() else {
            return Self::Malformed(written.into());
        };
        match view::<Scope>(entry) {
            Ok(scope) if entry.as_str().is_none() => Self::Scoped(Box::new(scope.into_role(key))),
            _ => Self::Plain(key),
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
struct Scope {
    role: Text,
    description: Text,
    #[serde(deserialize_with = "template")]
    template: Template,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            role: Text::default(),
            description: Text::default(),
            template: Template::new(Permissions::default(), Restrictions::default()),
        }
    }
}

impl Scope {
    fn into_role(self, key: PublicKey) -> Role {
        Role {
            key,
            name: self.role,
            description: self.description,
            template: self.template,
        }
    }
}

impl Template {
    fn new(permissions: Permissions, restrictions: Restrictions) -> Self {
        Self {
            permissions,
            restrictions,
        }
    }
}

/// Go decodes a template onto limits that are unlimited, unlike a user's.
fn template<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(flatten)]
        permissions: Permissions,
        #[serde(flatten)]
        restrictions: Restrictions,
        subs: Option<Limit>,
        data: Option<Limit>,
        payload: Option<Limit>,
    }
    let body = Body::deserialize(deserializer)?;
    let mut restrictions = body.restrictions;
    restrictions.subscriptions = body.subs.unwrap_or(Limit::Unlimited);
    restrictions.data_bytes = body.data.unwrap_or(Limit::Unlimited);
    restrictions.payload_bytes = body.payload.unwrap_or(Limit::Unlimited);
    Ok(Template::new(body.permissions, restrictions))
}
