//! What every act can do: be offered on a selection, say what it needs to know, and plan.

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
    /// Marked ones that the filter hides; counted in the question.
    pub hidden: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectedUser {
    pub account: AccountId,
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectedConnection {
    pub id: ConnId,
    pub written: ConnRef,
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
