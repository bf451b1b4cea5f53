//! Which rows of a list stay, in which order, and what left none where none is left. It moves no row.

use super::blank::Culprit;
use crate::inventory::arrange::{Query, Rows, arrange};
use crate::tui::widgets::table::Listed;

/// Which rows stay, and in which order.
#[derive(Debug, Default)]
pub struct Arrangement {
    /// Numbers of rows.
    pub order: Vec<u32>,
    /// What left no row, where none is left of some.
    pub culprit: Culprit,
}

impl Arrangement {
    /// Filters and sorts, and looks for what left no row. `None`: it was stopped.
    pub fn of<T: Rows>(
        rows: &T,
        query: &Query<'_, T::Row>,
        written: &str,
        stopped: &dyn Fn() -> bool,
    ) -> Option<Self>
    where
        T::Row: Listed,
    {
        let order = arrange(rows, query, stopped)?;
        let culprit = match (order.is_empty(), rows.count()) {
            (false, _) => Culprit::default(),
            // Of no rows nobody knows which term keeps them out.
            (true, 0) => Culprit {
                term: written.to_owned(),
                meant: None,
            },
            (true, _) => Culprit::find(written, rows, query.now),
        };
        Some(Self { order, culprit })
    }
}
