//! Holds what we say of subjects against what nats-server 2.15.1 said of the same ones (`tests/data/subject`, with the program
//! that asked it).

use serde::Deserialize;

use super::*;

const RELATIONS: &str = include_str!("../../../tests/data/subject/relations.txt");
const PARSING: &str = include_str!("../../../tests/data/subject/parsing.jsonl");
const QUEUES: &str = include_str!("../../../tests/data/subject/queues.jsonl");

/// The lines below a `# title`.
fn section(title: &str) -> impl Iterator<Item = &'static str> {
    RELATIONS
        .lines()
        .skip_while(move |line| line.strip_prefix("# ") != Some(title))
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
}

fn subjects(world: &str) -> Vec<SubjectPattern> {
    let line = section(&format!("{world} subjects")).next().unwrap();
    line.split(' ')
        .map(|written| written.parse().unwrap())
        .collect()
}

/// The pairs of a world on which we and the server differ.
fn differences(
    world: &str,
    relation: &str,
    ours: fn(&SubjectPattern, &SubjectPattern) -> bool,
) -> Vec<(SubjectPattern, SubjectPattern)> {
    let subjects = subjects(world);
    let rows: Vec<&str> = section(&format!("{world} {relation}")).collect();
    assert_eq!(rows.len(), subjects.len());
    let pairs = subjects.iter().zip(rows).flat_map(|(left, row)| {
        assert_eq!(row.len(), subjects.len());
        subjects
            .iter()
            .zip(row.chars())
            .map(move |(right, bit)| (left, right, bit == '1'))
    });
    pairs
        .filter(|(left, right, theirs)| ours(left, right) != *theirs)
        .map(|(left, right, _)| (left.clone(), right.clone()))
        .collect()
}

#[test]
fn a_permission_list_finds_what_the_servers_list_finds() {
    for world in ["plain", "odd"] {
        let differ = differences(world, "found_for", |asked, kept| kept.is_found_for(asked));

        assert_eq!(differ, [], "{world}");
    }
}

#[test]
fn subset_is_the_servers_and_differs_only_on_ambiguous_patterns() {
    assert_eq!(
        differences("plain", "subset", SubjectPattern::is_subset_of),
        []
    );
    let odd = differences("odd", "subset", SubjectPattern::is_subset_of);
    assert!(!odd.is_empty());
    for (left, right) in odd {
        assert!(right.is_ambiguous(), "{left} in {right}");
    }
}

#[test]
fn overlap_is_the_servers_and_differs_only_on_ambiguous_patterns() {
    assert_eq!(
        differences("plain", "collide", SubjectPattern::overlaps),
        []
    );
    let odd = differences("odd", "collide", SubjectPattern::overlaps);
    assert!(!odd.is_empty());
    for (left, right) in odd {
        assert!(
            left.is_ambiguous() || right.is_ambiguous(),
            "{left} and {right}"
        );
    }
}

#[test]
fn the_same_texts_are_subjects_patterns_and_entries() {
    #[derive(Deserialize)]
    struct Parsed {
        text: String,
        pattern: bool,
        literal: bool,
        entry: Option<(String, String)>,
    }
    for line in PARSING.lines() {
        let server: Parsed = serde_json::from_str(line).unwrap();
        let entry = server.text.parse::<SubscribeEntry>().ok().map(|entry| {
            let queue = entry
                .queue
                .map_or(String::new(), |queue| queue.raw().to_owned());
            (entry.pattern.raw().to_owned(), queue)
        });

        assert_eq!(
            server.text.parse::<SubjectPattern>().is_ok(),
            server.pattern,
            "{line}"
        );
        assert_eq!(
            server.text.parse::<Subject>().is_ok(),
            server.literal,
            "{line}"
        );
        assert_eq!(entry, server.entry, "{line}");
    }
}

#[test]
fn queues_are_admitted_as_the_server_admits_them() {
    #[derive(Deserialize)]
    struct Answer {
        asked: Text,
        pattern: QueuePattern,
        admits: bool,
    }
    for line in QUEUES.lines() {
        let server: Answer = serde_json::from_str(line).unwrap();

        assert_eq!(
            server.pattern.admits(&server.asked),
            server.admits,
            "{line}"
        );
    }
}
