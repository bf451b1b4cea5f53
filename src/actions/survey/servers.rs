//! The part of a survey that servers tell: tokens, counts, and whose the connections of small accounts are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::future::join;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{Ask, MANY_ACCOUNTS, Survey, Wanted};
use crate::actions::plan::Warning;
use crate::actions::ports::Ports;
use crate::actions::prepare::SMALL_ACCOUNT;
use crate::actions::refusal::Refusal;
use crate::inventory::account::AccountRow;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::told::{Here, Live, ServerCopy};
use crate::jwt::account::Account;
use crate::jwt::keys::AccountId;
use crate::jwt::token::Token;
use crate::sys::{AccountCounts, ConnQuery, Copies, Enforced, Gathered, Sys, SysError, Validity};
use crate::text::Text;

/// Accounts asked for at the same time.
const WINDOW: usize = 32;
/// Accounts whose identities are asked for at the same time: servers verify a token for each connection.
pub(in crate::actions) const HEAVY_WINDOW: usize = 4;

type Packed = BTreeMap<AccountId, Arc<AccountRow>>;

pub(super) async fn read(
    survey: &mut Survey,
    sys: &dyn Sys,
    ports: &Ports,
    wanted: &Wanted<'_>,
) -> Result<(), Refusal> {
    let census = sys.census().borrow().clone();
    survey.told.now = census.server_time((ports.now)());
    survey.told.system_account = Some(sys.me().account);
    let trust = census
        .ours()
        .filter_map(|row| Some((row.name.clone(), row.trust.clone()?)));
    let mut live = Live {
        trust: trust.collect(),
        ..Live::default()
    };
    survey.hear(census);
    let (counts, packed) = join(sys.counts(), pack(sys)).await;
    let counts = counts.map_err(|error| not_connected(&error))?;
    survey.silent.extend(counts.silent.iter().cloned());
    (live.counts, survey.busiest) = sums(&counts);
    live.packed = packed.unwrap_or_else(|warning| {
        survey.warnings.push(warning);
        Packed::new()
    });
    let elsewhere = live
        .packed
        .iter()
        .map(|(id, row)| (*id, row.account.name.clone()));
    let elsewhere: Vec<_> = elsewhere.collect();
    survey.told.live = Some(live);
    survey.choose(wanted.accounts, &elsewhere)?;
    if wanted.copies == Ask::Yes {
        read_copies(survey, sys).await;
    }
    for id in survey.told.accounts() {
        if let Some(account) = survey.account(id) {
            ports.book.learn(account.clone());
        }
    }
    if wanted.identities == Ask::Yes {
        read_identities(survey, sys).await?;
    }
    Ok(())
}

/// All tokens that one resolver keeps. Resolvers that keep none do not answer.
async fn pack(sys: &dyn Sys) -> Result<Packed, Warning> {
    let told = |error: &SysError| {
        let what = format!("not all stored accounts could be read: {error}");
        Warning::new("accounts_not_read", what)
    };
    let tokens = match sys.pack().await {
        Ok(tokens) => tokens,
        Err(SysError::NoResponders { .. }) => return Ok(Packed::new()),
        Err(error) => return Err(told(&error)),
    };
    let rows = tokens.try_filter_map(|token| async move { Ok(row(&token)) });
    let rows = rows.map_ok(|row| (row.account.id, row)).try_collect();
    match rows.await {
        Ok(rows) => Ok(rows),
        Err(SysError::NoResponders { .. }) => Ok(Packed::new()),
        Err(error) => Err(told(&error)),
    }
}

/// An account as its token says, from a server or from the store for one question.
pub(in crate::actions) fn row(token: &Token) -> Option<Arc<AccountRow>> {
    Some(Arc::new(AccountRow {
        account: Account::of(token).ok()?,
        revision: token.revision(),
        token_bytes: token.text().len(),
        directory: Text::default(),
    }))
}

/// Connections of each account, of all servers together and on the one that has most.
fn sums(
    counts: &Gathered<Vec<AccountCounts>>,
) -> (HashMap<AccountId, u64>, HashMap<AccountId, u64>) {
    let (mut all, mut most) = (HashMap::new(), HashMap::new());
    for count in counts.answers().flat_map(|(_, counts)| counts) {
        if count.connections > 0 {
            let sum: &mut u64 = all.entry(count.account).or_default();
            *sum = sum.saturating_add(count.connections);
            let busiest: &mut u64 = most.entry(count.account).or_default();
            *busiest = (*busiest).max(count.connections);
        }
    }
    (all, most)
}

