//! A page that lists one kind of thing: a list, the pane beside it, the rule above, and the way down and up. What is listed,
//! and what is true of a row, is a [`Subject`]'s.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::blank::Blank;
use super::detail::{Detail, Extent, Pane};
use super::heading::Heading;
use super::listing::Listing;
use super::{Found, Place, Scene, Sought, View, ViewKind, Wish};
use crate::actions::action::Selection;
use crate::explain::Explanation;
use crate::inventory::arrange::Rows;
use crate::inventory::filter::FilterError;
use crate::jwt::keys::ConnId;
use crate::tui::app::model::Model;
use crate::tui::app::msg::{Answer, Ask, Interest, Slot};
use crate::tui::app::seen::Seen;
use crate::tui::app::toast::{Toast, Tone};
use crate::tui::keymap::Command;
use crate::tui::popups::pick::Choice;
use crate::tui::widgets::scroll::Scroll;
use crate::tui::widgets::table::Listed;
use crate::tui::widgets::{self, Paint, Painted, grouped, line_of};

/// What was read for a page.
pub struct Source<'m, T> {
    /// `None`: nobody has told yet, or nobody is asked.
    pub rows: Option<&'m Arc<T>>,
    /// Whether rows will come where there are none yet.
    pub is_coming: bool,
    pub read_at: Option<Timestamp>,
    pub problem: Option<&'m Explanation>,
    /// What is to be said beside the count; empty is nothing.
    pub remark: String,
    /// How much happens; empty where nobody listens.
    pub pulse: String,
}

/// A row of a subject.
type RowOf<S> = <<S as Subject>::Rows as Rows>::Row;

/// `4 servers`; nothing where there is none.
pub fn how_many<R: Listed>(number: usize) -> String {
    match number {
        0 => String::new(),
        number => widgets::counted(number, R::ONE),
    }
}

/// A kind of thing that has a page.
pub trait Subject: Default + 'static {
    type Rows: Rows<Row: Listed> + Send + Sync + 'static;

    const KIND: ViewKind;

    /// What has to be kept up to date while the page is on top.
    const INTEREST: Interest = Interest::Rest;

    /// What every row needs to be read anew, and the word for it.
    fn reading() -> (Ask, &'static str);

    fn source(model: &Model, now: Timestamp) -> Source<'_, Self::Rows>;

    /// The question for its rows, where what is known is newer than they.
    fn unread(_: &Model) -> Option<Ask> {
        None
    }

    /// How many rows there are.
    fn all(rows: &Self::Rows) -> String {
        how_many::<RowOf<Self>>(rows.held())
    }

    /// Keys of rows that are selected.
    fn selection(rows: &[&RowOf<Self>]) -> Selection;

    /// The row of a thing that is sought, where such things are listed here.
    fn row_of(_: Sought) -> Option<<RowOf<Self> as Listed>::Key> {
        None
    }

    /// The connections among rows that are seen.
    fn counted(_: &[&RowOf<Self>]) -> Vec<ConnId> {
        Vec::new()
    }

    fn copied(row: &RowOf<Self>) -> String;

    /// The place below a row, and the filter that leaves what is in it. `None`: Enter opens the detail.
    fn below(_: &RowOf<Self>) -> Option<(ViewKind, String)> {
        None
    }

    /// What the detail needs beyond the row.
    fn question(_: &RowOf<Self>, _: &Model) -> Option<Ask> {
        None
    }

    /// Takes the answer to that question.
    fn take(&mut self, _: Answer) {}

    fn detail(&self, row: &RowOf<Self>, now: Timestamp) -> Detail;
}

/// The page of a subject.
pub struct Page<S: Subject> {
    place: Place,
    list: Listing<S::Rows>,
    pane: Pane,
    /// The filter with which one came from above; empty at the top of a tab.
    within: String,
    /// The row whose detail was asked for.
    asked: Option<<RowOf<S> as Listed>::Key>,
    /// What was seen when rows were asked for last.
    caught_up: Option<Arc<Seen>>,
    subject: S,
}

impl<S: Subject> Page<S> {
    /// The page of its own tab.
    pub fn top() -> Self {
        Self::at(Place::top(S::KIND))
    }

