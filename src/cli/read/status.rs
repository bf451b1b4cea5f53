//! `status`: what we hold, who answers, what we can do, and why not more.

use std::path::Path;

use serde::Serialize;

use super::{NAMES, Seen, answer, fail, item, look};
use crate::actions::action::Access;
use crate::actions::opening::{How, LoginState, Opened};
use crate::actions::recovery::{Unfinished, unfinished};
use crate::actions::spec::Tier;
use crate::actions::standing::standing;
use crate::cli::output::Output;
use crate::explain::{Explain as _, Explanation, Next};
use crate::inventory::connection::Named;
use crate::inventory::key_line::KeyRole;
use crate::inventory::server::ServerState;
use crate::jwt::keys::{OperatorId, PublicKey, ServerId};
use crate::jwt::time::UnixTime;
use crate::ledger::{Fault, LedgerError, Query, Record, RecordId};
use crate::text::Text;

#[derive(Serialize)]
struct Status {
    tier: Tier,
    operator: Option<Named<OperatorId>>,
    context: Context,
    login: Login,
    held: Vec<HeldKey>,
    servers: Vec<Server>,
    ledger: LedgerLine,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Context {
    name: Text,
    production: bool,
    read_only: bool,
}

#[derive(Serialize)]
struct Login {
    how: &'static str,
    creds: Option<Text>,
    expires_at: Option<UnixTime>,
}

#[derive(Serialize)]
struct HeldKey {
    key: PublicKey,
    /// `None`: no token names it.
    kind: Option<KeyRole>,
}

#[derive(Serialize)]
struct Server {
    name: Text,
    id: Option<ServerId>,
    state: ServerState,
    version: Option<Text>,
}

#[derive(Serialize)]
struct LedgerLine {
    kind: &'static str,
    path: Text,
    records: u64,
    head: Option<RecordId>,
}

/// Something that stands in the way, or that somebody should look at.
#[derive(Serialize)]
struct Problem {
    code: Text,
    what: Text,
    #[serde(skip_serializing_if = "String::is_empty")]
    so: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<Next>,
}

impl Problem {
    fn new(code: &str, what: impl std::fmt::Display) -> Self {
        Self {
            code: code.into(),
            what: what.to_string().into(),
            so: String::new(),
            next: Vec::new(),
        }
    }
}

impl From<&Explanation> for Problem {
    fn from(explanation: &Explanation) -> Self {
        let code = serde_json::to_value(explanation.code);
        let code = code.ok().and_then(|code| code.as_str().map(Text::from));
        Self {
            code: code.unwrap_or_default(),
            what: explanation.what.as_str().into(),
            so: explanation.so.clone(),
            next: explanation.next.clone(),
        }
    }
}

pub(in crate::cli) async fn status(opened: &Opened, output: &Output) -> u8 {
    match gather(opened).await {
        Ok((status, seen)) => item("status", &status, &answer(&seen.survey, opened), output),
        Err(explanation) => fail("status", &explanation, output),
    }
}

async fn gather(opened: &Opened) -> Result<(Status, Seen), Explanation> {
    let seen = look(opened, &NAMES).await?;
    let ports = &opened.ports;
    let read = ports
        .record
        .on_disk(|ledger| Ok((newest(ledger)?, ledger.rollbacks()?)));
    let (newest, rollbacks) = read.await.map_err(|error| error.explain())?;
    let open = unfinished(ports).await.map_err(|error| error.explain())?;
    let record = Ledgers {
        newest,
        open,
        rollbacks,
    };
    let standing = standing(ports, seen.survey.operator(), &seen.survey.held());
    let keys = seen.picture.keys.iter().filter(|line| line.is_held());
    let servers = seen.survey.census.iter().flat_map(|census| census.ours());
    let operator = seen.picture.operator.as_ref();
    let status = Status {
        tier: standing.tier,
        operator: operator.map(|line| Named {
            key: line.id,
            name: line.name().cloned(),
        }),
        context: Context {
            name: ports.context.name.clone(),
            production: ports.context.production,
            read_only: standing.access == Access::ReadOnly,
        },
        login: login(&opened.login),
        held: keys
            .map(|line| HeldKey {
                key: line.key,
                kind: line.kind,
            })
            .collect(),
        servers: servers
            .map(|row| Server {
                name: row.name.clone(),
                id: row.id,
                state: row.state,
                version: row.version.clone(),
            })
            .collect(),
        ledger: LedgerLine {
            kind: "folder",
            path: shown(&ports.record.folder.join("ledger")),
            records: record.newest.as_ref().map_or(0, |newest| newest.seq),
            head: record.newest.as_ref().map(|newest| newest.id),
        },
        problems: problems(opened, &seen, &record),
    };
    Ok((status, seen))
}

/// What the record says of itself.
struct Ledgers {
    newest: Option<Record>,
    open: Vec<Unfinished>,
    rollbacks: Vec<Fault>,
}

fn newest(ledger: &dyn crate::ledger::Ledger) -> Result<Option<Record>, LedgerError> {
    let query = Query {
        limit: Some(1),
        ..Query::default()
    };
    Ok(ledger.records(&query)?.records.into_iter().next())
}

fn login(state: &LoginState) -> Login {
    let (how, creds) = match &state.how {
        How::Creds { path, .. } => ("creds", path.as_deref().map(shown)),
        How::Minted => ("minted", None),
        How::Offline => ("offline", None),
    };
    Login {
        how,
        creds,
        expires_at: state.expires_at,
    }
}

fn shown(path: &Path) -> Text {
    path.to_string_lossy().as_ref().into()
}

/// What is unfinished; why not more: what could not be opened, what we might have logged in with, what is wrong on disk.
fn problems(opened: &Opened, seen: &Seen, record: &Ledgers) -> Vec<Problem> {
    let passed_over = opened.login.passed_over.iter();
    let passed_over = passed_over
        .map(|over| Problem::new("passed_over", format_args!("{}: {}", over.what, over.why)));
    let refused = opened.ports.sys.iter().flat_map(|sys| sys.refused());
    let refused = refused
        .map(|subject| Problem::new("not_permitted", format_args!("servers refuse {subject}")));
    // Open intents of a crash stand above everything.
    let open = record.open.iter().map(|act| Problem::from(&act.explain()));
    let rollbacks = record.rollbacks.iter();
    let rollbacks = rollbacks.map(|fault| Problem::new("rolled_back", fault));
    let stock = &seen.survey.stock;
    let flaws = stock.flaws.iter().cloned().chain(stock.user_flaws(None));
    let flaws = flaws.map(|flaw| Problem::new("store", flaw));
    let opening = opened.problems.iter().map(Problem::from);
    open.chain(opening)
        .chain(passed_over)
        .chain(refused)
        .chain(rollbacks)
        .chain(flaws)
        .collect()
}
