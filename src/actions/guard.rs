//! Guards revocations: a server that was away lets revoked users in until its next sync, so whoever watches pushes the servers'
//! current token to it the moment it speaks, and closes who got in. The entries are kept for a day, whoever watches.
//!
//! ```text
//! STATSZ of a name with a new id ──> intent on disk ──> push the current token ──> kick intruders there ──> result
//! ```

use std::collections::{BTreeMap, HashMap};

use futures::{FutureExt as _, StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use crate::inventory::server::{ServerLabel, ServerRow, ServerState};
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, ConnId, ServerId};
use crate::jwt::token::Token;
use crate::ledger::RecordId;
use crate::ledger::audit::{Draft, Ending, Outcome as Word, Target};
use crate::ledger::guard::Guard;
use crate::sys::{ConnQuery, Kicked, Proof, ServerNews, Sys, SysError, SysEvent, Update};
use crate::text::Text;

use super::copies::ServerCopies;
use super::facts::is_kept_out;
use super::ports::Ports;
use super::verify::PAUSE;

/// The id under which the record has what a guard does.
pub const ACTION: &str = "guard.push";

/// How often a late server is asked whether it has what was pushed.
const LOOKS: usize = 10;

/// Accounts that are pushed to a late server at the same time. Each waits for its own proof, and while one does, an intruder of
/// the next would stay.
const AT_ONCE: usize = 64;

/// What a guard did about one account on a server that came late.
#[derive(Clone, Debug)]
pub struct Guarded {
    pub server: Text,
    pub account: AccountId,
    /// Intruders that were closed.
    pub closed: usize,
    pub problem: Option<Text>,
    pub record: Option<RecordId>,
}

/// Watches until it is told to stop. `told` hears what was done.
pub async fn watch(
    ports: &Ports,
    told: &(dyn Fn(Guarded) + Send + Sync),
    stop: &CancellationToken,
) -> Result<(), SysError> {
    let Some(sys) = ports.sys.clone() else {
        return Ok(());
    };
    let mut events = sys.events().await?;
    let mut known = servers_now(sys.as_ref()).await?;
    loop {
        let batch = tokio::select! {
            batch = events.next() => batch,
            () = stop.cancelled() => None,
        };
        let Some(batch) = batch else { return Ok(()) };
        for event in batch {
            match event {
                SysEvent::Server(ServerNews::Alive { server, .. }) => {
                    if known.insert(server.name.clone(), server.id) != Some(server.id) {
                        for guarded in protect(ports, sys.as_ref(), &server).await {
                            told(guarded);
                        }
                    }
                }
                // What happened meanwhile is not known: whoever is there now and was not before has come late.
                SysEvent::Gap { .. } => {
                    for server in newcomers(sys.as_ref(), &mut known).await {
                        for guarded in protect(ports, sys.as_ref(), &server).await {
                            told(guarded);
                        }
                    }
                }
                SysEvent::Connected(_)
                | SysEvent::Disconnected(_)
                | SysEvent::Flapped { .. }
                | SysEvent::Refused(_) => {}
                SysEvent::Server(ServerNews::LameDuck(_) | ServerNews::ShutDown(_)) => {}
            }
        }
    }
}

/// The servers that answer now: none of them comes late. One that is silent does when it speaks.
async fn servers_now(sys: &dyn Sys) -> Result<HashMap<Text, ServerId>, SysError> {
    let census = sys.take_census().await?;
    let up = census
        .ours()
        .filter(|server| server.state == ServerState::Up);
    Ok(up
        .filter_map(|server| Some((server.name.clone(), server.id?)))
        .collect())
}

async fn newcomers(sys: &dyn Sys, known: &mut HashMap<Text, ServerId>) -> Vec<ServerLabel> {
    // Servers that cannot be asked now are heard by their next heartbeat.
    let Ok(census) = sys.take_census().await else {
        return Vec::new();
    };
    let up = census
        .ours()
        .filter(|server| server.state == ServerState::Up)
        .filter_map(ServerRow::label);
    up.filter(|server| known.insert(server.name.clone(), server.id) != Some(server.id))
        .collect()
}

/// Pushes the current token of every guarded account, and closes who is kept out on that server.
async fn protect(ports: &Ports, sys: &dyn Sys, server: &ServerLabel) -> Vec<Guarded> {
    let guards = match ports.record.guards().list((ports.now)()) {
        Ok(guards) => guards,
        Err(error) => return vec![problem(server, AccountId::from_bytes([0; 32]), &error)],
    };
    let mut accounts: BTreeMap<AccountId, Vec<Guard>> = BTreeMap::new();
    for guard in guards {
        accounts.entry(guard.account).or_default().push(guard);
    }
    let mut each = Vec::new();
    for (account, guards) in &accounts {
        each.push(push_again(ports, sys, server, *account, guards).boxed());
    }
    stream::iter(each).buffer_unordered(AT_ONCE).collect().await
}

fn problem(server: &ServerLabel, account: AccountId, why: &dyn std::fmt::Display) -> Guarded {
    Guarded {
        server: server.name.clone(),
        account,
        closed: 0,
        problem: Some(why.to_string().into()),
        record: None,
    }
}

