//! `account push` and `account pull` on real servers: what is in force, what lies in the store, and what would have been lost.

use nats_oam::jwt::account::Account;
use nats_oam::jwt::token::Token;
use serde_json::{Value, json};

use crate::support::ears::{Ears, pushed_of};
use crate::support::editor::{described, forged, revoked};
use crate::support::world::{Admin, Ran, Tenant, World, codes, text};

fn tail(tenant: &Tenant) -> String {
    tenant.id.key().tail()
}

/// The one token that all three servers keep.
async fn served(ears: &Ears, tenant: &Tenant) -> Token {
    let kept = ears.kept(tenant.id, 3).await;
    let revision = kept[0].revision();
    let same = |token: &Token| token.revision() == revision;
    assert!(kept.iter().all(same), "servers differ");
    kept[0].clone()
}

fn verified(ran: &Ran) -> Value {
    let outcome = ran.json();
    let word = (ran.code, &outcome["outcome"]);
    assert_eq!(word, (0, &json!("verified")), "{ran:?}");
    assert_eq!(outcome["servers"].as_array().unwrap().len(), 3);
    outcome
}

fn plan(admin: &Admin, args: &[&str]) -> Value {
    let ran = admin.run(&[args, &["--dry-run"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

fn refused(ran: &Ran) -> Value {
    assert_eq!(ran.code, 3, "{ran:?}");
    ran.json()["error"]["code"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_younger_token_of_the_store_is_pushed_as_it_is_and_proven_on_each_server() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let edited = world
        .editor()
        .edited(&tenant.token_in_store(), &[described("new")], 5);
    tenant.store(&edited);
    let push = ["account", "push", &tenant.name];

    let plan = plan(&admin, &push);
    let ran = admin.run(&[&push[..], &["--confirm", &tail(&tenant)]].concat());

    assert_eq!(plan["changes"][0]["path"], "/nats/description");
    assert_eq!(
        (&plan["changes"][0]["op"], &plan["changes"][0]["after"]),
        (&json!("add"), &json!("new"))
    );
    assert_eq!(
        (&plan["consent"]["level"], &plan["direction"]),
        (&json!(2), &json!("neutral"))
    );
    verified(&ran);
    assert_eq!(served(&ears, &tenant).await.text(), edited.text());
    assert_eq!(tenant.token_in_store().text(), edited.text());
    assert_eq!(refused(&admin.run(&push)), "moot");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_would_be_lost_takes_the_accounts_name_and_can_be_kept() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let (editor, base) = (world.editor(), tenant.token_in_store());
    let user = tenant.user("a");
    ears.push(&editor.edited(&base, &[revoked(user)], 5)).await;
    tenant.store(&editor.edited(&base, &[described("mine")], 9));
    let push = ["account", "push", &tenant.name];
    let keep = ["account", "push", &tenant.name, "--keep-revocations"];

    let loses = plan(&admin, &push);
    let keeps = plan(&admin, &keep);
    let by_tail = admin.run(&[&push[..], &["--confirm", &tail(&tenant)]].concat());
    let ran = admin.run(&[&keep[..], &["--confirm", &tail(&tenant)]].concat());

    assert_eq!(loses["consent"]["level"], 3);
    assert_eq!(loses["consent"]["confirm"], json!(tenant.name));
    assert_eq!(loses["direction"], "widens");
    assert!(codes(&loses["warnings"]).contains(&"revocation_lost".to_owned()));
    assert_eq!(keeps["consent"]["level"], 2);
    assert_eq!(refused(&by_tail), "consent");
    verified(&ran);
    let stands = served(&ears, &tenant).await;
    let account = Account::of(&stands).unwrap();
    assert!(account.revocations.named(user).is_some());
    assert_eq!(account.description, "mine".into());
    assert_eq!(tenant.token_in_store().text(), stands.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_younger_than_the_servers_is_signed_anew_so_that_it_lasts() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let (editor, base) = (world.editor(), tenant.token_in_store());
    ears.push(&editor.edited(&base, &[described("theirs")], 50))
        .await;
    let push = ["account", "push", &tenant.name];

    let plan = plan(&admin, &push);
    let ran = admin.run(&[&push[..], &["--confirm", &tail(&tenant)]].concat());

    assert_eq!(codes(&plan["warnings"]), ["signed_anew"]);
    assert!(plan["signer"]["key"].is_string());
    verified(&ran);
    let stands = served(&ears, &tenant).await;
    let (now, before) = (stands.envelope().issued_at, base.envelope().issued_at);
    assert!(now.unwrap().0 > before.unwrap().0 + 50);
    assert_eq!(Account::of(&stands).unwrap().description, "".into());
    assert_eq!(tenant.token_in_store().text(), stands.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_server_trusts_is_not_pushed() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let base = tenant.token_in_store();
    tenant.store(&forged(&base, &[described("forged")], 5));
    let mut pushes = ears.pushes().await;
    let push = ["account", "push", &tenant.name];

    let ran = admin.run(&[&push[..], &["--confirm", &tail(&tenant)]].concat());

    assert_eq!(refused(&ran), "untrusted_signer");
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_pushed_token_keeps_out_is_named_before_and_out_after() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n2");
    ears.connected(&tenant, "a", 1).await;
    let base = tenant.token_in_store();
    let edited = world
        .editor()
        .edited(&base, &[revoked(tenant.user("a"))], 5);
    tenant.store(&edited);
    let push = ["account", "push", &tenant.name];

    let plan = plan(&admin, &push);
    let ran = admin.run(&[&push[..], &["--confirm", &tail(&tenant)]].concat());

    assert_eq!(plan["direction"], "narrows");
    assert_eq!(
        (&plan["reach"]["connections"], &plan["reach"]["names"]),
        (&json!(1), &json!(["a"]))
    );
    assert_eq!(plan["undo"], "user.lift");
    assert_eq!(verified(&ran)["closed"], 1);
    ears.stays_out(&tenant, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_writes_the_servers_token_into_the_store_and_tells_what_the_store_loses() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let (editor, base) = (world.editor(), tenant.token_in_store());
    let theirs = editor.edited(&base, &[revoked(tenant.user("b"))], 5);
    ears.push(&theirs).await;
    tenant.store(&editor.edited(&base, &[described("mine")], 9));
    let mut pushes = ears.pushes().await;
    let pull = ["account", "pull", &tenant.name];

    let plan = plan(&admin, &pull);
    let ran = admin.run(&[&pull[..], &["--confirm", &tail(&tenant)]].concat());

    assert_eq!(codes(&plan["warnings"]), ["store_edits_lost"]);
    assert!(text(&plan["warnings"][0]["what"]).contains("/nats/description"));
    assert_eq!(plan["signer"], Value::Null);
    verified(&ran);
    assert_eq!(tenant.token_in_store().text(), theirs.text());
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
    assert_eq!(refused(&admin.run(&pull)), "moot");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_one_side_lacks_comes_there_by_push_or_pull() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let base = tenant.token_in_store();
    let directory = tenant.stored.parent().unwrap();
    std::fs::remove_dir_all(directory).unwrap();
    let pull = ["account", "pull", &tenant.id.to_string()];

    let pushed = admin.run(&["account", "push", &tenant.id.to_string()]);
    let pulled = admin.run(&[&pull[..], &["--confirm", &tail(&tenant)]].concat());

    assert_eq!(refused(&pushed), "moot");
    verified(&pulled);
    assert_eq!(tenant.token_in_store().text(), base.text());
    assert_eq!(served(&ears, &tenant).await.text(), base.text());
}
