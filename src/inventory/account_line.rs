//! The row of an account: its token, who has which copy of it, and how many are in it. It reads nothing; `picture` makes it.

use std::sync::Arc;

use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Serialize, Serializer};

use super::account::AccountRow;
use super::connection::{Named, known};
use super::told::{Here, Told};
use crate::jwt::account::{Account, Mapping};
use crate::jwt::keys::{AccountId, OperatorId, PublicKey};
use crate::jwt::limits::{AccountLimits, JetStream, Limit};
use crate::jwt::time::UnixTime;
use crate::jwt::token::{MAX_TOKEN_BYTES, Revision};
use crate::text::Text;

/// Whether the users of an account can connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    Active,
    /// It may have no connection (`conn: 0`).
    Disabled,
    Expired,
    /// Servers have different tokens of it.
    Split,
    /// Nobody showed its token.
    Unknown,
}

impl AccountState {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Split => "split",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether an account is the one that servers talk through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    System,
    Tenant,
    /// Nobody said which is the system account.
    Unknown,
}

/// How one copy stands to the token that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// It is what servers enforce.
    InForce,
    /// It lies there, and will be enforced once somebody logs in.
    Stored,
    /// A younger one is out there.
    Stale,
    Missing,
    Unknown,
}

/// One copy of the token of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopyLine {
    #[serde(rename = "where")]
    pub place: &'static str,
    /// The server's name; `null` is the store.
    pub server: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<UnixTime>,
    pub state: CopyState,
    /// `None`: there is none, or nothing to compare it with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// What a copy says beside the token that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The same, whoever signed it and when.
    Same,
    Other,
}

impl Content {
    /// As far as this program reads accounts.
    pub fn of(row: &AccountRow, holds: &AccountRow) -> Self {
        let is_same = row.revision == holds.revision || {
            let said = |account: &Account| Account {
                issuer: holds.account.issuer,
                issued_at: None,
                ..account.clone()
            };
            said(&row.account) == said(&holds.account)
        };
        if is_same { Self::Same } else { Self::Other }
    }
}

/// How many users of an account there are; `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Users {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
    /// Different users with an open connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
}

/// The row of an account.
#[derive(Clone, Debug)]
pub struct AccountLine {
    pub id: AccountId,
    /// The token that holds. `None`: only its key is known.
    pub token: Option<Arc<AccountRow>>,
    pub operator: Option<Named<OperatorId>>,
    pub standing: Standing,
    pub state: AccountState,
    pub copies: Vec<CopyLine>,
    pub users: Users,
    pub connections: Option<u64>,
}

impl AccountLine {
    /// The row, but for the counts, which the picture has.
    pub(super) fn of(id: AccountId, told: &Told) -> Self {
        let token = told.account(id).cloned();
        let operator = told.operator.as_ref().map(|row| Named {
            key: row.operator.id,
            name: Some(row.operator.name.clone()),
        });
        Self {
            id,
            state: state(id, told, token.as_deref()),
            copies: copies(id, told, token.as_deref()),
            operator,
            standing: match told.system_account {
                Some(system) if system == id => Standing::System,
                Some(_) => Standing::Tenant,
                None => Standing::Unknown,
            },
            users: Users::default(),
            connections: None,
            token,
        }
    }

    pub fn account(&self) -> Option<&Account> {
        self.token.as_ref().map(|row| &row.account)
    }

    pub fn name(&self) -> Option<&Text> {
        self.account().map(|account| &account.name)
    }

    /// Whether servers let none of its users in.
    pub const fn is_shut(&self) -> bool {
        match self.state {
            AccountState::Disabled | AccountState::Expired => true,
            AccountState::Active | AccountState::Split | AccountState::Unknown => false,
        }
    }

    /// How many copies are not the token that holds, or are not there.
    pub fn behind(&self) -> usize {
        let behind = |copy: &&CopyLine| matches!(copy.state, CopyState::Stale | CopyState::Missing);
        self.copies.iter().filter(behind).count()
    }
}

fn state(id: AccountId, told: &Told, token: Option<&AccountRow>) -> AccountState {
    let Some(row) = token else {
        return AccountState::Unknown;
    };
    let account = &row.account;
    let mut revisions = told
        .copies(id)
        .iter()
        .filter_map(|copy| copy.here.row().map(|row| row.revision));
    let first = revisions.next();
    if revisions.any(|other| Some(other) != first) {
        AccountState::Split
    } else if account.expires_at.is_some_and(|end| end <= told.now) {
        AccountState::Expired
    } else if account.limits.connections == Limit::NONE {
        AccountState::Disabled
    } else {
        AccountState::Active
    }
}

fn copies(id: AccountId, told: &Told, holds: Option<&AccountRow>) -> Vec<CopyLine> {
    let servers = told.copies(id);
    let is_held = |row: &AccountRow| holds.is_some_and(|holds| holds.revision == row.revision);
    let enforced = |revision: Revision| {
        let here = |here: &Here| matches!(here, Here::Enforced(row) if row.revision == revision);
        servers.iter().any(|copy| here(&copy.here))
    };
    let store = told.stored.as_ref().map(|_| match told.stored(id) {
        None => line("store", None, (None, holds), CopyState::Missing),
        // Edits that were not pushed yet are no less than what is in force.
        Some(row) => {
            let state = if servers.is_empty() || younger(row, holds) {
                CopyState::Stored
            } else if !is_held(row) {
                CopyState::Stale
            } else if enforced(row.revision) {
                CopyState::InForce
            } else {
                CopyState::Stored
            };
            line("store", None, (Some(row), holds), state)
        }
    });
    let at_servers = servers.iter().map(|copy| {
        let state = match &copy.here {
            Here::Enforced(row) if is_held(row) => CopyState::InForce,
            Here::Kept(row) if is_held(row) => CopyState::Stored,
            Here::Enforced(_) | Here::Kept(_) => CopyState::Stale,
            Here::Missing => CopyState::Missing,
            Here::Unknown => CopyState::Unknown,
        };
        line(
            "server",
            Some(copy.server.clone()),
            (copy.here.row(), holds),
            state,
        )
    });
    store.into_iter().chain(at_servers).collect()
}

