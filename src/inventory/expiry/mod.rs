//! The expiry calendar: what stops working, when, and with what. It renews nothing; each line names what would.
//!
//! ```text
//! account LEGACY        in 2d    its own token
//! user    LEGACY/app    in 2d    ends with its account     <- though its own token has no end
//! ```
//!
//! - A thing stops at the end of its own token or of its account's, whichever comes first.
//! - Servers ask for an operator's end neither at start nor later (nats-server issue 7570), so an operator stops nothing: nsc
//!   refuses to edit it from then on. It stands in the calendar by its own date.
//! - Whoever is out already, revoked, of a disabled account or signed by a key that is gone, does not stop and is left out. What has no end is, too.
//! - Of users in no store the end is not known; of an import whose activation is an address, neither.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use serde::Serialize;

use super::account_line::AccountLine;
use super::connection::Named;
use super::creds_row::CredsRow;
use super::fix::{Cure, Fix};
use super::target::{Target, TargetKind};
use super::told::Told;
use super::user_line::{UserLine, UserState};
use crate::jwt::account::Account;
use crate::jwt::activation::Activation;
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::limits::Limit;
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// One thing that ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpiryLine {
    pub target: Target,
    /// The path of creds, or the subject of an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Text>,
    /// When it stops working. `None`: never, whatever its token says.
    pub stops_at: Option<UnixTime>,
    /// The end that its own token names.
    pub expires_at: Option<UnixTime>,
    pub because: Because,
    pub state: ExpiryState,
    /// Open connections that end with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
    pub fix: Fix,
}

/// Why something stops when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Its own token ends.
    Own,
    /// Its account ends first.
    Account,
    /// Nobody asks for it.
    NotEnforced,
}

impl Because {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Account => "account",
            Self::NotEnforced => "not_enforced",
        }
    }
}

/// Where an end lies, seen from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryState {
    Past,
    /// Within the window that was asked for.
    Soon,
    Later,
}

impl ExpiryState {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Past => "past",
            Self::Soon => "soon",
            Self::Later => "later",
        }
    }
}

/// The creds that we ourselves are logged in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: UserId,
    pub path: Option<Text>,
    pub expires_at: Option<UnixTime>,
}

/// What a calendar is made of.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub told: &'a Told,
    pub accounts: &'a [AccountLine],
    pub users: &'a [UserLine],
    pub creds: &'a [CredsRow],
    pub login: Option<&'a Login>,
    /// From now on: what ends in it is soon.
    pub window: Duration,
    /// What a command has to say of where we are.
    pub context: &'a str,
}

impl ExpiryLine {
    /// By when they are compared.
    pub fn at(&self) -> Option<UnixTime> {
        self.stops_at.or(self.expires_at)
    }

    /// Everything that ends, the first outage first.
    pub fn all(known: &Known<'_>) -> Vec<Self> {
        let mut lines: Vec<Self> = Vec::new();
        lines.extend(known.operator());
        for line in known.accounts {
            lines.extend(known.account(line));
            lines.extend(known.activations(line));
        }
        let users = known.users.iter();
        lines.extend(users.filter_map(|line| known.user(line)));
        let stored = known.stored_ends();
        let creds = known.creds.iter();
        lines.extend(creds.filter_map(|row| known.creds_file(row, &stored)));
        lines.extend(known.login.and_then(|login| known.own_login(login)));
        lines.sort_by(|a, b| {
            let account =
                |line: &Self| (line.target.account.as_ref()).and_then(|named| named.name.clone());
            (a.at(), a.target.kind)
                .cmp(&(b.at(), b.target.kind))
                .then_with(|| account(a).cmp(&account(b)))
                .then_with(|| a.target.name.cmp(&b.target.name))
                .then_with(|| a.place.cmp(&b.place))
        });
        lines
    }
}

type Ends = HashMap<UserId, Option<UnixTime>>;

