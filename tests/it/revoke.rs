//! Revocations by the real program on real servers: closed everywhere, proven, and nobody in again. What comes of a silent
//! server is in `silence`, of another admin in `races`.

use nats_oam::jwt::account::Account;
use nats_oam::jwt::token::Token;
use serde_json::{Value, json};

use crate::support::ears::Ears;
use crate::support::patience::until;
use crate::support::world::{Admin, Ran, Tenant, World, codes, run_as_shown, text};

const SERVERS: [&str; 3] = ["n1", "n2", "n3"];

/// One client of a user on each server.
async fn on_every_server(world: &World, ears: &Ears, tenant: &Tenant, user: &str) {
    for server in SERVERS {
        world.client(tenant, user, server);
    }
    ears.connected(tenant, user, SERVERS.len()).await;
}

fn revoke(admin: &Admin, whom: &str, confirm: &str) -> Ran {
    admin.run(&["user", "revoke", whom, "--confirm", confirm])
}

fn verified(ran: &Ran) -> Value {
    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"]),
        (0, &json!("verified")),
        "{ran:?}"
    );
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_verified_on_three_servers_and_its_clients_stay_out() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    on_every_server(world, &ears, &tenant, "a").await;

    let ran = revoke(&admin, &format!("{}/a", tenant.name), &tenant.tail("a"));

    ears.stays_out(&tenant, "a").await;
    let mut outcome = verified(&ran);
    let took = outcome["took_ms"].take().as_u64().unwrap();
    assert!(took > 0);
    for server in outcome["servers"].as_array_mut().unwrap() {
        let proven = server["proven_ms"].take().as_u64();
        assert!(proven.is_some_and(|proven| proven < took), "{server}");
    }
    assert_eq!(text(&outcome["plan_hash"].take()).len(), 64);
    let intent = text(&outcome["audit"]["intent"].take());
    let result = text(&outcome["audit"]["result"].take());
    let (writer, number) = intent.split_once('-').unwrap();
    assert_eq!(writer.len(), 8);
    let next = number.parse::<u64>().unwrap() + 1;
    assert_eq!(result, format!("{writer}-{next}"));
    assert_eq!(codes(&outcome["warnings"].take()), ["nobody_guards"]);
    let servers = world.description().servers;
    let clear = |number: usize| {
        json!({"name": servers[number].name, "id": servers[number].id, "pushed": true, "in_force": true,
            "closed": 1, "open": 0, "before": 1, "state": "clear", "proven_ms": null})
    };
    let account = json!({"key": tenant.id.to_string(), "name": tenant.name});
    assert_eq!(
        outcome,
        json!({
            "schema": "nats-oam/1", "kind": "outcome", "action": "user.revoke", "outcome": "verified", "exit": 0,
            "targets": [{"kind": "user", "key": tenant.user("a").to_string(), "name": "a", "account": account}],
            "plan_hash": null, "steps": {"done": 2, "of": 2}, "servers": [clear(0), clear(1), clear(2)],
            "closed": 3, "open": 0, "unknown": [], "came_back": [], "new": null, "guard": null, "undo": "user.lift",
            "audit": {"intent": null, "result": null}, "took_ms": null, "warnings": null, "error": null,
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_name_a_user_names_the_same() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n1");
    let open = ears.connected(&tenant, "a", 1).await;
    let (key, creds) = (tenant.user("a").to_string(), tenant.creds("a"));
    let creds_text = std::fs::read_to_string(&creds).unwrap();
    let token = tenant.token("a").text().to_string();
    let server_id = &world.description().servers[0].id;
    let forms = [
        (format!("{}/a", tenant.name), ""),
        (format!("{}/a", tenant.id), ""),
        (format!("{}/a", &tenant.id.to_string()[..12]), ""),
        (key.clone(), ""),
        (format!("{}/{key}", tenant.name), ""),
        (format!("@{}", creds.display()), ""),
        ("-".to_owned(), creds_text.as_str()),
        ("-".to_owned(), token.as_str()),
        ("-".to_owned(), key.as_str()),
        (format!("n1/{}", open[0].cid), ""),
        (format!("{server_id}/{}", open[0].cid), ""),
    ];
    for (whom, input) in forms {
        let ran = admin.run_with(&["user", "revoke", &whom, "--dry-run"], input);

        assert_eq!(ran.code, 0, "{whom}: {ran:?}");
        let target = &ran.json()["targets"][0];
        assert_eq!(target["key"], json!(key), "{whom}");
        assert_eq!(target["name"], json!("a"), "{whom}");
        assert_eq!(
            target["account"]["key"],
            json!(tenant.id.to_string()),
            "{whom}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_connection_is_revoked_by_it() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "r", "n1");
    world.client(&tenant, "b", "n1");
    let open = ears.connected(&tenant, "r", 1).await;
    ears.connected(&tenant, "b", 1).await;

    let ran = revoke(&admin, &format!("n1/{}", open[0].cid), &tenant.tail("r"));

    let outcome = verified(&ran);
    assert_eq!(
        outcome["targets"][0]["key"],
        json!(tenant.user("r").to_string())
    );
    assert_eq!(outcome["closed"], 1);
    ears.stays_out(&tenant, "r").await;
    assert_eq!(ears.connected(&tenant, "b", 1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_account_is_revoked_by_its_name() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n1");
    world.client(&tenant, "b", "n3");
    ears.connected(&tenant, "a", 1).await;
    ears.connected(&tenant, "b", 1).await;
    let all = ["user", "revoke", "--all", &tenant.name];
    let plan = admin.run(&[&all[..], &["--dry-run"]].concat()).json();
    assert_eq!(plan["consent"]["level"], 3);
    assert_eq!(plan["consent"]["confirm"], json!(tenant.name));
    assert_eq!(plan["changes"][0]["path"], "/nats/revocations/*");
    assert_eq!(plan["reach"]["connections"], 2);

    let ran = admin.run(&[&all[..], &["--confirm", &tenant.name]].concat());

    let outcome = verified(&ran);
    assert_eq!(outcome["closed"], 2);
    assert_eq!(outcome["targets"][0]["kind"], "account");
    ears.stays_out(&tenant, "a").await;
    ears.stays_out(&tenant, "b").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_issued_later_is_not_touched_by_a_revocation_of_an_earlier_time() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n2");
    let before = ears.connected(&tenant, "a", 1).await;

    let ran = admin.run(&[
        "user",
        "revoke",
        "--all",
        &tenant.name,
        "--before",
        "2020-01-01T00:00:00Z",
        "--confirm",
        &tenant.name,
    ]);

    assert_eq!(verified(&ran)["closed"], 0);
    let after = ears.connected(&tenant, "a", 1).await;
    assert_eq!(before[0].cid, after[0].cid);
    let token = tenant.token_in_store();
    let at = Account::of(&token)
        .unwrap()
        .revocations
        .everybody()
        .unwrap();
    assert_eq!(at.timestamp().to_string(), "2020-01-01T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_user_beside_it_is_named_and_does_not_prevent_proof() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "k", "n1");
    world.client(&tenant, "a", "n2");
    ears.connected(&tenant, "a", 1).await;
    until("the bearer connects", || async {
        let open = ears.open(tenant.id, 3).await;
        open.iter().any(|row| row.user.is_none()).then_some(())
    })
    .await;

    let ran = revoke(&admin, &format!("{}/a", tenant.name), &tenant.tail("a"));

    let outcome = verified(&ran);
    assert_eq!(
        codes(&outcome["warnings"]),
        ["unreadable_connections", "nobody_guards"]
    );
    let what = text(&outcome["warnings"][0]["what"]);
    assert!(what.contains("k-on-n1"), "{what}");
    assert_eq!(outcome["unknown"].as_array().unwrap().len(), 1);
    ears.stays_out(&tenant, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_user_can_be_revoked_though_nobody_reads_its_connections() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "k", "n1");
    let connected = || async { (!ears.open(tenant.id, 3).await.is_empty()).then_some(()) };
    until("the bearer connects", connected).await;

    let ran = revoke(&admin, &format!("{}/k", tenant.name), &tenant.tail("k"));

    verified(&ran);
    assert!(ears.open(tenant.id, 3).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_all_that_a_revocation_does_and_its_command_does_it() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n2");
    let open = ears.connected(&tenant, "a", 1).await;
    let base = tenant.token_in_store();

    let ran = admin.run(&["user", "revoke", &format!("{}/a", tenant.name), "--dry-run"]);

    assert_eq!(ran.code, 0);
    let mut plan = ran.json();
    assert_eq!(text(&plan["hash"].take()).len(), 64);
    let (user, tail) = (tenant.user("a").to_string(), tenant.tail("a"));
    let account = json!({"key": tenant.id.to_string(), "name": tenant.name});
    let command = format!(
        "nats-oam user revoke {}/{user} --confirm {tail} --context {}",
        tenant.id,
        admin.context.display()
    );
    assert_eq!(
        plan,
        json!({
            "schema": "nats-oam/1", "kind": "plan", "action": "user.revoke",
            "targets": [{"kind": "user", "key": user, "name": "a", "account": account}],
            "summary": format!("revoke user a in {}", tenant.name), "direction": "narrows",
            "consent": {"level": 2, "confirm": tail, "reason": "optional", "approvals": {"needed": 0, "have": 0}},
            "hash": null,
            "steps": [
                {"n": 1, "do": "sign", "target": tenant.name, "detail": format!("revocation of {user} at <server time>")},
                {"n": 2, "do": "contain", "target": tenant.name, "detail": format!("push to n1 n2 n3, kick n2/{}", open[0].cid)},
            ],
            "changes": [{"path": format!("/nats/revocations/{user}"), "op": "add", "before": null, "after": "<server time>"}],
            "gains": [], "loses": [],
            "reach": {"servers": 3, "connections": 1, "users": 1, "leafnodes": 0, "names": ["a"]},
            "signer": {"key": base.envelope().issuer.to_string(), "kind": "signing"},
            "base": [{"account": tenant.id.to_string(), "revision": base.revision().to_string()}],
            "warnings": [], "irreversible": false, "undo": "user.lift", "command": command,
        })
    );
    assert_eq!(ears.connected(&tenant, "a", 1).await.len(), 1);
    assert_eq!(tenant.token_in_store().revision(), base.revision());
    verified(&run_as_shown(&admin, &command));
    ears.stays_out(&tenant, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lift_brings_the_old_creds_back() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client(&tenant, "a", "n1");
    ears.connected(&tenant, "a", 1).await;
    let (whom, tail) = (format!("{}/a", tenant.name), tenant.tail("a"));
    verified(&revoke(&admin, &whom, &tail));
    let plan = admin.run(&["user", "lift", &whom, "--dry-run"]).json();
    assert_eq!(
        (&plan["consent"]["level"], &plan["consent"]["confirm"]),
        (&json!(2), &json!(tail))
    );
    assert_eq!(
        (&plan["direction"], &plan["undo"]),
        (&json!("widens"), &json!("user.revoke"))
    );
    let mut logins = ears.logins(tenant.id).await;

    let ran = admin.run(&["user", "lift", &whom, "--confirm", &tail]);

    let outcome = verified(&ran);
    assert_eq!(
        (&outcome["closed"], &outcome["undo"]),
        (&json!(0), &json!("user.revoke"))
    );
    logins.heard(tenant.user("a")).await;
    ears.connected(&tenant, "a", 1).await;
    let again = admin.run(&["user", "lift", &whom, "--confirm", &tail]);
    assert_eq!(
        (again.code, &again.json()["error"]["code"]),
        (3, &json!("moot"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_claims_to_be_another_is_neither_spared_nor_taken_for_it() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    world.client_claiming(&tenant, "b", "n1", Some(tenant.user("a")));
    world.client(&tenant, "a", "n2");
    let liar = ears.connected(&tenant, "b", 1).await;
    ears.connected(&tenant, "a", 1).await;

    let victim = revoke(&admin, &format!("{}/a", tenant.name), &tenant.tail("a"));
    let untouched = ears.connected(&tenant, "b", 1).await;
    let by_connection = format!("n1/{}", untouched[0].cid);
    let revoked = revoke(&admin, &by_connection, &tenant.tail("b"));

    assert_eq!(verified(&victim)["closed"], 1);
    assert_eq!(untouched[0].cid, liar[0].cid);
    let outcome = verified(&revoked);
    assert_eq!(outcome["closed"], 1);
    assert_eq!(
        outcome["targets"][0]["key"],
        json!(tenant.user("b").to_string())
    );
    ears.stays_out(&tenant, "b").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_two_accounts_are_revoked_at_once_by_their_number() {
    let Some(world) = World::shared() else { return };
    let (one, two, admin, ears) = (
        world.tenant(),
        world.tenant(),
        world.admin(),
        world.ears().await,
    );
    world.client(&one, "a", "n1");
    world.client(&two, "b", "n1");
    ears.connected(&one, "a", 1).await;
    ears.connected(&two, "b", 1).await;
    let (a, b) = (format!("{}/a", one.name), format!("{}/b", two.name));
    let act = ["user", "revoke", &a, &b, "--confirm", "2"];

    let ran = admin.run(&act);

    let outcome = verified(&ran);
    assert_eq!(outcome["steps"], json!({"done": 4, "of": 4}));
    assert_eq!(outcome["servers"].as_array().unwrap().len(), 3);
    assert_eq!(outcome["servers"][0]["closed"], 2);
    assert_eq!(outcome["targets"].as_array().unwrap().len(), 2);
    both_are_recorded(&admin, &outcome["audit"], [(&one, "a"), (&two, "b")]);
    ears.stays_out(&one, "a").await;
    ears.stays_out(&two, "b").await;
    let again = admin.run(&act);
    assert_eq!(
        (again.code, &again.json()["error"]["code"]),
        (3, &json!("moot")),
        "{again:?}"
    );
}

/// The record has the tokens of both accounts: before in the intent, before and after in the result.
fn both_are_recorded(admin: &Admin, audit: &Value, users: [(&Tenant, &str); 2]) {
    for phase in ["intent", "result"] {
        let id = text(&audit[phase]);
        let change = admin.run(&["audit", "info", &id]).json()["item"]["change"].clone();
        let also = change["also"].as_array().unwrap();
        assert_eq!(also.len(), 1, "{change:#}");
        for (tenant, user) in users {
            let of_tenant = |field: &str| {
                let tokens = [&change, &also[0]].map(|tokens| tokens[field].as_str());
                let tokens = tokens.into_iter().flatten();
                let tokens = tokens.map(|token| Token::decode(token).unwrap());
                let mut tokens = tokens.map(|token| Account::of(&token).unwrap());
                tokens.find(|account| account.id == tenant.id)
            };
            let is_revoked = |account: Account| account.revocations.named(tenant.user(user));
            assert!(of_tenant("before").is_some_and(|account| is_revoked(account).is_none()));
            let after = of_tenant("after").map(is_revoked);
            assert_eq!(after.is_some_and(|at| at.is_some()), phase == "result");
        }
    }
}
