//! Asks whether read-only is to be lifted for a while. It lifts nothing: the app does.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::steady::Steady;
use super::wording::Wording;
use super::{WIDEST, centred, frame};
use crate::text::Text;
use crate::tui::theme::Role;
use crate::tui::widgets::{Paint, line_of};

/// How long read-only stays lifted.
pub const LASTS: SignedDuration = SignedDuration::from_mins(15);

/// Why an act is not done in a read-only context, and the way out.
pub fn way() -> String {
    let minutes = LASTS.as_mins();
    format!("read-only: `:` write lifts it for {minutes} minutes")
}

/// A question that waits for `y`.
#[derive(Clone, Debug)]
pub struct Lifting {
    context: Text,
    steady: Steady,
}

/// What a key made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    NotYet,
    No,
    Yes,
}

impl Lifting {
    pub fn new(context: Text, now: Timestamp) -> Self {
        Self {
            context,
            steady: Steady::new(now),
        }
    }

    /// The terminal came to the front.
    pub(in crate::tui) const fn look_again(&mut self, now: Timestamp) {
        self.steady.look_again(now);
    }

    /// Takes a key. Esc says no at once; `y` has to be meant, and Enter is not `y`.
    pub(in crate::tui) fn key(&mut self, key: KeyEvent, now: Timestamp) -> Said {
        let is_meant = self.steady.is_meant(key, now);
        match key.code {
            KeyCode::Esc => Said::No,
            KeyCode::Char('y') if is_meant && key.modifiers == KeyModifiers::NONE => Said::Yes,
            _ => Said::NotYet, // crossterm's own: every other key
        }
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let width = centred(screen, WIDEST, 0).width;
        let mut words = Wording::new(width.saturating_sub(4));
        let minutes = LASTS.as_mins();
        let act = format!("write in {} for {minutes} minutes", self.context);
        words.say("act", &act, Role::Strong);
        let so = "acts that widen rights can be begun; each still shows what it would do and takes its own consent";
        words.say("so", so, Role::Text);
        words.say(
            "then",
            "it is read-only again by itself; the header says until when",
            Role::Text,
        );
        words.say("", "", Role::Text);
        words.say("", "press y to lift read-only", Role::Notice);
        let height = u16::try_from(words.lines.len() + 2).unwrap_or(u16::MAX);
        let area = centred(screen, WIDEST, height);
        let inside = frame(paint, area, ("Lift read-only", "y lift   esc cancel"), buf);
        for (line, nth) in words.lines.iter().zip(0..inside.height) {
            line.paint(paint, line_of(inside, nth), buf);
        }
    }
}
