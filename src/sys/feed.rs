//! What happens on the servers, heard as it happens, decoded, merged and handed on in batches.
//!
//! Events are sent once and kept nowhere: whatever was lost is told as a gap, and the reader asks anew. A raw event never
//! leaves this folder and is never logged, since it carries tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream, SelectAll};
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::accounts::AccountCounts;
use super::census::Presence;
use super::connect::{Link, LinkEvent, lock};
use super::error::SysError;
use super::event::{Lost, ServerNews, SysEvent, TokenNews};
use super::pending::Pending;
use super::rows;
use super::subjects::{EVENTS, Heard};
use super::system::SystemAccount;
use super::tokens::Tokens;
use super::wire::Header;
use super::wire::event::{ClientEvent, CountsEvent};
use super::wire::server::Statsz;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerState;
use crate::jwt::keys::{AccountId, ServerId};
use crate::jwt::token::Token;

/// Changes that make a batch at once.
const BATCH: usize = 512;
/// The longest that a change waits for company.
const PAUSE: Duration = Duration::from_millis(50);
/// Batches that wait for a reader; while it lags, changes go on merging.
const INBOX: usize = 2;

impl SystemAccount {
    /// Subscribes before it returns, so that what is read afterwards has no hole before it. Dropping the stream ends it.
    pub(super) async fn hear(&self) -> Result<BoxStream<'static, Vec<SysEvent>>, SysError> {
        let mut subscriptions = SelectAll::new();
        for subject in EVENTS {
            if self.reads.is_refused(subject) {
                continue;
            }
            let subscription = self.reads.client.subscribe(subject).await;
            subscriptions.push(subscription.map_err(|_| SysError::Disconnected)?);
        }
        // The round trip makes sure that the server has them.
        self.reads
            .client
            .flush()
            .await
            .map_err(|_| SysError::Disconnected)?;
        let (batches, inbox) = mpsc::channel(INBOX);
        let feed = Feed {
            ear: Ear {
                tokens: Arc::clone(&self.tokens),
                presence: Arc::clone(&self.presence),
            },
            pending: Pending::default(),
            batches,
        };
        let trouble = Link::events(&self.reads);
        let task = AbortOnDropHandle::new(tokio::spawn(feed.run(subscriptions, trouble)));
        let stream = stream::unfold((inbox, task), |(mut inbox, task)| async move {
            inbox.recv().await.map(|batch| (batch, (inbox, task)))
        });
        Ok(stream.boxed())
    }
}

/// Hears, merges, and sends when there is enough or when it is time.
struct Feed {
    ear: Ear,
    pending: Pending,
    batches: mpsc::Sender<Vec<SysEvent>>,
}

impl Feed {
    async fn run(
        mut self,
        mut subscriptions: SelectAll<Subscriber>,
        mut trouble: broadcast::Receiver<LinkEvent>,
    ) {
        let mut due = Instant::now() + PAUSE;
        loop {
            let waits = !self.pending.is_empty();
            tokio::select! {
                message = subscriptions.next() => match message {
                    Some(message) => self.ear.hear(&message, &mut self.pending),
                    None => return,
                },
                event = trouble.recv() => self.note(&event),
                () = sleep_until(due), if waits => {
                    due = Instant::now() + PAUSE;
                    if self.flush().is_err() {
                        return;
                    }
                }
                () = self.batches.closed() => return,
            }
            if !waits {
                // The first change of a batch starts its clock.
                due = Instant::now() + PAUSE;
            }
            if self.pending.len() >= BATCH && self.flush().is_err() {
                return;
            }
        }
    }

    /// Hands the batch over if the reader has room. `Err`: there is no reader.
    fn flush(&mut self) -> Result<(), ()> {
        match self.batches.try_reserve() {
            Ok(place) => place.send(self.pending.take()),
            Err(mpsc::error::TrySendError::Full(())) => {}
            Err(mpsc::error::TrySendError::Closed(())) => return Err(()),
        }
        Ok(())
    }

    fn note(&mut self, event: &Result<LinkEvent, broadcast::error::RecvError>) {
        match event {
            Ok(LinkEvent::Connected) => self.pending.gap(Lost::Reconnected),
            Ok(LinkEvent::SlowConsumer) => self.pending.gap(Lost::SlowConsumer(1)),
            Ok(LinkEvent::Missed(count)) | Err(broadcast::error::RecvError::Lagged(count)) => {
                self.pending.gap(Lost::SlowConsumer(*count));
            }
            Ok(
                LinkEvent::Disconnected
                | LinkEvent::LameDuck
                | LinkEvent::Refused { .. }
                | LinkEvent::Problem(_),
            )
            | Err(broadcast::error::RecvError::Closed) => {}
        }
    }
}

