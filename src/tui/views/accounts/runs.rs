//! The lines of the tree as runs: a thing that can be opened is one line, the users that stand together are as many as there are,
//! and are not listed. It knows neither cursor nor filter.

use std::ops::Range;

use super::sieve::Kept;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::tui::widgets::outline::Fold;

/// What a line is, whatever else comes and goes. A user may be known in two accounts, by a token that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Thing {
    Operator,
    Account(AccountId),
    Role(PublicKey),
    User(AccountId, UserId),
}

/// Where a thing is in the tree that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Operator,
    Account(usize),
    Role(usize),
    /// By its place.
    User(u32),
}

/// Lines that belong together: one thing that can be opened, or the users that stand below it.
#[derive(Clone, Debug)]
struct Run {
    first: usize,
    depth: u16,
    of: Of,
}

#[derive(Clone, Debug)]
pub(super) enum Of {
    One(Item, Fold),
    /// Which of the users that are kept.
    Users(Range<usize>),
}

/// All lines, from the first.
#[derive(Default)]
pub(super) struct Runs {
    runs: Vec<Run>,
    len: usize,
}

impl Runs {
    pub(super) fn push(&mut self, depth: u16, of: Of) {
        let lines = match &of {
            Of::One(..) => 1,
            Of::Users(ranks) => ranks.len(),
        };
        if lines > 0 {
            let first = self.len;
            self.runs.push(Run { first, depth, of });
            self.len += lines;
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing but the operator has a line.
    pub(super) fn is_bare(&self) -> bool {
        let is_operator = |run: &Run| matches!(run.of, Of::One(Item::Operator, _));
        self.runs.iter().all(is_operator)
    }

    /// What stands on a line, how deep, and whether it is open.
    pub(super) fn at(&self, line: usize, kept: &Kept) -> Option<(Item, u16, Fold)> {
        let after = self.runs.partition_point(|run| run.first <= line);
        let run = self.runs.get(after.checked_sub(1)?)?;
        match &run.of {
            Of::One(item, fold) if line == run.first => Some((*item, run.depth, *fold)),
            Of::One(..) => None,
            Of::Users(ranks) => {
                let rank = ranks.start + (line - run.first);
                let place = ranks.contains(&rank).then(|| kept.nth(rank))??;
                Some((Item::User(place), run.depth, Fold::Leaf))
            }
        }
    }

    /// The line of a thing, unless it is in what is closed, or left out.
    pub(super) fn line_of(&self, item: Item, kept: &Kept) -> Option<usize> {
        self.runs.iter().find_map(|run| match (&run.of, item) {
            (Of::Users(ranks), Item::User(place)) => {
                let rank = kept.rank(place).filter(|rank| ranks.contains(rank))?;
                Some(run.first + (rank - ranks.start))
            }
            (Of::One(one, _), item) => (*one == item).then_some(run.first),
            (Of::Users(_), _) => None,
        })
    }
}
