//! The fields of each kind of token, in the order in which Go writes them.
//! Source: nats-io/jwt v2.8.2; a field that a newer library adds is unknown here, kept, and not shown.

use super::envelope::TokenKind;
use super::go_rules::{Field, Shape};

const INT: Shape = Shape::Int {
    min: i64::MIN as i128,
    max: i64::MAX as i128,
};
const COUNT: Shape = Shape::Int {
    min: 0,
    max: u64::MAX as i128,
};
const WEIGHT: Shape = Shape::Int {
    min: 0,
    max: u8::MAX as i128,
};
const TEXTS: Shape = Shape::List(&Shape::Text);
const DIRECTION: Shape = Shape::Word(&["stream", "service"]);
const TIMES_BY_KEY: Shape = Shape::Map(&INT);

/// The end of every body.
const TAIL: &[Field] = &[("tags", TEXTS), ("type", Shape::Text), ("version", INT)];

const PERMISSION: Shape = Shape::Struct(&[&[("allow", TEXTS), ("deny", TEXTS)]]);

const PERMISSIONS: &[Field] = &[
    ("pub", PERMISSION),
    ("sub", PERMISSION),
    (
        "resp",
        Shape::Pointer(&Shape::Struct(&[&[("max", INT), ("ttl", INT)]])),
    ),
];

/// What a user and the template of a role share, after the permissions.
const RESTRICTIONS: &[Field] = &[
    ("src", Shape::Networks),
    (
        "times",
        Shape::List(&Shape::Struct(&[&[
            ("start", Shape::Text),
            ("end", Shape::Text),
        ]])),
    ),
    ("times_location", Shape::Text),
    ("subs", INT),
    ("data", INT),
    ("payload", INT),
    ("bearer_token", Shape::Bool),
    ("proxy_required", Shape::Bool),
    ("allowed_connection_types", TEXTS),
];

const SCOPE: Shape = Shape::Struct(&[&[
    ("kind", Shape::Word(&["user_scope"])),
    ("key", Shape::Text),
    ("role", Shape::Text),
    ("template", Shape::Struct(&[PERMISSIONS, RESTRICTIONS])),
    ("description", Shape::Text),
]]);

const LIMITS: &[Field] = &[
    ("subs", INT),
    ("data", INT),
    ("payload", INT),
    ("imports", INT),
    ("exports", INT),
    ("wildcards", Shape::Bool),
    ("disallow_bearer", Shape::Bool),
    ("conn", INT),
    ("leaf", INT),
];

const JETSTREAM: &[Field] = &[
    ("mem_storage", INT),
    ("disk_storage", INT),
    ("streams", INT),
    ("consumer", INT),
    ("max_ack_pending", INT),
    ("mem_max_stream_bytes", INT),
    ("disk_max_stream_bytes", INT),
    ("max_bytes_required", Shape::Bool),
];

const TIERS: &[Field] = &[("tiered_limits", Shape::Map(&Shape::Struct(&[JETSTREAM])))];

const IMPORT: Shape = Shape::Struct(&[&[
    ("name", Shape::Text),
    ("subject", Shape::Text),
    ("account", Shape::Text),
    ("token", Shape::Text),
    ("to", Shape::Text),
    ("local_subject", Shape::Text),
    ("type", DIRECTION),
    ("share", Shape::Bool),
    ("allow_trace", Shape::Bool),
]]);

const LATENCY: Shape = Shape::Struct(&[&[("sampling", Shape::Sampling), ("results", Shape::Text)]]);

const EXPORT: Shape = Shape::Struct(&[&[
    ("name", Shape::Text),
    ("subject", Shape::Text),
    ("type", DIRECTION),
    ("token_req", Shape::Bool),
    ("revocations", TIMES_BY_KEY),
    ("response_type", Shape::Text),
    ("response_threshold", INT),
    ("service_latency", Shape::Pointer(&LATENCY)),
    ("account_token_position", COUNT),
    ("advertise", Shape::Bool),
    ("allow_trace", Shape::Bool),
    ("description", Shape::Text),
    ("info_url", Shape::Text),
]]);

const MAPPING: Shape = Shape::Struct(&[&[
    ("subject", Shape::Text),
    ("weight", WEIGHT),
    ("cluster", Shape::Text),
]]);

const AUTHORIZATION: Shape = Shape::Struct(&[&[
    ("auth_users", TEXTS),
    ("allowed_accounts", TEXTS),
    ("xkey", Shape::Text),
]]);

