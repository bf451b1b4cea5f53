//! Reads what the views list: store and servers at once, the record of acts, and everything about one user. It keeps nothing.

use std::sync::Arc;

use crate::actions::diagnose::attempt::Attempt;
use crate::actions::diagnose::judge::Diagnosis;
use crate::actions::diagnose::read::diagnose;
use crate::actions::diagnose::trial::Connect;
use crate::actions::opening::LoginState;
use crate::actions::ports::Ports;
use crate::actions::record_fields::RecordLine;
use crate::actions::recovery;
use crate::actions::refs::UserRef;
use crate::actions::refusal::Refusal;
use crate::actions::survey::{
    Ask, USUAL_WINDOW, Wanted, calendar, divergence, read_open, read_page, survey as read,
};
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::picture::Picture;
use crate::inventory::user_line::UserLine;
use crate::inventory::user_page::{self, Creds, UserPage};
use crate::ledger::{Ledger, Order, Query};
use crate::sys::Sys;
use crate::tui::app::seen::{Reports, Roll, Seen, Trail};

/// Everything, with the copies of accounts and the identities of connections.
const ALL: Wanted<'static> = Wanted {
    accounts: &[],
    copies: Ask::Yes,
    identities: Ask::Yes,
};

/// Only the identities of connections.
const CONNECTIONS: Wanted<'static> = Wanted {
    copies: Ask::No,
    ..ALL
};

/// Reads store and servers.
pub(super) async fn survey(ports: Option<Ports>) -> Result<Arc<Seen>, Explanation> {
    let ports = ports.ok_or_else(nothing_open)?;
    let seen = look(&ports).await.map_err(|refusal| refusal.explain())?;
    Ok(Arc::new(seen))
}

async fn look(ports: &Ports) -> Result<Seen, Refusal> {
    let begun = (ports.now)();
    let mut survey = read(ports, &ALL).await?;
    let picture = Picture::of(&survey.told);
    let connections = match &ports.sys {
        Some(sys) => Some(read_open(&mut survey, sys.as_ref()).await?),
        None => None,
    };
    Ok(Seen::of(
        survey,
        picture,
        connections,
        (begun, (ports.now)()),
    ))
}

/// Reads the open connections alone, with whose they are where an account is small.
pub(super) async fn roll(ports: &Ports, sys: &dyn Sys) -> Result<Box<Roll>, Explanation> {
    let begun = (ports.now)();
    let rows = async {
        let mut survey = read(ports, &CONNECTIONS).await?;
        let rows = read_open(&mut survey, sys).await?;
        Ok((survey, rows))
    };
    let (survey, rows) = rows.await.map_err(|refusal: Refusal| refusal.explain())?;
    Ok(Box::new(Roll::of(&survey, rows, begun)))
}

/// Reads the record of acts, beside the runtime.
pub(super) async fn trail(ports: Option<Ports>) -> Result<Arc<Trail>, Explanation> {
    let ports = ports.ok_or_else(nothing_open)?;
    let at = (ports.now)();
    let query = Query {
        order: Order::NewestFirst,
        ..Query::default()
    };
    let read = move |ledger: &dyn Ledger| Ok((ledger.records(&query)?, ledger.open_intents()?));
    let read = ports.record.on_disk(read).await;
    let (listing, open) = read.map_err(|error| error.explain())?;
    Ok(Arc::new(Trail {
        records: Arc::new(RecordLine::of(listing.records, &open)),
        unreadable: listing.unreadable,
        at,
    }))
}

/// Works out what differs and what ends.
pub(super) async fn reports(
    ports: Option<Ports>,
    of: Arc<Seen>,
    login: &LoginState,
) -> Result<Arc<Reports>, Explanation> {
    let ports = ports.ok_or_else(nothing_open)?;
    let read = async {
        let open = of.connections.as_ref().map(|rows| rows.as_slice());
        let told = &of.survey.told;
        let drift = divergence(&of.survey, open.unwrap_or_default(), &ports).await?;
        let expiry = calendar(
            told,
            &of.tree.accounts,
            &of.users,
            (&ports, login),
            USUAL_WINDOW,
        )
        .await?;
        Ok((drift, expiry))
    };
    let (drift, expiry) = read.await.map_err(|refusal: Refusal| refusal.explain())?;
    Ok(Arc::new(Reports {
        drift: Arc::new(drift),
        expiry: Arc::new(expiry),
        of,
    }))
}

/// Acts that have no result, with what the servers say of each now.
pub(super) async fn unfinished(ports: Option<&Ports>) -> Vec<Explanation> {
    let Some(ports) = ports else {
        return Vec::new();
    };
    match recovery::unfinished(ports).await {
        Ok(acts) => acts.iter().map(Explain::explain).collect(),
        Err(error) => vec![error.explain()],
    }
}

/// Works everything out about one user.
pub(super) async fn user(ports: Option<Ports>, seen: &Seen, line: UserLine) -> UserPage {
    let open = seen.connections.as_ref();
    let open = open.map(|rows| rows.as_slice()).unwrap_or_default();
    match ports {
        Some(ports) => read_page(line, &seen.survey, open, &ports).await,
        None => UserPage::of(line, &user_page::Read::default(), Creds::NotLooked),
    }
}

/// Finds out why a user is refused, without a try.
pub(super) async fn diagnosis(
    ports: Option<Ports>,
    user: &UserRef,
) -> Result<Diagnosis, Explanation> {
    let ports = ports.ok_or_else(nothing_open)?;
    let told = diagnose(user, &Attempt::default(), Connect::No, &ports).await;
    let told = told.map_err(|refusal| refusal.explain())?;
    Ok(told.diagnosis)
}

fn nothing_open() -> Explanation {
    let what = "nothing is open that could be read";
    Explanation::new(Code::NotConnected, what, "nothing was read")
}
