//! A tree as lines, of which only the seen ones are drawn. What can be opened, and what is open, is the view's.
//!
//! ```text
//!  ▾ acme                    operator
//!    ▾ ORDERS                 6 users
//!      ▌· worker              3 conns
//! ```

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::glyph::Glyph;
use super::table::show_altered;
use super::{Paint, Painted, Target, line_of};
use crate::text::Text;
use crate::tui::theme::Role;

/// What can be shown as an outline: things with things below them.
pub trait Tree {
    type Key: Clone + Eq + Hash;

    /// What stands below a thing, in order; `None`: at the top.
    fn below(&self, of: Option<&Self::Key>) -> Vec<Self::Key>;

    /// Whether it can be opened. Cheaper than asking for what stands below.
    fn is_branch(&self, key: &Self::Key) -> bool;

    /// How it looks; asked for seen lines only.
    fn entry(&self, key: &Self::Key) -> Entry;
}

/// A thing in an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The sign of a thing that cannot be opened, or is in a state that has to be seen.
    pub glyph: Option<(Glyph, Role)>,
    pub name: Text,
    pub role: Role,
    /// Words of ours at the right.
    pub count: String,
    pub count_role: Role,
}

/// A line: a thing, how deep it stands, and whether it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<K> {
    pub key: K,
    pub depth: u16,
    pub fold: Fold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    Open,
    Closed,
    Leaf,
}

/// The lines of a tree of which the things in `open` are open.
pub fn lines<T: Tree, S: BuildHasher>(tree: &T, open: &HashSet<T::Key, S>) -> Vec<Line<T::Key>> {
    let mut lines = Vec::new();
    let mut waiting: Vec<(T::Key, u16)> = tree
        .below(None)
        .into_iter()
        .rev()
        .map(|key| (key, 0))
        .collect();
    while let Some((key, depth)) = waiting.pop() {
        let fold = match (tree.is_branch(&key), open.contains(&key)) {
            (true, true) => Fold::Open,
            (true, false) => Fold::Closed,
            (false, _) => Fold::Leaf,
        };
        if fold == Fold::Open {
            waiting.extend(
                tree.below(Some(&key))
                    .into_iter()
                    .rev()
                    .map(|key| (key, depth + 1)),
            );
        }
        lines.push(Line { key, depth, fold });
    }
    lines
}

/// Where an outline is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The first line that is seen.
    pub offset: usize,
    pub cursor: usize,
}

/// Draws the lines that fit, from `offset` on.
pub fn paint<T: Tree>(
    paint: &Paint<'_>,
    area: Rect,
    (tree, lines): (&T, &[Line<T::Key>]),
    spot: Spot,
    buf: &mut Buffer,
) -> Painted {
    let mut painted = Painted {
        rows: area,
        ..Painted::default()
    };
    for ((at, line), nth) in lines
        .iter()
        .enumerate()
        .skip(spot.offset)
        .zip(0..area.height)
    {
        let place = line_of(area, nth);
        painted.targets.push((place, Target::Row(at)));
        one(
            paint,
            place,
            (line, &tree.entry(&line.key)),
            at == spot.cursor,
            buf,
        );
    }
    painted
}

fn one<K>(
    paint: &Paint<'_>,
    place: Rect,
    (line, entry): (&Line<K>, &Entry),
    under_cursor: bool,
    buf: &mut Buffer,
) {
    buf.set_style(place, paint.style(Role::Text));
    let (sign, sign_role) = entry.glyph.unwrap_or(match line.fold {
        Fold::Open => (Glyph::Open, Role::Muted),
        Fold::Closed => (Glyph::Closed, Role::Muted),
        Fold::Leaf => (Glyph::Dot, Role::Muted),
    });
    let x = place.x + 1 + (2 * line.depth).min(place.width / 2);
    let end = place.right().saturating_sub(1);
    paint.put(
        buf,
        Position::new(x, place.y),
        1,
        paint.glyph(sign),
        sign_role,
    );
    let count_begin = paint.put_right(
        buf,
        Position::new(x + 2, place.y),
        end.saturating_sub(x + 2),
        &entry.count,
        entry.count_role,
    );
    let room = count_begin.saturating_sub(x + 3);
    paint.put(
        buf,
        Position::new(x + 2, place.y),
        room,
        &entry.name.to_string(),
        entry.role,
    );
    if entry.name.is_altered() {
        show_altered(
            paint,
            Rect {
                x: x + 2,
                width: room,
                ..place
            },
            buf,
        );
        paint.put(
            buf,
            Position::new(x + 1, place.y),
            1,
            paint.glyph(Glyph::Altered),
            Role::Unsafe,
        );
    }
    if under_cursor {
        paint.put(
            buf,
            Position::new(x.saturating_sub(1), place.y),
            1,
            paint.glyph(Glyph::Cursor),
            Role::Accent,
        );
        buf.set_style(place, paint.style(Role::Cursor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Numbers;

    impl Tree for Numbers {
        type Key = u32;

        fn below(&self, of: Option<&u32>) -> Vec<u32> {
            of.map_or_else(|| vec![1, 2], |of| vec![of * 10 + 1, of * 10 + 2])
        }

        fn is_branch(&self, key: &u32) -> bool {
            *key < 10
        }

        fn entry(&self, key: &u32) -> Entry {
            let name = key.to_string().into();
            Entry {
                glyph: None,
                name,
                role: Role::Text,
                count: String::new(),
                count_role: Role::Muted,
            }
        }
    }

    #[test]
    fn what_is_open_is_followed_by_what_stands_below_it() {
        let shown = |open: &[u32]| {
            let open: HashSet<u32> = open.iter().copied().collect();
            let lines = lines(&Numbers, &open);
            lines
                .iter()
                .map(|line| (line.key, line.depth, line.fold))
                .collect::<Vec<_>>()
        };

        assert_eq!(shown(&[]), [(1, 0, Fold::Closed), (2, 0, Fold::Closed)]);
        assert_eq!(
            shown(&[1]),
            [
                (1, 0, Fold::Open),
                (11, 1, Fold::Leaf),
                (12, 1, Fold::Leaf),
                (2, 0, Fold::Closed)
            ]
        );
        assert_eq!(shown(&[12]).len(), 2);
    }
}
