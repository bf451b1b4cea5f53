//! The release of a nats-server, as it names its version. What releases decide differently is said where it matters.

use std::fmt;

use crate::text::Text;

/// A release. Pre-releases count as their release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(pub u16, pub u16, pub u16);

impl Default for Release {
    /// The one that everything was held against; a younger one is taken to do the same.
    fn default() -> Self {
        Self(2, 15, 1)
    }
}

impl Release {
    /// Reads `2.15.1`, `v2.15.1` and `2.15.1-RC.2`.
    pub fn of(version: &Text) -> Option<Self> {
        let numbers = version.raw().trim_start_matches('v');
        let numbers = numbers.split(['-', '+']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse().ok());
        Some(Self(parts.next()??, parts.next()??, parts.next()??))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_with_or_without_its_extras() {
        for (written, release) in [
            ("2.15.1", Some(Release(2, 15, 1))),
            ("v2.10.26", Some(Release(2, 10, 26))),
            ("2.12.0-RC.3", Some(Release(2, 12, 0))),
            ("2.15", None),
            ("two", None),
        ] {
            assert_eq!(Release::of(&written.into()), release, "{written}");
        }
    }
}
