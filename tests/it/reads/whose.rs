//! `identify`: whose something is, and what is never repeated.

use serde_json::json;

use super::{holds, settled};
use crate::support::world::{Tenant, World, codes};

#[tokio::test]
async fn whose_something_is_is_told_and_no_secret_is_repeated() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let description = world.description();
    let orders = Tenant::of(&description, "ORDERS");
    let creds = std::fs::read_to_string(orders.creds("worker")).unwrap();
    let seed = creds.lines().find(|line| line.starts_with("SU")).unwrap();
    let token = orders.token("worker").text().to_string();
    let at_file = format!("@{}", orders.creds("worker").display());

    let from_file = admin.run(&["identify", &at_file]);
    let from_input = admin.run_with(&["identify", "-"], &creds);
    let from_token = admin.run_with(&["identify", "-"], &token);
    let from_seed = admin.run_with(&["identify", "-"], seed);
    let operator = admin.run(&["identify", &description.operator.key]);
    let server = admin.run(&["identify", &description.servers[0].id]);
    let role = admin.run(&["identify", "ORDERS:worker"]);

    let worker = json!(orders.user("worker").to_string());
    for (ran, given, has_seed) in [
        (&from_file, "creds", true),
        (&from_input, "creds", true),
        (&from_token, "token", false),
        (&from_seed, "seed", true),
    ] {
        let answer = ran.json();
        let item = &answer["item"];
        holds(
            "identify",
            std::slice::from_ref(item),
            &["kind", "key", "name", "account", "state"],
        );
        assert_eq!((&item["kind"], &item["key"]), (&json!("user"), &worker));
        assert_eq!(
            (&item["given"], &item["seed_given"]),
            (&json!(given), &json!(has_seed))
        );
        assert_eq!(
            codes(&answer["warnings"]).contains(&"seed_given".to_owned()),
            has_seed
        );
        for said in [&ran.stdout, &ran.stderr] {
            assert!(!said.contains(seed) && !said.contains(&token), "{given}");
        }
    }
    for (ran, kind, name) in [
        (operator, "operator", "DEMO"),
        (server, "server", "n1"),
        (role, "role", "worker"),
    ] {
        let item = ran.json()["item"].clone();
        assert_eq!((&item["kind"], &item["name"]), (&json!(kind), &json!(name)));
    }
}

#[tokio::test]
async fn a_token_that_was_tampered_with_names_nobody_new() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let token = Tenant::of(&world.description(), "ORDERS").token("worker");
    let text = token.text().to_string();
    let (body, signature) = text.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();

    let ran = admin.run_with(&["identify", "-"], &format!("{body}.{turned}"));

    assert_eq!(
        ran.json()["item"]["token"]["signature"],
        "invalid",
        "{ran:?}"
    );
    let info = admin.run_with(&["user", "info", "-"], &format!("{body}.{turned}"));
    assert_ne!(info.code, 0, "{info:?}");
}
