//! What the command line tells, held against its contract: one sandbox with busy tenants, asked by fresh processes.

mod contexts;
mod contract;
mod examples;
mod expiry;
mod lists;
mod reach;
mod record;
mod rights;
mod whose;

use nats_oam::demo::sandbox::Order;
use serde_json::{Value, json};

use self::contract::Contract;
use crate::support::patience::until;
use crate::support::world::{Admin, Ran, Tenant, World, text};

/// Asks, and takes an answer in which nobody was silent.
fn ask(admin: &Admin, args: &[&str]) -> Value {
    let ran = admin.run(args);
    assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    let answer = ran.json();
    assert_eq!(answer["schema"], "nats-oam/1");
    answer
}

fn items(answer: &Value) -> Vec<Value> {
    answer["items"].as_array().unwrap().clone()
}

fn names(answer: &Value) -> Vec<String> {
    items(answer)
        .iter()
        .map(|item| text(&item["name"]))
        .collect()
}

/// All tenants are there once the last of them, the loud one, is.
async fn settled(world: &World) -> Admin {
    let admin = world.admin();
    let args = ["connection", "ls", "--where", "version:calc"];
    until("the loud client", || async {
        (!items(&ask(&admin, &args)).is_empty()).then_some(())
    })
    .await;
    admin
}

pub fn holds(kind: &str, items: &[Value], required: &[&str]) {
    let contract = Contract::read();
    assert!(!items.is_empty(), "no {kind}");
    for item in items {
        let faults = contract.faults(kind, item, required);
        assert!(faults.is_empty(), "{faults:#?}\n{item:#}");
    }
}

#[tokio::test]
async fn every_list_keeps_the_contract() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    for (noun, required) in [
        (
            "account",
            &[
                "key",
                "name",
                "system",
                "state",
                "issuer",
                "revision",
                "limits",
                "roles",
                "revocations",
                "users",
                "connections",
                "copies",
            ][..],
        ),
        (
            "user",
            &[
                "key",
                "name",
                "account",
                "signer",
                "state",
                "issued_at",
                "sources",
            ],
        ),
        ("role", &["key", "name", "account", "template", "members"]),
        ("key", &["key", "owner", "kind", "held", "path", "signs"]),
        (
            "connection",
            &[
                "ref",
                "server",
                "cid",
                "kind",
                "state",
                "account",
                "identity",
                "name",
                "ip",
                "connected_at",
                "in_bytes",
            ],
        ),
        (
            "server",
            &[
                "id",
                "name",
                "version",
                "state",
                "resolver",
                "operator_keys",
                "connections",
                "started_at",
            ],
        ),
        (
            "operator",
            &[
                "key",
                "name",
                "current",
                "signing_keys",
                "system_account",
                "accounts",
            ],
        ),
    ] {
        let answer = ask(&admin, &[noun, "ls"]);

        assert_eq!(answer["kind"], json!(format!("{noun}.list")));
        assert_eq!(answer["context"], "demo");
        assert_eq!(answer["servers"]["answered"], json!(["n1", "n2", "n3"]));
        holds(noun, &items(&answer), required);
    }
}

#[tokio::test]
async fn every_single_thing_keeps_the_contract() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let open = ask(&admin, &["connection", "ls", "ORDERS", "--limit", "1"]);
    let open = text(&items(&open)[0]["ref"]);

    for (noun, written, required) in [
        (
            "account",
            "ORDERS",
            &["users", "copies", "connections", "imports", "exports"][..],
        ),
        (
            "user",
            "ORDERS/worker",
            &[
                "revision",
                "permissions",
                "limits",
                "effective",
                "generations",
                "connections",
                "last_seen_at",
                "creds",
            ],
        ),
        ("role", "ORDERS:worker", &["template", "members"]),
        ("key", "ORDERS:worker", &["owner", "held", "signs"]),
        (
            "connection",
            &open,
            &["user", "identity", "claimed_user", "signer", "rtt_ms"],
        ),
        ("server", "n2", &["state", "version"]),
        ("operator", "DEMO", &["strict", "revision"]),
    ] {
        let answer = ask(&admin, &[noun, "info", written]);

        assert_eq!(answer["kind"], noun);
        holds(noun, &[answer["item"].clone()], required);
    }
    let status = ask(&admin, &["status"]);
    let required = [
        "tier", "operator", "context", "login", "held", "servers", "ledger", "problems",
    ];
    holds("status", &[status["item"].clone()], &required);
    assert_eq!(status["item"]["tier"], "operator");
    assert_eq!(status["item"]["login"]["how"], "creds");
}

