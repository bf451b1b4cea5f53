//! `connection ls|info`. Whose a connection is, is asked for small accounts at once and else for what is shown
//! (ACTS section 7).

use super::{NAMES, Seen, answer, counted, fail, item, look};
use crate::actions::lookup;
use crate::actions::opening::Opened;
use crate::actions::plan::Warning;
use crate::actions::refs::{AccountRef, ConnRef};
use crate::actions::survey::{Survey, Wanted, identify_connections, large, read_closed, read_open};
use crate::cli::output::{Answer, Output};
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::connection::ConnectionRow;
use crate::sys::Sys;

/// Which connections are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Which {
    Open,
    Closed,
}

/// The columns of connections that are gone.
const CLOSED: &str = "account,user,name,server,cid,closed_at,reason";
/// Fields that only a question with auth tells.
const IDENTITY: [&str; 4] = ["user", "identity", "claimed_user", "signer"];

pub(in crate::cli) async fn list(
    accounts: &[AccountRef],
    which: Which,
    opened: &Opened,
    output: &Output,
) -> u8 {
    let listed = async {
        let (survey, rows) = read(accounts, which, opened, output).await?;
        let answer = answer(&survey, opened);
        let columns = if which == Which::Closed { CLOSED } else { "" };
        output.list_by("connection", &rows, &answer, columns)?;
        Ok(answer.exit())
    };
    let done: Result<u8, Explanation> = listed.await;
    done.unwrap_or_else(|explanation| fail("connection.list", &explanation, output))
}

/// The servers, or why nobody can be asked for connections.
pub(super) fn servers(opened: &Opened) -> Result<&dyn Sys, Explanation> {
    let offline = || {
        let what = "no server is asked";
        Explanation::new(
            Code::NotConnected,
            what,
            "nothing is known about connections",
        )
    };
    let sys = opened.ports.sys.as_deref();
    sys.ok_or_else(|| opened.problems.last().cloned().unwrap_or_else(offline))
}

/// Connections with the names of their accounts, and whose they are as far as that is asked.
pub(super) async fn read(
    accounts: &[AccountRef],
    which: Which,
    opened: &Opened,
    output: &Output,
) -> Result<(Survey, Vec<ConnectionRow>), Explanation> {
    let sys = servers(opened)?;
    // A wrong expression is told before anybody is asked.
    let is_forced = output.depends_on::<ConnectionRow>(&IDENTITY)?;
    let (mut survey, rows) = match which {
        Which::Closed => {
            let Seen { mut survey, .. } = look(opened, &Wanted { accounts, ..NAMES }).await?;
            let rows = read_closed(&mut survey, sys).await;
            (survey, rows)
        }
        Which::Open => {
            let Seen { mut survey, .. } = look(opened, &counted(accounts)).await?;
            let rows = read_open(&mut survey, sys).await;
            (survey, rows)
        }
    };
    let mut rows = rows.map_err(|refusal| refusal.explain())?;
    rows.sort_by(|a, b| (&a.server.name, a.id.cid).cmp(&(&b.server.name, b.id.cid)));
    if which != Which::Closed {
        identify(&mut rows, &mut survey, sys, (output, is_forced)).await?;
    }
    Ok((survey, rows))
}

/// Asks whose the connections of large accounts are, if the answer hangs on it, or for the few that are shown. Else it is
/// said that nobody asked.
async fn identify(
    rows: &mut [ConnectionRow],
    survey: &mut Survey,
    sys: &dyn Sys,
    (output, is_forced): (&Output, bool),
) -> Result<(), Explanation> {
    let which: Vec<usize> = if is_forced {
        (0..rows.len()).collect()
    } else if output.limit().is_some() {
        output.page(rows, "")?
    } else {
        Vec::new()
    };
    let done = identify_connections(survey, sys, rows, &which).await;
    done.map_err(|refusal| refusal.explain())?;
    let is_unasked = |row: &ConnectionRow| row.holder.is_none();
    if which.is_empty() && rows.iter().any(is_unasked) {
        let names = large(survey).into_iter().map(|id| {
            let account = survey.account(id);
            account.map_or_else(|| id.key().short(), |account| account.name.to_string())
        });
        let names: Vec<String> = names.collect();
        let what = format!(
            "{}: too many connections to ask whose each is; --limit, or --where user:…, asks for those",
            names.join(", ")
        );
        survey
            .warnings
            .push(Warning::new("identity_not_asked", what));
    }
    Ok(())
}

pub(in crate::cli) async fn info(written: &ConnRef, opened: &Opened, output: &Output) -> u8 {
    match found(written, opened).await {
        Ok((row, answer)) => item("connection", &row, &answer, output),
        Err(explanation) => fail("connection", &explanation, output),
    }
}

async fn found(written: &ConnRef, opened: &Opened) -> Result<(ConnectionRow, Answer), Explanation> {
    let sys = servers(opened)?;
    let Seen { mut survey, .. } = look(opened, &NAMES).await?;
    let id = lookup::connection(survey.census.as_deref(), written);
    let id = id.map_err(|refusal| refusal.explain())?;
    let told = sys
        .connections(crate::sys::ConnQuery::WithAuth(vec![id]))
        .await
        .map_err(|error| error.explain())?;
    survey.silent.extend(told.silent.iter().cloned());
    let mut rows: Vec<ConnectionRow> = told
        .answers()
        .flat_map(|(_, rows)| rows.iter().cloned())
        .collect();
    survey.name_accounts(&mut rows);
    let row = rows.into_iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| lookup::not_open(&told, written).explain())?;
    Ok((row, answer(&survey, opened)))
}
