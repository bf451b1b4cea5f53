//! The columns of operators.

use super::time;
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::inventory::operator_line::{Chosen, OperatorLine};
use crate::inventory::server::Strictness;

type F = Field<OperatorLine>;

impl Row for OperatorLine {
    const FIELDS: &'static [F] = &[
        F::new("name", Kind::Text, |row| {
            Cell::or_absent(row.name(), Cell::Text)
        })
        .titled("operator")
        .wide(8, 24)
        .always(),
        F::new("current", Kind::Bool, |row| {
            Cell::Bool(row.chosen == Chosen::Current)
        })
        .wide(7, 7)
        .always(),
        F::new("key", Kind::Key, |row| Cell::Key(row.id.key()))
            .wide(10, 56)
            .always(),
        F::new("signing_keys", Kind::Number, |row| {
            Cell::Count(row.signing_keys.len() as u64)
        })
        .titled("signing keys")
        .wide(12, 12)
        .leaves(3),
        F::new("strict", Kind::Bool, |row| {
            Cell::Bool(row.strictness == Strictness::SigningKeysOnly)
        })
        .wide(6, 6)
        .leaves(2),
        F::new("system_account", Kind::Reference, |row| {
            Cell::or_null(row.system_account.as_ref(), |account| {
                Cell::Reference(account.name.as_ref(), account.key.key())
            })
        })
        .titled("system")
        .wide(6, 12)
        .leaves(1),
        F::new("accounts", Kind::Number, |row| {
            Cell::or_absent(row.accounts, Cell::Count)
        })
        .wide(8, 8)
        .leaves(4),
        F::new("issued_at", Kind::Time, |row| {
            Cell::or_absent(row.row.as_ref(), |row| time(row.operator.issued_at))
        })
        .titled("issued")
        .wide(6, 8),
        F::new("expires_at", Kind::Deadline, |row| {
            Cell::or_absent(row.row.as_ref(), |row| time(row.operator.expires_at))
        })
        .titled("expires")
        .null(Null::Endless("never"))
        .wide(7, 8),
    ];
}
