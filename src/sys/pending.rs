//! Events that wait to be shown, merged so that a storm costs what it changes. Pure: `feed` hears and sends.
//!
//! Later beats earlier for one connection, one server. A connection that came and went while nobody looked is no
//! row any more, but it is counted: a client that flaps is a finding.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::event::{Lost, RefusedLogin, ServerNews, SysEvent};
use crate::inventory::connection::{ConnectionRow, ConnectionState, Named};
use crate::jwt::keys::{AccountId, ConnId, ServerId, UserId};
use crate::jwt::token::Token;

/// Changes that wait at most; above, they are forgotten and a gap is told.
pub(super) const AT_MOST: usize = 100_000;

/// Refused logins that wait with their token.
const EXPLAINED: usize = 256;

/// Closed connections remembered, because events of two subjects may overtake each other: a cid never comes again.
const REMEMBERED: usize = 8_192;

#[derive(Default)]
pub(super) struct Pending {
    connections: BTreeMap<ConnId, ConnectionRow>,
    flaps: BTreeMap<(Option<AccountId>, Option<UserId>), u32>,
    servers: BTreeMap<ServerId, Vec<ServerNews>>,
    refused: Vec<RefusedLogin>,
    gap: Option<Lost>,
    gone: Gone,
}

/// The last closed connections.
#[derive(Default)]
struct Gone {
    order: VecDeque<ConnId>,
    set: HashSet<ConnId>,
}

impl Gone {
    fn add(&mut self, id: ConnId) {
        if !self.set.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }
}

