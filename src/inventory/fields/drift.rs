//! The columns of what differs.

use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::inventory::drift::DriftLine;

type F = Field<DriftLine>;

impl Row for DriftLine {
    const FIELDS: &'static [F] = &[
        F::new("kind", Kind::Word, |row| Cell::Word(row.target.kind.word()))
            .wide(7, 8)
            .always(),
        F::new("account", Kind::Reference, |row| row.target.account_cell())
            .null(Null::Nothing("·"))
            .wide(7, 16)
            .leaves(2),
        F::new("name", Kind::Text, |row| {
            Cell::or_absent(row.target.name.as_ref(), Cell::Text)
        })
        .wide(6, 20)
        .always(),
        F::new("drift", Kind::Word, |row| Cell::Word(row.drift.word()))
            .wide(11, 18)
            .always(),
        F::new("act", Kind::Word, |row| {
            Cell::or_null(row.fix.act, Cell::Word)
        })
        .null(Null::Nothing("·"))
        .titled("fix")
        .wide(7, 15)
        .leaves(1),
        F::new("what", Kind::Text, |row| Cell::Text(&row.what))
            .wide(12, 64)
            .leaves(3),
        F::new("key", Kind::Key, |row| Cell::Key(row.target.key)).wide(10, 56),
    ];
}
