//! The pane that says what is true of the row under the cursor, always in step with it, and how much of the screen it gets.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::inventory::cell::{Cell, Kind, Null};
use crate::jwt::time::UnixTime;
use crate::tui::keymap::Command;
use crate::tui::theme::Role;
use crate::tui::widgets::facts::{self, Fact};
use crate::tui::widgets::rule::Rule;
use crate::tui::widgets::scroll::Scroll;
use crate::tui::widgets::{Paint, line_of};

/// Below this width the detail waits for its key; above the other it stands at the right.
const NARROW: u16 = 80;
const WIDE: u16 = 160;

/// How far the pane is scrolled, and whether it was given the whole place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pane {
    pub scroll: Scroll,
    pub extent: Extent,
}

/// How much the pane covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    #[default]
    Beside,
    Whole,
}

/// Where list and detail go; an area without height is not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub list: Rect,
    pub detail: Rect,
}

/// What a detail says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    pub title: String,
    /// What kind of thing it is, and of whom; said where the title is not in a rule.
    pub about: String,
    /// Its whole public key, on a line of its own; empty where the facts have it.
    pub key: String,
    /// What Enter does, as the hint says it.
    pub enter: &'static str,
    pub left: Vec<Fact>,
    pub right: Vec<Fact>,
}

impl Detail {
    /// How many lines it takes in a width, its key among them.
    fn lines(&self, width: u16) -> usize {
        self.above() + facts::height(&self.left, &self.right, width)
    }

    /// Lines that do not scroll: the key, and a blank.
    const fn above(&self) -> usize {
        if self.key.is_empty() { 0 } else { 2 }
    }
}

impl Pane {
    /// Divides a place, its first rule counted with the list.
    pub fn split(self, place: Rect) -> Split {
        let nothing = Rect { height: 0, ..place };
        if self.extent == Extent::Whole {
            return Split {
                list: nothing,
                detail: place,
            };
        }
        if place.width > WIDE {
            let list = Rect {
                width: place.width * 3 / 5,
                ..place
            };
            let detail = Rect {
                x: list.right() + 2,
                width: place.width - list.width - 2,
                ..place
            };
            return Split { list, detail };
        }
        if place.width < NARROW {
            return Split {
                list: place,
                detail: nothing,
            };
        }
        let height = place.height / 3;
        let list = Rect {
            height: place.height - height,
            ..place
        };
        Split {
            list,
            detail: Rect {
                y: list.bottom(),
                height,
                ..place
            },
        }
    }

    /// The table of a list in a place of this size, without the rule above it. As it is beside the detail: behind a whole one
    /// it waits as it was.
    pub fn table(size: Size) -> Size {
        let place = Rect::from((Position::ORIGIN, size));
        let list = Self::default().split(place).list;
        Size {
            width: list.width,
            height: list.height.saturating_sub(1),
        }
    }

    /// What the detail of a row has under its rule, in a place of this size.
    pub fn inside(self, size: Size) -> Size {
        let detail = self.split(Rect::from((Position::ORIGIN, size))).detail;
        Size {
            width: detail.width,
            height: detail.height.saturating_sub(1),
        }
    }

    /// Scrolls, opens, closes. `inside` are the cells that the detail has under its title. `false`: it was not for the pane.
    pub fn command(&mut self, command: Command, detail: &Detail, inside: Size) -> bool {
        let extent = || {
            let shown = usize::from(inside.height).max(1);
            (detail.lines(inside.width), shown)
        };
        match (command, self.extent) {
            (Command::Describe, Extent::Beside) => {
                *self = Self {
                    scroll: Scroll::default(),
                    extent: Extent::Whole,
                };
                true
            }
            (Command::Describe | Command::Back | Command::Close, Extent::Whole) => {
                *self = Self::default();
                true
            }
            (Command::DetailDown, _) => self.scroll.command(Command::Down, extent()),
            (Command::DetailUp, _) => self.scroll.command(Command::Up, extent()),
            (Command::Open | Command::Mark, Extent::Whole) => true, // about what is behind it
            (other, Extent::Whole) => self.scroll.command(other, extent()),
            (_, Extent::Beside) => false, // moves the list, or is the view's
        }
    }

