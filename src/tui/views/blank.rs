//! What a list says when it has no rows: that it waits, which term emptied it, or why it cannot be read, and one key out of it.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::explain::Explanation;
use crate::inventory::arrange::Rows;
use crate::inventory::columns::field;
use crate::inventory::filter::Filter;
use crate::tui::theme::Role;
use crate::tui::widgets::table::Listed;
use crate::tui::widgets::{Paint, cells, line_of};

/// Why there are no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blank<'a> {
    /// They have not come yet.
    Waiting { one: &'static str },
    /// Nobody is asked.
    Offline,
    /// They are here, and being put in order.
    Arranging { one: &'static str },
    /// There are none.
    Nothing { one: &'static str },
    /// The filter keeps all out.
    NoMatch {
        one: &'static str,
        culprit: &'a Culprit,
    },
    /// They could not be read.
    Failed(&'a Explanation),
}

/// The term that keeps all rows out, and what may have been meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Culprit {
    pub term: String,
    /// A value that is near to what was written, and how many rows have it.
    pub meant: Option<(String, usize)>,
}

impl Culprit {
    /// Looks for the first term that alone keeps all rows out; where none does, it is all terms together.
    pub fn find<T: Rows>(written: &str, rows: &T, now: Timestamp) -> Self
    where
        T::Row: Listed,
    {
        let alone = written
            .split_whitespace()
            .find(|term| matching(term, rows, now) == Some(0));
        let term = alone.unwrap_or(written).to_owned();
        let meant = alone.and_then(|term| near(term, rows, now));
        Self { term, meant }
    }
}

/// How many rows a filter leaves; `None`: it is no filter.
fn matching<T: Rows>(written: &str, rows: &T, now: Timestamp) -> Option<usize>
where
    T::Row: Listed,
{
    let shown: Vec<_> = <T::Row as crate::inventory::columns::Row>::FIELDS
        .iter()
        .collect();
    let filter = Filter::<T::Row>::parse(written, &shown).ok()?;
    let mut matcher = filter.at(now);
    let rows = (0..rows.count()).filter_map(|number| rows.row(number));
    Some(rows.filter(|row| matcher.holds(row)).count())
}

/// The value of the term's field that is at most two slips away from what was written.
fn near<T: Rows>(term: &str, rows: &T, now: Timestamp) -> Option<(String, usize)>
where
    T::Row: Listed,
{
    const SLIPS: usize = 2;
    let (name, value) = term.split_once([':', '='])?;
    let field = field::<T::Row>(name).ok()?;
    let written = value.to_lowercase();
    let values = (0..rows.count()).filter_map(|number| rows.row(number));
    let values = values.map(|row| field.shown(row, now).to_string());
    let near = values
        .map(|value| {
            (
                strsim::damerau_levenshtein(&written, &value.to_lowercase()),
                value,
            )
        })
        .filter(|(slips, value)| *slips <= SLIPS && *slips < value.chars().count())
        .min()?;
    let meant = format!("{name}:{}", near.1);
    let count = matching(&meant, rows, now).filter(|count| *count > 0)?;
    Some((meant, count))
}

impl Blank<'_> {
    /// Draws it in the middle of where the rows would be, or from the left where it is long.
    pub fn paint(&self, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) {
        let lines = self.lines();
        let top = area
            .height
            .saturating_sub(u16::try_from(lines.len()).unwrap_or(area.height))
            / 3;
        for ((text, role), nth) in lines.iter().zip(top..area.height) {
            let line = line_of(area, nth);
            let indent = (line.width.saturating_sub(cells(text)) / 2).min(20);
            let at = Position::new(line.x + indent.max(3), line.y);
            paint.put(buf, at, line.right().saturating_sub(at.x + 1), text, *role);
        }
    }

    fn lines(&self) -> Vec<(String, Role)> {
        match self {
            Self::Waiting { one } => {
                vec![(format!("{one}s appear here as they are read"), Role::Muted)]
            }
            Self::Arranging { one } => {
                vec![(format!("{one}s are being looked through"), Role::Muted)]
            }
            Self::Offline => vec![
                ("offline: no server is asked".to_owned(), Role::Text),
                ("r connect".to_owned(), Role::Muted),
            ],
            Self::Nothing { one } => vec![(format!("there is no {one}"), Role::Muted)],
            Self::NoMatch { one, culprit } => {
                let mut lines = vec![(format!("no {one} matches   {}", culprit.term), Role::Text)];
                if let Some((meant, count)) = &culprit.meant {
                    lines.push((format!("did you mean {meant} ({count})?"), Role::Notice));
                }
                lines.push(("/ edit   esc clear".to_owned(), Role::Muted));
                lines
            }
            Self::Failed(why) => {
                let mut lines = vec![
                    (why.what.clone(), Role::Danger),
                    (why.so.clone(), Role::Text),
                ];
                for next in &why.next {
                    let run = next
                        .run
                        .as_deref()
                        .map(|run| format!("   {run}"))
                        .unwrap_or_default();
                    lines.push((format!("{}{run}", next.say), Role::Notice));
                }
                lines.push(("r try again".to_owned(), Role::Muted));
                lines
            }
        }
    }
}
