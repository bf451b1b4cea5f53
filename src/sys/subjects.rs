//! Every subject of the system account that we publish to or hear, one function each, with the server release it needs.
//! Only keys and words of our own go into them: no name, no text of a tenant.
//!
//! Source: `server/events.go`; the releases from a scan of the tags.

use std::fmt::Display;

use crate::jwt::keys::{AccountId, ServerId};

/// Own user, account and rights; answered by the server we are connected to (2.10.0).
pub(super) const USER_INFO: &str = "$SYS.REQ.USER.INFO";
/// Counters and routes, from a service of its own, so never behind a slow CONNZ as IDZ and VARZ are (before 2.2).
pub(super) const PING_STATSZ: &str = "$SYS.REQ.SERVER.PING.STATSZ";
/// Configuration and counters, with the operators a server trusts (before 2.2).
pub(super) const PING_VARZ: &str = "$SYS.REQ.SERVER.PING.VARZ";
/// Connections of all servers (before 2.2).
pub(super) const PING_CONNZ: &str = "$SYS.REQ.SERVER.PING.CONNZ";
/// Connection counts by account (2.9.0).
pub(super) const PING_STATZ: &str = "$SYS.REQ.ACCOUNT.PING.STATZ";
/// Stored account ids; every full and cache resolver answers, MEMORY and URL have none (before 2.2).
pub(super) const CLAIMS_LIST: &str = "$SYS.REQ.CLAIMS.LIST";
/// All stored tokens, from one full resolver (before 2.2).
pub(super) const CLAIMS_PACK: &str = "$SYS.REQ.CLAIMS.PACK";
/// A new account token, for full and cache resolvers (before 2.2; with headers since 2.9.15).
pub(super) const CLAIMS_UPDATE: &str = "$SYS.REQ.CLAIMS.UPDATE";

/// Connections of one server (before 2.2).
pub(super) fn connz(server: ServerId) -> String {
    of_server(server, "CONNZ")
}

/// Closes one connection, `{"cid":n}`; ignored without a reply subject (2.10.0; leaf nodes 2.10.17).
pub(super) fn kick(server: ServerId) -> String {
    of_server(server, "KICK")
}

/// Asks one client to go elsewhere, `{"cid":n}`; needs a reply subject (2.10.0).
pub(super) fn lame_duck_client(server: ServerId) -> String {
    of_server(server, "LDM")
}

/// Rereads the configuration file; needs a reply subject (2.10.0).
pub(super) fn reload(server: ServerId) -> String {
    of_server(server, "RELOAD")
}

/// The account as a server enforces it, with its token (before 2.2).
pub(super) fn account_info(account: AccountId) -> String {
    format!("$SYS.REQ.ACCOUNT.{account}.INFO")
}

/// The JetStream of an account, from every server; an error where it has none (before 2.2).
pub(super) fn account_jsz(account: AccountId) -> String {
    format!("$SYS.REQ.ACCOUNT.{account}.JSZ")
}

/// The stored token, bare, from every full resolver; empty for an unknown account (2.9.17).
pub(super) fn claims_lookup(account: AccountId) -> String {
    format!("$SYS.REQ.ACCOUNT.{account}.CLAIMS.LOOKUP")
}

/// A new token for any resolver; must carry no headers (before 2.2).
pub(super) fn claims_update_of(account: AccountId) -> String {
    format!("$SYS.REQ.ACCOUNT.{account}.CLAIMS.UPDATE")
}

/// What the feed hears. Several narrow subjects and no wildcard over them, so that a read-only user can be given just these.
pub(super) const EVENTS: [&str; 6] = [
    "$SYS.ACCOUNT.*.CONNECT",
    "$SYS.ACCOUNT.*.DISCONNECT",
    "$SYS.SERVER.*.CLIENT.AUTH.ERR",
    "$SYS.SERVER.*.STATSZ",
    "$SYS.SERVER.*.SHUTDOWN",
    "$SYS.SERVER.*.LAMEDUCK", // 2.9.22
];

fn of_server(server: impl Display, service: &str) -> String {
    format!("$SYS.REQ.SERVER.{server}.{service}")
}

/// What a subject that the feed hears carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Connect,
    Disconnect,
    AuthError,
    Statsz,
    Shutdown,
    LameDuck,
}

impl Heard {
    pub(super) fn on(subject: &str) -> Option<Self> {
        [
            (".CLIENT.AUTH.ERR", Self::AuthError),
            (".DISCONNECT", Self::Disconnect),
            (".CONNECT", Self::Connect),
            (".STATSZ", Self::Statsz),
            (".SHUTDOWN", Self::Shutdown),
            (".LAMEDUCK", Self::LameDuck),
        ]
        .into_iter()
        .find_map(|(end, heard)| subject.ends_with(end).then_some(heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_that_the_feed_subscribes_is_understood() {
        for subject in EVENTS {
            let heard = Heard::on(&subject.replace('*', "X"));

            assert!(heard.is_some(), "{subject}");
        }
        assert_eq!(Heard::on("$SYS.ACCOUNT.A.CONNECT"), Some(Heard::Connect));
        assert_eq!(
            Heard::on("$SYS.ACCOUNT.A.DISCONNECT"),
            Some(Heard::Disconnect)
        );
        assert_eq!(Heard::on("$SYS.SERVER.N.OCSP.PEER.LINK.INVALID"), None);
    }
}
