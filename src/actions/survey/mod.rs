//! Reads store and servers for one question, both at once, into what the joined picture is made of. It changes nothing and
//! keeps nothing; who was silent is told beside the rows.
//!
//! ```text
//! store   facts, held keys ──────────────┐
//! ledger  users issued here ─────────────┤
//! STATZ   connections of each account ───┼──> Told ──> Picture
//! PACK    all tokens, once               │
//! INFO    what each server enforces ─────┤   LOOKUP only where a server has not loaded the account
//! CONNZ   identities of small accounts ──┘
//! ```
//!
//! Limits: of more than [`MANY_ACCOUNTS`] accounts only those with connections are asked for by INFO, the others are known by
//! PACK and their servers' copies are `unknown`. LOOKUP is answered anonymously: where resolvers differ, nobody can tell which
//! server keeps what, and it is `unknown` as well.

mod calendar;
mod connections;
mod divergence;
mod page;
mod servers;
mod stored;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub use self::calendar::{USUAL_WINDOW, calendar, read_creds};
pub use self::connections::{identify_connections, large, read_closed, read_open};
pub use self::divergence::{divergence, not_compared};
pub use self::page::{read_page, read_token};
pub(super) use self::servers::{HEAVY_WINDOW, copies_of, row as row_of};
use super::plan::Warning;
use super::ports::Ports;
use super::refs::AccountRef;
use super::refusal::Refusal;
use super::resolve::Resolver;
use super::stock::Stock;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerState;
use crate::inventory::told::Told;
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::jwt::operator::Operator;
use crate::sys::Census;
use crate::text::Text;

/// Accounts up to which every one is asked for by name.
pub const MANY_ACCOUNTS: usize = 1_000;

/// Whether a part is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Yes,
    No,
}

/// What a question needs.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Only these; none is all.
    pub accounts: &'a [AccountRef],
    /// What each server has of each account.
    pub copies: Ask,
    /// Whose the connections of small accounts are.
    pub identities: Ask,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Survey {
    pub told: Told,
    pub stock: Stock,
    /// The accounts in question, in no order.
    pub accounts: BTreeSet<AccountId>,
    /// For each account the connections on the server that has most of them.
    pub busiest: HashMap<AccountId, u64>,
    /// `None`: no server was asked.
    pub census: Option<Arc<Census>>,
    /// Servers that ought to have answered, and did not.
    pub silent: BTreeSet<Text>,
    pub warnings: Vec<Warning>,
}

/// Reads what a question needs.
pub async fn survey(ports: &Ports, wanted: &Wanted<'_>) -> Result<Survey, Refusal> {
    let mut survey = stored::read(ports).await?;
    match &ports.sys {
        Some(sys) => servers::read(&mut survey, sys.as_ref(), ports, wanted).await?,
        None => survey.choose(wanted.accounts, &[])?,
    }
    Ok(survey)
}

impl Survey {
    pub fn operator(&self) -> Option<&Operator> {
        self.told.operator.as_ref().map(|row| &row.operator)
    }

    /// Keys whose private part is held, users' keys aside.
    pub fn held(&self) -> BTreeSet<PublicKey> {
        self.told.held.keys().copied().collect()
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.told.account(id).map(|row| &row.account)
    }

    /// Resolves the accounts that were named; all, if none was.
    fn choose(
        &mut self,
        named: &[AccountRef],
        elsewhere: &[(AccountId, Text)],
    ) -> Result<(), Refusal> {
        let resolver = Resolver {
            stock: &self.stock,
            sys: None,
            census: None,
            elsewhere,
        };
        let chosen: Result<BTreeSet<_>, _> = named
            .iter()
            .map(|written| resolver.account(written))
            .collect();
        self.accounts = if named.is_empty() {
            self.told.accounts()
        } else {
            chosen?
        };
        Ok(())
    }

    /// Takes over who the census did not hear, and what it found odd.
    fn hear(&mut self, census: Arc<Census>) {
        let silent = census.ours().filter(|row| row.state != ServerState::Up);
        self.silent.extend(silent.map(|row| row.name.clone()));
        for address in &census.unheard {
            let what = format!("{address} is in a server's configuration and was never heard");
            self.warnings.push(Warning::new("unknown_server", what));
        }
        self.census = Some(census);
    }

    /// Gives rows the names of their accounts, which servers before 2.11 do not tell.
    pub fn name_accounts(&self, rows: &mut [ConnectionRow]) {
        for account in rows.iter_mut().filter_map(|row| row.account.as_mut()) {
            if account.name.is_none() {
                account.name = self.account(account.key).map(|known| known.name.clone());
            }
        }
    }
}
