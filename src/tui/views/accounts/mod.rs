//! The accounts: a tree of operator, accounts, roles and users at the left, and at the right the truth about what stands under
//! the cursor. A tree and a table are two looks at the same things: acts are about the same selection.
//!
//! ```text
//! ── accounts ─────────────────────────────────── 12 accounts · 86 users · 9 roles ──
//!  ▾ acme                    operator    │  worker                    user of ORDERS
//!    ▾ ORDERS                 6 users    │  UDX37LQ2WJY5B4N6ZK3T7V2CGHM5RS4PAE2FDLX6QIO4UYB5N37KQ2
//!      ▸ worker         role, 2 users    │
//!      ▌· batch               2 conns    │     publish     orders.*.done   role worker
//! ```
//!
//! Where there is no room for both, the truth waits for its key.

mod outline;
mod runs;
mod sieve;
mod truth;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use self::outline::Outline;
use self::runs::{Item, Thing};
use super::blank::Blank;
use super::detail::{Detail, Extent, Pane};
use super::heading::Heading;
use super::{Found, Place, Scene, Sought, View, ViewKind, Wish, users};
use crate::actions::action::{SelectedUser, Selection};
use crate::inventory::filter::FilterError;
use crate::inventory::user_page::UserPage;
use crate::jwt::keys::AccountId;
use crate::text::Text;
use crate::tui::app::msg::{Answer, Ask, Interest, Slot};
use crate::tui::app::toast::{Toast, Tone};
use crate::tui::keymap::Command;
use crate::tui::popups::pick::Choice;
use crate::tui::theme::Role;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::outline::Marked;
use crate::tui::widgets::scroll::Scroll;
use crate::tui::widgets::{Paint, Painted, called, counted, grouped, line_of, outline as lines};

const HERE: Place = Place::top(ViewKind::Accounts);

/// Below this width there is room for the tree alone.
const BOTH: u16 = 100;

/// The page of accounts.
pub struct Accounts {
    outline: Outline,
    pane: Pane,
    /// The user whose page was asked for.
    asked: Option<Thing>,
    page: Option<Box<UserPage>>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            outline: Outline::new(Slot::Arrange(HERE)),
            pane: Pane::default(),
            asked: None,
            page: None,
        }
    }
}

impl View for Accounts {
    fn place(&self) -> Place {
        HERE
    }

    fn interest(&self) -> Interest {
        Interest::Rest
    }

    fn selection(&self, _: &Scene<'_>) -> Selection {
        let (items, hidden) = self.outline.selected();
        let mut selection = Selection {
            hidden,
            ..Selection::default()
        };
        for thing in items
            .into_iter()
            .filter_map(|item| self.outline.thing(item))
        {
            match thing {
                Thing::Account(account) => selection.accounts.push(account),
                Thing::User(account, user) => selection.users.push(SelectedUser { account, user }),
                Thing::Operator | Thing::Role(_) => {} // no act is about these
            }
        }
        selection
    }

