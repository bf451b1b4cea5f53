//! What every list of rows does alike: cursor on a thing and not on a line, filter, order, columns, marks. Whose rows they are,
//! and what opens one, is the view's.
//!
//! Few rows are arranged at once, many beside the screen: then the old rows stay in the old order until the new order comes, and
//! the rule says so.

mod choices;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use self::choices::spread;
use super::blank::Culprit;
use super::{Found, Wish};
use crate::inventory::arrange::{CHUNK, Query, Rows, Sort, insert};
use crate::inventory::columns::{Column, Columns};
use crate::inventory::filter::{Filter, FilterError};
use crate::tui::app::msg::{Ask, Slot, Work};
use crate::tui::keymap::Command;
use crate::tui::views::arrangement::Arrangement;
use crate::tui::widgets::table::{INDENT, Listed, Table, follow};
use crate::tui::widgets::{Paint, Painted};

/// A list with its cursor.
pub struct Listing<T: Rows>
where
    T::Row: Listed,
{
    slot: Slot,
    rows: Option<Arc<T>>,
    /// Newer rows, until their order comes.
    coming: Option<Arc<T>>,
    /// Whether an order is being worked out beside the screen.
    arranging: bool,
    order: Vec<u32>,
    /// Rows that changed while an order was worked out: they are put in their places afterwards.
    late: Vec<u32>,
    /// What left no row, where none is left.
    culprit: Culprit,
    written: String,
    /// `None`: every row stays.
    filter: Option<Filter<T::Row>>,
    sort: Option<Sort<T::Row>>,
    columns: Columns<T::Row>,
    fitted: Vec<Column<T::Row>>,
    /// Cells of the table with its titles.
    size: Size,
    pinned: Option<<T::Row as Listed>::Key>,
    cursor: usize,
    /// The number of the pinned row, among the newest, while an order is awaited in which the cursor will be on it: acts are
    /// about it already.
    awaited: Option<u32>,
    offset: usize,
    /// What is marked, with the number of its row.
    marks: HashMap<<T::Row as Listed>::Key, u32>,
    /// How many of those the filter hides.
    hidden: usize,
}

