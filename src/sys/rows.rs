//! From what servers write about a connection to a row. Tokens end here.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::tokens::{Claim, Tokens};
use super::wire::connz::{Body, Entry};
use super::wire::event::{Client, ClientEvent};
use super::wire::{Header, go_duration};
use crate::inventory::connection::{
    ConnectionKind, ConnectionRow, ConnectionState, Holder, Identity, Named, Tls, Traffic,
    Transport,
};
use crate::inventory::server::ServerLabel;
use crate::jwt::keys::{AccountId, ConnId};
use crate::jwt::release::Release;
use crate::text::Text;

/// The release from which `name_tag` is the account's name; before, it was the user's.
const NAME_TAG_IS_THE_ACCOUNT: Release = Release(2, 11, 0);

/// Texts that come again and again, kept once: languages, versions, addresses.
#[derive(Default)]
pub(super) struct Interner(HashSet<Arc<str>>);

impl Interner {
    fn text(&mut self, written: &str) -> Text {
        if let Some(known) = self.0.get(written) {
            return Arc::clone(known).into();
        }
        let fresh: Arc<str> = written.into();
        self.0.insert(Arc::clone(&fresh));
        fresh.into()
    }
}

/// Makes rows of the entries of one server's CONNZ.
pub(super) struct Rows<'a> {
    pub(super) server: ServerLabel,
    pub(super) release: Option<Release>,
    pub(super) tokens: &'a Tokens,
    pub(super) interner: &'a mut Interner,
}

impl Rows<'_> {
    /// `asked` tells what the question was: which account, whether with auth, whether of closed ones.
    pub(super) fn row(&mut self, entry: &Entry<'_>, asked: &Body) -> ConnectionRow {
        let transport = transport(&entry.transport);
        let account = account(entry.account.as_deref()).or_else(|| asked.account_asked());
        let holder = asked.asks_auth().then(|| {
            self.tokens.holder(Claim {
                token: entry.jwt.as_deref(),
                user: entry.authorized_user.as_deref(),
                issuer_key: entry.issuer_key.as_deref(),
                account,
                speaks_mqtt: transport == Some(Transport::Mqtt),
            })
        });
        ConnectionRow {
            id: ConnId {
                server: self.server.id,
                cid: entry.cid,
            },
            server: self.server.clone(),
            kind: kind(&entry.kind),
            transport,
            state: match entry.stop {
                Some(_) => ConnectionState::Closed,
                None => ConnectionState::Open,
            },
            account: account.map(|key| self.named(key, entry.name_tag.as_deref())),
            holder,
            name: self.interner.text(&entry.name),
            lang: self.interner.text(&entry.lang),
            version: self.interner.text(&entry.version),
            ip: self.interner.text(&entry.ip),
            port: entry.port,
            tls: match &entry.tls_version {
                Some(version) if !version.is_empty() => Tls::Version(self.interner.text(version)),
                Some(_) | None => Tls::Plain,
            },
            connected_at: entry.start,
            last_active_at: entry.last_activity,
            closed_at: entry.stop,
            reason: entry
                .reason
                .as_deref()
                .map(|reason| self.interner.text(reason)),
            rtt_ms: go_duration(&entry.rtt).map(milliseconds),
            idle_s: go_duration(&entry.idle).map(|idle| idle.as_secs()),
            traffic: Some(traffic(entry)),
            rate: None,
        }
    }

    fn named(&mut self, key: AccountId, name_tag: Option<&str>) -> Named<AccountId> {
        let name = name_tag
            .filter(|_| tells_account_name(self.release))
            .map(|name| self.interner.text(name));
        Named { key, name }
    }
}

fn tells_account_name(release: Option<Release>) -> bool {
    release.is_some_and(|release| release >= NAME_TAG_IS_THE_ACCOUNT)
}

