//! From an act to its preview: resolve refs, read what planning needs, plan. It changes nothing, and what it read is a moment
//! old: `apply` reads again before it pushes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::{pending, try_join_all};
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::inventory::connection::ConnectionRow;
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::jwt::token::Token;
use crate::store::way_in::System;
use crate::store::{Store, Stored};
use crate::sys::{Census, ConnQuery, LinkEvent, Right, Sys, SysError};
use crate::text::Text;

use super::action::{Action, Needs};
use super::administrators::administrators;
use super::copies::ServerCopies;
use super::facts::{AccountFacts, Facts, KnownUser, Served};
use super::plan::{Plan, Preview, Step};
use super::ports::Ports;
use super::refs::AccountRef;
use super::refusal::Refusal;
use super::resolve::Resolver;
use super::spec::{Level, Tier};
use super::stock::Stock;

/// Connections of an account, on one server, whose identities are asked all at once.
pub const SMALL_ACCOUNT: u64 = 500;

/// What an act would do now. `asked` is the key that has to sign, if one was named.
pub async fn prepare<A: Action>(
    action: &A,
    ports: &Ports,
    asked: Option<PublicKey>,
) -> Result<Preview, Refusal> {
    let facts = gather_by_who_lives(&action.needs(), ports, asked).await?;
    let mut plan = action.plan(&facts)?;
    permitted(&plan, ports)?;
    complete(&mut plan.command, plan.level, &plan.confirm, ports);
    Ok(Preview::of(plan))
}

/// The same as [`gather`]. While our own server is frozen nobody is heard through it; as soon as that is found out all is read
/// once more through another, so that only who is silent is called so.
async fn gather_by_who_lives(
    needs: &Needs,
    ports: &Ports,
    asked: Option<PublicKey>,
) -> Result<Facts, Refusal> {
    let read = || gather(needs, ports, asked).boxed();
    let Some(sys) = &ports.sys else {
        return read().await;
    };
    let link = sys.link();
    tokio::select! {
        biased;
        () = falls(link) => {}
        facts = read() => return facts,
    }
    let census = sys.take_census().await;
    census.map_err(|error| not_connected(&error))?;
    read().await
}

/// Waits until our connection leaves its server.
async fn falls(mut link: broadcast::Receiver<LinkEvent>) {
    loop {
        match link.recv().await {
            Ok(LinkEvent::Disconnected) => return,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => pending().await,
        }
    }
}

/// Whether the servers let our user do the steps. What they refuse without saying so just times out.
fn permitted(plan: &Plan, ports: &Ports) -> Result<(), Refusal> {
    let Some(sys) = &ports.sys else { return Ok(()) };
    let rights = &sys.me().rights;
    for step in &plan.steps {
        match step {
            Step::Contain { .. } | Step::Push { .. } if !rights.has(Right::Push) => {
                return Err(Refusal::NotPermitted(Tier::Change));
            }
            Step::Kick { connection, .. } if !rights.may_kick(*connection) => {
                return Err(Refusal::NotPermitted(Tier::Kick));
            }
            Step::Sign(_)
            | Step::Contain { .. }
            | Step::Push { .. }
            | Step::Kick { .. }
            | Step::Issue(_)
            | Step::Deliver(_)
            | Step::TakeOver(_) => {}
        }
    }
    Ok(())
}

/// Adds what makes a command complete: its consent, `--write` where that is needed, the context where it was named.
fn complete(command: &mut String, level: Level, confirm: &str, ports: &Ports) {
    match level {
        Level::Free => {}
        Level::Yes => command.push_str(" --yes"),
        Level::Tail | Level::Name => command.extend([" --confirm ", &quoted(confirm)]),
    }
    command.push_str(&ports.context.words());
}

