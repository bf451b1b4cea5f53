//! What a user's token grants and limits, apart from who it is about, packed so that equal terms are kept once.
//! It judges nothing: what the terms allow is `permissions`' business.
//!
//! ```text
//! word 0: which fields follow | each list: count, string numbers | each 64-bit number: low word, high word
//! ```

use super::intern::{Arena, Lists, Strings, Words, number};
use crate::jwt::limits::Limit;
use crate::jwt::time::UnixTime;
use crate::jwt::user::{AllowDeny, Permissions, Responses, Restrictions, TimeRange};
use crate::text::Text;

/// The body of a user token, as a server reads it. `S` is the kind of string: borrowed while reading, `Text` when shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms<S> {
    pub publish: Rules<S>,
    pub subscribe: Rules<S>,
    pub responses: Option<Responses>,
    /// CIDRs.
    pub networks: Vec<S>,
    pub times: Vec<Window<S>>,
    /// IANA zone of `times`; `None` is the server's own.
    pub times_location: Option<S>,
    pub subscriptions: Limit,
    pub data_bytes: Limit,
    pub payload_bytes: Limit,
    /// The token alone is enough: whoever has its text is the user.
    pub bearer: bool,
    /// Connections must come through a trusted proxy.
    pub proxy_required: bool,
    pub connection_types: Vec<S>,
    pub tags: Vec<S>,
    pub not_before: Option<UnixTime>,
}

/// Subjects that are allowed and denied. An allow list that is there and empty is not the same as none: beside a deny list it
/// allows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules<S> {
    pub allow: Option<Vec<S>>,
    pub deny: Vec<S>,
}

/// A time of day at which the user may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<S> {
    pub start: S,
    pub end: S,
}

impl<S> Default for Rules<S> {
    fn default() -> Self {
        Self {
            allow: None,
            deny: Vec::new(),
        }
    }
}

impl<S> Default for Terms<S> {
    fn default() -> Self {
        Self {
            publish: Rules::default(),
            subscribe: Rules::default(),
            responses: None,
            networks: Vec::new(),
            times: Vec::new(),
            times_location: None,
            subscriptions: Limit::NONE,
            data_bytes: Limit::NONE,
            payload_bytes: Limit::NONE,
            bearer: false,
            proxy_required: false,
            connection_types: Vec::new(),
            tags: Vec::new(),
            not_before: None,
        }
    }
}

impl Terms<Text> {
    pub fn permissions(&self) -> Permissions {
        let rules = |rules: &Rules<Text>| AllowDeny {
            allow: rules.allow.clone(),
            deny: rules.deny.clone(),
        };
        Permissions {
            publish: rules(&self.publish),
            subscribe: rules(&self.subscribe),
            responses: self.responses,
        }
    }

    pub fn restrictions(&self) -> Restrictions {
        let range = |window: &Window<Text>| TimeRange {
            start: window.start.clone(),
            end: window.end.clone(),
        };
        Restrictions {
            networks: self.networks.clone(),
            times: self.times.iter().map(range).collect(),
            times_location: self.times_location.clone().unwrap_or_default(),
            subscriptions: self.subscriptions,
            data_bytes: self.data_bytes,
            payload_bytes: self.payload_bytes,
            bearer: self.bearer,
            proxy_required: self.proxy_required,
            connection_types: self.connection_types.clone(),
        }
    }
}

const LISTS: u32 = 7;
const TIMES: u32 = 1 << 7;
const LOCATION: u32 = 1 << 8;
const RESPONSES: u32 = 1 << 9;
const BEARER: u32 = 1 << 10;
const PROXY: u32 = 1 << 11;
const NOT_BEFORE: u32 = 1 << 12;
/// An allow list that is there, perhaps empty.
const PUBLISH_ALLOW: u32 = 1 << 13;
const SUBSCRIBE_ALLOW: u32 = 1 << 14;
/// Two bits for each of the three limits from here on: 0 is zero, 1 is unlimited, 2 is written out.
const LIMITS: u32 = 15;

/// Packs terms; made once for a chunk.
#[derive(Default)]
pub(super) struct Packer {
    strings: Strings,
    lists: Lists,
    words: Vec<u32>,
}

impl Packer {
    /// The number that stands for these terms in this chunk.
    pub(super) fn id_of<S: AsRef<str>>(&mut self, terms: &Terms<S>) -> u32 {
        self.words.clear();
        self.words.push(0);
        let mut mask = 0;
        for (bit, list) in (0..LISTS).zip(lists(terms)) {
            mask |= self.list(list) << bit;
        }
        mask |= self.times(terms);
        mask |= self.numbers(terms);
        mask |= flags(terms);
        if let Some(first) = self.words.first_mut() {
            *first = mask;
        }
        self.lists.id_of(&self.words)
    }

