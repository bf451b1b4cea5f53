//! How much of what is published goes some ways, taken together.

use serde::Serialize;

use super::Path;
use super::flow::Certainty;
use crate::jwt::subject::{Subject, SubjectPattern};

/// Cases that are looked at before an account is said to hear a part only. No honest account comes near.
const CASES: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Every subject, every time.
    All,
    Some,
}

impl Path {
    /// A published subject that goes this way.
    pub fn example(&self) -> Option<Subject> {
        self.published.outside(&self.except)
    }
}

/// Whether these ways together take all of the subjects.
pub fn part(subjects: &SubjectPattern, paths: &[&Path]) -> Part {
    let sure: Vec<&Path> = paths
        .iter()
        .copied()
        .filter(|path| path.certainty == Certainty::Always)
        .collect();
    let mut cases = 0;
    if is_covered(subjects, &mut Vec::new(), &sure, &mut cases) {
        Part::All
    } else {
        Part::Some
    }
}

/// Whether the ways take every one of the subjects that are not excepted. What a way leaves is what lies outside of its pattern,
/// and each of its exceptions.
fn is_covered(
    subjects: &SubjectPattern,
    except: &mut Vec<SubjectPattern>,
    paths: &[&Path],
    cases: &mut usize,
) -> bool {
    *cases += 1;
    if subjects.is_covered_by(except.iter()) {
        return true;
    }
    let Some((path, others)) = paths.split_first() else {
        return false;
    };
    if *cases > CASES {
        return false;
    }
    except.push(path.published.clone());
    let is_outside_covered = is_covered(subjects, except, others, cases);
    except.pop();
    is_outside_covered
        && path.except.iter().all(|exception| {
            subjects
                .intersection(exception)
                .is_none_or(|left| is_covered(&left, except, others, cases))
        })
}
