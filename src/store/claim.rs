//! The quick way from the text of a user token to a row: typed, borrowed, one pass. It gives up at the first thing that is not
//! exactly as Go tools write it (a doubled or folded key, a key that it does not know, another version), and then the token is
//! read by `jwt`'s rules. So a row says what a server would read, however it was read. It checks no signature.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::inventory::Problem;
use crate::inventory::terms::{Rules, Terms, Window};
use crate::inventory::user::UserEntry;
use crate::jwt::envelope::TokenKind;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::jwt::limits::Limit;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{MAX_TOKEN_BYTES, Token, TokenError};
use crate::jwt::user::{AllowDeny, Responses, User};
use crate::text::Text;

/// `{"typ":"JWT","alg":"ed25519-nkey"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ";

/// Characters of an Ed25519 signature in base64url.
const SIGNATURE_CHARS: usize = 86;

/// Whether the text has a whole signature at its end. A file that was written by half has not.
pub(super) fn is_whole(token: &str) -> bool {
    let signature = token.trim_end().rsplit('.').next().unwrap_or_default();
    signature
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .count()
        == SIGNATURE_CHARS
}

/// What is wrong with the file of a token that could not be read.
pub(super) fn problem_of(error: &TokenError) -> Problem {
    match error {
        TokenError::Empty => Problem::Empty,
        TokenError::TooLarge { .. } => Problem::TooLarge,
        TokenError::Kind { found, .. } => Problem::WrongKind { found: *found },
        TokenError::Parts { .. }
        | TokenError::Base64 { .. }
        | TokenError::Json { .. }
        | TokenError::Header(_)
        | TokenError::Newer(_)
        | TokenError::Version(_)
        | TokenError::Misfit(_)
        | TokenError::Key { .. }
        | TokenError::IssuerKind(_)
        | TokenError::Signature { .. }
        | TokenError::Sign(_) => Problem::Torn {
            why: error.to_string().into(),
        },
    }
}

/// Reads a user token the quick way. `None` is no verdict: read it the long way.
pub(super) fn quick<'a>(token: &str, scratch: &'a mut Vec<u8>) -> Option<UserEntry<'a, Str<'a>>> {
    let token = token.trim();
    let rest = token.strip_prefix(HEADER)?.strip_prefix('.')?;
    let (payload, signature) = rest.split_once('.')?;
    if signature.contains('.') || token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let length = BASE64URL_NOPAD.decode_len(payload.len()).ok()?;
    scratch.resize(length, 0);
    let decoded = BASE64URL_NOPAD
        .decode_mut(payload.as_bytes(), scratch)
        .ok()?;
    let Object(claim): Object<Claim<'a>> = serde_json::from_slice(scratch.get(..decoded)?).ok()?;
    claim.into_entry()
}

/// Reads a user token as servers do; also says whether every tool shows it alike.
pub(super) fn slow(token: &str) -> Result<(User, Option<Problem>), Problem> {
    let token = Token::decode(token).map_err(|error| problem_of(&error))?;
    let user = token
        .expect(TokenKind::User)
        .and_then(User::of)
        .map_err(|error| problem_of(&error))?;
    let odd = (!token.oddities().is_empty()).then_some(Problem::Unfaithful);
    Ok((user, odd))
}

/// The entry of a user that was read the long way.
pub(super) fn entry_of(user: &User) -> UserEntry<'_, &str> {
    UserEntry {
        key: user.id,
        name: Cow::Borrowed(user.name.raw()),
        account: user.account,
        issuer: user.issuer,
        issued_at: user.issued_at,
        expires_at: user.expires_at,
        terms: terms_of(user),
    }
}

fn terms_of(user: &User) -> Terms<&str> {
    let restrictions = &user.restrictions;
    let zone = restrictions.times_location.raw();
    Terms {
        publish: rules_of(&user.permissions.publish),
        subscribe: rules_of(&user.permissions.subscribe),
        responses: user.permissions.responses,
        networks: raw(&restrictions.networks),
        times: restrictions
            .times
            .iter()
            .map(|range| Window {
                start: range.start.raw(),
                end: range.end.raw(),
            })
            .collect(),
        times_location: (!zone.is_empty()).then_some(zone),
        subscriptions: restrictions.subscriptions,
        data_bytes: restrictions.data_bytes,
        payload_bytes: restrictions.payload_bytes,
        bearer: restrictions.bearer,
        proxy_required: restrictions.proxy_required,
        connection_types: raw(&restrictions.connection_types),
        tags: raw(&user.tags),
        not_before: user.not_before,
    }
}

