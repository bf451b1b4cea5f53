//! Strings and word lists that are kept once however often they occur. Not a cache: nothing is ever taken out.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Distinct strings in one arena; a number stands for each.
#[derive(Default)]
pub(super) struct Strings {
    pub(super) kept: Arena,
    at: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// The sealed form of [`Strings`].
#[derive(Clone, Debug, Default)]
pub(super) struct Arena {
    text: String,
    ends: Vec<u32>,
}

impl Arena {
    pub(super) fn at(&self, id: u32) -> &str {
        let index = id as usize;
        let end = self.ends.get(index).copied().unwrap_or_default() as usize;
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        self.text
            .get(start.copied().unwrap_or_default() as usize..end)
            .unwrap_or_default()
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

impl Strings {
    pub(super) fn id_of(&mut self, text: &str) -> u32 {
        let Self { kept, at, hasher } = self;
        let hash = hasher.hash_one(text);
        if let Some(id) = at.find(hash, |id| kept.at(*id) == text) {
            return *id;
        }
        let id = number(kept.ends.len());
        kept.text.push_str(text);
        kept.ends.push(number(kept.text.len()));
        at.insert_unique(hash, id, |id| hasher.hash_one(kept.at(*id)));
        id
    }

    pub(super) fn seal(mut self) -> Arena {
        self.kept.text.shrink_to_fit();
        self.kept.ends.shrink_to_fit();
        self.kept
    }
}

/// Distinct lists of words, one after the other; a number stands for each.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) kept: Words,
    at: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// The sealed form of [`Lists`].
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    words: Vec<u32>,
    ends: Vec<u32>,
}

impl Words {
    pub(super) fn at(&self, id: u32) -> &[u32] {
        let index = id as usize;
        let end = self.ends.get(index).copied().unwrap_or_default() as usize;
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        self.words
            .get(start.copied().unwrap_or_default() as usize..end)
            .unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.words.capacity() + self.ends.capacity()) * size_of::<u32>()
    }
}

impl Lists {
    pub(super) fn id_of(&mut self, list: &[u32]) -> u32 {
        let Self { kept, at, hasher } = self;
        let hash = hasher.hash_one(list);
        if let Some(id) = at.find(hash, |id| kept.at(*id) == list) {
            return *id;
        }
        let id = number(kept.ends.len());
        kept.words.extend_from_slice(list);
        kept.ends.push(number(kept.words.len()));
        at.insert_unique(hash, id, |id| hasher.hash_one(kept.at(*id)));
        id
    }

    pub(super) fn seal(mut self) -> Words {
        self.kept.words.shrink_to_fit();
        self.kept.ends.shrink_to_fit();
        self.kept
    }
}

/// A chunk holds a few thousand tokens of at most 1 MiB, so offsets fit; a larger one would read as empty, not wrong.
pub(super) fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_string_comes_back_and_equal_ones_share_a_number(texts in prop::collection::vec("[ab]{0,3}", 0..40)) {
            let mut strings = Strings::default();
            let ids: Vec<u32> = texts.iter().map(|text| strings.id_of(text)).collect();
            let arena = strings.seal();

            for (text, id) in texts.iter().zip(&ids) {
                prop_assert_eq!(arena.at(*id), text);
            }
            let distinct: std::collections::HashSet<_> = texts.iter().collect();
            let used: std::collections::HashSet<_> = ids.iter().collect();
            prop_assert_eq!(distinct.len(), used.len());
        }
    }
}
