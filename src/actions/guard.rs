//! Guards revocations: a server that was away lets revoked users in until its next sync, so whoever watches pushes the servers'
//! current token to it the moment it speaks, and closes who got in. The entries are kept for a day, whoever watches.
//!
//! ```text
//! STATSZ of a name with a new id ──> intent on disk ──> read and push the current token ──> kick intruders there ──> result
//! ```

use std::collections::{BTreeMap, HashMap};

use futures::{FutureExt as _, StreamExt as _, stream};
use tokio::sync::Semaphore;
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
use super::survey::HEAVY_WINDOW;
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
                        protect(ports, sys.as_ref(), &server, told).await;
                    }
                }
                // What happened meanwhile is not known: whoever is there now and was not before has come late.
                SysEvent::Gap { .. } => {
                    for server in newcomers(sys.as_ref(), &mut known).await {
                        protect(ports, sys.as_ref(), &server, told).await;
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

/// A server that came late, on its way to enforcing what the others do.
struct Late<'a> {
    sys: &'a dyn Sys,
    server: &'a ServerLabel,
    /// Held while servers are asked whose the connections of a whole account are.
    heavy: Semaphore,
}

/// Pushes the current token of every guarded account, and closes who is kept out on that server. Each is told when it is done.
async fn protect(
    ports: &Ports,
    sys: &dyn Sys,
    server: &ServerLabel,
    told: &(dyn Fn(Guarded) + Send + Sync),
) {
    let guards = match ports.record.guards().list((ports.now)()) {
        Ok(guards) => guards,
        Err(error) => {
            told(problem(server, AccountId::from_bytes([0; 32]), &error));
            return;
        }
    };
    let mut accounts: BTreeMap<AccountId, Vec<Guard>> = BTreeMap::new();
    for guard in guards {
        accounts.entry(guard.account).or_default().push(guard);
    }
    let late = Late {
        sys,
        server,
        heavy: Semaphore::new(HEAVY_WINDOW),
    };
    let mut each = Vec::new();
    for (account, guards) in &accounts {
        each.push(push_again(ports, &late, *account, guards).boxed());
    }
    let mut each = stream::iter(each).buffer_unordered(AT_ONCE);
    while let Some(guarded) = each.next().await {
        told(guarded);
    }
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

/// The intent comes before the look at the servers, and the push right after it: a token that waited for the disk could be older
/// than one that somebody pushed meanwhile, and servers take an older one.
async fn push_again(
    ports: &Ports,
    late: &Late<'_>,
    account: AccountId,
    guards: &[Guard],
) -> Guarded {
    let server = late.server;
    let draft = draft(ports, server, account, guards);
    let intent = match ports
        .record
        .on_disk(move |ledger| ledger.intent(draft))
        .await
    {
        Ok(intent) => intent,
        Err(error) => return problem(server, account, &error),
    };
    let Closed { closed, why } = late.take_up(account).await;
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

impl Closed {
    fn none(why: impl Into<Text>) -> Self {
        Self {
            closed: 0,
            why: Some(why.into()),
        }
    }
}

impl Late<'_> {
    /// Makes it enforce the youngest token of an account that servers have, and closes whom that keeps out.
    async fn take_up(&self, account: AccountId) -> Closed {
        let copies = match ServerCopies::read(self.sys, account).await {
            Ok(copies) => copies,
            Err(error) => return Closed::none(error.to_string()),
        };
        let Some(current) = copies.best() else {
            return Closed::none("no server has the account");
        };
        let closed = self.close_intruders(current).await;
        closed.unwrap_or_else(|error| Closed::none(error.to_string()))
    }

    /// The push comes first: it needs no list, and its own walk closes whom we cannot read.
    async fn close_intruders(&self, current: &Token) -> Result<Closed, SysError> {
        let account = Account::of(current)?;
        let update = Update::new(current.clone(), 0)?;
        // Whether the late one took it is asked of it below.
        let _told = self.sys.push(&update).await?;
        let Some(intruders) = self.patient_intruders(&account).await? else {
            return Ok(Closed::none("it does not say who is connected"));
        };
        let mut closed = 0;
        for id in &intruders {
            closed += usize::from(matches!(
                self.sys.kick(*id).await,
                Kicked::Closed | Kicked::NotThere
            ));
        }
        let why = if !self.is_in_force(&update).await? {
            Some("it is not seen to enforce the token that was pushed".into())
        } else if closed < intruders.len() {
            let left = intruders.len() - closed;
            Some(format!("{left} connections are not seen closed").into())
        } else {
            None
        };
        Ok(Closed { closed, why })
    }

    /// The same as [`Self::intruders`], of a server that has just begun and may be too busy to answer the first time.
    async fn patient_intruders(&self, account: &Account) -> Result<Option<Vec<ConnId>>, SysError> {
        for _ in 1..LOOKS {
            let told = self.intruders(account).await?;
            if told.is_some() {
                return Ok(told);
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.intruders(account).await
    }

    /// Who is connected to the server and kept out by the account. `None`: it does not say.
    async fn intruders(&self, account: &Account) -> Result<Option<Vec<ConnId>>, SysError> {
        // It is never closed, so it is always granted.
        let _turn = self.heavy.acquire().await;
        let query = ConnQuery::AccountWithAuth(account.id);
        let rows = match self.sys.connections(query).await {
            Err(SysError::UnknownAccount(_)) => return Ok(Some(Vec::new())),
            rows => rows?,
        };
        let mut whole = rows.whole();
        let here = whole.find(|(told, _)| told.name == self.server.name);
        Ok(here.map(|(_, rows)| {
            let kept_out = rows.iter().filter(|row| is_kept_out(account, row));
            kept_out.map(|row| row.id).collect()
        }))
    }

    /// Whether it says that it enforces an update. It is given a while to take it.
    async fn is_in_force(&self, update: &Update) -> Result<bool, SysError> {
        for _ in 0..LOOKS {
            let proofs = self.sys.prove(update).await?;
            let mut answers = proofs.answers();
            let here = answers.find(|(told, _)| told.name == self.server.name);
            if matches!(here, Some((_, Proof::InForce | Proof::Stored))) {
                return Ok(true);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(false)
    }
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
