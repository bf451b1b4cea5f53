//! What a person chooses of a list: the column it is sorted by, and which columns stand in it.

use jiff::Timestamp;

use super::Listing;
use crate::inventory::arrange::{Direction, Rows, Sort};
use crate::inventory::columns::{Column, Columns, Field, Row as _};
use crate::tui::popups::Popup;
use crate::tui::popups::pick::{Choice, Of, Pick};
use crate::tui::views::Wish;
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::table::Listed;

impl<T> Listing<T>
where
    T: Rows + Send + Sync + 'static,
    T::Row: Listed,
{
    pub(super) fn sorts(&self) -> Popup {
        let fields = sortable(self.columns.fields());
        let titles = fields.iter().map(|field| {
            let sort = self
                .sort
                .as_ref()
                .filter(|sort| sort.field.name == field.name);
            (field.title, sort.map(|sort| arrow(sort.direction)))
        });
        Popup::Pick(Pick::new(Of::Sort, "Sort by", titles))
    }

    pub(super) fn choices(&self) -> Popup {
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
                let Some(field) = sortable(self.columns.fields()).get(choice.nth).copied() else {
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
                // Words are looked for in the columns that are shown.
                let written = self.written.clone();
                let again = (!written.is_empty()).then(|| self.set_filter(&written, now));
                let again = again.and_then(Result::ok).flatten();
                again
                    .into_iter()
                    .chain([Wish::Show(self.choices())])
                    .collect()
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
}

/// Fields by which a list can be sorted: what is live is known only of the rows that are seen, and is another every second.
fn sortable<R>(fields: Vec<&'static Field<R>>) -> Vec<&'static Field<R>> {
    fields
        .into_iter()
        .filter(|field| !field.is_live())
        .collect()
}

/// Gives columns some of the room that is left over, all the same: rows read easier, and longer names that come later fit.
pub(super) fn spread<R: Listed>(columns: &mut [Column<R>], width: u16) {
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
