//! What a user may use of a set of subjects, as parts: each a pattern, less what is denied of it. A right is the union of its
//! parts, and a part that holds a subject has one to show, so that a question over a set is answered by a single subject.
//!
//! ```text
//! allow orders.>   deny orders.debug.>   deny *.secret
//! orders.>  less orders.debug.>  *.secret         shown by orders.x
//! ```

use std::borrow::Cow;
use std::collections::HashSet;

use super::server::Lists;
use crate::jwt::subject::{Subject, SubjectPattern};
use crate::permissions::{Rule, Verb, release};

/// A part of a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Area<'a> {
    pub(super) pattern: SubjectPattern,
    /// What is not in it, though in the pattern.
    pub(super) except: Vec<Cow<'a, SubjectPattern>>,
    /// The allow that it comes from.
    pub(super) by: &'a Rule,
    /// The subscription that brings it, where one to its subjects alone is refused.
    pub(super) through: Option<SubjectPattern>,
}

impl Area<'_> {
    /// A subject that is in it; `None`: it is empty.
    pub(super) fn example(&self) -> Option<Subject> {
        self.pattern
            .outside(self.except.iter().map(|except| &**except))
    }
}

/// How many sets [`left_out`] looks into before it gives up: lists that need more are made for that.
const MOST_LOOKS: usize = 10_000;

/// A subject of a part that none of the others holds; `None`: they hold all of it. Where lists were written to make this
/// long it ends with `Err`, and nothing is known.
pub(super) fn left_out(
    whole: &SubjectPattern,
    except: &[&SubjectPattern],
    others: &[Area<'_>],
) -> Result<Option<Subject>, Endless> {
    let others: Vec<&Area<'_>> = others.iter().collect();
    let mut looks = MOST_LOOKS;
    look(whole, except, &others, &mut looks)
}

/// Said of lists whose rights cannot be told apart in a sensible time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endless;

/// Outside of all patterns, or in one of them and in what it leaves out.
fn look(
    whole: &SubjectPattern,
    except: &[&SubjectPattern],
    others: &[&Area<'_>],
    looks: &mut usize,
) -> Result<Option<Subject>, Endless> {
    *looks = looks.checked_sub(1).ok_or(Endless)?;
    let patterns = others.iter().map(|area| &area.pattern);
    if let Some(found) = whole.outside(except.iter().copied().chain(patterns)) {
        return Ok(Some(found));
    }
    let mut tried: HashSet<&SubjectPattern> = HashSet::new();
    for hole in others.iter().flat_map(|area| &area.except) {
        let Some(inside) = hole.intersection(whole).filter(|_| tried.insert(hole)) else {
            continue;
        };
        let holds = |area: &&&Area<'_>| !area.except.contains(hole);
        let rest: Vec<&Area<'_>> = others.iter().filter(holds).copied().collect();
        if let Some(found) = look(&inside, except, &rest, looks)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The parts of the subjects that a user may use by these lists. Some may be empty, and they may share subjects.
pub(super) fn areas<'a>(lists: &Lists<'a, '_>, asked: &SubjectPattern) -> Vec<Area<'a>> {
    match lists.verb {
        Verb::Publish => published(lists, asked),
        Verb::Subscribe => {
            let mut areas = subscribed(lists, asked);
            areas.extend(brought_by_wider(lists, asked));
            areas
        }
    }
}

fn published<'a>(lists: &Lists<'a, '_>, asked: &SubjectPattern) -> Vec<Area<'a>> {
    let denies: Vec<(&Rule, Vec<SubjectPattern>)> = lists
        .deny
        .iter()
        .map(|deny| (*deny, lists.forgotten(deny, &lists.deny)))
        .collect();
    let area = |pattern: SubjectPattern, by: &'a Rule, holes: &[SubjectPattern]| {
        let hold =
            |forgotten: &[SubjectPattern]| !forgotten.iter().any(|hole| pattern.is_subset_of(hole));
        let kept = denies.iter().filter(|(_, forgotten)| hold(forgotten));
        let kept = kept.filter(|(deny, _)| deny.pattern.overlaps(&pattern));
        let except = kept.map(|(deny, _)| Cow::Borrowed(&deny.pattern));
        let holes = holes.iter().cloned().map(Cow::Owned);
        Area {
            except: except.chain(holes).collect(),
            pattern,
            by,
            through: None,
        }
    };
    let mut areas = Vec::new();
    for allow in &lists.allow {
        let Some(pattern) = allow.pattern.intersection(asked) else {
            continue;
        };
        let holes = lists.forgotten(allow, &lists.allow);
        let left_open = denies.iter().flat_map(|(_, forgotten)| forgotten);
        for open in left_open.filter_map(|hole| hole.intersection(&pattern)) {
            areas.push(area(open, allow, &holes));
        }
        areas.push(area(pattern, allow, &holes));
    }
    areas
}

/// What subscriptions to single subjects bring. An entry with a queue has the word for subscriptions of a queue: where one
/// speaks, plain allows count no more, and in older releases plain denies neither.
fn subscribed<'a>(lists: &Lists<'a, '_>, asked: &SubjectPattern) -> Vec<Area<'a>> {
    let of = |rules: &[&'a Rule], named: Option<bool>| -> Vec<&'a Rule> {
        let has = |rule: &&&Rule| lists.names_queue(rule) == named;
        let in_queue = named.is_none() || lists.queue.is_some();
        rules
            .iter()
            .filter(has)
            .filter(|_| in_queue)
            .copied()
            .collect()
    };
    let strangers = of(&lists.allow, Some(false));
    let denies = of(&lists.deny, None);
    let own_denies = of(&lists.deny, Some(true));
    let overruled = if release::holds_denies_that_overlap(lists.release) {
        Vec::new()
    } else {
        of(&lists.deny, Some(false))
    };
    let mut areas = Vec::new();
    for (allows, others) in [
        (of(&lists.allow, None), strangers.as_slice()),
        (of(&lists.allow, Some(true)), &[]),
    ] {
        for by in allows {
            let Some(pattern) = by.pattern.intersection(asked) else {
                continue;
            };
            let area = |pattern: SubjectPattern, except: &[&[&'a Rule]]| Area {
                except: except
                    .iter()
                    .flat_map(|rules| rules.iter())
                    .filter(|rule| rule.pattern.overlaps(&pattern))
                    .map(|rule| Cow::Borrowed(&rule.pattern))
                    .collect(),
                pattern,
                by,
                through: None,
            };
            for open in overruled
                .iter()
                .filter_map(|rule| rule.pattern.intersection(&pattern))
            {
                areas.push(area(open, &[others, &own_denies]));
            }
            areas.push(area(pattern, &[others, &denies, &own_denies]));
        }
    }
    areas
}

/// What is beyond an allow that ends in `*`: a server finds it for a subscription with `>` in that place, and then brings
/// everything below.
fn brought_by_wider<'a>(lists: &Lists<'a, '_>, asked: &SubjectPattern) -> Vec<Area<'a>> {
    let wider = lists.allow.iter().filter_map(|by| {
        let through = by.pattern.widest_found();
        let pattern = through.intersection(asked)?;
        (through != by.pattern && lists.admit(&through)).then_some((*by, through, pattern))
    });
    wider
        .map(|(by, through, pattern)| Area {
            except: lists
                .kept_back(&through)
                .map(|rule| Cow::Borrowed(&rule.pattern))
                .collect(),
            pattern,
            by,
            through: Some(through),
        })
        .collect()
}
