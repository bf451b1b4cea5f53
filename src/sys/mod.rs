//! The servers, through the system account: who answers, what they enforce, who is connected, and the few acts that NATS knows.
//! It decides nothing about access and keeps nothing on disk.
//!
//! ```text
//! connect ─ gather ─┬─ census    who ought to answer, who does
//!                   ├─ accounts  LIST, LOOKUP, PACK, INFO, STATZ
//!                   ├─ streams   JSZ of an account
//!                   ├─ connz     connections, identities only for those named
//!                   └─ push      UPDATE, LDM, RELOAD, and the proof; kicks: KICK, many at once
//! connect ─ feed ─ ear ─ pending events: decoded, merged, in batches
//! wire, tokens, rows: what servers write becomes rows here; raw events and users' tokens go no further, but for the one token
//! that an act asks for by its connection
//! ```
//!
//! Limits: answers are asked for without compression; a tenant's login (no system account) is refused with
//! [`SysError::NotSystem`]; OCSP events are not heard. Source: `server/events.go`, `server/monitor.go`, `server/accounts.go`.

mod accounts;
mod census;
mod connect;
mod connz;
mod ear;
mod error;
mod event;
mod feed;
mod gather;
mod kicks;
mod leave;
mod me;
mod pending;
mod probe;
mod push;
mod roll_call;
mod rows;
mod streams;
mod subjects;
mod system;
mod tally;
#[cfg(test)]
mod tests;
mod tokens;
mod trial;
mod wire;

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio::sync::{broadcast, watch};

pub use self::accounts::{AccountCounts, Copies, Enforced, Loaded, Validity};
pub use self::census::Census;
pub use self::connect::{Address, Answer, LinkEvent, Login, TlsFiles};
pub use self::connz::ConnQuery;
pub use self::error::SysError;
pub use self::event::{Lost, RefusedLogin, ServerNews, SysEvent};
pub use self::gather::{Gathered, Said};
pub use self::kicks::Kicked;
pub use self::me::{Me, Right, Rights};
pub use self::probe::probe;
pub use self::push::{Accepted, Proof, Update};
pub use self::system::{Setup, SystemAccount};
pub use self::tokens::{NoSigners, Signers, Standing};
pub use self::trial::{Trial, Tried, try_everywhere};
use crate::inventory::connection::ConnectionRow;
use crate::inventory::stream::StreamRow;
use crate::jwt::keys::{AccountId, ConnId, ServerId};
use crate::jwt::token::Token;
use crate::text::Text;

/// What acts and screens need of the servers.
///
/// A method that asks several servers tells each answer; `Err` means that the question itself did not get through.
pub trait Sys: Send + Sync {
    /// Who we are, and what the server's lists let us do.
    fn me(&self) -> &Me;
    /// Subjects that a server has refused us since the last login.
    fn refused(&self) -> Vec<Text>;
    /// What happens to our connection.
    fn link(&self) -> broadcast::Receiver<LinkEvent>;

    /// The servers as last counted.
    fn census(&self) -> watch::Receiver<Arc<Census>>;
    /// Counts anew.
    fn take_census(&self) -> BoxFuture<'_, Result<Arc<Census>, SysError>>;
    /// Takes a name off the roster: it is no longer expected.
    fn forget(&self, server: &Text);

    /// The accounts that each resolver keeps. Heavy: servers verify every token for it.
    fn list(&self) -> BoxFuture<'_, Result<Gathered<Vec<AccountId>>, SysError>>;
    /// All stored tokens, from one server, as they come.
    fn pack(&self) -> BoxFuture<'_, Result<BoxStream<'static, Result<Token, SysError>>, SysError>>;
    /// The token as the resolvers keep it; anonymous, so counted.
    fn lookup(&self, account: AccountId) -> BoxFuture<'_, Result<Copies, SysError>>;
    /// The token as each server enforces it.
    fn account(&self, account: AccountId) -> BoxFuture<'_, Result<Gathered<Enforced>, SysError>>;
    /// How busy all accounts are.
    fn counts(&self) -> BoxFuture<'_, Result<Gathered<Vec<AccountCounts>>, SysError>>;

    /// The JetStream streams of an account, on the servers that hold them.
    fn streams(
        &self,
        account: AccountId,
    ) -> BoxFuture<'_, Result<Gathered<Vec<StreamRow>>, SysError>>;

    /// Connections. An account that no server has is [`SysError::UnknownAccount`]; it is not asked for.
    fn connections(
        &self,
        query: ConnQuery,
    ) -> BoxFuture<'_, Result<Gathered<Vec<ConnectionRow>>, SysError>>;