/// To the microsecond, so that 722 µs are 0.722 and not 0.7219999.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn traffic(entry: &Entry<'_>) -> Traffic {
    Traffic {
        subscriptions: entry.subscriptions,
        pending_bytes: entry.pending_bytes,
        in_msgs: entry.in_msgs,
        out_msgs: entry.out_msgs,
        in_bytes: entry.in_bytes,
        out_bytes: entry.out_bytes,
    }
}

/// The client of CONNECT, open, or of DISCONNECT, closed. `None`: one that never said who it is; AUTH.ERR tells of it.
pub(super) fn of_event(event: &ClientEvent<'_>, tokens: &Tokens) -> Option<ConnectionRow> {
    let account = account(Some(&event.client.acc))?;
    let client = &event.client;
    let holder = tokens.holder(Claim {
        token: client.jwt.as_deref(),
        user: client.user.as_deref(),
        issuer_key: client.issuer_key.as_deref(),
        account: Some(account),
        speaks_mqtt: transport(&client.transport) == Some(Transport::Mqtt),
    });
    let mut row = shell(&event.server, client, holder);
    row.account = Some(Named {
        key: account,
        name: client
            .name_tag
            .as_deref()
            .filter(|_| tells_account_name(event.server.release()))
            .map(Text::from),
    });
    row.reason = event.reason.as_deref().map(Text::from);
    Some(row)
}

/// A refused login. All of it is unauthenticated: the token may be a copy, so nothing here is ever verified.
pub(super) fn of_refusal(event: &ClientEvent<'_>, tokens: &Tokens) -> ConnectionRow {
    let client = &event.client;
    let mut holder = tokens.holder(Claim {
        token: client.jwt.as_deref(),
        user: client.user.as_deref(),
        issuer_key: client.issuer_key.as_deref(),
        account: None,
        speaks_mqtt: transport(&client.transport) == Some(Transport::Mqtt),
    });
    holder.identity = Identity::Unverified;
    let mut row = shell(&event.server, client, holder);
    row.account = client
        .jwt
        .as_deref()
        .and_then(|token| tokens.read(token))
        .filter(|seen| seen.is_signed())
        .map(|seen| Named::unnamed(seen.account));
    row.state = ConnectionState::Closed;
    row.closed_at = client.stop.or(event.timestamp);
    row.reason = event.reason.as_deref().map(Text::from);
    row
}

fn shell(server: &Header, client: &Client<'_>, holder: Holder) -> ConnectionRow {
    ConnectionRow {
        id: ConnId {
            server: server.id,
            cid: client.id,
        },
        server: server.label(),
        kind: kind(&client.kind),
        transport: transport(&client.transport),
        state: match client.stop {
            Some(_) => ConnectionState::Closed,
            None => ConnectionState::Open,
        },
        account: None,
        holder: Some(holder),
        name: client.name.as_ref().into(),
        lang: client.lang.as_ref().into(),
        version: client.ver.as_ref().into(),
        ip: client.host.as_ref().into(),
        port: None,
        tls: Tls::NotAsked,
        connected_at: client.start,
        last_active_at: None,
        closed_at: client.stop,
        reason: None,
        rtt_ms: None,
        idle_s: None,
        traffic: None,
        rate: None,
    }
}

fn account(written: Option<&str>) -> Option<AccountId> {
    written.and_then(|key| key.parse().ok())
}

fn kind(written: &str) -> ConnectionKind {
    if written.eq_ignore_ascii_case("leafnode") {
        ConnectionKind::Leafnode
    } else {
        ConnectionKind::Client
    }
}

