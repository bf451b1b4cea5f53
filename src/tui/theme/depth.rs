//! How many colours the terminal has, and what becomes of a colour where it has fewer. Which colour means what is a theme's.

use ratatui::style::Color;

/// How many colours are used, fewest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: looks without colour.
    Mono,
    Ansi16,
    Ansi256,
    True,
}

impl Depth {
    /// What the environment says where no flag does: `NO_COLOR`, `COLORTERM`, `TERM`, in this order (<https://no-color.org>).
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Self::Mono;
        }
        let term = variable("TERM").unwrap_or_default();
        match variable("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => Self::True,
            _ if term.ends_with("-direct") => Self::True,
            _ if term.contains("256color") => Self::Ansi256,
            _ => Self::Ansi16,
        }
    }

    /// As it is written in a theme's file, and after `--color`.
    pub fn named(written: &str) -> Option<Self> {
        match written {
            "never" => Some(Self::Mono),
            "16" => Some(Self::Ansi16),
            "256" => Some(Self::Ansi256),
            "true" => Some(Self::True),
            _ => None,
        }
    }
}

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Reads `#d5d8de`.
    pub fn parse(written: &str) -> Option<Self> {
        let digits = written
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6)?;
        let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self(byte(0)?, byte(2)?, byte(4)?))
    }

    pub const fn exact(self) -> Color {
        Color::Rgb(self.0, self.1, self.2)
    }

    /// The nearest of the 240 colours that all terminals of 256 share: the cube of 6, and the greys.
    pub fn indexed(self) -> Color {
        Color::Indexed(self.nearest())
    }

    fn nearest(self) -> u8 {
        let nearest = (16..=255u8).min_by_key(|index| self.distance(shared(*index)));
        nearest.unwrap_or(16)
    }

    /// What is seen of it where there are 256 colours.
    #[cfg(test)]
    pub(super) fn as_indexed(self) -> Self {
        shared(self.nearest())
    }

    fn distance(self, other: Self) -> u32 {
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        // The eye is most exact in green, least in blue.
        3 * square(self.0, other.0) + 4 * square(self.1, other.1) + 2 * square(self.2, other.2)
    }
}

/// Colour `index` of xterm's table, from 16 on.
fn shared(index: u8) -> Rgb {
    if let Some(step) = index.checked_sub(232) {
        let grey = 8 + 10 * step;
        return Rgb(grey, grey, grey);
    }
    let place = index.saturating_sub(16);
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    Rgb(level(place / 36), level(place / 6 % 6), level(place % 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(variables: &[(&str, &str)]) -> Depth {
        Depth::of(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        for (variables, expected) in [
            (vec![("TERM", "xterm-256color")], Depth::Ansi256),
            (vec![("TERM", "xterm")], Depth::Ansi16),
            (vec![("TERM", "xterm-direct")], Depth::True),
            (
                vec![("TERM", "tmux-256color"), ("COLORTERM", "truecolor")],
                Depth::True,
            ),
            (
                vec![("NO_COLOR", "1"), ("COLORTERM", "truecolor")],
                Depth::Mono,
            ),
            (vec![("NO_COLOR", ""), ("COLORTERM", "24bit")], Depth::True),
            (vec![], Depth::Ansi16),
        ] {
            assert_eq!(depth(&variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_nearest_of_256_colours_is_taken() {
        assert_eq!(Rgb(255, 0, 0).indexed(), Color::Indexed(196));
        assert_eq!(Rgb(0, 0, 0).indexed(), Color::Indexed(16));
        assert_eq!(Rgb(8, 8, 8).indexed(), Color::Indexed(232));
        assert_eq!(Rgb(238, 238, 238).indexed(), Color::Indexed(255));
        assert_eq!(Rgb(95, 135, 175).indexed(), Color::Indexed(67));
    }

    #[test]
    fn a_colour_is_six_digits_after_a_sign() {
        assert_eq!(Rgb::parse("#d5d8de"), Some(Rgb(0xd5, 0xd8, 0xde)));
        for wrong in ["d5d8de", "#d5d8d", "#d5d8dg", "#ä5d8d"] {
            assert_eq!(Rgb::parse(wrong), None, "{wrong}");
        }
    }
}
