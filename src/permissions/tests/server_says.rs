//! Real servers as the judge: the captured trials of templates and of plain users. How many agreed is counted, so that none can
//! fall out unseen. The recorded verdicts on random users are held in `tests/it/verdicts`.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::trial::{Trial, user_key};
use crate::jwt::signer::Signer;
use crate::permissions::decide::{Allowed, Question};
use crate::permissions::{Effect, EffectivePermissions, Origin, Refusal, Verb};
use crate::test_support::{account_signer, shared};

/// What the captures let every user do besides, so that it could ask, and left out of what it was told.
const ASKED_BY: [&str; 2] = ["$SYS.REQ.USER.INFO", "_INBOX.>"];

#[derive(Deserialize)]
struct Captured {
    pub_allow: Option<Vec<String>>,
    pub_deny: Option<Vec<String>>,
    sub_allow: Option<Vec<String>>,
    sub_deny: Option<Vec<String>>,
    user_name: String,
    user_tags: Option<Vec<String>>,
    account_tags: Option<Vec<String>>,
    result: Told,
}

#[derive(Deserialize)]
struct Told {
    refused: Option<String>,
    #[serde(default)]
    log: Vec<String>,
    publish: Option<Lists>,
    subscribe: Option<Lists>,
}

#[derive(Deserialize)]
struct Lists {
    #[serde(default)]
    allow: Listed,
}

/// The capture replaces long lists by their length: `4032 subjects`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Subjects(Vec<String>),
    Counted(String),
}

impl Default for Listed {
    fn default() -> Self {
        Self::Subjects(Vec::new())
    }
}

impl Captured {
    fn template(&self) -> String {
        let [info, inbox] = ASKED_BY;
        serde_json::json!({
            "pub": { "allow": with(self.pub_allow.as_ref(), info), "deny": written(self.pub_deny.as_ref()) },
            "sub": { "allow": with(self.sub_allow.as_ref(), inbox), "deny": written(self.sub_deny.as_ref()) },
        })
        .to_string()
    }

    fn compose(&self, body: &str) -> Result<EffectivePermissions, Refusal> {
        let trial = Trial {
            template: Some(&self.template()),
            body,
            name: &self.user_name,
            tags: &written(self.user_tags.as_ref()),
            account_tags: &written(self.account_tags.as_ref()),
            ..Trial::default()
        };
        trial.compose()
    }
}

fn written(list: Option<&Vec<String>>) -> Vec<&str> {
    list.into_iter().flatten().map(String::as_str).collect()
}

fn with<'a>(list: Option<&'a Vec<String>>, besides: &'a str) -> Vec<&'a str> {
    [written(list), vec![besides]].concat()
}

/// What a token of a trial carried beside its name and tags, which the capture tells in the trial's title.
fn body_of(title: &str) -> &'static str {
    match title {
        "scoped user that carries its own permissions" => r#"{"pub":{"allow":["x"]}}"#,
        "scoped user JWT with issuer_account only and bearer_token" => r#"{"bearer_token":true}"#,
        "scoped user JWT with subs:-1" => r#"{"subs":-1}"#,
        "scoped user JWT with pub.allow []" => r#"{"pub":{"allow":[]}}"#,
        "scoped user JWT with pub {} sub {}" => r#"{"pub":{},"sub":{}}"#,
        _ => "{}",
    }
}

