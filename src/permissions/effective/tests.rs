//! One test for each trap of the tokens.

use super::*;
use crate::permissions::tests::trial::{Trial, role_key};

fn plain(body: &str) -> Trial<'_> {
    Trial {
        body,
        ..Trial::default()
    }
}

fn of_role(template: &str) -> Trial<'_> {
    Trial {
        template: Some(template),
        ..Trial::default()
    }
}

const OPEN: [&str; 1] = ["allow >, no_rule"];

#[test]
fn a_user_without_permissions_may_do_everything_by_no_rule() {
    for body in ["{}", r#"{"pub":{},"sub":{}}"#, r#"{"pub":{"allow":[]}}"#] {
        assert_eq!(plain(body).publish(), OPEN, "{body}");
        assert_eq!(plain(body).subscribe(), OPEN, "{body}");
    }
}

#[test]
fn a_deny_without_an_allow_list_leaves_everything_else_open() {
    let trial = plain(r#"{"pub":{"deny":["bar"]},"sub":{"allow":[],"deny":["baz"]}}"#);

    assert_eq!(trial.publish(), ["allow >, no_rule", "deny bar, user"]);
    assert_eq!(trial.subscribe(), ["allow >, no_rule", "deny baz, user"]);
}

#[test]
fn an_empty_publish_allow_list_beside_a_deny_forbids_every_publish() {
    let trial = plain(r#"{"pub":{"allow":[],"deny":["bar"]}}"#);

    assert_eq!(trial.publish(), ["deny >, server", "deny bar, user"]);
    assert_eq!(trial.subscribe(), OPEN);
}

#[test]
fn a_null_allow_list_is_none() {
    let trial = plain(r#"{"pub":{"allow":null,"deny":["bar"]}}"#);

    assert_eq!(trial.publish(), ["allow >, no_rule", "deny bar, user"]);
}

#[test]
fn an_allow_list_for_one_verb_leaves_the_other_open() {
    let trial = plain(r#"{"pub":{"allow":["foo"]}}"#);

    assert_eq!(trial.publish(), ["allow foo, user"]);
    assert_eq!(trial.subscribe(), OPEN);
}

#[test]
fn responses_alone_forbid_every_other_publish() {
    let effective = plain(r#"{"resp":{"max":3,"ttl":1000000000}}"#)
        .compose()
        .unwrap();

    let replies = effective.replies.unwrap();
    assert_eq!(
        serde_json::to_string(&replies).unwrap(),
        r#"{"max":3,"ttl_ms":1000,"from":"user","key":null}"#
    );
    let rules: Vec<_> = effective.rules_of(Verb::Publish).collect();
    assert_eq!(
        rules,
        [&rule(
            Verb::Publish,
            Effect::Deny,
            everything().into(),
            Origin::Server
        )]
    );
}

#[test]
fn responses_beside_a_deny_forbid_every_other_publish_too() {
    let trial = plain(r#"{"pub":{"deny":["bar"]},"resp":{"max":1,"ttl":1}}"#);

    assert_eq!(trial.publish(), ["deny >, server", "deny bar, user"]);
}

#[test]
fn responses_beside_an_allow_list_add_to_it() {
    let trial = plain(r#"{"pub":{"allow":["foo"]},"resp":{"max":1,"ttl":1}}"#);

    assert_eq!(trial.publish(), ["allow foo, user"]);
}

#[test]
fn zero_replies_are_one_for_two_minutes_and_negative_numbers_bound_nothing() {
    let replies = |body: &str| plain(body).compose().unwrap().replies.unwrap();

    let zero = replies(r#"{"resp":{"max":0,"ttl":0}}"#);
    assert_eq!(zero.max, Limit::AtMost(1));
    assert_eq!(zero.ttl, Some(Duration::from_mins(2)));
    let negative = replies(r#"{"resp":{"max":-1,"ttl":-1}}"#);
    assert_eq!(negative.max, Limit::Unlimited);
    assert_eq!(negative.ttl, None);
}

#[test]
fn subscribe_entries_keep_their_queues() {
    let trial = plain(r#"{"sub":{"allow":["foo q1","_INBOX.>"],"deny":["foo q.*"]}}"#);

    assert_eq!(
        trial.subscribe(),
        [
            "allow foo q1, user",
            "allow _INBOX.>, user",
            "deny foo q.*, user"
        ]
    );
}

#[test]
fn a_template_without_functions_keeps_its_queues_and_drops_those_of_publish_allows() {
    let trial = of_role(r#"{"pub":{"allow":["a q","b"]},"sub":{"allow":["work.> workers"]}}"#);

    assert_eq!(trial.publish(), ["allow b, role"]);
    assert_eq!(trial.subscribe(), ["allow work.> workers, role"]);
}

#[test]
fn a_publish_deny_with_a_queue_denies_its_subject_from_2_14_4_and_nothing_before() {
    let on = |release| {
        let template = r#"{"pub":{"deny":["orders.> q1"]}}"#;
        Trial {
            release,
            ..of_role(template)
        }
        .publish()
    };

    assert_eq!(
        on(Release(2, 15, 1)),
        ["allow >, no_rule", "deny orders.>, role"]
    );
    assert_eq!(on(Release(2, 11, 11)), OPEN);
}

#[test]
fn an_allow_list_of_which_a_server_keeps_nothing_forbids_everything() {
    let trial = plain(r#"{"pub":{"allow":["a.>.b"]},"sub":{"allow":["a.>.b"]}}"#);

    assert_eq!(trial.publish(), ["deny >, server"]);
    assert_eq!(trial.subscribe(), ["deny >, server"]);
}

#[test]
fn a_plain_user_with_an_entry_that_is_none_is_refused() {
    let refused = |body: &str| plain(body).refusal();

    assert_eq!(
        refused(r#"{"pub":{"deny":["a q"]}}"#),
        "pub holds \"a q\", which is no entry of that list"
    );
    for list in [r#"["a b c"]"#, r#"["a..b"]"#, r#"[""]"#, r#"[".a q"]"#] {
        let body = format!(r#"{{"sub":{{"allow":{list}}}}}"#);

        assert!(refused(&body).starts_with("sub holds"), "{list}");
    }
}

#[test]
fn the_accounts_defaults_hold_for_a_user_and_a_role_that_say_nothing() {
    let account = r#"{"default_permissions":{"pub":{"deny":["x"]},"resp":{"max":2}}}"#;
    let defaults = ["deny >, server", "deny x, account_default"];

    for trial in [plain(r#"{"pub":{"allow":[]}}"#), of_role("{}")] {
        let trial = Trial { account, ..trial };

        assert_eq!(trial.publish(), defaults);
        assert_eq!(trial.subscribe(), OPEN);
    }
}

#[test]
fn the_accounts_defaults_are_no_addition_to_permissions_of_ones_own() {
    let trial = Trial {
        account: r#"{"default_permissions":{"sub":{"deny":["x"]}}}"#,
        ..plain(r#"{"pub":{"allow":["a"]}}"#)
    };

    assert_eq!(trial.publish(), ["allow a, user"]);
    assert_eq!(trial.subscribe(), OPEN);
}

#[test]
fn functions_outside_of_roles_are_words() {
    let trial = plain(r#"{"pub":{"allow":["a.{{name()}}"]}}"#);

    assert_eq!(trial.publish(), ["allow a.{{name()}}, user"]);
}

#[test]
fn a_user_of_a_role_that_carries_anything_of_its_own_is_refused() {
    for body in [
        r#"{"pub":{"allow":[]}}"#,
        r#"{"sub":{"deny":[]}}"#,
        r#"{"subs":-1}"#,
        r#"{"bearer_token":true}"#,
        r#"{"pub":{"allow":["x"]}}"#,
    ] {
        let refused = Trial {
            body,
            ..of_role("{}")
        }
        .compose();

        assert_eq!(refused, Err(Refusal::NotBare), "{body}");
    }
}

#[test]
fn a_user_of_a_key_that_the_account_does_not_have_is_refused() {
    let signed_by_role = of_role("{}").user_token();
    let without_role = Account::of(&plain("{}").account_token()).unwrap();

    let refused = EffectivePermissions::of(&without_role, &signed_by_role, Release::default());

    let issuer = role_key();
    assert_eq!(refused, Err(Refusal::SignerGone { issuer }));
}

#[test]
fn a_user_of_a_role_has_the_roles_limits_within_the_accounts() {
    let trial = Trial {
        account: r#"{"limits":{"subs":10,"payload":1024}}"#,
        ..of_role(r#"{"subs":5,"src":["10.0.0.0/8"],"bearer_token":true}"#)
    };

    let restrictions = trial.compose().unwrap().restrictions;

    assert_eq!(restrictions.subscriptions, Limit::AtMost(5));
    assert_eq!(restrictions.payload_bytes, Limit::AtMost(1024));
    assert_eq!(restrictions.data_bytes, Limit::Unlimited);
    assert_eq!(restrictions.networks, ["10.0.0.0/8".into()]);
    assert!(restrictions.bearer);
}

#[test]
fn a_plain_user_that_names_no_limits_has_none_left_to_use() {
    let restrictions = plain("{}").compose().unwrap().restrictions;

    assert_eq!(restrictions.subscriptions, Limit::AtMost(0));
    assert_eq!(restrictions.payload_bytes, Limit::AtMost(0));
}
