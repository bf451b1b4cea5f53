//! The world as acts reach it: the store, the servers, the record. Opened once by a face; the only place that knows how to log
//! in, and so the lowest that sees both `store` and `sys`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::ledger::audit::Actor;
use crate::ledger::guard::Guards;
use crate::ledger::roster::RosterFile;
use crate::ledger::{Ledger, LedgerError};
use crate::store::Store;
use crate::sys::{Signers, Standing as KeyStanding, Sys, SysError};
use crate::text::Text;

use super::action::Access;
use super::issued::Issued;
use super::prepare::quoted;

/// What acts and questions work on.
#[derive(Clone)]
pub struct Ports {
    pub store: Option<Arc<dyn Store>>,
    /// `None`: no server is asked, by wish or because none can be.
    pub sys: Option<Arc<dyn Sys>>,
    pub record: Record,
    pub book: Arc<AccountBook>,
    pub actor: Actor,
    pub context: Context,
    pub now: fn() -> Timestamp,
}

/// What is kept of acts, in the folder of one operator.
#[derive(Clone)]
pub struct Record {
    pub ledger: Arc<dyn Ledger>,
    pub folder: PathBuf,
    /// The users that our acts made, as far as they were asked for.
    pub issued: Arc<Issued>,
}

impl Record {
    /// Reads or writes the ledger beside the runtime: an append is synced, and a chain may be long.
    pub async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let ledger = Arc::clone(&self.ledger);
        let done = tokio::task::spawn_blocking(move || work(ledger.as_ref())).await;
        done.unwrap_or_else(|error| {
            Err(LedgerError::Disk {
                path: self.folder.join("ledger"),
                source: std::io::Error::other(error.to_string()),
            })
        })
    }

    pub fn roster(&self) -> RosterFile {
        RosterFile::of(&self.folder)
    }

    pub fn guards(&self) -> Guards {
        Guards::of(&self.folder.join("ledger"))
    }
}

/// The context that we work in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Empty where there is none.
    pub name: Text,
    /// How it was named on the command line, for commands that have to name it again.
    pub flag: Option<String>,
    pub production: bool,
    pub access: Access,
}

impl Context {
    /// What a command has to say to do here what it is meant to do: ` --write --context NAME`.
    pub fn words(&self) -> String {
        let mut words = String::new();
        if self.production {
            words.push_str(" --write");
        }
        if let Some(name) = &self.flag {
            words.extend([" --context ", &quoted(name)]);
        }
        words
    }
}

/// The accounts that were read, for whoever has to know whose key signed a user.
#[derive(Default)]
pub struct AccountBook(Mutex<HashMap<AccountId, Arc<Account>>>);

impl AccountBook {
    pub fn learn(&self, account: Account) {
        let id = account.id;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::new(account));
    }

    pub fn get(&self, account: AccountId) -> Option<Arc<Account>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&account)
            .cloned()
    }
}

impl Signers for AccountBook {
    fn standing(&self, account: AccountId, key: PublicKey) -> KeyStanding {
        self.get(account).map_or(KeyStanding::NotKnown, |account| {
            KeyStanding::of(&account, key)
        })
    }
}

/// How old a count of the servers may be before it is taken anew: a server that died since would be waited for by every
/// question.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

impl Ports {
    /// Counts the servers anew if the last count is not fresh. Who cannot be counted now is silent in what follows.
    pub async fn freshen_census(&self) -> Result<(), SysError> {
        let Some(sys) = &self.sys else { return Ok(()) };
        let age = (self.now)().duration_since(sys.census().borrow().at);
        if age > FRESH {
            sys.take_census().await?;
        }
        Ok(())
    }
}
