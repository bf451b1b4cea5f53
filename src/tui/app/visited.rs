//! The places where one was, in order, like the pages of a browser: the last one, one back, one forward. Where in a place one
//! stood, the place itself keeps.

use crate::tui::views::ViewKind;

/// More are forgotten, the oldest first.
const MOST: usize = 50;

/// The places, and which of them one stands in.
#[derive(Clone, Debug)]
pub(super) struct Visited {
    places: Vec<ViewKind>,
    at: usize,
}

impl Visited {
    pub(super) fn begin(place: ViewKind) -> Self {
        Self {
            places: vec![place],
            at: 0,
        }
    }

    /// One goes to a place: what lay ahead is forgotten.
    pub(super) fn go(&mut self, place: ViewKind) {
        if self.places.get(self.at) == Some(&place) {
            return;
        }
        self.places.truncate(self.at + 1);
        self.places.push(place);
        let surplus = self.places.len().saturating_sub(MOST);
        self.places.drain(..surplus);
        self.at = self.places.len().saturating_sub(1);
    }

    /// Where one was before; going there and there again is coming back.
    pub(super) fn last(&self) -> Option<ViewKind> {
        self.places.get(self.at.checked_sub(1)?).copied()
    }

    pub(super) fn back(&mut self) -> Option<ViewKind> {
        let place = self.last()?;
        self.at -= 1;
        Some(place)
    }

    pub(super) fn forward(&mut self) -> Option<ViewKind> {
        let place = self.places.get(self.at + 1).copied()?;
        self.at += 1;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::ViewKind::{Accounts, Audit, Connections, Users};
    use super::*;

    #[test]
    fn one_goes_back_and_forward_and_a_new_way_forgets_what_lay_ahead() {
        let mut visited = Visited::begin(Accounts);
        visited.go(Users);
        visited.go(Connections);
        visited.go(Connections);

        assert_eq!(
            (visited.back(), visited.back(), visited.back()),
            (Some(Users), Some(Accounts), None)
        );
        assert_eq!(visited.forward(), Some(Users));
        visited.go(Audit);
        assert_eq!((visited.forward(), visited.last()), (None, Some(Users)));
    }

    #[test]
    fn the_last_place_and_this_one_change_places() {
        let mut visited = Visited::begin(Accounts);
        visited.go(Users);

        for wanted in [Accounts, Users, Accounts] {
            let last = visited.last().unwrap();
            visited.go(last);
            assert_eq!(last, wanted);
        }
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut visited = Visited::begin(Accounts);
        for nth in 0..1_000 {
            visited.go(if nth % 2 == 0 { Users } else { Audit });
        }

        assert_eq!(visited.places.len(), MOST);
        assert_eq!(visited.last(), Some(Users));
    }
}
