//! Subjects, and the patterns that permissions, exports and imports are made of. Who may use one is decided in `permissions`.
//!
//! ```text
//! orders.eu.created     Subject          every token is a word
//! orders.*.created      SubjectPattern   `*` stands for one word
//! orders.>              SubjectPattern   `>`, only at the end, stands for one word or more
//! foo*bar.>x            Subject          a wildcard is a wildcard only when it is the whole token
//! ```
//!
//! What is valid is what the server says (`IsValidSubject` and `IsValidPublishSubject`, `server/sublist.go`), so control
//! characters other than five kinds of space are: [`Text`] keeps them off the screen.

mod algebra;
mod entry;
#[cfg(test)]
mod server_says;
#[cfg(test)]
mod small_world;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::entry::{EntryError, QueuePattern, SubscribeEntry};
use crate::text::Text;

/// The token that stands for exactly one word.
const ANY: &str = "*";
/// The last token that stands for one word or more.
const REST: &str = ">";
/// What a server refuses inside a token.
const SPACES: [char; 5] = [' ', '\t', '\n', '\r', '\u{C}'];

/// Why a text is not a subject. Tokens are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    #[error("the subject is empty")]
    Empty,
    #[error("token {token} of \"{subject}\" is empty")]
    EmptyToken { subject: Text, token: usize },
    #[error("token {token} of \"{subject}\" holds a space or line break")]
    Space { subject: Text, token: usize },
    #[error("\">\" is token {token} of \"{subject}\", but not its last")]
    RestNotLast { subject: Text, token: usize },
    #[error("token {token} of \"{subject}\" is a wildcard, where only words can stand")]
    Wildcard { subject: Text, token: usize },
}

/// Finds the first fault of a pattern, as `isValidSubject` of the server would.
fn check_pattern(written: &Text) -> Result<(), SubjectError> {
    if written.is_empty() {
        return Err(SubjectError::Empty);
    }
    let mut rest_at = None;
    for (token, word) in (1..).zip(written.raw().split('.')) {
        let subject = || written.clone();
        if let Some(token) = rest_at {
            return Err(SubjectError::RestNotLast {
                subject: subject(),
                token,
            });
        }
        if word.is_empty() {
            return Err(SubjectError::EmptyToken {
                subject: subject(),
                token,
            });
        }
        if word.contains(SPACES) {
            return Err(SubjectError::Space {
                subject: subject(),
                token,
            });
        }
        if word == REST {
            rest_at = Some(token);
        }
    }
    Ok(())
}

/// Finds the first fault of a literal subject, as `IsValidPublishSubject` of the server would.
fn check_literal(written: &Text) -> Result<(), SubjectError> {
    check_pattern(written)?;
    let wildcard = written
        .raw()
        .split('.')
        .position(|word| word == ANY || word == REST);
    match wildcard {
        Some(before) => Err(SubjectError::Wildcard {
            subject: written.clone(),
            token: before + 1,
        }),
        None => Ok(()),
    }
}

/// Declares a text that passed a check, and that can be made in no other way.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $error:ty, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "Text")]
        pub struct $name(Text);

        impl $name {
            /// What was written, unchanged, under the rules of [`Text::raw`].
            pub fn raw(&self) -> &str {
                self.0.raw()
            }

            pub fn text(&self) -> &Text {
                &self.0
            }

            /// The tokens between the dots, none of them empty.
            pub fn tokens(&self) -> impl Iterator<Item = &str> + Clone {
                self.0.raw().split('.')
            }
        }

        impl TryFrom<Text> for $name {
            type Error = $error;

            fn try_from(written: Text) -> Result<Self, $error> {
                $check(&written)?;
                Ok(Self(written))
            }
        }

        impl FromStr for $name {
            type Err = $error;

            fn from_str(written: &str) -> Result<Self, $error> {
                Text::from(written).try_into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}
use checked_text;

checked_text!(
    /// A literal subject: what a message is published on.
    Subject,
    SubjectError,
    check_literal
);
checked_text!(
    /// A set of subjects. Two patterns are equal exactly when their sets are.
    SubjectPattern,
    SubjectError,
    check_pattern
);

fn is_open(pattern: &str) -> bool {
    pattern == REST || pattern.ends_with(".>")
}

impl SubjectPattern {
    /// Whether this pattern is one subject only.
    pub fn is_literal(&self) -> bool {
        self.tokens().all(|token| token != ANY && token != REST)
    }

    /// Whether this pattern ends in `>`.
    pub fn is_open(&self) -> bool {
        is_open(self.raw())
    }

    /// Whether parts of the server disagree on this pattern: a longer token that begins with `*` or `>` is a plain word in
    /// its permission lists, but `SubjectIsSubsetMatch` and `SubjectsCollide` take it for a wildcard, by its first byte,
    /// where imports, exports and mappings are compared. All sets here are those of the permission lists.
    pub fn is_ambiguous(&self) -> bool {
        self.tokens()
            .any(|token| token.len() > 1 && token.starts_with(['*', '>']))
    }
}

impl From<Subject> for SubjectPattern {
    fn from(subject: Subject) -> Self {
        Self(subject.0)
    }
}

impl TryFrom<SubjectPattern> for Subject {
    type Error = SubjectError;

    fn try_from(pattern: SubjectPattern) -> Result<Self, SubjectError> {
        pattern.0.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(written: &str) -> String {
        written.parse::<SubjectPattern>().unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_the_fault_and_its_place() {
        assert_eq!(fault(""), "the subject is empty");
        assert_eq!(fault("a..b"), "token 2 of \"a..b\" is empty");
        assert_eq!(fault("a.b."), "token 3 of \"a.b.\" is empty");
        assert_eq!(
            fault("a.b\tc"),
            "token 2 of \"a.b␉c\" holds a space or line break"
        );
        assert_eq!(
            fault("a.>.b"),
            "\">\" is token 2 of \"a.>.b\", but not its last"
        );
        assert_eq!(
            "a.b.*".parse::<Subject>().unwrap_err().to_string(),
            "token 3 of \"a.b.*\" is a wildcard, where only words can stand"
        );
    }

    #[test]
    fn a_wildcard_inside_a_longer_token_is_a_word() {
        let odd: SubjectPattern = "foo*bar.>x".parse().unwrap();

        assert!(odd.is_literal());
        assert!(odd.is_ambiguous());
        assert!(Subject::try_from(odd).is_ok());
        for plain in ["foo*bar", "foo.*", "*.>", "foo>"] {
            let pattern: SubjectPattern = plain.parse().unwrap();

            assert!(!pattern.is_ambiguous(), "{plain}");
        }
    }

    #[test]
    fn a_pattern_is_read_from_json_only_if_it_is_valid() {
        let read = serde_json::from_str::<SubjectPattern>("\"a.>\"").unwrap();

        assert_eq!(read.raw(), "a.>");
        assert!(serde_json::from_str::<SubjectPattern>("\"a b\"").is_err());
        assert!(serde_json::from_str::<Subject>("\"a.>\"").is_err());
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"a.>\"");
    }
}
