//! Drift: what the store, each server and each live connection have of one thing, side by side, by content; and what mends it.
//! It reads nothing and changes nothing.
//!
//! ```text
//! account ORDERS   both_edited   store: /nats/description   servers: /nats/revocations/U..   account.push --keep-revocations
//! user    worker   old_connection   n1/41 came with the token of 09:00, the store has that of 11:00   connection.kick
//! server  n3       silent   what is there is not known
//! ```
//!
//! - Two tokens that say the same are no drift, whoever signed them and when, unless servers hold both: then they are not settled.
//! - Who edited is told against what both come from, where our own record has that; else by what each has and the other lacks.
//! - A server that did not answer is a line of its own, and never clear.
//!
//! Limits: of users in no store nothing is compared; of connections whose token is hidden (bearer, callout), neither. A live
//! token is told from the store's by when it was issued.

mod accounts;
#[cfg(test)]
mod tests;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::connection::{ConnectionRow, Named};
use super::creds_row::CredsRow;
use super::fix::{Cure, Fix};
use super::target::{Target, TargetKind};
use super::told::Told;
use crate::jwt::diff::Difference;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, ServerId};
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token};
use crate::text::Text;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// A server did not answer.
    Silent,
    OnlyInStore,
    OnlyOnServers,
    StoreNewer,
    ServersNewer,
    BothEdited,
    /// Servers hold different tokens.
    ServersDiffer,
    /// A server that answers has no token, and others have one.
    ServerLacks,
    /// A token that no server trusts lies in the store or in a resolver.
    Untrusted,
    /// Creds hold another token than the store.
    OldCreds,
    /// Creds of a user that the store does not have.
    StrayCreds,
    /// A connection came with an older token than the store's.
    OldConnection,
    /// A connection came with a younger token than the store's.
    NewConnection,
    /// A connection is open whose token is revoked.
    RevokedConnection,
}

impl Drift {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::OnlyInStore => "only_in_store",
            Self::OnlyOnServers => "only_on_servers",
            Self::StoreNewer => "store_newer",
            Self::ServersNewer => "servers_newer",
            Self::BothEdited => "both_edited",
            Self::ServersDiffer => "servers_differ",
            Self::ServerLacks => "server_lacks",
            Self::Untrusted => "untrusted",
            Self::OldCreds => "old_creds",
            Self::StrayCreds => "stray_creds",
            Self::OldConnection => "old_connection",
            Self::NewConnection => "new_connection",
            Self::RevokedConnection => "revoked_connection",
        }
    }
}

/// Who has which token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceLine {
    #[serde(rename = "where")]
    pub place: PlaceKind,
    /// A server, a connection, or a path.
    pub name: Option<Text>,
    pub revision: Option<Revision>,
    pub issued_at: Option<UnixTime>,
    pub state: PlaceState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    Store,
    Server,
    /// A resolver that does not say its name.
    Resolver,
    Connection,
    Creds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceState {
    /// It has the token that the others are compared with.
    Current,
    Other,
    Missing,
    Untrusted,
    Unknown,
}

/// A line of the diff, from what is in force to what the store has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeLine {
    pub path: String,
    pub op: &'static str,
    pub before: Shown,
    pub after: Shown,
}

/// A value of a token, as ordinary JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(pub Option<Node>);

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0.as_ref().map(|node| {
            let json = node.to_go_json();
            // A number that JSON cannot carry stays text.
            serde_json::from_str::<serde_json::Value>(&json)
                .unwrap_or(serde_json::Value::String(json))
        });
        value.serialize(serializer)
    }
}

impl From<Difference> for ChangeLine {
    fn from(difference: Difference) -> Self {
        Self {
            path: difference.pointer(),
            op: difference.op(),
            before: Shown(difference.before),
            after: Shown(difference.after),
        }
    }
}

/// One thing that is not the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftLine {
    pub target: Target,
    pub drift: Drift,
    pub what: Text,
    pub places: Vec<PlaceLine>,
    pub changes: Vec<ChangeLine>,
    pub fix: Fix,
}

/// What there is to compare.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    pub told: &'a Told,
    /// The accounts in question.
    pub accounts: &'a BTreeSet<AccountId>,
    /// The tokens of the accounts that differ.
    pub tokens: &'a BTreeMap<AccountId, Tokens>,
    pub creds: &'a [CredsRow],
    /// Open connections with whose they are.
    pub open: &'a [ConnectionRow],
    /// Servers that ought to have answered and did not.
    pub silent: &'a [(Text, Option<ServerId>)],
    /// What a command has to say of where we are.
    pub context: &'a str,
}

/// The tokens of one account, wherever they lie.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    pub stored: Option<Token>,
    /// What each server enforces. `None`: it has not loaded the account.
    pub enforced: Vec<(Text, Option<Token>)>,
    /// What resolvers keep, and how many each. They do not say their names.
    pub kept: Vec<(Token, usize)>,
    /// Resolvers that keep none.
    pub without: usize,
    /// The youngest token that our own record has of it: what both sides may come from.
    pub base: Option<Token>,
}

impl DriftLine {
    /// Everything that differs: silent servers first, then accounts, then users.
    pub fn all(sides: &Sides<'_>) -> Vec<Self> {
        let mut lines: Vec<Self> = sides.silent.iter().map(silent).collect();
        for (id, tokens) in sides.tokens {
            lines.extend(accounts::lines(sides, *id, tokens));
        }
        let stored = users::Stored::of(sides);
        lines.extend(users::creds(sides, &stored));
        lines.extend(users::connections(sides, &stored));
        lines.sort_by(|a, b| a.place_in_list().cmp(&b.place_in_list()));
        lines
    }

    fn place_in_list(&self) -> (TargetKind, Option<&Text>, Option<&Text>, Drift) {
        let target = &self.target;
        let account = target.account.as_ref();
        let account = account.and_then(|account| account.name.as_ref());
        (target.kind, account, target.name.as_ref(), self.drift)
    }

    /// Whether it says that something differs; a silent server only says that nobody knows.
    pub fn differs(&self) -> bool {
        self.drift != Drift::Silent
    }
}

fn silent((name, id): &(Text, Option<ServerId>)) -> DriftLine {
    DriftLine {
        target: Target {
            kind: TargetKind::Server,
            key: id.unwrap_or_else(|| ServerId::from_bytes([0; 32])).key(),
            name: Some(name.clone()),
            account: None,
        },
        drift: Drift::Silent,
        what: "it ought to answer and does not: what is there is not known".into(),
        places: Vec::new(),
        changes: Vec::new(),
        fix: Fix::advice("wait for it, or take it off the roster: nats-oam server forget"),
    }
}

impl Sides<'_> {
    fn label(&self, id: AccountId) -> Arc<Named<AccountId>> {
        Arc::new(Named {
            key: id,
            name: self.told.account(id).map(|row| row.account.name.clone()),
        })
    }

    fn fix(&self, say: &'static str, cure: Cure) -> Fix {
        Fix::new(say, cure, self.context)
    }
}
