//! What happens on the servers, decoded: no raw event is in it, and no token but that of a login that failed.

use jiff::Timestamp;

use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerLabel;
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::token::Token;

/// One change, or several that became one.
#[derive(Clone, Debug, PartialEq)]
pub enum SysEvent {
    Connected(Box<ConnectionRow>),
    /// The row is closed, with the reason that the server gives.
    Disconnected(Box<ConnectionRow>),
    /// Connections that came and went between two batches.
    Flapped {
        account: Option<AccountId>,
        user: Option<UserId>,
        times: u32,
    },
    Refused(Box<RefusedLogin>),
    Server(ServerNews),
    /// Something was lost: read anew.
    Gap {
        lost: Lost,
    },
}

/// A login that failed. Nothing in it is authenticated, and the server does not say why.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedLogin {
    pub row: ConnectionRow,
    /// What was presented, to be explained and never shown: it may be a bearer's. `None`: nothing that can be read, or one of too
    /// many at once.
    pub token: Option<Token>,
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerNews {
    /// Its heartbeat: every ten seconds, more often after its start. A new id of a known name is a restart.
    Alive {
        server: ServerLabel,
        connections: Option<u64>,
        mem_bytes: Option<u64>,
        cpu_percent: Option<f64>,
        started_at: Option<Timestamp>,
    },
    /// Obeys from now on, but answers nothing.
    LameDuck(ServerLabel),
    ShutDown(ServerLabel),
}

impl ServerNews {
    pub const fn server(&self) -> &ServerLabel {
        match self {
            Self::Alive { server, .. } | Self::LameDuck(server) | Self::ShutDown(server) => server,
        }
    }

    pub(super) const fn is_heartbeat(&self) -> bool {
        matches!(self, Self::Alive { .. })
    }
}

/// Why something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The connection was away; nobody knows how much happened.
    Reconnected,
    /// We did not read fast enough; at least so many messages.
    SlowConsumer(u64),
    /// The reader of this feed did not take so many changes.
    Overflow(u64),
}

impl Lost {
    /// Two losses told as one: unknown beats counted.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Reconnected, _) | (_, Self::Reconnected) => Self::Reconnected,
            (Self::Overflow(a), Self::Overflow(b)) => Self::Overflow(a.saturating_add(b)),
            (
                Self::SlowConsumer(a) | Self::Overflow(a),
                Self::SlowConsumer(b) | Self::Overflow(b),
            ) => Self::SlowConsumer(a.saturating_add(b)),
        }
    }
}