fn captured() -> BTreeMap<String, serde_json::Value> {
    let file = fs::read(shared("captures/scoped_templates.json")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

/// The allows for a verb as USER.INFO lists them, without what was there for the asking.
fn allows(effective: &EffectivePermissions, verb: Verb) -> Vec<String> {
    let allows = effective
        .rules_of(verb)
        .filter(|rule| rule.effect == Effect::Allow && rule.from != Origin::NoRule);
    let mut listed: Vec<String> = allows
        .map(|rule| match &rule.queue {
            Some(queue) => format!("{} {}", rule.pattern.raw(), queue.raw()),
            None => rule.pattern.raw().to_owned(),
        })
        .filter(|subject| !ASKED_BY.contains(&subject.as_str()))
        .collect();
    listed.sort();
    listed
}

fn assert_told(title: &str, ours: &[String], told: Option<Lists>) {
    match told.unwrap().allow {
        Listed::Counted(count) => assert_eq!(format!("{} subjects", ours.len()), count, "{title}"),
        Listed::Subjects(mut subjects) => {
            let account = account_signer().public_key().to_string();
            for subject in &mut subjects {
                *subject = subject
                    .replace("<USER>", &user_key().to_string())
                    .replace("<ACCOUNT>", &account);
            }
            // The server keeps what two combinations gave twice; it decides nothing.
            subjects.dedup();
            assert_eq!(ours, subjects, "{title}");
        }
    }
}

#[test]
fn every_captured_template_becomes_what_the_server_made_of_it() {
    let trials = captured()
        .into_iter()
        .filter(|(title, _)| !title.starts_with("plain:"));
    let (mut agreed, mut refused) = (0, 0);

    for (title, trial) in trials {
        let trial: Captured = serde_json::from_value(trial).unwrap();
        let ours = trial.compose(body_of(&title));
        if trial.result.refused.is_some() {
            let refusal = ours.expect_err(&title);
            let not_bare = trial.result.log.concat().contains("scoped users require");
            assert_eq!(refusal == Refusal::NotBare, not_bare, "{title}: {refusal}");
            refused += 1;
        } else {
            let ours = ours.unwrap_or_else(|refusal| panic!("{title}: {refusal}"));
            assert_told(&title, &allows(&ours, Verb::Publish), trial.result.publish);
            assert_told(
                &title,
                &allows(&ours, Verb::Subscribe),
                trial.result.subscribe,
            );
        }
        agreed += 1;
    }

    assert_eq!((agreed, refused), (39, 8));
}

const PLAIN: [(&str, &str); 9] = [
    ("pub.allow [] and nothing else", r#"{"pub":{"allow":[]}}"#),
    (
        "pub.allow [] with pub.deny [bar]",
        r#"{"pub":{"allow":[],"deny":["bar"]}}"#,
    ),
    (
        "sub.allow [] with sub.deny [bar]",
        r#"{"sub":{"allow":[],"deny":["bar"]}}"#,
    ),
    (
        "pub.deny [bar] without allow",
        r#"{"pub":{"deny":["bar"]}}"#,
    ),
    ("no limits at all", "{}"),
    ("only pub.allow [foo]", r#"{"pub":{"allow":["foo"]}}"#),
    (
        "sub allow with queue",
        r#"{"sub":{"allow":["foo q1","_INBOX.>"]}}"#,
    ),
    ("resp only", r#"{"resp":{"max":1,"ttl":1000000000}}"#),
    (
        "resp with max 0",
        r#"{"pub":{"allow":["$SYS.REQ.USER.INFO"]},"resp":{"max":0,"ttl":0}}"#,
    ),
];

/// The rules for a verb as USER.INFO lists them.
fn as_told(effective: &EffectivePermissions, verb: Verb) -> serde_json::Value {
    let mut lists = serde_json::Map::new();
    for rule in effective
        .rules_of(verb)
        .filter(|rule| rule.from == Origin::User)
    {
        let queue = rule.queue.iter().map(|queue| format!(" {}", queue.raw()));
        let entry = rule.pattern.raw().to_owned() + &queue.collect::<String>();
        let effect = match rule.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        let list = lists.entry(effect).or_insert_with(|| serde_json::json!([]));
        list.as_array_mut().unwrap().push(entry.into());
    }
    lists.into()
}

#[test]
fn every_captured_plain_user_gets_what_the_server_told_it() {
    let captured = captured();
    let of_plain = captured.keys().filter(|title| title.starts_with("plain: "));
    assert_eq!(of_plain.count(), PLAIN.len());

    for (title, body) in PLAIN {
        let told = &captured[&format!("plain: {title}")];
        let trial = Trial {
            body,
            ..Trial::default()
        };
        let ours = trial.compose().unwrap();

        let errors = told["errs_on_pub_foo_and_sub_foo"].to_string();
        for (verb, word) in [
            (Verb::Publish, "Publish"),
            (Verb::Subscribe, "Subscription"),
        ] {
            let complained = errors.contains(&format!("for {word} to \\\"foo\\\""));
            let question = Question {
                verb,
                subject: "foo".parse().unwrap(),
                queue: None,
            };
            let is_allowed = ours.decide(&question).allowed == Allowed::Yes;
            assert_eq!(is_allowed, !complained, "{title}");
        }
        let Some(permissions) = told["user_info_permissions"].as_object() else {
            continue;
        };
        assert_eq!(
            as_told(&ours, Verb::Publish),
            permissions["publish"],
            "{title}"
        );
        assert_eq!(
            as_told(&ours, Verb::Subscribe),
            permissions["subscribe"],
            "{title}"
        );
        let replies = ours.replies.map(|replies| {
            let ttl_ns = replies
                .ttl
                .map(|ttl| u64::try_from(ttl.as_nanos()).unwrap());
            serde_json::json!({ "max": replies.max, "ttl": ttl_ns })
        });
        assert_eq!(replies.as_ref(), permissions.get("responses"), "{title}");
    }
}
