//! Opens the world for a face: the store, the way into the system account, the servers, the record. What could not be opened
//! is told, and what is left still works.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::explain::{Explain, Explanation};
use crate::inventory::server::ServerState;
use crate::jwt::keys::{OperatorId, UserId};
use crate::jwt::operator::Operator;
use crate::jwt::time::UnixTime;
use crate::ledger::audit::Actor;
use crate::ledger::roster::{RosterFile, Sighting};
use crate::ledger::{Folder, LedgerError};
use crate::store::paths::Paths;
use crate::store::signer::{CredsSigner, CredsSource, FileSigner};
use crate::store::way_in::{Choice, PassedOver, choose};
use crate::store::{NscStore, Store, StoreError, Stored};
use crate::sys::{Address, Login, Setup, SysError, SystemAccount};
use crate::text::Text;

use super::login::{CredsLogin, MintedLogin};
use super::ports::{AccountBook, Context, Ports, Record};

/// What to open.
pub struct Opening {
    pub paths: Paths,
    /// Servers by flag, environment or context; none: the operator's service URLs.
    pub address: Address,
    /// Creds that were named by flag or environment.
    pub creds: Option<CredsSource>,
    /// Creds that the context names: preferred among those of the keyring, taken as they are without a store.
    pub context_creds: Option<CredsSource>,
    pub reach: Reach,
    /// `~/.local/share/nats-oam` and `~/.local/state/nats-oam`, or what stands for them.
    pub data: PathBuf,
    pub state: PathBuf,
    pub context: Context,
    pub actor: Actor,
    pub timeout: Duration,
    pub now: fn() -> Timestamp,
}

/// Whether servers are to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Servers,
    Offline,
}

/// What was opened, and how.
pub struct Opened {
    pub ports: Ports,
    pub servers: Servers,
    /// Where the servers are, as far as we were told.
    pub address: Address,
    pub paths: Paths,
    pub login: LoginState,
    pub operator: Option<OperatorId>,
    /// What could not be opened, and why.
    pub problems: Vec<Explanation>,
}

/// Whether servers can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    Connected,
    /// By wish.
    NotAsked,
    /// Nothing that we hold lets us in.
    NoWayIn,
    Unreachable,
}

/// How we are logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginState {
    pub how: How,
    pub expires_at: Option<UnixTime>,
    /// What might have served, and why it did not.
    pub passed_over: Vec<PassedOver>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Creds that were named, or found in the keyring.
    Creds {
        path: Option<PathBuf>,
        user: Option<UserId>,
    },
    Minted,
    Offline,
}

/// A way to log in, ready to be used.
struct WayToServers {
    login: Arc<dyn Login>,
    state: LoginState,
}

/// Opens everything that can be. Only a record that cannot be kept is an error: without it nothing is done.
pub async fn open(opening: Opening) -> Result<Opened, LedgerError> {
    let mut problems = Vec::new();
    let store = match NscStore::open(&opening.paths) {
        Ok(store) => Some(Arc::new(store)),
        Err(error) => {
            problems.push(error.explain());
            None
        }
    };
    let operator = store
        .as_ref()
        .and_then(|store| Operator::of(&store.token(&Stored::Operator).ok()?).ok());
    let book = Arc::new(AccountBook::default());
    let mut known = operator.as_ref().map(|operator| operator.id);
    // Where the operator is known the record is open before the login, which may have to be on it.
    let opened = known.map(|_| open_record(&opening, known)).transpose()?;
    let way = match opening.reach {
        Reach::Servers => find_way(
            &opening,
            store.as_deref().zip(opened.as_ref()),
            &mut problems,
        ),
        Reach::Offline => None,
    };
    let mut sys = None;
    let mut servers = match (opening.reach, &way) {
        (Reach::Offline, _) => Servers::NotAsked,
        (Reach::Servers, None) => Servers::NoWayIn,
        (Reach::Servers, Some(_)) => Servers::Unreachable,
    };
    let mut state = LoginState {
        how: How::Offline,
        expires_at: None,
        passed_over: Vec::new(),
    };
    let address = address(&opening, operator.as_ref());
    if let Some(way) = way {
        match connect(&opening, address.clone(), &way, known, &book).await {
            Ok((system, learned)) => {
                known = known.or(learned);
                sys = Some(system);
                servers = Servers::Connected;
                state = way.state;
            }
            Err(error) => problems.push(error.explain()),
        }
    }
    let record = match opened {
        Some(record) => record,
        None => open_record(&opening, known)?,
    };
    if let Some(system) = &sys {
        remember(&record.roster(), system, (opening.now)())?;
    }
    let ports = Ports {
        store: store.map(|store| store as Arc<dyn Store>),
        sys: sys.map(|system| system as Arc<dyn crate::sys::Sys>),
        record,
        book,
        actor: opening.actor,
        context: opening.context,
        now: opening.now,
    };
    Ok(Opened {
        ports,
        servers,
        address,
        paths: opening.paths,
        login: state,
        operator: known,
        problems,
    })
}

