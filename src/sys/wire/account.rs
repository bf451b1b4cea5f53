//! LIST, INFO, STATZ and UPDATE as servers write them. LOOKUP and PACK are bare tokens and need no struct.

use serde::Deserialize;

use super::nullable;
use crate::jwt::keys::AccountId;
use crate::text::Text;

/// `CLAIMS.LIST`: the keys of the accounts that a resolver keeps.
pub(in crate::sys) type List = Vec<Text>;

/// `ACCOUNT.<id>.INFO`.
#[derive(Deserialize)]
pub(in crate::sys) struct AccountInfo {
    #[serde(default)]
    pub(in crate::sys) expired: bool,
    /// False: an import could not be resolved.
    #[serde(default = "yes")]
    pub(in crate::sys) complete: bool,
    #[serde(default)]
    pub(in crate::sys) client_connections: u64,
    #[serde(default)]
    pub(in crate::sys) leafnode_connections: u64,
    /// Set only after the claims have been applied: the one proof of effect (`server/server.go`).
    #[serde(default)]
    pub(in crate::sys) jwt: Option<String>,
}

const fn yes() -> bool {
    true
}

/// `ACCOUNT.PING.STATZ`.
#[derive(Deserialize)]
pub(in crate::sys) struct AccountStatz {
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) account_statz: Vec<Counts>,
}

/// How busy an account is on one server.
#[derive(Deserialize)]
pub(in crate::sys) struct Counts {
    /// A key, or `$G` for those that never said who they are.
    pub(in crate::sys) acc: Text,
    #[serde(default)]
    pub(in crate::sys) conns: u64,
    #[serde(default)]
    pub(in crate::sys) leafnodes: u64,
    #[serde(default)]
    pub(in crate::sys) num_subscriptions: u64,
    #[serde(default)]
    pub(in crate::sys) slow_consumers: u64,
}

impl Counts {
    pub(in crate::sys) fn account(&self) -> Option<AccountId> {
        self.acc.raw().parse().ok()
    }
}

/// The answer to an UPDATE that was accepted.
#[derive(Deserialize)]
pub(in crate::sys) struct Updated {
    #[serde(default)]
    pub(in crate::sys) code: u16,
    #[serde(default)]
    pub(in crate::sys) message: Text,
}
