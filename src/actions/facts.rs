//! What planning knows: the world as it was read a moment ago. `prepare` reads it, an act's `plan` decides on it, and touches
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::connection::{ConnectionRow, Identity};
use crate::inventory::server::{ServerRow, ServerState};
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::operator::Operator;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token};
use crate::sys::Census;
use crate::text::Text;

use super::plan::{Base, Reference, Target, Warning};

/// The world at one moment.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub accounts: BTreeMap<AccountId, AccountFacts>,
    /// The users that the act names, in its order.
    pub users: Vec<KnownUser>,
    /// The connections that the act names, those of them that are open.
    pub connections: Vec<ConnectionRow>,
    /// Open connections of the accounts in question, with identities as far as they can be read.
    pub open: Vec<ConnectionRow>,
    /// Servers that did not say who is connected: nothing may be concluded from what is not in the lists.
    pub unheard: BTreeSet<Text>,
    /// `None`: no server is to be asked.
    pub census: Option<Arc<Census>>,
    pub operator: Option<Operator>,
    pub held: BTreeSet<PublicKey>,
    /// Who can administrate, where the system account is in question.
    pub administrators: BTreeSet<UserId>,
    /// Our own user in the system account.
    pub me: Option<PublicKey>,
    /// The servers' time, or ours where none was asked.
    pub server_time: UnixTime,
    /// The key that has to sign (`--key`).
    pub asked_signer: Option<PublicKey>,
}

/// An account and the token that an edit starts from.
#[derive(Clone, Debug)]
pub struct AccountFacts {
    pub base: Token,
    pub account: Account,
    /// Other tokens of it that are out there, with how many servers have each.
    pub split: Vec<(Token, usize)>,
    /// Tokens that a resolver keeps and no server trusts. Never a base.
    pub foreign: Vec<Token>,
    /// The store's copy.
    pub stored: Option<Token>,
    pub served: Served,
    /// Live connections on the server that has most of them.
    pub most_connections: u64,
}

/// Whether servers have an account that is trusted: what the base comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// None has it, or none was asked: the base is the store's.
    No,
    /// The base is theirs; so many resolvers do not keep any.
    Yes { lacking: usize },
}

/// A user that was found.
#[derive(Clone, Debug)]
pub struct KnownUser {
    pub id: UserId,
    pub account: AccountId,
    pub name: Option<Text>,
    /// Of the newest token that is known.
    pub issued_at: Option<UnixTime>,
    /// Whether the store has it.
    pub stored: bool,
    /// The store's token, for acts that need it.
    pub token: Option<Token>,
}

impl KnownUser {
    /// The name, or the shortened key of one that has none.
    pub fn shown(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| self.id.key().short(), ToString::to_string)
    }
}

impl Facts {
    pub fn account(&self, id: AccountId) -> Option<&AccountFacts> {
        self.accounts.get(&id)
    }

    /// Of the users that are named, one of those after whom nobody is left who can administrate.
    pub fn last_administrator(&self) -> Option<&KnownUser> {
        let is_named = |id: &UserId| self.users.iter().any(|user| user.id == *id);
        let is_administrator = |user: &&KnownUser| self.administrators.contains(&user.id);
        let is_left = self.administrators.iter().any(|id| !is_named(id));
        self.users
            .iter()
            .find(is_administrator)
            .filter(|_| !is_left)
    }

    /// The name of an account, or its key where no name is known.
    pub fn account_name(&self, id: AccountId) -> Text {
        self.account(id)
            .map_or_else(|| id.to_string().into(), |facts| facts.account.name.clone())
    }

    pub fn user_target(&self, user: &KnownUser) -> Target {
        let account = Reference {
            key: user.account.to_string(),
            name: Some(self.account_name(user.account)),
        };
        Target {
            kind: "user",
            key: user.id.to_string(),
            name: user.name.clone(),
            account: Some(account),
        }
    }

    /// Open connections of these users.
    pub fn open_of<'a>(
        &'a self,
        users: &'a [KnownUser],
    ) -> impl Iterator<Item = &'a ConnectionRow> {
        self.open.iter().filter(|row| {
            row.proven_user()
                .is_some_and(|id| users.iter().any(|user| user.id == id))
        })
    }

    /// Open connections whose user nobody can read: bearer tokens are hidden, callout users have none.
    pub fn unreadable(&self) -> impl Iterator<Item = &ConnectionRow> {
        self.open.iter().filter(|row| is_unreadable(row))
    }

    /// What everybody should know who acts on these accounts.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(census) = &self.census {
            let missing = unanswered(census).map(|server| &server.name);
            let silent: BTreeSet<&Text> = missing.chain(&self.unheard).collect();
            let silent: Vec<String> = silent.into_iter().map(Text::to_string).collect();
            if !silent.is_empty() {
                warnings.push(Warning::new(
                    "silent_servers",
                    format!(
                        "{} did not answer: what is true there is not known",
                        silent.join(", ")
                    ),
                ));
            }
            for address in &census.unheard {
                warnings.push(Warning::new(
                    "unknown_server",
                    format!("{address} is in a server's configuration and was never heard"),
                ));
            }
        }
        for facts in self.accounts.values() {
            warnings.extend(facts.warnings());
        }
        warnings
    }

    pub fn bases(&self) -> Vec<Base> {
        self.accounts
            .iter()
            .map(|(account, facts)| Base {
                account: *account,
                revision: facts.revision(),
            })
            .collect()
    }
}

impl AccountFacts {
    pub fn revision(&self) -> Revision {
        self.base.revision()
    }

    fn warnings(&self) -> Vec<Warning> {
        let name = &self.account.name;
        let mut warnings = Vec::new();
        if !self.split.is_empty() {
            warnings.push(Warning::new(
                "split",
                format!(
                    "servers disagree about {name}: {} tokens are out there",
                    self.split.len() + 1
                ),
            ));
        }
        for token in &self.foreign {
            let issuer = token.envelope().issuer;
            let what = format!(
                "a resolver keeps a token of {name} signed by {issuer}, whom no server trusts: a restart would load it"
            );
            warnings.push(Warning::new("untrusted_copy", what));
        }
        if !self.base.oddities().is_empty() {
            let what = format!(
                "the token of {name} has doubled or folded keys: edited, it becomes what servers read"
            );
            warnings.push(Warning::new("unfaithful_token", what));
        }
        warnings
    }
}

/// The expected servers that did not answer: silent, late, mute or gone. What is true there is unknown.
pub fn unanswered(census: &Census) -> impl Iterator<Item = &ServerRow> {
    census
        .ours()
        .filter(|server| server.state != ServerState::Up)
}

/// Whether an account's revocations keep out whoever holds a connection.
pub(super) fn is_kept_out(account: &Account, row: &ConnectionRow) -> bool {
    let issued_at = row.holder.as_ref().and_then(|holder| holder.issued_at);
    let revoked_at = |user| account.revocations.revoked_at(user, issued_at);
    row.proven_user().and_then(revoked_at).is_some()
}

fn is_unreadable(row: &ConnectionRow) -> bool {
    row.holder
        .as_ref()
        .is_some_and(|holder| matches!(holder.identity, Identity::Unverified | Identity::Callout))
}
