//! What is true of what stands under the cursor, and how its line looks: operator, account, role or user.

use jiff::Timestamp;

use super::runs::Item;
use crate::inventory::account::AccountRow;
use crate::inventory::account_line::{
    AccountLine, AccountState, Content, CopyLine, CopyState, Standing, limit_bytes,
};
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::operator_line::OperatorLine;
use crate::inventory::role_line::RoleLine;
use crate::inventory::server::Strictness;
use crate::inventory::tree::Tree;
use crate::inventory::user_line::{UserLine, UserState};
use crate::jwt::user::AllowDeny;
use crate::text::Text;
use crate::tui::theme::Role;
use crate::tui::views::detail::{Detail, age, ago, left, shown};
use crate::tui::views::users;
use crate::tui::widgets::counted;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::outline::{Fold, Line, Marked};
use crate::tui::widgets::table::Listed as _;

/// The line of a thing; what is in order shows how it is folded, what is not shows its state.
pub(super) fn line(
    tree: &Tree,
    (item, depth, fold): (Item, u16, Fold),
    marked: Marked,
) -> Option<Line> {
    let (state, name, role, count, count_role) = match item {
        Item::Operator => {
            let row = tree.operator.as_ref()?;
            let name = named(row.name(), || row.id.key().short());
            (
                None,
                name,
                Role::Operator,
                "operator".to_owned(),
                Role::Muted,
            )
        }
        Item::Account(at) => {
            let row = tree.accounts.get(at)?;
            let name = named(row.name(), || row.id.key().short());
            let (count, role) = account_count(row);
            (state_of(look(row)), name, Role::Account, count, role)
        }
        Item::Role(at) => {
            let row = tree.roles.get(at)?;
            let count = match row.members.stored {
                None => "role".to_owned(),
                Some(users) => format!("role, {}", counted(users, "user")),
            };
            (
                None,
                row.role.name.clone(),
                Role::RoleName,
                count,
                Role::Muted,
            )
        }
        Item::User(place) => {
            let row = crate::inventory::arrange::Rows::row(tree, place)?;
            let name = named(row.name.as_ref(), || row.id.key().short());
            let (count, role) = user_count(row);
            (state_of(row.state()), name, Role::User, count, role)
        }
    };
    Some(Line {
        depth,
        fold,
        state,
        name,
        role,
        count,
        count_role,
        marked,
    })
}

/// What has a name goes by it, all else by its key.
fn named(name: Option<&Text>, key: impl Fn() -> String) -> Text {
    name.cloned().unwrap_or_else(|| key().into())
}

/// A state that has to be seen.
fn state_of((glyph, role): (Glyph, Role)) -> Option<(Glyph, Role)> {
    (glyph != Glyph::Ok).then_some((glyph, role))
}

fn account_count(row: &AccountLine) -> (String, Role) {
    match (row.state, row.standing, row.behind()) {
        (AccountState::Active, Standing::System, _) => ("system".to_owned(), Role::Notice),
        (AccountState::Active, _, 0) => {
            let users = row.users.stored.map(|users| counted(users, "user"));
            (users.unwrap_or_default(), Role::Muted)
        }
        (AccountState::Active, _, behind) => (format!("{behind} behind"), Role::Warn),
        (AccountState::Unknown, ..) => ("not known".to_owned(), Role::Warn),
        (state, ..) => (state.word().to_owned(), Role::Danger),
    }
}

fn user_count(row: &UserLine) -> (String, Role) {
    let (_, role) = row.state();
    match (row.state, row.connections) {
        (UserState::Active, None | Some(0)) => (String::new(), Role::Muted),
        (UserState::Active, Some(number)) => (counted(number, "conn"), Role::Muted),
        (UserState::AccountDisabled, _) => ("shut out".to_owned(), role),
        (UserState::SignerGone, _) => ("no signer".to_owned(), role),
        (UserState::NotYet, _) => ("not yet".to_owned(), role),
        (UserState::PartlyRevoked, _) => ("older revoked".to_owned(), role),
        (state, _) => (state.word().to_owned(), role),
    }
}

/// The state of an account at a glance.
fn look(row: &AccountLine) -> (Glyph, Role) {
    match (row.state, row.behind()) {
        (AccountState::Active, 0) => (Glyph::Ok, Role::Ok),
        (AccountState::Active, _) => (Glyph::Look, Role::Warn),
        (AccountState::Split, _) => (Glyph::Look, Role::Danger),
        (AccountState::Disabled | AccountState::Expired, _) => (Glyph::Dead, Role::Danger),
        (AccountState::Unknown, _) => (Glyph::Waiting, Role::Warn),
    }
}

/// Everything about a thing but a user, of whom more has to be worked out.
pub(super) fn detail(tree: &Tree, item: Item, now: Timestamp) -> Option<Detail> {
    match item {
        Item::Operator => tree.operator.as_ref().map(|row| operator(row, now)),
        Item::Account(at) => tree.accounts.get(at).map(|row| account(row, now)),
        Item::Role(at) => tree.roles.get(at).map(role),
        Item::User(_) => None,
    }
}