    /// The token that an open connection came with. `None`: it is closed, its token is hidden or lets in whoever has it
    /// (bearer), or no key of the account has signed it.
    fn token_of(&self, id: ConnId) -> BoxFuture<'_, Result<Option<Token>, SysError>>;

    /// Pushes a token. What the servers say is not yet proof.
    fn push<'a>(
        &'a self,
        update: &'a Update,
    ) -> BoxFuture<'a, Result<Gathered<Accepted>, SysError>>;
    /// Pushes a token and kicks connections beside it.
    fn contain<'a>(
        &'a self,
        update: &'a Update,
        kicks: &'a [ConnId],
    ) -> BoxFuture<'a, Result<Gathered<Accepted>, SysError>>;
    /// What each server enforces of an update.
    fn prove<'a>(&'a self, update: &'a Update) -> BoxFuture<'a, Result<Gathered<Proof>, SysError>>;
    fn kick(&self, id: ConnId) -> BoxFuture<'_, Kicked>;
    fn drain(&self, id: ConnId) -> BoxFuture<'_, Result<(), SysError>>;
    fn reload(&self, server: ServerId) -> BoxFuture<'_, Result<(), SysError>>;

    /// What happens from now on. Read the connections after this returns, not before.
    fn events(&self) -> BoxFuture<'_, Result<BoxStream<'static, Vec<SysEvent>>, SysError>>;
}

impl Sys for SystemAccount {
    fn me(&self) -> &Me {
        self.identity()
    }

    fn refused(&self) -> Vec<Text> {
        Self::refused(self)
    }

    fn link(&self) -> broadcast::Receiver<LinkEvent> {
        self.link_events()
    }

    fn census(&self) -> watch::Receiver<Arc<Census>> {
        self.watch_census()
    }

    fn take_census(&self) -> BoxFuture<'_, Result<Arc<Census>, SysError>> {
        Box::pin(self.count_servers())
    }

    fn forget(&self, server: &Text) {
        self.forget_server(server);
    }

    fn list(&self) -> BoxFuture<'_, Result<Gathered<Vec<AccountId>>, SysError>> {
        Box::pin(self.list_accounts())
    }

    fn pack(&self) -> BoxFuture<'_, Result<BoxStream<'static, Result<Token, SysError>>, SysError>> {
        Box::pin(Self::pack(self))
    }

    fn lookup(&self, account: AccountId) -> BoxFuture<'_, Result<Copies, SysError>> {
        Box::pin(self.look_up(account))
    }

    fn account(&self, account: AccountId) -> BoxFuture<'_, Result<Gathered<Enforced>, SysError>> {
        Box::pin(self.enforced(account))
    }

    fn counts(&self) -> BoxFuture<'_, Result<Gathered<Vec<AccountCounts>>, SysError>> {
        Box::pin(self.count_accounts())
    }

    fn streams(
        &self,
        account: AccountId,
    ) -> BoxFuture<'_, Result<Gathered<Vec<StreamRow>>, SysError>> {
        Box::pin(self.ask_streams(account))
    }

    fn connections(
        &self,
        query: ConnQuery,
    ) -> BoxFuture<'_, Result<Gathered<Vec<ConnectionRow>>, SysError>> {
        Box::pin(self.ask_connections(query))
    }

    fn token_of(&self, id: ConnId) -> BoxFuture<'_, Result<Option<Token>, SysError>> {
        Box::pin(self.ask_token(id))
    }

    fn push<'a>(
        &'a self,
        update: &'a Update,
    ) -> BoxFuture<'a, Result<Gathered<Accepted>, SysError>> {
        Box::pin(self.push_update(update))
    }

    fn contain<'a>(
        &'a self,
        update: &'a Update,
        kicks: &'a [ConnId],
    ) -> BoxFuture<'a, Result<Gathered<Accepted>, SysError>> {
        Box::pin(self.push_and_kick(update, kicks))
    }

    fn prove<'a>(&'a self, update: &'a Update) -> BoxFuture<'a, Result<Gathered<Proof>, SysError>> {
        Box::pin(self.prove_update(update))
    }

    fn kick(&self, id: ConnId) -> BoxFuture<'_, Kicked> {
        Box::pin(self.kick_one(id))
    }

    fn drain(&self, id: ConnId) -> BoxFuture<'_, Result<(), SysError>> {
        Box::pin(self.drain_one(id))
    }

    fn reload(&self, server: ServerId) -> BoxFuture<'_, Result<(), SysError>> {
        Box::pin(self.reload_one(server))
    }

    fn events(&self) -> BoxFuture<'_, Result<BoxStream<'static, Vec<SysEvent>>, SysError>> {
        Box::pin(self.hear())
    }
}
