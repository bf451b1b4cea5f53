//! The typed view of a user, and what users share with the templates of roles: permissions and restrictions.
//! What a user may really do, with role and account, is worked out in `permissions`.

use serde::{Deserialize, Serialize};

use super::envelope::TokenKind;
use super::json::Node;
use super::keys::{AccountId, PublicKey, UserId};
use super::limits::Limit;
use super::time::UnixTime;
use super::token::{Token, TokenError};
use super::view::view;
use crate::text::Text;

/// A user as its token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: Text,
    /// The account that it belongs to: `issuer_account`, else the issuer itself.
    pub account: AccountId,
    pub issuer: PublicKey,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    pub not_before: Option<UnixTime>,
    pub permissions: Permissions,
    pub restrictions: Restrictions,
    pub tags: Vec<Text>,
}

impl User {
    pub fn of(token: &Token) -> Result<Self, TokenError> {
        let envelope = token.expect(TokenKind::User)?.envelope();
        let body: Body = view(token.body())?;
        let outside = token.as_read().get("issuer_account").and_then(Node::as_str);
        let account = match (body.issuer_account.raw(), outside) {
            ("", None | Some("")) => AccountId::try_from(envelope.issuer),
            ("", Some(outside)) => outside.parse(),
            (account, _) => account.parse(),
        };
        let unfit = |error| TokenError::Key {
            field: "issuer_account",
            error,
        };
        Ok(Self {
            id: envelope.subject_as()?,
            name: envelope.name.clone(),
            account: account.map_err(unfit)?,
            issuer: envelope.issuer,
            issued_at: envelope.issued_at,
            expires_at: envelope.expires_at,
            not_before: envelope.not_before,
            permissions: body.permissions,
            restrictions: body.restrictions,
            tags: body.tags,
        })
    }

    /// Whether the token carries nothing that only a role may say. Servers refuse a role's user that does, and an empty
    /// list counts: they compare with an empty Go struct.
    pub fn is_bare(token: &Token) -> bool {
        let Node::Object(pairs) = token.body() else {
            return true;
        };
        pairs.iter().all(|(key, value)| match key.as_str() {
            "pub" | "sub" => matches!(value, Node::Object(lists) if lists.is_empty()),
            "subs" | "data" | "payload" => value.as_i64() == Some(0),
            "bearer_token" | "proxy_required" => *value == Node::Bool(false),
            "times_location" => value.as_str() == Some(""),
            "resp" | "src" | "times" | "allowed_connection_types" => false,
            _ => true,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    #[serde(flatten)]
    permissions: Permissions,
    #[serde(flatten)]
    restrictions: Restrictions,
    issuer_account: Text,
    tags: Vec<Text>,
}

/// What may be published and subscribed, as written: templates and queues are not taken apart here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    #[serde(rename(deserialize = "pub"))]
    pub publish: AllowDeny,
    #[serde(rename(deserialize = "sub"))]
    pub subscribe: AllowDeny,
    #[serde(rename(deserialize = "resp"))]
    pub responses: Option<Responses>,
}

/// Two lists of subjects. An `allow` list that is there but empty is not the same as none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct AllowDeny {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<Text>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Text>,
}

/// How many replies may be published to a request's reply subject, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Responses {
    pub max: i64,
    #[serde(rename = "ttl")]
    pub ttl_ns: i64,
}

impl Serialize for Responses {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Responses", 2)?;
        fields.serialize_field("max", &self.max)?;
        fields.serialize_field("ttl_ms", &(self.ttl_ns / 1_000_000))?;
        fields.end()
    }
}

/// From where, when, how and how much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Restrictions {
    /// CIDR blocks; none is any.
    #[serde(rename = "src")]
    pub networks: Vec<Text>,
    pub times: Vec<TimeRange>,
    /// IANA zone of the times; empty is the server's own.
    pub times_location: Text,
    #[serde(rename = "subs")]
    pub subscriptions: Limit,
    /// Carried by tokens, enforced by no server.
    #[serde(rename = "data")]
    pub data_bytes: Limit,
    #[serde(rename = "payload")]
    pub payload_bytes: Limit,
    #[serde(rename = "bearer_token")]
    pub bearer: bool,
    pub proxy_required: bool,
    /// `STANDARD`, `WEBSOCKET`, `LEAFNODE`, `MQTT` and so on; none is all.
    #[serde(rename = "allowed_connection_types")]
    pub connection_types: Vec<Text>,
}

/// A part of the day, `HH:MM:SS` each; it may wrap round midnight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct TimeRange {
    pub start: Text,
    pub end: Text,
}
