//! All keys of a place, read from the keymap: what `?` shows.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::{centred, frame, shown};
use crate::tui::app::acts;
use crate::tui::keymap::{Binding, Bound, Command, Keymap, chord};
use crate::tui::theme::Role;
use crate::tui::widgets::scroll::Scroll;
use crate::tui::widgets::{Paint, line_of};

/// Lines of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    lines: Vec<Line>,
    scroll: Scroll,
}

/// A key, and what it does; or the name of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    key: String,
    does: String,
    role: Role,
}

impl Keys {
    pub(super) fn of(keymap: &Keymap, scopes: &[&str]) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for bound in scopes.iter().flat_map(|scope| keymap.scope(scope)) {
            let (does, role) = meaning(bound);
            let key = chord::written(&bound.chords);
            match lines.iter_mut().find(|line| line.does == does) {
                Some(line) => {
                    line.key.push_str(", ");
                    line.key.push_str(&key);
                }
                None => lines.push(Line { key, does, role }),
            }
        }
        Self {
            lines,
            scroll: Scroll::default(),
        }
    }

    pub(super) fn command(&mut self, command: Command, size: Size) {
        let page = shown(self.area(Rect::from((Position::ORIGIN, size))));
        self.scroll.command(command, (self.lines.len(), page));
    }

    fn area(&self, screen: Rect) -> Rect {
        let height = u16::try_from(self.lines.len())
            .unwrap_or(u16::MAX)
            .saturating_add(2);
        centred(screen, u16::MAX, height)
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let inside = frame(
            paint,
            self.area(screen),
            ("Keys", "j k scroll   esc close"),
            buf,
        );
        let from = self.scroll.first((self.lines.len(), inside.height.into()));
        for (line, nth) in self.lines.iter().skip(from).zip(0..inside.height) {
            let place = line_of(inside, nth);
            let at = Position::new(place.x + 1, place.y);
            paint.put(buf, at, 22, &line.key, line.role);
            paint.put(
                buf,
                Position::new(at.x + 24, at.y),
                place.width.saturating_sub(25),
                &line.does,
                Role::Text,
            );
        }
    }
}

fn meaning(bound: &Bound) -> (String, Role) {
    match &bound.binding {
        Binding::Command(command) => (command.help(), Role::Key),
        Binding::Act(ids) => {
            let titles: Vec<&str> = ids
                .iter()
                .filter_map(|id| acts::offer(id))
                .map(|offer| offer.spec.help)
                .collect();
            (titles.join("; else "), Role::KeyAct)
        }
    }
}
