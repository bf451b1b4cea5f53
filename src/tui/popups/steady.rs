//! Tells keys that a person pressed, having seen what stands there, from those that only came along. It knows no meanings.
//!
//! Limit: where the terminal does not tell repeats, a letter that comes twice within [`REPEAT`] is taken once, also of a line that
//! is slow and hands over at once what was typed in turn. What is typed then is short, and the consent says so.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use jiff::{SignedDuration, Timestamp};

/// Before that nobody has read anything: a key was meant for what stood there before.
const GRACE: SignedDuration = SignedDuration::from_millis(300);

/// The same key so soon is a key that is held. A terminal that knows better says so itself: see `terminal::Keys`.
const REPEAT: SignedDuration = SignedDuration::from_millis(80);

/// Since when something is seen, and the last key.
#[derive(Clone, Debug)]
pub(super) struct Steady {
    seen_since: Timestamp,
    last: Option<(KeyCode, Timestamp)>,
}

impl Steady {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            seen_since: now,
            last: None,
        }
    }

    /// The terminal came to the front: what is pressed now may be meant for another window.
    pub(super) const fn look_again(&mut self, now: Timestamp) {
        self.seen_since = now;
    }

    /// Whether a key was meant.
    pub(super) fn is_meant(&mut self, key: KeyEvent, now: Timestamp) -> bool {
        let last = self.last.replace((key.code, now));
        let is_held =
            last.is_some_and(|(code, at)| code == key.code && now.duration_since(at) < REPEAT);
        let is_early = now.duration_since(self.seen_since) < GRACE;
        key.kind == KeyEventKind::Press && !is_held && !is_early
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn early_and_held_keys_are_not_meant() {
        let key = |code| KeyEvent::from(KeyCode::Char(code));
        let mut steady = Steady::new(at(0));

        let meant = [(299, 'y'), (370, 'y'), (440, 'y'), (530, 'y'), (531, 'z')]
            .map(|(ms, code)| steady.is_meant(key(code), at(ms)));

        assert_eq!(meant, [false, false, false, true, true]);
    }

    #[test]
    fn after_the_terminal_came_to_the_front_it_is_looked_at_anew() {
        let key = KeyEvent::from(KeyCode::Char('y'));
        let mut steady = Steady::new(at(0));
        steady.look_again(at(1_000));

        assert!(!steady.is_meant(key, at(1_200)));
        assert!(steady.is_meant(key, at(1_300)));
    }

    #[test]
    fn a_repeat_that_the_terminal_tells_is_never_meant() {
        let repeat = KeyEvent {
            kind: KeyEventKind::Repeat,
            ..KeyEvent::from(KeyCode::Char('y'))
        };

        assert!(!Steady::new(at(0)).is_meant(repeat, at(5_000)));
    }
}
