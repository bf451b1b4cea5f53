//! Servers that do not have the account as it holds, and accounts that no server takes.

use nats_oam::demo::sandbox::Order;
use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::signer::Signer as _;
use serde_json::{Value, json};

use super::bench::{Bench, Pair, answer_of, creds_text, issue, result};
use crate::support::patience::until;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_missed_a_push_is_named() {
    let Some(world) = World::own() else { return };
    let bench = Bench::of(&world).await;
    let (key, pair) = (Pair::account(), Pair::user());
    let base = bench.tenant.token_in_store();
    let Some(Node::Array(mut keys)) = base.body().get("signing_keys").cloned() else {
        panic!("no signing keys")
    };
    keys.push(Node::from(key.public_key().to_string()));
    let creds = creds_text(issue(&bench.good(&pair), &key).text(), &pair.seed());
    // What n3 keeps now is what it has when it comes back.
    let kept = std::fs::read(world.resolver_file("n3", bench.account())).unwrap();
    bench
        .push(&[(&["nats", "signing_keys"], Node::Array(keys))])
        .await;
    world.order(&Order::Stop("n3".to_owned()));
    std::fs::write(world.resolver_file("n3", bench.account()), kept).unwrap();
    world.order(&Order::Start("n3".to_owned()));
    let urls: Vec<String> = world
        .description()
        .servers
        .iter()
        .map(|server| server.url.clone())
        .collect();

    until("n3 is counted", || async {
        let ran = bench.admin.run(&["server", "ls"]);
        (ran.code == 0).then_some(())
    })
    .await;
    let tried = bench.diagnose(&creds, &["--connect"]);

    assert_eq!(answer_of(&creds, &urls[0]).await, None);
    assert!(
        answer_of(&creds, &urls[2]).await.is_some(),
        "n3 has the old token"
    );
    assert_eq!(tried.code, 7, "{tried:?}");
    let item = &tried.json()["item"];
    assert_eq!(item["first_failure"], "account_copies", "{item:#}");
    let at: Vec<Value> = item["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| {
            json!([
                server["name"],
                server["first_failure"],
                server["copy"]["state"],
                server["connect"]["result"]
            ])
        })
        .collect();
    assert_eq!(
        at,
        [
            json!(["n1", null, "in_force", "admitted"]),
            json!(["n2", null, "in_force", "admitted"]),
            json!(["n3", "issuer_in_account", "stale", "refused"]),
        ]
    );
    let alone = bench.diagnose(&creds, &[]);
    assert_eq!(
        (alone.code, &alone.json()["item"]["first_failure"]),
        (7, &json!("account_copies"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_no_server_has_and_one_of_another_operator_are_named() {
    let Some(world) = World::own() else { return };
    let bench = Bench::of(&world).await;
    let (operator, account, pair) = (Pair::operator(), Pair::account(), Pair::user());
    let id = account.public_key().try_into().unwrap();
    let user = fresh::user(&"odd".into(), pair.user_id(), None);
    let creds = creds_text(issue(&user, &account).text(), &pair.seed());

    let nowhere = bench.refused_for("account_copies", &creds, &[]).await;
    // Resolvers keep whatever they are given, and say so with 200.
    bench
        .ears
        .push(&issue(&fresh::account(&"FOREIGN".into(), id), &operator))
        .await;
    let foreign = bench.refused_for("account_in_operator", &creds, &[]).await;

    assert!(
        nowhere.to_string().contains("no token of the account"),
        "{nowhere:#}"
    );
    assert_eq!(result(&foreign, "issuer_in_account"), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_leaves_the_answer_open() {
    let Some(world) = World::own() else { return };
    let bench = Bench::of(&world).await;
    let pair = Pair::user();
    let creds = creds_text(
        issue(&bench.good(&pair), &bench.plain()).text(),
        &pair.seed(),
    );
    assert_eq!(bench.diagnose(&creds, &[]).code, 0);
    world.order(&Order::Kill("n3".to_owned()));

    for flags in [&[][..], &["--connect"]] {
        let ran = bench.diagnose(&creds, flags);

        assert_eq!(ran.code, 5, "{ran:?}");
        assert_eq!(ran.json()["servers"]["silent"], json!(["n3"]));
        assert_eq!(ran.json()["item"]["verdict"], "unknown");
    }
}
