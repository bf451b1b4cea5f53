//! The rule above what is listed: which list it is, its filter, and what has to be known of what it shows. It counts nothing.
//!
//! ```text
//! ── connections ── acct:ORDERS idle<1h ───────────────────────────────── 13 of 48,213 ── 2 marked ──
//! ```

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ViewKind;
use crate::tui::app::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::frame::frame_role;
use crate::tui::widgets::rule::Rule;
use crate::tui::widgets::{Paint, grouped};

/// What stands in it; what is empty is left out.
#[derive(Clone, Debug)]
pub struct Heading<'a> {
    pub kind: ViewKind,
    pub filter: &'a str,
    /// When it was read last, where it could not be read since.
    pub stale_since: Option<Timestamp>,
    /// What is to be said beside the count.
    pub remark: &'a str,
    /// How much happens.
    pub pulse: &'a str,
    pub is_looking_through: bool,
    pub count: &'a str,
    pub marked: usize,
}

impl Heading<'_> {
    pub fn paint(&self, model: &Model, paint: &Paint<'_>, line: Rect, buf: &mut Buffer) {
        let stale = self.stale_since.map_or_else(String::new, |at| {
            format!("not read since {}", at.strftime("%H:%M:%S UTC"))
        });
        let looking = if self.is_looking_through {
            "looking through all"
        } else {
            ""
        };
        let marked = match self.marked {
            0 => String::new(),
            number => format!("{} marked", grouped(number)),
        };
        let rule = Rule {
            left: vec![
                (self.kind.name(), Role::Strong),
                (self.filter, Role::Accent),
            ],
            right: vec![
                (&stale, Role::Warn),
                (self.remark, Role::Warn),
                (self.pulse, Role::Chart),
                (looking, Role::Notice),
                (self.count, Role::Muted),
                (&marked, Role::Mark),
            ],
        };
        rule.paint(paint, line, frame_role(model), buf);
    }
}
