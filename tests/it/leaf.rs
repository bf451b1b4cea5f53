//! A leaf is a user like any other: revoked, its leafnode is closed, and the leaf server is refused when it dials in again.

use std::fs;

use serde_json::{Value, json};

use crate::support::patience::until;
use crate::support::world::{Admin, Tenant, World};

/// The user that the sandbox's leaf dials in with, and what the leaf server is called.
const USER: &str = "site-berlin";
const LEAF: &str = "berlin-1";

fn leafnodes(admin: &Admin) -> Vec<Value> {
    let listed = admin.run(&["connection", "ls", "EDGE", "--where", "kind=leafnode"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    listed.json()["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_leaf_is_closed_and_refused() {
    let Some(world) = World::own_busy() else {
        return;
    };
    let (edge, admin) = (Tenant::of(&world.description(), "EDGE"), world.admin());
    let leaf = until("the leaf dials in", || async { leafnodes(&admin).pop() }).await;
    assert_eq!(leaf["user"]["name"], USER, "{leaf:#}");
    let log = world
        .description()
        .data_dir
        .parent()
        .unwrap()
        .join(LEAF)
        .join("server.log");
    let refusals = || {
        let said = fs::read_to_string(&log).unwrap();
        said.matches("Authorization Violation").count()
    };
    let before = refusals();
    let whom = format!("EDGE/{USER}");

    let plan = admin.run(&["user", "revoke", &whom, "--dry-run"]).json();
    let ran = admin.run(&["user", "revoke", &whom, "--confirm", &edge.tail(USER)]);

    assert_eq!(plan["reach"]["leafnodes"], 1, "{plan:#}");
    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"]),
        (0, &json!("verified")),
        "{ran:?}"
    );
    assert_eq!(
        (&outcome["closed"], &outcome["open"]),
        (&json!(1), &json!(0))
    );
    // It dials again each second.
    until("the leaf is refused", || async {
        (refusals() > before + 1).then_some(())
    })
    .await;
    assert!(leafnodes(&admin).is_empty());
}