/// Decodes events. What cannot be read is dropped: an event of a shape that we do not know tells us nothing.
struct Ear {
    tokens: Arc<Tokens>,
    presence: Arc<Mutex<HashMap<ServerId, Presence>>>,
}

impl Ear {
    fn hear(&self, message: &Message, pending: &mut Pending) {
        let body = &message.payload;
        match Heard::on(&message.subject) {
            Some(Heard::Connect) => {
                if let Some(row) = self.client(body) {
                    pending.connected(row);
                }
            }
            Some(Heard::Disconnect) => {
                if let Some(row) = self.client(body) {
                    pending.disconnected(row);
                }
            }
            Some(Heard::AuthError) => {
                if let Ok(event) = serde_json::from_slice::<ClientEvent<'_>>(body) {
                    pending.refused(rows::of_refusal(&event, &self.tokens));
                }
            }
            Some(Heard::Counts) => {
                if let Ok(event) = serde_json::from_slice::<CountsEvent>(body)
                    && let Some(counts) = AccountCounts::of(&event.counts)
                {
                    pending.counts(counts, event.server.id);
                }
            }
            Some(Heard::Statsz) => {
                if let Ok(event) = serde_json::from_slice::<Statsz>(body) {
                    self.heard_alive(&event, pending);
                }
            }
            Some(Heard::Shutdown) => self.heard_leaving(body, ServerState::Gone, pending),
            Some(Heard::LameDuck) => self.heard_leaving(body, ServerState::LameDuck, pending),
            Some(Heard::Update) => {
                if let Some(news) = pushed(body) {
                    pending.token(news);
                }
            }
            Some(Heard::Delete) => pending.token(TokenNews::Deleted),
            None => {}
        }
    }

    fn client(&self, body: &[u8]) -> Option<ConnectionRow> {
        let event: ClientEvent<'_> = serde_json::from_slice(body).ok()?;
        rows::of_event(&event, &self.tokens)
    }

    fn heard_alive(&self, event: &Statsz, pending: &mut Pending) {
        let server = event.server.label();
        self.note_presence(server.id, None);
        pending.server(ServerNews::Alive {
            server,
            connections: event.statsz.connections,
            mem_bytes: event.statsz.mem,
            cpu_percent: event.statsz.cpu,
            started_at: event.statsz.start,
        });
    }

    fn heard_leaving(&self, body: &[u8], how: ServerState, pending: &mut Pending) {
        // Bare: the server itself, in an envelope on no release that we know.
        let Ok(header) = serde_json::from_slice::<Header>(body) else {
            return;
        };
        self.note_presence(header.id, Some(how));
        pending.server(match how {
            ServerState::LameDuck => ServerNews::LameDuck(header.label()),
            ServerState::Gone | ServerState::Up | ServerState::Late | ServerState::Silent => {
                ServerNews::ShutDown(header.label())
            }
        });
    }

    fn note_presence(&self, server: ServerId, leaving: Option<ServerState>) {
        let at = Timestamp::now();
        lock(&self.presence).insert(server, Presence { at, leaving });
    }
}

