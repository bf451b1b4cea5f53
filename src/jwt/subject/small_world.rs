//! Proves the algebra by exhaustion: all patterns of up to three tokens over `a b * >`, against all subjects of up to four
//! tokens over `a b c`.
//!
//! That universe is enough. A pattern cannot tell one word that it does not name from another, so `c` stands for all of
//! them; and no pattern looks past its third token, so four tokens stand for all greater lengths (three do not: `*.*.*`
//! ends there and `*.*.>` does not). So two of these sets, or unions of them, differ on all subjects only if they do here.

use super::*;

/// One bit for each of the 120 subjects.
type Members = u128;

const SUBJECTS: usize = 3 + 9 + 27 + 81;
const PATTERNS: usize = 3 + 9 + 27 + 1 + 3 + 9;

/// All sequences of up to `longest` tokens.
fn sequences(tokens: &[&str], longest: usize) -> Vec<String> {
    let mut last: Vec<String> = tokens.iter().map(ToString::to_string).collect();
    let mut all = last.clone();
    for _ in 1..longest {
        let longer = |shorter: &String| {
            let shorter = shorter.clone();
            tokens.iter().map(move |token| format!("{shorter}.{token}"))
        };
        last = last.iter().flat_map(longer).collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn subjects() -> Vec<String> {
    sequences(&["a", "b", "c"], 4)
}

/// What a pattern means, said a second time, by recursion.
fn means(pattern: &[&str], subject: &[&str]) -> bool {
    match (pattern, subject) {
        ([], []) | ([">"], [_, ..]) => true,
        (["*", pattern @ ..], [_, subject @ ..]) => means(pattern, subject),
        ([token, pattern @ ..], [word, subject @ ..]) => token == word && means(pattern, subject),
        _ => false,
    }
}

/// Every pattern with its members.
fn world() -> Vec<(SubjectPattern, Members)> {
    let subjects = subjects();
    assert_eq!(subjects.len(), SUBJECTS);
    let with_members = |pattern: SubjectPattern| {
        let tokens: Vec<&str> = pattern.tokens().collect();
        let members = (0..).zip(&subjects).fold(0, |members, (bit, subject)| {
            let subject: Vec<&str> = subject.split('.').collect();
            members | Members::from(means(&tokens, &subject)) << bit
        });
        (pattern, members)
    };
    let world: Vec<_> = sequences(&["a", "b", "*", ">"], 3)
        .iter()
        .filter_map(|written| written.parse().ok())
        .map(with_members)
        .collect();
    assert_eq!(world.len(), PATTERNS);
    world
}

fn members_of(world: &[(SubjectPattern, Members)], pattern: &SubjectPattern) -> Members {
    world.iter().find(|(known, _)| known == pattern).unwrap().1
}

#[test]
fn a_pattern_matches_exactly_its_members() {
    let subjects: Vec<Subject> = subjects()
        .iter()
        .map(|written| written.parse().unwrap())
        .collect();
    for (pattern, members) in world() {
        for (bit, subject) in (0..).zip(&subjects) {
            assert_eq!(
                pattern.matches(subject),
                members >> bit & 1 == 1,
                "{pattern} {subject}"
            );
        }
    }
}

#[test]
fn subset_overlap_and_equality_are_those_of_the_members() {
    let world = world();
    for (left, in_left) in &world {
        for (right, in_right) in &world {
            assert_eq!(
                left.is_subset_of(right),
                in_left & !in_right == 0,
                "{left} in {right}"
            );
            assert_eq!(
                left.overlaps(right),
                in_left & in_right != 0,
                "{left} and {right}"
            );
            assert_eq!(left == right, in_left == in_right, "{left} is {right}");
        }
    }
}

#[test]
fn the_intersection_has_exactly_the_shared_members() {
    let world = world();
    for (left, in_left) in &world {
        for (right, in_right) in &world {
            let both = left.intersection(right);
            let in_both = both.map_or(0, |both| members_of(&world, &both));

            assert_eq!(in_both, in_left & in_right, "{left} and {right}");
        }
    }
}

#[test]
fn the_widest_pattern_that_is_found_holds_all_that_are() {
    let world = world();
    for (kept, _) in &world {
        let widest = kept.widest_found();

        assert!(kept.is_found_for(&widest), "{kept}");
        for (asked, in_asked) in world.iter().filter(|(asked, _)| kept.is_found_for(asked)) {
            assert_eq!(in_asked & !members_of(&world, &widest), 0, "{kept} {asked}");
        }
    }
}

/// Checks one difference: nothing is left exactly if the members say so, and what is given is really left.
fn check_difference(whole: &(SubjectPattern, Members), others: &[&(SubjectPattern, Members)]) {
    let covered = others
        .iter()
        .fold(0, |covered, (_, members)| covered | members);
    let patterns = || others.iter().map(|(pattern, _)| pattern);

    let left = whole.0.outside(patterns());

    assert_eq!(
        left.is_none(),
        whole.1 & !covered == 0,
        "{whole:?} {others:?}"
    );
    assert_eq!(left.is_none(), whole.0.is_covered_by(patterns()));
    if let Some(subject) = left {
        assert!(whole.0.matches(&subject), "{whole:?} {subject}");
        assert!(
            !patterns().any(|other| other.matches(&subject)),
            "{subject} {others:?}"
        );
    }
}

#[test]
fn the_difference_with_up_to_two_patterns_is_that_of_the_members() {
    let world = world();
    for whole in &world {
        check_difference(whole, &[]);
        for first in &world {
            check_difference(whole, &[first]);
            for second in &world {
                check_difference(whole, &[first, second]);
            }
        }
    }
}
