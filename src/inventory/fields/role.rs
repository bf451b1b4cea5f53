//! The columns of roles.

use crate::inventory::cell::{Cell, Kind};
use crate::inventory::columns::{Field, Row};
use crate::inventory::role_line::RoleLine;

type F = Field<RoleLine>;

impl Row for RoleLine {
    const FIELDS: &'static [F] = &[
        F::new("account", Kind::Reference, |row| {
            Cell::Reference(row.account.name.as_ref(), row.account.key.key())
        })
        .wide(7, 16)
        .always(),
        F::new("name", Kind::Text, |row| Cell::Text(&row.role.name))
            .titled("role")
            .wide(6, 20)
            .always(),
        F::new("stored", Kind::Number, |row| {
            Cell::or_absent(row.members.stored, Cell::Count)
        })
        .titled("users")
        .wide(5, 8)
        .always(),
        F::new("live", Kind::Number, |row| {
            Cell::or_absent(row.members.live, Cell::Count)
        })
        .wide(4, 8)
        .leaves(1),
        F::new("description", Kind::Text, |row| {
            Cell::Text(&row.role.description)
        })
        .wide(6, 32)
        .leaves(3),
        F::new("key", Kind::Key, |row| Cell::Key(row.role.key))
            .wide(10, 56)
            .leaves(2),
        F::new("networks", Kind::List, |row| {
            Cell::Texts(&row.role.template.restrictions.networks)
        })
        .wide(8, 30),
        F::new("connection_types", Kind::List, |row| {
            Cell::Texts(&row.role.template.restrictions.connection_types)
        })
        .wide(8, 30),
    ];
}
