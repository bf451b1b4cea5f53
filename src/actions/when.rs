//! Durations and times as people write them: `90s`, `30d`, RFC 3339, or a duration that means from now.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::text::Text;

/// How long something lasts. A day has 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(pub Duration);

/// A moment: fixed, or counted from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    At(Timestamp),
    Off(Lifetime),
}

/// When a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    Never,
    After(When),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    #[error("\"{0}\" is no duration; write 90s, 2h or 30d")]
    Duration(Text),
    #[error("\"{0}\" is no time; write 2026-11-24T02:00:00Z, or a duration such as 2h")]
    Time(Text),
}

impl FromStr for Lifetime {
    type Err = WhenError;

    fn from_str(written: &str) -> Result<Self, WhenError> {
        let fail = || WhenError::Duration(written.into());
        let span: Span = written.parse().map_err(|_| fail())?;
        let duration = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_| fail())?;
        Duration::try_from(duration).map(Self).map_err(|_| fail())
    }
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(written: &str) -> Result<Self, WhenError> {
        if let Ok(at) = written.parse() {
            return Ok(Self::At(at));
        }
        written
            .parse()
            .map(Self::Off)
            .map_err(|_| WhenError::Time(written.into()))
    }
}

impl FromStr for Expiry {
    type Err = WhenError;

    fn from_str(written: &str) -> Result<Self, WhenError> {
        if written == "never" {
            Ok(Self::Never)
        } else {
            written.parse().map(Self::After)
        }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::After(when) => fmt::Display::fmt(when, f),
        }
    }
}

impl When {
    /// The moment, where a duration counts forward from now.
    pub fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Off(Lifetime(off)) => now.checked_add(signed(off)).unwrap_or(Timestamp::MAX),
        }
    }

    /// The moment, where a duration counts back from now.
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Off(Lifetime(off)) => now.checked_sub(signed(off)).unwrap_or(Timestamp::MIN),
        }
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", signed(self.0))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => fmt::Display::fmt(at, f),
            Self::Off(off) => fmt::Display::fmt(off, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_the_contract() {
        for (written, seconds) in [
            ("90s", 90),
            ("2h", 7200),
            ("30d", 2_592_000),
            ("1h30m", 5400),
            ("0s", 0),
        ] {
            assert_eq!(
                written.parse(),
                Ok(Lifetime(Duration::from_secs(seconds))),
                "{written}"
            );
        }
        for wrong in ["", "2", "h", "-1h", "1 fortnight", "1mo"] {
            assert!(wrong.parse::<Lifetime>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_fixed_or_counted_from_now() {
        let now: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();

        let fixed: When = "2026-11-25T00:00:00Z".parse().unwrap();
        let off: When = "2h".parse().unwrap();

        assert_eq!(fixed.after(now).to_string(), "2026-11-25T00:00:00Z");
        assert_eq!(off.after(now).to_string(), "2026-11-24T04:00:00Z");
        assert_eq!(off.before(now).to_string(), "2026-11-24T00:00:00Z");
        assert_eq!(off.to_string(), "2h");
        assert!("tomorrow".parse::<When>().is_err());
    }
}
