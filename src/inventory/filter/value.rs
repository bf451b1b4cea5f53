//! The numbers, sizes, durations and times that comparisons compare with. Words are in `needle`.

use jiff::civil::{Date, Time};
use jiff::{Span, SpanRelativeTo, Timestamp, tz::TimeZone};

use crate::inventory::cell::{Kind, ONE};

/// What an amount is compared with, in the fixed-point numbers of `cell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// The first and the last amount that are equal to it: a date is a whole day, anything else is mostly one amount.
    Amount { first: i128, last: i128 },
    /// A distance from now, in nanoseconds.
    Distance(i128),
}

impl Bound {
    const fn exact(amount: i128) -> Self {
        Self::Amount {
            first: amount,
            last: amount,
        }
    }

    /// Reads what stands behind a comparison with a field of this kind.
    pub(super) fn parse(kind: Kind, written: &str) -> Option<Self> {
        match kind {
            Kind::Id => decimal(written).map(Self::exact),
            Kind::Number => count(written).map(Self::exact),
            Kind::Bytes => size(written).map(Self::exact),
            Kind::Millis => duration(written, 1_000_000).map(Self::exact),
            Kind::Seconds => duration(written, ONE).map(Self::exact),
            Kind::Time | Kind::Deadline => {
                time(written).or_else(|| span(written).map(Self::Distance))
            }
            Kind::Text | Kind::Word | Kind::Key | Kind::Reference | Kind::List | Kind::Bool => None,
        }
    }
}

/// What a field of this kind compares with, for messages.
pub(super) const fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Number => "a number such as 100",
        Kind::Bytes => "a size such as 10KiB",
        Kind::Millis => "a duration such as 20ms",
        Kind::Seconds => "a duration such as 1h",
        Kind::Time | Kind::Deadline => {
            "a time such as 2026-11-24T00:00:00Z, or a duration such as 1h"
        }
        Kind::Text | Kind::Word | Kind::Key | Kind::Reference | Kind::List => "a text",
        Kind::Bool => "yes or no",
    }
}

/// A decimal number as a fixed-point one: at most 20 digits before the point and 9 after it.
fn decimal(written: &str) -> Option<i128> {
    let (negative, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole, 20) || !is_number(fraction, 9) {
        return None;
    }
    let amount = format!("{whole}{fraction:0<9}").parse::<i128>().ok()?;
    Some(if negative { -amount } else { amount })
}

/// A number with the letter of its unit, as tables shorten counts: `2.1k`.
fn count(written: &str) -> Option<i128> {
    scaled(written, 1000)
}

/// A size: `512`, `10KiB`, `10MB`, `1.5 GiB`. As in Kubernetes, `Ki` is 1024 and `K` is 1000, with a `B` or without.
fn size(written: &str) -> Option<i128> {
    let number = written.strip_suffix(['B', 'b']).unwrap_or(written);
    match number.strip_suffix(['i', 'I']) {
        // `10i` has no unit to be binary.
        Some(binary) => binary
            .ends_with(|c: char| c.is_ascii_alphabetic())
            .then(|| scaled(binary, 1024))?,
        None => scaled(number, 1000),
    }
}

fn scaled(written: &str, step: i128) -> Option<i128> {
    const UNITS: [char; 6] = ['k', 'm', 'g', 't', 'p', 'e'];
    let lower = written.to_ascii_lowercase();
    for (unit, steps) in UNITS.into_iter().zip(1..) {
        if let Some(number) = lower.strip_suffix(unit) {
            return decimal(number.trim_end())?.checked_mul(step.checked_pow(steps)?);
        }
    }
    decimal(lower.trim_end())
}

/// A duration in nanoseconds; a number without a unit counts in the field's own.
fn duration(written: &str, unit_ns: i128) -> Option<i128> {
    match decimal(written) {
        Some(number) => Some(number.checked_mul(unit_ns)? / ONE),
        None => span(written),
    }
}

