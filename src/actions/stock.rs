//! What the store says, read once for one act or one question. The console keeps a picture that grows instead.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::inventory::account::{AccountRow, OperatorRow};
use crate::inventory::user::{UserRow, Users};
use crate::inventory::{Fact, Flaw};
use crate::jwt::keys::{AccountId, UserId};
use crate::store::Store;
use crate::text::Text;

/// Everything that lies in a store.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    pub operator: Option<Arc<OperatorRow>>,
    pub accounts: BTreeMap<AccountId, Arc<AccountRow>>,
    pub users: Vec<Arc<Users>>,
    /// What is wrong with files and directories; users' own are in `users`.
    pub flaws: Vec<Flaw>,
}

impl Stock {
    /// Reads the whole store. Blocks on the disk.
    pub fn read(store: &dyn Store) -> Self {
        let mut stock = Self::default();
        store.facts(&mut |facts| {
            for fact in facts {
                stock.add(fact);
            }
            ControlFlow::Continue(())
        });
        stock
    }

    fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Operator(row) => self.operator = Some(row),
            Fact::Account(row) => {
                self.accounts.insert(row.account.id, row);
            }
            Fact::Users(users) => self.users.push(users),
            Fact::Flaw(flaw) => self.flaws.push(flaw),
        }
    }

    /// What is wrong with the files of users, of these accounts or of all.
    pub fn user_flaws(&self, of: Option<&BTreeSet<AccountId>>) -> Vec<Flaw> {
        let is_asked = |directory: &Text| {
            let row = |id: &AccountId| self.accounts.get(id);
            of.is_none_or(|of| {
                of.iter()
                    .filter_map(row)
                    .any(|row| row.directory == *directory)
            })
        };
        let all = self.users.iter().flat_map(|users| users.flaws());
        let asked = all.filter(|(directory, _)| is_asked(directory));
        let mut flaws: Vec<Flaw> = asked.map(|(_, flaw)| flaw).collect();
        flaws.sort_by(|a, b| a.place.cmp(&b.place));
        flaws
    }

    pub fn rows(&self) -> impl Iterator<Item = UserRow<'_>> {
        self.users.iter().flat_map(|users| users.rows())
    }

    /// Users of an account that are called so.
    pub fn named<'a>(
        &'a self,
        account: AccountId,
        name: &'a Text,
    ) -> impl Iterator<Item = UserRow<'a>> {
        self.rows()
            .filter(move |row| row.account() == account && row.name() == *name)
    }

    pub fn user(&self, key: UserId) -> Option<UserRow<'_>> {
        self.rows().find(|row| row.key() == key)
    }
}
