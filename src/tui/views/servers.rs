//! The servers: who ought to answer, who does, and what each trusts. A silent server is unknown, never fine.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::blank::{Blank, Culprit};
use super::detail::{Detail, Pane};
use super::listing::Listing;
use super::{Place, Scene, View, ViewKind, Wish};
use crate::actions::action::Selection;
use crate::inventory::arrange::Rows;
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::Field;
use crate::inventory::filter::FilterError;
use crate::inventory::server::{Belonging, ServerRow, ServerState, Strictness, TrustedOperator};
use crate::sys::Census;
use crate::text::Text;
use crate::tui::app::msg::{Answer, Ask, Interest, Slot};
use crate::tui::app::toast::{Toast, Tone};
use crate::tui::keymap::Command;
use crate::tui::popups::pick::Choice;
use crate::tui::theme::Role;
use crate::tui::widgets::facts::Fact;
use crate::tui::widgets::frame::frame_role;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::rule::Rule;
use crate::tui::widgets::table::Listed;
use crate::tui::widgets::{Paint, Painted, grouped, line_of};

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

const HERE: Place = Place::top(ViewKind::Servers);

/// The page of servers.
pub struct Servers {
    list: Listing<Census>,
    pane: Pane,
}

impl Default for Servers {
    fn default() -> Self {
        Self {
            list: Listing::new(Slot::Arrange(HERE)),
            pane: Pane::default(),
        }
    }
}

impl View for Servers {
    fn place(&self) -> Place {
        HERE
    }

    fn interest(&self) -> Interest {
        Interest::Servers
    }

    fn selection(&self, _: &Scene<'_>) -> Selection {
        Selection::default() // no act is about a server
    }

    fn hints(&self) -> &'static [Command] {
        const HINTS: &[Command] = &[
            Command::Open,
            Command::Describe,
            Command::Filter,
            Command::Sort,
            Command::Columns,
            Command::Mark,
            Command::Copy,
            Command::Refresh,
            Command::Quit,
            Command::Help,
        ];
        HINTS
    }

    fn command(&mut self, scene: &Scene<'_>, command: Command) -> Vec<Wish> {
        let command = match command {
            Command::Open => Command::Describe, // nothing is below it
            other => other,
        };
        if let Some(row) = self.list.current() {
            let detail = detail(row, scene.now);
            let inside = self.pane.inside(scene.size);
            if self.pane.command(command, &detail, inside) {
                return Vec::new();
            }
        }
        let before = self.list.current().map(Listed::key);
        if let Some(wishes) = self.list.command(command, scene.now) {
            if self.list.current().map(Listed::key) != before {
                self.pane.scroll = 0;
            }
            return wishes;
        }
        match command {
            Command::Refresh => vec![
                Wish::Ask(Slot::Rows(HERE), Ask::Census),
                Wish::Say(Toast::new(Tone::Word, "asking every server")),
            ],
            Command::Copy => self.list.current().map(copied).into_iter().collect(),
            Command::Back => vec![Wish::Leave],
            _ => Vec::new(), // it means nothing here
        }
    }

    fn filter(&self) -> &str {
        self.list.written()
    }

    fn set_filter(&mut self, scene: &Scene<'_>, written: &str) -> Result<Vec<Wish>, FilterError> {
        Ok(self
            .list
            .set_filter(written, scene.now)?
            .into_iter()
            .collect())
    }

    fn choose(&mut self, scene: &Scene<'_>, choice: Choice) -> Vec<Wish> {
        self.list.choose(choice, scene.now)
    }

    fn point(&mut self, _: &Scene<'_>, row: usize) -> Vec<Wish> {
        self.list.go_to(row);
        Vec::new()
    }

    fn refresh(&mut self, scene: &Scene<'_>) -> Vec<Wish> {
        self.list.fit(Pane::table(scene.size), scene.now);
        let census = scene.model.census.as_ref();
        let wish = census.and_then(|census| self.list.take(Arc::clone(census), scene.now));
        wish.into_iter().collect()
    }

    fn answer(&mut self, scene: &Scene<'_>, answer: Answer) -> Vec<Wish> {
        match answer {
            Answer::Arranged(order) => self.list.arranged(order, scene.now),
            Answer::Failed(why) => return vec![Wish::Say(Toast::new(Tone::Failure, why.what))],
            Answer::User(_) | Answer::Nothing => {} // never asked here
        }
        Vec::new()
    }

    fn paint(&self, scene: &Scene<'_>, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> Painted {
        let split = self.pane.split(area);
        let mut painted = Painted::default();
        if split.list.height > 0 {
            self.rule(scene)
                .paint(paint, line_of(split.list, 0), frame_role(scene.model), buf);
            let table = Rect {
                y: split.list.y + 1,
                height: split.list.height - 1,
                ..split.list
            };
            match self.blank(scene) {
                Some(blank) => blank.paint(paint, table, buf),
                None => painted = self.list.paint(paint, table, buf),
            }
        }
        if let Some(row) = self.list.current() {
            self.pane
                .paint(paint, split.detail, &detail(row, scene.now), buf);
        }
        painted
    }
}

