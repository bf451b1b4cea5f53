//! A JetStream stream as a server tells it, as far as it says which messages it keeps.

use crate::jwt::subject::SubjectPattern;
use crate::text::Text;

/// A stream of one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamRow {
    pub name: Text,
    /// What it listens to. A mirror listens to nothing.
    pub subjects: Vec<SubjectPattern>,
    /// Streams that it copies: the one that it mirrors, or its sources.
    pub copies: Vec<Origin>,
}

/// A stream that another one copies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    pub stream: Text,
    /// Only these; empty is all.
    pub filters: Vec<SubjectPattern>,
    /// Whether it lies in the same account and domain.
    pub is_near: bool,
}

impl StreamRow {
    /// Whether a message on one of these subjects is kept, given the streams of the account that keep it already.
    pub fn keeps(&self, heard: &SubjectPattern, kept: &[&Self]) -> bool {
        let copied = |origin: &Origin| {
            let is_let = origin.filters.is_empty()
                || origin.filters.iter().any(|filter| filter.overlaps(heard));
            origin.is_near && is_let && kept.iter().any(|stream| stream.name == origin.stream)
        };
        self.subjects.iter().any(|subject| subject.overlaps(heard))
            || self.copies.iter().any(copied)
    }

    /// The streams that keep a message on one of these subjects, copies of copies among them.
    pub fn keeping<'a>(streams: &'a [Self], heard: &SubjectPattern) -> Vec<&'a Self> {
        let mut kept: Vec<&Self> = Vec::new();
        loop {
            let more: Vec<&Self> = streams
                .iter()
                .filter(|stream| !kept.contains(stream) && stream.keeps(heard, &kept))
                .collect();
            if more.is_empty() {
                return kept;
            }
            kept.extend(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str, subjects: &[&str], copies: &[(&str, &[&str])]) -> StreamRow {
        let patterns = |all: &[&str]| all.iter().map(|one| one.parse().unwrap()).collect();
        StreamRow {
            name: name.into(),
            subjects: patterns(subjects),
            copies: copies
                .iter()
                .map(|(stream, filters)| Origin {
                    stream: (*stream).into(),
                    filters: patterns(filters),
                    is_near: true,
                })
                .collect(),
        }
    }

    #[test]
    fn a_copy_keeps_what_its_origin_keeps_and_its_filter_lets_through() {
        let streams = [
            stream("second", &[], &[("first", &[])]),
            stream("first", &[], &[("origin", &[])]),
            stream("origin", &["orders.>"], &[]),
            stream("narrow", &[], &[("origin", &["orders.us.>"])]),
            stream("other", &["bills.>"], &[]),
        ];
        let names = |heard: &str| -> Vec<String> {
            StreamRow::keeping(&streams, &heard.parse().unwrap())
                .iter()
                .map(|stream| stream.name.to_string())
                .collect()
        };

        assert_eq!(names("orders.eu.created"), ["origin", "first", "second"]);
        assert_eq!(
            names("orders.us.*"),
            ["origin", "first", "narrow", "second"]
        );
        assert!(names("else").is_empty());
    }
}
