//! Entries of a subscribe list: a pattern, and a queue after a space where one is meant. Publish lists hold patterns only.
//!
//! ```text
//! orders.> workers.*      subscriptions to orders.> in a queue that workers.* admits
//! ```
//!
//! Read as `splitSubjectQueue` does, and compared as `queueMatches` does (`server/client.go`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::{ANY, REST, SubjectError, SubjectPattern, check_pattern, checked_text};
use crate::text::Text;

/// Why a text is no entry of a subscribe list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("the entry is empty")]
    Empty,
    #[error("\"{0}\" has more than a subject and a queue")]
    TooManyWords(Text),
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error("as a queue: {0}")]
    Queue(SubjectError),
}

checked_text!(
    /// The queue names that an entry speaks of: one name, or a pattern of names.
    QueuePattern,
    SubjectError,
    check_pattern
);

impl QueuePattern {
    /// Whether a subscription's queue is meant. The name is the client's and under no rule, so it may hold wildcards and empty
    /// tokens; the server's own comparison is followed to the letter, down to `*b` in a pattern with wildcards being `*`.
    pub fn admits(&self, queue: &Text) -> bool {
        let is_wild = self.tokens().any(|token| token == ANY || token == REST);
        self.0 == *queue || (is_wild && is_in(queue.raw().split('.'), self.tokens()))
    }
}

/// `subjectIsSubsetMatch` of the server, for texts that need not be valid.
fn is_in<'a>(
    mut name: impl Iterator<Item = &'a str>,
    mut pattern: impl Iterator<Item = &'a str>,
) -> bool {
    loop {
        match (pattern.next(), name.next()) {
            (None, None) | (Some(REST), Some(_)) => return true,
            (Some(_), Some("" | REST)) => return false,
            (Some(ANY), Some(_)) => {}
            (Some(_), Some(ANY)) => return false,
            (Some(token), Some(word)) if token.starts_with(ANY) || token == word => {}
            _ => return false,
        }
    }
}

/// One entry of a subscribe list. Without a queue it speaks of all subscriptions, in a queue or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "Text")]
pub struct SubscribeEntry {
    pub pattern: SubjectPattern,
    pub queue: Option<QueuePattern>,
}

impl TryFrom<Text> for SubscribeEntry {
    type Error = EntryError;

    fn try_from(written: Text) -> Result<Self, EntryError> {
        written.raw().parse()
    }
}

impl FromStr for SubscribeEntry {
    type Err = EntryError;

    fn from_str(written: &str) -> Result<Self, EntryError> {
        // Go's `strings.Fields` and this split at the same characters, vertical tabs and no-break spaces included.
        let mut words = written.split_whitespace();
        let pattern = words.next().ok_or(EntryError::Empty)?.parse()?;
        let queue = words
            .next()
            .map(|queue| queue.parse().map_err(EntryError::Queue))
            .transpose()?;
        match words.next() {
            Some(_) => Err(EntryError::TooManyWords(written.into())),
            None => Ok(Self { pattern, queue }),
        }
    }
}

impl From<SubjectPattern> for SubscribeEntry {
    fn from(pattern: SubjectPattern) -> Self {
        Self {
            pattern,
            queue: None,
        }
    }
}

impl fmt::Display for SubscribeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.queue {
            Some(queue) => f.pad(&format!("{} {queue}", self.pattern)),
            None => fmt::Display::fmt(&self.pattern, f),
        }
    }
}

impl Serialize for SubscribeEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_pattern_and_perhaps_a_queue() {
        let entry: SubscribeEntry = " orders.>  workers.* ".parse().unwrap();

        assert_eq!(entry.pattern.raw(), "orders.>");
        assert_eq!(entry.queue.as_ref().unwrap().raw(), "workers.*");
        assert_eq!(entry.to_string(), "orders.> workers.*");
        assert_eq!("a".parse::<SubscribeEntry>().unwrap().queue, None);
    }

    #[test]
    fn a_broken_entry_says_which_half_is_broken() {
        let fault = |written: &str| written.parse::<SubscribeEntry>().unwrap_err().to_string();

        assert_eq!(fault(" "), "the entry is empty");
        assert_eq!(
            fault("a b c"),
            "\"a b c\" has more than a subject and a queue"
        );
        assert_eq!(fault("a..b q"), "token 2 of \"a..b\" is empty");
        assert_eq!(fault("a q."), "as a queue: token 2 of \"q.\" is empty");
    }
}
