//! The servers: who ought to answer, who does, and what each trusts. A silent server is unknown, never fine.

use jiff::Timestamp;

use super::ViewKind;
use super::detail::Detail;
use super::page::{Source, Subject, how_many};
use crate::actions::action::Selection;
use crate::inventory::arrange::Rows;
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::Field;
use crate::inventory::server::{Belonging, ServerRow, ServerState, Strictness, TrustedOperator};
use crate::sys::Census;
use crate::text::Text;
use crate::tui::app::model::Model;
use crate::tui::app::msg::{Ask, Interest};
use crate::tui::theme::Role;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::grouped;
use crate::tui::widgets::table::Listed;

impl Rows for Census {
    type Row = ServerRow;

    fn count(&self) -> u32 {
        self.servers.as_slice().count()
    }

    fn row(&self, number: u32) -> Option<&ServerRow> {
        self.servers.as_slice().row(number)
    }
}

impl Listed for ServerRow {
    /// A name outlives the process that has it.
    type Key = Text;

    const ONE: &'static str = "server";

    fn key(&self) -> Text {
        self.name.clone()
    }

    fn state(&self) -> (Glyph, Role) {
        match (self.state, self.foreign) {
            (ServerState::Up, Belonging::Foreign) => (Glyph::Leaf, Role::Muted),
            (ServerState::Up, Belonging::Ours | Belonging::Unknown) => (Glyph::Ok, Role::Ok),
            (ServerState::Late | ServerState::LameDuck, _) => (Glyph::Look, Role::Warn),
            (ServerState::Silent, _) => (Glyph::Waiting, Role::Warn),
            (ServerState::Gone, _) => (Glyph::Dead, Role::Danger),
        }
    }

    fn role(&self, field: &Field<Self>) -> Role {
        match field.name {
            "name" => Role::Server,
            "state" if self.state != ServerState::Up => self.state().1,
            "id" => Role::KeyName,
            _ => Role::Text,
        }
    }
}

/// The page of servers.
#[derive(Default)]
pub struct Servers;

impl Subject for Servers {
    type Rows = Census;

    const KIND: ViewKind = ViewKind::Servers;

    const INTEREST: Interest = Interest::Servers;

    fn reading() -> (Ask, &'static str) {
        (Ask::Census, "asking every server")
    }

    fn source(model: &Model, _: Timestamp) -> Source<'_, Census> {
        let census = model.census.as_ref();
        let unheard = census.map_or(0, |census| census.unheard.len());
        Source {
            rows: census,
            is_coming: model.is_opening(),
            read_at: census.map(|census| census.at),
            problem: model.census_problem.as_ref(),
            remark: match unheard {
                0 => String::new(),
                number => format!("{} addresses unheard", grouped(number)),
            },
            pulse: String::new(),
        }
    }

    /// Those of this operator, and how many others there are.
    fn all(census: &Census) -> String {
        let ours = census.ours().count();
        let foreign = census.servers.len() - ours;
        match foreign {
            0 => how_many::<ServerRow>(ours),
            foreign => format!(
                "{} · {} foreign",
                how_many::<ServerRow>(ours),
                grouped(foreign)
            ),
        }
    }

    fn selection(_: &[&ServerRow]) -> Selection {
        Selection::default() // no act is about a server
    }

    /// The key where there is one: names change, keys do not.
    fn copied(row: &ServerRow) -> String {
        row.id
            .map_or_else(|| row.name.to_string(), |id| id.to_string())
    }

    fn detail(&self, row: &ServerRow, now: Timestamp) -> Detail {
        Detail {
            title: row.name.to_string(),
            enter: "enter to open",
            left: who(row, now),
            right: trusted(row),
            ..Detail::default()
        }
    }
}

fn who(row: &ServerRow, now: Timestamp) -> Vec<Fact> {
    let time = |time| {
        Cell::or_absent(time, Cell::Time)
            .shown(Kind::Time, Null::Nothing("never"), now)
            .to_string()
    };
    let mut facts = vec![Fact::new("state", said(row), row.state().1)];
    if let Some(id) = row.id {
        facts.push(Fact::new("key", id.key().short(), Role::KeyName));
    }
    facts.extend(
        row.host
            .as_ref()
            .map(|host| Fact::text("host", host, Role::Text)),
    );
    facts.extend(
        row.cluster
            .as_ref()
            .map(|cluster| Fact::text("cluster", cluster, Role::Text)),
    );
    facts.extend(
        row.version
            .as_ref()
            .map(|version| Fact::text("version", version, Role::Text)),
    );
    facts.extend(
        row.tags
            .iter()
            .map(|tag| Fact::text("tag", tag, Role::Text)),
    );
    if row.started_at.is_some() {
        facts.push(Fact::new("up", time(row.started_at), Role::Text));
    }
    if let Some(skew) = row.clock_skew_ms {
        let (word, role) = match skew {
            0 => ("as ours".to_owned(), Role::Text),
            -500..=500 => (format!("{skew} ms from ours"), Role::Text),
            _ => (
                format!("{skew} ms from ours: times in tokens will differ"),
                Role::Warn,
            ),
        };
        facts.push(Fact::new("clock", word, role));
    }
    facts
}

fn said(row: &ServerRow) -> String {
    match (row.state, row.foreign) {
        (ServerState::Up, Belonging::Foreign) => "up; enforces no token of ours".to_owned(),
        (ServerState::Up, Belonging::Ours | Belonging::Unknown) => "up".to_owned(),
        (ServerState::Late, _) => "late: missed the last question, heard just before it".to_owned(),
        (ServerState::Silent, _) => "UNKNOWN: it ought to answer and does not".to_owned(),
        (ServerState::LameDuck, _) => "lame duck: obeys, answers nothing".to_owned(),
        (ServerState::Gone, _) => "gone: it said that it shuts down".to_owned(),
    }
}

fn trusted(row: &ServerRow) -> Vec<Fact> {
    let mut facts = vec![Fact::new("resolver", row.resolver.word(), Role::Text)];
    if let Some(system) = row.system_account {
        facts.push(Fact::new("system", system.key().short(), Role::Account));
    }
    match row.trust.as_ref().map(|trust| trust.0.as_slice()) {
        None => facts.push(Fact::new("trusts", "not known", Role::Warn)),
        Some([]) => facts.push(Fact::new("trusts", "no operator", Role::Warn)),
        Some(operators) => operators
            .iter()
            .for_each(|operator| facts.extend(trust(operator))),
    }
    facts
}

fn trust(operator: &TrustedOperator) -> Vec<Fact> {
    let rule = match operator.strictness {
        Strictness::SigningKeysOnly => "strict: signing keys only",
        Strictness::IdentityToo => "signing keys and the identity key",
    };
    let mut facts = vec![
        Fact::new("trusts", operator.identity.key().short(), Role::Operator),
        Fact::new("", rule, Role::Muted),
    ];
    let keys = operator.signing_keys.iter();
    facts.extend(keys.map(|key| Fact::new("signing key", key.short(), Role::KeyName)));
    facts
}