    fn hints(&self) -> &'static [Command] {
        const HINTS: &[Command] = &[
            Command::Open,
            Command::List,
            Command::Describe,
            Command::Filter,
            Command::Palette,
            Command::Mark,
            Command::Copy,
            Command::Refresh,
            Command::Quit,
            Command::Help,
        ];
        HINTS
    }

    fn command(&mut self, scene: &Scene<'_>, command: Command) -> Vec<Wish> {
        let inside = self.inside(scene.size);
        if let Some(detail) = self.detail(scene)
            && self.pane.command(command, &detail, inside)
        {
            return Vec::new();
        }
        let mut wishes = match command {
            Command::Open if self.outline.open() => Vec::new(),
            Command::Open => match self.outline.current() {
                Some(Item::User(_)) => self.go_on(scene),
                Some(_) | None => Vec::new(),
            },
            Command::List => self.go_on(scene),
            Command::Close => {
                self.outline.close();
                Vec::new()
            }
            Command::Back => self.go_back(scene),
            Command::Refresh => vec![
                Wish::Ask(Slot::Rows(HERE), Ask::Survey),
                Wish::Say(Toast::new(Tone::Word, "reading again")),
            ],
            Command::Copy => self.copied().map(Wish::Copy).into_iter().collect(),
            other => {
                self.outline.command(other);
                Vec::new()
            }
        };
        wishes.extend(self.look_closer(scene));
        wishes
    }

    fn filter(&self) -> &str {
        self.outline.written()
    }

    fn set_filter(&mut self, scene: &Scene<'_>, written: &str) -> Result<Vec<Wish>, FilterError> {
        let wish = self.outline.set_filter(written, scene.now)?;
        Ok(wish.into_iter().chain(self.look_closer(scene)).collect())
    }

    fn choose(&mut self, _: &Scene<'_>, _: Choice) -> Vec<Wish> {
        Vec::new() // a tree has neither columns nor another order
    }

    fn point(&mut self, scene: &Scene<'_>, row: usize) -> Vec<Wish> {
        self.outline.go_to(row);
        self.look_closer(scene).into_iter().collect()
    }

    fn seek(&mut self, scene: &Scene<'_>, sought: Sought) -> Option<Found> {
        let thing = match sought {
            Sought::Account(account) => Thing::Account(account),
            Sought::User(SelectedUser { account, user }) => Thing::User(account, user),
        };
        let mut found = self.outline.seek(thing, scene.now)?;
        found.wishes.extend(self.look_closer(scene));
        Some(found)
    }

    fn refresh(&mut self, scene: &Scene<'_>) -> Vec<Wish> {
        let lines = scene.size.height.saturating_sub(1);
        self.outline.fit(lines.into());
        let seen = scene.model.seen.last.as_ref();
        let wish = seen.and_then(|seen| {
            let held = self.outline.tree();
            if held.is_none_or(|held| !Arc::ptr_eq(held, &seen.tree)) {
                self.asked = None;
            }
            self.outline.take(&seen.tree, scene.now)
        });
        wish.into_iter().chain(self.look_closer(scene)).collect()
    }

    fn answer(&mut self, scene: &Scene<'_>, answer: Answer) -> Vec<Wish> {
        match answer {
            Answer::Arranged(users) => self.outline.arranged(users, scene.now),
            Answer::Failed(why) => return vec![Wish::Say(Toast::new(Tone::Failure, why.what))],
            Answer::User(page) => self.page = Some(page),
            Answer::Names(_) | Answer::Diagnosis(_) | Answer::Nothing => {} // those of popups
        }
        self.look_closer(scene).into_iter().collect()
    }

    fn paint(&self, scene: &Scene<'_>, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> Painted {
        let detail = self.detail(scene);
        if self.pane.extent == Extent::Whole
            && let Some(detail) = &detail
        {
            self.pane.paint(paint, area, detail, buf);
            return Painted::default();
        }
        self.rule(scene, paint, line_of(area, 0), buf);
        let below = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        if let Some(blank) = self.blank(scene) {
            blank.paint(paint, below, buf);
            return Painted::default();
        }
        let (left, right) = halves(below);
        if let (Some(right), Some(detail)) = (right, &detail) {
            separate(paint, right, buf);
            self.pane.paint_titled(paint, right, detail, buf);
        }
        let Some(tree) = self.outline.tree() else {
            return Painted::default();
        };
        let line = |at| {
            let (item, depth, fold) = self.outline.at(at)?;
            let marked = if self.outline.is_marked(item) {
                Marked::Yes
            } else {
                Marked::No
            };
            truth::line(tree, (item, depth, fold), marked)
        };
        lines::paint(paint, left, line, self.outline.spot(), buf)
    }
}

impl Accounts {
    fn detail(&self, scene: &Scene<'_>) -> Option<Detail> {
        let (tree, item) = (self.outline.tree()?, self.outline.current()?);
        let Item::User(place) = item else {
            return truth::detail(tree, item, scene.now);
        };
        let row = self.outline.user(place)?;
        let account = called(row.account.name.as_ref(), row.account.key.key());
        let mut detail = users::detail(row, self.page.as_deref(), scene.now);
        detail.about = format!("user of {account}");
        detail.key = row.id.to_string();
        // Both are said above.
        detail
            .left
            .retain(|fact| !["user", "account"].contains(&fact.name));
        Some(detail)
    }

    /// What the truth has under its title.
    fn inside(&self, size: Size) -> Size {
        let height = size.height.saturating_sub(1);
        let below = Rect::from((Position::ORIGIN, Size { height, ..size }));
        match (self.pane.extent, halves(below)) {
            (Extent::Whole, _) | (Extent::Beside, (_, None)) => below.as_size(),
            (Extent::Beside, (_, Some(right))) => Size {
                width: right.width,
                height: right.height.saturating_sub(1),
            },
        }
    }

    /// Asks for what is true of a user, once for each that the cursor stands on.
    fn look_closer(&mut self, scene: &Scene<'_>) -> Option<Wish> {
        let item = self.outline.current()?;
        let thing = self.outline.thing(item);
        if self.asked == thing {
            return None;
        }
        if self.asked.is_some() {
            self.pane.scroll = Scroll::default(); // else only the tree is another
        }
        self.asked = thing;
        let Item::User(place) = item else { return None };
        let row = self.outline.user(place)?.clone();
        let seen = Arc::clone(scene.model.seen.last.as_ref()?);
        Some(Wish::Ask(
            Slot::Detail(HERE),
            Ask::User(seen, Box::new(row)),
        ))
    }

    /// To the table of what is in it.
    fn go_on(&self, scene: &Scene<'_>) -> Vec<Wish> {
        let Some((kind, within)) = self.below() else {
            return Vec::new();
        };
        vec![match kind.below(HERE.tab, &within, scene.now) {
            Ok(view) => Wish::Enter(view),
            Err(error) => Wish::Say(Toast::new(Tone::Failure, error.to_string())),
        }]
    }

