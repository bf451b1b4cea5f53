//! What an account says against a user of it.

use nats_oam::jwt::json::Node;
use serde_json::{Value, json};

use super::bench::{Bench, Pair, creds_text, issue, now, user_with};
use crate::support::patience::until;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_named_by_key_and_by_everybody() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let token = issue(&bench.good(&pair), &bench.plain());
    let creds = creds_text(token.text(), &pair.seed());
    let revoked = |key: &str| {
        let list = Node::object([(key, Node::from(now() + 1))]);
        vec![(&["nats", "revocations"][..], list)]
    };
    bench.let_in(&creds, &[]).await;

    bench.push(&revoked(&pair.user_id().to_string())).await;
    let by_key = bench.refused_for("revoked", &creds, &[]).await;
    bench.push(&revoked("*")).await;
    let by_all = bench.refused_for("revoked", &creds, &[]).await;

    assert!(
        by_key.to_string().contains("it is revoked up to"),
        "{by_key:#}"
    );
    assert!(by_all.to_string().contains("every user"), "{by_all:#}");
    like_the_page(&by_key);
}

/// The page shows one answer in full: this one has its shape.
fn like_the_page(told: &Value) {
    let page = include_str!("../../../docs/CLI.md");
    let shown = page
        .lines()
        .find(|line| line.contains(r#""kind":"diagnosis""#));
    let shown: Value = serde_json::from_str(shown.unwrap()).unwrap();
    let shown = &shown["item"];
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(told), keys(shown));
    let checks = |item: &Value| -> Vec<Value> {
        let checks = item["checks"].as_array().unwrap().iter();
        checks
            .map(|checked| json!([checked["check"], checked["result"]]))
            .collect()
    };
    assert_eq!(checks(told), checks(shown));
    for field in ["verdict", "first_failure"] {
        assert_eq!(told[field], shown[field]);
    }
    let failed = |item: &Value| {
        let checks = item["checks"].as_array().unwrap();
        keys(
            checks
                .iter()
                .find(|checked| checked["result"] == "fail")
                .unwrap(),
        )
    };
    assert_eq!(failed(told), failed(shown));
    let server = |item: &Value| keys(&item["servers"][0]);
    assert_eq!(server(told), server(shown));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_lets_nobody_in_is_named() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let token = issue(&bench.good(&pair), &bench.plain());
    let creds = creds_text(token.text(), &pair.seed());

    // One that has expired already is refused at the push.
    let end = now() + 2;
    for (path, value, words) in [
        (
            &["nats", "limits", "conn"][..],
            Node::from(0),
            "is disabled",
        ),
        (&["exp"][..], Node::from(end), "expired at"),
    ] {
        bench.push(&[(path, value)]).await;
        if path == ["exp"] {
            until("it expires", || async { (now() > end).then_some(()) }).await;
        }
        let told = bench.refused_for("account_state", &creds, &[]).await;
        assert!(told.to_string().contains(words), "{words}: {told:#}");
    }
    bench.push(&[]).await;
    bench.let_in(&creds, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_valid_yet_is_named() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let token = issue(&bench.good(&pair), &bench.plain());
    let creds = creds_text(token.text(), &pair.seed());

    // Nobody of it has logged in: a server that has an account in memory goes on with the token that it has there.
    bench.push(&[(&["nbf"], Node::from(now() + 3_600))]).await;

    let told = bench.refused_for("account_state", &creds, &[]).await;
    assert!(told.to_string().contains("is valid only from"), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_is_refused_where_the_account_lets_in_none() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let tree = user_with(bench.good(&pair), ["nats", "bearer_token"], true);
    let token = issue(&tree, &bench.plain());
    let creds = creds_text(token.text(), &pair.seed());
    bench.let_in(&creds, &[]).await;

    bench
        .push(&[(&["nats", "limits", "disallow_bearer"], Node::from(true))])
        .await;

    bench.refused_for("bearer_policy", &creds, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callout_answers_for_whom_the_checks_let_in() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let (pair, other) = (Pair::user(), Pair::user());
    let token = issue(&bench.good(&pair), &bench.plain());
    let creds = creds_text(token.text(), &pair.seed());
    let auth_users = Node::strings([other.user_id().to_string()]);
    bench
        .push(&[(&["nats", "authorization", "auth_users"], auth_users)])
        .await;

    let alone = bench.diagnose(&creds, &[]);

    assert_eq!(alone.code, 5, "{alone:?}");
    assert_eq!(alone.warnings(), ["callout_decides"]);
    // Nobody answers the callout, so it refuses.
    let tried = bench.diagnose(&creds, &["--connect", "--timeout", "10s"]);
    assert_eq!(tried.code, 7, "{tried:?}");
    assert_eq!(tried.json()["item"]["first_failure"], "connect");
}
