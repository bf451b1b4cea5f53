//! Which of many lines is the first that is shown. It draws nothing.

use crate::tui::keymap::Command;

/// The first line that is shown, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll(usize);

/// Lines that there are, and lines that are shown at a time.
pub type Extent = (usize, usize);

impl Scroll {
    /// Goes where a key says, no further than its end. `false`: the key moves nothing.
    pub fn command(&mut self, command: Command, extent: Extent) -> bool {
        let Some(to) = command.moved(self.0, extent.1) else {
            return false;
        };
        *self = Self(to);
        self.0 = self.first(extent);
        true
    }

    /// The first line that is shown: the last stays at the bottom.
    pub fn first(self, (lines, shown): Extent) -> usize {
        self.0.min(lines.saturating_sub(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_no_further_than_its_ends() {
        let mut scroll = Scroll::default();
        let mut press = |command| {
            assert!(scroll.command(command, (10, 4)), "{command:?}");
            scroll.first((10, 4))
        };

        assert_eq!(press(Command::Up), 0);
        assert_eq!(press(Command::Down), 1);
        assert_eq!(press(Command::PageDown), 5);
        assert_eq!(press(Command::PageDown), 6);
        assert_eq!(press(Command::PageUp), 2);
        assert_eq!(press(Command::Last), 6);
        assert_eq!(press(Command::First), 0);
        assert_eq!(scroll.first((2, 4)), 0);
        assert!(!scroll.command(Command::Mark, (10, 4)));
    }
}
