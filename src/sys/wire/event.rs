//! Events as servers write them. They carry bearer tokens in full, so they are read here, decoded at once, and dropped.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Header, lenient_time};

/// CONNECT, DISCONNECT and AUTH.ERR: one shape.
#[derive(Deserialize)]
pub(in crate::sys) struct ClientEvent<'a> {
    pub(in crate::sys) server: Header,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(in crate::sys) timestamp: Option<Timestamp>,
    #[serde(borrow)]
    pub(in crate::sys) client: Client<'a>,
    #[serde(borrow, default)]
    pub(in crate::sys) reason: Option<Cow<'a, str>>,
}

/// The client of an event: `acc` is CONNZ's `account`, `ver` its `version`. No port is told.
#[derive(Deserialize)]
pub(in crate::sys) struct Client<'a> {
    pub(in crate::sys) id: u64,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(in crate::sys) start: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(in crate::sys) stop: Option<Timestamp>,
    #[serde(borrow, default)]
    pub(in crate::sys) host: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) acc: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) user: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) lang: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) ver: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) jwt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) issuer_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) name_tag: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) kind: Cow<'a, str>,
    #[serde(borrow, default, rename = "client_type")]
    pub(in crate::sys) transport: Cow<'a, str>,
}
