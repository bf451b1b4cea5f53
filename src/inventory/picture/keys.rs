//! The keys of the picture, and how much hangs on each.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};

use super::live::LiveUsers;
use crate::inventory::account_line::AccountLine;
use crate::inventory::connection::Named;
use crate::inventory::key_line::{KeyLine, KeyRole, Signs};
use crate::inventory::server::TrustedOperator;
use crate::inventory::told::Told;
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, KeyKind, PublicKey};
use crate::jwt::role::SigningKey;
use crate::text::Text;

/// What was signed by whom.
pub(super) struct Signed<'a> {
    live: &'a LiveUsers<'a>,
    /// `None`: there is no store to count in.
    users: Option<HashMap<PublicKey, u64>>,
    live_users: HashMap<PublicKey, u64>,
    connections: HashMap<PublicKey, u64>,
}

impl<'a> Signed<'a> {
    pub(super) fn count(told: &Told, live: &'a LiveUsers<'a>) -> Self {
        let mut users: HashMap<PublicKey, u64> = HashMap::new();
        for row in told.users.iter().flat_map(|users| users.rows()) {
            *users.entry(row.issuer()).or_default() += 1;
        }
        let mut live_users: HashMap<PublicKey, u64> = HashMap::new();
        for signer in live.users.values().filter_map(|user| user.signer) {
            *live_users.entry(signer).or_default() += 1;
        }
        let mut connections: HashMap<PublicKey, u64> = HashMap::new();
        let open = told.live.iter().flat_map(|live| &live.open);
        for signer in open.filter_map(|row| row.holder.as_ref()?.signer.as_ref()) {
            *connections.entry(signer.key).or_default() += 1;
        }
        Self {
            live,
            users: told.stored.is_some().then_some(users),
            live_users,
            connections,
        }
    }

    /// Users of the store that a key signed.
    pub(super) fn users(&self, key: PublicKey) -> Option<u64> {
        let users = self.users.as_ref()?;
        Some(users.get(&key).copied().unwrap_or_default())
    }

    /// Different users with an open connection that a key of an account signed.
    pub(super) fn live_users(&self, account: AccountId, key: PublicKey) -> Option<u64> {
        let is_whole = self.live.is_whole(account);
        is_whole.then(|| self.live_users.get(&key).copied().unwrap_or_default())
    }

    fn connections(&self, account: AccountId, key: PublicKey) -> Option<u64> {
        let is_whole = self.live.is_whole(account);
        is_whole.then(|| self.connections.get(&key).copied().unwrap_or_default())
    }
}

/// Operator's keys first, then those of each account, then those that are held and that no token names.
pub(super) fn lines(told: &Told, accounts: &[AccountLine], signed: &Signed<'_>) -> Vec<KeyLine> {
    let mut lines = of_operators(told, accounts);
    for line in accounts {
        lines.extend(of_account(line, told, signed));
    }
    let named: HashSet<PublicKey> = lines.iter().map(|line| line.key).collect();
    let strays = told.held.keys().filter(|key| !named.contains(*key));
    lines.extend(strays.map(|key| KeyLine {
        signs: Signs::default(),
        ..bare(*key, told)
    }));
    lines
}

/// A key of which nothing is known but whether we hold it.
fn bare(key: PublicKey, told: &Told) -> KeyLine {
    KeyLine {
        key,
        owner: None,
        kind: None,
        path: told.held.get(&key).cloned(),
        signs: Signs::default(),
        trusted_by: None,
    }
}

/// The operator of the store, and whatever operators the servers trust.
fn of_operators(told: &Told, accounts: &[AccountLine]) -> Vec<KeyLine> {
    let mut owners: BTreeMap<PublicKey, (Named<PublicKey>, KeyRole)> = BTreeMap::new();
    let mut order = Vec::new();
    let mut add = |identity: PublicKey, name: Option<Text>, signing: &[PublicKey]| {
        let owner = Named {
            key: identity,
            name,
        };
        let signing = signing.iter().map(|key| (*key, KeyRole::Signing));
        for (key, kind) in std::iter::once((identity, KeyRole::Identity)).chain(signing) {
            owners.entry(key).or_insert_with(|| {
                order.push(key);
                (owner.clone(), kind)
            });
        }
    };
    if let Some(row) = &told.operator {
        let operator = &row.operator;
        add(
            operator.id.key(),
            Some(operator.name.clone()),
            &operator.signing_keys,
        );
    }
    let trusted = told.live.iter().flat_map(|live| &live.trust);
    for operator in trusted.flat_map(|(_, trust)| &trust.0) {
        add(operator.identity.key(), None, &operator.signing_keys);
    }
    let line = |key: &PublicKey| {
        let (owner, kind) = owners.get(key)?.clone();
        let signed = |line: &&AccountLine| line.account().is_some_and(|a| a.issuer == *key);
        Some(KeyLine {
            owner: Some(owner),
            kind: Some(kind),
            signs: Signs {
                accounts: accounts.iter().filter(signed).count() as u64,
                users: Some(0),
                live: told.live.is_some().then_some(0),
            },
            trusted_by: trusted_by(*key, told),
            ..bare(*key, told)
        })
    };
    order.iter().filter_map(line).collect()
}

fn trusted_by(key: PublicKey, told: &Told) -> Option<Vec<Text>> {
    let live = told.live.as_ref()?;
    let knows = |operator: &TrustedOperator| {
        operator.identity.key() == key || operator.signing_keys.contains(&key)
    };
    let trusting = live
        .trust
        .iter()
        .filter(|(_, trust)| trust.0.iter().any(knows));
    Some(trusting.map(|(server, _)| server.clone()).collect())
}

fn of_account(line: &AccountLine, told: &Told, signed: &Signed<'_>) -> Vec<KeyLine> {
    let owner = Named {
        key: line.id.key(),
        name: line.name().cloned(),
    };
    let keys = line.account().map(signing_keys).unwrap_or_default();
    let identity = std::iter::once((line.id.key(), KeyRole::Identity));
    let make = |(key, kind): (PublicKey, KeyRole)| KeyLine {
        owner: Some(owner.clone()),
        kind: Some(kind),
        signs: if kind == KeyRole::Curve {
            Signs::default()
        } else {
            Signs {
                accounts: 0,
                users: signed.users(key),
                live: signed.connections(line.id, key),
            }
        },
        ..bare(key, told)
    };
    identity.chain(keys).map(make).collect()
}

fn signing_keys(account: &Account) -> Vec<(PublicKey, KeyRole)> {
    let mut keys: Vec<(PublicKey, KeyRole)> = account
        .signing_keys
        .iter()
        .filter_map(|entry| match entry {
            SigningKey::Plain(key) => Some((*key, KeyRole::Signing)),
            SigningKey::Scoped(role) => Some((role.key, KeyRole::Scoped)),
            SigningKey::Malformed(_) => None,
        })
        .collect();
    let curve = account.callout.xkey.to_string().parse::<PublicKey>();
    keys.extend(
        curve
            .ok()
            .filter(|key| key.kind == KeyKind::Curve)
            .map(|key| (key, KeyRole::Curve)),
    );
    keys
}