impl Servers {
    fn rule(&self, scene: &Scene<'_>) -> PageRule {
        let unless_none = |number: usize, words: &str| match number {
            0 => String::new(),
            number => format!("{} {words}", grouped(number)),
        };
        let (kept, all) = self.list.counts();
        let census = self.list.rows();
        let ours = census.map_or(0, |census| census.ours().count());
        let count = match (all, kept == all, all - ours) {
            (0, ..) => String::new(),
            (_, true, 0) => unless_none(all, "servers"),
            (_, true, foreign) => format!("{} servers · {foreign} foreign", grouped(ours)),
            (_, false, _) => format!("{} of {}", grouped(kept), grouped(all)),
        };
        let stale = census.filter(|_| scene.model.census_problem.is_some());
        PageRule {
            filter: self.list.written().to_owned(),
            stale: stale.map_or_else(String::new, |census| {
                format!("not counted since {}", census.at.strftime("%H:%M:%S UTC"))
            }),
            unheard: unless_none(
                census.map_or(0, |census| census.unheard.len()),
                "addresses unheard",
            ),
            count,
            marked: unless_none(self.list.marked(), "marked"),
        }
    }

    fn blank<'m>(&self, scene: &'m Scene<'_>) -> Option<Blank<'m>> {
        let one = ServerRow::ONE;
        let Some(rows) = self.list.rows() else {
            return Some(match (scene.model.problem(), scene.model.is_opening()) {
                (Some(why), _) => Blank::Failed(why),
                (None, true) => Blank::Waiting { one },
                (None, false) => Blank::Offline,
            });
        };
        match self.list.counts() {
            (0, 0) => Some(Blank::Nothing { one }),
            (0, _) => {
                let culprit = Culprit::find(self.list.written(), rows.as_ref(), scene.now);
                Some(Blank::NoMatch { one, culprit })
            }
            (_, _) => None,
        }
    }
}

/// The words of the rule above the list.
struct PageRule {
    filter: String,
    stale: String,
    unheard: String,
    count: String,
    marked: String,
}

impl PageRule {
    fn paint(&self, paint: &Paint<'_>, line: Rect, role: Role, buf: &mut Buffer) {
        let rule = Rule {
            left: vec![("servers", Role::Strong), (&self.filter, Role::Accent)],
            right: vec![
                (&self.stale, Role::Warn),
                (&self.unheard, Role::Warn),
                (&self.count, Role::Muted),
                (&self.marked, Role::Mark),
            ],
        };
        rule.paint(paint, line, role, buf);
    }
}

/// The key where there is one: names change, keys do not.
fn copied(row: &ServerRow) -> Wish {
    Wish::Copy(
        row.id
            .map_or_else(|| row.name.to_string(), |id| id.to_string()),
    )
}

fn detail(row: &ServerRow, now: Timestamp) -> Detail {
    Detail {
        title: row.name.to_string(),
        enter: "enter to open",
        left: who(row, now),
        right: trusted(row),
        ..Detail::default()
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