    /// Draws the pane under its rule.
    pub fn paint(self, paint: &Paint<'_>, area: Rect, detail: &Detail, buf: &mut Buffer) {
        if area.height < 2 {
            return;
        }
        let hint = match self.extent {
            Extent::Beside => detail.enter,
            Extent::Whole => "esc to close",
        };
        let rule = Rule {
            left: vec![(&detail.title, Role::Strong)],
            right: vec![(hint, Role::Muted)],
        };
        rule.paint(paint, line_of(area, 0), Role::Line, buf);
        let inside = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        self.paint_inside(paint, inside, detail, buf);
    }

    /// Draws the pane where no rule says whose it is: its title stands inside.
    ///
    /// ```text
    ///   worker                                    user of ORDERS
    ///   UDX37LQ2WJY5B4N6ZK3T7V2CGHM5RS4PAE2FDLX6QIO4UYB5N37KQ2
    /// ```
    pub fn paint_titled(self, paint: &Paint<'_>, area: Rect, detail: &Detail, buf: &mut Buffer) {
        if area.height < 2 {
            return;
        }
        let at = Position::new(area.x + 3, area.y);
        let room = area.width.saturating_sub(4);
        let begin = paint.put_right(buf, at, room, &detail.about, Role::Muted);
        let room = begin.saturating_sub(at.x + 1);
        paint.put(buf, at, room, &detail.title, Role::Strong);
        let inside = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        self.paint_inside(paint, inside, detail, buf);
    }

    fn paint_inside(self, paint: &Paint<'_>, area: Rect, detail: &Detail, buf: &mut Buffer) {
        let above = u16::try_from(detail.above()).unwrap_or_default();
        let at = Position::new(area.x + 3, area.y);
        let room = area.width.saturating_sub(4);
        paint.put(buf, at, room, &detail.key, Role::KeyName);
        let inside = Rect {
            y: area.y.saturating_add(above).min(area.bottom()),
            height: area.height.saturating_sub(above),
            ..area
        };
        let lines = facts::height(&detail.left, &detail.right, inside.width);
        let scroll = self.scroll.first((lines, inside.height.into()));
        facts::paint(paint, inside, (&detail.left, &detail.right), scroll, buf);
    }
}

/// A value as tables show it.
pub fn shown(cell: Cell<'_>, kind: Kind, null: Null, now: Timestamp) -> String {
    cell.shown(kind, null, now).to_string()
}

/// How long ago it was.
pub fn age(time: Option<UnixTime>, now: Timestamp) -> String {
    let cell = Cell::or_absent(time, |time| Cell::Time(time.timestamp()));
    shown(cell, Kind::Time, Null::Nothing("never"), now)
}

/// `12d ago`; none is never.
pub fn ago(time: Option<UnixTime>, now: Timestamp) -> String {
    match time {
        Some(_) => format!("{} ago", age(time, now)),
        None => age(time, now),
    }
}

/// `in 18d`, or `2d ago`; none is never.
pub fn left(time: Option<UnixTime>, now: Timestamp) -> String {
    let cell = Cell::or_null(time, |time| Cell::Time(time.timestamp()));
    let shown = shown(cell, Kind::Deadline, Null::Endless("never"), now);
    match time {
        Some(time) if time.timestamp() > now => format!("in {shown}"),
        Some(_) | None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pane_is_below_beside_or_waits_for_its_key() {
        let split = |width| {
            Pane::default().split(Rect {
                x: 0,
                y: 2,
                width,
                height: 24,
            })
        };

        assert_eq!(
            split(100).detail,
            Rect {
                x: 0,
                y: 18,
                width: 100,
                height: 8
            }
        );
        assert_eq!(split(70).detail.height, 0);
        assert_eq!(split(200).detail.x, 122);
        assert_eq!(split(200).list.height, 24);
    }

    #[test]
    fn a_key_gives_the_whole_place_and_takes_it_back() {
        for back in [Command::Back, Command::Describe, Command::Close] {
            let mut pane = Pane::default();
            let fact = Fact::new("state", "up", Role::Text);
            let detail = Detail {
                left: vec![fact; 30],
                ..Detail::default()
            };
            let inside = Size::new(70, 19);
            let mut press = |command| pane.command(command, &detail, inside);

            assert!(press(Command::Describe));
            assert!(press(Command::Last) && press(Command::Down));
            let first = pane.scroll.first((30, 19));
            assert_eq!(first, 11, "no further than its end");
            assert_eq!(pane.split(Rect::new(0, 0, 70, 20)).list.height, 0);
            assert!(pane.command(back, &detail, inside));
            assert_eq!(pane, Pane::default());
            assert!(!pane.command(Command::Down, &detail, inside));
        }
    }
}
