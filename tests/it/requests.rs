//! What the servers are asked, as somebody hears it who listens in: never for the identity of all connections at once, which
//! makes a server verify the token of each and blocks its other services meanwhile.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::console::Console;
use crate::support::world::World;

/// Whether a request for connections asks for the identity of more than it may.
fn is_forbidden(body: &Value, accounts: &HashSet<String>) -> bool {
    let asks = body["auth"] == Value::Bool(true);
    let by_cid = body["cid"].as_u64().is_some_and(|cid| cid > 0);
    let by_account = body["acc"].as_str().is_some_and(|id| accounts.contains(id));
    asks && !by_cid && !by_account
}

#[test]
fn a_request_is_forbidden_that_names_neither_a_connection_nor_an_account_of_the_list() {
    let accounts = HashSet::from(["ORDERS".to_owned()]);
    let judge = |body: &str| is_forbidden(&serde_json::from_str(body).unwrap(), &accounts);

    assert!(judge(r#"{"auth": true}"#));
    assert!(judge(r#"{"auth": true, "cid": 0}"#));
    assert!(judge(r#"{"auth": true, "user": "UABC"}"#));
    assert!(judge(r#"{"auth": true, "acc": "NOBODY"}"#));
    assert!(!judge(r#"{"auth": true, "cid": 7}"#));
    assert!(!judge(r#"{"auth": true, "acc": "ORDERS"}"#));
    assert!(!judge(r#"{"limit": 1024}"#));
}

#[tokio::test]
async fn the_servers_are_counted_once_at_a_start() {
    let Some(world) = World::own() else { return };
    let (ears, admin) = (world.ears().await, world.admin());
    let mut requests = ears.requests().await;

    let ran = admin.run(&["server", "ls"]);

    let asked = requests.until_now(&ears).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for question in ["VARZ", "STATSZ"] {
        let subject = format!("$SYS.REQ.SERVER.PING.{question}");
        let times = asked.iter().filter(|(asked, _)| *asked == subject);
        assert_eq!(times.count(), 1, "{question}");
    }
}

#[tokio::test]
async fn nobody_asks_a_server_for_the_identity_of_all_connections() {
    let Some(world) = World::own() else { return };
    let (ears, admin, tenant) = (world.ears().await, world.admin(), world.tenant());
    world.client(&tenant, "a", "n1");
    world.client(&tenant, "b", "n2");
    ears.connected(&tenant, "a", 1).await;
    ears.connected(&tenant, "b", 1).await;
    let mut requests = ears.requests().await;

    let mut console = Console::of(&admin);
    console.shows("3 of 3 servers");
    for (page, key) in [("users", "2"), ("connections", "3"), ("servers", "6")] {
        console.press(key);
        console.shows(&format!("── {page} "));
    }
    console.press("3");
    console.shows("a-on-n1");
    console.press("r");
    console.shows("a-on-n1");
    console.press("q");
    assert_eq!(console.end().0, 0);
    let (whom, tail) = (format!("{}/a", tenant.name), tenant.tail("a"));
    for args in [
        &["status"][..],
        &["user", "ls"],
        &["connection", "ls"],
        &["user", "revoke", &whom, "--confirm", &tail],
    ] {
        let ran = admin.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    }

    let asked = requests.until_now(&ears).await;

    let mut kinds = asked.iter().map(|(subject, _)| subject.rsplit('.').next());
    let kicks = kinds.any(|kind| kind == Some("KICK"));
    assert!(kicks, "a revocation kicks beside its push");
    let accounts = ears.listed(3).await;
    let connz: Vec<_> = asked
        .iter()
        .filter(|(subject, _)| subject.rsplit('.').next() == Some("CONNZ"))
        .collect();
    let with_identity = connz
        .iter()
        .filter(|(_, body)| body["auth"] == true)
        .count();
    assert!(
        with_identity > 0 && with_identity < connz.len(),
        "{connz:?}"
    );
    for (subject, body) in connz {
        assert!(!is_forbidden(body, &accounts), "{subject} {body}");
    }
}