/// A word for a shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Resolves and reads what an act needs.
pub async fn gather(
    needs: &Needs,
    ports: &Ports,
    asked: Option<PublicKey>,
) -> Result<Facts, Refusal> {
    let stock = match &ports.store {
        Some(store) => blocking(Arc::clone(store), Stock::read).await?,
        None => Stock::default(),
    };
    stock
        .accounts
        .values()
        .for_each(|row| ports.book.learn(row.account.clone()));
    // What fails here fails again, and is told, at the first question.
    let _ = ports.freshen_census().await;
    let sys = ports.sys.as_deref();
    let census = sys.map(|sys| sys.census().borrow().clone());
    let elsewhere = accounts_elsewhere(needs, &stock, sys).await?;
    let resolver = Resolver {
        stock: &stock,
        sys,
        census: census.as_deref(),
        elsewhere: &elsewhere,
    };
    let mut users = Vec::new();
    for whom in &needs.whom {
        let user = resolver.whom(whom).await?;
        if !users.iter().any(|known: &KnownUser| known.id == user.id) {
            users.push(user);
        }
    }
    let named = needs
        .accounts
        .iter()
        .map(|account| resolver.account(account))
        .collect::<Result<Vec<_>, _>>()?;
    let connections = needs
        .connections
        .iter()
        .map(|written| resolver.connection(written))
        .collect::<Result<Vec<_>, _>>()?;
    let ids: BTreeSet<AccountId> = named
        .into_iter()
        .chain(users.iter().map(|user| user.account))
        .collect();
    let accounts = read_accounts(&ids, ports, sys).await?;
    let server_time = census.as_ref().map_or_else(
        || (ports.now)().into(),
        |census| census.server_time((ports.now)()),
    );
    let mut facts = Facts {
        accounts,
        users,
        connections: Vec::new(),
        open: Vec::new(),
        unheard: BTreeSet::new(),
        census,
        operator: stock.operator.as_ref().map(|row| row.operator.clone()),
        held: held(ports).await?,
        administrators: BTreeSet::new(),
        me: sys.and_then(|sys| sys.me().key()),
        server_time,
        asked_signer: asked,
    };
    if let Some(operator) = &facts.operator
        && let Some(system) = operator.system_account.and_then(|id| facts.account(id))
    {
        let system = System {
            account: system.account.clone(),
            strict: operator.strict,
        };
        facts.administrators = administrators(&stock, &system, facts.server_time);
    }
    if !connections.is_empty() {
        let sys = sys.ok_or_else(|| Refusal::NotConnected("offline".into()))?;
        let asked = ConnQuery::WithAuth(connections);
        facts.connections = rows(sys, asked, &mut facts.unheard).await?;
    }
    if needs.tokens {
        read_tokens(&mut facts.users, ports).await?;
    }
    let lacks_token = needs.tokens && facts.users.iter().any(|user| user.token.is_none());
    if let (true, Some(sys)) = (needs.open || lacks_token, sys) {
        read_open(&mut facts, sys).await?;
        learn_from_open(&mut facts);
    }
    if let (true, Some(sys)) = (lacks_token, sys) {
        read_live_tokens(&mut facts, sys).await?;
    }
    Ok(facts)
}

/// The store's tokens of these users; of one that no store has, the token that it was named by.
async fn read_tokens(users: &mut [KnownUser], ports: &Ports) -> Result<(), Refusal> {
    let Some(store) = &ports.store else {
        return Ok(());
    };
    for user in users.iter_mut().filter(|user| user.stored) {
        let of = Stored::User {
            account: user.account,
            user: user.id,
            name: user.name.clone(),
        };
        let token = blocking(Arc::clone(store), move |store| store.token(&of)).await?;
        user.token = Some(token.map_err(|error| Refusal::Unreadable(error.to_string().into()))?);
    }
    Ok(())
}

/// Of users in no store, the youngest token that an open connection of theirs came with.
async fn read_live_tokens(facts: &mut Facts, sys: &dyn Sys) -> Result<(), Refusal> {
    for user in facts.users.iter_mut().filter(|user| user.token.is_none()) {
        let own = facts
            .open
            .iter()
            .filter(|row| row.proven_user() == Some(user.id));
        let youngest =
            own.max_by_key(|row| row.holder.as_ref().and_then(|holder| holder.issued_at));
        if let Some(row) = youngest {
            let token = sys.token_of(row.id).await;
            user.token = token.map_err(|error| not_connected(&error))?;
        }
    }
    Ok(())
}

/// Runs something that blocks on the disk beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    store: Arc<dyn Store>,
    work: impl FnOnce(&dyn Store) -> T + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(move || work(store.as_ref())).await;
    done.map_err(|error| Refusal::Unreadable(error.to_string().into()))
}

async fn held(ports: &Ports) -> Result<BTreeSet<PublicKey>, Refusal> {
    match &ports.store {
        Some(store) => Ok(blocking(Arc::clone(store), |store| {
            store.held().keys.into_iter().collect()
        })
        .await?),
        None => Ok(BTreeSet::new()),
    }
}

