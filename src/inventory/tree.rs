//! The picture as a tree: operator > account > role > user. Which users stand together is put in order once, when everything
//! was read; to open a branch of any size is to look up where its users begin and end. It keeps no cursor and draws nothing.
//!
//! ```text
//! accounts    ORDERS                     BILLING
//! roles        worker  api               -
//! order       [ w1 w2 │ a1 │ batch kim ] [ reader ]      numbers of users: those of a role, then those of none
//! ```

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::account_line::AccountLine;
use super::arrange::Rows;
use super::operator_line::OperatorLine;
use super::role_line::RoleLine;
use super::user_line::UserLine;
use crate::jwt::keys::{AccountId, PublicKey};

/// Everything there is, each thing below what it is in. Users are numbered by their place in the tree.
#[derive(Debug, Default)]
pub struct Tree {
    pub operator: Option<OperatorLine>,
    pub accounts: Vec<AccountLine>,
    pub roles: Vec<RoleLine>,
    users: Arc<Vec<UserLine>>,
    order: Vec<u32>,
    /// For each account.
    branches: Vec<Branch>,
    /// For each role, its users.
    members: Vec<Range<u32>>,
}

/// What stands below an account.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Branch {
    roles: Range<usize>,
    users: Range<u32>,
    /// Where the users begin that no role has signed.
    plain: u32,
}

impl Tree {
    /// Puts rows in order that come by account and name, as those of a picture do.
    pub fn of(
        operator: Option<OperatorLine>,
        accounts: Vec<AccountLine>,
        roles: Vec<RoleLine>,
        users: Arc<Vec<UserLine>>,
    ) -> Self {
        let mut tree = Self {
            operator,
            members: Vec::with_capacity(roles.len()),
            order: Vec::with_capacity(users.len()),
            accounts,
            roles,
            users,
            branches: Vec::new(),
        };
        let roles = runs(&tree.roles, |line| line.account.key);
        let users = runs(&tree.users, |line| line.account.key);
        let of = |runs: &HashMap<_, Range<usize>>, id| runs.get(&id).cloned().unwrap_or(0..0);
        let ids: Vec<AccountId> = tree.accounts.iter().map(|line| line.id).collect();
        for id in ids {
            let branch = tree.put(of(&roles, id), of(&users, id));
            tree.branches.push(branch);
        }
        tree
    }

    /// Puts the users of one account below its roles.
    fn put(&mut self, roles: Range<usize>, users: Range<usize>) -> Branch {
        let rows = self.roles.get(roles.clone()).unwrap_or_default();
        let ranks: HashMap<PublicKey, usize> =
            rows.iter().map(|row| row.role.key).zip(0..).collect();
        let rank = |user: &UserLine| {
            let signer = user.signer.as_ref();
            let rank = signer.and_then(|signer| ranks.get(&signer.key));
            rank.copied().unwrap_or(usize::MAX)
        };
        let rows = self.users.get(users.clone()).unwrap_or_default();
        let mut ranked: Vec<(usize, u32)> =
            rows.iter().map(rank).zip(number(users.start)..).collect();
        ranked.sort_unstable(); // by number within a rank, which is by name
        let begin = number(self.order.len());
        let place = |rank: usize| begin + number(ranked.partition_point(|(of, _)| *of < rank));
        let members = (0..roles.len()).map(|rank| place(rank)..place(rank + 1));
        self.members.extend(members);
        let branch = Branch {
            plain: place(usize::MAX),
            users: begin..begin + number(ranked.len()),
            roles,
        };
        self.order.extend(ranked.iter().map(|(_, number)| number));
        branch
    }

    /// The roles of the nth account, by their numbers.
    pub fn roles_of(&self, account: usize) -> Range<usize> {
        self.branches
            .get(account)
            .map_or(0..0, |branch| branch.roles.clone())
    }

    /// All users of the nth account.
    pub fn users_of(&self, account: usize) -> Range<u32> {
        self.branches
            .get(account)
            .map_or(0..0, |branch| branch.users.clone())
    }

    /// The users of the nth account that no role of it has signed.
    pub fn plain_users_of(&self, account: usize) -> Range<u32> {
        self.branches
            .get(account)
            .map_or(0..0, |branch| branch.plain..branch.users.end)
    }

    /// The users of the nth role.
    pub fn members_of(&self, role: usize) -> Range<u32> {
        self.members.get(role).cloned().unwrap_or(0..0)
    }

    pub fn account_at(&self, id: AccountId) -> Option<usize> {
        self.accounts.iter().position(|line| line.id == id)
    }

    pub fn role_at(&self, key: PublicKey) -> Option<usize> {
        self.roles.iter().position(|line| line.role.key == key)
    }

