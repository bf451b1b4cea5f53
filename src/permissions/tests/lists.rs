//! Random entries of permission lists, of few letters so that they meet, and the releases that decide over them differently.

use proptest::prelude::*;

use crate::jwt::release::Release;

pub(crate) const RELEASES: [Release; 3] =
    [Release(2, 11, 11), Release(2, 12, 8), Release(2, 15, 1)];

/// Of up to three tokens; `word` is what a word may be, as a regular expression.
pub(crate) fn pattern(word: &'static str) -> impl Strategy<Value = String> {
    let tokens = prop::collection::vec(prop_oneof![word, Just("*".to_owned())], 0..3);
    let last = prop_oneof!["[ab]", Just("*".into()), Just(">".into())];
    (tokens, last).prop_map(|(mut tokens, last)| {
        tokens.push(last);
        tokens.join(".")
    })
}

/// Of a subscribe list: some name a queue.
pub(crate) fn entry(word: &'static str) -> impl Strategy<Value = String> {
    let queue = prop_oneof![3 => Just(""), 1 => Just(" q1"), 1 => Just(" q*"), 1 => Just(" *")];
    (pattern(word), queue).prop_map(|(pattern, queue)| pattern + queue)
}
