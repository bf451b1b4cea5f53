//! What the store and the servers told about one deployment, side by side and not yet joined. Whoever reads them fills it;
//! [`super::picture::Picture`] joins it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::account::{AccountRow, OperatorRow};
use super::connection::ConnectionRow;
use super::server::Trust;
use super::user::Users;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// Everything that was told, each fact under the source that told it.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The servers' time, or ours where none was asked.
    pub now: UnixTime,
    pub operator: Option<Arc<OperatorRow>>,
    /// By the servers, else by the operator's token.
    pub system_account: Option<AccountId>,
    /// The store's accounts. `None`: there is no store.
    pub stored: Option<BTreeMap<AccountId, Arc<AccountRow>>>,
    /// The store's users.
    pub users: Vec<Arc<Users>>,
    /// Keys of operators and accounts that are held, and where they lie.
    pub held: BTreeMap<PublicKey, Text>,
    /// Users that a record of our own says were issued here.
    pub issued: HashSet<UserId>,
    /// `None`: no server was asked.
    pub live: Option<Live>,
}

/// What the servers told.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// What each server has of each account that was asked for.
    pub copies: BTreeMap<AccountId, Vec<ServerCopy>>,
    /// The tokens that one resolver keeps; it does not say which server that is.
    pub packed: BTreeMap<AccountId, Arc<AccountRow>>,
    /// Which operators each server trusts.
    pub trust: Vec<(Text, Trust)>,
    /// Open connections of each account on the servers that answered. An account without any is not in it.
    pub counts: HashMap<AccountId, u64>,
    /// The accounts of which all open connections were read with their identities.
    pub identified: BTreeSet<AccountId>,
    /// Open connections, those of `identified` among them.
    pub open: Vec<ConnectionRow>,
}

/// What one server has of one account.
#[derive(Clone, Debug)]
pub struct ServerCopy {
    /// The server's name.
    pub server: Text,
    pub here: Here,
}

/// How a server has an account.
#[derive(Clone, Debug)]
pub enum Here {
    /// In memory: this token is what it enforces.
    Enforced(Arc<AccountRow>),
    /// Not in memory; its resolver keeps this token and will read it at the next login.
    Kept(Arc<AccountRow>),
    /// Neither.
    Missing,
    /// It did not say.
    Unknown,
}

impl Here {
    pub fn row(&self) -> Option<&Arc<AccountRow>> {
        match self {
            Self::Enforced(row) | Self::Kept(row) => Some(row),
            Self::Missing | Self::Unknown => None,
        }
    }
}

impl Told {
    /// Every account that anybody named.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        let stored = self.stored.iter().flatten().map(|(id, _)| *id);
        let live = self.live.iter();
        let live = live.flat_map(|live| {
            let copies = live.copies.keys().chain(live.counts.keys());
            copies.chain(live.packed.keys()).copied()
        });
        stored.chain(live).collect()
    }

    pub fn stored(&self, id: AccountId) -> Option<&Arc<AccountRow>> {
        self.stored.as_ref()?.get(&id)
    }

    pub fn copies(&self, id: AccountId) -> &[ServerCopy] {
        let copies = self.live.as_ref().and_then(|live| live.copies.get(&id));
        copies.map(Vec::as_slice).unwrap_or_default()
    }

    /// The token of an account that holds: the youngest that servers have, else the store's.
    pub fn account(&self, id: AccountId) -> Option<&Arc<AccountRow>> {
        let servers = self.copies(id).iter().filter_map(|copy| copy.here.row());
        let packed = self.live.as_ref().and_then(|live| live.packed.get(&id));
        servers
            .chain(packed)
            .max_by_key(|row| row.account.issued_at)
            .or_else(|| self.stored(id))
    }
}
