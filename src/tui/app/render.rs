//! Draws the whole screen: the frame, the view on top, what stands over it. It changes nothing.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::Style;

use super::acts::{self, Allowed};
use super::{App, body};
use crate::tui::keymap::{Binding, GLOBAL, Resolution, chord};
use crate::tui::theme::Role;
use crate::tui::views::View;
use crate::tui::widgets::frame::{self, Does, Hint};
use crate::tui::widgets::glyph::Glyph;
use crate::tui::widgets::rule::Rule;
use crate::tui::widgets::{Paint, Painted, cells, line_of};

/// The least size of a screen that shows anything but its size.
pub const LEAST: Size = Size {
    width: 60,
    height: 16,
};

/// Draws a frame on a blank buffer, and tells where things landed.
pub fn render(app: &App, buf: &mut Buffer, now: Timestamp) -> Painted {
    let area = buf.area;
    let paint = Paint {
        theme: &app.looks.theme,
        glyphs: app.looks.glyphs,
        now,
    };
    let surface = paint.style(Role::Surface);
    if surface != Style::default() {
        buf.set_style(area, surface);
    }
    if area.width < LEAST.width || area.height < LEAST.height {
        let words = format!(
            "{}x{} is too small: at least {}x{}",
            area.width, area.height, LEAST.width, LEAST.height
        );
        paint.put(
            buf,
            Position::new(area.x, area.y),
            area.width,
            &words,
            Role::Warn,
        );
        return Painted::default();
    }
    app.paint(&paint, area, buf)
}

impl App {
    fn paint(&self, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> Painted {
        frame::header(&self.model, paint, line_of(area, 0), buf);
        let place = Rect {
            y: area.y + 2,
            height: body(area.as_size()).height,
            ..area
        };
        let scene = self.scene(paint.now);
        let mut painted = self
            .view()
            .map(|view| view.paint(&scene, paint, place, buf))
            .unwrap_or_default();
        let here = self.view().map(View::kind);
        frame::tabs(here, paint, line_of(area, 1), buf, &mut painted);
        let foot = |nth| line_of(area, area.height - nth);
        Rule::default().paint(paint, foot(3), Role::Line, buf);
        if self.hesitates(paint.now) {
            self.paint_continuations(paint, area, buf);
        }
        frame::hints(&self.hints(paint.now), paint, foot(2), buf, &mut painted);
        self.paint_bottom(paint, foot(1), buf, &mut painted);
        if let Some(popup) = &self.popup {
            painted.targets.clear();
            painted.caret = popup.paint(paint, area, buf);
        }
        painted
    }

    /// Acts of this place first, then what only looks.
    fn hints(&self, now: Timestamp) -> Vec<Hint<'_>> {
        let Some(view) = self.view() else {
            return Vec::new();
        };
        let scope = view.kind().name();
        let selection = view.selection(&self.scene(now));
        let mut hints = Vec::new();
        for (chords, ids) in self.looks.keymap.acts(scope) {
            let offers = ids.iter().filter_map(|id| acts::offer(id));
            let mut judged = offers.map(|offer| {
                let allowed = offer.allowed(&selection, &self.model.standing);
                (offer, allowed)
            });
            let mut shown = judged.next();
            if !matches!(shown, Some((_, Allowed::Yes))) {
                shown = judged
                    .find(|(_, allowed)| *allowed == Allowed::Yes)
                    .or(shown);
            }
            if let Some((offer, allowed)) = shown {
                let (_, word) = offer.spec.id.split_once('.').unwrap_or_default();
                let does = Does::Act(offer.spec.id, allowed);
                hints.push(Hint {
                    key: chords,
                    word,
                    does,
                });
            }
        }
        for command in view.hints() {
            if let Some(chords) = self.looks.keymap.chords_for(&[scope, GLOBAL], *command) {
                hints.push(Hint {
                    key: chords,
                    word: command.label(),
                    does: Does::Look,
                });
            }
        }
        hints
    }

    /// The last line: the filter that is typed, else what was just seen.
    fn paint_bottom(&self, paint: &Paint<'_>, line: Rect, buf: &mut Buffer, painted: &mut Painted) {
        let at = Position::new(line.x + 1, line.y);
        if let Some(filter) = &self.line {
            let wrong = filter.error.as_deref();
            let role = if wrong.is_some() {
                Role::Warn
            } else {
                Role::Text
            };
            let begin = paint.put(buf, at, 2, "/ ", Role::Key);
            let room = line.right().saturating_sub(begin + 1);
            let place = (Position::new(begin, line.y), room);
            let shown = filter.letters.paint(paint, place, role, buf);
            painted.caret = Some(shown.caret);
            let rest = line.right().saturating_sub(shown.end + 3);
            paint.put(
                buf,
                Position::new(shown.end + 3, line.y),
                rest,
                wrong.unwrap_or_default(),
                Role::Warn,
            );
        } else if let Some((toast, _)) = &self.toast {
            paint.put(
                buf,
                at,
                line.width.saturating_sub(2),
                &toast.text,
                toast.tone.role(),
            );
        }
    }

    /// The keys that may follow those that were pressed, above the hints.
    fn paint_continuations(&self, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) {
        let scopes = self.scopes();
        let Resolution::Pending(next) = self.looks.keymap.resolve(&scopes, &self.pressed.chords)
        else {
            return;
        };
        let done = self.pressed.chords.len();
        let words: Vec<(String, String)> = next
            .iter()
            .map(|bound| {
                let rest = bound.chords.get(done..).unwrap_or_default();
                let does = match &bound.binding {
                    Binding::Command(command) => command.help(),
                    Binding::Act(ids) => ids.join(", "),
                };
                (chord::written(rest), does)
            })
            .collect();
        let height = u16::try_from(words.len())
            .unwrap_or(u16::MAX)
            .min(body(area.as_size()).height / 2);
        let width = words
            .iter()
            .map(|(key, does)| cells(key) + cells(does) + 6)
            .max()
            .unwrap_or(0)
            .min(area.width);
        let top = area.bottom().saturating_sub(3 + height);
        for ((key, does), nth) in words.iter().zip(0..height) {
            let place = Rect {
                x: area.right().saturating_sub(width),
                y: top + nth,
                width,
                height: 1,
            };
            let blank = " ".repeat(usize::from(width));
            buf.set_stringn(
                place.x,
                place.y,
                blank,
                usize::from(width),
                paint.style(Role::Text),
            );
            buf.set_style(place, paint.style(Role::Raised));
            paint.put(
                buf,
                Position::new(place.x, place.y),
                1,
                paint.glyph(Glyph::Vertical),
                Role::Line,
            );
            paint.put(
                buf,
                Position::new(place.x + 2, place.y),
                width - 2,
                key,
                Role::Key,
            );
            let after = place.x + 3 + cells(key);
            paint.put(
                buf,
                Position::new(after, place.y),
                place.right().saturating_sub(after),
                does,
                Role::Muted,
            );
        }
    }
}