impl<T> Listing<T>
where
    T: Rows + Send + Sync + 'static,
    T::Row: Listed,
{
    /// A list without rows. Its arrangements are asked for in `slot`.
    pub fn new(slot: Slot) -> Self {
        Self {
            slot,
            rows: None,
            coming: None,
            arranging: false,
            order: Vec::new(),
            late: Vec::new(),
            culprit: Culprit::default(),
            written: String::new(),
            filter: None,
            sort: None,
            columns: Columns::Live,
            fitted: Vec::new(),
            size: Size::ZERO,
            pinned: None,
            cursor: 0,
            awaited: None,
            offset: 0,
            marks: HashMap::new(),
            hidden: 0,
        }
    }

    pub fn rows(&self) -> Option<&Arc<T>> {
        self.rows.as_ref()
    }

    /// The rows that came last.
    fn newest(&self) -> Option<&Arc<T>> {
        self.coming.as_ref().or(self.rows.as_ref())
    }

    /// Whether these are the rows that came last.
    pub fn holds(&self, rows: &Arc<T>) -> bool {
        self.newest().is_some_and(|held| Arc::ptr_eq(held, rows))
    }

    /// Whether what is listed is not yet in the order, or by the filter, that is wanted.
    pub const fn is_arranging(&self) -> bool {
        self.arranging
    }

    /// What left no row, where none is left.
    pub const fn culprit(&self) -> &Culprit {
        &self.culprit
    }

    pub fn written(&self) -> &str {
        &self.written
    }

    /// Rows that stay, and rows that there are.
    pub fn counts(&self) -> (usize, usize) {
        let all = self.rows.as_ref().map_or(0, |rows| rows.held());
        (self.order.len(), all)
    }

    pub fn current(&self) -> Option<&T::Row> {
        match self.awaited {
            Some(number) => self.newest()?.row(number),
            None => self.at(self.cursor),
        }
    }

    /// The rows in the range that is seen.
    pub fn visible(&self) -> impl Iterator<Item = &T::Row> {
        let lines = (self.offset..).take(self.height().max(1));
        lines.map_while(|line| self.at(line))
    }

    fn at(&self, line: usize) -> Option<&T::Row> {
        self.rows.as_ref()?.row(*self.order.get(line)?)
    }

    /// What an act is about: the marked rows, else the one under the cursor; and how many marked ones the filter hides.
    pub fn selected(&self) -> (Vec<&T::Row>, usize) {
        if self.marks.is_empty() {
            return (self.current().into_iter().collect(), 0);
        }
        let mut numbers: Vec<u32> = self.marks.values().copied().collect();
        numbers.sort_unstable();
        let row = |number| self.rows.as_ref()?.row(number);
        (numbers.into_iter().filter_map(row).collect(), self.hidden)
    }

    pub fn marked(&self) -> usize {
        self.marks.len()
    }

    /// Takes other rows. What goes on being there keeps the cursor and its marks; columns keep their width.
    pub fn take(&mut self, rows: Arc<T>, now: Timestamp) -> Option<Wish> {
        if self.holds(&rows) {
            return None;
        }
        self.awaited = None;
        let changed = self.newest().and_then(|held| rows.changed_since(held));
        match changed.map(<[u32]>::to_vec) {
            None => {
                self.coming = Some(rows);
                self.arrange(now)
            }
            Some(changed) if self.arranging => {
                self.coming = Some(rows);
                self.late.extend(changed);
                None
            }
            Some(changed) => {
                self.rows = Some(rows);
                self.place(changed, now);
                self.settle(now);
                None
            }
        }
    }

    /// Puts rows that changed where the order has them.
    fn place(&mut self, changed: Vec<u32>, now: Timestamp) {
        if changed.is_empty() {
            return;
        }
        let Some(rows) = self.rows.as_deref() else {
            return;
        };
        let all = Filter::parse("", &[]).ok();
        let Some(filter) = self.filter.as_ref().or(all.as_ref()) else {
            return;
        };
        let query = Query {
            filter,
            sort: self.sort.as_ref(),
            now,
        };
        let changed: HashSet<u32> = changed.into_iter().collect();
        self.order.retain(|number| !changed.contains(number));
        for number in &changed {
            insert(&mut self.order, rows, &query, *number);
        }
        let stays = |key: &<T::Row as Listed>::Key, number: &u32| {
            !changed.contains(number) || rows.row(*number).is_some_and(|row| row.key() == *key)
        };
        self.marks.retain(|key, number| stays(key, number));
        if self.order.is_empty() && self.culprit.term.is_empty() {
            self.culprit.term.clone_from(&self.written); // the last that the filter left has gone
        }
    }

    fn number_of(&self, key: &<T::Row as Listed>::Key) -> Option<u32> {
        let rows = self.newest()?;
        (0..rows.count()).find(|number| rows.row(*number).is_some_and(|row| row.key() == *key))
    }

    /// Puts the cursor on a row. A filter that hides it goes, and so do marks: acts would be about those. `None`: it is not here.
    pub fn seek(&mut self, key: &<T::Row as Listed>::Key, now: Timestamp) -> Option<Found> {
        let number = self.number_of(key)?;
        let row = self.newest()?.row(number)?;
        let hides = |filter: &Filter<T::Row>| !filter.at(now).holds(row);
        let is_hidden = self.filter.as_ref().is_some_and(hides);
        let mut found = Found::default();
        self.pinned = Some(key.clone());
        self.awaited = Some(number);
        if is_hidden {
            found.gave_way.push("the filter that hid it");
            found.wishes.extend(self.set_filter("", now).ok().flatten());
        }
        if !self.marks.is_empty() {
            found.gave_way.push("the marks");
            self.unmark();
        }
        if !self.arranging
            && let Some(line) = self.order.iter().position(|held| *held == number)
        {
            self.go_to(line);
        }
        Some(found)
    }

    /// Takes another size: cells of the table with its titles.
    pub fn fit(&mut self, size: Size, now: Timestamp) {
        if size.width != self.size.width {
            self.fitted.clear();
        }
        self.size = size;
        self.fit_columns(now);
        self.follow();
    }

    /// Widths are chosen once, by the rows that are seen then; afterwards only a person changes them.
    fn fit_columns(&mut self, now: Timestamp) {
        if self.fitted.is_empty() && !self.order.is_empty() {
            let seen: Vec<&T::Row> = self.visible().collect();
            let width = self.size.width.saturating_sub(INDENT);
            let mut columns = self.columns.fit(&seen, now, width);
            spread(&mut columns, width);
            self.fitted = columns;
        }
    }

    fn height(&self) -> usize {
        usize::from(self.size.height.saturating_sub(1))
    }

    fn follow(&mut self) {
        self.offset = follow(
            self.offset,
            self.cursor,
            self.order.len(),
            self.height().max(1),
        );
    }

    /// Puts the newest rows in order: at once if they are few, else as a job.
    fn arrange(&mut self, now: Timestamp) -> Option<Wish> {
        let rows = Arc::clone(self.newest()?);
        let (written, fields) = (self.written.clone(), self.columns.fields());
        let sort = self.sort.as_ref().map(|sort| Sort {
            field: sort.field,
            direction: sort.direction,
        });
        let is_few = usize::try_from(rows.count()).is_ok_and(|count| count <= CHUNK);
        let work = move |stopped: &dyn Fn() -> bool| {
            let filter = Filter::parse(&written, &fields).ok()?;
            let query = Query {
                filter: &filter,
                sort: sort.as_ref(),
                now,
            };
            Arrangement::of(rows.as_ref(), &query, &written, stopped)
        };
        if is_few {
            self.arranged(work(&|| false).unwrap_or_default(), now);
            return None;
        }
        self.arranging = true;
        self.late.clear();
        Some(Wish::Ask(self.slot, Ask::Arrange(Work(Box::new(work)))))
    }

    /// Takes the order that was asked for last.
    pub fn arranged(&mut self, arrangement: Arrangement, now: Timestamp) {
        self.arranging = false;
        self.order = arrangement.order;
        self.culprit = arrangement.culprit;
        self.awaited = None;
        if let Some(rows) = self.coming.take() {
            self.rows = Some(rows);
            self.find_marks();
        }
        let late = std::mem::take(&mut self.late);
        if !late.is_empty() {
            self.place(late, now);
        }
        self.settle(now);
    }

    /// The order is another: the cursor stays on its thing, and the thing on its line of the screen.
    fn settle(&mut self, now: Timestamp) {
        let on_screen = self.cursor.saturating_sub(self.offset);
        self.count_hidden();
        let holds = |listing: &Self, line: usize| {
            listing
                .at(line)
                .is_some_and(|row| Some(row.key()) == listing.pinned)
        };
        if !holds(self, self.cursor) {
            let found = (0..self.order.len()).find(|line| holds(self, *line));
            self.cursor = found.unwrap_or(self.cursor.min(self.order.len().saturating_sub(1)));
            self.offset = self.cursor.saturating_sub(on_screen);
        }
        self.fit_columns(now);
        self.follow();
        self.pin();
    }

    /// Marks stay on what goes on being there.
    fn find_marks(&mut self) {
        let Some(rows) = self.rows.as_deref().filter(|_| !self.marks.is_empty()) else {
            return;
        };
        let keys = (0..rows.count()).filter_map(|number| Some((rows.row(number)?.key(), number)));
        self.marks = keys
            .filter(|(key, _)| self.marks.contains_key(key))
            .collect();
    }

    fn count_hidden(&mut self) {
        let marked: HashSet<u32> = self.marks.values().copied().collect();
        let seen = self.order.iter().filter(|_| !marked.is_empty());
        let seen = seen.filter(|number| marked.contains(number)).count();
        self.hidden = marked.len() - seen;
    }

    fn pin(&mut self) {
        if let Some(row) = self.current() {
            self.pinned = Some(row.key());
        }
    }

    pub fn go_to(&mut self, line: usize) {
        self.awaited = None;
        self.cursor = line.min(self.order.len().saturating_sub(1));
        self.follow();
        self.pin();
    }

    /// Filters by another text. One that is no filter changes nothing.
    pub fn set_filter(
        &mut self,
        written: &str,
        now: Timestamp,
    ) -> Result<Option<Wish>, FilterError> {
        let filter = Filter::parse(written, &self.columns.fields())?;
        self.filter = Some(filter).filter(|filter| !filter.is_empty());
        written.clone_into(&mut self.written);
        Ok(self.arrange(now))
    }

    /// The keys that mean the same in every list. `None`: it is the view's.
    pub fn command(&mut self, command: Command, now: Timestamp) -> Option<Vec<Wish>> {
        match command {
            Command::Mark => self.mark(),
            Command::Sort => return Some(vec![Wish::Show(self.sorts())]),
            Command::Columns => return Some(vec![Wish::Show(self.choices())]),
            Command::Back if !self.written.is_empty() => {
                return Some(
                    self.set_filter("", now)
                        .ok()
                        .flatten()
                        .into_iter()
                        .collect(),
                );
            }
            Command::Back if !self.marks.is_empty() => self.unmark(),
            other => self.go_to(other.moved(self.cursor, self.height().max(1))?), // else it is the view's
        }
        Some(Vec::new())
    }

    pub fn unmark(&mut self) {
        self.marks.clear();
        self.hidden = 0;
    }

    fn mark(&mut self) {
        let number = self.order.get(self.cursor).copied();
        let key = self.at(self.cursor).map(Listed::key);
        let (Some(number), Some(key)) = (number, key) else {
            return;
        };
        if self.marks.remove(&key).is_none() {
            self.marks.insert(key, number);
        }
        self.go_to(self.cursor + 1);
    }

    pub fn paint(&self, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> Painted {
        let Some(rows) = self.rows.as_deref() else {
            return Painted::default();
        };
        let table = Table {
            rows,
            order: &self.order,
            columns: &self.fitted,
            sort: self.sort.as_ref(),
            offset: self.offset,
            cursor: self.cursor,
            is_marked: &|key| self.marks.contains_key(key),
        };
        table.paint(paint, area, buf)
    }
}
