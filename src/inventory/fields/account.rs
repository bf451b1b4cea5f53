//! The columns of accounts.

use super::time;
use crate::inventory::account_line::{AccountLine, Standing};
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::jwt::account::Account;
use crate::jwt::limits::Limit;

type F = Field<AccountLine>;

/// A value of the token, where there is one.
fn token<'a>(row: &'a AccountLine, cell: impl FnOnce(&'a Account) -> Cell<'a>) -> Cell<'a> {
    Cell::or_absent(row.account(), cell)
}

fn limit<'a>(limit: Limit) -> Cell<'a> {
    match limit {
        Limit::AtMost(most) => Cell::Count(most),
        Limit::Unlimited => Cell::Null,
    }
}

impl Row for AccountLine {
    const FIELDS: &'static [F] = &[
        F::new("name", Kind::Text, |row| {
            Cell::or_absent(row.name(), Cell::Text)
        })
        .titled("account")
        .wide(7, 24)
        .always(),
        F::new("state", Kind::Word, |row| Cell::Word(row.state.word()))
            .wide(6, 8)
            .always(),
        F::new("stored", Kind::Number, |row| {
            Cell::or_absent(row.users.stored, Cell::Count)
        })
        .titled("users")
        .wide(5, 8)
        .leaves(1),
        F::new("seen", Kind::Number, |row| {
            Cell::or_absent(row.users.seen, Cell::Count)
        })
        .wide(4, 8),
        F::new("connections", Kind::Number, |row| {
            Cell::or_absent(row.connections, Cell::Count)
        })
        .titled("conns")
        .wide(5, 8)
        .always(),
        F::new("roles", Kind::Number, |row| {
            token(row, |account| Cell::Count(account.roles().count() as u64))
        })
        .wide(5, 6)
        .leaves(3),
        F::new("count", Kind::Number, |row| {
            token(row, |account| Cell::Count(account.revocations.len() as u64))
        })
        .titled("revoked")
        .wide(7, 8)
        .leaves(4),
        F::new("behind", Kind::Number, |row| {
            Cell::Count(row.behind() as u64)
        })
        .titled("behind")
        .wide(6, 6)
        .leaves(6),
        F::new("issued_at", Kind::Time, |row| {
            token(row, |account| time(account.issued_at))
        })
        .titled("issued")
        .wide(6, 8)
        .leaves(5),
        F::new("expires_at", Kind::Deadline, |row| {
            token(row, |account| time(account.expires_at))
        })
        .titled("expires")
        .null(Null::Endless("never"))
        .wide(7, 8)
        .leaves(2),
        F::new("key", Kind::Key, |row| Cell::Key(row.id.key()))
            .wide(10, 56)
            .leaves(7),
        F::new("system", Kind::Bool, |row| match row.standing {
            Standing::System => Cell::Bool(true),
            Standing::Tenant => Cell::Bool(false),
            Standing::Unknown => Cell::Absent,
        })
        .wide(3, 6),
        F::new("issuer", Kind::Key, |row| {
            token(row, |account| Cell::Key(account.issuer))
        })
        .wide(10, 56),
        F::new("description", Kind::Text, |row| {
            token(row, |account| Cell::Text(&account.description))
        })
        .wide(4, 40),
        F::new("tags", Kind::List, |row| {
            token(row, |account| Cell::Texts(&account.tags))
        })
        .wide(4, 30),
        F::new("subscriptions", Kind::Number, |row| {
            token(row, |account| limit(account.limits.subscriptions))
        })
        .null(Null::Endless("unlimited"))
        .titled("subs")
        .wide(5, 9),
    ];
}
