//! What stops working, the first outage first, and what would renew the row under the cursor.

use jiff::Timestamp;

use super::ViewKind;
use super::detail::{Detail, left};
use super::page::{Source, Subject};
use super::reports::{self, selected};
use crate::actions::action::Selection;
use crate::inventory::columns::Field;
use crate::inventory::expiry::{Because, ExpiryLine, ExpiryState};
use crate::inventory::target::TargetKind;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::text::Text;
use crate::tui::app::model::Model;
use crate::tui::app::msg::Ask;
use crate::tui::theme::Role;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::Listed;
use crate::tui::widgets::{called, counted};

impl Listed for ExpiryLine {
    /// Two creds files may be of one user, two imports of one exporter, and two accounts import the same.
    type Key = (TargetKind, PublicKey, Option<Text>, Option<AccountId>);

    const ONE: &'static str = "deadline";

    fn key(&self) -> Self::Key {
        let account = self.target.account.as_ref().map(|account| account.key);
        (
            self.target.kind,
            self.target.key,
            self.place.clone(),
            account,
        )
    }

    fn state(&self) -> (Glyph, Role) {
        match (self.because, self.state) {
            (Because::NotEnforced, ExpiryState::Past | ExpiryState::Soon) => {
                (Glyph::Look, Role::Notice)
            }
            (_, ExpiryState::Past) => (Glyph::Dead, Role::Danger),
            (_, ExpiryState::Soon) => (Glyph::Look, Role::Warn),
            (_, ExpiryState::Later) => (Glyph::Ok, Role::Ok),
        }
    }

    fn role(&self, field: &Field<Self>) -> Role {
        match field.name {
            "account" => Role::Account,
            "stops_at" | "state" => self.state().1,
            "act" => Role::Notice,
            "key" => Role::KeyName,
            _ => Role::Text,
        }
    }
}

/// The page of what ends.
#[derive(Default)]
pub struct Calendar;

impl Subject for Calendar {
    type Rows = Vec<ExpiryLine>;

    const KIND: ViewKind = ViewKind::Expiry;

    fn reading() -> (Ask, &'static str) {
        (Ask::Survey, "reading again")
    }

    fn unread(model: &Model) -> Option<Ask> {
        reports::unread(model)
    }

    fn source(model: &Model, _: Timestamp) -> Source<'_, Vec<ExpiryLine>> {
        reports::source(model, |reports| &reports.expiry)
    }

    fn selection(rows: &[&ExpiryLine]) -> Selection {
        selected(rows.iter().map(|row| (&row.target, &row.fix.cure)))
    }

    fn copied(row: &ExpiryLine) -> String {
        row.target.key.to_string()
    }

    fn detail(&self, row: &ExpiryLine, now: Timestamp) -> Detail {
        let why = match row.because {
            Because::Own => "its own token ends",
            Because::Account => "its account ends first",
            Because::NotEnforced => "never: servers do not ask for it",
        };
        let mut facts = vec![Fact::new("because", why, row.state().1)];
        let end = |name, at| Fact::new(name, left(Some(at), now), Role::Text);
        facts.extend(row.stops_at.map(|at| end("stops", at)));
        facts.extend(row.expires_at.map(|at| end("own end", at)));
        facts.extend(
            row.place
                .iter()
                .map(|place| Fact::text("place", place, Role::Text)),
        );
        let open = row.connections.filter(|open| *open > 0);
        facts.extend(open.map(|open| {
            Fact::new(
                "open",
                format!("end with it: {}", counted(open, "connection")),
                Role::Text,
            )
        }));
        facts.push(Fact::new("key", row.target.key.short(), Role::KeyName));
        Detail {
            title: called(row.target.name.as_ref(), row.target.key),
            enter: "enter to open",
            left: facts,
            right: reports::mends(&row.fix),
            ..Detail::default()
        }
    }
}
