//! Who is connected: users by what their tokens prove. A claim counts for nobody.

use hashbrown::{HashMap, HashSet};

use crate::inventory::connection::{ConnectionRow, Identity};
use crate::inventory::told::{Live, Told};
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// One user with open connections.
pub(super) struct LiveUser {
    pub(super) account: AccountId,
    pub(super) name: Option<Text>,
    pub(super) signer: Option<PublicKey>,
    /// Of its tokens that are in use.
    pub(super) newest: Option<UnixTime>,
    pub(super) oldest: Option<UnixTime>,
    pub(super) connections: u32,
}

/// All of them, and of which accounts that is the whole truth.
#[derive(Default)]
pub(super) struct LiveUsers<'a> {
    told: Option<&'a Live>,
    pub(super) users: HashMap<UserId, LiveUser>,
    distinct: HashMap<AccountId, u64>,
    /// Accounts with connections whose token nobody shows.
    hidden: HashSet<AccountId>,
}

impl<'a> LiveUsers<'a> {
    pub(super) fn of(told: &'a Told) -> Self {
        let mut live = Self {
            told: told.live.as_ref(),
            ..Self::default()
        };
        for row in told.live.iter().flat_map(|live| &live.open) {
            live.add(row);
        }
        for user in live.users.values() {
            *live.distinct.entry(user.account).or_default() += 1;
        }
        live
    }

    fn add(&mut self, row: &ConnectionRow) {
        let (Some(holder), Some(account)) = (&row.holder, &row.account) else {
            return;
        };
        let Some(id) = row.proven_user() else {
            if matches!(holder.identity, Identity::Unverified) {
                self.hidden.insert(account.key);
            }
            return;
        };
        let user = self.users.entry(id).or_insert_with(|| LiveUser {
            account: account.key,
            name: None,
            signer: None,
            newest: None,
            oldest: holder.issued_at,
            connections: 0,
        });
        user.connections = user.connections.saturating_add(1);
        user.oldest = user.oldest.min(holder.issued_at);
        if user.name.is_none() || holder.issued_at >= user.newest {
            user.newest = holder.issued_at;
            user.name = holder.user.as_ref().and_then(|user| user.name.clone());
            user.signer = holder.signer.as_ref().map(|signer| signer.key);
        }
    }

    /// Whether it is known who all the connections of an account are, as far as servers show it.
    pub(super) fn is_whole(&self, account: AccountId) -> bool {
        self.told.is_some_and(|live| {
            live.identified.contains(&account) || !live.counts.contains_key(&account)
        })
    }

    /// Whether the account has connections of which servers hide the token: those of bearer users.
    pub(super) fn hides(&self, account: AccountId) -> bool {
        self.hidden.contains(&account)
    }

    /// Different users of an account that are connected.
    pub(super) fn users_of(&self, account: AccountId) -> Option<u64> {
        self.is_whole(account)
            .then(|| self.distinct.get(&account).copied().unwrap_or_default())
    }
}
