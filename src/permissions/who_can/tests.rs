//! The reverse question against asking everybody: with an index, without one, and by `decide` alone.

use proptest::prelude::*;

use super::*;
use crate::jwt::release::Release;
use crate::permissions::tests::lists::{RELEASES, entry, pattern};
use crate::permissions::tests::trial::Trial;
use crate::permissions::{EffectivePermissions, Origin};
use crate::text::Text;

fn user(body: &str, release: Release) -> EffectivePermissions {
    let trial = Trial {
        body,
        release,
        ..Trial::default()
    };
    trial.compose().unwrap()
}

fn book(users: &[EffectivePermissions], release: Release) -> Rulebook {
    let mut builder = RulebookBuilder::new(release);
    for user in users {
        builder.add(Some(user));
    }
    builder.seal()
}

fn asked(verb: Verb, subject: &str, queue: Option<&str>) -> Question {
    Question {
        verb,
        subject: subject.parse().unwrap(),
        queue: queue.map(Text::from),
    }
}

fn places(found: &[Holder]) -> Vec<u32> {
    found.iter().map(|holder| holder.place).collect()
}

#[test]
fn those_who_may_are_found_with_the_rule_that_lets_them() {
    let release = Release::default();
    let users = [
        user(r#"{"pub":{"allow":["orders.>"]}}"#, release),
        user(r#"{"pub":{"allow":["billing.>"]}}"#, release),
        user(
            r#"{"pub":{"allow":["orders.>"],"deny":["orders.eu.>"]}}"#,
            release,
        ),
        user("{}", release),
        user(r#"{"pub":{"allow":[],"deny":["x"]}}"#, release),
    ];
    let book = book(&users, release).indexed();
    let who = |subject, scope| book.who_can(&asked(Verb::Publish, subject, None), scope);

    assert_eq!(places(&who("orders.eu.done", Scope::Any)), [0, 3]);
    assert_eq!(places(&who("orders.>", Scope::Any)), [0, 2, 3]);
    assert_eq!(places(&who("orders.>", Scope::All)), [0, 3]);
    assert_eq!(places(&who("nobody", Scope::Any)), [3]);

    let question = asked(Verb::Publish, "orders.>", None);
    let in_part = Holder {
        place: 2,
        is_all: false,
    };
    let reason = book.reason(in_part, &question).unwrap();
    assert_eq!(reason.by.pattern.raw(), "orders.>");
    assert_eq!(reason.by.from, Origin::User);
    assert_eq!(reason.example.unwrap().raw(), "orders.x");
    let open = Holder {
        place: 3,
        is_all: true,
    };
    assert_eq!(
        book.reason(open, &question).unwrap().by.from,
        Origin::NoRule
    );
}

#[test]
fn a_subject_with_a_byte_that_sorts_before_the_dot_is_found_among_others() {
    let release = Release::default();
    let users = ["a.b", "a\\u0000c", "a.d", "a$.x", "a"]
        .map(|subject| user(&format!(r#"{{"pub":{{"allow":["{subject}"]}}}}"#), release));
    let book = book(&users, release).indexed();
    let who = |subject| places(&book.who_can(&asked(Verb::Publish, subject, None), Scope::Any));

    assert_eq!(who("a.*"), [0, 2]);
    assert_eq!(who("a.d"), [2]);
    assert_eq!(who("*"), [1, 4]);
    assert_eq!(who(">"), [0, 1, 2, 3, 4]);
}

/// Ten rules each, of which most patterns belong to one user alone: a tenth of what is to fit into 45 MB.
#[test]
fn an_index_over_many_users_takes_no_more_than_450_bytes_of_each() {
    let release = Release::default();
    let of = |number: usize| {
        let own = (0..4).map(|place| format!("orders.eu.device-{number:05}.p{place}"));
        let shared = (0..6).map(|place| format!("orders.r{}.*.p{place}", number % 50));
        let allow: Vec<String> = own.chain(shared).collect();
        user(
            &serde_json::json!({ "pub": { "allow": allow } }).to_string(),
            release,
        )
    };
    let users: Vec<_> = (0..10_000).map(of).collect();
    let book = book(&users, release).indexed();

    let found = book.who_can(
        &asked(Verb::Publish, "orders.eu.device-00042.p3", None),
        Scope::Any,
    );

    assert_eq!(places(&found), [42]);
    let bytes = book.heap_bytes() / users.len();
    assert!(bytes <= 450, "{bytes} bytes a user");
}

fn body() -> impl Strategy<Value = String> {
    let list = |entries| prop::collection::vec(entries, 0..4);
    (
        list(pattern("x?[ab]").boxed()),
        prop_oneof![3 => list(pattern("x?[ab]").boxed()).prop_map(|_| Vec::new()), 1 => list(pattern("x?[ab]").boxed())],
        list(entry("x?[ab]").boxed()),
        prop_oneof![3 => list(entry("x?[ab]").boxed()).prop_map(|_| Vec::new()), 1 => list(entry("x?[ab]").boxed())],
    )
        .prop_map(|(publish, not_publish, subscribe, not_subscribe)| {
            serde_json::json!({
                "pub": { "allow": publish, "deny": not_publish },
                "sub": { "allow": subscribe, "deny": not_subscribe },
            })
            .to_string()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn everybody_who_may_is_found_and_nobody_else(
        bodies in prop::collection::vec(body(), 1..12),
        subject in pattern("x?[ab]"),
        verb in prop_oneof![Just(Verb::Publish), Just(Verb::Subscribe)],
        queue in prop_oneof![2 => Just(None), 1 => Just(Some("q1"))],
        release in prop::sample::select(&RELEASES),
    ) {
        let users: Vec<_> = bodies.iter().map(|body| user(body, release)).collect();
        let queue = queue.filter(|_| verb == Verb::Subscribe);
        let question = asked(verb, &subject, queue);
        let everybody: Vec<Holder> = (0..).zip(&users).filter_map(|(place, user)| {
            let allowed = user.decide(&question).allowed;
            (allowed != Allowed::No).then_some(Holder { place, is_all: allowed == Allowed::Yes })
        }).collect();
        let all: Vec<Holder> = everybody.iter().copied().filter(|holder| holder.is_all).collect();

        let scanned = book(&users, release);
        prop_assert_eq!(&scanned.who_can(&question, Scope::Any), &everybody, "scanned");
        prop_assert_eq!(&scanned.who_can(&question, Scope::All), &all, "scanned");
        let indexed = scanned.indexed();

        prop_assert_eq!(&indexed.who_can(&question, Scope::Any), &everybody, "indexed");
        prop_assert_eq!(&indexed.who_can(&question, Scope::All), &all, "indexed");
        for holder in everybody {
            let (user, kept) = (&users[holder.place as usize], indexed.permissions(holder.place));
            prop_assert_eq!(user.decide(&question), kept.decide(&question));
        }
    }
}