/// `90s`, `2h`, `1h30m`, `30d`: a day has 24 hours, and months and years are no durations.
fn span(written: &str) -> Option<i128> {
    let span: Span = written.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Some(duration.as_nanos())
}

/// RFC 3339, equal to all of its second where it names no fraction; or a date, equal to all of that day in UTC.
fn time(written: &str) -> Option<Bound> {
    if let Ok(time) = written.parse::<Timestamp>() {
        let first = time.as_nanosecond();
        let last = if written.contains('.') {
            first
        } else {
            first + ONE - 1
        };
        return Some(Bound::Amount { first, last });
    }
    let start = |day: Date| {
        TimeZone::UTC
            .to_timestamp(day.to_datetime(Time::midnight()))
            .ok()
    };
    // Jiff reads a time of day without a zone as its date, and would lose it in silence.
    let day = (written.len() == 10).then(|| written.parse::<Date>().ok())??;
    Some(Bound::Amount {
        first: start(day)?.as_nanosecond(),
        last: start(day.tomorrow().ok()?)?.as_nanosecond() - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(kind: Kind, written: &str) -> Option<i128> {
        match Bound::parse(kind, written)? {
            Bound::Amount { first, .. } => Some(first),
            Bound::Distance(distance) => Some(distance),
        }
    }

    #[test]
    fn sizes_are_binary_with_an_i_and_decimal_without() {
        for (written, bytes) in [
            ("0", 0),
            ("512", 512),
            ("512B", 512),
            ("10KiB", 10_240),
            ("10Ki", 10_240),
            ("10kb", 10_000),
            ("10MB", 10_000_000),
            ("10MiB", 10 << 20),
            ("1.5 GiB", 3 << 29),
            ("2.1k", 2_100),
        ] {
            assert_eq!(amount(Kind::Bytes, written), Some(bytes * ONE), "{written}");
        }
        for none in [
            "",
            "B",
            "KiB",
            "10XB",
            "10i",
            "ten",
            "1e3",
            "1_000",
            "+5",
            "0x10",
            "10KKB",
            "99999999999999999999999",
        ] {
            assert_eq!(amount(Kind::Bytes, none), None, "{none}");
        }
    }

    #[test]
    fn durations_have_units_or_take_the_fields() {
        for (kind, written, ns) in [
            (Kind::Seconds, "90", 90 * ONE),
            (Kind::Seconds, "1h", 3_600 * ONE),
            (Kind::Seconds, "1h30m", 5_400 * ONE),
            (Kind::Seconds, "30d", 2_592_000 * ONE),
            (Kind::Millis, "1.2", 1_200_000),
            (Kind::Millis, "1.2ms", 1_200_000),
            (Kind::Millis, "2s", 2 * ONE),
        ] {
            assert_eq!(amount(kind, written), Some(ns), "{written}");
        }
        assert_eq!(amount(Kind::Seconds, "2 months"), None);
        assert_eq!(amount(Kind::Seconds, "soon"), None);
    }

    #[test]
    fn a_time_without_a_fraction_is_its_second_and_a_date_its_day() {
        let span = |written| match Bound::parse(Kind::Time, written) {
            Some(Bound::Amount { first, last }) => Some(last - first + 1),
            other => panic!("{written}: {other:?}"),
        };

        assert_eq!(span("2026-11-24T00:00:00Z"), Some(ONE));
        assert_eq!(span("2026-11-24T00:00:00.5+02:00"), Some(1));
        assert_eq!(span("2026-11-24"), Some(86_400 * ONE));
        assert_eq!(
            Bound::parse(Kind::Time, "1h"),
            Some(Bound::Distance(3_600 * ONE))
        );
        assert_eq!(Bound::parse(Kind::Time, "2026-11-24T00:00:00"), None);
        assert_eq!(Bound::parse(Kind::Time, "yesterday"), None);
    }
}