async fn push_again(
    ports: &Ports,
    sys: &dyn Sys,
    server: &ServerLabel,
    account: AccountId,
    guards: &[Guard],
) -> Guarded {
    let current = match ServerCopies::read(sys, account).await {
        Ok(copies) => copies.best().cloned(),
        Err(error) => return problem(server, account, &error),
    };
    let Some(current) = current else {
        return problem(server, account, &"no server has the account");
    };
    let draft = draft(ports, server, account, guards);
    let intent = match ports
        .record
        .on_disk(move |ledger| ledger.intent(draft))
        .await
    {
        Ok(intent) => intent,
        Err(error) => return problem(server, account, &error),
    };
    let Closed { closed, why } =
        close_intruders(sys, server, &current)
            .await
            .unwrap_or_else(|error| Closed {
                closed: 0,
                why: Some(error.to_string().into()),
            });
    let word = if why.is_none() {
        Word::Verified
    } else {
        Word::Partial
    };
    let ending = Ending {
        at: (ports.now)(),
        server_at: None,
        outcome: word,
        effect: Some(serde_json::json!({"server": server.name, "closed": closed}).into()),
        error: why
            .as_ref()
            .map(|why| serde_json::json!({"what": why}).into()),
        change: None,
    };
    let result = ports
        .record
        .on_disk(move |ledger| ledger.result(intent, ending))
        .await;
    let unrecorded = result.as_ref().err().map(|error| error.to_string().into());
    Guarded {
        server: server.name.clone(),
        account,
        closed,
        problem: why.or(unrecorded),
        record: result.ok(),
    }
}

/// What is known of a late server.
struct Closed {
    closed: usize,
    /// Why it cannot be said that the revocations hold there.
    why: Option<Text>,
}

/// The push comes first: it needs no list, and its own walk closes whom we cannot read.
async fn close_intruders(
    sys: &dyn Sys,
    server: &ServerLabel,
    current: &Token,
) -> Result<Closed, SysError> {
    let account = Account::of(current)?;
    let update = Update::new(current.clone(), 0)?;
    // Whether the late one took it is asked of it below.
    let _told = sys.push(&update).await?;
    let Some(intruders) = patient_intruders(sys, server, &account).await? else {
        return Ok(Closed {
            closed: 0,
            why: Some("it does not say who is connected".into()),
        });
    };
    let mut closed = 0;
    for id in &intruders {
        closed += usize::from(matches!(
            sys.kick(*id).await,
            Kicked::Closed | Kicked::NotThere
        ));
    }
    let why = if !is_in_force(sys, server, &update).await? {
        Some("it is not seen to enforce the token that was pushed".into())
    } else if closed < intruders.len() {
        Some(
            format!(
                "{} connections are not seen closed",
                intruders.len() - closed
            )
            .into(),
        )
    } else {
        None
    };
    Ok(Closed { closed, why })
}

/// The same as [`intruders`], of a server that has just begun and may be too busy to answer the first time.
async fn patient_intruders(
    sys: &dyn Sys,
    server: &ServerLabel,
    account: &Account,
) -> Result<Option<Vec<ConnId>>, SysError> {
    for _ in 1..LOOKS {
        let told = intruders(sys, server, account).await?;
        if told.is_some() {
            return Ok(told);
        }
        tokio::time::sleep(PAUSE).await;
    }
    intruders(sys, server, account).await
}

/// Who is connected to a server and kept out by the account. `None`: it does not say.
async fn intruders(
    sys: &dyn Sys,
    server: &ServerLabel,
    account: &Account,
) -> Result<Option<Vec<ConnId>>, SysError> {
    let rows = match sys
        .connections(ConnQuery::AccountWithAuth(account.id))
        .await
    {
        Err(SysError::UnknownAccount(_)) => return Ok(Some(Vec::new())),
        rows => rows?,
    };
    let here = rows.whole().find(|(told, _)| told.name == server.name);
    Ok(here.map(|(_, rows)| {
        let kept_out = rows.iter().filter(|row| is_kept_out(account, row));
        kept_out.map(|row| row.id).collect()
    }))
}

/// Whether a server says that it enforces an update. It is given a while to take it.
async fn is_in_force(
    sys: &dyn Sys,
    server: &ServerLabel,
    update: &Update,
) -> Result<bool, SysError> {
    for _ in 0..LOOKS {
        let proofs = sys.prove(update).await?;
        let here = proofs.answers().find(|(told, _)| told.name == server.name);
        if matches!(here, Some((_, Proof::InForce | Proof::Stored))) {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(false)
}

fn draft(ports: &Ports, server: &ServerLabel, account: AccountId, guards: &[Guard]) -> Draft {
    let watched: Vec<String> = guards.iter().map(|guard| guard.id.to_string()).collect();
    Draft {
        at: (ports.now)(),
        server_at: None,
        action: ACTION.into(),
        actor: ports.actor.clone(),
        authority: None,
        target: vec![Target {
            kind: "server".into(),
            key: server.id.to_string().into(),
            name: Some(server.name.clone()),
            account: None,
        }],
        reason: Some(
            format!(
                "{} came late; guards {} of {account}",
                server.name,
                watched.join(", ")
            )
            .into(),
        ),
        ticket: None,
        change: None,
        policy: None,
    }
}
