//! The columns of servers.

use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::inventory::server::{ServerRow, ServerState};

impl ServerState {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Late => "late",
            Self::Silent => "silent",
            Self::LameDuck => "lame_duck",
            Self::Gone => "gone",
        }
    }
}

type Server = Field<ServerRow>;

impl Row for ServerRow {
    const FIELDS: &'static [Server] = &[
        Server::new("name", Kind::Text, |row| Cell::Text(&row.name))
            .wide(4, 24)
            .always(),
        Server::new("state", Kind::Word, |row| Cell::Word(row.state.word()))
            .wide(5, 9)
            .always(),
        Server::new("version", Kind::Text, |row| {
            Cell::or_absent(row.version.as_ref(), Cell::Text)
        })
        .wide(6, 10)
        .leaves(1),
        Server::new("cluster", Kind::Text, |row| {
            Cell::or_absent(row.cluster.as_ref(), Cell::Text)
        })
        .wide(4, 16)
        .leaves(2),
        Server::new("resolver", Kind::Word, |row| {
            Cell::Word(row.resolver.word())
        })
        .wide(5, 13)
        .leaves(3),
        Server::new("connections", Kind::Number, |row| {
            Cell::or_absent(row.connections, Cell::Count)
        })
        .titled("conns")
        .wide(5, 8)
        .always(),
        Server::new("subscriptions", Kind::Number, |row| {
            Cell::or_absent(row.subscriptions, Cell::Count)
        })
        .titled("subs")
        .wide(5, 8)
        .leaves(4),
        Server::new("cpu_percent", Kind::Number, |row| {
            Cell::or_absent(row.cpu_percent, Cell::Number)
        })
        .titled("cpu %")
        .wide(5, 6)
        .leaves(5),
        Server::new("mem_bytes", Kind::Bytes, |row| {
            Cell::or_absent(row.mem_bytes, Cell::Bytes)
        })
        .titled("mem")
        .wide(8, 9)
        .leaves(6),
        Server::new("started_at", Kind::Time, |row| {
            Cell::or_absent(row.started_at, Cell::Time)
        })
        .titled("up")
        .wide(3, 6)
        .leaves(7),
        Server::new("answered_at", Kind::Time, |row| {
            Cell::or_absent(row.answered_at, Cell::Time)
        })
        .titled("answered")
        .wide(8, 8)
        .leaves(8),
        Server::new("id", Kind::Key, |row| {
            Cell::or_absent(row.id, |id| Cell::Key(id.key()))
        })
        .null(Null::Nothing("none"))
        .wide(10, 10),
        Server::new("host", Kind::Text, |row| {
            Cell::or_absent(row.host.as_ref(), Cell::Text)
        })
        .wide(9, 20),
        Server::new("tags", Kind::List, |row| Cell::Texts(&row.tags)).wide(4, 24),
    ];
}
