//! What every act can do: be offered on a selection, say what it needs to know, and plan.

use std::collections::HashSet;

use crate::inventory::fix::Revocations;
use crate::jwt::keys::{AccountId, ConnId, UserId};

use super::facts::Facts;
use super::plan::Plan;
use super::refs::{AccountRef, ConnRef, UserRef, WhomRef};
use super::refusal::Refusal;
use super::spec::{Spec, Tier};

/// An act as data.
pub trait Action: clap::Args + Clone + std::fmt::Debug + Send + Sync {
    const SPEC: Spec;

    /// The act on what the cursor or the marks point at.
    fn bind(on: &Selection, standing: &Standing) -> Bound<Self>;

    /// Which refs to resolve and which reads planning wants. Data, so that `prepare` does them at once.
    fn needs(&self) -> Needs;

    /// Every decision. Pure: the same facts, the same plan.
    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal>;
}

/// Whether an act can be done on a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound<A> {
    Ready(A),
    /// The selection is not enough: a form of the act's arguments, filled with what is known.
    Ask(Vec<(&'static str, String)>),
    /// The reason that a dim key shows.
    No(String),
}

/// What is selected: always keys, never row numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub connections: Vec<SelectedConnection>,
    pub users: Vec<SelectedUser>,
    pub accounts: Vec<AccountId>,
    /// What a push of them does with revocations that only the servers have.
    pub revocations: Revocations,
    /// Marked ones that the filter hides; counted in the question.
    pub hidden: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SelectedUser {
    pub account: AccountId,
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedConnection {
    pub id: ConnId,
    pub written: ConnRef,
    /// Whose it is, where its token proves that.
    pub holder: Option<SelectedUser>,
}

impl Selection {
    /// The users in question, each once: those that are selected, and the holders of connections as far as they are known.
    pub fn known_users(&self) -> Vec<SelectedUser> {
        let holders = self.connections.iter().filter_map(|one| one.holder);
        let mut seen = HashSet::new();
        let users = self.users.iter().copied().chain(holders);
        users.filter(|user| seen.insert(*user)).collect()
    }

    /// The same, and whoever holds the connections of which nobody knows whose they are.
    pub(super) fn whom(&self) -> Vec<WhomRef> {
        let users = self.known_users().into_iter();
        let unknown = self.connections.iter().filter(|one| one.holder.is_none());
        users
            .map(|user| WhomRef::User(user.to_ref()))
            .chain(unknown.map(|one| WhomRef::from(one.written.clone())))
            .collect()
    }
}

impl SelectedUser {
    pub fn to_ref(self) -> UserRef {
        UserRef::In {
            account: AccountRef::Key(self.account),
            user: self.user,
        }
    }
}

/// Where we stand: what we hold, and whether we may act at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub tier: Tier,
    pub access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Write,
    ReadOnly,
}

/// What has to be known before an act can be planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub accounts: Vec<AccountRef>,
    pub whom: Vec<WhomRef>,
    pub connections: Vec<ConnRef>,
    /// The open connections of the accounts in question, with identities.
    pub open: bool,
    /// The store's tokens of the users.
    pub tokens: bool,
}

impl Needs {
    /// Accounts that are named, alone or as a part of a user.
    pub(super) fn named_accounts(&self) -> impl Iterator<Item = &AccountRef> {
        let users = self.whom.iter().filter_map(|whom| match whom {
            WhomRef::User(user) | WhomRef::UserOrConnection(user, _) => user.account(),
        });
        self.accounts.iter().chain(users)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::refs::ServerRef;
    use crate::jwt::keys::ServerId;

    #[test]
    fn a_connection_stands_for_its_holder_and_for_itself_where_nobody_knows_whose_it_is() {
        let ada = SelectedUser {
            account: AccountId::from_bytes([2; 32]),
            user: UserId::from_bytes([3; 32]),
        };
        let connection = |cid, holder| {
            let server = ServerId::from_bytes([1; 32]);
            SelectedConnection {
                id: ConnId { server, cid },
                written: ConnRef {
                    server: ServerRef::Id(server),
                    cid,
                },
                holder,
            }
        };
        let on = Selection {
            connections: vec![
                connection(1, Some(ada)),
                connection(2, Some(ada)),
                connection(3, None),
            ],
            ..Selection::default()
        };

        let whom: Vec<String> = on.whom().iter().map(ToString::to_string).collect();

        let nobodys = on.connections[2].written.to_string();
        assert_eq!(whom, [ada.to_ref().to_string(), nobodys]);
        assert_eq!(on.known_users(), [ada]);
    }
}
