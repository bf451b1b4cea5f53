//! What differs: the store, every server, creds and connections side by side, and the act that mends the row under the cursor.

use jiff::Timestamp;

use super::ViewKind;
use super::detail::{Detail, ago};
use super::page::{Source, Subject};
use super::reports::{self, selected};
use crate::actions::action::Selection;
use crate::inventory::columns::Field;
use crate::inventory::drift::{ChangeLine, Drift, DriftLine, PlaceKind, PlaceLine, PlaceState};
use crate::inventory::target::TargetKind;
use crate::jwt::json::Node;
use crate::jwt::keys::PublicKey;
use crate::text::Text;
use crate::tui::app::model::Model;
use crate::tui::app::msg::Ask;
use crate::tui::theme::Role;
use crate::tui::widgets::called;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::Listed;

impl Listed for DriftLine {
    /// Two creds files may be of one user, so the place is part of it; of silent servers only the name is known.
    type Key = (TargetKind, PublicKey, Drift, Option<Text>);

    const ONE: &'static str = "difference";

    fn key(&self) -> Self::Key {
        let creds = self
            .places
            .iter()
            .find(|line| line.place == PlaceKind::Creds);
        let path = creds.and_then(|line| line.name.clone());
        let path = path.or_else(|| self.target.name.clone());
        (self.target.kind, self.target.key, self.drift, path)
    }

    fn state(&self) -> (Glyph, Role) {
        match self.drift {
            Drift::Silent => (Glyph::Waiting, Role::Warn),
            Drift::Untrusted | Drift::RevokedConnection | Drift::StrayCreds => {
                (Glyph::Dead, Role::Danger)
            }
            Drift::OnlyInStore
            | Drift::OnlyOnServers
            | Drift::StoreNewer
            | Drift::ServersNewer
            | Drift::BothEdited
            | Drift::ServersDiffer
            | Drift::ServerLacks
            | Drift::OldCreds
            | Drift::OldConnection
            | Drift::NewConnection => (Glyph::Look, Role::Warn),
        }
    }

    fn role(&self, field: &Field<Self>) -> Role {
        match field.name {
            "account" => Role::Account,
            "drift" => self.state().1,
            "act" => Role::Notice,
            "key" => Role::KeyName,
            _ => Role::Text,
        }
    }
}

/// The page of what differs.
#[derive(Default)]
pub struct Differences;

impl Subject for Differences {
    type Rows = Vec<DriftLine>;

    const KIND: ViewKind = ViewKind::Drift;

    fn reading() -> (Ask, &'static str) {
        (Ask::Survey, "comparing again")
    }

    fn unread(model: &Model) -> Option<Ask> {
        reports::unread(model)
    }

    fn source(model: &Model, _: Timestamp) -> Source<'_, Vec<DriftLine>> {
        let source = reports::source(model, |reports| &reports.drift);
        let seen = model.seen.last.as_ref();
        if seen.is_some_and(|seen| seen.connections.is_none()) {
            // Without servers there is nothing to compare with, and nothing is clear.
            return Source {
                rows: None,
                is_coming: false,
                ..source
            };
        }
        source
    }

    fn selection(rows: &[&DriftLine]) -> Selection {
        selected(rows.iter().map(|row| (&row.target, &row.fix.cure)))
    }

    fn copied(row: &DriftLine) -> String {
        row.target.key.to_string()
    }

    fn detail(&self, row: &DriftLine, now: Timestamp) -> Detail {
        let mut right = vec![Fact::text("what", &row.what, row.state().1)];
        right.extend(reports::mends(&row.fix));
        right.extend(row.changes.iter().map(change));
        Detail {
            title: called(row.target.name.as_ref(), row.target.key),
            enter: "enter to open",
            left: row.places.iter().map(|line| place(line, now)).collect(),
            right,
            ..Detail::default()
        }
    }
}

fn place(line: &PlaceLine, now: Timestamp) -> Fact {
    let (word, role) = match line.state {
        PlaceState::Current => ("current", Role::Ok),
        PlaceState::Other => ("another", Role::Warn),
        PlaceState::Missing => ("missing", Role::Warn),
        PlaceState::Untrusted => ("untrusted", Role::Danger),
        PlaceState::Unknown => ("UNKNOWN", Role::Warn),
    };
    let issued = line
        .issued_at
        .map(|at| format!(", issued {}", ago(Some(at), now)));
    let name = line.name.as_ref().map(|name| format!("{name} "));
    let value = format!(
        "{}{word}{}",
        name.unwrap_or_default(),
        issued.unwrap_or_default()
    );
    let title = match line.place {
        PlaceKind::Store => "store",
        PlaceKind::Server => "server",
        PlaceKind::Resolver => "resolver",
        PlaceKind::Connection => "connection",
        PlaceKind::Creds => "creds",
    };
    Fact::text(title, &Text::from(value), role)
}

/// A line of the diff, from what holds to what the store has.
fn change(line: &ChangeLine) -> Fact {
    let shown = |value: Option<&Node>| value.map(Node::to_go_json);
    let (name, value) = match (shown(line.before.0.as_ref()), shown(line.after.0.as_ref())) {
        (None, after) => ("+", after),
        (before, None) => ("-", before),
        (Some(before), Some(after)) => ("~", Some(format!("{before} -> {after}"))),
    };
    let value = format!("{} {}", line.path, value.unwrap_or_default());
    Fact::text(name, &Text::from(value), Role::Text)
}
