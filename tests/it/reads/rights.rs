//! `can`: what a user may, by the rule that lets it and on every server.

use serde_json::Value;

use super::{holds, items, plain, settled};
use crate::support::world::{Admin, Ran, World, text};

fn can(admin: &Admin, question: &[&str]) -> (i32, Value) {
    let ran = admin.run(&[&["can"], question].concat());
    let answer = ran.json();
    assert_eq!(answer["kind"], "decision", "{ran:?}");
    (ran.code, answer["item"].clone())
}

#[tokio::test]
async fn an_answer_names_its_rule_and_what_every_server_does() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let (code, yes) = can(
        &admin,
        &["publish", "orders.eu.done", "--user", "ORDERS/worker"],
    );
    let (no_code, no) = can(&admin, &["publish", "billing.x", "--user", "ORDERS/worker"]);
    let (part_code, part) = can(&admin, &["pub", "orders.>", "--user", "ORDERS/worker"]);

    assert_eq!((code, no_code, part_code), (0, 7, 7));
    holds(
        "decision",
        &[yes.clone(), no.clone(), part.clone()],
        &["verb", "allowed", "enforced"],
    );
    assert_eq!(yes["allowed"], "yes");
    assert_eq!(yes["by"]["subject"], "orders.*.done");
    assert_eq!(yes["by"]["from"], "role");
    let servers = yes["enforced"].as_array().unwrap();
    assert_eq!(servers.len(), 3);
    for server in servers {
        assert_eq!(server["allowed"], "yes");
        assert!(text(&server["version"]).starts_with("2."), "{server}");
    }
    assert_eq!(no["allowed"], "no");
    assert_eq!(no["by"], Value::Null);
    assert_eq!(part["allowed"], "some");
    assert_eq!(part["example"], "orders.x.done");
}

#[tokio::test]
async fn a_user_who_is_not_let_in_may_nothing() {
    let Some(world) = World::shared() else { return };
    let admin = world.admin();
    let tenant = world.tenant();
    let user = format!("{}/b", tenant.name);
    assert_eq!(can(&admin, &["publish", "x", "--user", &user]).0, 0);

    let tail = tenant.tail("b");
    let ran = admin.run(&["user", "revoke", &user, "--confirm", &tail, "--write"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (code, item) = can(&admin, &["publish", "x", "--user", &user]);

    assert_eq!(code, 7);
    assert_eq!(item["allowed"], "no");
    assert_eq!(item["note"], "the login is refused: revoked");
}

/// Answers of a batch: a word of each, and how it ended.
fn batch(admin: &Admin, questions: &str) -> (Vec<String>, i32) {
    let ran: Ran = admin.run_with(&["can", "--batch", "-"], questions);
    let answer = ran.json();
    assert_eq!(answer["kind"], "decision.list");
    let word = |line: &Value| {
        assert_eq!(line["kind"], "decision");
        let code = line["error"]["code"].as_str();
        code.or(line["allowed"].as_str()).unwrap().to_owned()
    };
    (items(&answer).iter().map(word).collect(), ran.code)
}

#[tokio::test]
async fn a_batch_answers_each_line_and_ends_with_the_worst() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let yes = r#"{"verb":"publish","subject":"orders.eu.done","user":"ORDERS/worker"}"#;
    let no = r#"{"verb":"subscribe","subject":"x","queue":"q","user":"ORDERS/worker"}"#;
    let nobody = r#"{"verb":"publish","subject":"x","user":"ORDERS/nobody"}"#;

    let fine = batch(&admin, &format!("{yes}\n\n{yes}\n"));
    let mixed = batch(&admin, &format!("{yes}\n{no}\n"));
    let unknown = batch(&admin, &format!("{no}\n{nobody}\n{yes}\n"));
    let broken = batch(&admin, &format!("{yes}\nnonsense\n{nobody}\n"));

    assert_eq!(fine, (vec!["yes".into(), "yes".into()], 0));
    assert_eq!(mixed, (vec!["yes".into(), "no".into()], 7));
    let unknown_words = ["no", "not_found", "yes"].map(String::from);
    assert_eq!(unknown, (unknown_words.into(), 3));
    let broken_words = ["yes", "usage", "not_found"].map(String::from);
    assert_eq!(broken, (broken_words.into(), 2));
}

#[tokio::test]
async fn a_person_reads_a_sentence() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let ran = plain(
        &admin,
        &[
            "can",
            "publish",
            "orders.eu.done",
            "--user",
            "ORDERS/worker",
        ],
    );

    assert_eq!(
        ran.stdout,
        "yes: worker in ORDERS may publish orders.eu.done\n  by allow orders.*.done (role)\n"
    );
}

fn who(admin: &Admin, question: &[&str]) -> Vec<Value> {
    let answer = super::ask(admin, &[&["who-can"], question].concat());
    assert_eq!(answer["kind"], "who_can.list");
    items(&answer)
}

fn people(lines: &[Value]) -> Vec<String> {
    let person = |line: &Value| {
        format!(
            "{}/{}",
            text(&line["account"]["name"]),
            text(&line["user"]["name"])
        )
    };
    lines.iter().map(person).collect()
}

#[tokio::test]
async fn whoever_may_is_found_with_its_rule_and_the_accounts_on_the_way() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let by_mail = ["subscribe", "orders.eu.created"];

    let writers = who(
        &admin,
        &["publish", "orders.eu.done", "--where", "account:ORDERS"],
    );
    let hearers = who(&admin, &by_mail);
    let whole = who(
        &admin,
        &["publish", "orders.>", "--all", "--where", "account:ORDERS"],
    );

    holds(
        "who_can",
        &writers,
        &["verb", "account", "user", "effect", "by", "via", "live"],
    );
    let worker = writers
        .iter()
        .find(|line| line["user"]["name"] == "worker")
        .unwrap();
    assert_eq!(worker["effect"], "all");
    assert_eq!(worker["by"]["subject"], "orders.*.done");
    assert_eq!(worker["by"]["from"], "role");
    assert_eq!(worker["by"]["role"], "worker");
    assert_eq!(worker["via"], serde_json::json!([]));
    assert!(!people(&writers).contains(&"ORDERS/grafana".to_owned()));
    assert!(!people(&whole).contains(&"ORDERS/worker".to_owned()));
    assert!(people(&whole).contains(&"ORDERS/bootstrap".to_owned()));
    let through = hearers
        .iter()
        .find(|line| line["account"]["name"] != "ORDERS" && line["via"] != serde_json::json!([]));
    let through = through.unwrap_or_else(|| panic!("{:?}", people(&hearers)));
    let steps: Vec<String> = through["via"]
        .as_array()
        .unwrap()
        .iter()
        .map(|way| text(&way["step"]))
        .collect();
    assert!(
        steps.contains(&"import".to_owned()) || steps.contains(&"export".to_owned()),
        "{through:#}"
    );
}
