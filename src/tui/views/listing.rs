//! What every list of rows does alike: cursor on a thing and not on a line, filter, order, columns, marks. Whose rows they are,
//! and what opens one, is the view's.
//!
//! Few rows are arranged at once, many beside the screen: then the old order stays until the new one comes.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::{Found, Wish};
use crate::inventory::arrange::{CHUNK, Direction, Query, Rows, Sort, arrange};
use crate::inventory::columns::{Column, Columns, Field, Row as _};
use crate::inventory::filter::{Filter, FilterError};
use crate::tui::app::msg::{Ask, Slot, Work};
use crate::tui::keymap::Command;
use crate::tui::popups::Popup;
use crate::tui::popups::pick::{Choice, Of, Pick};
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::{INDENT, Listed, Table, follow};
use crate::tui::widgets::{Paint, Painted};

/// A list with its cursor.
pub struct Listing<T: Rows>
where
    T::Row: Listed,
{
    slot: Slot,
    rows: Option<Arc<T>>,
    order: Vec<u32>,
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
    /// The number of the pinned row while an order is awaited in which the cursor will be on it: acts are about it already.
    awaited: Option<u32>,
    offset: usize,
    marks: HashSet<<T::Row as Listed>::Key>,
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
            order: Vec::new(),
            written: String::new(),
            filter: None,
            sort: None,
            columns: Columns::Standard,
            fitted: Vec::new(),
            size: Size::ZERO,
            pinned: None,
            cursor: 0,
            awaited: None,
            offset: 0,
            marks: HashSet::new(),
        }
    }

    pub fn rows(&self) -> Option<&Arc<T>> {
        self.rows.as_ref()
    }

    pub fn written(&self) -> &str {
        &self.written
    }

    /// Rows that stay, and rows that there are.
    pub fn counts(&self) -> (usize, usize) {
        let all = self.rows.as_ref().map_or(0, |rows| rows.count());
        (self.order.len(), usize::try_from(all).unwrap_or(usize::MAX))
    }

    pub fn current(&self) -> Option<&T::Row> {
        match self.awaited {
            Some(number) => self.rows.as_ref()?.row(number),
            None => self.at(self.cursor),
        }
    }

    fn at(&self, line: usize) -> Option<&T::Row> {
        self.rows.as_ref()?.row(*self.order.get(line)?)
    }

    /// What an act is about: the marked rows, else the one under the cursor; and how many marked ones the filter hides.
    pub fn selected(&self) -> (Vec<&T::Row>, usize) {
        if self.marks.is_empty() {
            return (self.current().into_iter().collect(), 0);
        }
        let seen: HashSet<u32> = self.order.iter().copied().collect();
        let numbers = 0..self.rows.as_ref().map_or(0, |rows| rows.count());
        let rows = self.rows.as_deref();
        let marked = numbers.filter_map(|number| Some((number, rows?.row(number)?)));
        let marked: Vec<_> = marked
            .filter(|(_, row)| self.marks.contains(&row.key()))
            .collect();
        let hidden = marked
            .iter()
            .filter(|(number, _)| !seen.contains(number))
            .count();
        (marked.into_iter().map(|(_, row)| row).collect(), hidden)
    }

    pub fn marked(&self) -> usize {
        self.marks.len()
    }

    /// Takes other rows. What goes on being there keeps the cursor and its marks; columns keep their width.
    pub fn take(&mut self, rows: Arc<T>, now: Timestamp) -> Option<Wish> {
        if self
            .rows
            .as_ref()
            .is_some_and(|held| Arc::ptr_eq(held, &rows))
        {
            return None;
        }
        self.rows = Some(rows);
        let wish = self.arrange(now);
        let is_awaited = wish.is_some();
        let pinned = self.pinned.as_ref().filter(|_| is_awaited);
        self.awaited = pinned.and_then(|key| self.number_of(key));
        wish
    }

    fn number_of(&self, key: &<T::Row as Listed>::Key) -> Option<u32> {
        let rows = self.rows.as_deref()?;
        (0..rows.count()).find(|number| rows.row(*number).is_some_and(|row| row.key() == *key))
    }

    /// Puts the cursor on a row. A filter that hides it goes, and so do marks: acts would be about those. `None`: it is not here.
    pub fn seek(&mut self, key: &<T::Row as Listed>::Key, now: Timestamp) -> Option<Found> {
        let number = self.number_of(key)?;
        let row = self.rows.as_deref()?.row(number)?;
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
            self.marks.clear();
        }
        if found.wishes.is_empty()
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
            let seen: Vec<&T::Row> = (self.offset..)
                .take(self.height().max(1))
                .map_while(|line| self.at(line))
                .collect();
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

    /// Puts the rows in order: at once if they are few, else as a job.
    fn arrange(&mut self, now: Timestamp) -> Option<Wish> {
        let rows = Arc::clone(self.rows.as_ref()?);
        if usize::try_from(rows.count()).is_ok_and(|count| count <= CHUNK) {
            let order = self.order_of(rows.as_ref(), now);
            self.arranged(order, now);
            return None;
        }
        let (written, fields) = (self.written.clone(), self.columns.fields());
        let sort = self.sort.as_ref().map(|sort| Sort {
            field: sort.field,
            direction: sort.direction,
        });
        let work = Work(Box::new(move |stopped| {
            let filter = Filter::parse(&written, &fields).ok()?;
            arrange(
                rows.as_ref(),
                &Query {
                    filter: &filter,
                    sort: sort.as_ref(),
                    now,
                },
                stopped,
            )
        }));
        Some(Wish::Ask(self.slot, Ask::Arrange(work)))
    }

    fn order_of(&self, rows: &T, now: Timestamp) -> Vec<u32> {
        match (&self.filter, &self.sort) {
            (None, None) => (0..rows.count())
                .filter(|number| rows.row(*number).is_some())
                .collect(),
            (filter, sort) => {
                let all = Filter::parse("", &[]).ok();
                let Some(filter) = filter.as_ref().or(all.as_ref()) else {
                    return Vec::new();
                };
                let query = Query {
                    filter,
                    sort: sort.as_ref(),
                    now,
                };
                arrange(rows, &query, &|| false).unwrap_or_default()
            }
        }
    }

    /// Takes an order. The cursor stays on its thing, and the thing stays on its line of the screen.
    pub fn arranged(&mut self, order: Vec<u32>, now: Timestamp) {
        let on_screen = self.cursor.saturating_sub(self.offset);
        self.order = order;
        self.awaited = None;
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
        let page = self.height().max(1);
        match command {
            Command::Down => self.go_to(self.cursor + 1),
            Command::Up => self.go_to(self.cursor.saturating_sub(1)),
            Command::PageDown => self.go_to(self.cursor + page),
            Command::PageUp => self.go_to(self.cursor.saturating_sub(page)),
            Command::First => self.go_to(0),
            Command::Last => self.go_to(usize::MAX),
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
            Command::Back if !self.marks.is_empty() => self.marks.clear(),
            _ => return None, // the view's own, or nobody's
        }
        Some(Vec::new())
    }

    pub fn unmark(&mut self) {
        self.marks.clear();
    }

    fn mark(&mut self) {
        let Some(key) = self.current().map(Listed::key) else {
            return;
        };
        if !self.marks.remove(&key) {
            self.marks.insert(key);
        }
        self.go_to(self.cursor + 1);
    }

    fn sorts(&self) -> Popup {
        let fields = self.columns.fields();
        let titles = fields.iter().map(|field| {
            let sort = self
                .sort
                .as_ref()
                .filter(|sort| sort.field.name == field.name);
            (field.title, sort.map(|sort| arrow(sort.direction)))
        });
        Popup::Pick(Pick::new(Of::Sort, "Sort by", titles))
    }

    fn choices(&self) -> Popup {
        let shown = self.columns.fields();
        let fields = T::Row::FIELDS.iter();
        let titles =
            fields.map(|field| (field.title, shown.contains(&field).then_some(Glyph::Done)));
        Popup::Pick(Pick::new(Of::Columns, "Columns", titles))
    }

    /// A column was chosen: to sort by, from the other end if it was so already; or to be shown or hidden.
    pub fn choose(&mut self, choice: Choice, now: Timestamp) -> Vec<Wish> {
        match choice.of {
            Of::Sort => {
                let Some(field) = self.columns.fields().get(choice.nth).copied() else {
                    return Vec::new();
                };
                self.sort = Some(Sort {
                    field,
                    direction: self.next_direction(field),
                });
                self.fitted.clear();
                self.arrange(now).into_iter().collect()
            }
            Of::Columns => {
                self.toggle(choice.nth);
                self.fitted.clear();
                self.fit_columns(now);
                vec![Wish::Show(self.choices())]
            }
        }
    }

    /// Numbers begin with the greatest, words with the first.
    fn next_direction(&self, field: &Field<T::Row>) -> Direction {
        match self
            .sort
            .as_ref()
            .filter(|sort| sort.field.name == field.name)
        {
            Some(Sort {
                direction: Direction::Ascending,
                ..
            }) => Direction::Descending,
            Some(Sort {
                direction: Direction::Descending,
                ..
            }) => Direction::Ascending,
            None if field.kind.is_ordered() => Direction::Descending,
            None => Direction::Ascending,
        }
    }

    /// At least one column stays.
    fn toggle(&mut self, nth: usize) {
        let Some(field) = T::Row::FIELDS.get(nth) else {
            return;
        };
        let mut shown = self.columns.fields();
        match shown.iter().position(|held| held.name == field.name) {
            Some(_) if shown.len() == 1 => {}
            Some(at) => drop(shown.remove(at)),
            None => shown.push(field),
        }
        self.columns = Columns::Chosen(shown);
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
            is_marked: &|key| self.marks.contains(key),
        };
        table.paint(paint, area, buf)
    }
}

/// Gives columns some of the room that is left over, all the same: rows read easier, and longer names that come later fit.
fn spread<R: Listed>(columns: &mut [Column<R>], width: u16) {
    const MOST: u16 = 3;
    let count = u16::try_from(columns.len()).unwrap_or(u16::MAX).max(1);
    let used = columns
        .iter()
        .map(|column| column.width.saturating_add(1))
        .fold(0, u16::saturating_add);
    let each = (width.saturating_sub(used) / count).min(MOST);
    for column in columns {
        column.width = column.width.saturating_add(each);
    }
}

const fn arrow(direction: Direction) -> Glyph {
    match direction {
        Direction::Ascending => Glyph::Ascending,
        Direction::Descending => Glyph::Descending,
    }
}
