//! Times as tokens carry them: whole seconds since 1970, any 64-bit number, so not every one is a date.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// Seconds since 1970 UTC, as in `iat`, `exp`, `nbf` and revocations. Shown as RFC 3339, clamped to the years that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub i64);

impl UnixTime {
    pub fn timestamp(self) -> Timestamp {
        let clamped = self
            .0
            .clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        Timestamp::from_second(clamped).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl From<Timestamp> for UnixTime {
    fn from(time: Timestamp) -> Self {
        Self(time.as_second())
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), f)
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_a_token_can_be_shown() {
        assert_eq!(UnixTime(1_700_000_000).to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(UnixTime(0).to_string(), "1970-01-01T00:00:00Z");
        assert!(UnixTime(i64::MAX).to_string().starts_with("9999-"));
        assert!(UnixTime(i64::MIN).to_string().starts_with("-009999-"));
    }
}