async fn read_copies(survey: &mut Survey, sys: &dyn Sys) {
    let names: Vec<Text> = survey
        .census
        .iter()
        .flat_map(|census| census.ours().map(|row| row.name.clone()))
        .collect();
    let mut asked: Vec<AccountId> = survey.accounts.iter().copied().collect();
    if asked.len() > MANY_ACCOUNTS {
        asked.retain(|id| survey.busiest.contains_key(id));
    }
    let copies: Vec<_> = stream::iter(asked)
        .map(|id| {
            let names = &names;
            async move { (id, copies_of(sys, id, names).await) }
        })
        .buffer_unordered(WINDOW)
        .collect()
        .await;
    for (id, told) in copies {
        survey.silent.extend(told.silent);
        if let Some(live) = &mut survey.told.live {
            live.copies.insert(id, told.copies);
        }
    }
}

pub(in crate::actions) struct ToldCopies {
    pub(in crate::actions) copies: Vec<ServerCopy>,
    pub(in crate::actions) silent: Vec<Text>,
}

/// What each server has of one account.
pub(in crate::actions) async fn copies_of(
    sys: &dyn Sys,
    id: AccountId,
    names: &[Text],
) -> ToldCopies {
    let Ok(told) = sys.account(id).await else {
        let unknown = |server: &Text| ServerCopy {
            server: server.clone(),
            here: Here::Unknown,
        };
        return ToldCopies {
            copies: names.iter().map(unknown).collect(),
            silent: Vec::new(),
        };
    };
    let answers: HashMap<&Text, &Enforced> = told
        .answers()
        .map(|(server, here)| (&server.name, here))
        .collect();
    let kept = if answers.values().any(|here| is_pending(here)) {
        sys.lookup(id).await.ok()
    } else {
        None
    };
    let copies = names.iter().map(|name| ServerCopy {
        server: name.clone(),
        here: here(answers.get(name).copied(), kept.as_ref()),
    });
    ToldCopies {
        copies: copies.collect(),
        silent: told.silent.clone(),
    }
}

/// Whether a server will read the account at its next login. One that knows it from its routes alone has it as an expired
/// account without a token (`server/client.go`, `processRemoteSub`); one that was told to delete it, too.
fn is_pending(here: &Enforced) -> bool {
    match here {
        Enforced::NotLoaded => true,
        Enforced::Loaded(loaded) => loaded.token.is_none() && loaded.validity == Validity::Expired,
    }
}

fn here(told: Option<&Enforced>, kept: Option<&Copies>) -> Here {
    match told {
        Some(told) if is_pending(told) => kept.map_or(Here::Unknown, at_rest),
        Some(Enforced::Loaded(loaded)) => {
            let token = loaded.token.as_ref().and_then(row);
            token.map_or(Here::Unknown, Here::Enforced)
        }
        Some(Enforced::NotLoaded) | None => Here::Unknown,
    }
}

/// What resolvers keep, where they agree.
fn at_rest(kept: &Copies) -> Here {
    match (kept.tokens.as_slice(), kept.without, kept.unreadable) {
        ([(token, _)], 0, 0) => row(token).map_or(Here::Unknown, Here::Kept),
        ([], 1.., 0) => Here::Missing,
        _ => Here::Unknown,
    }
}

/// Whose the connections of small accounts are.
async fn read_identities(survey: &mut Survey, sys: &dyn Sys) -> Result<(), Refusal> {
    let is_small = |id: &AccountId| {
        let busiest = survey.busiest.get(id);
        busiest.is_some_and(|busiest| *busiest <= SMALL_ACCOUNT)
    };
    let small: Vec<AccountId> = survey.accounts.iter().copied().filter(is_small).collect();
    let told: Vec<_> = stream::iter(small)
        .map(|id| async move { (id, sys.connections(ConnQuery::AccountWithAuth(id)).await) })
        .buffer_unordered(HEAVY_WINDOW)
        .collect()
        .await;
    for (id, told) in told {
        let rows = survey.take_rows(told)?;
        if let Some(live) = &mut survey.told.live {
            live.identified.insert(id);
            live.open.extend(rows);
        }
    }
    Ok(())
}

impl Survey {
    /// The rows of an answer, and who did not give any. Of an account that no server has, nobody is connected.
    pub(super) fn take_rows(
        &mut self,
        told: Result<Gathered<Vec<ConnectionRow>>, SysError>,
    ) -> Result<Vec<ConnectionRow>, Refusal> {
        match told {
            Ok(told) => {
                self.silent.extend(told.unheard().cloned());
                let rows = told.said.into_iter().filter_map(|said| said.answer.ok());
                let mut rows: Vec<ConnectionRow> = rows.flatten().collect();
                self.name_accounts(&mut rows);
                Ok(rows)
            }
            Err(SysError::UnknownAccount(_)) => Ok(Vec::new()),
            Err(error) => Err(not_connected(&error)),
        }
    }
}

fn not_connected(error: &SysError) -> Refusal {
    Refusal::NotConnected(error.to_string().into())
}
