//! What is said of rules and refusals; users on trial; and what real servers made of theirs.

pub(super) mod lists;
mod server_says;
pub(super) mod trial;

use super::*;
use crate::jwt::signer::Signer;
use crate::test_support::account_signer;

#[test]
fn a_rule_is_serialized_as_the_command_line_promises() {
    let key = account_signer().public_key();
    let rule = |queue: Option<&str>, from| Rule {
        verb: Verb::Subscribe,
        pattern: "orders.>".parse().unwrap(),
        queue: queue.map(|queue| queue.parse().unwrap()),
        effect: Effect::Allow,
        from,
    };
    let json = |rule: &Rule| serde_json::to_string(rule).unwrap();

    assert_eq!(
        json(&rule(Some("q.*"), Origin::Role(key))),
        format!(
            r#"{{"verb":"subscribe","subject":"orders.>","queue":"q.*","effect":"allow","from":"role","key":"{key}"}}"#
        )
    );
    assert_eq!(
        json(&rule(None, Origin::AccountDefault)),
        r#"{"verb":"subscribe","subject":"orders.>","queue":null,"effect":"allow","from":"account_default","key":null}"#
    );
}

#[test]
fn a_refusal_says_what_servers_tell_nobody() {
    let refusal = Refusal::TagMissing {
        entry: "t.{{tag(site)}}".into(),
        tag: "site".into(),
    };

    let told = refusal.explain();

    assert_eq!(
        told.what,
        "the template denies \"t.{{tag(site)}}\", and there is no tag \"site\""
    );
    assert_eq!(
        told.next.first().unwrap().say,
        "issue the user again with a tag \"site:...\""
    );
}
