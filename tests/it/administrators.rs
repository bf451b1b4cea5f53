//! The system account itself: whoever would cut off the last who can administrate says so with the whole key, and who has no
//! creds of it but its key is let in by a user that is made on the spot, and on record.

use std::fs;

use serde_json::json;

use crate::support::world::{World, text};

/// Files of users whose creds are left, and of those that are not.
fn take_away(world: &World, user: &str) {
    fs::remove_file(world.system().creds(user)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_administrator_is_revoked_by_its_whole_key_and_then_nobody_is_let_in_by_it() {
    let Some(world) = World::own() else { return };
    let (admin, system) = (world.admin(), world.system());
    // Who acts is somebody else: a user that is minted.
    let creds = fs::read_to_string(system.creds("sys")).unwrap();
    let key = system.user("sys").to_string();
    let tail = system.tail("sys");
    take_away(&world, "sys");
    take_away(&world, "readonly");
    let status = admin.run(&["status"]).json();
    assert_eq!(status["item"]["login"]["how"], "minted", "{status:#}");

    let plan = admin.run(&["user", "revoke", "SYS/sys", "--dry-run"]);
    let another = admin
        .run(&["user", "revoke", "SYS/readonly", "--dry-run"])
        .json();
    for not_enough in [tail.as_str(), "SYS"] {
        let ran = admin.run(&["user", "revoke", "SYS/sys", "--confirm", not_enough]);
        assert_eq!(
            (ran.code, &ran.json()["error"]["code"]),
            (3, &json!("consent")),
            "{ran:?}"
        );
    }
    let leaked = admin.home.path().join("sys.creds");
    fs::write(&leaked, creds).unwrap();
    let with_leaked = ["--creds", leaked.to_str().unwrap(), "server", "ls"];
    assert_eq!(admin.run(&with_leaked).code, 0);
    let ran = admin.run(&["user", "revoke", "SYS/sys", "--confirm", &key]);

    assert_eq!(plan.json()["consent"]["confirm"], key.as_str());
    assert!(plan.warnings().contains(&"only_administrator".to_owned()));
    assert_eq!(another["consent"]["confirm"], "SYS");
    assert_eq!(
        (ran.code, &ran.json()["outcome"]),
        (0, &json!("verified")),
        "{ran:?}"
    );
    let refused = admin.run(&with_leaked);
    assert_ne!(refused.code, 0, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_of_the_system_account_is_revoked_by_its_key_alone() {
    let Some(world) = World::shared() else { return };
    let (admin, system) = (world.admin(), world.system());

    let plan = admin
        .run(&["user", "revoke", "--all", "SYS", "--dry-run"])
        .json();

    assert_eq!(plan["consent"]["confirm"], system.id.to_string().as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_is_made_for_a_login_is_on_record() {
    let Some(world) = World::own() else { return };
    let (admin, system) = (world.admin(), world.system());
    take_away(&world, "sys");
    take_away(&world, "readonly");
    let listed = admin.run(&["server", "ls"]);
    assert_eq!(listed.code, 0, "{listed:?}");

    let record = admin
        .run(&["--offline", "audit", "ls", "--action", "login.mint"])
        .json();

    let records = record["items"].as_array().unwrap();
    assert!(!records.is_empty());
    for record in records {
        let target = &record["target"][0];
        assert!(text(&target["key"]).starts_with('U'), "{record:#}");
        assert_eq!(target["account"]["key"], system.id.to_string().as_str());
        assert_eq!(text(&target["name"]), "nats-oam kim");
        assert!(record["effect"]["expires_at"].is_string(), "{record:#}");
    }
    let verified = admin.run(&["--offline", "audit", "verify"]);
    assert_eq!(verified.json()["item"]["holds"], true, "{verified:?}");
}
