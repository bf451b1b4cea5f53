//! The columns of the expiry calendar.

use super::time;
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::inventory::expiry::ExpiryLine;

type F = Field<ExpiryLine>;

impl Row for ExpiryLine {
    const FIELDS: &'static [F] = &[
        F::new("stops_at", Kind::Deadline, |row| time(row.stops_at))
            .titled("stops")
            .null(Null::Endless("never"))
            .wide(7, 8)
            .always(),
        F::new("kind", Kind::Word, |row| Cell::Word(row.target.kind.word()))
            .wide(7, 10)
            .always(),
        F::new("account", Kind::Reference, |row| row.target.account_cell())
            .null(Null::Nothing("·"))
            .wide(7, 16)
            .leaves(1),
        F::new("name", Kind::Text, |row| {
            Cell::or_absent(row.target.name.as_ref(), Cell::Text)
        })
        .wide(8, 24)
        .always(),
        F::new("state", Kind::Word, |row| Cell::Word(row.state.word()))
            .wide(5, 6)
            .always(),
        F::new("because", Kind::Word, |row| Cell::Word(row.because.word()))
            .wide(7, 12)
            .leaves(2),
        F::new("expires_at", Kind::Deadline, |row| time(row.expires_at))
            .titled("expires")
            .null(Null::Endless("never"))
            .wide(7, 8)
            .leaves(4),
        F::new("connections", Kind::Number, |row| {
            Cell::or_absent(row.connections, Cell::Count)
        })
        .titled("conns")
        .wide(5, 6)
        .leaves(3),
        F::new("act", Kind::Word, |row| {
            Cell::or_null(row.fix.act, Cell::Word)
        })
        .null(Null::Nothing("·"))
        .titled("fix")
        .wide(6, 13)
        .leaves(5),
        F::new("place", Kind::Text, |row| {
            Cell::or_null(row.place.as_ref(), Cell::Text)
        })
        .null(Null::Nothing("·"))
        .wide(6, 48),
        F::new("key", Kind::Key, |row| Cell::Key(row.target.key)).wide(10, 56),
    ];
}
