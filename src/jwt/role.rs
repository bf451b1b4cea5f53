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
            template: Template::unlimited(Permissions::default(), Restrictions::default()),
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
    /// Go decodes a template, also one that is not there, onto limits that are unlimited, unlike a user's.
    fn unlimited(permissions: Permissions, restrictions: Restrictions) -> Self {
        Self {
            permissions,
            restrictions: Restrictions {
                subscriptions: Limit::Unlimited,
                data_bytes: Limit::Unlimited,
                payload_bytes: Limit::Unlimited,
                ..restrictions
            },
        }
    }
}

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
    let mut template = Template::unlimited(body.permissions, body.restrictions);
    let limits = &mut template.restrictions;
    limits.subscriptions = body.subs.unwrap_or(limits.subscriptions);
    limits.data_bytes = body.data.unwrap_or(limits.data_bytes);
    limits.payload_bytes = body.payload.unwrap_or(limits.payload_bytes);
    Ok(template)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::signer::Signer as _;
    use crate::test_support::account_signer;

    fn limits_of(template: Option<Node>) -> [Limit; 3] {
        let key = Node::from(account_signer().public_key().to_string());
        let mut scope = vec![("key".to_owned(), key)];
        scope.extend(template.map(|template| ("template".to_owned(), template)));
        let SigningKey::Scoped(role) = SigningKey::of(&Node::Object(scope)) else {
            panic!("not a role");
        };
        let limits = role.template.restrictions;
        [
            limits.subscriptions,
            limits.data_bytes,
            limits.payload_bytes,
        ]
    }

    #[test]
    fn what_a_template_does_not_limit_is_unlimited_also_without_a_template() {
        let some = Node::object([("subs", Node::from(4)), ("data", Node::from(0))]);

        assert_eq!(limits_of(None), [Limit::Unlimited; 3]);
        assert_eq!(limits_of(Some(Node::EMPTY_OBJECT)), [Limit::Unlimited; 3]);
        assert_eq!(
            limits_of(Some(some)),
            [Limit::AtMost(4), Limit::AtMost(0), Limit::Unlimited]
        );
    }
}
