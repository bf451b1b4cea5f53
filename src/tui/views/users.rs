//! The users: who can connect, who signed for them, and what the one under the cursor may really do.

use std::sync::Arc;

use jiff::Timestamp;

use super::detail::{Detail, age, ago, left};
use super::page::{Source, Subject};
use super::{Sought, ViewKind};
use crate::actions::action::{SelectedUser, Selection};
use crate::inventory::columns::Field;
use crate::inventory::user_line::{Bearer, UserLine, UserState};
use crate::inventory::user_page::{Creds, UserPage};
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::user::Restrictions;
use crate::permissions::{Effect, EffectivePermissions, Origin, Rule, Verb};
use crate::text::Text;
use crate::tui::app::model::Model;
use crate::tui::app::msg::{Answer, Ask};
use crate::tui::theme::Role;
use crate::tui::widgets::called;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::Listed;

impl Listed for UserLine {
    /// A user may be known in two accounts, by a token that moved.
    type Key = (AccountId, UserId);

    const ONE: &'static str = "user";

    fn key(&self) -> Self::Key {
        (self.account.key, self.id)
    }

    fn state(&self) -> (Glyph, Role) {
        match self.state {
            UserState::Active => (Glyph::Ok, Role::Ok),
            UserState::PartlyRevoked => (Glyph::Look, Role::Warn),
            UserState::NotYet => (Glyph::Waiting, Role::Notice),
            UserState::Unknown => (Glyph::Waiting, Role::Warn),
            UserState::AccountDisabled
            | UserState::SignerGone
            | UserState::Revoked
            | UserState::Expired => (Glyph::Dead, Role::Danger),
        }
    }

    fn role(&self, field: &Field<Self>) -> Role {
        match field.name {
            "account" => Role::Account,
            "name" => Role::User,
            "signer" | "role" => Role::RoleName,
            "key" => Role::KeyName,
            "state" if self.state != UserState::Active => self.state().1,
            _ => Role::Text,
        }
    }
}

/// The page of users, with what was worked out about one.
#[derive(Default)]
pub struct Users {
    page: Option<Box<UserPage>>,
}

impl Subject for Users {
    type Rows = Vec<UserLine>;

    const KIND: ViewKind = ViewKind::Users;

    fn reading() -> (Ask, &'static str) {
        (Ask::Survey, "reading again")
    }

    fn source(model: &Model, _: Timestamp) -> Source<'_, Vec<UserLine>> {
        let seen = model.seen.last.as_ref();
        Source {
            rows: seen.map(|seen| &seen.users),
            is_coming: seen.is_none(),
            read_at: seen.map(|seen| seen.at),
            problem: model.seen.problem.as_ref(),
            remark: model.unheard(),
            pulse: String::new(),
        }
    }

    fn selection(rows: &[&UserLine]) -> Selection {
        let selected = |row: &&UserLine| SelectedUser {
            account: row.account.key,
            user: row.id,
        };
        Selection {
            users: rows.iter().map(selected).collect(),
            ..Selection::default()
        }
    }

    fn row_of(sought: Sought) -> Option<(AccountId, UserId)> {
        match sought {
            Sought::User(SelectedUser { account, user }) => Some((account, user)),
            Sought::Account(_) => None,
        }
    }

    fn copied(row: &UserLine) -> String {
        row.id.to_string()
    }

    /// Its connections, by its key: names may be those of others.
    fn below(row: &UserLine) -> Option<(ViewKind, String)> {
        Some((ViewKind::Connections, format!("user={}", row.id)))
    }

    fn question(row: &UserLine, model: &Model) -> Option<Ask> {
        let seen = Arc::clone(model.seen.last.as_ref()?);
        Some(Ask::User(seen, Box::new(row.clone())))
    }

    fn take(&mut self, answer: Answer) {
        if let Answer::User(page) = answer {
            self.page = Some(page);
        }
    }

    fn detail(&self, row: &UserLine, now: Timestamp) -> Detail {
        detail(row, self.page.as_deref(), now)
    }
}

/// Everything about a user, as far as it was worked out. A page of another user says nothing.
pub fn detail(row: &UserLine, page: Option<&UserPage>, now: Timestamp) -> Detail {
    let mut facts = who(row, now);
    let mut right = Vec::new();
    match page.filter(|page| page.line.key() == row.key()) {
        Some(page) => {
            facts.extend(tokens(page, now));
            right = may(page);
        }
        None => right.push(Fact::new("may", "working it out", Role::Muted)),
    }
    Detail {
        title: called(row.name.as_ref(), row.id.key()),
        enter: "enter to its connections",
        left: facts,
        right,
        ..Detail::default()
    }
}

fn who(row: &UserLine, now: Timestamp) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("user", row.id.key().short(), Role::KeyName),
        match &row.account.name {
            Some(name) => Fact::text("account", name, Role::Account),
            None => Fact::new("account", row.account.key.key().short(), Role::Account),
        },
        Fact::new("state", state(row.state), row.state().1),
    ];
    if let Some(signer) = &row.signer {
        facts.push(match &signer.role {
            Some(role) => Fact::text("role", role, Role::RoleName),
            None => Fact::new("signed by", signer.key.short(), Role::KeyName),
        });
    }
    facts.push(Fact::new(
        "issued",
        ago(row.issued_at.time(), now),
        Role::Text,
    ));
    if row.is_stored() {
        facts.push(Fact::new(
            "expires",
            left(row.expires_at.time(), now),
            Role::Text,
        ));
    }
    if let Some(at) = row.revoked_at.time() {
        let what = format!("tokens from {} ago and older", age(Some(at), now));
        facts.push(Fact::new("revoked", what, Role::Danger));
    }
    if row.bearer == Bearer::Yes {
        let what = "its token alone logs in";
        facts.push(Fact::new("bearer", what, Role::Warn));
    }
    if let Some(count) = row.connections {
        facts.push(Fact::new("connections", count.to_string(), Role::Text));
    }
    let tags = row.tags.iter().flat_map(|tags| tags.iter());
    facts.extend(tags.map(|tag| Fact::text("tag", tag, Role::Text)));
    facts.push(Fact::new(
        "known from",
        row.sources.words().join(", "),
        Role::Muted,
    ));
    facts
}