    /// 1 if there was something to write.
    fn list<S: AsRef<str>>(&mut self, list: &[S]) -> u32 {
        if list.is_empty() {
            return 0;
        }
        self.words.push(number(list.len()));
        for item in list {
            let id = self.strings.id_of(item.as_ref());
            self.words.push(id);
        }
        1
    }

    fn times<S: AsRef<str>>(&mut self, terms: &Terms<S>) -> u32 {
        let mut mask = 0;
        if !terms.times.is_empty() {
            mask |= TIMES;
            self.words.push(number(terms.times.len()));
            for window in &terms.times {
                let ids = [&window.start, &window.end].map(|end| self.strings.id_of(end.as_ref()));
                self.words.extend_from_slice(&ids);
            }
        }
        if let Some(zone) = &terms.times_location {
            mask |= LOCATION;
            let id = self.strings.id_of(zone.as_ref());
            self.words.push(id);
        }
        mask
    }

    fn numbers<S>(&mut self, terms: &Terms<S>) -> u32 {
        let mut mask = 0;
        if let Some(responses) = terms.responses {
            mask |= RESPONSES;
            self.number(responses.max);
            self.number(responses.ttl_ns);
        }
        if let Some(UnixTime(seconds)) = terms.not_before {
            mask |= NOT_BEFORE;
            self.number(seconds);
        }
        for (index, limit) in
            (0..).zip([terms.subscriptions, terms.data_bytes, terms.payload_bytes])
        {
            let code = match limit {
                Limit::AtMost(0) => 0,
                Limit::Unlimited => 1,
                Limit::AtMost(most) => {
                    self.number(most.cast_signed());
                    2
                }
            };
            mask |= code << (LIMITS + 2 * index);
        }
        mask
    }

    fn number(&mut self, value: i64) {
        let bits = value.cast_unsigned();
        // Two halves of 64 bits: nothing is lost.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low half, then the high half"
        )]
        self.words
            .extend_from_slice(&[bits as u32, (bits >> 32) as u32]);
    }

    pub(super) fn seal(self) -> Packed {
        Packed {
            strings: self.strings.seal(),
            words: self.lists.seal(),
        }
    }
}

/// The fields that are yes or no.
fn flags<S>(terms: &Terms<S>) -> u32 {
    let flag = |set: bool, bit: u32| if set { bit } else { 0 };
    flag(terms.bearer, BEARER)
        | flag(terms.proxy_required, PROXY)
        | flag(terms.publish.allow.is_some(), PUBLISH_ALLOW)
        | flag(terms.subscribe.allow.is_some(), SUBSCRIBE_ALLOW)
}

/// The lists in the order of their bits.
fn lists<S>(terms: &Terms<S>) -> [&[S]; LISTS as usize] {
    [
        terms.publish.allow.as_deref().unwrap_or_default(),
        &terms.publish.deny,
        terms.subscribe.allow.as_deref().unwrap_or_default(),
        &terms.subscribe.deny,
        &terms.networks,
        &terms.connection_types,
        &terms.tags,
    ]
}

/// The terms of a sealed chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed {
    strings: Arena,
    words: Words,
}

impl Packed {
    /// Unpacks; a number of another chunk gives empty or wrong terms, never a panic.
    pub(super) fn terms<'a, S: From<&'a str>>(&'a self, id: u32) -> Terms<S> {
        let mut reading = Reading::new(self.words.at(id), &self.strings);
        // Rust evaluates the fields in the order in which they stand here, which is that of the words.
        Terms {
            publish: reading.rules(0, PUBLISH_ALLOW),
            subscribe: reading.rules(2, SUBSCRIBE_ALLOW),
            networks: reading.list(4),
            connection_types: reading.list(5),
            tags: reading.list(6),
            times: reading.times(),
            times_location: reading.has(LOCATION).then(|| reading.string()),
            responses: reading.responses(),
            not_before: reading.has(NOT_BEFORE).then(|| UnixTime(reading.number())),
            subscriptions: reading.limit(0),
            data_bytes: reading.limit(1),
            payload_bytes: reading.limit(2),
            bearer: reading.has(BEARER),
            proxy_required: reading.has(PROXY),
        }
    }

