//! Lists: which rows, in which form, and streams of what happens.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;

use serde_json::{Value, json};

use super::{ask, holds, items, names, plain, settled};
use crate::support::patience::until;
use crate::support::world::{Admin, World, text};

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut_and_say_where_an_expression_is_wrong() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let revoked = ask(&admin, &["user", "ls", "--where", "state=revoked"]);
    let two = ask(
        &admin,
        &["account", "ls", "--sort", "-name", "--limit", "2"],
    );
    let csv = plain(
        &admin,
        &["user", "ls", "LEGACY", "--csv", "--columns", "name,state"],
    );
    let lines = plain(&admin, &["role", "ls", "ORDERS", "--jsonl"]);
    let wrong = admin.run(&["user", "ls", "--where", "name:x colour:red"]);

    assert_eq!(names(&revoked), ["orders-api-old"]);
    assert_eq!(
        items(&revoked)[0]["sources"],
        json!(["store", "revocation"])
    );
    assert_eq!(names(&two), ["SYS", "SHIPPING"]);
    assert_eq!(csv.stdout, "name,state\nold-app,active\nolder-app,active\n");
    let lines: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&Value> = lines.iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["role", "role", "role", "role", "end"]);
    assert_eq!(wrong.code, 2);
    assert_eq!(wrong.json()["error"]["code"], "usage");
    assert!(
        text(&wrong.json()["error"]["what"]).contains("column 8"),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn a_torn_file_of_a_user_is_named_in_the_list_and_in_the_status() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let users = tenant.stored.parent().unwrap().join("users");
    std::fs::write(users.join("to\u{1b}rn.jwt"), "eyJ0").unwrap();

    let listed = admin.run(&["user", "ls", &tenant.name]).json();
    let others = admin.run(&["user", "ls", "SYS"]).json();
    let status = admin.run(&["status"]).json();

    let place = format!("{}/users/to", tenant.name);
    let named = |told: &Value| {
        let told = told.as_array().unwrap().iter();
        let whats: Vec<String> = told
            .filter(|said| said["code"] == "store")
            .map(|said| text(&said["what"]))
            .filter(|what| what.starts_with(&place))
            .collect();
        whats
    };
    let [what] = &named(&listed["warnings"])[..] else {
        panic!("{listed:#}")
    };
    assert!(what.contains("rn.jwt: it is no token"), "{what}");
    assert!(!what.contains('\u{1b}'), "{what:?}");
    assert_eq!(
        &named(&status["item"]["problems"])[..],
        std::slice::from_ref(what)
    );
    assert!(named(&others["warnings"]).is_empty(), "{others:#}");
}

#[tokio::test]
async fn what_is_not_there_or_fits_two_things_is_refused() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    for args in [
        &["user", "info", "ORDERS/nobody"][..],
        &["account", "info", "NOPE"],
        &["account", "ls", "NOPE"],
        &["role", "info", "ORDERS:nobody"],
        &["key", "info", "AAAAAAAAAA"],
        &["connection", "info", "n1/999999"],
        &["connection", "info", "n9/1"],
        &["operator", "info", "NOPE"],
        &["identify", "nobody-at-all"],
        &["audit", "info", "UAAAAAAA-1"],
    ] {
        let ran = admin.run(args);
        assert_eq!(
            (ran.code, &ran.json()["error"]["code"]),
            (3, &json!("not_found")),
            "{args:?} {ran:?}"
        );
        let listing = match args[0] {
            "identify" => continue,
            "connection" if args[2].starts_with("n9") => "server",
            noun => noun,
        };
        let next = &ran.json()["error"]["next"][0]["run"];
        assert_eq!(next, &format!("nats-oam {listing} ls"), "{args:?} {ran:?}");
    }
}

#[tokio::test]
async fn what_happens_is_printed_as_it_happens_until_somebody_ends_it() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    for verb in [&["watch"][..], &["ls", "--watch"]] {
        is_printed(&admin, verb);
    }
}