/// Accounts that the store does not have, when one is named that is not there: all tokens of the servers are read for it.
async fn accounts_elsewhere(
    needs: &Needs,
    stock: &Stock,
    sys: Option<&dyn Sys>,
) -> Result<Vec<(AccountId, Text)>, Refusal> {
    let is_stored = |name: &str| {
        stock
            .accounts
            .values()
            .any(|row| row.account.name == Text::from(name))
    };
    let unknown =
        |account: &AccountRef| matches!(account, AccountRef::Name(name) if !is_stored(name));
    let (Some(sys), true) = (sys, needs.named_accounts().any(unknown)) else {
        return Ok(Vec::new());
    };
    let mut tokens = match sys.pack().await {
        Ok(tokens) => tokens,
        Err(SysError::NoResponders { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(not_connected(&error)),
    };
    let mut accounts = Vec::new();
    while let Some(token) = tokens.next().await {
        // One that cannot be read has no name to be found by.
        if let Some(account) = token.ok().and_then(|token| Account::of(&token).ok()) {
            accounts.push((account.id, account.name));
        }
    }
    Ok(accounts)
}

async fn read_accounts(
    ids: &BTreeSet<AccountId>,
    ports: &Ports,
    sys: Option<&dyn Sys>,
) -> Result<BTreeMap<AccountId, AccountFacts>, Refusal> {
    let busiest = match sys {
        Some(sys) => most_connections(sys).await?,
        None => BTreeMap::new(),
    };
    let read = ids.iter().map(|id| {
        read_account(
            *id,
            ports,
            sys,
            busiest.get(id).copied().unwrap_or_default(),
        )
    });
    Ok(try_join_all(read)
        .await?
        .into_iter()
        .map(|facts| (facts.account.id, facts))
        .collect())
}

/// For each account, the connections on the server that has most of them.
async fn most_connections(sys: &dyn Sys) -> Result<BTreeMap<AccountId, u64>, Refusal> {
    let counts = sys.counts().await.map_err(|error| not_connected(&error))?;
    let mut most = BTreeMap::new();
    for count in counts.answers().flat_map(|(_, counts)| counts) {
        let held: &mut u64 = most.entry(count.account).or_default();
        *held = (*held).max(count.connections);
    }
    Ok(most)
}

async fn read_account(
    id: AccountId,
    ports: &Ports,
    sys: Option<&dyn Sys>,
    most_connections: u64,
) -> Result<AccountFacts, Refusal> {
    let stored = match &ports.store {
        Some(store) => {
            blocking(Arc::clone(store), move |store| {
                store.token(&Stored::Account(id)).ok()
            })
            .await?
        }
        None => None,
    };
    let copies = match sys {
        Some(sys) => ServerCopies::read(sys, id)
            .await
            .map_err(|error| not_connected(&error))?,
        None => ServerCopies::default(),
    };
    let base = copies.best().or(stored.as_ref()).cloned();
    let base = base.ok_or_else(|| Refusal::Unknown {
        what: "account",
        written: id.to_string().into(),
    })?;
    let account = view(&base)?;
    ports.book.learn(account.clone());
    let served = match copies.best() {
        Some(_) => Served::Yes {
            lacking: copies.lacking,
        },
        None => Served::No,
    };
    Ok(AccountFacts {
        served,
        base,
        account,
        split: copies.others().to_vec(),
        foreign: copies.foreign,
        stored,
        most_connections,
    })
}

fn view(token: &Token) -> Result<Account, Refusal> {
    Account::of(token).map_err(|error| Refusal::Unreadable(error.to_string().into()))
}

/// Open connections of all accounts in question. Of a large account only those are identified that claim to be a user that
/// is named, as a hint; what they really are is then asked by cid.
async fn read_open(facts: &mut Facts, sys: &dyn Sys) -> Result<(), Refusal> {
    let unheard = &mut facts.unheard;
    for (id, account) in &facts.accounts {
        if account.most_connections <= SMALL_ACCOUNT {
            let all = ConnQuery::AccountWithAuth(*id);
            facts.open.extend(rows(sys, all, unheard).await?);
            continue;
        }
        for user in facts.users.iter().filter(|user| user.account == *id) {
            let hints = rows(sys, ConnQuery::Claiming(*id, user.id), unheard).await?;
            if !hints.is_empty() {
                let hinted = ConnQuery::WithAuth(hints.iter().map(|row| row.id).collect());
                facts.open.extend(rows(sys, hinted, unheard).await?);
            }
        }
    }
    Ok(())
}

/// Connections as the servers tell them, and who did not.
async fn rows(
    sys: &dyn Sys,
    query: ConnQuery,
    unheard: &mut BTreeSet<Text>,
) -> Result<Vec<ConnectionRow>, Refusal> {
    match sys.connections(query).await {
        Ok(told) => {
            unheard.extend(told.unheard().cloned());
            Ok(told
                .answers()
                .flat_map(|(_, rows)| rows.iter().cloned())
                .collect())
        }
        // Nobody of an account that no server has is connected.
        Err(SysError::UnknownAccount(_)) => Ok(Vec::new()),
        Err(error) => Err(not_connected(&error)),
    }
}

/// A live token may be younger than the store's, and names a user that no store has.
fn learn_from_open(facts: &mut Facts) {
    for user in &mut facts.users {
        for row in facts
            .open
            .iter()
            .filter(|row| row.proven_user() == Some(user.id))
        {
            let Some(holder) = &row.holder else { continue };
            user.issued_at = user.issued_at.max(holder.issued_at);
            if user.name.is_none() {
                user.name = holder.user.as_ref().and_then(|named| named.name.clone());
            }
        }
    }
}

fn not_connected(error: &SysError) -> Refusal {
    Refusal::NotConnected(error.to_string().into())
}

/// The census that facts rest on.
pub fn census_of(ports: &Ports) -> Option<Arc<Census>> {
    ports.sys.as_ref().map(|sys| sys.census().borrow().clone())
}
