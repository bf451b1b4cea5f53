//! The accounts: what each may, where its token is in force, and how full it is. Its users are below it.

use jiff::Timestamp;

use super::detail::{Detail, age, left, shown};
use super::page::{Source, Subject};
use super::{Sought, ViewKind};
use crate::actions::action::Selection;
use crate::inventory::account::AccountRow;
use crate::inventory::account_line::{
    AccountLine, AccountState, CopyLine, CopyState, Standing, limit_bytes,
};
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::Field;
use crate::jwt::keys::AccountId;
use crate::text::Text;
use crate::tui::app::model::Model;
use crate::tui::app::msg::Ask;
use crate::tui::theme::Role;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::Listed;

impl Listed for AccountLine {
    type Key = AccountId;

    const ONE: &'static str = "account";

    fn key(&self) -> AccountId {
        self.id
    }

    fn state(&self) -> (Glyph, Role) {
        match (self.state, self.behind()) {
            (AccountState::Active, 0) => (Glyph::Ok, Role::Ok),
            (AccountState::Active, _) => (Glyph::Look, Role::Warn),
            (AccountState::Split, _) => (Glyph::Look, Role::Danger),
            (AccountState::Disabled | AccountState::Expired, _) => (Glyph::Dead, Role::Danger),
            (AccountState::Unknown, _) => (Glyph::Waiting, Role::Warn),
        }
    }

    fn role(&self, field: &Field<Self>) -> Role {
        match field.name {
            "name" => Role::Account,
            "key" | "issuer" => Role::KeyName,
            "state" if self.state != AccountState::Active => self.state().1,
            "behind" if self.behind() > 0 => Role::Warn,
            _ => Role::Text,
        }
    }
}

/// The page of accounts.
#[derive(Default)]
pub struct Accounts;

impl Subject for Accounts {
    type Row = AccountLine;

    const KIND: ViewKind = ViewKind::Accounts;

    fn reading() -> Ask {
        Ask::Survey
    }

    fn source(model: &Model) -> Source<'_, AccountLine> {
        let seen = model.seen.last.as_ref();
        Source {
            rows: seen.map(|seen| &seen.accounts),
            read_at: seen.map(|seen| seen.at),
            problem: model.seen.problem.as_ref(),
            remark: model.unheard(),
        }
    }

    fn selection(rows: &[&AccountLine]) -> Selection {
        Selection {
            accounts: rows.iter().map(|row| row.id).collect(),
            ..Selection::default()
        }
    }

    fn row_of(sought: Sought) -> Option<AccountId> {
        match sought {
            Sought::Account(account) => Some(account),
            Sought::User(_) => None,
        }
    }

    fn copied(row: &AccountLine) -> String {
        row.id.to_string()
    }

    /// Its users, by its name where that can be written as it is, else by its key.
    fn below(row: &AccountLine) -> Option<(ViewKind, String)> {
        let name = row
            .name()
            .map(Text::to_string)
            .filter(|name| is_plain(name));
        let written = name.unwrap_or_else(|| row.id.to_string());
        Some((ViewKind::Users, format!("acct={written}")))
    }

    fn detail(&self, row: &AccountLine, now: Timestamp) -> Detail {
        let name = row.name().map(Text::to_string);
        let mut right: Vec<Fact> = row.copies.iter().map(|copy| held(copy, now)).collect();
        if let Some(token) = &row.token {
            right.extend(may(token, now));
        }
        Detail {
            title: name.unwrap_or_else(|| row.id.key().short()),
            enter: "enter to its users",
            left: what(row, now),
            right,
        }
    }
}

fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(is_plain)
}

fn what(row: &AccountLine, now: Timestamp) -> Vec<Fact> {
    let state = match row.state {
        AccountState::Active => "active",
        AccountState::Disabled => "disabled: it may have no connection",
        AccountState::Expired => "expired",
        AccountState::Split => "SPLIT: servers have different tokens of it",
        AccountState::Unknown => "UNKNOWN: nobody showed its token",
    };
    let mut facts = vec![
        Fact::new("account", row.id.key().short(), Role::KeyName),
        Fact::new("state", state, row.state().1),
    ];
    if row.standing == Standing::System {
        let what = "servers talk through it";
        facts.push(Fact::new("system", what, Role::Notice));
    }
    let counts = [
        ("users", row.users.stored),
        ("connected", row.users.seen),
        ("connections", row.connections),
    ];
    for (name, count) in counts {
        let count = count.map_or_else(|| "not known".to_owned(), |count| count.to_string());
        facts.push(Fact::new(name, count, Role::Text));
    }
    if let Some(account) = row.account() {
        facts.push(Fact::new("issued", age(account.issued_at, now), Role::Text));
        facts.push(Fact::new(
            "expires",
            left(account.expires_at, now),
            Role::Text,
        ));
        facts.push(Fact::new("issuer", account.issuer.short(), Role::KeyName));
        let roles = account.roles();
        facts.extend(roles.map(|role| Fact::text("role", &role.name, Role::RoleName)));
    }
    facts
}

fn held(copy: &CopyLine, now: Timestamp) -> Fact {
    let (word, role) = match copy.state {
        CopyState::InForce => ("in force", Role::Ok),
        CopyState::Stored => ("stored", Role::Text),
        CopyState::Stale => ("STALE: a younger one is out there", Role::Warn),
        CopyState::Missing => ("missing", Role::Warn),
        CopyState::Unknown => ("unknown", Role::Warn),
    };
    let server = copy.server.as_ref().map(|name| format!("{name} "));
    let issued = copy
        .issued_at
        .map(|at| format!(", {} old", age(Some(at), now)));
    let (server, issued) = (server.unwrap_or_default(), issued.unwrap_or_default());
    Fact::new(copy.place, format!("{server}{word}{issued}"), role)
}

/// Its limits, and how much of the token revocations have taken.
fn may(token: &AccountRow, now: Timestamp) -> Vec<Fact> {
    let limits = &token.account.limits;
    let bytes = |bytes: usize| {
        let cell = Cell::Bytes(bytes as u64);
        shown(cell, Kind::Bytes, Null::Nothing(""), now)
    };
    let revocations = &token.account.revocations;
    let (used, most) = (revocations.bytes, limit_bytes(token));
    let role = if used > most / 10 * 8 {
        Role::Warn
    } else {
        Role::Text
    };
    let fill = format!("{}, {} of {}", revocations.len(), bytes(used), bytes(most));
    vec![
        Fact::new("revocations", fill, role),
        Fact::new("max conns", limits.connections.to_string(), Role::Text),
        Fact::new("max leafs", limits.leafnodes.to_string(), Role::Text),
        Fact::new("max subs", limits.subscriptions.to_string(), Role::Text),
        Fact::new("max payload", limits.payload_bytes.to_string(), Role::Text),
        Fact::new("max imports", limits.imports.to_string(), Role::Text),
        Fact::new("max exports", limits.exports.to_string(), Role::Text),
    ]
}