fn younger(row: &AccountRow, than: Option<&AccountRow>) -> bool {
    than.is_some_and(|than| row.account.issued_at > than.account.issued_at)
}

fn line(
    place: &'static str,
    server: Option<Text>,
    (row, holds): (Option<&Arc<AccountRow>>, Option<&AccountRow>),
    state: CopyState,
) -> CopyLine {
    CopyLine {
        place,
        server,
        revision: row.map(|row| row.revision),
        issued_at: row.and_then(|row| row.account.issued_at),
        state,
        content: row.zip(holds).map(|(row, holds)| Content::of(row, holds)),
    }
}

impl Serialize for AccountLine {
    /// Flat, in the contract's order; what nobody told is left out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.id)?;
        known(&mut map, "name", self.name())?;
        known(&mut map, "operator", self.operator.as_ref())?;
        match self.standing {
            Standing::System => map.serialize_entry("system", &true)?,
            Standing::Tenant => map.serialize_entry("system", &false)?,
            Standing::Unknown => {}
        }
        map.serialize_entry("state", &self.state)?;
        if let Some(row) = &self.token {
            token(&mut map, row)?;
        }
        map.serialize_entry("users", &self.users)?;
        known(&mut map, "connections", self.connections.as_ref())?;
        map.serialize_entry("copies", &self.copies)?;
        map.end()
    }
}

fn token<M: serde::ser::SerializeMap>(map: &mut M, row: &AccountRow) -> Result<(), M::Error> {
    let account = &row.account;
    map.serialize_entry("issuer", &account.issuer)?;
    map.serialize_entry("issued_at", &account.issued_at)?;
    map.serialize_entry("expires_at", &account.expires_at)?;
    map.serialize_entry("revision", &row.revision)?;
    map.serialize_entry("description", &account.description)?;
    map.serialize_entry("tags", &account.tags)?;
    map.serialize_entry("limits", &Limits(&account.limits))?;
    map.serialize_entry("default_permissions", &account.default_permissions)?;
    let roles = account.roles().map(|role| Named {
        key: role.key,
        name: Some(role.name.clone()),
    });
    map.serialize_entry("roles", &roles.collect::<Vec<_>>())?;
    let plain: Vec<PublicKey> = account.plain_keys().collect();
    map.serialize_entry("signing_keys", &plain)?;
    map.serialize_entry("imports", &account.imports)?;
    map.serialize_entry("exports", &account.exports)?;
    let mappings = account.mappings.iter();
    let mappings = mappings.map(|(subject, to)| MappingLine { subject, to });
    map.serialize_entry("mappings", &mappings.collect::<Vec<_>>())?;
    let callout = account.callout.is_on().then_some(&account.callout);
    map.serialize_entry("callout", &callout)?;
    let fill = Fill {
        count: account.revocations.len(),
        bytes: account.revocations.bytes,
        limit_bytes: limit_bytes(row),
    };
    map.serialize_entry("revocations", &fill)
}

/// Bytes that revocations may take: what the rest of the token leaves of the longest that servers read. Base64 makes four of
/// three.
pub fn limit_bytes(row: &AccountRow) -> usize {
    let longest = MAX_TOKEN_BYTES / 4 * 3;
    let rest = (row.token_bytes / 4 * 3).saturating_sub(row.account.revocations.bytes);
    longest.saturating_sub(rest)
}

#[derive(Serialize)]
struct Fill {
    count: usize,
    bytes: usize,
    limit_bytes: usize,
}

#[derive(Serialize)]
struct MappingLine<'a> {
    subject: &'a Text,
    to: &'a [Mapping],
}

struct Limits<'a>(&'a AccountLimits);

impl Serialize for Limits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let limits = self.0;
        let mut fields = serializer.serialize_struct("Limits", 10)?;
        fields.serialize_field("connections", &limits.connections)?;
        fields.serialize_field("leafnodes", &limits.leafnodes)?;
        fields.serialize_field("subscriptions", &limits.subscriptions)?;
        fields.serialize_field("payload_bytes", &limits.payload_bytes)?;
        fields.serialize_field("data_bytes", &limits.data_bytes)?;
        fields.serialize_field("imports", &limits.imports)?;
        fields.serialize_field("exports", &limits.exports)?;
        fields.serialize_field("wildcard_exports", &limits.wildcard_exports)?;
        fields.serialize_field("disallow_bearer", &limits.disallow_bearer)?;
        fields.serialize_field("jetstream", &Storage(limits.jetstream()))?;
        fields.end()
    }
}

/// `null` is off, `{"tiers":[…]}` where there are tiers.
struct Storage<'a>(JetStream<'a>);

impl Serialize for Storage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            JetStream::Off => serializer.serialize_none(),
            JetStream::Flat(limits) => limits.serialize(serializer),
            JetStream::Tiers(tiers) => {
                let tiers: Vec<_> = tiers
                    .iter()
                    .map(|(tier, limits)| Tier { tier, limits })
                    .collect();
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("tiers", &tiers)?;
                map.end()
            }
        }
    }
}

#[derive(Serialize)]
struct Tier<'a> {
    tier: &'a Text,
    #[serde(flatten)]
    limits: &'a crate::jwt::limits::JetStreamLimits,
}
