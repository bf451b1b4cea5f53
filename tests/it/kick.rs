//! Kicks by the real program: closed, and back again, with where and when.

use serde_json::json;

use crate::support::world::{World, codes, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_kick_says_where_the_client_came_back() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n2");
    let before = ears.connected(&tenant, "a", 1).await;
    let from = format!("{}/{}", before[0].server, before[0].cid);

    let ran = admin.run(&["connection", "kick", &from, "--yes"]);

    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"]),
        (0, &json!("verified")),
        "{ran:?}"
    );
    let after = ears.connected(&tenant, "a", 1).await;
    let back = &outcome["came_back"][0];
    assert_eq!(text(&back["from"]), from);
    assert_eq!(text(&back["to"]), format!("n2/{}", after[0].cid));
    assert!(back["after_ms"].as_u64().unwrap() < 2000, "{back}");
    assert_ne!(after[0].cid, before[0].cid);
    assert_eq!(
        (&outcome["closed"], &outcome["open"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(outcome["servers"].as_array().unwrap().len(), 1);
    assert_eq!(outcome["servers"][0]["state"], "clear");
    assert_eq!(
        (&outcome["undo"], &outcome["steps"]),
        (&json!(null), &json!({"done": 1, "of": 1}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_kicks_take_their_number_and_a_gone_connection_is_moot() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n1");
    world.client(&tenant, "b", "n3");
    let (a, b) = (
        ears.connected(&tenant, "a", 1).await,
        ears.connected(&tenant, "b", 1).await,
    );
    let (a, b) = (format!("n1/{}", a[0].cid), format!("n3/{}", b[0].cid));
    let kick = ["connection", "kick", &a, &b];
    let plan = admin.run(&[&kick[..], &["--dry-run"]].concat()).json();
    assert_eq!(
        (&plan["consent"]["level"], &plan["consent"]["confirm"]),
        (&json!(2), &json!("2"))
    );
    assert_eq!(admin.run(&[&kick[..], &["--yes"]].concat()).code, 3);

    let ran = admin.run(&[&kick[..], &["--confirm", "2"]].concat());

    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["closed"]), (0, &json!(2)), "{ran:?}");
    assert_eq!(outcome["came_back"].as_array().unwrap().len(), 2);
    assert_eq!(outcome["steps"], json!({"done": 2, "of": 2}));
    let again = admin.run(&["connection", "kick", &a, "--yes"]);
    assert_eq!(
        (again.code, &again.json()["error"]["code"]),
        (3, &json!("moot")),
        "{again:?}"
    );
    ears.connected(&tenant, "b", 1).await;
    let live = ears.connected(&tenant, "a", 1).await;
    let one_left = admin.run(&[
        "connection",
        "kick",
        &a,
        &format!("n1/{}", live[0].cid),
        "--yes",
    ]);
    assert_eq!(one_left.code, 0, "{one_left:?}");
    assert!(codes(&one_left.json()["warnings"]).contains(&"gone".to_owned()));
}
