//! One event after the other, from what servers write to what it means. Merging and sending is `feed`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_nats::Message;
use jiff::Timestamp;

use super::census::Presence;
use super::connect::lock;
use super::event::ServerNews;
use super::pending::Pending;
use super::rows;
use super::subjects::Heard;
use super::tokens::Tokens;
use super::wire::Header;
use super::wire::event::ClientEvent;
use super::wire::server::Statsz;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerState;
use crate::jwt::keys::ServerId;
use crate::jwt::token::Token;

/// Decodes events. What cannot be read is dropped: an event of a shape that we do not know tells us nothing.
pub(super) struct Ear {
    pub(super) tokens: Arc<Tokens>,
    pub(super) presence: Arc<Mutex<HashMap<ServerId, Presence>>>,
}

impl Ear {
    pub(super) fn hear(&self, message: &Message, pending: &mut Pending) {
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
                    let token = || Token::decode(event.client.jwt.as_deref()?).ok();
                    pending.refused(rows::of_refusal(&event, &self.tokens), token);
                }
            }
            Some(Heard::Statsz) => {
                if let Ok(event) = serde_json::from_slice::<Statsz>(body) {
                    self.heard_alive(&event, pending);
                }
            }
            Some(Heard::Shutdown) => self.heard_leaving(body, ServerState::Gone, pending),
            Some(Heard::LameDuck) => self.heard_leaving(body, ServerState::LameDuck, pending),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::connection::ConnectionState;
    use crate::sys::event::SysEvent;
    use crate::sys::subjects::EVENTS;
    use crate::sys::tests::{bodies, capture};
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
        let [SysEvent::Refused(login)] = &refused[..] else {
            panic!("{refused:?}");
        };
        let token = login.token.as_ref().unwrap();
        assert!(!format!("{login:?}").contains(&**token.text()));
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
        for subject in EVENTS {
            ear().hear(
                &message(&subject.replace('*', "X"), b"junk".to_vec()),
                &mut pending,
            );
        }

        assert!(pending.is_empty());
    }
}
