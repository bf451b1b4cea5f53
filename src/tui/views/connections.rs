//! The open connections: whose each is, how sure that is, and what goes through it. They come and go as it happens, while they
//! are looked at.
//!
//! What goes through those that are seen is read again and again.
//!
//! Limits: of those that are not seen it is as it was read with all. Whose the connections of large accounts are is not asked here;
//! their rows say so.

use jiff::Timestamp;

use super::ViewKind;
use super::detail::{Detail, shown};
use super::page::{Source, Subject};
use crate::actions::action::{SelectedConnection, SelectedUser, Selection};
use crate::actions::refs::{ConnRef, ServerRef};
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::Field;
use crate::inventory::connection::{
    ConnectionKind, ConnectionRow, ConnectionState, Holder, Identity, Rate, Tls, Traffic,
};
use crate::jwt::keys::ConnId;
use crate::tui::app::live::Slots;
use crate::tui::app::model::Model;
use crate::tui::app::msg::{Ask, Interest};
use crate::tui::theme::Role;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::Listed;

impl Listed for ConnectionRow {
    type Key = ConnId;

    const ONE: &'static str = "connection";

    fn key(&self) -> ConnId {
        self.id
    }

    fn state(&self) -> (Glyph, Role) {
        match (
            self.state,
            self.holder.as_ref().map(|holder| holder.identity),
        ) {
            (ConnectionState::Closed, _) => (Glyph::Dead, Role::Muted),
            (ConnectionState::Open, Some(Identity::Spoofed)) => (Glyph::Look, Role::Danger),
            (ConnectionState::Open, Some(Identity::Unverified)) => (Glyph::Look, Role::Warn),
            (ConnectionState::Open, None) => (Glyph::Waiting, Role::Muted),
            (ConnectionState::Open, Some(Identity::Verified | Identity::Callout)) => {
                match self.kind {
                    ConnectionKind::Leafnode => (Glyph::Leaf, Role::Ok),
                    ConnectionKind::Client => (Glyph::Ok, Role::Ok),
                }
            }
        }
    }

    fn role(&self, field: &Field<Self>) -> Role {
        if self.state == ConnectionState::Closed {
            return Role::ChangeGone;
        }
        match field.name {
            "account" => Role::Account,
            "user" => Role::User,
            "server" => Role::Server,
            "signer" => Role::RoleName,
            "identity" => self.state().1,
            _ => Role::Text,
        }
    }
}

/// The page of connections.
#[derive(Default)]
pub struct Connections;

impl Subject for Connections {
    type Rows = Slots;

    const KIND: ViewKind = ViewKind::Connections;

    const INTEREST: Interest = Interest::Connections;

    fn reading() -> (Ask, &'static str) {
        (Ask::Survey, "reading again")
    }

    fn source(model: &Model, now: Timestamp) -> Source<'_, Slots> {
        let seen = model.seen.last.as_ref();
        Source {
            rows: model.live.rows(),
            is_coming: seen.is_none(),
            read_at: seen.map(|seen| seen.at),
            problem: model.seen.problem.as_ref(),
            remark: [model.live.remark(), model.unheard()]
                .into_iter()
                .filter(|words| !words.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            pulse: model.live.pulse(now),
        }
    }

    fn selection(rows: &[&ConnectionRow]) -> Selection {
        let selected = |row: &&ConnectionRow| SelectedConnection {
            id: row.id,
            written: ConnRef {
                server: ServerRef::Id(row.id.server),
                cid: row.id.cid,
            },
            holder: proven(row),
        };
        Selection {
            connections: rows.iter().map(selected).collect(),
            ..Selection::default()
        }
    }

    fn counted(rows: &[&ConnectionRow]) -> Vec<ConnId> {
        let open = rows.iter();
        let open = open.filter(|row| row.state == ConnectionState::Open);
        open.map(|row| row.id).collect()
    }

    fn copied(row: &ConnectionRow) -> String {
        row.reference()
    }

    fn detail(&self, row: &ConnectionRow, now: Timestamp) -> Detail {
        Detail {
            title: row.reference(),
            enter: "enter to open",
            left: who(row),
            right: traffic(row, now),
            ..Detail::default()
        }
    }
}

/// Whose it is by its token; what a client says of itself names nobody.
fn proven(row: &ConnectionRow) -> Option<SelectedUser> {
    let holder = row.holder.as_ref()?;
    let is_proven = matches!(holder.identity, Identity::Verified | Identity::Spoofed);
    let (account, user) = (row.account.as_ref()?, holder.user.as_ref()?);
    is_proven.then_some(SelectedUser {
        account: account.key,
        user: user.key,
    })
}