    /// The page below another, with only what is in the row that one came from.
    pub fn below(tab: ViewKind, within: &str, now: Timestamp) -> Result<Self, FilterError> {
        let mut page = Self::at(Place { tab, kind: S::KIND });
        page.list.set_filter(within, now)?; // without rows it wishes nothing
        within.clone_into(&mut page.within);
        Ok(page)
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            list: Listing::new(Slot::Arrange(place)),
            pane: Pane::default(),
            within: String::new(),
            asked: None,
            caught_up: None,
            subject: S::default(),
        }
    }

    /// Asks for what the detail needs, once for each row that the cursor stands on.
    fn look_closer(&mut self, scene: &Scene<'_>) -> Option<Wish> {
        let row = self.list.current()?;
        let key = row.key();
        if self.asked.as_ref() == Some(&key) {
            return None;
        }
        // Nobody is looked away from when only the rows around are others.
        if self.asked.replace(key).is_some() {
            self.pane.scroll = Scroll::default();
        }
        let ask = S::question(row, scene.model)?;
        Some(Wish::Ask(Slot::Detail(self.place), ask))
    }

    /// Asks for rows of what was seen last, once for each that was seen.
    fn catch_up(&mut self, scene: &Scene<'_>) -> Option<Wish> {
        let seen = scene.model.seen.last.as_ref()?;
        let is_asked = (self.caught_up.as_ref()).is_some_and(|asked| Arc::ptr_eq(asked, seen));
        if is_asked {
            return None;
        }
        let ask = S::unread(scene.model)?;
        self.caught_up = Some(Arc::clone(seen));
        Some(Wish::Ask(Slot::Rows(self.place), ask))
    }

    /// Whether a key was for the detail.
    fn describes(&mut self, scene: &Scene<'_>, command: Command) -> bool {
        let Some(row) = self.list.current() else {
            return false;
        };
        let detail = self.subject.detail(row, scene.now);
        let inside = self.pane.inside(scene.size);
        self.pane.command(command, &detail, inside)
    }

    fn go_below(&self, scene: &Scene<'_>) -> Option<Wish> {
        let (kind, within) = S::below(self.list.current()?)?;
        let view = kind.below(self.place.tab, &within, scene.now);
        Some(match view {
            Ok(view) => Wish::Enter(view),
            Err(error) => Wish::Say(Toast::new(Tone::Failure, error.to_string())),
        })
    }

    /// Esc: the detail closes, a filter of one's own and marks go, then it goes up.
    fn go_back(&mut self, scene: &Scene<'_>) -> Vec<Wish> {
        let is_own = self.list.written() != self.within;
        if is_own && !self.within.is_empty() {
            let within = self.within.clone();
            return self.set_filter(scene, &within).unwrap_or_default();
        }
        let clears = is_own || self.list.marked() > 0;
        if clears && self.within.is_empty() {
            return self
                .list
                .command(Command::Back, scene.now)
                .unwrap_or_default();
        }
        if clears {
            self.list.unmark();
            return Vec::new();
        }
        vec![Wish::Leave]
    }

    fn rule(
        &self,
        (scene, source): (&Scene<'_>, &Source<'_, S::Rows>),
        paint: &Paint<'_>,
        line: Rect,
        buf: &mut Buffer,
    ) {
        let (kept, all) = self.list.counts();
        let count = match (all, kept == all) {
            (0, _) => String::new(),
            (_, true) => self
                .list
                .rows()
                .map(|rows| S::all(rows))
                .unwrap_or_default(),
            (_, false) => format!("{} of {}", grouped(kept), grouped(all)),
        };
        let heading = Heading {
            kind: S::KIND,
            filter: self.list.written(),
            stale_since: source.problem.and(source.read_at),
            remark: &source.remark,
            pulse: &source.pulse,
            is_looking_through: self.list.is_arranging(),
            count: &count,
            marked: self.list.marked(),
        };
        heading.paint(scene.model, paint, line, buf);
    }

    fn blank<'m>(
        &'m self,
        scene: &'m Scene<'_>,
        source: &Source<'m, S::Rows>,
    ) -> Option<Blank<'m>> {
        let one = RowOf::<S>::ONE;
        let problem = source.problem.or_else(|| scene.model.problem());
        if self.list.is_arranging() && self.list.counts().0 == 0 {
            return Some(Blank::Arranging { one });
        }
        if self.list.rows().is_none() {
            let is_coming = scene.model.is_opening() || source.is_coming;
            return Some(match (problem, is_coming) {
                (Some(why), _) => Blank::Failed(why),
                (None, true) => Blank::Waiting { one },
                (None, false) => Blank::Offline,
            });
        }
        match (self.list.counts(), problem) {
            ((0, 0), Some(why)) => Some(Blank::Failed(why)),
            ((0, 0), None) => Some(Blank::Nothing { one }),
            ((0, _), _) => {
                let culprit = self.list.culprit();
                Some(Blank::NoMatch { one, culprit })
            }
            (_, _) => None,
        }
    }
}

impl<S: Subject> View for Page<S> {
    fn place(&self) -> Place {
        self.place
    }