    /// The role of the nth account in which a user stands; `None`: in none.
    pub fn role_of(&self, account: usize, user: u32) -> Option<usize> {
        self.roles_of(account)
            .find(|role| self.members_of(*role).contains(&user))
    }
}

/// Users by their place in the tree.
impl Rows for Tree {
    type Row = UserLine;

    fn count(&self) -> u32 {
        number(self.order.len())
    }

    fn row(&self, place: u32) -> Option<&UserLine> {
        let number = self.order.get(usize::try_from(place).ok()?)?;
        self.users.get(usize::try_from(*number).ok()?)
    }
}

/// Where the rows of each account stand; also of one that is no line of the tree.
fn runs<R>(rows: &[R], account: impl Fn(&R) -> AccountId) -> HashMap<AccountId, Range<usize>> {
    let mut begin = 0;
    let chunks = rows.chunk_by(|one, next| account(one) == account(next));
    chunks
        .filter_map(|chunk| {
            let range = begin..begin + chunk.len();
            begin = range.end;
            Some((account(chunk.first()?), range))
        })
        .collect()
}

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::account_line::{AccountState, Standing, Users};
    use crate::inventory::connection::{Named, SignedBy};
    use crate::inventory::role_line::Members;
    use crate::inventory::user_line::{Bearer, Sources, Stamp, UserState};
    use crate::jwt::keys::{KeyKind, UserId};
    use crate::jwt::role::{Role, Template};
    use crate::jwt::user::{Permissions, Restrictions};

    fn id(of: u8) -> AccountId {
        AccountId::from_bytes([of; 32])
    }

    fn key(of: u8) -> PublicKey {
        let bytes = [of; 32];
        PublicKey {
            kind: KeyKind::Account,
            bytes,
        }
    }

    fn account(of: u8) -> AccountLine {
        AccountLine {
            id: id(of),
            token: None,
            operator: None,
            standing: Standing::Tenant,
            state: AccountState::Active,
            copies: Vec::new(),
            users: Users::default(),
            connections: None,
        }
    }

    fn role(account: u8, of: u8) -> RoleLine {
        RoleLine {
            role: Role {
                key: key(of),
                name: "role".into(),
                description: "".into(),
                template: Template {
                    permissions: Permissions::default(),
                    restrictions: Restrictions::default(),
                },
            },
            account: Arc::new(Named::unnamed(id(account))),
            members: Members::default(),
        }
    }

    fn user(account: u8, of: u8, signer: u8) -> UserLine {
        UserLine {
            id: UserId::from_bytes([of; 32]),
            account: Arc::new(Named::unnamed(id(account))),
            name: None,
            signer: Some(Arc::new(SignedBy {
                key: key(signer),
                kind: None,
                role: None,
            })),
            tags: None,
            issued_at: Stamp::default(),
            expires_at: Stamp::default(),
            not_before: Stamp::default(),
            revoked_at: Stamp::default(),
            connections: None,
            state: UserState::Active,
            sources: Sources::STORE,
            bearer: Bearer::No,
        }
    }

    #[test]
    fn users_stand_below_their_role_and_the_others_after_the_roles() {
        let users = vec![
            user(1, 10, 9), // signed by no role
            user(1, 11, 22),
            user(1, 12, 21),
            user(1, 13, 22),
            user(3, 14, 23),
        ];
        let accounts = [1, 2, 3].map(account).to_vec();
        let roles = vec![role(1, 21), role(1, 22), role(3, 23)];
        let tree = Tree::of(None, accounts, roles, Arc::new(users));
        let ids = |places: Range<u32>| -> Vec<u8> {
            let rows = places.map(|place| tree.row(place).unwrap());
            rows.map(|row| row.id.key().bytes[0]).collect()
        };

        assert_eq!(ids(tree.users_of(0)), [12, 11, 13, 10]);
        assert_eq!(ids(tree.members_of(0)), [12]);
        assert_eq!(ids(tree.members_of(1)), [11, 13]);
        assert_eq!(ids(tree.plain_users_of(0)), [10]);
        assert_eq!(tree.roles_of(0), 0..2);
        assert!(tree.users_of(1).is_empty() && tree.roles_of(1).is_empty());
        assert_eq!(ids(tree.members_of(2)), [14]);
        assert!(tree.plain_users_of(2).is_empty());
        assert_eq!(tree.role_of(0, 2), Some(1));
        assert_eq!(tree.role_of(0, 3), None);
        assert_eq!(tree.count(), 5);
    }

    #[test]
    fn users_of_an_account_that_nobody_told_hide_no_others() {
        let users = vec![user(1, 10, 9), user(2, 11, 9), user(3, 12, 9)];
        let accounts = [1, 3].map(account).to_vec();

        let tree = Tree::of(None, accounts, Vec::new(), Arc::new(users));

        assert_eq!(tree.users_of(0).len(), 1);
        assert_eq!(tree.users_of(1).len(), 1);
    }
}