#[tokio::test]
async fn a_user_is_told_with_its_role_its_tokens_and_what_it_may() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let description = world.description();
    let orders = Tenant::of(&description, "ORDERS");

    let user = ask(&admin, &["user", "info", "ORDERS/worker"])["item"].clone();

    assert_eq!(user["key"], json!(orders.user("worker").to_string()));
    assert_eq!(user["signer"]["role"], "worker");
    assert_eq!(user["signer"]["kind"], "scoped");
    assert_eq!(user["sources"], json!(["store", "live"]));
    assert_eq!(user["connections"], 3);
    assert_eq!(user["generations"].as_array().unwrap().len(), 1);
    assert_eq!(user["generations"][0]["revision"], user["revision"]);
    assert_eq!(user["generations"][0]["where"].as_array().unwrap().len(), 5);
    assert_eq!(user["creds"]["current"], true);
    let rules = user["effective"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["subject"] == "orders.dlq"
        && rule["from"] == "role"
        && rule["key"] == user["signer"]["key"]));
    let by_key = ask(
        &admin,
        &["user", "info", &orders.user("worker").to_string()],
    );
    assert_eq!(by_key["item"]["key"], user["key"]);
}

#[tokio::test]
async fn a_user_in_no_store_is_told_by_the_token_that_it_uses() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let eve = ask(&admin, &["user", "ls", "SHIPPING", "--where", "name:eve"]);
    let eve = text(&items(&eve)[0]["key"]);

    let user = ask(&admin, &["user", "info", &eve])["item"].clone();

    holds(
        "user",
        std::slice::from_ref(&user),
        &["revision", "effective", "generations"],
    );
    assert_eq!(user["sources"], json!(["live"]));
    assert_eq!(user["generations"][0]["revision"], user["revision"]);
    assert_eq!(user["expires_at"], Value::Null);
    assert!(user.get("creds").is_none());
}

#[tokio::test]
async fn an_account_says_who_has_which_copy() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;

    let account = ask(&admin, &["account", "info", "ORDERS"])["item"].clone();
    let legacy = ask(&admin, &["account", "info", "LEGACY"])["item"].clone();
    let offline = ask(&admin, &["account", "info", "ORDERS", "--offline"]);

    let copies = account["copies"].as_array().unwrap();
    let places: Vec<&Value> = copies.iter().map(|copy| &copy["server"]).collect();
    assert_eq!(
        places,
        [&Value::Null, &json!("n1"), &json!("n2"), &json!("n3")]
    );
    for copy in copies {
        assert_eq!(
            (&copy["state"], &copy["revision"]),
            (&json!("in_force"), &account["revision"])
        );
    }
    assert_eq!(account["revocations"]["count"], 1);
    assert!(account["users"]["seen"].as_u64() > Some(10));
    assert!(legacy["expires_at"].is_string());
    assert_eq!(offline["servers"], Value::Null);
    assert_eq!(offline["item"]["copies"].as_array().unwrap().len(), 1);
    assert!(offline["item"].get("connections").is_none());
}

#[tokio::test]
async fn one_who_claims_to_be_another_is_shown_as_who_it_is() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let orders = Tenant::of(&world.description(), "ORDERS");

    let liar = ask(&admin, &["connection", "ls", "--where", "user:mallory"]);
    let honest = ask(&admin, &["connection", "ls", "--where", "user:payments"]);

    let [liar] = items(&liar).try_into().unwrap();
    assert_eq!(liar["identity"], "spoofed");
    assert_eq!(
        liar["user"]["key"],
        json!(orders.user("mallory").to_string())
    );
    assert_eq!(
        liar["claimed_user"],
        json!(orders.user("payments").to_string())
    );
    let [honest] = items(&honest).try_into().unwrap();
    assert_eq!(
        (&honest["identity"], &honest["name"]),
        (&json!("verified"), &json!("payments-1"))
    );
    let payments = ask(&admin, &["user", "info", "ORDERS/payments"]);
    assert_eq!(payments["item"]["connections"], 1);
}

/// The program in the admin's context, in the format that the arguments name.
fn plain(admin: &Admin, args: &[&str]) -> Ran {
    let mut command = admin.bare(&["--context"]);
    let output = command.arg(&admin.context).args(args).output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test]
async fn a_fresh_process_says_which_server_is_silent() {
    let Some(world) = World::own() else { return };
    let admin = world.admin();
    ask(&admin, &["server", "ls"]);
    world.order(&Order::Kill("n3".to_owned()));

    for args in [
        &["account", "ls"][..],
        &["account", "info", "ORDERS"],
        &["user", "ls"],
        &["key", "ls"],
        &["connection", "ls"],
        &["server", "ls"],
        &["status"],
        &["identify", "ORDERS"],
    ] {
        let ran = admin.run(args);
        assert_eq!(ran.code, 5, "{args:?} {ran:?}");
        assert_eq!(ran.json()["servers"]["silent"], json!(["n3"]), "{args:?}");
    }
    let account = admin.run(&["account", "info", "ORDERS"]).json();
    let copies = account["item"]["copies"].as_array().unwrap();
    let n3 = copies.iter().find(|copy| copy["server"] == "n3").unwrap();
    assert_eq!(n3["state"], "unknown");
}
