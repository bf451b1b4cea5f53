//! `connection watch`: what happens to connections, a line each, until SIGINT. Events are decoded; no token is in them.
//!
//! ```text
//! {"kind":"client","ref":"n1/41","state":"open",…}          connected; its kind is client, leafnode, ..
//! {"kind":"client","ref":"n1/41","state":"closed",…}        gone, with the reason
//! {"kind":"client","state":"closed","diagnosis":{…},…}      refused, with why as `diagnose` finds it
//! {"kind":"flapped",…} {"kind":"gap",…}                     came and went too fast to list; something was lost
//! {"kind":"end",…}
//! ```
//!
//! `--json` has the same things as `items` of one object, which is printed when it is ended.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::connection::{Which, read, servers};
use super::{NAMES, Seen, answer, fail, look};
use crate::actions::diagnose::events::{Explainer, Why};
use crate::actions::opening::Opened;
use crate::actions::refs::AccountRef;
use crate::actions::survey::{Survey, Wanted};
use crate::cli::output::{Answer, Output, Stream};
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::connection::ConnectionRow;
use crate::jwt::keys::AccountId;
use crate::sys::{Lost, RefusedLogin, Sys, SysEvent};

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
    let stream = output.stream("connection");
    match cancel.run_until_cancelled(started).await {
        Some(Ok((events, survey))) => {
            let printer = Printer::new(accounts, &survey, stream);
            follow(events, printer, opened, &cancel).await
        }
        Some(Err(explanation)) => fail("connection", &explanation, output),
        // Nothing was to be seen until then, and nobody was found silent.
        None => {
            stream.end(&Answer::default());
            0
        }
    }
}

/// `connection ls --watch`: who is connected, and then what happens.
pub(in crate::cli) async fn list_and_watch(
    accounts: &[AccountRef],
    opened: &Opened,
    output: &Output,
    cancel: CancellationToken,
) -> u8 {
    let mut stream = output.stream("connection");
    let started = async {
        // Events first: what connects while the list is made is heard.
        let events = listen(servers(opened)?).await?;
        let (survey, rows) = read(accounts, Which::Open, opened, output).await?;
        stream.rows(&rows, &answer(&survey, opened))?;
        Ok((events, survey))
    };
    let started = cancel.run_until_cancelled(started).await;
    match started.unwrap_or_else(|| Err(cut_short())) {
        Ok((events, survey)) => {
            let printer = Printer::new(accounts, &survey, stream);
            follow(events, printer, opened, &cancel).await
        }
        Err(explanation) => fail("connection.list", &explanation, output),
    }
}

fn cut_short() -> Explanation {
    let what = "it was ended before all servers had said who is connected";
    Explanation::new(Code::Cancelled, what, "nothing was listed")
}

async fn listen(sys: &dyn Sys) -> Result<Events, Explanation> {
    sys.events().await.map_err(|error| error.explain())
}

/// Prints events until the stream or the person ends it.
async fn follow(
    mut events: Events,
    mut printer: Printer<'_>,
    opened: &Opened,
    cancel: &CancellationToken,
) -> u8 {
    while let Some(Some(batch)) = cancel.run_until_cancelled(events.next()).await {
        for event in batch {
            printer.print(event, opened).await;
        }
    }
    let answer = answer(printer.survey, opened);
    printer.stream.end(&answer);
    answer.exit()
}

struct Printer<'a> {
    /// `None`: all accounts.
    only: Option<&'a BTreeSet<AccountId>>,
    survey: &'a Survey,
    stream: Stream<'a>,
    explainer: Explainer,
}

/// A refused login, with why.
#[derive(Serialize)]
struct Refused<'a> {
    #[serde(flatten)]
    row: &'a ConnectionRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<&'a Why>,
}

#[derive(Serialize)]
struct Gap {
    lost: &'static str,
}

impl<'a> Printer<'a> {
    fn new(accounts: &[AccountRef], survey: &'a Survey, stream: Stream<'a>) -> Self {
        Self {
            only: (!accounts.is_empty()).then_some(&survey.accounts),
            survey,
            stream,
            explainer: Explainer::default(),
        }
    }

    async fn print(&mut self, event: SysEvent, opened: &Opened) {
        match event {
            SysEvent::Connected(row) => self.row(*row, '+'),
            SysEvent::Disconnected(row) => self.row(*row, '-'),
            SysEvent::Refused(login) => self.refused(*login, opened).await,
            SysEvent::Flapped {
                account,
                user,
                times,
            } if self.concerns(account) => {
                let item = json!({"account": account, "user": user, "times": times});
                let human = format!("~ came and went {times} times");
                self.stream.event("flapped", &item, &human);
            }
            SysEvent::Gap { lost } => {
                let lost = match lost {
                    Lost::Reconnected => "reconnected",
                    Lost::SlowConsumer(_) => "slow_consumer",
                    Lost::Overflow(_) => "overflow",
                };
                let human = format!("? something was lost: {lost}");
                self.stream.event("gap", &Gap { lost }, &human);
            }
            SysEvent::Flapped { .. } | SysEvent::Server(_) => {}
        }
    }

    fn concerns(&self, account: Option<AccountId>) -> bool {
        self.only
            .is_none_or(|only| account.is_some_and(|account| only.contains(&account)))
    }

    fn row(&mut self, row: ConnectionRow, sign: char) {
        if let Some(row) = self.named(row) {
            self.stream.event("connection", &row, &human(&row, sign));
        }
    }

    /// A row of an account that is asked for, with the account's name.
    fn named(&self, row: ConnectionRow) -> Option<ConnectionRow> {
        let concerns = self.concerns(row.account.as_ref().map(|account| account.key));
        let mut rows = [row];
        self.survey.name_accounts(&mut rows);
        let [row] = rows;
        concerns.then_some(row)
    }

    async fn refused(&mut self, login: RefusedLogin, opened: &Opened) {
        let Some(row) = self.named(login.row.clone()) else {
            return;
        };
        let why = self.explainer.explain(&login, &opened.ports).await;
        let said = why.as_ref().map(|why| format!(": {}", why.what));
        let human = format!("{}{}", human(&row, '!'), said.unwrap_or_default());
        let item = Refused {
            row: &row,
            diagnosis: why.as_ref(),
        };
        self.stream.event("connection", &item, &human);
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
