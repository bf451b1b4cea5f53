//! The joined picture: one row for every account, user, role and key that the store or a server names. Pure, and made anew
//! from what was told; connections are not in it, but counted by it. Its tables are `hashbrown`'s own, which hash keys of 32 bytes
//! several times faster than those of `std`.
//!
//! ```text
//! Told { store: accounts, users, keys · servers: copies, counts, connections } ──> Picture { accounts users roles keys }
//! ```

mod keys;
mod live;
#[cfg(test)]
mod tests;
mod users;

use std::cmp::Ordering;
use std::sync::Arc;

use hashbrown::HashMap;

use super::account_line::{AccountLine, Standing};
use super::connection::Named;
use super::key_line::KeyLine;
use super::operator_line::{Chosen, OperatorLine};
use super::role_line::{Members, RoleLine};
use super::told::Told;
use super::user_line::UserLine;
use crate::jwt::keys::{AccountId, UserId};
use crate::text::Text;
use live::LiveUsers;

/// All rows, by name.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub operator: Option<OperatorLine>,
    pub accounts: Vec<AccountLine>,
    pub users: Vec<UserLine>,
    pub roles: Vec<RoleLine>,
    pub keys: Vec<KeyLine>,
}

/// What an account is called, shared by all rows that name it.
type Labels = HashMap<AccountId, Arc<Named<AccountId>>>;

impl Picture {
    /// Joins what was told.
    pub fn of(told: &Told) -> Self {
        let ids = told.accounts();
        let mut accounts: Vec<AccountLine> = ids
            .into_iter()
            .map(|id| AccountLine::of(id, told))
            .collect();
        accounts.sort_by(|a, b| by_name(a.name(), b.name()).then(a.id.cmp(&b.id)));
        let labels = labels(&accounts);
        let live = LiveUsers::of(told);
        let users = users::join(told, &accounts, &labels, &live);
        let signed = keys::Signed::count(told, &live);
        count(&mut accounts, &users, told, &live);
        Self {
            operator: operator(told, &accounts),
            roles: roles(&accounts, &labels, &signed),
            keys: keys::lines(told, &accounts, &signed),
            accounts,
            users,
        }
    }

    pub fn account(&self, id: AccountId) -> Option<&AccountLine> {
        self.accounts.iter().find(|line| line.id == id)
    }

    pub fn user(&self, id: UserId) -> Option<&UserLine> {
        self.users.iter().find(|line| line.id == id)
    }
}

/// Without case first, then as written; what has no name comes last.
fn by_name(a: Option<&Text>, b: Option<&Text>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn labels(accounts: &[AccountLine]) -> Labels {
    let label = |line: &AccountLine| {
        let name = line.name().cloned();
        (line.id, Arc::new(Named { key: line.id, name }))
    };
    accounts.iter().map(label).collect()
}

/// Fills in how many users and connections each account has.
fn count(accounts: &mut [AccountLine], users: &[UserLine], told: &Told, live: &LiveUsers) {
    let mut stored: HashMap<AccountId, u64> = HashMap::new();
    for user in users.iter().filter(|user| user.is_stored()) {
        *stored.entry(user.account.key).or_default() += 1;
    }
    for line in accounts {
        if told.stored.is_some() {
            line.users.stored = Some(stored.get(&line.id).copied().unwrap_or_default());
        }
        line.users.seen = live.users_of(line.id);
        line.connections = told
            .live
            .as_ref()
            .map(|live| live.counts.get(&line.id).copied().unwrap_or_default());
    }
}

fn roles(accounts: &[AccountLine], labels: &Labels, signed: &keys::Signed) -> Vec<RoleLine> {
    let of_account = |line: &AccountLine| {
        let (label, account) = (labels.get(&line.id)?.clone(), line.account()?);
        let roles = account.roles().map(move |role| RoleLine {
            role: role.clone(),
            account: Arc::clone(&label),
            members: Members {
                stored: signed.users(role.key),
                live: signed.live_users(line.id, role.key),
            },
        });
        let mut roles: Vec<RoleLine> = roles.collect();
        roles.sort_by(|a, b| a.role.name.cmp(&b.role.name));
        Some(roles)
    };
    accounts.iter().filter_map(of_account).flatten().collect()
}

fn operator(told: &Told, accounts: &[AccountLine]) -> Option<OperatorLine> {
    let trusted = || {
        let mut trusts = told.live.iter().flat_map(|live| &live.trust);
        trusts.find_map(|(_, trust)| trust.0.first())
    };
    let mut line = match &told.operator {
        Some(row) => OperatorLine::of_store(Arc::clone(row), Chosen::Current),
        None => OperatorLine::of_servers(trusted()?, told.system_account),
    };
    let system = accounts
        .iter()
        .find(|line| line.standing == Standing::System);
    line.system_account = system
        .map(|line| Named {
            key: line.id,
            name: line.name().cloned(),
        })
        .or(line.system_account);
    line.accounts = Some(accounts.len() as u64);
    Some(line)
}
