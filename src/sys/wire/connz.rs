//! CONNZ as servers write it, and the bodies that we send. A body with `auth` and without a filter cannot be written: the
//! server would verify the token of every connection for it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{lenient_time, nullable};
use crate::jwt::keys::{AccountId, UserId};

/// Connections in one answer. The server fills and sorts all before it cuts the page, so a page this large is the cheap one.
pub(in crate::sys) const PAGE: usize = 16_384;

/// The body of a question. Made only by the functions below.
#[derive(Clone, Copy, Serialize)]
pub(in crate::sys) struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    acc: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cid: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    auth: bool,
    state: u8,
    offset: usize,
    limit: usize,
}

impl Body {
    /// Open connections of everybody: counters and addresses, no identities.
    pub(in crate::sys) const fn everybody() -> Self {
        Self {
            acc: None,
            user: None,
            cid: None,
            auth: false,
            state: 0,
            offset: 0,
            limit: PAGE,
        }
    }

    /// Open connections of one account, without identities.
    pub(in crate::sys) const fn account(account: AccountId) -> Self {
        let mut body = Self::everybody();
        body.acc = Some(account);
        body
    }

    /// The same with tokens, which the server verifies one by one.
    pub(in crate::sys) const fn account_with_auth(account: AccountId) -> Self {
        let mut body = Self::account(account);
        body.auth = true;
        body
    }

    /// Connections of one account that were closed, with reasons, as far back as the server's ring goes.
    pub(in crate::sys) const fn closed(account: AccountId) -> Self {
        let mut body = Self::account_with_auth(account);
        body.state = 1;
        body
    }

    /// One connection with its token.
    pub(in crate::sys) const fn one(cid: u64) -> Self {
        let mut body = Self::everybody();
        body.cid = Some(cid);
        body.auth = true;
        body
    }

    /// One connection without identity: its counters.
    pub(in crate::sys) const fn counters(cid: u64) -> Self {
        let mut body = Self::one(cid);
        body.auth = false;
        body
    }

    /// Connections of an account whose client *says* that it is this user.
    pub(in crate::sys) const fn claiming(account: AccountId, user: UserId) -> Self {
        let mut body = Self::account(account);
        body.user = Some(user);
        body
    }

    /// The same question from a place further on.
    #[must_use]
    pub(in crate::sys) const fn from(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    pub(in crate::sys) fn to_json(self) -> Vec<u8> {
        // Keys, numbers and one bool always serialize; an empty body would ask for defaults, without auth.
        serde_json::to_vec(&self).unwrap_or_default()
    }

    pub(in crate::sys) const fn asks_auth(&self) -> bool {
        self.auth
    }

    pub(in crate::sys) const fn account_asked(&self) -> Option<AccountId> {
        self.acc
    }
}

#[derive(Deserialize)]
pub(in crate::sys) struct Connz<'a> {
    #[serde(borrow, default, deserialize_with = "nullable")]
    pub(in crate::sys) connections: Vec<Entry<'a>>,
}

/// One connection. Strings are borrowed from the answer: most of them are met again and interned.
#[derive(Deserialize)]
pub(in crate::sys) struct Entry<'a> {
    pub(in crate::sys) cid: u64,
    #[serde(borrow, default)]
    pub(in crate::sys) kind: Cow<'a, str>,
    #[serde(borrow, default, rename = "type")]
    pub(in crate::sys) transport: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) ip: Cow<'a, str>,
    #[serde(default)]
    pub(in crate::sys) port: Option<u16>,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(in crate::sys) start: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(in crate::sys) last_activity: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_time")]
    pub(in crate::sys) stop: Option<Timestamp>,
    #[serde(borrow, default)]
    pub(in crate::sys) reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) rtt: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) idle: Cow<'a, str>,
    #[serde(default)]
    pub(in crate::sys) pending_bytes: u64,
    #[serde(default)]
    pub(in crate::sys) in_msgs: u64,
    #[serde(default)]
    pub(in crate::sys) out_msgs: u64,
    #[serde(default)]
    pub(in crate::sys) in_bytes: u64,
    #[serde(default)]
    pub(in crate::sys) out_bytes: u64,
    #[serde(default)]
    pub(in crate::sys) subscriptions: u64,
    #[serde(borrow, default)]
    pub(in crate::sys) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) lang: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) version: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(in crate::sys) tls_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) authorized_user: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) account: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) jwt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) issuer_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(in crate::sys) name_tag: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_body_asks_auth_of_everybody() {
        let account = AccountId::from_bytes([1; 32]);
        let user = UserId::from_bytes([2; 32]);
        let bodies = [
            Body::everybody(),
            Body::account(account),
            Body::account_with_auth(account),
            Body::closed(account),
            Body::one(7),
            Body::claiming(account, user),
            Body::everybody().from(PAGE),
        ];

        for body in bodies {
            let json = serde_json::to_value(body).unwrap();
            let filtered = json.get("acc").is_some() || json.get("cid").is_some();
            assert!(filtered || json.get("auth").is_none(), "{json}");
        }
    }

    #[test]
    fn a_body_is_what_the_server_reads() {
        assert_eq!(
            serde_json::to_string(&Body::one(7)).unwrap(),
            r#"{"cid":7,"auth":true,"state":0,"offset":0,"limit":16384}"#
        );
    }
}
