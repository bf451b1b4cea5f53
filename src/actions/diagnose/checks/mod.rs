//! The checks, each a small pure function over one [`Case`], in the order of the contract:
//!
//! ```text
//! token     format signature seed_matches
//! trust     issuer_in_account account_in_operator strict
//! life      not_before expiry revoked account_state
//! copies    account_copies (over all servers, and so not of one case)
//! bounds    role_rules source times connection_type bearer_policy
//! ```
//!
//! A server makes them in another order and tells the client nothing (`processClientOrLeafAuthentication`, nats-server
//! `server/auth.go`): token, its dates, account, signer, role, account's dates, bearer, connection type, seed, revocation, source, times.

pub(super) mod bounds;
pub(super) mod copies;
pub(super) mod life;
#[cfg(test)]
mod tests;
pub(super) mod token;
pub(super) mod trust;

use super::attempt::Attempt;
use super::credential::Credential;
use super::ground::Standpoint;
use super::said::{Check, Said};
use crate::jwt::account::Account;
use crate::jwt::time::UnixTime;
use crate::jwt::user::{Restrictions, User};

/// One credential at one place.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) credential: &'a Credential,
    /// As it holds there. `None`: nobody told it.
    pub(super) account: Option<&'a Account>,
    pub(super) at: &'a Standpoint,
    pub(super) attempt: &'a Attempt,
}

/// What is told where an earlier check has failed so that this one has nothing to look at.
const NO_TOKEN: &str = "there is no token to look at";
const NO_ACCOUNT: &str = "the token of the account is not known";
const ACCOUNT_UNSEEN: &str = "what the account says of this user is not known";
/// What a client hears of every failure but few.
const REFUSED: &str = "servers refuse the login with \"Authorization Violation\" and no reason";

impl<'a> Case<'a> {
    /// Makes one check. Those that look at all servers at once are made elsewhere, and are skipped here.
    pub(super) fn says(&self, check: Check) -> Said {
        match check {
            Check::Format => token::format(self),
            Check::Signature => token::signature(self),
            Check::SeedMatches => token::seed_matches(self),
            Check::IssuerInAccount => trust::issuer_in_account(self),
            Check::AccountInOperator => trust::account_in_operator(self),
            Check::Strict => trust::strict(self),
            Check::NotBefore => life::not_before(self),
            Check::Expiry => life::expiry(self),
            Check::Revoked => life::revoked(self),
            Check::AccountState => life::account_state(self),
            Check::RoleRules => bounds::role_rules(self),
            Check::Source => bounds::source(self),
            Check::Times => bounds::times(self),
            Check::ConnectionType => bounds::connection_type(self),
            Check::BearerPolicy => bounds::bearer_policy(self),
            Check::AccountCopies | Check::Connect => Said::skipped("it is not of one server"),
        }
    }

    fn user(&self) -> Option<&'a User> {
        self.credential.user()
    }

    /// The user and its account, or what to say where one is missing.
    fn both(&self) -> Result<(&'a User, &'a Account), Said> {
        let user = self.user().ok_or_else(|| Said::skipped(NO_TOKEN))?;
        let account = self
            .account
            .ok_or_else(|| Said::unknown(NO_ACCOUNT, ACCOUNT_UNSEEN))?;
        Ok((user, account))
    }

    /// The restrictions that hold: the role's where one signed, else the user's own.
    fn restrictions(&self) -> Option<&'a Restrictions> {
        let user = self.user()?;
        let role = self.account.and_then(|account| account.role(user.issuer));
        Some(role.map_or(&user.restrictions, |role| &role.template.restrictions))
    }

    fn now(&self) -> UnixTime {
        self.at.now.into()
    }

    /// Adds the act that makes a new token, where the store has the user.
    fn or_reissue(&self, said: Said) -> Said {
        match &self.credential.reference {
            Some(user) => said.then_run(
                "issue the user again",
                format!("nats-oam user reissue {user}"),
            ),
            None => said.then("have the user issued again, by whoever issued it"),
        }
    }
}