fn is_printed(admin: &Admin, verb: &[&str]) {
    let mut command: Command = admin.bare(&["--jsonl", "--context"]);
    command
        .arg(&admin.context)
        .arg("connection")
        .args(verb)
        .arg("BILLING");
    let mut watching = command.spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();

    let mut states = std::collections::BTreeSet::new();
    while states.len() < 2 {
        let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_ne!(event["kind"], "end");
        if event.get("ref").is_some() {
            assert_eq!(event["account"]["name"], "BILLING");
        }
        if event["user"]["name"] == "flappy" {
            states.insert(text(&event["state"]));
        }
    }
    let pid = rustix::process::Pid::from_child(&watching);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let kinds: Vec<String> = lines
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
        .map(|line| text(&line["kind"]))
        .collect();

    let ends = kinds.iter().filter(|kind| *kind == "end").count();
    assert_eq!((ends, kinds.last().unwrap().as_str()), (1, "end"));
    assert_eq!(watching.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn what_happens_is_one_object_where_one_is_asked_for() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let listed = ask(&admin, &["connection", "ls", "BILLING"]);
    let mut child = admin.start(&["connection", "ls", "BILLING", "--watch"]);
    let pid = rustix::process::Pid::from_child(&child);
    let mut said = child.stdout.take().unwrap();
    // What programs hear that are started later is heard by this one as well.
    is_printed(&admin, &["ls", "--watch"]);
    is_printed(&admin, &["watch"]);

    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();

    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["kind"], "connection.list");
    assert_eq!(object["servers"]["answered"], listed["servers"]["answered"]);
    let all = object["items"].as_array().unwrap();
    assert!(all.len() > items(&listed).len(), "{object:#}");
    let states = all.iter().map(|item| item["state"].as_str());
    assert!(
        states.clone().any(|state| state == Some("closed")),
        "{object:#}"
    );
    assert!(
        states.clone().any(|state| state == Some("open")),
        "{object:#}"
    );
}

#[tokio::test]
async fn closed_connections_are_listed_with_reasons() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let gone = until("a flappy client that went", || async {
        let gone = items(&ask(&admin, &["connection", "ls", "BILLING", "--closed"]));
        (!gone.is_empty()).then_some(gone)
    })
    .await;

    holds(
        "connection",
        &gone,
        &["ref", "closed_at", "reason", "state"],
    );
    assert!(gone.iter().all(|row| row["state"] == "closed"));
}

#[tokio::test]
async fn nothing_that_a_tenant_wrote_reaches_the_terminal_as_it_is() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let users = ask(&admin, &["user", "ls", "SHIPPING", "--where", "name:eve"]);
    let connections = ask(&admin, &["connection", "ls", "--where", "version:calc"]);

    let [eve] = items(&users).try_into().unwrap();
    assert!(
        text(&eve["name"]).contains("␛]0;owned␇‹009B›31m‹202E›"),
        "{eve}"
    );
    assert_eq!(eve["unsafe"], json!(["name"]));
    assert_eq!(eve["sources"], json!(["live"]));
    let [loud] = items(&connections).try_into().unwrap();
    assert_eq!(loud["unsafe"], json!(["name", "lang"]));
    assert_eq!(loud["user"]["unsafe"], json!(["name"]));
    for format in ["--json", "--jsonl", "--csv", "--quiet"] {
        for list in [
            ["user", "ls"],
            ["connection", "ls"],
            ["account", "ls"],
            ["key", "ls"],
        ] {
            let ran = plain(&admin, &[&list[..], &[format]].concat());
            let obeyed = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{ffff}".contains(c);
            assert!(!ran.stdout.contains(obeyed), "{list:?} {format}");
            assert!(!ran.stderr.contains(obeyed), "{list:?} {format}");
        }
    }
    let csv = plain(
        &admin,
        &["connection", "ls", "--csv", "--columns", "version"],
    );
    assert!(csv.stdout.contains("'=cmd|"), "{csv:?}");
}