/// A push by whoever; the token itself is not passed on.
fn pushed(body: &[u8]) -> Option<TokenNews> {
    let token = Token::decode(std::str::from_utf8(body).ok()?).ok()?;
    let envelope = token.envelope();
    Some(TokenNews::Pushed {
        account: AccountId::try_from(envelope.subject).ok()?,
        revision: token.revision(),
        issued_at: envelope.issued_at,
        issuer: envelope.issuer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::connection::ConnectionState;
    use crate::sys::captured::{bodies, capture};
    use crate::sys::tokens::NoSigners;

    fn ear() -> Ear {
        Ear {
            tokens: Arc::new(Tokens::new(Arc::new(NoSigners))),
            presence: Arc::default(),
        }
    }

    fn message(subject: &str, body: Vec<u8>) -> Message {
        Message {
            subject: subject.into(),
            reply: None,
            length: body.len(),
            payload: body.into(),
            headers: None,
            status: None,
            description: None,
        }
    }

    fn heard(ear: &Ear, subject: &str, file: &str) -> Vec<SysEvent> {
        let mut pending = Pending::default();
        for body in bodies(file) {
            ear.hear(&message(subject, body), &mut pending);
        }
        pending.take()
    }

    #[test]
    fn every_event_of_a_real_server_is_decoded() {
        let ear = ear();

        for (subject, file) in [
            ("$SYS.ACCOUNT.A.CONNECT", "event_connect.json"),
            ("$SYS.ACCOUNT.A.CONNECT", "event_connect_leaf.json"),
        ] {
            assert!(
                matches!(&heard(&ear, subject, file)[..], [SysEvent::Connected(_)]),
                "{file}"
            );
        }
        let closed = heard(&ear, "$SYS.ACCOUNT.A.DISCONNECT", "event_disconnect.json");
        let [SysEvent::Disconnected(row)] = &closed[..] else {
            panic!("{closed:?}");
        };
        assert_eq!(row.state, ConnectionState::Closed);
        let refused = heard(
            &ear,
            "$SYS.SERVER.N.CLIENT.AUTH.ERR",
            "event_auth_err_revoked.json",
        );
        assert!(matches!(&refused[..], [SysEvent::Refused(_)]));
        let counts = heard(
            &ear,
            "$SYS.ACCOUNT.A.SERVER.CONNS",
            "event_server_conns.json",
        );
        let [SysEvent::Counts { counts, .. }] = &counts[..] else {
            panic!("{counts:?}");
        };
        assert_eq!(counts.connections, 1);
    }

    #[test]
    fn a_server_that_leaves_is_remembered() {
        for (subject, file, state) in [
            (
                "$SYS.SERVER.N.LAMEDUCK",
                "event_lameduck.json",
                ServerState::LameDuck,
            ),
            (
                "$SYS.SERVER.N.SHUTDOWN",
                "event_shutdown.json",
                ServerState::Gone,
            ),
        ] {
            let ear = ear();

            let batch = heard(&ear, subject, file);

            let [SysEvent::Server(news)] = &batch[..] else {
                panic!("{batch:?}");
            };
            let presence = lock(&ear.presence);
            assert_eq!(presence[&news.server().id].leaving, Some(state), "{file}");
        }
    }

    #[test]
    fn a_heartbeat_tells_who_lives() {
        let ear = ear();

        let batch = heard(&ear, "$SYS.SERVER.N.STATSZ", "event_statsz.json");

        let [
            SysEvent::Server(ServerNews::Alive {
                server,
                connections,
                ..
            }),
        ] = &batch[..]
        else {
            panic!("{batch:?}");
        };
        assert_eq!(*connections, Some(1));
        assert!(lock(&ear.presence).contains_key(&server.id));
    }

    #[test]
    fn the_push_of_another_admin_is_told_without_the_token() {
        let text = capture("claims_lookup.json")["reply_is_raw_jwt"].clone();
        let text = text.as_str().unwrap();
        let token = Token::decode(text).unwrap();
        let mut pending = Pending::default();

        ear().hear(
            &message("$SYS.REQ.CLAIMS.UPDATE", text.as_bytes().to_vec()),
            &mut pending,
        );

        assert_eq!(
            pending.take(),
            [SysEvent::Token(TokenNews::Pushed {
                account: token.envelope().subject.try_into().unwrap(),
                revision: token.revision(),
                issued_at: token.envelope().issued_at,
                issuer: token.envelope().issuer,
            })]
        );
    }

    #[test]
    fn a_connection_that_never_said_who_it_was_is_only_a_refusal() {
        let mut event = capture("event_disconnect.json");
        event["client"]["acc"] = "$G".into();
        let mut pending = Pending::default();

        let body = serde_json::to_vec(&event).unwrap();
        ear().hear(&message("$SYS.ACCOUNT.$G.DISCONNECT", body), &mut pending);

        assert!(pending.is_empty());
    }

    #[test]
    fn junk_is_dropped() {
        let mut pending = Pending::default();
        for subject in super::super::subjects::EVENTS {
            if subject != "$SYS.REQ.CLAIMS.DELETE" {
                ear().hear(
                    &message(&subject.replace('*', "X"), b"junk".to_vec()),
                    &mut pending,
                );
            }
        }

        assert!(pending.is_empty());
    }
}
