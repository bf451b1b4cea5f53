//! The columns of connections.

use std::time::Duration;

use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::inventory::connection::{
    ConnectionKind, ConnectionRow, ConnectionState, Holder, Identity, Rate, Tls, Traffic, Transport,
};

type F = Field<ConnectionRow>;

impl ConnectionKind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Leafnode => "leafnode",
        }
    }
}

impl Transport {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Websocket => "websocket",
            Self::Mqtt => "mqtt",
        }
    }
}

impl ConnectionState {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl Identity {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Spoofed => "spoofed",
            Self::Callout => "callout",
        }
    }
}

/// A value of whoever holds the connection, if that was asked.
fn holder<'a>(row: &'a ConnectionRow, cell: impl FnOnce(&'a Holder) -> Cell<'a>) -> Cell<'a> {
    Cell::or_absent(row.holder.as_ref(), cell)
}

fn traffic<'a>(row: &ConnectionRow, cell: impl FnOnce(&Traffic) -> Cell<'a>) -> Cell<'a> {
    row.traffic.as_ref().map_or(Cell::Absent, cell)
}

fn rate<'a>(row: &ConnectionRow, cell: impl FnOnce(&Rate) -> Cell<'a>) -> Cell<'a> {
    row.rate.as_ref().map_or(Cell::Absent, cell)
}

fn milliseconds<'a>(number: f64) -> Cell<'a> {
    Duration::try_from_secs_f64(number / 1e3).map_or(Cell::Absent, Cell::Duration)
}

impl Row for ConnectionRow {
    const FIELDS: &'static [F] = &[
        F::new("account", Kind::Reference, |row| {
            Cell::or_absent(row.account.as_ref(), |account| {
                Cell::Reference(account.name.as_ref(), account.key.key())
            })
        })
        .wide(7, 12)
        .always(),
        F::new("user", Kind::Reference, |row| {
            holder(row, |holder| {
                Cell::or_absent(holder.user.as_ref(), |user| {
                    Cell::Reference(user.name.as_ref(), user.key.key())
                })
            })
        })
        .wide(8, 16)
        .always(),
        F::new("identity", Kind::Word, |row| {
            holder(row, |holder| Cell::Word(holder.identity.word()))
        })
        .wide(8, 10)
        .leaves(5),
        F::new("name", Kind::Text, |row| Cell::Text(&row.name))
            .wide(6, 20)
            .leaves(1),
        F::new("server", Kind::Text, |row| Cell::Text(&row.server.name))
            .titled("srv")
            .wide(3, 10)
            .always(),
        F::new("cid", Kind::Id, |row| Cell::Id(row.id.cid))
            .wide(5, 10)
            .always(),
        F::new("rtt_ms", Kind::Millis, |row| {
            Cell::or_absent(row.rtt_ms, milliseconds)
        })
        .titled("rtt")
        .wide(6, 8)
        .leaves(2),
        F::new("in_msgs", Kind::Number, |row| {
            traffic(row, |traffic| Cell::Count(traffic.in_msgs))
        })
        .titled("in")
        .wide(4, 7)
        .leaves(4),
        F::new("out_msgs", Kind::Number, |row| {
            traffic(row, |traffic| Cell::Count(traffic.out_msgs))
        })
        .titled("out")
        .wide(4, 7)
        .leaves(4),
        F::new("in/s", Kind::Number, |row| {
            rate(row, |rate| Cell::Count(rate.in_msgs))
        })
        .wide(5, 7)
        .live(4, "in_msgs"),
        F::new("out/s", Kind::Number, |row| {
            rate(row, |rate| Cell::Count(rate.out_msgs))
        })
        .wide(5, 7)
        .live(4, "out_msgs"),
        F::new("subscriptions", Kind::Number, |row| {
            traffic(row, |traffic| Cell::Count(traffic.subscriptions))
        })
        .titled("subs")
        .wide(4, 6)
        .leaves(3),
        F::new("idle_s", Kind::Seconds, |row| {
            Cell::or_absent(row.idle_s, |idle| Cell::Duration(Duration::from_secs(idle)))
        })
        .titled("idle")
        .wide(4, 6)
        .leaves(1),
        F::new("closed_at", Kind::Time, |row| {
            Cell::or_absent(row.closed_at, Cell::Time)
        })
        .titled("closed")
        .wide(6, 6),
        F::new("reason", Kind::Text, |row| {
            Cell::or_absent(row.reason.as_ref(), Cell::Text)
        })
        .wide(8, 28),
        F::new("kind", Kind::Word, |row| Cell::Word(row.kind.word())).wide(6, 8),
        F::new("type", Kind::Word, |row| {
            Cell::or_absent(row.transport, |transport| Cell::Word(transport.word()))
        })
        .wide(4, 9),
        F::new("state", Kind::Word, |row| Cell::Word(row.state.word())).wide(4, 6),
        F::new("claimed_user", Kind::Text, |row| {
            holder(row, |holder| {
                Cell::or_null(holder.claimed_user.as_ref(), Cell::Text)
            })
        })
        .titled("claims to be")
        .null(Null::Nothing("itself"))
        .wide(8, 16),
        F::new("signer", Kind::Reference, |row| {
            holder(row, |holder| {
                Cell::or_absent(holder.signer.as_ref(), |signer| {
                    Cell::Reference(signer.role.as_ref(), signer.key)
                })
            })
        })
        .titled("signed by")
        .wide(8, 16),
        F::new("lang", Kind::Text, |row| Cell::Text(&row.lang)).wide(4, 8),
        F::new("version", Kind::Text, |row| Cell::Text(&row.version)).wide(6, 10),
        F::new("ip", Kind::Text, |row| Cell::Text(&row.ip)).wide(9, 39),
        F::new("port", Kind::Id, |row| {
            Cell::or_absent(row.port, |port| Cell::Id(u64::from(port)))
        })
        .wide(5, 5),
        F::new("cluster", Kind::Text, |row| {
            Cell::or_absent(row.server.cluster.as_ref(), Cell::Text)
        })
        .wide(4, 16),
        F::new("tls", Kind::Text, |row| match &row.tls {
            Tls::NotAsked => Cell::Absent,
            Tls::Plain => Cell::Null,
            Tls::Version(version) => Cell::Text(version),
        })
        .null(Null::Nothing("plain"))
        .wide(3, 5),
        F::new("connected_at", Kind::Time, |row| {
            Cell::or_absent(row.connected_at, Cell::Time)
        })
        .titled("age")
        .wide(4, 6),
        F::new("last_active_at", Kind::Time, |row| {
            Cell::or_absent(row.last_active_at, Cell::Time)
        })
        .titled("active")
        .wide(6, 6),
        F::new("pending_bytes", Kind::Bytes, |row| {
            traffic(row, |traffic| Cell::Bytes(traffic.pending_bytes))
        })
        .titled("pending")
        .wide(7, 9),
        F::new("in_bytes", Kind::Bytes, |row| {
            traffic(row, |traffic| Cell::Bytes(traffic.in_bytes))
        })
        .wide(8, 9),
        F::new("out_bytes", Kind::Bytes, |row| {
            traffic(row, |traffic| Cell::Bytes(traffic.out_bytes))
        })
        .wide(9, 9),
    ];
}