/// Whether the store's token of the same user ends later than that of a creds file.
fn outlives(row: &CredsRow, stored: &Ends) -> bool {
    match stored.get(&row.user) {
        Some(Some(end)) => Some(*end) > row.expires_at,
        Some(None) => true,
        None => false,
    }
}

/// The end of a thing in an account.
struct End {
    stops_at: UnixTime,
    because: Because,
}

impl Known<'_> {
    fn state(&self, at: UnixTime) -> ExpiryState {
        let now = self.told.now;
        let seconds = i64::try_from(self.window.as_secs()).unwrap_or(i64::MAX);
        if at <= now {
            ExpiryState::Past
        } else if at.0 <= now.0.saturating_add(seconds) {
            ExpiryState::Soon
        } else {
            ExpiryState::Later
        }
    }

    fn account_of(&self, id: AccountId) -> Option<&Account> {
        self.told.account(id).map(|row| &row.account)
    }

    /// The end of what belongs to an account and has an end of its own, or none.
    fn end(&self, account: AccountId, own: Option<UnixTime>) -> Option<End> {
        let of_account = self.account_of(account).and_then(|held| held.expires_at);
        let by_account = |stops_at| End {
            stops_at,
            because: Because::Account,
        };
        let by_own = |stops_at| End {
            stops_at,
            because: Because::Own,
        };
        match (own, of_account) {
            (Some(own), Some(account)) if account < own => Some(by_account(account)),
            (Some(own), _) => Some(by_own(own)),
            (None, Some(account)) => Some(by_account(account)),
            (None, None) => None,
        }
    }

    /// Whether a token lets nobody in already: it is revoked, or its account disabled.
    fn is_out(&self, account: AccountId, user: UserId, issued_at: Option<UnixTime>) -> bool {
        self.account_of(account).is_some_and(|account| {
            account.limits.connections == Limit::NONE
                || account.revocations.revoked_at(user, issued_at).is_some()
        })
    }

    fn label(&self, id: AccountId) -> Arc<Named<AccountId>> {
        Arc::new(Named {
            key: id,
            name: self.account_of(id).map(|account| account.name.clone()),
        })
    }

    fn fix(&self, say: &'static str, cure: Cure) -> Fix {
        Fix::new(say, cure, self.context)
    }

    fn operator(&self) -> Option<ExpiryLine> {
        let operator = &self.told.operator.as_ref()?.operator;
        let end = operator.expires_at?;
        Some(ExpiryLine {
            target: Target {
                kind: TargetKind::Operator,
                key: operator.id.key(),
                name: Some(operator.name.clone()),
                account: None,
            },
            place: None,
            stops_at: None,
            expires_at: Some(end),
            because: Because::NotEnforced,
            state: self.state(end),
            connections: None,
            fix: Fix::advice(
                "servers do not ask for the end of an operator; nsc edits nothing after it: give it a later one with nsc",
            ),
        })
    }

    fn account(&self, line: &AccountLine) -> Option<ExpiryLine> {
        let end = line.account()?.expires_at?;
        Some(ExpiryLine {
            target: Target {
                kind: TargetKind::Account,
                key: line.id.key(),
                name: line.name().cloned(),
                account: None,
            },
            place: None,
            stops_at: Some(end),
            expires_at: Some(end),
            because: Because::Own,
            state: self.state(end),
            connections: line.connections,
            fix: Fix::advice(
                "all its users stop with it, and resolvers drop its token: give it a later end with nsc, then push it",
            ),
        })
    }

    fn activations(&self, line: &AccountLine) -> Vec<ExpiryLine> {
        let imports = line.account().map(|account| account.imports.as_slice());
        let label = self.label(line.id);
        let ends = imports.unwrap_or_default().iter().filter_map(|import| {
            let activation = Activation::of_import(import)?;
            let end = self.end(line.id, Some(activation.expires_at?))?;
            Some(ExpiryLine {
                target: Target {
                    kind: TargetKind::Activation,
                    key: activation.issuer,
                    name: Some(import.name.clone()),
                    account: Some(Arc::clone(&label)),
                },
                place: Some(import.subject.clone()),
                stops_at: Some(end.stops_at),
                expires_at: activation.expires_at,
                because: end.because,
                state: self.state(end.stops_at),
                connections: None,
                fix: Fix::advice(
                    "the import gets nothing from then on: ask the exporter for a new activation",
                ),
            })
        });
        ends.collect()
    }

    fn user(&self, line: &UserLine) -> Option<ExpiryLine> {
        match line.state {
            UserState::Unknown | UserState::Revoked | UserState::SignerGone => return None,
            UserState::AccountDisabled
            | UserState::Expired
            | UserState::NotYet
            | UserState::PartlyRevoked
            | UserState::Active => {}
        }
        if !line.is_stored() || self.is_out(line.account.key, line.id, line.issued_at.time()) {
            return None;
        }
        let (account, own) = (line.account.key, line.expires_at.time());
        let end = self.end(account, own)?;
        let fix = match end.because {
            Because::Own => self.fix(
                "a new token for the same holder",
                Cure::ReissueUser {
                    account,
                    user: line.id,
                },
            ),
            Because::Account | Because::NotEnforced => {
                Fix::advice("it ends with its account: the account needs a later end")
            }
        };
        Some(ExpiryLine {
            target: Target {
                kind: TargetKind::User,
                key: line.id.key(),
                name: line.name.clone(),
                account: Some(Arc::clone(&line.account)),
            },
            place: None,
            stops_at: Some(end.stops_at),
            expires_at: own,
            because: end.because,
            state: self.state(end.stops_at),
            connections: line.connections.map(u64::from),
            fix,
        })
    }

    /// When the store's tokens end, where creds are to be compared with them.
    fn stored_ends(&self) -> Ends {
        if self.creds.is_empty() {
            return Ends::new();
        }
        let rows = self.told.users.iter().flat_map(|users| users.rows());
        rows.map(|row| (row.key(), row.expires_at())).collect()
    }

    fn creds_file(&self, row: &CredsRow, stored: &Ends) -> Option<ExpiryLine> {
        if self.is_out(row.account, row.user, row.issued_at) {
            return None;
        }
        let end = self.end(row.account, row.expires_at)?;
        let (account, user) = (row.account, row.user);
        let fix = match end.because {
            Because::Own if outlives(row, stored) => self.fix(
                "the store's token lives longer: write the creds anew",
                Cure::WriteCreds { account, user },
            ),
            Because::Own => self.fix(
                "a new token for the same holder",
                Cure::ReissueUser { account, user },
            ),
            Because::Account | Because::NotEnforced => {
                Fix::advice("it ends with its account: the account needs a later end")
            }
        };
        Some(ExpiryLine {
            target: Target {
                kind: TargetKind::Creds,
                key: row.user.key(),
                name: Some(row.name.clone()),
                account: Some(self.label(row.account)),
            },
            place: Some(row.path.clone()),
            stops_at: Some(end.stops_at),
            expires_at: row.expires_at,
            because: end.because,
            state: self.state(end.stops_at),
            connections: None,
            fix,
        })
    }

    fn own_login(&self, login: &Login) -> Option<ExpiryLine> {
        let account = self.told.system_account?;
        let end = self.end(account, login.expires_at)?;
        let user = login.user;
        Some(ExpiryLine {
            target: Target {
                kind: TargetKind::Login,
                key: user.key(),
                name: None,
                account: Some(self.label(account)),
            },
            place: login.path.clone(),
            stops_at: Some(end.stops_at),
            expires_at: login.expires_at,
            because: end.because,
            state: self.state(end.stops_at),
            connections: None,
            fix: self.fix(
                "nobody here can ask a server any more: make new creds of the system account in time",
                Cure::ReissueUser { account, user },
            ),
        })
    }
}
