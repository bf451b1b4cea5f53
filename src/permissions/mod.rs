//! What a user may really do: permissions as servers put them together, each rule with its origin.
//! What they say of a subject is in [`decide`]. Pure.

pub mod decide;
mod effective;
pub mod reach;
mod release;
mod template;
#[cfg(test)]
mod tests;
pub mod who_can;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use self::effective::{EffectivePermissions, Replies};
use crate::explain::{Code, Explain, Explanation};
use crate::jwt::keys::PublicKey;
use crate::jwt::subject::{QueuePattern, SubjectError, SubjectPattern};
use crate::jwt::token::TokenError;
use crate::text::Text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Publish,
    Subscribe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Allow,
    Deny,
}

/// One line of what a user may do. A deny beats every allow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Rule {
    pub verb: Verb,
    #[serde(rename = "subject")]
    pub pattern: SubjectPattern,
    /// `None` speaks of every subscription, in a queue or not. Rules for publishing never have one.
    pub queue: Option<QueuePattern>,
    pub effect: Effect,
    #[serde(flatten)]
    pub from: Origin,
}

/// Who wrote a rule. Serialized as two fields, `from` and `key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The user's own token.
    User,
    /// The template of the role with this key.
    Role(PublicKey),
    /// The default permissions of the account, which hold for users without any.
    AccountDefault,
    /// Nobody: a server denies `>` where it keeps an allow list without a usable entry.
    Server,
    /// Nobody: without an allow list, everything is allowed.
    NoRule,
}

impl Origin {
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Role(_) => "role",
            Self::AccountDefault => "account_default",
            Self::Server => "server",
            Self::NoRule => "no_rule",
        }
    }

    pub const fn role(self) -> Option<PublicKey> {
        match self {
            Self::Role(key) => Some(key),
            Self::User | Self::AccountDefault | Self::Server | Self::NoRule => None,
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Origin", 2)?;
        fields.serialize_field("from", self.word())?;
        fields.serialize_field("key", &self.role())?;
        fields.end()
    }
}

/// Why servers refuse a login whose permissions they cannot put together. The client is told none of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Unreadable(#[from] TokenError),
    #[error("its signer {issuer} is no key of the account")]
    SignerGone { issuer: PublicKey },
    #[error("a user of a role carries permissions or limits of its own")]
    NotBare,
    /// The token itself is invalid; only a user outside roles can have this.
    #[error("{} holds \"{entry}\", which is no entry of that list", list_of(*.verb))]
    InvalidEntry { verb: Verb, entry: Text },
    #[error("the template entry \"{entry}\" calls \"{function}\", which servers do not know")]
    UnknownFunction { entry: Text, function: Text },
    #[error("the template denies \"{entry}\", and there is no tag \"{tag}\"")]
    TagMissing { entry: Text, tag: Text },
    #[error("the template denies \"{entry}\", which becomes no subject: {error}")]
    InvalidDeny { entry: Text, error: SubjectError },
    #[error("the template entry \"{entry}\" takes its list over {limit} subjects")]
    TooManySubjects { entry: Text, limit: usize },
    /// A bound of ours: what servers make of such an entry is not known.
    #[error("the template entry \"{entry}\" takes its list over {limit_bytes} bytes of subjects")]
    TooLong { entry: Text, limit_bytes: usize },
}

const fn list_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Publish => "pub",
        Verb::Subscribe => "sub",
    }
}

impl Explain for Refusal {
    fn explain(&self) -> Explanation {
        let so = if matches!(self, Self::TooLong { .. }) {
            "what servers make of it is not known"
        } else {
            "servers refuse the login; the client is told \"Authorization Violation\" and nothing else"
        };
        let told = Explanation::new(Code::NotPermitted, self.to_string(), so);
        match self {
            Self::Unreadable(_) | Self::InvalidEntry { .. } => told.then("issue the user again"),
            Self::SignerGone { .. } => told.then("issue the user again with a key of the account"),
            Self::NotBare => {
                told.then("issue the user again through its role, which leaves them out")
            }
            Self::TagMissing { tag, .. } => {
                told.then(format!("issue the user again with a tag \"{tag}:...\""))
            }
            Self::UnknownFunction { .. } => {
                told.then("correct the template; that drops everybody who uses the role")
            }
            Self::InvalidDeny { .. } => told
                .then("issue the user again with a name and tags that are parts of subjects")
                .then("correct the template; that drops everybody who uses the role"),
            Self::TooManySubjects { .. } | Self::TooLong { .. } => {
                told.then("issue the user again with fewer and shorter tags")
            }
        }
    }
}
