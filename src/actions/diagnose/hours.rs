//! The hours of the day in which a token lets in, as servers reckon them (`validateTimesAt`, nats-server `server/jwt.go`).
//!
//! A window that ends before it begins wraps round midnight. Its edges are outside. Without a place the hours are those of
//! the server's own zone, which no server tells; then an answer is one only where it is the same all round the world.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::{Offset, TimeZone};

use crate::jwt::user::{Restrictions, TimeRange};
use crate::text::Text;

/// Whether a moment lies within the hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hours {
    /// There are none: every moment is good.
    Unbound,
    Inside,
    Outside,
    /// They are those of the server's own zone; within says what they would be by UTC.
    ZoneOfServer {
        inside_by_utc: bool,
    },
    /// Servers take a whole token for invalid with this.
    Malformed(TimeRange),
    /// This machine does not know the zone; whether servers do, nobody here can tell.
    UnknownZone(Text),
}

/// Offsets that are in use somewhere, in minutes: every zone is a whole number of quarters of an hour off UTC.
const OFFSETS: std::ops::RangeInclusive<i32> = -12 * 60..=14 * 60;

impl Hours {
    pub(super) fn at(restrictions: &Restrictions, now: Timestamp) -> Self {
        let mut windows = Vec::new();
        for range in &restrictions.times {
            match window(range) {
                Some(window) => windows.push(window),
                None => return Self::Malformed(range.clone()),
            }
        }
        if windows.is_empty() {
            return Self::Unbound;
        }
        let inside = |zone: TimeZone| {
            let clock = zone.to_datetime(now).time();
            windows.iter().any(|window| window.holds(clock))
        };
        let place = restrictions.times_location.to_string();
        if !place.is_empty() {
            return match TimeZone::get(&place) {
                Ok(zone) if inside(zone.clone()) => Self::Inside,
                Ok(_) => Self::Outside,
                Err(_) => Self::UnknownZone(restrictions.times_location.clone()),
            };
        }
        let offsets = OFFSETS.step_by(15).filter_map(offset);
        let mut answers = offsets.map(|offset| inside(TimeZone::fixed(offset)));
        let inside_by_utc = inside(TimeZone::UTC);
        if !answers.all(|answer| answer == inside_by_utc) {
            return Self::ZoneOfServer { inside_by_utc };
        }
        if inside_by_utc {
            Self::Inside
        } else {
            Self::Outside
        }
    }
}

fn offset(minutes: i32) -> Option<Offset> {
    Offset::from_seconds(minutes.saturating_mul(60)).ok()
}

#[derive(Clone, Copy)]
struct Window {
    start: Time,
    end: Time,
}

impl Window {
    fn holds(self, clock: Time) -> bool {
        if self.start > self.end {
            clock > self.start || clock < self.end
        } else {
            self.start < clock && clock < self.end
        }
    }
}

fn window(range: &TimeRange) -> Option<Window> {
    Some(Window {
        start: clock(&range.start.to_string())?,
        end: clock(&range.end.to_string())?,
    })
}

/// Reads `15:04:05` as Go does: the hour may have one digit, and a fraction of a second is let go.
fn clock(written: &str) -> Option<Time> {
    let whole = written
        .split_once(['.', ','])
        .map_or(written, |(whole, _)| whole);
    let mut parts = whole.split(':');
    let mut part = |digits: std::ops::RangeInclusive<usize>| -> Option<i8> {
        let part = parts.next()?;
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && digits.contains(&part.len())).then(|| part.parse().ok())?
    };
    let (hour, minute, second) = (part(1..=2)?, part(2..=2)?, part(2..=2)?);
    match parts.next() {
        None => Time::new(hour, minute, second, 0).ok(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(windows: &[(&str, &str)], place: &str, now: &str) -> Hours {
        let range = |(start, end): &(&str, &str)| TimeRange {
            start: (*start).into(),
            end: (*end).into(),
        };
        let restrictions = Restrictions {
            times: windows.iter().map(range).collect(),
            times_location: place.into(),
            ..Restrictions::default()
        };
        Hours::at(&restrictions, now.parse().unwrap())
    }

    const NOON: &str = "2026-11-24T12:00:00Z";

    #[test]
    fn a_window_has_its_edges_outside() {
        for (window, expected) in [
            (("11:00:00", "13:00:00"), Hours::Inside),
            (("12:00:00", "13:00:00"), Hours::Outside),
            (("11:00:00", "12:00:00"), Hours::Outside),
            (("13:00:00", "14:00:00"), Hours::Outside),
        ] {
            assert_eq!(hours(&[window], "UTC", NOON), expected, "{window:?}");
        }
    }

    #[test]
    fn a_window_wraps_round_midnight() {
        let night = ("22:00:00", "06:00:00");
        for (now, expected) in [
            ("2026-11-24T23:30:00Z", Hours::Inside),
            ("2026-11-24T05:00:00Z", Hours::Inside),
            (NOON, Hours::Outside),
            ("2026-11-24T06:00:00Z", Hours::Outside),
        ] {
            assert_eq!(hours(&[night], "UTC", now), expected, "{now}");
        }
    }

    #[test]
    fn one_window_of_several_is_enough() {
        let windows = [("01:00:00", "02:00:00"), ("11:30:00", "12:30:00")];

        assert_eq!(hours(&windows, "UTC", NOON), Hours::Inside);
        assert_eq!(hours(&[], "UTC", NOON), Hours::Unbound);
    }

    #[test]
    fn hours_are_those_of_the_place() {
        let window = [("20:30:00", "21:30:00")];

        assert_eq!(hours(&window, "Asia/Tokyo", NOON), Hours::Inside);
        assert_eq!(hours(&window, "America/Lima", NOON), Hours::Outside);
        let unknown = Hours::UnknownZone("Mars/Base".into());
        assert_eq!(hours(&window, "Mars/Base", NOON), unknown);
    }

    #[test]
    fn without_a_place_only_what_holds_everywhere_is_an_answer() {
        let by_utc = |inside_by_utc| Hours::ZoneOfServer { inside_by_utc };

        assert_eq!(hours(&[("11:00:00", "13:00:00")], "", NOON), by_utc(true));
        assert_eq!(hours(&[("02:00:00", "03:00:00")], "", NOON), by_utc(false));
        let never = ("08:10:00", "08:10:00");
        assert_eq!(hours(&[never], "", NOON), Hours::Outside);
    }

    #[test]
    fn what_go_cannot_read_is_malformed() {
        for odd in ["25:00:00", "9:5:00", "0900", "09:00", "09:00:00:00", ""] {
            let told = hours(&[(odd, "10:00:00")], "UTC", NOON);

            assert!(matches!(told, Hours::Malformed(_)), "{odd}");
        }
        assert_eq!(
            hours(&[("9:00:00.5", "13:00:00")], "UTC", NOON),
            Hours::Inside
        );
    }
}
