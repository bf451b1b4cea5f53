//! An account with more connections on a server than are asked for at once: nobody is named unasked, and whoever is asked for
//! is named and revoked all the same.

use async_nats::{Client, ConnectOptions};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::world::{Admin, Tenant, World};

/// One more than a server is asked for with identities.
const CROWD: usize = 501;

/// Connections under way at the same time.
const WINDOW: usize = 32;

async fn connect(world: &World, tenant: &Tenant, user: &str, server: usize) -> Client {
    let options = ConnectOptions::with_credentials_file(tenant.creds(user)).await;
    let options = options.unwrap().ignore_discovered_servers().name(user);
    let url = world.description().servers[server].url.clone();
    options.connect(url).await.unwrap()
}

fn list(admin: &Admin, args: &[&str]) -> (Vec<Value>, Vec<String>) {
    let mut all = vec!["connection", "ls"];
    all.extend(args);
    let ran = admin.run(&all);
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    let items = ran.json()["items"].as_array().unwrap().clone();
    (items, ran.warnings())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_crowd_only_those_are_named_who_are_asked_for() {
    let Some(world) = World::own() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let crowd = stream::iter(0..CROWD).map(|_| connect(&world, &tenant, "a", 0));
    let crowd: Vec<Client> = crowd.buffer_unordered(WINDOW).collect().await;
    let one = connect(&world, &tenant, "b", 1).await;
    let unasked = "identity_not_asked".to_owned();

    let (all, warned) = list(&admin, &[&tenant.name]);
    assert_eq!(all.len(), CROWD + 1);
    assert!(
        all.iter()
            .all(|row| row.get("user").is_none() && row.get("identity").is_none())
    );
    assert!(warned.contains(&unasked), "{warned:?}");

    let (few, warned) = list(&admin, &[&tenant.name, "--limit", "3"]);
    assert_eq!(few.len(), 3);
    assert!(
        few.iter().all(|row| row["identity"] == "verified"),
        "{few:#?}"
    );
    assert!(!warned.contains(&unasked), "{warned:?}");

    let (found, warned) = list(&admin, &[&tenant.name, "--where", "user=b"]);
    let [row] = &found[..] else {
        panic!("{found:#?}")
    };
    assert_eq!(row["user"]["key"], tenant.user("b").to_string());
    assert!(!warned.contains(&unasked), "{warned:?}");

    let whom = format!("{}/b", tenant.name);
    let ran = admin.run(&["user", "revoke", &whom, "--confirm", &tenant.tail("b")]);
    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"]),
        (0, &json!("verified")),
        "{ran:?}"
    );
    // Who was not asked is not said to be unreadable.
    assert_eq!(outcome["unknown"], json!([]));
    assert!(ran.warnings().contains(&unasked), "{ran:?}");
    let (left, _) = list(&admin, &[&tenant.name]);
    assert_eq!(left.len(), CROWD);
    drop((crowd, one));
}
