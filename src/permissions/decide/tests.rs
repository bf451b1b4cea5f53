//! What is said of an answer, and where releases differ.

use super::*;
use crate::jwt::release::Release;
use crate::permissions::tests::trial::Trial;

fn asked(verb: Verb, subject: &str, queue: Option<&str>) -> Question {
    Question {
        verb,
        subject: subject.parse().unwrap(),
        queue: queue.map(Text::from),
    }
}

fn on(body: &str, release: Release) -> EffectivePermissions {
    let trial = Trial {
        body,
        release,
        ..Trial::default()
    };
    trial.compose().unwrap()
}

fn of(body: &str) -> EffectivePermissions {
    on(body, Release::default())
}

/// As `yes by allow orders.>`, with an example and a note where there are some.
fn said(permissions: &EffectivePermissions, question: &Question) -> String {
    let decision = permissions.decide(question);
    let by = decision.by.map_or("nothing".to_owned(), |rule| {
        let effect = match rule.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        format!("{effect} {}", rule.pattern)
    });
    let example = decision
        .example
        .iter()
        .map(|example| format!(", as {example}"));
    let note = decision.note.iter().map(|note| format!("; {note}"));
    let more: String = example.chain(note).collect();
    format!("{} by {by}{more}", decision.allowed.word())
}

#[test]
fn an_answer_names_the_rule_that_decides() {
    let user = of(r#"{"pub":{"allow":["orders.>","a.*"],"deny":["orders.debug.>"]}}"#);
    let publish = |subject| said(&user, &asked(Verb::Publish, subject, None));

    assert_eq!(publish("orders.eu"), "yes by allow orders.>");
    assert_eq!(publish("orders.debug.x"), "no by deny orders.debug.>");
    assert_eq!(publish("billing"), "no by nothing");
    assert_eq!(publish("orders.>"), "some by allow orders.>, as orders.x");
    assert_eq!(publish(">"), "some by allow orders.>, as orders.x");
    assert_eq!(publish("*.x"), "some by allow orders.>, as orders.x");
}

#[test]
fn a_right_to_reply_is_said_beside_a_no() {
    let user = of(r#"{"resp":{"max":1,"ttl":1000000000}}"#);

    assert_eq!(
        said(&user, &asked(Verb::Publish, "orders", None)),
        "no by deny >; replies to requests that it receives are allowed besides"
    );
}

#[test]
fn a_subscription_is_taken_whole_kept_back_or_refused() {
    let user = of(r#"{"sub":{"allow":["orders.eu.>","a.*"],"deny":["*.*.secret"]}}"#);
    let subscribe = |subject| said(&user, &asked(Verb::Subscribe, subject, None));

    assert_eq!(subscribe("orders.eu.x"), "yes by allow orders.eu.>");
    assert_eq!(
        subscribe("orders.eu.*"),
        "some by allow orders.eu.>, as orders.eu.x; the subscription is taken, and messages on subjects that are denied are kept back"
    );
    assert_eq!(
        subscribe("orders.>"),
        "some by allow orders.eu.>, as orders.eu.x; a subscription to all of it is refused or brings nothing, one to the part brings it"
    );
    assert_eq!(
        subscribe("a.b.c"),
        "some by allow a.*, as a.b.c; a subscription to it is refused, one to a.> is taken and brings it"
    );
    assert_eq!(subscribe("orders.eu.secret"), "no by deny *.*.secret");
}

#[test]
fn a_subscription_that_brings_nothing_may_have_a_part_that_does() {
    let user = on(r#"{"sub":{"deny":["> q*","b.*"]}}"#, Release(2, 11, 11));

    let whole = user.decide(&asked(Verb::Subscribe, "b.*", Some("q1")));

    assert_eq!(
        (whole.allowed, whole.note),
        (Allowed::Some, Some(Note::Narrower))
    );
    let example = whole.example.unwrap().to_string();
    let part = user.decide(&asked(Verb::Subscribe, &example, Some("q1")));
    assert_eq!(part.allowed, Allowed::Yes);
}

#[test]
fn where_an_entry_names_queues_the_others_are_refused() {
    let user = of(r#"{"sub":{"allow":["orders.>","orders.> q1"],"deny":["debug q2"]}}"#);
    let subscribe = |queue| said(&user, &asked(Verb::Subscribe, "orders.x", queue));

    assert_eq!(subscribe(None), "yes by allow orders.>");
    assert_eq!(subscribe(Some("q1")), "yes by allow orders.>");
    assert_eq!(subscribe(Some("q2")), "no by nothing");
}

#[test]
fn an_old_server_forgets_a_star_beside_a_longer_pattern() {
    let body = r#"{"pub":{"deny":["orders.*","orders.eu.>"]}}"#;
    let publish = |release, subject| said(&on(body, release), &asked(Verb::Publish, subject, None));

    assert_eq!(publish(Release(2, 12, 3), "orders.eu"), "yes by allow >");
    assert_eq!(
        publish(Release(2, 12, 3), "orders.us"),
        "no by deny orders.*"
    );
    assert_eq!(
        publish(Release(2, 12, 3), "orders.*"),
        "some by allow >, as orders.eu"
    );
    assert_eq!(
        publish(Release(2, 12, 4), "orders.eu"),
        "no by deny orders.*"
    );
}

#[test]
fn lists_that_were_made_to_be_endless_come_to_an_end() {
    let many = |last: &str| -> Vec<String> {
        (0..40)
            .map(|n| format!("*.w{n}.{last}"))
            .chain(["*.*".into()])
            .collect()
    };
    let body = serde_json::json!({ "pub": { "allow": many("x"), "deny": many("y") } });
    let user = on(&body.to_string(), Release(2, 10, 26));

    let decision = user.decide(&asked(Verb::Publish, "a.*", None));

    assert_ne!(decision.allowed, Allowed::Yes);
}

#[test]
fn an_old_server_lets_a_queue_pass_the_denial_of_a_list_that_its_template_emptied() {
    let template = r#"{"sub":{"allow":["x.{{tag(none)}}"],"deny":["> q1"]}}"#;
    let subscribe = |release, queue| {
        let trial = Trial {
            template: Some(template),
            release,
            ..Trial::default()
        };
        said(
            &trial.compose().unwrap(),
            &asked(Verb::Subscribe, "a", queue),
        )
    };

    assert_eq!(subscribe(Release(2, 11, 11), Some("q2")), "yes by nothing");
    assert_eq!(subscribe(Release(2, 11, 11), Some("q1")), "no by deny >");
    assert_eq!(subscribe(Release(2, 11, 11), None), "no by deny >");
    assert_eq!(subscribe(Release(2, 15, 1), Some("q2")), "no by deny >");
}