/// Creds that were named; else what the keyring has; else those of the context; else none, with reasons.
fn find_way(
    opening: &Opening,
    at_hand: Option<(&NscStore, &Record)>,
    problems: &mut Vec<Explanation>,
) -> Option<WayToServers> {
    if let Some(source) = &opening.creds {
        return by_creds(source, Vec::new(), problems);
    }
    let Some((store, record)) = at_hand else {
        return opening
            .context_creds
            .as_ref()
            .and_then(|source| by_creds(source, Vec::new(), problems));
    };
    let named = match &opening.context_creds {
        Some(CredsSource::File(path)) => Some(path.as_path()),
        Some(CredsSource::Text(_)) | None => None,
    };
    let way = choose(&store.look_for_way_in(named), (opening.now)().into());
    match way.choice {
        Choice::Creds { path, .. } => by_creds(&CredsSource::File(path), way.passed_over, problems),
        Choice::Mint { account, signer } => {
            let signer = store
                .signer(signer)
                .map_err(|error| problems.push(error.explain()))
                .ok()?;
            let admin = opening.actor.name.clone();
            let login = Arc::new(MintedLogin {
                account,
                signer,
                admin,
                now: opening.now,
                actor: opening.actor.clone(),
                ledger: Arc::clone(&record.ledger),
            });
            Some(WayToServers {
                login,
                state: LoginState {
                    how: How::Minted,
                    expires_at: None,
                    passed_over: way.passed_over,
                },
            })
        }
        Choice::Offline => {
            let reasons: Vec<String> = way
                .passed_over
                .iter()
                .map(|over| format!("{}: {}", over.what, over.why))
                .collect();
            problems.push(
                Explanation::new(
                    crate::explain::Code::NotConnected,
                    format!(
                        "there is no way into the system account ({})",
                        reasons.join("; ")
                    ),
                    "only the store can be read and written",
                )
                .then("give creds of a user of the system account with --creds"),
            );
            None
        }
    }
}

fn by_creds(
    source: &CredsSource,
    passed_over: Vec<PassedOver>,
    problems: &mut Vec<Explanation>,
) -> Option<WayToServers> {
    let opened: Result<_, StoreError> = CredsSigner::open(source.clone());
    match opened {
        Ok((signer, token)) => {
            let path = match source {
                CredsSource::File(path) => Some(path.clone()),
                CredsSource::Text(_) => None,
            };
            let envelope = token.envelope();
            let how = How::Creds {
                path,
                user: envelope.subject.try_into().ok(),
            };
            let state = LoginState {
                how,
                expires_at: envelope.expires_at,
                passed_over,
            };
            Some(WayToServers {
                login: Arc::new(CredsLogin(signer)),
                state,
            })
        }
        Err(error) => {
            problems.push(error.explain());
            None
        }
    }
}

fn address(opening: &Opening, operator: Option<&Operator>) -> Address {
    let mut address = opening.address.clone();
    if address.urls.is_empty() {
        address.urls = operator.map(Operator::urls).unwrap_or_default();
    }
    if address.urls.is_empty() {
        address.urls = vec!["nats://127.0.0.1:4222".to_owned()];
    }
    address
}

/// Connects as what the roster expects. Without a store the operator is learned from the servers, and then they are asked
/// again with its roster: two of two servers must not pass for all.
async fn connect(
    opening: &Opening,
    address: Address,
    way: &WayToServers,
    operator: Option<OperatorId>,
    book: &Arc<AccountBook>,
) -> Result<(Arc<SystemAccount>, Option<OperatorId>), SysError> {
    let setup = |roster| Setup {
        address: address.clone(),
        login: Arc::clone(&way.login),
        roster,
        signers: Arc::clone(book) as Arc<dyn crate::sys::Signers>,
        timeout: opening.timeout,
    };
    let expected = |operator: Option<OperatorId>| {
        operator
            .map(|operator| roster(opening, operator))
            .unwrap_or_default()
    };
    let servers = SystemAccount::connect(setup(expected(operator))).await?;
    if operator.is_some() {
        return Ok((Arc::new(servers), None));
    }
    let learned = crate::sys::Sys::census(&servers).borrow().operator();
    let names = expected(learned);
    if names.is_empty() {
        return Ok((Arc::new(servers), learned));
    }
    Ok((
        Arc::new(SystemAccount::connect(setup(names)).await?),
        learned,
    ))
}

fn roster(opening: &Opening, operator: OperatorId) -> Vec<Text> {
    let file = RosterFile::of(&opening.data.join(operator.to_string()));
    let roster = file.load((opening.now)()).unwrap_or_default();
    roster.servers().map(|server| server.name.clone()).collect()
}

/// The folder of the operator, with the ledger in it. Acts of which no operator is known are kept as well.
fn open_record(opening: &Opening, operator: Option<OperatorId>) -> Result<Record, LedgerError> {
    let name = operator.map_or_else(|| "no-operator".to_owned(), |operator| operator.to_string());
    let folder = opening.data.join(&name);
    let writer = folder.join("writer.nk");
    let signer = FileSigner::create_or_open(&writer).map_err(|error| LedgerError::Disk {
        path: writer,
        source: std::io::Error::other(error.to_string()),
    })?;
    let heads = opening.state.join(&name).join("heads");
    let ledger = Folder::open(&folder.join("ledger"), &heads, Arc::new(signer))?;
    Ok(Record {
        ledger: Arc::new(ledger),
        folder,
        issued: Arc::default(),
    })
}

/// Adds who answered to the roster.
fn remember(
    roster: &RosterFile,
    servers: &SystemAccount,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let census = crate::sys::Sys::census(servers).borrow().clone();
    let seen: Vec<Sighting> = census
        .ours()
        .filter(|server| server.state == ServerState::Up)
        .filter_map(|server| {
            Some(Sighting {
                name: server.name.clone(),
                id: server.id?,
                cluster: server.cluster.clone(),
                at: now,
            })
        })
        .collect();
    roster.see(&seen, now).map(drop)
}