fn transport(written: &str) -> Option<Transport> {
    match written {
        "nats" => Some(Transport::Nats),
        "websocket" => Some(Transport::Websocket),
        "mqtt" => Some(Transport::Mqtt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::connz::decode;
    use crate::sys::tests::{bodies, capture};
    use crate::sys::tokens::NoSigners;

    fn tokens() -> Tokens {
        Tokens::new(Arc::new(NoSigners))
    }

    fn rows(body: &[u8], asked: &Body) -> Vec<ConnectionRow> {
        decode(body, &tokens(), &mut Interner::default(), asked).unwrap()
    }

    fn asked() -> Body {
        Body::account_with_auth(AccountId::from_bytes([1; 32]))
    }

    /// An entry alone, in the envelope that it came in.
    fn entry(file: &str) -> ConnectionRow {
        let mut reply = capture("connz_noauth.json");
        reply["data"]["connections"] = serde_json::json!([capture(file)]);
        let body = serde_json::to_vec(&reply).unwrap();
        rows(&body, &asked()).remove(0)
    }

    fn identity(row: &ConnectionRow) -> Identity {
        row.holder.as_ref().unwrap().identity
    }

    #[test]
    fn every_kind_of_client_is_recognised() {
        let body = bodies("connz_auth_subs_detail.json").remove(0);

        let rows = rows(&body, &asked());

        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.name.to_string(), row.transport, identity(row)))
            .collect();
        for (name, transport, is) in [
            ("plain", Transport::Nats, Identity::Verified),
            ("scoped", Transport::Nats, Identity::Verified),
            ("bearer", Transport::Nats, Identity::Unverified),
            ("tls", Transport::Nats, Identity::Verified),
            ("ws-conn", Transport::Websocket, Identity::Verified),
            ("", Transport::Mqtt, Identity::Unverified),
        ] {
            assert!(
                found.contains(&(name.to_owned(), Some(transport), is)),
                "{name} in {found:?}"
            );
        }
        let tls = rows.iter().find(|row| row.name.raw() == "tls").unwrap();
        assert_eq!(tls.tls, Tls::Version("1.3".into()));
        let plain = rows.iter().find(|row| row.name.raw() == "plain").unwrap();
        assert_eq!(plain.rtt_ms, Some(0.668));
        assert_eq!(plain.idle_s, Some(1));
        assert_eq!(plain.account.as_ref().unwrap().name, Some("A".into()));
        let user = plain.holder.as_ref().unwrap().user.as_ref().unwrap();
        assert_eq!(user.name, Some("plain".into()));
    }

    #[test]
    fn a_plain_list_names_nobody_but_knows_the_account_that_was_asked() {
        let account = AccountId::from_bytes([1; 32]);
        for file in ["connz_noauth.json", "ping_connz.json", "account_connz.json"] {
            for body in bodies(file) {
                for row in rows(&body, &Body::account(account)) {
                    assert_eq!(row.holder, None, "{file}");
                    assert_eq!(row.account, Some(Named::unnamed(account)), "{file}");
                    assert_eq!(row.state, ConnectionState::Open, "{file}");
                    assert!(row.connected_at.is_some(), "{file}");
                }
            }
        }
    }

    #[test]
    fn closed_connections_say_why() {
        let body = bodies("connz_closed.json").remove(0);

        let rows = rows(&body, &Body::closed(AccountId::from_bytes([1; 32])));

        assert!(rows.len() > 1);
        for row in &rows {
            assert_eq!(row.state, ConnectionState::Closed);
            assert!(row.closed_at.is_some() && row.reason.is_some());
        }
        assert_eq!(rows[0].reason, Some("Kicked".into()));
    }

    #[test]
    fn leaf_nodes_are_rows_too() {
        let body = bodies("connz_with_leaf.json").remove(0);

        let rows = rows(&body, &asked());

        let leaf = rows.iter().find(|row| row.name.raw() == "leaf-1").unwrap();
        assert_eq!(leaf.kind, ConnectionKind::Leafnode);
        assert_eq!(leaf.transport, None);
        assert!(leaf.proven_user().is_some());
    }

    #[test]
    fn a_callout_user_has_no_key_of_its_own() {
        let row = entry("connz_callout_user.json");

        assert_eq!(identity(&row), Identity::Callout);
        assert_eq!(row.proven_user(), None);
        let holder = row.holder.unwrap();
        assert_eq!(holder.claimed_user, Some("alice".into()));
        assert!(holder.signer.is_some());
    }

    #[test]
    fn what_a_tenant_is_shown_is_read_the_same_way() {
        for body in bodies("tenant_connz.json") {
            for row in rows(&body, &asked()) {
                assert!(row.account.is_some() && row.holder.is_some());
            }
        }
    }

    #[test]
    fn hostile_names_are_kept_and_shown_safe() {
        let row = entry("connz_hostile.json");

        assert!(row.name.is_altered() && row.lang.is_altered() && row.version.is_altered());
        let json = serde_json::to_string(&row).unwrap();
        assert!(!json.chars().any(char::is_control), "{json}");
        assert!(!json.contains('\u{202e}'), "{json}");
    }

    #[test]
    fn before_2_11_the_name_tag_is_not_the_accounts() {
        let mut reply = capture("connz_auth_subs_detail.json");
        reply["server"]["ver"] = "2.10.26".into();
        let body = serde_json::to_vec(&reply).unwrap();

        for row in rows(&body, &asked()) {
            assert_eq!(row.account.unwrap().name, None);
        }
    }

    #[test]
    fn an_answer_that_refuses_is_the_servers_word() {
        let replies = capture("connz_bad_requests.json");
        let mut refused = 0;
        for (_, reply) in replies.as_object().unwrap() {
            let mut reply = reply.clone();
            if reply.get("error").is_none() {
                continue;
            }
            reply["server"] = capture("connz_noauth.json")["server"].clone();
            let body = serde_json::to_vec(&reply).unwrap();
            let answer = decode(
                &body,
                &tokens(),
                &mut Interner::default(),
                &Body::everybody(),
            );
            assert!(answer.unwrap_err().raw().starts_with(['4', '5']));
            refused += 1;
        }
        assert!(refused > 3);
    }

    fn event_row(file: &str) -> ConnectionRow {
        let body = bodies(file).remove(0);
        let event: ClientEvent<'_> = serde_json::from_slice(&body).unwrap();
        of_event(&event, &tokens()).unwrap()
    }

    #[test]
    fn events_tell_whose_connection_it_is() {
        for (file, state) in [
            ("event_connect.json", ConnectionState::Open),
            ("event_connect_leaf.json", ConnectionState::Open),
            ("event_connect_hostile.json", ConnectionState::Open),
            ("event_disconnect.json", ConnectionState::Closed),
            ("event_disconnect_revoked.json", ConnectionState::Closed),
        ] {
            let row = event_row(file);

            assert_eq!(row.state, state, "{file}");
            assert_eq!(
                row.reason.is_some(),
                state == ConnectionState::Closed,
                "{file}"
            );
            // The events of bearer users carry the token that CONNZ hides.
            assert!(row.proven_user().is_some(), "{file}");
            assert_eq!(row.tls, Tls::NotAsked);
        }
        let revoked = event_row("event_disconnect_revoked.json");
        assert_eq!(revoked.reason, Some("Credentials Revoked".into()));
    }

    #[test]
    fn a_refused_login_is_never_verified() {
        for file in [
            "event_auth_err.json",
            "event_auth_err_revoked.json",
            "event_callout_auth_err.json",
        ] {
            let body = bodies(file).remove(0);
            let event: ClientEvent<'_> = serde_json::from_slice(&body).unwrap();

            let row = of_refusal(&event, &tokens());

            assert_eq!(identity(&row), Identity::Unverified, "{file}");
            assert_eq!(row.proven_user(), None, "{file}");
            assert!(row.holder.unwrap().user.is_some(), "{file}");
            assert!(row.account.is_some() && row.closed_at.is_some(), "{file}");
        }
    }

    #[test]
    fn no_row_of_an_event_shows_its_token() {
        let body = bodies("event_disconnect.json").remove(0);
        let token = capture("event_disconnect.json")["client"]["jwt"].clone();
        let token = token.as_str().unwrap().to_owned();
        let event: ClientEvent<'_> = serde_json::from_slice(&body).unwrap();

        let row = of_event(&event, &tokens()).unwrap();

        assert!(!format!("{row:?}").contains(&token));
        assert!(!serde_json::to_string(&row).unwrap().contains(&token));
    }
}
