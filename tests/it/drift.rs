//! Drift heals: what is not the same everywhere is told by content, and the command that its line names, run as it stands, mends
//! it. Seen on three servers, not concluded from what was said.

use std::path::PathBuf;

use async_nats::{Auth, AuthError, Client, ConnectOptions};
use nats_oam::demo::sandbox::Order;
use nats_oam::jwt::account::Account;
use nats_oam::jwt::edit::apply;
use nats_oam::jwt::keys::KeyKind;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::jwt::{fresh, keys::AccountId};
use nats_oam::store::keyring::{Keyring, NewKey};
use nats_oam::store::signer::{CredsSigner, CredsSource};
use serde_json::{Value, json};

use crate::support::ears::Ears;
use crate::support::editor::{described, forged, revoked};
use crate::support::patience::until;
use crate::support::world::{Admin, Ran, Tenant, World, run_as_shown, text};

/// What differs of an account; the code fits the lines.
fn drift(admin: &Admin, account: &str) -> Vec<Value> {
    let ran = admin.run(&["drift", account]);
    let lines = ran.json()["items"].as_array().unwrap().clone();
    let code = if lines.is_empty() { 0 } else { 7 };
    assert_eq!(ran.code, code, "{ran:?}");
    assert_eq!(ran.json()["kind"], "drift.list");
    lines
}

fn only_line(admin: &Admin, account: &str) -> Value {
    let [line] = drift(admin, account).try_into().unwrap();
    line
}