impl Pending {
    /// Changes that wait.
    pub(super) fn len(&self) -> usize {
        self.connections.len()
            + self.flaps.len()
            + self.servers.len()
            + self.refused.len()
            + usize::from(self.gap.is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn connected(&mut self, row: ConnectionRow) {
        if !self.gone.set.contains(&row.id) {
            self.connections.insert(row.id, row);
        }
        self.hold_bound();
    }

    pub(super) fn disconnected(&mut self, row: ConnectionRow) {
        self.gone.add(row.id);
        match self.connections.get(&row.id) {
            Some(waiting) if waiting.state == ConnectionState::Open => {
                let whom = (waiting.account.as_ref().map(key), waiting.proven_user());
                self.connections.remove(&row.id);
                let times = self.flaps.entry(whom).or_default();
                *times = times.saturating_add(1);
            }
            Some(_) | None => {
                self.connections.insert(row.id, row);
            }
        }
        self.hold_bound();
    }

    /// The token is read only while few wait: whoever cannot log in can present as many as he likes.
    pub(super) fn refused(&mut self, row: ConnectionRow, token: impl FnOnce() -> Option<Token>) {
        self.gone.add(row.id);
        let token = (self.refused.len() < EXPLAINED).then(token).flatten();
        self.refused.push(RefusedLogin { row, token });
        self.hold_bound();
    }

    pub(super) fn server(&mut self, news: ServerNews) {
        let waiting = self.servers.entry(news.server().id).or_default();
        // A heartbeat replaces the last one; what a server says once is kept beside it.
        if news.is_heartbeat() {
            waiting.retain(|old| !old.is_heartbeat());
        }
        waiting.push(news);
        self.hold_bound();
    }

    /// Something was lost: what waits is still true, but not all.
    pub(super) fn gap(&mut self, lost: Lost) {
        self.gap = Some(match self.gap.take() {
            None => lost,
            Some(before) => before.and(lost),
        });
    }

    /// All that waits, the gap last: what stands before it is known, what comes after is not.
    pub(super) fn take(&mut self) -> Vec<SysEvent> {
        let mut batch = Vec::with_capacity(self.len());
        let servers = std::mem::take(&mut self.servers);
        batch.extend(servers.into_values().flatten().map(SysEvent::Server));
        let connections = std::mem::take(&mut self.connections);
        batch.extend(connections.into_values().map(|row| match row.state {
            ConnectionState::Open => SysEvent::Connected(Box::new(row)),
            ConnectionState::Closed => SysEvent::Disconnected(Box::new(row)),
        }));
        let flaps = std::mem::take(&mut self.flaps);
        batch.extend(
            flaps
                .into_iter()
                .map(|((account, user), times)| SysEvent::Flapped {
                    account,
                    user,
                    times,
                }),
        );
        batch.extend(
            self.refused
                .drain(..)
                .map(|login| SysEvent::Refused(Box::new(login))),
        );
        batch.extend(self.gap.take().map(|lost| SysEvent::Gap { lost }));
        batch
    }

    fn hold_bound(&mut self) {
        let waiting = self.len();
        if waiting > AT_MOST {
            let forgotten = u64::try_from(waiting).unwrap_or(u64::MAX);
            *self = Self {
                gap: self.gap.take(),
                gone: std::mem::take(&mut self.gone),
                ..Self::default()
            };
            self.gap(Lost::Overflow(forgotten));
        }
    }
}

fn key(account: &Named<AccountId>) -> AccountId {
    account.key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::connection::{ConnectionKind, Tls};
    use crate::inventory::server::ServerLabel;

    const SERVER: [u8; 32] = [1; 32];

    fn label() -> ServerLabel {
        ServerLabel {
            id: ServerId::from_bytes(SERVER),
            name: "n1".into(),
            cluster: None,
        }
    }

    fn row(cid: u64, state: ConnectionState) -> ConnectionRow {
        ConnectionRow {
            id: ConnId {
                server: ServerId::from_bytes(SERVER),
                cid,
            },
            server: label(),
            kind: ConnectionKind::Client,
            transport: None,
            state,
            account: Some(Named::unnamed(AccountId::from_bytes([2; 32]))),
            holder: None,
            name: "a".into(),
            lang: "".into(),
            version: "".into(),
            ip: "".into(),
            port: None,
            tls: Tls::NotAsked,
            connected_at: None,
            last_active_at: None,
            closed_at: None,
            reason: None,
            rtt_ms: None,
            idle_s: None,
            traffic: None,
            rate: None,
        }
    }

    fn alive(connections: u64) -> ServerNews {
        ServerNews::Alive {
            server: label(),
            connections: Some(connections),
            mem_bytes: None,
            cpu_percent: None,
            started_at: None,
        }
    }

    #[test]
    fn coming_and_going_unseen_is_a_flap_and_no_row() {
        let mut pending = Pending::default();
        for cid in 1..=3 {
            pending.connected(row(cid, ConnectionState::Open));
            pending.disconnected(row(cid, ConnectionState::Closed));
        }

        let batch = pending.take();

        assert_eq!(
            batch,
            [SysEvent::Flapped {
                account: Some(AccountId::from_bytes([2; 32])),
                user: None,
                times: 3
            }]
        );
        assert!(pending.is_empty());
    }

    #[test]
    fn a_connect_that_comes_after_its_disconnect_makes_no_ghost() {
        let mut pending = Pending::default();
        pending.disconnected(row(7, ConnectionState::Closed));
        pending.connected(row(7, ConnectionState::Open));

        let batch = pending.take();
        pending.connected(row(7, ConnectionState::Open));

        assert!(matches!(&batch[..], [SysEvent::Disconnected(_)]));
        assert!(pending.is_empty());
    }

    #[test]
    fn a_known_connection_that_goes_is_told() {
        let mut pending = Pending::default();
        pending.connected(row(7, ConnectionState::Open));
        assert!(matches!(&pending.take()[..], [SysEvent::Connected(_)]));

        pending.disconnected(row(7, ConnectionState::Closed));

        assert!(matches!(&pending.take()[..], [SysEvent::Disconnected(_)]));
    }

    #[test]
    fn a_heartbeat_replaces_the_last_and_a_farewell_stays() {
        let mut pending = Pending::default();
        pending.server(alive(1));
        pending.server(ServerNews::LameDuck(label()));
        pending.server(alive(2));

        let batch = pending.take();

        assert_eq!(
            batch,
            [
                SysEvent::Server(ServerNews::LameDuck(label())),
                SysEvent::Server(alive(2))
            ]
        );
    }

    #[test]
    fn above_the_bound_all_is_forgotten_and_the_loss_is_told() {
        let mut pending = Pending::default();
        for cid in 0..=u64::try_from(AT_MOST).unwrap() {
            pending.connected(row(cid, ConnectionState::Open));
        }

        let batch = pending.take();

        let lost = u64::try_from(AT_MOST).unwrap() + 1;
        assert_eq!(
            batch,
            [SysEvent::Gap {
                lost: Lost::Overflow(lost)
            }]
        );
    }

    #[test]
    fn the_gap_comes_last_and_losses_add_up() {
        let mut pending = Pending::default();
        pending.gap(Lost::SlowConsumer(2));
        pending.gap(Lost::SlowConsumer(3));
        pending.connected(row(1, ConnectionState::Open));

        let batch = pending.take();

        assert!(matches!(
            &batch[..],
            [
                SysEvent::Connected(_),
                SysEvent::Gap {
                    lost: Lost::SlowConsumer(5)
                }
            ]
        ));
    }
}
