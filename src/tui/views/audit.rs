//! The record of acts, the newest first: who did what to whom, why, and how it ended. It does not check the record; `audit
//! verify` does.

use jiff::Timestamp;

use super::ViewKind;
use super::detail::{Detail, shown};
use super::page::{Source, Subject};
use crate::actions::action::Selection;
use crate::actions::record_fields::RecordLine;
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::Field;
use crate::ledger::RecordId;
use crate::ledger::audit::{Detail as Told, Outcome, Phase, Target};
use crate::text::Text;
use crate::tui::app::model::Model;
use crate::tui::app::msg::Ask;
use crate::tui::theme::Role;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::Listed;

impl Listed for RecordLine {
    type Key = RecordId;

    const ONE: &'static str = "record";

    fn key(&self) -> RecordId {
        self.id
    }

    fn state(&self) -> (Glyph, Role) {
        match (self.phase, self.outcome) {
            (Phase::Intent, _) if self.is_open => (Glyph::Waiting, Role::Warn),
            (Phase::Intent, _) | (Phase::Result, None) => (Glyph::Dot, Role::Muted),
            (Phase::Result, Some(outcome)) => match outcome {
                Outcome::Verified => (Glyph::Ok, Role::Ok),
                Outcome::Unverified | Outcome::Partial => (Glyph::Look, Role::Warn),
                Outcome::Failed => (Glyph::Dead, Role::Danger),
                Outcome::Stale | Outcome::Refused | Outcome::Cancelled => (Glyph::Dot, Role::Muted),
            },
        }
    }

    fn role(&self, field: &Field<Self>) -> Role {
        match field.name {
            "outcome" => self.state().1,
            "writer" => Role::KeyName,
            _ => Role::Text,
        }
    }
}

/// The page of records.
#[derive(Default)]
pub struct Audit;

impl Subject for Audit {
    type Rows = Vec<RecordLine>;

    const KIND: ViewKind = ViewKind::Audit;

    fn reading() -> (Ask, &'static str) {
        (Ask::Trail, "reading again")
    }

    fn source(model: &Model, _: Timestamp) -> Source<'_, Vec<RecordLine>> {
        let trail = model.trail.last.as_ref();
        let unreadable = trail.map_or(0, |trail| trail.unreadable);
        Source {
            rows: trail.map(|trail| &trail.records),
            is_coming: trail.is_none(),
            read_at: trail.map(|trail| trail.at),
            problem: model.trail.problem.as_ref(),
            remark: match unreadable {
                0 => String::new(),
                lines => format!("{lines} lines unreadable"),
            },
            pulse: String::new(),
        }
    }

    /// No act is about a record.
    fn selection(_: &[&RecordLine]) -> Selection {
        Selection::default()
    }

    fn copied(row: &RecordLine) -> String {
        row.id.to_string()
    }

    fn detail(&self, row: &RecordLine, now: Timestamp) -> Detail {
        Detail {
            title: row.action.to_string(),
            enter: "enter to open",
            left: told(row, now),
            right: about(row),
            ..Detail::default()
        }
    }
}

fn told(row: &RecordLine, now: Timestamp) -> Vec<Fact> {
    let ago = shown(Cell::Time(row.at), Kind::Time, Null::Nothing(""), now);
    let mut facts = vec![
        Fact::new("record", row.id.to_string(), Role::Text),
        Fact::new(
            "at",
            format!("{}, {ago} ago", row.at.strftime("%F %T UTC")),
            Role::Text,
        ),
        Fact::text("by", &row.actor.name, Role::Text),
        Fact::text("on", &row.actor.host, Role::Text),
    ];
    let given = [("reason", &row.reason), ("ticket", &row.ticket)];
    for (name, text) in given {
        facts.extend(text.iter().map(|text| Fact::text(name, text, Role::Text)));
    }
    facts
}

fn about(row: &RecordLine) -> Vec<Fact> {
    let (phase, role) = match row.phase {
        Phase::Intent if row.is_open => {
            ("before the act: it was begun and has no result", Role::Warn)
        }
        Phase::Intent => ("before the act: what was meant to be done", Role::Muted),
        Phase::Result => ("after the act: how it ended", Role::Text),
    };
    let mut facts = vec![Fact::new("phase", phase, role)];
    facts.extend(row.target.iter().flat_map(aimed));
    if let Some(change) = &row.change {
        let count = |name, list: &[Told], role| {
            let what = list.len().to_string();
            (!list.is_empty()).then(|| Fact::new(name, what, role))
        };
        facts.extend(count("changes", &change.diff, Role::Text));
        facts.extend(count("grants", &change.gains, Role::Notice));
        facts.extend(count("takes", &change.loses, Role::Text));
    }
    let told = row
        .effect
        .iter()
        .flat_map(|effect| lines("effect", effect, Role::Text));
    facts.extend(told);
    let told = row
        .error
        .iter()
        .flat_map(|error| lines("error", error, Role::Danger));
    facts.extend(told);
    facts
}

/// What a record says in a shape of its act's own: a line for each of its members.
fn lines(name: &'static str, detail: &Told, role: Role) -> Vec<Fact> {
    let Some(members) = detail.as_value().as_object() else {
        let text = Text::from(detail.as_value().to_string());
        return vec![Fact::text(name, &text, role)];
    };
    let line = |(member, value): (&String, &serde_json::Value)| {
        Fact::text(name, &format!("{member} {value}").into(), role)
    };
    members.iter().map(line).collect()
}

fn aimed(target: &Target) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(name) = &target.name {
        facts.push(Fact::text("target", name, Role::Text));
    }
    facts.push(Fact::text("key", &target.key, Role::KeyName));
    let account = target.account.as_ref();
    facts.extend(account.map(|account| Fact::text("account", &account.name, Role::Account)));
    facts
}