/// Runs what a line names, with the consent that its plan asks for.
fn mend(admin: &Admin, line: &Value) -> Ran {
    let command = text(&line["fix"]["run"]);
    let plan = run_as_shown(admin, &format!("{command} --dry-run"));
    assert_eq!(plan.code, 0, "{plan:?}");
    let consent = plan.json()["consent"].clone();
    let given = match consent["level"].as_u64().unwrap() {
        1 => "--yes".to_owned(),
        _ => format!("--confirm {}", text(&consent["confirm"])),
    };
    let ran = run_as_shown(admin, &format!("{command} {given}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["outcome"], "verified", "{ran:?}");
    ran
}

/// The one token that store and all three servers have.
async fn agreed(ears: &Ears, tenant: &Tenant) -> Token {
    let stored = tenant.token_in_store();
    for kept in ears.kept(tenant.id, 3).await {
        assert_eq!(kept.text(), stored.text());
    }
    stored
}

fn description(token: &Token) -> String {
    Account::of(token).unwrap().description.to_string()
}

/// A client that reads its creds at every login, as those of NATS do.
async fn client(url: &str, creds: PathBuf) -> Client {
    let options = ConnectOptions::with_auth_callback(move |nonce| {
        let creds = CredsSource::File(creds.clone());
        async move {
            let (signer, _) = CredsSigner::open(creds).map_err(AuthError::new)?;
            let (token, signature) = signer.answer(&nonce).map_err(AuthError::new)?;
            let mut auth = Auth::new();
            auth.jwt = Some(token.text().to_string());
            auth.signature = Some(signature.to_vec());
            Ok(auth)
        }
    });
    let options = options.ignore_discovered_servers();
    options.connect(url).await.unwrap()
}

fn is(line: &Value, drift: &str, act: &str) {
    let said = (text(&line["drift"]), text(&line["fix"]["act"]));
    assert_eq!(said, (drift.to_owned(), act.to_owned()), "{line:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_alone_says_is_pushed() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    assert!(drift(&admin, &tenant.name).is_empty());
    let base = tenant.token_in_store();
    tenant.store(&world.editor().edited(&base, &[described("mine")], 5));

    let line = only_line(&admin, &tenant.name);
    mend(&admin, &line);

    is(&line, "store_newer", "account.push");
    assert_eq!(
        line["changes"],
        json!([{"path": "/nats/description", "op": "add", "before": null, "after": "mine"}])
    );
    assert!(drift(&admin, &tenant.name).is_empty());
    assert_eq!(description(&agreed(&ears, &tenant).await), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_servers_alone_say_is_pulled() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let base = tenant.token_in_store();
    ears.push(&world.editor().edited(&base, &[described("theirs")], 5))
        .await;

    let line = only_line(&admin, &tenant.name);
    mend(&admin, &line);

    is(&line, "servers_newer", "account.pull");
    assert!(drift(&admin, &tenant.name).is_empty());
    assert_eq!(description(&agreed(&ears, &tenant).await), "theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_both_were_edited_the_edit_and_the_revocation_stand_in_the_end() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let (editor, base) = (world.editor(), tenant.token_in_store());
    let user = tenant.user("b");
    ears.push(&editor.edited(&base, &[revoked(user)], 5)).await;
    tenant.store(&editor.edited(&base, &[described("mine")], 9));

    let line = only_line(&admin, &tenant.name);
    mend(&admin, &line);

    is(&line, "both_edited", "account.push");
    assert_eq!(line["changes"].as_array().unwrap().len(), 2, "{line:#}");
    assert!(drift(&admin, &tenant.name).is_empty());
    let stands = agreed(&ears, &tenant).await;
    assert_eq!(description(&stands), "mine");
    let revocations = Account::of(&stands).unwrap().revocations;
    assert!(revocations.named(user).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_only_the_servers_have_is_pulled() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    std::fs::remove_dir_all(tenant.stored.parent().unwrap()).unwrap();
    let id = tenant.id.to_string();

    let lines = drift(&admin, &id);
    let line = lines
        .iter()
        .find(|line| line["target"]["kind"] == "account");
    let line = line.unwrap();
    mend(&admin, line);

    is(line, "only_on_servers", "account.pull");
    let still = drift(&admin, &id);
    assert!(
        still.iter().all(|line| line["target"]["kind"] != "account"),
        "{still:#?}"
    );
    agreed(&ears, &tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_only_the_store_has_is_pushed() {
    let Some(world) = World::shared() else { return };
    let (admin, ears) = (world.admin(), world.ears().await);
    let model = world.tenant();
    let key = NewKey::random(KeyKind::Account).unwrap();
    let id = AccountId::try_from(key.public_key()).unwrap();
    let issuer = model.token_in_store().envelope().issuer;
    let signer = Keyring::new(world.description().keystore_dir)
        .signer(issuer)
        .unwrap();
    let at = model.token_in_store().envelope().issued_at.unwrap();
    let token = Token::issue(&fresh::account(&"NEWCOMER".into(), id), &signer, at).unwrap();
    let accounts = model.stored.parent().unwrap().parent().unwrap();
    let own = accounts.join("NEWCOMER");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("NEWCOMER.jwt"), &**token.text()).unwrap();

    let line = only_line(&admin, "NEWCOMER");
    mend(&admin, &line);

    is(&line, "only_in_store", "account.push");
    assert!(drift(&admin, "NEWCOMER").is_empty());
    let kept = ears.kept(id, 3).await;
    assert!(kept.iter().all(|kept| kept.text() == token.text()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_server_trusts_gives_way_in_resolvers_and_in_the_store() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n1"); // which makes a server enforce the good one
    ears.connected(&tenant, "a", 1).await;
    let base = tenant.token_in_store();
    ears.push(&forged(&base, &[described("planted")], 500))
        .await;

    let planted = only_line(&admin, &tenant.name);
    mend(&admin, &planted);
    assert!(drift(&admin, &tenant.name).is_empty());
    let good = agreed(&ears, &tenant).await;
    tenant.store(&forged(&good, &[described("planted")], 5));
    let in_store = only_line(&admin, &tenant.name);
    mend(&admin, &in_store);

    is(&planted, "untrusted", "account.push");
    is(&in_store, "untrusted", "account.pull");
    assert!(drift(&admin, &tenant.name).is_empty());
    assert_eq!(description(&agreed(&ears, &tenant).await), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_creds_are_written_anew_and_who_came_with_them_comes_back_with_the_new() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let _client = client(&world.description().servers[1].url, tenant.creds("a")).await;
    ears.connected(&tenant, "a", 1).await;
    let old = tenant.token("a");
    let signer = Keyring::new(world.description().keystore_dir)
        .signer(old.envelope().issuer)
        .unwrap();
    let at = UnixTime(old.envelope().issued_at.unwrap().0 + 1);
    let new = Token::issue(&apply(&old, &[], at), &signer, at).unwrap();
    let users = tenant.stored.with_file_name("users");
    std::fs::write(users.join("a.jwt"), &**new.text()).unwrap();

    let [connection, creds] = drift(&admin, &tenant.name).try_into().unwrap();
    mend(&admin, &creds);
    mend(&admin, &connection);

    is(&creds, "old_creds", "user.creds");
    is(&connection, "old_connection", "connection.kick");
    assert_eq!(tenant.token("a").text(), new.text());
    until("it is back with the new token", || async {
        let back = ears.open(tenant.id, 3).await.len() == 1;
        (back && drift(&admin, &tenant.name).is_empty()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_differ_get_one_token_and_a_silent_one_is_never_clear() {
    let Some(world) = World::own() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    assert_eq!(admin.run(&["server", "ls"]).code, 0);
    let base = tenant.token_in_store();
    tenant.store(&world.editor().edited(&base, &[described("mine")], 5));
    world.order(&Order::Kill("n3".to_owned()));
    let tail = tenant.id.key().tail();
    let push = admin.run(&["account", "push", &tenant.name, "--confirm", &tail]);
    assert_eq!(push.code, 5, "{push:?}");

    let silent = admin.run(&["drift", &tenant.name]);
    world.order(&Order::Start("n3".to_owned()));
    let lines = until("n3 answers with what it has", || async {
        let ran = admin.run(&["drift", &tenant.name]);
        let lines = ran.json()["items"].as_array().unwrap().clone();
        let is_account = |line: &Value| line["target"]["kind"] == "account";
        (ran.code == 7 && lines.iter().any(is_account)).then_some(lines)
    })
    .await;
    let [line] = lines.try_into().unwrap();
    mend(&admin, &line);

    assert_eq!(silent.code, 5, "{silent:?}");
    let [of_silent] = silent.json()["items"]
        .as_array()
        .unwrap()
        .clone()
        .try_into()
        .unwrap();
    assert_eq!(
        (&of_silent["drift"], &of_silent["target"]["name"]),
        (&json!("silent"), &json!("n3"))
    );
    assert_eq!(of_silent["fix"]["run"], Value::Null);
    is(&line, "servers_differ", "account.push");
    assert!(drift(&admin, &tenant.name).is_empty());
    let ears = world.ears().await;
    assert_eq!(description(&agreed(&ears, &tenant).await), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_world_that_nobody_touched_nothing_differs() {
    let Some(world) = World::busy() else { return };
    let admin = world.admin();

    let ran = admin.run(&["drift"]);

    assert_eq!(ran.code, 0, "{ran:?}");
}