fn who(row: &ConnectionRow) -> Vec<Fact> {
    let mut facts = Vec::new();
    match &row.holder {
        None => facts.push(Fact::new(
            "user",
            "not asked: too many in its account",
            Role::Muted,
        )),
        Some(holder) => facts.extend(held(holder, row.state().1)),
    }
    if let Some(account) = &row.account {
        facts.push(match &account.name {
            Some(name) => Fact::text("account", name, Role::Account),
            None => Fact::new("account", account.key.key().short(), Role::Account),
        });
    }
    let named = [
        ("name", &row.name),
        ("client", &row.lang),
        ("version", &row.version),
    ];
    let named = named.into_iter().filter(|(_, text)| !text.is_empty());
    facts.extend(named.map(|(name, text)| Fact::text(name, text, Role::Text)));
    facts
}

/// Whose it is: what a token proves before what anybody claims.
fn held(holder: &Holder, look: Role) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(user) = &holder.user {
        facts.extend(
            user.name
                .as_ref()
                .map(|name| Fact::text("user", name, Role::User)),
        );
        facts.push(Fact::new("key", user.key.key().short(), Role::KeyName));
    }
    let sure = match holder.identity {
        Identity::Verified => "verified: its token proves it",
        Identity::Unverified => "UNVERIFIED: no token proves it",
        Identity::Spoofed => "SPOOFED: its token is another's",
        Identity::Callout => "let in by an auth callout",
    };
    facts.push(Fact::new("identity", sure, look));
    let claimed = holder.claimed_user.as_ref();
    facts.extend(claimed.map(|claimed| Fact::text("claims", claimed, Role::Warn)));
    if let Some(signer) = &holder.signer {
        facts.push(match &signer.role {
            Some(role) => Fact::text("role", role, Role::RoleName),
            None => Fact::new("signed by", signer.key.short(), Role::KeyName),
        });
    }
    facts
}

fn traffic(row: &ConnectionRow, now: Timestamp) -> Vec<Fact> {
    let cluster = row.server.cluster.as_ref();
    let mut facts = vec![Fact::text("server", &row.server.name, Role::Server)];
    facts.extend(cluster.map(|cluster| Fact::text("cluster", cluster, Role::Text)));
    facts.push(Fact::text("address", &row.ip, Role::Text));
    match &row.tls {
        Tls::NotAsked => {}
        Tls::Plain => facts.push(Fact::new("tls", "none", Role::Warn)),
        Tls::Version(version) => facts.push(Fact::text("tls", version, Role::Text)),
    }
    let time = |at| {
        let cell = Cell::or_absent(at, Cell::Time);
        shown(cell, Kind::Time, Null::Nothing("never"), now)
    };
    facts.push(Fact::new("connected", time(row.connected_at), Role::Text));
    facts.push(Fact::new(
        "last active",
        time(row.last_active_at),
        Role::Text,
    ));
    if let Some(milliseconds) = row.rtt_ms {
        facts.push(Fact::new("rtt", format!("{milliseconds} ms"), Role::Text));
    }
    facts.extend(row.rate.iter().flat_map(|rate| by_second(rate, now)));
    facts.extend(row.traffic.iter().flat_map(|traffic| counted(traffic, now)));
    facts
}

fn by_second(rate: &Rate, now: Timestamp) -> [Fact; 2] {
    let both = |msgs: u64, bytes| {
        let bytes = shown(Cell::Bytes(bytes), Kind::Bytes, Null::Nothing(""), now);
        format!("{msgs} messages, {bytes}")
    };
    [
        Fact::new("in/s", both(rate.in_msgs, rate.in_bytes), Role::Text),
        Fact::new("out/s", both(rate.out_msgs, rate.out_bytes), Role::Text),
    ]
}

fn counted(traffic: &Traffic, now: Timestamp) -> Vec<Fact> {
    let bytes = |bytes| shown(Cell::Bytes(bytes), Kind::Bytes, Null::Nothing(""), now);
    let both = |msgs: u64, size| format!("{msgs} messages, {}", bytes(size));
    vec![
        Fact::new("in", both(traffic.in_msgs, traffic.in_bytes), Role::Text),
        Fact::new("out", both(traffic.out_msgs, traffic.out_bytes), Role::Text),
        Fact::new("pending", bytes(traffic.pending_bytes), Role::Text),
        Fact::new("subs", traffic.subscriptions.to_string(), Role::Text),
    ]
}