fn operator(row: &OperatorLine, now: Timestamp) -> Detail {
    let rule = match row.strictness {
        Strictness::SigningKeysOnly => "strict: only signing keys",
        Strictness::IdentityToo => "signing keys, and the identity key",
    };
    let mut facts = vec![Fact::new("signs", rule, Role::Text)];
    let keys = row.signing_keys.iter();
    facts.extend(keys.map(|key| Fact::new("signing key", key.short(), Role::KeyName)));
    if let Some(system) = &row.system_account {
        facts.push(match &system.name {
            Some(name) => Fact::text("system", name, Role::Account),
            None => Fact::new("system", system.key.key().short(), Role::Account),
        });
    }
    let mut right = Vec::new();
    match &row.row {
        None => right.push(Fact::new(
            "known from",
            "servers; no store has it",
            Role::Warn,
        )),
        Some(held) => {
            let operator = &held.operator;
            right.push(Fact::new(
                "issued",
                ago(operator.issued_at, now),
                Role::Text,
            ));
            right.push(Fact::new(
                "expires",
                left(operator.expires_at, now),
                Role::Text,
            ));
            right.push(Fact::text("store", &held.store_name, Role::Text));
            let urls = operator.service_urls.iter();
            right.extend(urls.map(|url| Fact::text("servers", url, Role::Server)));
        }
    }
    Detail {
        title: named(row.name(), || row.id.key().short()).to_string(),
        about: "operator".to_owned(),
        key: row.id.to_string(),
        enter: "enter to open",
        left: facts,
        right,
    }
}

fn role(row: &RoleLine) -> Detail {
    let count =
        |number: Option<u64>| number.map_or("not known".to_owned(), |number| number.to_string());
    let mut facts = vec![
        Fact::new("users", count(row.members.stored), Role::Text),
        Fact::new("connected", count(row.members.live), Role::Text),
    ];
    if !row.role.description.is_empty() {
        facts.push(Fact::text("says", &row.role.description, Role::Text));
    }
    let template = &row.role.template;
    let mut right = listed(("publish", "not publish"), &template.permissions.publish);
    right.extend(listed(
        ("subscribe", "not subscr"),
        &template.permissions.subscribe,
    ));
    if template.permissions.responses.is_some() {
        right.push(Fact::new(
            "replies",
            "to requests that it received",
            Role::Text,
        ));
    }
    let limits = &template.restrictions;
    right.extend(users::limits(limits));
    let account = row.account.name.as_ref();
    Detail {
        title: row.role.name.to_string(),
        about: format!(
            "role of {}",
            named(account, || row.account.key.key().short())
        ),
        key: row.role.key.to_string(),
        enter: "enter to open",
        left: facts,
        right,
    }
}

/// A list of a template, as it is written: what `{{..}}` become is each user's.
fn listed((may, may_not): (&'static str, &'static str), list: &AllowDeny) -> Vec<Fact> {
    let allowed = list.allow.iter().flatten();
    let mut facts: Vec<Fact> = allowed
        .map(|entry| Fact::text(may, entry, Role::Subject))
        .collect();
    if facts.is_empty() {
        // All or nothing, by replies, denials and the server's release: a user's page says which.
        let what = "no subject is named: a user of it shows the effect";
        facts.push(Fact::new(may, what, Role::Warn));
    }
    facts.extend(
        list.deny
            .iter()
            .map(|entry| Fact::text(may_not, entry, Role::Warn)),
    );
    facts
}

fn account(row: &AccountLine, now: Timestamp) -> Detail {
    let mut right: Vec<Fact> = row.copies.iter().map(|copy| held(copy, now)).collect();
    if let Some(token) = &row.token {
        right.extend(may(token, now));
    }
    Detail {
        title: named(row.name(), || row.id.key().short()).to_string(),
        about: "account".to_owned(),
        key: row.id.to_string(),
        enter: "enter to open",
        left: what(row, now),
        right,
    }
}

fn what(row: &AccountLine, now: Timestamp) -> Vec<Fact> {
    let state = match row.state {
        AccountState::Active => "active",
        AccountState::Disabled => "disabled: it may have no connection",
        AccountState::Expired => "expired",
        AccountState::Split => "SPLIT: servers have different tokens of it",
        AccountState::Unknown => "UNKNOWN: nobody showed its token",
    };
    let mut facts = vec![Fact::new("state", state, look(row).1)];
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
        facts.push(Fact::new("issued", ago(account.issued_at, now), Role::Text));
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
        CopyState::Stale => match copy.content {
            Some(Content::Same) => ("STALE: it says the same as a younger one", Role::Warn),
            Some(Content::Other) => ("STALE: a younger one says otherwise", Role::Warn),
            None => ("STALE: a younger one is out there", Role::Warn),
        },
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
