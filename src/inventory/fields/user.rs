//! The columns of users.

use super::stamp;
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::inventory::user_line::{Bearer, UserLine, UserState};

type F = Field<UserLine>;

/// A date that only the store's token tells.
fn stored(row: &UserLine, at: crate::inventory::user_line::Stamp) -> Cell<'_> {
    if row.is_stored() {
        stamp(at)
    } else {
        Cell::Absent
    }
}

impl Row for UserLine {
    const FIELDS: &'static [F] = &[
        F::new("account", Kind::Reference, |row| {
            Cell::Reference(row.account.name.as_ref(), row.account.key.key())
        })
        .wide(7, 16)
        .always(),
        F::new("name", Kind::Text, |row| {
            Cell::or_absent(row.name.as_ref(), Cell::Text)
        })
        .titled("user")
        .wide(8, 24)
        .always(),
        F::new("state", Kind::Word, |row| Cell::Word(row.state.word()))
            .wide(7, 16)
            .always(),
        F::new("signer", Kind::Reference, |row| {
            Cell::or_absent(row.signer.as_ref(), |signer| {
                Cell::Reference(signer.role.as_ref(), signer.key)
            })
        })
        .titled("signed by")
        .wide(9, 16)
        .leaves(2),
        F::new("connections", Kind::Number, |row| {
            Cell::or_absent(row.connections, |count| Cell::Count(u64::from(count)))
        })
        .titled("conns")
        .wide(5, 6)
        .always(),
        F::new("issued_at", Kind::Time, |row| {
            Cell::or_absent(row.issued_at.time(), |time| Cell::Time(time.timestamp()))
        })
        .titled("issued")
        .wide(6, 7)
        .leaves(3),
        F::new("expires_at", Kind::Deadline, |row| {
            stored(row, row.expires_at)
        })
        .titled("expires")
        .null(Null::Endless("never"))
        .wide(7, 8)
        .leaves(1),
        F::new("sources", Kind::List, |row| {
            Cell::Words(row.sources.words())
        })
        .wide(7, 16)
        .leaves(4),
        F::new("key", Kind::Key, |row| Cell::Key(row.id.key()))
            .wide(10, 56)
            .leaves(5),
        F::new("role", Kind::Text, |row| {
            let role = row.signer.as_ref().and_then(|signer| signer.role.as_ref());
            Cell::or_absent(role, Cell::Text)
        })
        .wide(4, 16),
        F::new("tags", Kind::List, |row| {
            Cell::or_absent(row.tags.as_deref(), Cell::Texts)
        })
        .wide(4, 30),
        F::new("bearer", Kind::Bool, |row| match row.bearer {
            Bearer::Yes => Cell::Bool(true),
            Bearer::No => Cell::Bool(false),
            Bearer::Unknown => Cell::Absent,
        })
        .wide(3, 6),
        F::new("revoked_at", Kind::Time, |row| match row.state {
            UserState::Unknown => Cell::Absent,
            UserState::AccountDisabled
            | UserState::SignerGone
            | UserState::Revoked
            | UserState::Expired
            | UserState::NotYet
            | UserState::PartlyRevoked
            | UserState::Active => stamp(row.revoked_at),
        })
        .titled("revoked")
        .null(Null::Nothing("not revoked"))
        .wide(7, 11),
        F::new("not_before_at", Kind::Time, |row| {
            stored(row, row.not_before)
        })
        .titled("from")
        .null(Null::Nothing("any time"))
        .wide(4, 8),
    ];
}
