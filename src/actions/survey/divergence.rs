//! What a survey found to differ: for the accounts whose revisions are not the same everywhere, and for those alone, the tokens
//! themselves are read. So ten thousand accounts cost one PACK.
//!
//! Limits: those of the survey. Of more than [`super::MANY_ACCOUNTS`] accounts, what servers keep of one with which nobody is
//! connected is what one resolver told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join;
use futures::{StreamExt as _, stream};

use super::{MANY_ACCOUNTS, Survey, read_creds};
use crate::actions::plan::Warning;
use crate::actions::ports::Ports;
use crate::actions::prepare::blocking;
use crate::actions::refusal::Refusal;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::drift::{DriftLine, Sides, Tokens};
use crate::inventory::told::Here;
use crate::jwt::keys::{AccountId, ServerId};
use crate::jwt::token::{Revision, Token};
use crate::ledger::audit::Change;
use crate::ledger::{Ledger, LedgerError, Query};
use crate::store::Stored;
use crate::sys::{Enforced, Sys};
use crate::text::Text;

/// Accounts whose tokens are read at the same time.
const WINDOW: usize = 16;

/// Everything that differs of what a survey found. `open` are its connections, with whose they are.
pub async fn divergence(
    survey: &Survey,
    open: &[ConnectionRow],
    ports: &Ports,
) -> Result<Vec<DriftLine>, Refusal> {
    let creds = read_creds(ports).await?;
    let mut tokens = BTreeMap::new();
    if let Some(sys) = ports.sys.as_deref() {
        tokens = read_all(unequal(survey), sys, ports).await?;
    }
    add_bases(&mut tokens, ports).await?;
    Ok(DriftLine::all(&Sides {
        told: &survey.told,
        accounts: &survey.accounts,
        tokens: &tokens,
        creds: &creds,
        open,
        silent: &silent(survey),
        context: &ports.context.words(),
    }))
}

/// What is not compared where there are too many accounts to ask every server for each.
pub fn not_compared(survey: &Survey) -> Option<Warning> {
    let asked = survey.told.live.as_ref()?;
    let unasked = survey.accounts.iter();
    let unasked = unasked.filter(|id| !asked.copies.contains_key(id)).count();
    (survey.accounts.len() > MANY_ACCOUNTS && unasked > 0).then(|| {
        let what = format!(
            "of {unasked} accounts with which nobody is connected the store is compared with what one resolver keeps: name accounts to compare every server"
        );
        Warning::new("one_resolver", what)
    })
}

fn silent(survey: &Survey) -> Vec<(Text, Option<ServerId>)> {
    let id = |name: &Text| {
        let mut rows = survey.census.iter().flat_map(|census| census.ours());
        rows.find(|row| row.name == *name).and_then(|row| row.id)
    };
    let silent = survey.silent.iter();
    silent.map(|name| (name.clone(), id(name))).collect()
}

/// The accounts that are not known to be the same everywhere.
fn unequal(survey: &Survey) -> Vec<AccountId> {
    let told = &survey.told;
    let is_unequal = |id: &&AccountId| {
        let stored = told.stored(**id).map(|row| row.revision);
        let copies = told.copies(**id);
        let is_silent = |server: &Text| survey.silent.contains(server);
        let unclear = copies.iter().any(|copy| match copy.here {
            Here::Missing => true,
            Here::Unknown => !is_silent(&copy.server),
            Here::Enforced(_) | Here::Kept(_) => false,
        });
        let packed = told.live.as_ref().and_then(|live| live.packed.get(id));
        let served = copies.iter().filter_map(|copy| copy.here.row());
        let served: BTreeSet<Revision> = served.chain(packed).map(|row| row.revision).collect();
        let same = served.len() == 1 && served.first() == stored.as_ref();
        unclear || !same
    };
    survey.accounts.iter().filter(is_unequal).copied().collect()
}

async fn read_all(
    ids: Vec<AccountId>,
    sys: &dyn Sys,
    ports: &Ports,
) -> Result<BTreeMap<AccountId, Tokens>, Refusal> {
    let read: Vec<Result<(AccountId, Tokens), Refusal>> = stream::iter(ids)
        .map(|id| async move { Ok((id, read(id, sys, ports).await?)) })
        .buffer_unordered(WINDOW)
        .collect()
        .await;
    read.into_iter().collect()
}

async fn read(id: AccountId, sys: &dyn Sys, ports: &Ports) -> Result<Tokens, Refusal> {
    let stored = match &ports.store {
        Some(store) => {
            let token = move |store: &dyn crate::store::Store| store.token(&Stored::Account(id));
            blocking(Arc::clone(store), token).await?.ok()
        }
        None => None,
    };
    let (enforced, kept) = join(sys.account(id), sys.lookup(id)).await;
    let mut tokens = Tokens {
        stored,
        ..Tokens::default()
    };
    // What cannot be asked is not known; who was silent is told beside it.
    if let Ok(enforced) = enforced {
        for (server, here) in enforced.answers() {
            if let Enforced::Loaded(loaded) = here
                && let Some(token) = &loaded.token
            {
                tokens
                    .enforced
                    .push((server.name.clone(), Some(token.clone())));
            }
        }
        tokens.enforced.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    if let Ok(kept) = kept {
        tokens.without = kept.without + kept.unreadable;
        tokens.kept = kept.tokens;
    }
    Ok(tokens)
}

/// Adds what both sides of an account may come from: the youngest token of the record that is no younger than either.
async fn add_bases(all: &mut BTreeMap<AccountId, Tokens>, ports: &Ports) -> Result<(), Refusal> {
    if all.is_empty() {
        return Ok(());
    }
    let recorded = ports.record.on_disk(recorded).await;
    let recorded = recorded.map_err(|error| Refusal::Unreadable(error.to_string().into()))?;
    for token in recorded {
        let account = AccountId::try_from(token.envelope().subject).ok();
        let Some(tokens) = account.and_then(|id| all.get_mut(&id)) else {
            continue;
        };
        let at = token.envelope().issued_at;
        let is_older = |other: &Token| at <= other.envelope().issued_at;
        let is_younger = tokens
            .base
            .as_ref()
            .is_none_or(|base| base.envelope().issued_at < at);
        if is_younger && tokens.all().all(is_older) {
            tokens.base = Some(token);
        }
    }
    Ok(())
}

/// Every token of an account in the record.
fn recorded(ledger: &dyn Ledger) -> Result<Vec<Token>, LedgerError> {
    let listing = ledger.records(&Query::default())?;
    let changes = listing
        .records
        .iter()
        .filter_map(|record| record.change.as_ref());
    let texts = changes.flat_map(|change: &Change| {
        let also = change.also.iter();
        let also = also.flat_map(|tokens| [&tokens.before, &tokens.after]);
        [&change.before, &change.after].into_iter().chain(also)
    });
    // A token is letters, digits and dots: shown as it is written.
    let tokens = texts
        .flatten()
        .filter_map(|text| Token::decode(&text.to_string()).ok());
    Ok(tokens.collect())
}
