//! What a filter leaves of the tree. One text is read for accounts, for roles and for users; a term that only one of them knows
//! is about that one. What leads to what is left stays as well.

use std::ops::Range;

use jiff::Timestamp;

use crate::inventory::account_line::AccountLine;
use crate::inventory::arrange::Query;
use crate::inventory::columns::{Field, Row};
use crate::inventory::filter::{Filter, FilterError};
use crate::inventory::role_line::RoleLine;
use crate::inventory::tree::Tree;
use crate::inventory::user_line::UserLine;
use crate::tui::views::arrangement::Arrangement;

/// A filter of each kind of thing; `None`: it says nothing about that kind.
pub(super) struct Sieve {
    accounts: Option<Filter<AccountLine>>,
    roles: Option<Filter<RoleLine>>,
    pub(super) users: Option<Filter<UserLine>>,
}

impl Sieve {
    /// `None`: everything stays.
    pub(super) fn parse(written: &str) -> Result<Option<Self>, FilterError> {
        let accounts = Filter::parse(written, &fields(&["name", "key"])).ok();
        let roles = Filter::parse(written, &fields(&["account", "name", "key"])).ok();
        let users = Filter::parse(written, &fields(&["account", "role", "name", "key"]));
        let users = match users {
            Err(error) if accounts.is_none() && roles.is_none() => return Err(error),
            Ok(all) if all.is_empty() => return Ok(None),
            users => users.ok(),
        };
        Ok(Some(Self {
            accounts,
            roles,
            users,
        }))
    }

    /// Whether it says nothing about what is in an account: then that stays.
    pub(super) const fn is_about_accounts(&self) -> bool {
        self.roles.is_none() && self.users.is_none()
    }

    /// The users that stay, by their places. `None`: it was stopped.
    pub(super) fn keep(
        (filter, written): (&Filter<UserLine>, &str),
        tree: &Tree,
        now: Timestamp,
        stopped: &dyn Fn() -> bool,
    ) -> Option<Arrangement> {
        let query = Query {
            filter,
            sort: None,
            now,
        };
        Arrangement::of(tree, &query, written, stopped)
    }
}

/// The fields in which a word without a field is looked for: what a line shows, and what leads to it.
fn fields<R: Row>(names: &[&str]) -> Vec<&'static Field<R>> {
    let is_named = |field: &&Field<R>| names.contains(&field.name);
    R::FIELDS.iter().filter(is_named).collect()
}

/// The accounts and roles that the filter itself leaves.
#[derive(Default)]
pub(super) struct Hits {
    accounts: Vec<bool>,
    roles: Vec<bool>,
}

impl Hits {
    pub(super) fn of(sieve: Option<&Sieve>, tree: &Tree, now: Timestamp) -> Self {
        let Some(sieve) = sieve else {
            return Self::default();
        };
        Self {
            accounts: hits(sieve.accounts.as_ref(), &tree.accounts, now),
            roles: hits(sieve.roles.as_ref(), &tree.roles, now),
        }
    }

    pub(super) fn account(&self, nth: usize) -> bool {
        self.accounts.get(nth).copied().unwrap_or_default()
    }

    pub(super) fn role(&self, nth: usize) -> bool {
        self.roles.get(nth).copied().unwrap_or_default()
    }
}

fn hits<R: Row>(filter: Option<&Filter<R>>, rows: &[R], now: Timestamp) -> Vec<bool> {
    let Some(filter) = filter else {
        return Vec::new();
    };
    let mut matcher = filter.at(now);
    rows.iter().map(|row| matcher.holds(row)).collect()
}

/// The users that stay, by their place in the tree.
pub(super) enum Kept {
    All,
    /// In order.
    Only(Vec<u32>),
}

impl Kept {
    /// Which of those that stay are among these users.
    pub(super) fn within(&self, users: Range<u32>) -> Range<usize> {
        let rank = |place: u32| match self {
            Self::All => usize::try_from(place).unwrap_or(usize::MAX),
            Self::Only(places) => places.partition_point(|kept| *kept < place),
        };
        rank(users.start)..rank(users.end)
    }

    pub(super) fn nth(&self, rank: usize) -> Option<u32> {
        match self {
            Self::All => u32::try_from(rank).ok(),
            Self::Only(places) => places.get(rank).copied(),
        }
    }

    pub(super) fn rank(&self, place: u32) -> Option<usize> {
        match self {
            Self::All => usize::try_from(place).ok(),
            Self::Only(places) => places.binary_search(&place).ok(),
        }
    }
}
