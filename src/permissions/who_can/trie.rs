//! A trie of patterns, by tokens: which of them share a subject with another pattern. Patterns are numbers, in the order of
//! their tokens, so that everything below a node is a range of them.

use std::ops::Range;

use crate::jwt::subject::SubjectPattern;

/// Patterns in one text, by number, ordered by their tokens and none twice.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) text: String,
    /// Where each ends.
    pub(super) ends: Vec<u32>,
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, number: u32) -> &str {
        let at = number as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.copied().unwrap_or_default() as usize;
        let end = self.ends.get(at).copied().unwrap_or_default() as usize;
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    pub(super) fn push(&mut self, pattern: &str) {
        self.text.push_str(pattern);
        self.ends.push(number_of(self.text.len()));
    }
}

/// A token of some patterns, and where the patterns are that begin so.
struct Node {
    /// The token is in the first of the patterns, from here to there.
    token_from: u32,
    token_to: u32,
    children_from: u32,
    children_to: u32,
    patterns_from: u32,
    patterns_to: u32,
}

pub(super) struct Trie {
    nodes: Vec<Node>,
    roots: usize,
}

impl Trie {
    /// Builds it level by level, so that the children of a node lie side by side.
    pub(super) fn of(texts: &Texts) -> Self {
        let mut trie = Self {
            nodes: Vec::new(),
            roots: 0,
        };
        let count = number_of(texts.len());
        trie.grow(texts, 0..count, 0);
        trie.roots = trie.nodes.len();
        let mut next = 0;
        while let Some(node) = trie.nodes.get(next) {
            let (patterns, after) = (node.patterns_from..node.patterns_to, node.token_to);
            let from = trie.nodes.len();
            // One that ends here goes before those that go on.
            let ends = texts.get(patterns.start).len() == after as usize;
            let below = patterns.start + u32::from(ends)..patterns.end;
            trie.grow(texts, below, after as usize + 1);
            let to = trie.nodes.len();
            if let Some(node) = trie.nodes.get_mut(next) {
                node.children_from = number_of(from);
                node.children_to = number_of(to);
            }
            next += 1;
        }
        trie.nodes.shrink_to_fit();
        trie
    }

    /// Adds a node for each token that stands at a place of these patterns.
    fn grow(&mut self, texts: &Texts, patterns: Range<u32>, at: usize) {
        let start = self.nodes.len();
        for number in patterns {
            let token = token_at(texts.get(number), at);
            let last = self.nodes.get_mut(start..).and_then(<[Node]>::last_mut);
            match last {
                Some(node) if token_of(texts, node) == token => node.patterns_to = number + 1,
                Some(_) | None => self.nodes.push(Node {
                    token_from: number_of(at),
                    token_to: number_of(at + token.len()),
                    children_from: 0,
                    children_to: 0,
                    patterns_from: number,
                    patterns_to: number + 1,
                }),
            }
        }
    }

    /// The patterns that share a subject with this one.
    pub(super) fn overlapping(
        &self,
        texts: &Texts,
        asked: &SubjectPattern,
        reach: Reach,
        found: &mut impl FnMut(u32),
    ) {
        let tokens: Vec<&str> = asked.tokens().collect();
        let walk = Walk {
            trie: self,
            texts,
            reach,
        };
        walk.below(0..self.roots, &tokens, found);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }
}

/// Whether a last `*` stands for one word, or for what a subscription gets by it: one word or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    AsWritten,
    AsSubscribed,
}

/// One look into the trie.
struct Walk<'a> {
    trie: &'a Trie,
    texts: &'a Texts,
    reach: Reach,
}

impl Walk<'_> {
    fn below(&self, nodes: Range<usize>, asked: &[&str], found: &mut impl FnMut(u32)) {
        let Some((token, rest)) = asked.split_first() else {
            return;
        };
        let level = self.trie.nodes.get(nodes).unwrap_or_default();
        match *token {
            ">" => {
                for node in level {
                    (node.patterns_from..node.patterns_to).for_each(&mut *found);
                }
            }
            "*" => {
                for node in level {
                    self.visit(node, rest, found);
                }
            }
            word => {
                for wanted in [word, "*", ">"] {
                    let place =
                        level.binary_search_by(|node| in_order(token_of(self.texts, node), wanted));
                    if let Some(node) = place.ok().and_then(|place| level.get(place)) {
                        self.visit(node, rest, found);
                    }
                }
            }
        }
    }

    /// A node whose token fits, with what is asked behind it.
    fn visit(&self, node: &Node, rest: &[&str], found: &mut impl FnMut(u32)) {
        let is_open = match token_of(self.texts, node) {
            ">" => true,
            "*" => self.reach == Reach::AsSubscribed,
            _ => false,
        };
        let ends = self.texts.get(node.patterns_from).len() == node.token_to as usize;
        if ends && (rest.is_empty() || is_open) {
            found(node.patterns_from);
        }
        let children = node.children_from as usize..node.children_to as usize;
        self.below(children, rest, found);
    }
}

fn token_at(pattern: &str, at: usize) -> &str {
    let rest = pattern.get(at..).unwrap_or_default();
    rest.split('.').next().unwrap_or_default()
}

fn token_of<'a>(texts: &'a Texts, node: &Node) -> &'a str {
    let first = texts.get(node.patterns_from);
    first
        .get(node.token_from as usize..node.token_to as usize)
        .unwrap_or_default()
}

/// A place in a text or a table; no more than 32 bits of them are held.
pub(super) fn number_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The order of patterns by their tokens: a dot before everything else.
pub(super) fn in_order(a: &str, b: &str) -> std::cmp::Ordering {
    let key = |byte: u8| if byte == b'.' { 0 } else { u16::from(byte) + 1 };
    a.bytes().map(key).cmp(b.bytes().map(key))
}
