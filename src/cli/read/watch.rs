//! `connection watch`: what happens to connections, a line each, until SIGINT. Events are decoded; no token is in them.
//!
//! ```text
//! {"kind":"client","ref":"n1/41","state":"open",…}          connected; its kind is client, leafnode, ..
//! {"kind":"client","ref":"n1/41","state":"closed",…}        gone or refused, with the reason
//! {"kind":"flapped",…} {"kind":"gap",…}                     came and went too fast to list; something was lost
//! {"kind":"end",…}
//! ```

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::connection::{Which, print, servers};
use super::{NAMES, Seen, answer, fail, look};
use crate::actions::opening::Opened;
use crate::actions::refs::AccountRef;
use crate::actions::survey::{Survey, Wanted};
use crate::cli::output::Output;
use crate::explain::{Explain, Explanation};
use crate::inventory::connection::ConnectionRow;
use crate::jwt::keys::AccountId;
use crate::sys::{Lost, Sys, SysEvent};

type Events = BoxStream<'static, Vec<SysEvent>>;

pub(in crate::cli) async fn watch(
    accounts: &[AccountRef],
    opened: &Opened,
    output: &Output,
    cancel: CancellationToken,
) -> u8 {
    let started = async {
        let events = listen(servers(opened)?).await?;
        let Seen { survey, .. } = look(opened, &Wanted { accounts, ..NAMES }).await?;
        Ok((events, survey))
    };
    match started.await {
        Ok((events, survey)) => follow(events, accounts, &survey, (opened, output, cancel)).await,
        Err(explanation) => fail("connection", &explanation, output),
    }
}

/// `connection ls --watch`: who is connected, and then what happens.
pub(in crate::cli) async fn list_and_watch(
    accounts: &[AccountRef],
    opened: &Opened,
    output: &Output,
    cancel: CancellationToken,
) -> u8 {
    let started = async {
        // Events first: what connects while the list is made is heard.
        let events = listen(servers(opened)?).await?;
        let survey = print(accounts, Which::Open, opened, output).await?;
        Ok((events, survey))
    };
    match started.await {
        Ok((events, survey)) => follow(events, accounts, &survey, (opened, output, cancel)).await,
        Err(explanation) => fail("connection.list", &explanation, output),
    }
}

async fn listen(sys: &dyn Sys) -> Result<Events, Explanation> {
    sys.events().await.map_err(|error| error.explain())
}

/// Prints events until the stream or the person ends it.
async fn follow(
    mut events: Events,
    accounts: &[AccountRef],
    survey: &Survey,
    (opened, output, cancel): (&Opened, &Output, CancellationToken),
) -> u8 {
    let printer = Printer {
        only: (!accounts.is_empty()).then_some(&survey.accounts),
        survey,
        output,
    };
    loop {
        let batch = tokio::select! {
            batch = events.next() => batch,
            () = cancel.cancelled() => None,
        };
        let Some(batch) = batch else { break };
        for event in batch {
            printer.print(event);
        }
    }
    let answer = answer(survey, opened);
    output.end(&answer);
    answer.exit()
}

struct Printer<'a> {
    /// `None`: all accounts.
    only: Option<&'a BTreeSet<AccountId>>,
    survey: &'a Survey,
    output: &'a Output,
}

#[derive(Serialize)]
struct Gap {
    lost: &'static str,
}

impl Printer<'_> {
    fn print(&self, event: SysEvent) {
        match event {
            SysEvent::Connected(row) => self.row(*row, '+'),
            SysEvent::Disconnected(row) => self.row(*row, '-'),
            SysEvent::Refused(row) => self.row(*row, '!'),
            SysEvent::Flapped {
                account,
                user,
                times,
            } if self.concerns(account) => {
                let item = json!({"account": account, "user": user, "times": times});
                let human = format!("~ came and went {times} times");
                self.output.event("flapped", &item, &human);
            }
            SysEvent::Gap { lost } => {
                let lost = match lost {
                    Lost::Reconnected => "reconnected",
                    Lost::SlowConsumer(_) => "slow_consumer",
                    Lost::Overflow(_) => "overflow",
                };
                let human = format!("? something was lost: {lost}");
                self.output.event("gap", &Gap { lost }, &human);
            }
            SysEvent::Flapped { .. }
            | SysEvent::Counts { .. }
            | SysEvent::Server(_)
            | SysEvent::Token(_) => {}
        }
    }

    fn concerns(&self, account: Option<AccountId>) -> bool {
        self.only
            .is_none_or(|only| account.is_some_and(|account| only.contains(&account)))
    }

    fn row(&self, row: ConnectionRow, sign: char) {
        if !self.concerns(row.account.as_ref().map(|account| account.key)) {
            return;
        }
        let mut rows = [row];
        self.survey.name_accounts(&mut rows);
        let [row] = rows;
        self.output.event("connection", &row, &human(&row, sign));
    }
}

fn human(row: &ConnectionRow, sign: char) -> String {
    let account = row
        .account
        .as_ref()
        .and_then(|account| account.name.clone());
    let holder = row.holder.as_ref().and_then(|holder| holder.user.as_ref());
    let user = holder.and_then(|user| user.name.clone());
    let reason = row.reason.clone().unwrap_or_default();
    format!(
        "{sign} {:<12} {:<12} {:<16} {}  {reason}",
        row.reference(),
        account.unwrap_or_default(),
        user.unwrap_or_default(),
        row.name
    )
}