const fn state(state: UserState) -> &'static str {
    match state {
        UserState::Unknown => "UNKNOWN: nobody showed its account",
        UserState::AccountDisabled => "its account lets nobody in",
        UserState::SignerGone => "its signer is no key of the account any more",
        UserState::Revoked => "revoked",
        UserState::Expired => "expired",
        UserState::NotYet => "not valid yet",
        UserState::PartlyRevoked => "older tokens are revoked, the newest is not",
        UserState::Active => "active",
    }
}

/// Every token of it that is known, and its creds.
fn tokens(page: &UserPage, now: Timestamp) -> Vec<Fact> {
    let token = |held: &crate::inventory::user_page::Generation| {
        let places: Vec<String> = held.places.iter().map(ToString::to_string).collect();
        let role = match held.state {
            UserState::Active => Role::Text,
            UserState::PartlyRevoked | UserState::NotYet | UserState::Unknown => Role::Warn,
            UserState::AccountDisabled
            | UserState::SignerGone
            | UserState::Revoked
            | UserState::Expired => Role::Danger,
        };
        let (age, word) = (age(held.issued_at, now), held.state.word());
        let what = format!("{age} old, {word}: {}", places.join(", "));
        Fact::new("token", what, role)
    };
    let mut facts: Vec<Fact> = page.generations.iter().map(token).collect();
    match &page.creds {
        Creds::NotLooked => {}
        Creds::None => facts.push(Fact::new("creds", "none", Role::Muted)),
        Creds::File(file) => {
            facts.push(Fact::text("creds", &file.path, Role::Text));
            if !file.current {
                let what = "not the token of the store";
                facts.push(Fact::new("", what, Role::Warn));
            }
        }
    }
    facts
}

/// What it may do, rule by rule, and who says so.
fn may(page: &UserPage) -> Vec<Fact> {
    match &page.effective {
        None => vec![Fact::new(
            "may",
            "its token is in no store that is open",
            Role::Muted,
        )],
        Some(Err(why)) => {
            let why = Text::from(why.to_string());
            vec![
                Fact::new("may", "nothing: servers refuse its login", Role::Danger),
                Fact::text("", &why, Role::Danger),
            ]
        }
        Some(Ok(effective)) => permitted(page, effective),
    }
}

fn permitted(page: &UserPage, effective: &EffectivePermissions) -> Vec<Fact> {
    let role = page.line.signer.as_ref();
    let role = role.and_then(|signer| signer.role.as_ref());
    let mut facts: Vec<Fact> = effective
        .rules
        .iter()
        .map(|rule| said(rule, role))
        .collect();
    if let Some(replies) = &effective.replies {
        let what = format!(
            "{} to a request   {}",
            replies.max,
            origin(replies.from, role)
        );
        facts.push(Fact::new("replies", what, Role::Text));
    }
    facts.extend(limits(&effective.restrictions));
    facts
}

/// From where, when, how and how much.
pub fn limits(limits: &Restrictions) -> Vec<Fact> {
    let networks = limits.networks.iter();
    let mut facts: Vec<Fact> = networks
        .map(|network| Fact::text("from", network, Role::Text))
        .collect();
    facts.extend(limits.times.iter().map(|time| {
        let zone = if limits.times_location.is_empty() {
            "the server's time".to_owned()
        } else {
            limits.times_location.to_string()
        };
        let what = format!("{} to {}, {zone}", time.start, time.end);
        Fact::new("only", what, Role::Text)
    }));
    let types = limits.connection_types.iter();
    facts.extend(types.map(|kind| Fact::text("only as", kind, Role::Text)));
    let subscriptions = limits.subscriptions.to_string();
    facts.push(Fact::new("subs", subscriptions, Role::Text));
    let payload = limits.payload_bytes.to_string();
    facts.push(Fact::new("payload", payload, Role::Text));
    facts
}

fn said(rule: &Rule, role: Option<&Text>) -> Fact {
    let name = match (rule.verb, rule.effect) {
        (Verb::Publish, Effect::Allow) => "publish",
        (Verb::Publish, Effect::Deny) => "not publish",
        (Verb::Subscribe, Effect::Allow) => "subscribe",
        (Verb::Subscribe, Effect::Deny) => "not subscr",
    };
    let look = match rule.effect {
        Effect::Allow => Role::Subject,
        Effect::Deny => Role::Warn,
    };
    let queue = rule.queue.as_ref();
    let queue = queue.map_or_else(String::new, |queue| format!(" in queue {}", queue.text()));
    let subject = rule.pattern.text();
    let what = format!("{subject}{queue}   {}", origin(rule.from, role));
    Fact::new(name, what, look)
}

fn origin(from: Origin, role: Option<&Text>) -> String {
    match from {
        Origin::User => "its own token".to_owned(),
        Origin::Role(key) => match role {
            Some(role) => format!("role {role}"),
            None => format!("role {}", key.short()),
        },
        Origin::AccountDefault => "the account's default".to_owned(),
        Origin::Server => "no entry is usable: servers deny all".to_owned(),
        Origin::NoRule => "no rule".to_owned(),
    }
}
