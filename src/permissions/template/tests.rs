//! One test for each line of what servers do with templates.

use super::*;
use crate::jwt::signer::Signer;
use crate::permissions::tests::trial::{Trial, user_key};
use crate::test_support::account_signer;

fn role(template: &str) -> Trial<'_> {
    Trial {
        template: Some(template),
        ..Trial::default()
    }
}

/// The subjects that a list of one entry becomes for a user bob with these tags.
fn allowed(entry: &str, tags: &[&str]) -> Vec<String> {
    let template = format!(r#"{{"pub":{{"allow":["{entry}"]}}}}"#);
    let trial = Trial {
        tags,
        ..role(&template)
    };
    subjects(&trial)
}

fn subjects(trial: &Trial<'_>) -> Vec<String> {
    let rules = trial.publish();
    let subject = |rule: &String| {
        let (effect, rest) = rule.split_once(' ')?;
        let (subject, _) = rest.rsplit_once(", ")?;
        (effect == "allow").then(|| subject.to_owned())
    };
    rules.iter().filter_map(subject).collect()
}

fn named(name: &str) -> Vec<String> {
    subjects(&Trial {
        name,
        ..role(r#"{"pub":{"allow":["data.{{name()}}","keep"]}}"#)
    })
}

#[test]
fn names_and_keys_go_in_where_they_are_called() {
    let account = account_signer().public_key();

    assert_eq!(allowed("n.{{name()}}.>", &[]), ["n.bob.>"]);
    assert_eq!(
        allowed("n.{{subject()}}", &[]),
        [format!("n.{}", user_key())]
    );
    assert_eq!(allowed("n.{{account-name()}}", &[]), ["n.acme"]);
    assert_eq!(
        allowed("n.{{account-subject()}}", &[]),
        [format!("n.{account}")]
    );
    assert_eq!(allowed("x{{name()}}y.{{name()}}", &[]), ["xboby.bob"]);
}

#[test]
fn spaces_and_case_of_a_function_do_not_count() {
    assert_eq!(allowed("n.{{ NAME() }}", &[]), ["n.bob"]);
    assert_eq!(allowed("n.{{Account-Name()}}", &[]), ["n.acme"]);
}

#[test]
fn a_tag_function_in_capitals_yields_nothing() {
    assert_eq!(
        allowed("t.{{TAG(dept)}}", &["dept:sales"]),
        [""; 0],
        "it looks for a tag `tag(dept`"
    );
    assert_eq!(allowed("t.{{TAG(dept)}}", &["tag(dept:sales"]), ["t.sales"]);
}

#[test]
fn the_key_of_a_tag_is_lowered_in_the_template_and_not_in_the_token() {
    assert_eq!(allowed("t.{{tag(DEPT)}}", &["dept:sales"]), ["t.sales"]);
    assert_eq!(allowed("t.{{tag(dept)}}", &["Dept:Sales"]), [""; 0]);
}

#[test]
fn the_value_of_a_tag_is_all_after_its_key() {
    assert_eq!(allowed("t.{{tag(dept)}}", &["dept:a:b"]), ["t.a:b"]);
    assert_eq!(allowed("t.{{tag(dept)}}", &["dept:a.b"]), ["t.a.b"]);
}

#[test]
fn several_tags_give_the_full_product() {
    assert_eq!(
        allowed("t.{{tag(a)}}.{{tag(b)}}", &["a:1", "b:x", "a:2", "b:y"]),
        ["t.1.x", "t.1.y", "t.2.x", "t.2.y"]
    );
}

#[test]
fn the_same_tag_twice_gives_the_diagonal_and_before_2_11_the_full_product() {
    let template = r#"{"pub":{"allow":["t.{{tag(a)}}.{{tag(a)}}"]}}"#;
    let on = |release| {
        subjects(&Trial {
            tags: &["a:1", "a:2"],
            release,
            ..role(template)
        })
    };

    assert_eq!(on(Release(2, 15, 1)), ["t.1.1", "t.2.2"]);
    assert_eq!(on(Release(2, 10, 26)), ["t.1.1", "t.1.2", "t.2.1", "t.2.2"]);
}

#[test]
fn tags_of_the_account_have_a_function_of_their_own() {
    let trial = Trial {
        account_tags: &["env:prod", "env:dr"],
        tags: &["env:mine"],
        ..role(r#"{"pub":{"allow":["t.{{account-tag(env)}}"]}}"#)
    };

    assert_eq!(subjects(&trial), ["t.prod", "t.dr"]);
}

#[test]
fn an_allow_without_its_tag_is_dropped_and_the_last_one_takes_everything_with_it() {
    let kept = role(r#"{"pub":{"allow":["t.{{tag(nope)}}","keep"]}}"#);
    let emptied = role(r#"{"pub":{"allow":["{{tag(x)}}"]},"sub":{"allow":["{{tag(x)}}"]}}"#);

    assert_eq!(kept.publish(), ["allow keep, role"]);
    assert_eq!(emptied.publish(), ["deny >, server"]);
    assert_eq!(emptied.subscribe(), ["deny >, server"]);
}

#[test]
fn a_deny_without_its_tag_refuses_the_user() {
    let trial = role(r#"{"pub":{"deny":["t.{{tag(Nope)}}"]}}"#);

    assert_eq!(
        trial.refusal(),
        "the template denies \"t.{{tag(Nope)}}\", and there is no tag \"nope\""
    );
}

#[test]
fn an_unknown_function_refuses_the_user_even_in_an_allow() {
    let refusal = role(r#"{"sub":{"allow":["t.{{ foo() }}"]}}"#).refusal();

    assert_eq!(
        refusal,
        "the template entry \"t.{{ foo() }}\" calls \"foo()\", which servers do not know"
    );
}

#[test]
fn empty_braces_are_a_word_and_a_third_brace_is_part_of_the_call() {
    assert_eq!(allowed("t.{{}}", &[]), ["t.{{}}"]);
    assert_eq!(allowed("{{a}b.{{name()}}", &[]), ["{{a}b.bob"]);
    let refusal = role(r#"{"pub":{"allow":["{{{name()}}}"]}}"#).refusal();
    assert!(refusal.contains("calls \"{name()\""), "{refusal}");
}

#[test]
fn a_value_that_makes_no_subject_is_dropped_from_an_allow_and_fatal_in_a_deny() {
    assert_eq!(named("bob smith"), ["keep"]);
    assert_eq!(named(""), ["keep"]);
    let denied = Trial {
        name: "bob smith",
        ..role(r#"{"pub":{"deny":["data.{{name()}}"]}}"#)
    };
    assert_eq!(
        denied.refusal(),
        "the template denies \"data.{{name()}}\", which becomes no subject: token 2 of \"data.bob smith\" \
         holds a space or line break"
    );
}

#[test]
fn a_wildcard_in_a_name_or_a_tag_is_a_wildcard_afterwards() {
    assert_eq!(named("*"), ["data.*", "keep"]);
    assert_eq!(named(">"), ["data.>", "keep"]);
    assert_eq!(allowed("t.{{tag(dept)}}.x", &["dept:*"]), ["t.*.x"]);
}

#[test]
fn dots_and_invisible_characters_in_a_name_go_in_as_they_are() {
    assert_eq!(named("a.b.c"), ["data.a.b.c", "keep"]);
    assert_eq!(
        named("\u{1b}[31mred\u{202e}"),
        ["data.␛[31mred‹202E›", "keep"]
    );
}

#[test]
fn a_queue_in_a_list_with_any_function_is_dropped_from_allows_and_refuses_in_denies() {
    let allow = role(r#"{"sub":{"allow":["q.{{name()}}","q.{{name()}} grp","work.> workers"]}}"#);
    let deny = role(r#"{"sub":{"deny":["q.{{name()}}","work.> workers"]}}"#);

    assert_eq!(allow.subscribe(), ["allow q.bob, role"]);
    assert!(
        deny.refusal()
            .starts_with("the template denies \"work.> workers\"")
    );
}

#[test]
fn before_2_11_a_function_is_only_one_as_a_whole_token() {
    let on_2_10 = |template| Trial {
        tags: &["a:1"],
        release: Release(2, 10, 26),
        ..role(template)
    };

    let deny = on_2_10(r#"{"sub":{"deny":["{{tag(x)}} q1"]}}"#);
    assert_eq!(
        deny.subscribe(),
        ["allow >, no_rule", "deny {{tag(x)}} q1, role"]
    );
    let allow = on_2_10(r#"{"pub":{"allow":["x{{name()}}.{{NAME()}}.{{TAG(A)}}","{{foo()}}"]}}"#);
    assert_eq!(allow.publish(), ["allow x{{name()}}.bob.1, role"]);
    let missing = on_2_10(r#"{"pub":{"deny":["{{tag(x)}}.a"]}}"#);
    assert!(missing.refusal().contains("becomes no subject"));
}

#[test]
fn the_cap_counts_what_the_list_already_holds() {
    let tags: Vec<String> = (0..64)
        .flat_map(|n| [format!("a:{n}"), format!("b:{n}")])
        .collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let trial = |template| Trial {
        tags: &tags,
        ..role(template)
    };

    let full = trial(r#"{"pub":{"allow":["{{tag(a)}}.{{tag(b)}}"]}}"#);
    assert_eq!(full.publish().len(), 4096);
    let over = trial(r#"{"pub":{"allow":["one","{{tag(a)}}.{{tag(b)}}"]}}"#);
    assert_eq!(
        over.refusal(),
        "the template entry \"{{tag(a)}}.{{tag(b)}}\" takes its list over 4096 subjects"
    );
    let after = trial(r#"{"pub":{"allow":["{{tag(a)}}.{{tag(b)}}","one"]}}"#);
    assert_eq!(
        after.publish().len(),
        4097,
        "an entry without tags is not counted"
    );
}

#[test]
fn a_value_that_calls_a_long_tag_many_times_is_given_up() {
    let bomb = Trial {
        name: &"{{tag(x)}}".repeat(1000),
        tags: &[&format!("x:{}", "y".repeat(100_000))],
        ..role(r#"{"pub":{"allow":["{{name()}}.{{tag(x)}}"]}}"#)
    };

    assert!(bomb.refusal().ends_with("over 16777216 bytes of subjects"));
}

#[test]
fn a_product_of_long_tags_is_given_up_by_the_rules_of_any_release() {
    let long = (0..100).map(|n| format!("x:{n}{}", "y".repeat(5_000)));
    let short = (0..40).map(|n| format!("z:{n}"));
    let tags: Vec<String> = long.chain(short).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    for release in [Release(2, 10, 26), Release(2, 15, 1)] {
        let bomb = Trial {
            tags: &tags,
            release,
            ..role(r#"{"pub":{"allow":["{{tag(x)}}.{{tag(z)}}"]}}"#)
        };

        assert!(bomb.refusal().ends_with("over 16777216 bytes of subjects"));
    }
}