    /// Whether the token alone is enough; told without unpacking.
    pub(super) fn is_bearer(&self, id: u32) -> bool {
        self.words
            .at(id)
            .first()
            .is_some_and(|mask| mask & BEARER != 0)
    }

    pub(super) fn bytes(&self) -> usize {
        self.strings.bytes() + self.words.bytes()
    }
}

/// Reads the words of one list of terms from the front.
struct Reading<'a> {
    words: std::slice::Iter<'a, u32>,
    strings: &'a Arena,
    mask: u32,
}

impl<'a> Reading<'a> {
    fn new(words: &'a [u32], strings: &'a Arena) -> Self {
        let mut words = words.iter();
        let mask = words.next().copied().unwrap_or_default();
        Self {
            words,
            strings,
            mask,
        }
    }

    fn has(&self, bit: u32) -> bool {
        self.mask & bit != 0
    }

    fn word(&mut self) -> u32 {
        self.words.next().copied().unwrap_or_default()
    }

    fn number(&mut self) -> i64 {
        let (low, high) = (u64::from(self.word()), u64::from(self.word()));
        (low | high << 32).cast_signed()
    }

    fn string<S: From<&'a str>>(&mut self) -> S {
        self.strings.at(self.word()).into()
    }

    fn list<S: From<&'a str>>(&mut self, bit: u32) -> Vec<S> {
        if !self.has(1 << bit) {
            return Vec::new();
        }
        (0..self.word()).map(|_| self.string()).collect()
    }

    fn rules<S: From<&'a str>>(&mut self, bit: u32, there: u32) -> Rules<S> {
        let (allow, deny) = (self.list(bit), self.list(bit + 1));
        Rules {
            allow: self.has(there).then_some(allow),
            deny,
        }
    }

    fn times<S: From<&'a str>>(&mut self) -> Vec<Window<S>> {
        if !self.has(TIMES) {
            return Vec::new();
        }
        let count = self.word();
        let window = |_| Window {
            start: self.string(),
            end: self.string(),
        };
        (0..count).map(window).collect()
    }

    fn responses(&mut self) -> Option<Responses> {
        self.has(RESPONSES).then(|| Responses {
            max: self.number(),
            ttl_ns: self.number(),
        })
    }

    fn limit(&mut self, index: u32) -> Limit {
        match (self.mask >> (LIMITS + 2 * index)) & 3 {
            0 => Limit::NONE,
            1 => Limit::Unlimited,
            _ => Limit::AtMost(self.number().cast_unsigned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strings() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[a-c.>*]{0,4}", 0..3)
    }

    fn limit() -> impl Strategy<Value = Limit> {
        any::<i64>()
            .prop_map(Limit::of_token)
            .boxed()
            .prop_union(Just(Limit::NONE).boxed())
    }

    prop_compose! {
        fn terms()(
            rules in (prop::option::of(strings()), strings(), prop::option::of(strings()), strings()),
            lists in (strings(), strings(), strings(), prop::option::of("[A-Z]{1,3}")),
            times in prop::collection::vec(("[0-9]{2}", "[0-9]{2}"), 0..3),
            limits in (limit(), limit(), limit()),
            numbers in (prop::option::of((any::<i64>(), any::<i64>())), prop::option::of(any::<i64>())),
            (bearer, proxy_required) in any::<(bool, bool)>(),
        ) -> Terms<String> {
            Terms {
                publish: Rules { allow: rules.0, deny: rules.1 },
                subscribe: Rules { allow: rules.2, deny: rules.3 },
                responses: numbers.0.map(|(max, ttl_ns)| Responses { max, ttl_ns }),
                networks: lists.0,
                times: times.into_iter().map(|(start, end)| Window { start, end }).collect(),
                times_location: lists.3,
                subscriptions: limits.0,
                data_bytes: limits.1,
                payload_bytes: limits.2,
                bearer,
                proxy_required,
                connection_types: lists.1,
                tags: lists.2,
                not_before: numbers.1.map(UnixTime),
            }
        }
    }

    proptest! {
        #[test]
        fn packed_terms_come_back_as_they_were(all in prop::collection::vec(terms(), 1..5)) {
            let mut packer = Packer::default();
            let ids: Vec<u32> = all.iter().map(|terms| packer.id_of(terms)).collect();
            let packed = packer.seal();

            for (terms, id) in all.iter().zip(ids) {
                prop_assert_eq!(&packed.terms::<String>(id), terms);
                prop_assert_eq!(packed.is_bearer(id), terms.bearer);
            }
        }
    }
}