fn rules_of(rules: &AllowDeny) -> Rules<&str> {
    Rules {
        allow: rules.allow.as_deref().map(raw),
        deny: raw(&rules.deny),
    }
}

fn raw(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(Text::raw).collect()
}

/// A string of the payload: borrowed unless it has escapes.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A struct that is written as an object: serde would take a list of its fields as well, Go does not.
#[derive(Default)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(ObjectVisitor(PhantomData))
            .map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim<'a> {
    #[serde(borrow, default, rename = "aud")]
    _audience: Str<'a>,
    #[serde(default)]
    exp: i64,
    #[serde(borrow, default, rename = "jti")]
    _id: Str<'a>,
    #[serde(default)]
    iat: i64,
    #[serde(borrow)]
    iss: Str<'a>,
    #[serde(borrow, default)]
    name: Str<'a>,
    #[serde(default)]
    nbf: i64,
    #[serde(borrow)]
    sub: Str<'a>,
    #[serde(borrow)]
    nats: Object<Body<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow, default, rename = "pub")]
    publish: Object<Subjects<'a>>,
    #[serde(borrow, default, rename = "sub")]
    subscribe: Object<Subjects<'a>>,
    resp: Option<Object<Resp>>,
    #[serde(borrow, default)]
    src: Vec<Str<'a>>,
    #[serde(borrow, default)]
    times: Vec<Object<Times<'a>>>,
    #[serde(borrow, default)]
    times_location: Str<'a>,
    #[serde(default)]
    subs: i64,
    #[serde(default)]
    data: i64,
    #[serde(default)]
    payload: i64,
    #[serde(default)]
    bearer_token: bool,
    #[serde(default)]
    proxy_required: bool,
    #[serde(borrow, default)]
    allowed_connection_types: Vec<Str<'a>>,
    #[serde(borrow, default)]
    issuer_account: Str<'a>,
    #[serde(borrow, default)]
    tags: Vec<Str<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    version: i64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subjects<'a> {
    #[serde(borrow)]
    allow: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    deny: Vec<Str<'a>>,
}

impl<'a> Subjects<'a> {
    fn into_rules(self) -> Rules<Str<'a>> {
        Rules {
            allow: self.allow,
            deny: self.deny,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resp {
    #[serde(default)]
    max: i64,
    #[serde(default)]
    ttl: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Times<'a> {
    #[serde(borrow, default)]
    start: Str<'a>,
    #[serde(borrow, default)]
    end: Str<'a>,
}

impl<'a> Claim<'a> {
    fn into_entry(self) -> Option<UserEntry<'a, Str<'a>>> {
        let Object(body) = self.nats;
        if body.version != 2 || body.kind.as_ref() != "user" {
            return None;
        }
        let issuer: PublicKey = self.iss.as_ref().parse().ok()?;
        let account = match body.issuer_account.as_ref() {
            "" => AccountId::try_from(issuer).ok()?,
            account => account.parse().ok()?,
        };
        let time = |seconds: i64| (seconds != 0).then_some(UnixTime(seconds));
        Some(UserEntry {
            key: self.sub.as_ref().parse().ok()?,
            name: self.name.0,
            account,
            issuer,
            issued_at: time(self.iat),
            expires_at: time(self.exp),
            terms: Terms {
                not_before: time(self.nbf),
                ..body_terms(body)
            },
        })
    }
}

fn body_terms(body: Body<'_>) -> Terms<Str<'_>> {
    Terms {
        publish: body.publish.0.into_rules(),
        subscribe: body.subscribe.0.into_rules(),
        responses: body.resp.map(|Object(resp)| Responses {
            max: resp.max,
            ttl_ns: resp.ttl,
        }),
        networks: body.src,
        times: body
            .times
            .into_iter()
            .map(|Object(times)| Window {
                start: times.start,
                end: times.end,
            })
            .collect(),
        times_location: (!body.times_location.0.is_empty()).then_some(body.times_location),
        subscriptions: Limit::of_token(body.subs),
        data_bytes: Limit::of_token(body.data),
        payload_bytes: Limit::of_token(body.payload),
        bearer: body.bearer_token,
        proxy_required: body.proxy_required,
        connection_types: body.allowed_connection_types,
        tags: body.tags,
        not_before: None,
    }
}