    /// The place of that table, and the filter that leaves what is in the thing.
    fn below(&self) -> Option<(ViewKind, String)> {
        let tree = self.outline.tree()?;
        Some(match self.outline.current()? {
            Item::Operator => return None,
            Item::Account(at) => {
                let row = tree.accounts.get(at)?;
                (ViewKind::Users, within(row.id, row.name()))
            }
            Item::Role(at) => {
                let row = tree.roles.get(at)?;
                let account = within(row.account.key, row.account.name.as_ref());
                (
                    ViewKind::Users,
                    format!("{account} signer={}", row.role.key),
                )
            }
            // By its key: names may be those of others.
            Item::User(place) => {
                let user = self.outline.user(place)?.id;
                (ViewKind::Connections, format!("user={user}"))
            }
        })
    }

    /// Esc: a filter and marks go, then what is open closes, then it goes up.
    fn go_back(&mut self, scene: &Scene<'_>) -> Vec<Wish> {
        if !self.outline.written().is_empty() {
            return self.set_filter(scene, "").unwrap_or_default();
        }
        if !self.outline.unmark() {
            self.outline.close();
        }
        Vec::new()
    }

    fn copied(&self) -> Option<String> {
        let (tree, item) = (self.outline.tree()?, self.outline.current()?);
        Some(match item {
            Item::Operator => tree.operator.as_ref()?.id.to_string(),
            Item::Account(at) => tree.accounts.get(at)?.id.to_string(),
            Item::Role(at) => tree.roles.get(at)?.role.key.to_string(),
            Item::User(place) => self.outline.user(place)?.id.to_string(),
        })
    }

    fn rule(&self, scene: &Scene<'_>, paint: &Paint<'_>, line: Rect, buf: &mut Buffer) {
        let (model, seen) = (scene.model, &scene.model.seen);
        let read_at = seen.last.as_ref().map(|seen| seen.at);
        let heading = Heading {
            kind: ViewKind::Accounts,
            filter: self.outline.written(),
            stale_since: seen.problem.as_ref().and(read_at),
            remark: &model.unheard(),
            pulse: "",
            is_looking_through: self.outline.is_sifting(),
            count: &self.count(),
            marked: self.outline.marked(),
        };
        heading.paint(model, paint, line, buf);
    }

    fn count(&self) -> String {
        let Some(tree) = self.outline.tree() else {
            return String::new();
        };
        let users = crate::inventory::arrange::Rows::count(tree.as_ref());
        let users = usize::try_from(users).unwrap_or(usize::MAX);
        if let Some(kept) = self.outline.kept() {
            return format!("{} of {} users", grouped(kept), grouped(users));
        }
        let counts = [
            (tree.accounts.len(), "account"),
            (users, "user"),
            (tree.roles.len(), "role"),
        ];
        let words = counts.map(|(number, one)| counted(number, one));
        words.join(" · ")
    }

    fn blank<'m>(&'m self, scene: &'m Scene<'_>) -> Option<Blank<'m>> {
        let one = "account";
        let seen = &scene.model.seen;
        let problem = seen.problem.as_ref().or_else(|| scene.model.problem());
        let Some(tree) = self.outline.tree() else {
            return Some(match problem {
                Some(why) => Blank::Failed(why),
                None => Blank::Waiting { one },
            });
        };
        let is_empty = tree.accounts.is_empty();
        match (is_empty, problem) {
            (true, Some(why)) => Some(Blank::Failed(why)),
            (true, None) => Some(Blank::Nothing { one }),
            (false, _) if self.outline.is_empty_by_filter() => Some(Blank::NoMatch {
                one: "account, role or user",
                culprit: self.outline.culprit(),
            }),
            (false, _) => None,
        }
    }
}

/// The filter that leaves the users of an account: by its name where that can be written as it is, else by its key.
fn within(id: AccountId, name: Option<&Text>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name = name.map(Text::to_string);
    let name = name.filter(|name| !name.is_empty() && name.chars().all(is_plain));
    format!("acct={}", name.unwrap_or_else(|| id.to_string()))
}

/// The tree, and the truth if there is room for it.
fn halves(area: Rect) -> (Rect, Option<Rect>) {
    if area.width < BOTH {
        return (area, None);
    }
    let left = Rect {
        width: area.width * 2 / 5,
        ..area
    };
    let right = Rect {
        x: left.right(),
        width: area.width - left.width,
        ..area
    };
    (left, Some(right))
}

/// A line at the left of an area.
fn separate(paint: &Paint<'_>, area: Rect, buf: &mut Buffer) {
    for y in area.top()..area.bottom() {
        let at = Position::new(area.x, y);
        paint.put(buf, at, 1, paint.glyph(Glyph::Vertical), Role::Line);
    }
}
