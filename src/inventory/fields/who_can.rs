//! The columns of `who-can`.

use crate::inventory::cell::{Cell, Kind};
use crate::inventory::columns::{Field, Row};
use crate::inventory::who_can::WhoCanLine;

type F = Field<WhoCanLine>;

impl Row for WhoCanLine {
    const FIELDS: &'static [F] = &[
        F::new("account", Kind::Reference, |row| {
            Cell::Reference(row.account.name.as_ref(), row.account.key.key())
        })
        .wide(7, 16)
        .always(),
        F::new("user", Kind::Reference, |row| {
            Cell::Reference(row.user.name.as_ref(), row.user.key.key())
        })
        .wide(8, 24)
        .always(),
        F::new("effect", Kind::Word, |row| Cell::Word(row.effect.word()))
            .wide(4, 6)
            .always(),
        F::new("by", Kind::Text, |row| Cell::Text(row.by.subject.text()))
            .titled("by allow")
            .wide(8, 30)
            .always(),
        F::new("from", Kind::Word, |row| Cell::Word(row.by.from))
            .wide(4, 15)
            .leaves(2),
        F::new("role", Kind::Text, |row| {
            Cell::or_null(row.by.role.as_ref(), Cell::Text)
        })
        .wide(4, 16)
        .leaves(3),
        F::new("via", Kind::Number, |row| {
            Cell::Count(u64::try_from(row.via.len()).unwrap_or(u64::MAX))
        })
        .titled("hops")
        .wide(4, 5)
        .leaves(2),
        F::new("example", Kind::Text, |row| {
            Cell::or_null(row.example.as_ref(), |example| Cell::Text(example.text()))
        })
        .wide(7, 30)
        .leaves(2),
        F::new("connections", Kind::Number, |row| {
            Cell::or_absent(row.live.connections.map(u64::from), Cell::Count)
        })
        .titled("conns")
        .wide(5, 8)
        .leaves(1),
        F::new("key", Kind::Key, |row| Cell::Key(row.user.key.key())).wide(10, 56),
    ];
}