const TRACE: Shape = Shape::Struct(&[&[("dest", Shape::Text), ("sampling", INT)]]);

const ACCOUNT: &[Field] = &[
    ("imports", Shape::List(&Shape::Pointer(&IMPORT))),
    ("exports", Shape::List(&Shape::Pointer(&EXPORT))),
    ("limits", Shape::Struct(&[LIMITS, JETSTREAM, TIERS])),
    ("signing_keys", Shape::SigningKeys(&SCOPE)),
    ("revocations", TIMES_BY_KEY),
    ("default_permissions", Shape::Struct(&[PERMISSIONS])),
    ("mappings", Shape::Map(&Shape::List(&MAPPING))),
    ("authorization", AUTHORIZATION),
    ("trace", Shape::Pointer(&TRACE)),
    ("cluster_traffic", Shape::Text),
    ("description", Shape::Text),
    ("info_url", Shape::Text),
];

const OPERATOR: &[Field] = &[
    ("signing_keys", TEXTS),
    ("account_server_url", Shape::Text),
    ("operator_service_urls", TEXTS),
    ("system_account", Shape::Text),
    ("assert_server_version", Shape::Text),
    ("strict_signing_key_usage", Shape::Bool),
];

const ISSUER_ACCOUNT: &[Field] = &[("issuer_account", Shape::Text)];
const ACTIVATION: &[Field] = &[("subject", Shape::Text), ("kind", DIRECTION)];

/// What tells kind and version before anything else is read; version 1 has the kind at the top.
pub(super) const IDENTIFIER: Shape =
    Shape::Struct(&[&[("type", Shape::Text), ("nats", Shape::Struct(&[TAIL]))]]);

/// What every token has around its body.
const ENVELOPE: &[Field] = &[
    ("aud", Shape::Text),
    ("exp", INT),
    ("jti", Shape::Text),
    ("iat", INT),
    ("iss", Shape::Text),
    ("name", Shape::Text),
    ("nbf", INT),
    ("sub", Shape::Text),
];

/// The order of the keys of a token.
pub(super) fn envelope_keys() -> impl Iterator<Item = &'static str> {
    ENVELOPE.iter().map(|(name, _)| *name).chain(["nats"])
}

/// What version 1 kept beside the body.
const OUTSIDE_V1: &[Field] = &[
    ("tags", TEXTS),
    ("type", Shape::Text),
    ("issuer_account", Shape::Text),
];

const OPERATOR_BODY: &[Field] = &[("nats", Shape::Struct(&[OPERATOR, TAIL]))];
const ACCOUNT_BODY: &[Field] = &[("nats", Shape::Struct(&[ACCOUNT, TAIL]))];
const USER_BODY: &[Field] = &[(
    "nats",
    Shape::Struct(&[PERMISSIONS, RESTRICTIONS, ISSUER_ACCOUNT, TAIL]),
)];
const ACTIVATION_BODY: &[Field] = &[("nats", Shape::Struct(&[ACTIVATION, ISSUER_ACCOUNT, TAIL]))];
/// Bodies that nobody edits here: requests and answers of the auth callout, delete requests.
const OTHER_BODY: &[Field] = &[("nats", Shape::Any)];

/// The shape of a whole token, as a server of its version reads it.
pub(super) fn of(kind: TokenKind, version: u8) -> Shape {
    match (kind, version) {
        (TokenKind::Operator, 0 | 1) => Shape::Struct(&[ENVELOPE, OPERATOR_BODY, OUTSIDE_V1]),
        (TokenKind::Operator, _) => Shape::Struct(&[ENVELOPE, OPERATOR_BODY]),
        (TokenKind::Account, 0 | 1) => Shape::Struct(&[ENVELOPE, ACCOUNT_BODY, OUTSIDE_V1]),
        (TokenKind::Account, _) => Shape::Struct(&[ENVELOPE, ACCOUNT_BODY]),
        (TokenKind::User, 0 | 1) => Shape::Struct(&[ENVELOPE, USER_BODY, OUTSIDE_V1]),
        (TokenKind::User, _) => Shape::Struct(&[ENVELOPE, USER_BODY]),
        (TokenKind::Activation, 2) => Shape::Struct(&[ENVELOPE, ACTIVATION_BODY]),
        (
            TokenKind::Activation
            | TokenKind::AuthorizationRequest
            | TokenKind::AuthorizationResponse
            | TokenKind::Generic,
            _,
        ) => Shape::Struct(&[ENVELOPE, OTHER_BODY]),
    }
}
