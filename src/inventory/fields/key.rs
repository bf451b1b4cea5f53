//! The columns of keys.

use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::inventory::key_line::KeyLine;

type F = Field<KeyLine>;

impl Row for KeyLine {
    const FIELDS: &'static [F] = &[
        F::new("key", Kind::Key, |row| Cell::Key(row.key))
            .wide(10, 56)
            .always(),
        F::new("owner", Kind::Reference, |row| {
            Cell::or_absent(row.owner.as_ref(), |owner| {
                Cell::Reference(owner.name.as_ref(), owner.key)
            })
        })
        .wide(6, 20)
        .always(),
        F::new("kind", Kind::Word, |row| {
            Cell::or_absent(row.kind, |kind| Cell::Word(kind.word()))
        })
        .wide(6, 8)
        .always(),
        F::new("held", Kind::Bool, |row| Cell::Bool(row.is_held()))
            .wide(4, 4)
            .always(),
        F::new("accounts", Kind::Number, |row| {
            Cell::Count(row.signs.accounts)
        })
        .wide(8, 8)
        .leaves(3),
        F::new("users", Kind::Number, |row| {
            Cell::or_absent(row.signs.users, Cell::Count)
        })
        .wide(5, 8)
        .leaves(1),
        F::new("live", Kind::Number, |row| {
            Cell::or_absent(row.signs.live, Cell::Count)
        })
        .wide(4, 8)
        .leaves(2),
        F::new("trusted_by", Kind::List, |row| {
            Cell::or_absent(row.trusted_by.as_deref(), Cell::Texts)
        })
        .titled("trusted by")
        .wide(10, 24)
        .leaves(4),
        F::new("path", Kind::Text, |row| {
            Cell::or_null(row.path.as_ref(), Cell::Text)
        })
        .null(Null::Nothing("not held"))
        .wide(8, 60),
    ];
}
