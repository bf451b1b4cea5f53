//! Our typed views of operators, accounts and users, written down with the names that Go gives to their fields.

use nats_oam::jwt::account::{Account, EntryKind, Export, Import};
use nats_oam::jwt::envelope::TokenKind;
use nats_oam::jwt::keys::PublicKey;
use nats_oam::jwt::limits::{JetStream, JetStreamLimits, Limit};
use nats_oam::jwt::operator::Operator;
use nats_oam::jwt::revocations::{EVERYBODY, Revocations};
use nats_oam::jwt::role::SigningKey;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::{Token, TokenError};
use nats_oam::jwt::user::{AllowDeny, Permissions, Restrictions, User};
use nats_oam::text::Text;
use serde_json::{Map, Value, json};

use super::read_by_go;

/// What the view of a token shows, as Go would write it. `None` if its kind has no view, or if a key in it is none: there a
/// view is stricter than Go's reader, which looks at no key.
pub(super) fn shown(token: &Token) -> Option<Value> {
    let claims = match token.envelope().kind {
        TokenKind::Operator => Operator::of(token).map(|view| operator(&view)),
        TokenKind::Account => Account::of(token).map(|view| account(&view)),
        TokenKind::User => User::of(token).map(|view| user(&view)),
        TokenKind::Activation
        | TokenKind::AuthorizationRequest
        | TokenKind::AuthorizationResponse
        | TokenKind::Generic => return None,
    };
    match claims {
        Ok(claims) => Some(read_by_go::whole(claims)),
        Err(TokenError::Key { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

fn operator(view: &Operator) -> Value {
    json!({
        "sub": view.id, "name": view.name.raw(), "iss": view.issuer,
        "iat": seconds(view.issued_at), "exp": seconds(view.expires_at),
        "nats": {
            "signing_keys": view.signing_keys,
            "system_account": view.system_account,
            "operator_service_urls": texts(&view.service_urls),
            "account_server_url": view.account_server_url.raw(),
            "strict_signing_key_usage": view.strict,
            "tags": texts(&view.tags),
        },
    })
}

fn user(view: &User) -> Value {
    let mut nats = permissions(&view.permissions);
    nats.append(&mut restrictions(&view.restrictions));
    nats.insert("issuer_account".into(), json!(view.account));
    nats.insert("tags".into(), texts(&view.tags));
    json!({
        "sub": view.id, "name": view.name.raw(), "iss": view.issuer,
        "iat": seconds(view.issued_at), "exp": seconds(view.expires_at), "nbf": seconds(view.not_before),
        "nats": nats,
    })
}

fn account(view: &Account) -> Value {
    let mappings: Map<String, Value> = view
        .mappings
        .iter()
        .map(|(from, targets)| {
            let targets = targets.iter().map(
                |to| json!({"subject": to.subject.raw(), "weight": to.weight, "cluster": to.cluster.raw()}),
            );
            (from.raw().to_owned(), targets.collect())
        })
        .collect();
    json!({
        "sub": view.id, "name": view.name.raw(), "iss": view.issuer,
        "iat": seconds(view.issued_at), "exp": seconds(view.expires_at), "nbf": seconds(view.not_before),
        "nats": {
            "description": view.description.raw(), "info_url": view.info_url.raw(), "tags": texts(&view.tags),
            "limits": limits(view),
            "default_permissions": permissions(&view.default_permissions),
            "signing_keys": view.signing_keys.iter().map(signing_key).collect::<Value>(),
            "imports": view.imports.iter().map(import).collect::<Value>(),
            "exports": view.exports.iter().map(export).collect::<Value>(),
            "mappings": mappings,
            "authorization": {
                "auth_users": texts(&view.callout.auth_users),
                "allowed_accounts": texts(&view.callout.allowed_accounts),
                "xkey": view.callout.xkey.raw(),
            },
            "revocations": revocations(&view.revocations),
        },
    })
}

/// Malformed keys are named without their times, which no server looks at.
fn revocations(list: &Revocations) -> Value {
    let named = list
        .by_user()
        .map(|(user, time)| (user.to_string(), json!(time.0)));
    let everybody = list
        .everybody()
        .map(|time| (EVERYBODY.to_owned(), json!(time.0)));
    Value::Object(named.chain(everybody).collect())
}

fn limits(view: &Account) -> Value {
    let held = &view.limits;
    let mut limits = match held.jetstream() {
        JetStream::Off => json!({}),
        JetStream::Flat(flat) => jetstream(flat),
        JetStream::Tiers(tiers) => {
            let tiers: Map<_, _> = tiers
                .iter()
                .map(|(name, tier)| (name.raw().to_owned(), jetstream(tier)))
                .collect();
            json!({ "tiered_limits": tiers })
        }
    };
    let counts = [
        ("conn", held.connections),
        ("leaf", held.leafnodes),
        ("subs", held.subscriptions),
        ("payload", held.payload_bytes),
        ("data", held.data_bytes),
        ("imports", held.imports),
        ("exports", held.exports),
    ];
    for (name, limit) in counts {
        limits[name] = number(limit);
    }
    limits["wildcards"] = json!(held.wildcard_exports);
    limits["disallow_bearer"] = json!(held.disallow_bearer);
    limits
}

fn jetstream(limits: &JetStreamLimits) -> Value {
    json!({
        "mem_storage": number(limits.mem_storage_bytes), "disk_storage": number(limits.disk_storage_bytes),
        "streams": number(limits.streams), "consumer": number(limits.consumers),
        "max_ack_pending": number(limits.max_ack_pending),
        "mem_max_stream_bytes": number(limits.mem_max_stream_bytes),
        "disk_max_stream_bytes": number(limits.disk_max_stream_bytes),
        "max_bytes_required": limits.max_bytes_required,
    })
}

fn signing_key(key: &SigningKey) -> Value {
    match key {
        SigningKey::Plain(key) => json!(key),
        SigningKey::Malformed(written) => json!(written.raw()),
        SigningKey::Scoped(role) => {
            let mut template = permissions(&role.template.permissions);
            template.append(&mut restrictions(&role.template.restrictions));
            json!({
                "kind": "user_scope", "key": role.key, "role": role.name.raw(), "template": template,
                "description": role.description.raw(),
            })
        }
    }
}

fn import(import: &Import) -> Value {
    json!({
        "name": import.name.raw(), "subject": import.subject.raw(), "account": import.account.raw(),
        "token": import.token.raw(), "to": import.to.raw(), "local_subject": import.local_subject.raw(),
        "type": kind(import.kind), "share": import.share, "allow_trace": import.allow_trace,
    })
}

fn export(export: &Export) -> Value {
    let revocations: Map<_, _> = export
        .revocations
        .iter()
        .map(|(who, time)| (who.raw().to_owned(), json!(time)))
        .collect();
    json!({
        "name": export.name.raw(), "subject": export.subject.raw(), "type": kind(export.kind),
        "token_req": export.token_req, "response_type": export.response_type.raw(),
        "account_token_position": export.account_token_position, "advertise": export.advertise,
        "allow_trace": export.allow_trace, "description": export.description.raw(), "revocations": revocations,
    })
}

fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Stream => "stream",
        EntryKind::Service => "service",
        EntryKind::Neither => "",
    }
}

fn permissions(held: &Permissions) -> Map<String, Value> {
    let lists = |lists: &AllowDeny| json!({"allow": lists.allow.as_deref().map(texts), "deny": texts(&lists.deny)});
    let responses = held
        .responses
        .map(|responses| json!({"max": responses.max, "ttl": responses.ttl_ns}));
    object(json!({"pub": lists(&held.publish), "sub": lists(&held.subscribe), "resp": responses}))
}

fn restrictions(held: &Restrictions) -> Map<String, Value> {
    let times = held
        .times
        .iter()
        .map(|range| json!({"start": range.start.raw(), "end": range.end.raw()}));
    object(json!({
        "src": texts(&held.networks), "times": times.collect::<Value>(),
        "times_location": held.times_location.raw(),
        "subs": number(held.subscriptions), "data": number(held.data_bytes),
        "payload": number(held.payload_bytes),
        "bearer_token": held.bearer, "proxy_required": held.proxy_required,
        "allowed_connection_types": texts(&held.connection_types),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else {
        panic!("{value} is no object")
    };
    fields
}

fn number(limit: Limit) -> Value {
    match limit {
        Limit::AtMost(number) => json!(number),
        Limit::Unlimited => json!(-1),
    }
}

fn seconds(time: Option<UnixTime>) -> i64 {
    time.map_or(0, |time| time.0)
}

fn texts(list: &[Text]) -> Value {
    list.iter().map(Text::raw).collect()
}

/// The account of a user whose token names none is the one that signed it.
pub(super) fn account_named(claims: &Value) -> Value {
    let mut claims = claims.clone();
    let issuer: Result<PublicKey, _> = claims["iss"].as_str().unwrap().parse();
    if claims["nats"]["type"] == "user"
        && claims["nats"]["issuer_account"]
            .as_str()
            .is_none_or(str::is_empty)
    {
        claims["nats"]["issuer_account"] = json!(issuer.unwrap());
    }
    claims
}