    fn interest(&self) -> Interest {
        S::INTEREST
    }

    fn counted(&self) -> Vec<ConnId> {
        let seen: Vec<&RowOf<S>> = match self.pane.extent {
            Extent::Beside => self.list.visible().collect(),
            Extent::Whole => self.list.current().into_iter().collect(),
        };
        S::counted(&seen)
    }

    fn selection(&self, _: &Scene<'_>) -> Selection {
        let (rows, hidden) = self.list.selected();
        Selection {
            hidden,
            ..S::selection(&rows)
        }
    }

    fn hints(&self) -> &'static [Command] {
        const HINTS: &[Command] = &[
            Command::Open,
            Command::Describe,
            Command::Filter,
            Command::Palette,
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
        if command == Command::Open
            && self.pane.extent == Extent::Beside
            && let Some(wish) = self.go_below(scene)
        {
            return vec![wish];
        }
        let command = match command {
            Command::Open => Command::Describe, // nothing is below it
            other => other,
        };
        if self.describes(scene, command) {
            return Vec::new();
        }
        match command {
            Command::Back => return self.go_back(scene),
            Command::Refresh => {
                let (ask, word) = S::reading();
                let ask = Wish::Ask(Slot::Rows(self.place), ask);
                return vec![ask, Wish::Say(Toast::new(Tone::Word, word))];
            }
            Command::Copy => {
                let row = self.list.current();
                return row
                    .map(|row| Wish::Copy(S::copied(row)))
                    .into_iter()
                    .collect();
            }
            _ => {} // the list's, or nobody's
        }
        let mut wishes = self.list.command(command, scene.now).unwrap_or_default();
        wishes.extend(self.look_closer(scene));
        wishes
    }

    fn filter(&self) -> &str {
        self.list.written()
    }

    fn set_filter(&mut self, scene: &Scene<'_>, written: &str) -> Result<Vec<Wish>, FilterError> {
        let wish = self.list.set_filter(written, scene.now)?;
        Ok(wish.into_iter().chain(self.look_closer(scene)).collect())
    }

    fn choose(&mut self, scene: &Scene<'_>, choice: Choice) -> Vec<Wish> {
        self.list.choose(choice, scene.now)
    }

    fn point(&mut self, scene: &Scene<'_>, row: usize) -> Vec<Wish> {
        self.list.go_to(row);
        self.look_closer(scene).into_iter().collect()
    }

    fn seek(&mut self, scene: &Scene<'_>, sought: Sought) -> Option<Found> {
        let key = S::row_of(sought)?;
        let mut found = self.list.seek(&key, scene.now)?;
        found.wishes.extend(self.look_closer(scene));
        Some(found)
    }

    fn refresh(&mut self, scene: &Scene<'_>) -> Vec<Wish> {
        self.list.fit(Pane::table(scene.size), scene.now);
        let rows = S::source(scene.model, scene.now).rows;
        if rows.is_some_and(|rows| !self.list.holds(rows)) {
            self.asked = None;
        }
        let wish = rows.and_then(|rows| self.list.take(Arc::clone(rows), scene.now));
        let wishes = wish.into_iter().chain(self.look_closer(scene));
        wishes.chain(self.catch_up(scene)).collect()
    }

    fn answer(&mut self, scene: &Scene<'_>, answer: Answer) -> Vec<Wish> {
        match answer {
            Answer::Arranged(arrangement) => {
                self.list.arranged(arrangement, scene.now);
                self.asked = None; // the rows may be others
            }
            Answer::Failed(why) => return vec![Wish::Say(Toast::new(Tone::Failure, why.what))],
            Answer::User(_) => self.subject.take(answer),
            Answer::Names(_) | Answer::Diagnosis(_) | Answer::Nothing => {} // those of popups
        }
        self.look_closer(scene).into_iter().collect()
    }

    fn paint(&self, scene: &Scene<'_>, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> Painted {
        let split = self.pane.split(area);
        let mut painted = Painted::default();
        if split.list.height > 0 {
            let source = S::source(scene.model, scene.now);
            self.rule((scene, &source), paint, line_of(split.list, 0), buf);
            let table = Rect {
                y: split.list.y + 1,
                height: split.list.height - 1,
                ..split.list
            };
            match self.blank(scene, &source) {
                Some(blank) => blank.paint(paint, table, buf),
                None => painted = self.list.paint(paint, table, buf),
            }
        }
        if let Some(row) = self.list.current() {
            let detail = self.subject.detail(row, scene.now);
            self.pane.paint(paint, split.detail, &detail, buf);
        }
        painted
    }
}
