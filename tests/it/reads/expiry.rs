//! The expiry calendar on real servers: an account that ends, and with it its users.

use nats_oam::demo::sandbox::Order;
use serde_json::{Value, json};

use super::{holds, items, settled};
use crate::support::world::{Admin, World};

/// Asks what ends, and takes an answer that is no.
fn ending(admin: &Admin, args: &[&str]) -> Value {
    let ran = admin.run(&[&["expiry", "ls"], args].concat());
    assert_eq!(ran.code, 7, "{ran:?}");
    ran.json()
}

#[tokio::test]
async fn an_account_that_ends_takes_its_users_and_their_creds_with_it() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let told = ending(&admin, &["--within", "3d", "--where", "account:LEGACY"]);

    assert_eq!(told["kind"], "expiry.list");
    let required = [
        "target",
        "stops_at",
        "expires_at",
        "because",
        "state",
        "fix",
    ];
    let lines = items(&told);
    holds("expiry", &lines, &required);
    let of = |kind: &str| {
        let lines = lines.iter().filter(|line| line["target"]["kind"] == kind);
        lines.cloned().collect::<Vec<_>>()
    };
    assert_eq!((of("user").len(), of("creds").len()), (2, 2), "{told:#}");
    let [account] = of("account").try_into().unwrap();
    for line in [of("user"), of("creds")].concat() {
        assert_eq!(line["because"], "account");
        assert_eq!(line["state"], "soon");
        assert_eq!(line["stops_at"], account["stops_at"]);
        assert_eq!(line["expires_at"], Value::Null);
        assert_eq!(line["fix"]["run"], Value::Null);
    }
    assert_eq!(
        (&account["because"], &account["expires_at"]),
        (&json!("own"), &account["stops_at"])
    );
}

#[tokio::test]
async fn nothing_near_is_yes_and_what_is_not_asked_for_does_not_count() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let near = admin.run(&["expiry", "ls", "--within", "1h"]);
    let other = admin.run(&["expiry", "ls", "--where", "account:BILLING"]);

    assert_eq!((near.code, items(&near.json()).len()), (0, 0), "{near:?}");
    assert_eq!(other.code, 0, "{other:?}");
}

#[tokio::test]
async fn a_silent_server_is_told_and_hides_nothing_that_ends() {
    let Some(world) = World::own() else { return };
    let admin = world.admin();
    assert_eq!(admin.run(&["server", "ls"]).code, 0);
    world.order(&Order::Kill("n3".to_owned()));

    let near = admin.run(&["expiry", "ls", "--within", "1h"]);
    let silent = ending(&admin, &[]);

    assert_eq!(near.code, 5, "{near:?}");
    for told in [near.json(), silent] {
        assert_eq!(told["servers"]["silent"], json!(["n3"]));
    }
}
