//! What a credential is judged by: the account as the store and each server have it, whom a server trusts, its release, its
//! clock. Pure values; they are read in `read`.

use std::sync::Arc;

use jiff::Timestamp;

use crate::inventory::account::AccountRow;
use crate::inventory::server::{Strictness, Trust, TrustedOperator};
use crate::inventory::told::Here;
use crate::jwt::operator::Operator;
use crate::jwt::release::Release;
use crate::text::Text;

/// One place at which somebody would log in.
#[derive(Clone, Debug)]
pub struct Standpoint {
    /// `None`: no server, but the store and our own clock.
    pub server: Option<Text>,
    /// `None`: it did not say whom it trusts.
    pub trust: Option<Trust>,
    pub release: Release,
    pub now: Timestamp,
}

/// A server that is expected, and how it has the account.
#[derive(Clone, Debug)]
pub struct Server {
    pub at: Standpoint,
    pub name: Text,
    pub here: Here,
}

/// Everything that was read.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The store's own standpoint, by which is judged where no server was asked.
    pub store: Standpoint,
    /// The store's token of the account.
    pub stored: Option<Arc<AccountRow>>,
    /// `None`: no server was asked.
    pub servers: Option<Vec<Server>>,
}

impl Ground {
    /// Whom a server trusts that runs with this operator's token.
    pub fn trust_of(operator: &Operator) -> Trust {
        Trust(vec![TrustedOperator {
            identity: operator.id,
            signing_keys: operator.signing_keys.clone(),
            strictness: if operator.strict {
                Strictness::SigningKeysOnly
            } else {
                Strictness::IdentityToo
            },
        }])
    }

    pub(super) fn servers(&self) -> &[Server] {
        self.servers.as_deref().unwrap_or_default()
    }

    /// The account's token that holds: the youngest that a server has and some server trusts, else the store's. Beside it
    /// stands everywhere what is told of the account.
    pub(super) fn account(&self) -> Option<&Arc<AccountRow>> {
        let held = || self.servers().iter().filter_map(|server| server.here.row());
        let is_trusted = |row: &&Arc<AccountRow>| {
            let trusts = self
                .servers()
                .iter()
                .filter_map(|server| server.at.trust.as_ref());
            trusts
                .into_iter()
                .any(|trust| trust.accepts(row.account.issuer))
        };
        let youngest = |row: &&Arc<AccountRow>| row.account.issued_at;
        held()
            .filter(is_trusted)
            .max_by_key(youngest)
            .or_else(|| held().max_by_key(youngest))
            .or(self.stored.as_ref())
    }

    /// Where is judged: at every server that told anything, else by the store.
    pub(super) fn standpoints(&self) -> Vec<&Standpoint> {
        let told = |server: &&Server| server.at.trust.is_some() || server.here.row().is_some();
        let told: Vec<_> = self.servers().iter().filter(told).collect();
        if told.is_empty() {
            vec![&self.store]
        } else {
            told.into_iter().map(|server| &server.at).collect()
        }
    }
}
