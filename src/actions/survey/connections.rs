//! Connections for a list: of small accounts with their identities, of large ones without, until somebody looks at them.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};

use super::Survey;
use crate::actions::prepare::SMALL_ACCOUNT;
use crate::actions::refusal::Refusal;
use crate::inventory::connection::ConnectionRow;
use crate::jwt::keys::{AccountId, ConnId};
use crate::sys::{ConnQuery, Sys};

/// Accounts asked for at the same time.
const WINDOW: usize = 4;

/// The accounts in question that are too large to be asked for identities.
pub fn large(survey: &Survey) -> Vec<AccountId> {
    let is_large = |id: &&AccountId| {
        let busiest = survey.busiest.get(*id);
        busiest.is_some_and(|busiest| *busiest > SMALL_ACCOUNT)
    };
    survey.accounts.iter().filter(is_large).copied().collect()
}

/// Open connections of the accounts in question. The survey has read those of the small ones.
pub async fn read_open(survey: &mut Survey, sys: &dyn Sys) -> Result<Vec<ConnectionRow>, Refusal> {
    let queries = large(survey).into_iter().map(ConnQuery::Account).collect();
    let mut rows = ask(survey, sys, queries).await?;
    if let Some(live) = &mut survey.told.live {
        rows.append(&mut live.open);
    }
    Ok(rows)
}

/// Connections of the accounts in question that are gone, as far back as servers remember.
pub async fn read_closed(
    survey: &mut Survey,
    sys: &dyn Sys,
) -> Result<Vec<ConnectionRow>, Refusal> {
    let queries = survey.accounts.iter().copied().map(ConnQuery::Closed);
    let queries = queries.collect();
    ask(survey, sys, queries).await
}

async fn ask(
    survey: &mut Survey,
    sys: &dyn Sys,
    queries: Vec<ConnQuery>,
) -> Result<Vec<ConnectionRow>, Refusal> {
    let told: Vec<_> = stream::iter(queries)
        .map(|query| sys.connections(query))
        .buffer_unordered(WINDOW)
        .collect()
        .await;
    let mut rows = Vec::new();
    for told in told {
        rows.extend(survey.take_rows(told)?);
    }
    Ok(rows)
}

/// Asks by `cid` whose these connections are, and puts the answers in the place of the rows. One that closed meanwhile stays
/// as it was.
pub async fn identify_connections(
    survey: &mut Survey,
    sys: &dyn Sys,
    rows: &mut [ConnectionRow],
    which: &[usize],
) -> Result<(), Refusal> {
    let unknown = |at: &&usize| rows.get(**at).is_some_and(|row| row.holder.is_none());
    let ids = which.iter().filter(unknown);
    let ids: Vec<ConnId> = ids.filter_map(|at| Some(rows.get(*at)?.id)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let told = sys.connections(ConnQuery::WithAuth(ids)).await;
    let told = survey.take_rows(told)?;
    let mut told: HashMap<ConnId, ConnectionRow> =
        told.into_iter().map(|row| (row.id, row)).collect();
    for row in rows {
        if let Some(known) = told.remove(&row.id) {
            *row = known;
        }
    }
    Ok(())
}
