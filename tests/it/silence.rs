//! Acts while a server is stopped, killed, frozen or has no room: what is not known is never called clear, and what a server
//! did not do is said with its name. Each story breaks a sandbox of its own.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use nats_oam::actions::connection::kick::KickConnections;
use nats_oam::actions::plan::Preview;
use nats_oam::actions::ports::Ports;
use nats_oam::actions::prepare::prepare;
use nats_oam::actions::user::revoke::RevokeUsers;
use nats_oam::demo::sandbox::Order;
use nats_oam::explain::{Code, Explain as _};
use nats_oam::jwt::account::Account;
use nats_oam::jwt::token::Token;
use nats_oam::ledger::Query;
use nats_oam::ledger::audit::Outcome as Word;
use nats_oam::text::Text;
use serde_json::{Value, json};

use crate::support::between::{Moment, applied, nothing, open_ports, ports, prepared, revoking};
use crate::support::ears::Ears;
use crate::support::patience::until;
use crate::support::world::{Admin, OwnWorld, Ran, Tenant, World, codes, text};

fn revoke(admin: &Admin, tenant: &Tenant, user: &str) -> Ran {
    let whom = format!("{}/{user}", tenant.name);
    admin.run(&["user", "revoke", &whom, "--confirm", &tenant.tail(user)])
}

/// A client of `a` on each server, and an admin who has seen all of them.
async fn settled(world: &World, ears: &Ears) -> (Tenant, Admin) {
    let (tenant, admin) = (world.tenant(), world.admin());
    for server in ["n1", "n2", "n3"] {
        world.client(&tenant, "a", server);
    }
    ears.connected(&tenant, "a", 3).await;
    let seen = admin.run(&["server", "ls"]);
    assert_eq!(seen.code, 0, "{seen:?}");
    (tenant, admin)
}

fn server<'a>(outcome: &'a Value, name: &str) -> &'a Value {
    let mut servers = outcome["servers"].as_array().unwrap().iter();
    servers
        .find(|server| server["name"] == json!(name))
        .unwrap()
}

/// What an admin works with who talks by one server alone.
async fn by(server: &str, world: &World, admin: &Admin) -> Ports {
    let mut near = world.description();
    near.servers.retain(|there| there.name == server);
    open_ports(&near, admin.home.path()).await
}

fn revoking_a(tenant: &Tenant) -> RevokeUsers {
    revoking(&format!("{}/a", tenant.name))
}

/// Two servers proved it, and of the third nothing is known.
fn unverified_but_for_n3(ran: &Ran) {
    let outcome = ran.json();
    assert_eq!((ran.code, &outcome["exit"]), (5, &json!(5)), "{ran:?}");
    assert_eq!(outcome["outcome"], "unverified");
    assert_eq!(outcome["unknown"], json!(["n3"]));
    for name in ["n1", "n2"] {
        let told = server(&outcome, name);
        assert_eq!(told["state"], "clear", "{outcome}");
        assert_eq!(
            (&told["pushed"], &told["in_force"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(told["open"], 0);
    }
    let silent = server(&outcome, "n3");
    assert_eq!(silent["state"], "unknown");
    for field in ["pushed", "in_force", "open"] {
        assert_eq!(silent[field], json!(null), "{field}");
    }
    assert!(
        ran.warnings().contains(&"silent_servers".to_owned()),
        "{ran:?}"
    );
    assert_eq!(outcome["steps"], json!({"done": 2, "of": 2}));
    assert!(outcome["audit"]["result"].is_string());
}

async fn told(order: fn(String) -> Order, world: &OwnWorld) -> (Tenant, Admin, Ran) {
    let ears = world.ears().await;
    let (tenant, admin) = settled(world, &ears).await;
    world.order(&order("n3".to_owned()));

    let ran = revoke(&admin, &tenant, "a");

    (tenant, admin, ran)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_unknown_until_it_is_forgotten() {
    let Some(world) = World::own() else { return };
    let (tenant, admin, ran) = told(Order::Stop, &world).await;
    unverified_but_for_n3(&ran);

    let forgotten = admin.run(&["server", "forget", "n3"]);

    assert_eq!(forgotten.code, 0, "{forgotten:?}");
    assert_eq!(forgotten.json()["item"]["name"], "n3");
    let ran = revoke(&admin, &tenant, "b");
    // It is still in the configuration of the others, and nobody knows where it is.
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(
        ran.warnings().contains(&"unknown_server".to_owned()),
        "{ran:?}"
    );
    assert!(
        !ran.warnings().contains(&"silent_servers".to_owned()),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_unknown() {
    let Some(world) = World::own() else { return };
    let (_, _, ran) = told(Order::Kill, &world).await;
    unverified_but_for_n3(&ran);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_unknown() {
    let Some(world) = World::own() else { return };
    let (_, _, ran) = told(Order::Freeze, &world).await;
    unverified_but_for_n3(&ran);
    world.order(&Order::Thaw("n3".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_freezes_while_we_talk_by_it_is_left_for_another() {
    let Some(world) = World::own() else { return };
    let ears = world.ears().await;
    let (tenant, admin) = settled(&world, &ears).await;
    let ports = by("n3", &world, &admin).await;
    world.order(&Order::Freeze("n3".to_owned()));

    let preview = prepared(&revoking_a(&tenant), &ports).await;
    let silent = silent_in(&preview);
    let outcome = applied(preview, &ports).await;
    world.order(&Order::Thaw("n3".to_owned()));

    // Nobody was heard by the frozen one; of the others nobody says that they did not answer.
    assert_eq!(silent, "n3 did not answer: what is true there is not known");
    assert_eq!(outcome.word, Word::Unverified, "{:#?}", outcome.report);
    assert_eq!(outcome.report.silent(), ["n3".into()]);
    let pushed = outcome.report.servers.iter();
    let pushed = pushed.filter(|server| server.pushed == Some(true));
    assert_eq!(pushed.count(), 2, "{:#?}", outcome.report);
}

/// Who did not answer, as a preview says it.
fn silent_in(preview: &Preview) -> String {
    let mut warnings = preview.plan().warnings.iter();
    let said = warnings.find(|warning| warning.code == "silent_servers");
    said.unwrap().what.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_connections_to_kick_only_those_are_called_gone_whose_server_says_so() {
    let Some(world) = World::own() else { return };
    let ears = world.ears().await;
    let (tenant, admin) = settled(&world, &ears).await;
    let open = ears.connected(&tenant, "a", 3).await;
    let on = |server: &str| open.iter().find(|row| row.server == server).unwrap().cid;
    let mut ports = by("n1", &world, &admin).await;
    // The count of the servers does not age: n3 freezes right after it.
    ports.now = || Timestamp::UNIX_EPOCH;
    world.order(&Order::Freeze("n3".to_owned()));
    let kick = |connections: &[String]| KickConnections {
        connections: connections.iter().map(|one| one.parse().unwrap()).collect(),
    };
    let (there, gone) = (format!("n1/{}", on("n1")), "n2/999999".to_owned());
    let frozen = format!("n3/{}", on("n3"));

    let preview = prepared(&kick(&[there, gone, frozen.clone()]), &ports).await;
    let alone = prepare(&kick(std::slice::from_ref(&frozen)), &ports, None).await;
    world.order(&Order::Thaw("n3".to_owned()));

    let said = |code: &str| {
        let mut warnings = preview.plan().warnings.iter();
        warnings
            .find(|said| said.code == code)
            .unwrap()
            .what
            .clone()
    };
    assert_eq!(said("gone"), "n2/999999: gone already");
    assert!(
        said("open_unknown").starts_with(&frozen),
        "{}",
        said("open_unknown")
    );
    let why = alone.unwrap_err().explain();
    assert_eq!(why.what, "n3 does not say who is connected");
    assert_eq!(why.code, Code::NotConnected);
    assert_eq!(why.next[0].run.as_deref(), Some("nats-oam server ls"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_on_a_frozen_server_is_not_said_to_be_gone() {
    let Some(world) = World::own() else { return };
    let ears = world.ears().await;
    let (tenant, admin) = settled(&world, &ears).await;
    let open = ears.connected(&tenant, "a", 3).await;
    let on = |server: &str| {
        let row = open.iter().find(|row| row.server == server).unwrap();
        format!("{server}/{}", row.cid)
    };
    world.order(&Order::Freeze("n3".to_owned()));

    let one = admin.run(&["connection", "kick", &on("n3"), "--yes"]);
    let both = admin.run(&["connection", "kick", &on("n1"), &on("n3"), "--yes"]);
    world.order(&Order::Thaw("n3".to_owned()));

    for ran in [&one, &both] {
        let outcome = ran.json();
        assert_eq!(
            (ran.code, &outcome["outcome"]),
            (1, &json!("failed")),
            "{ran:?}"
        );
        assert_eq!(outcome["error"]["code"], "not_connected");
        assert!(text(&outcome["error"]["what"]).contains("n3"), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_saw_a_missing_server_hears_of_it_and_is_not_told_that_all_is_well() {
    let Some(world) = World::own() else { return };
    let ears = world.ears().await;
    let (tenant, _) = settled(&world, &ears).await;
    world.order(&Order::Kill("n3".to_owned()));
    let newcomer = world.admin();

    let ran = revoke(&newcomer, &tenant, "a");

    assert_eq!(
        (ran.code, &ran.json()["outcome"]),
        (5, &json!("unverified")),
        "{ran:?}"
    );
    assert!(
        ran.warnings().contains(&"unknown_server".to_owned()),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_keep_the_token_makes_it_partial_with_its_name() {
    let Some(world) = World::own() else { return };
    let ears = world.ears().await;
    let (tenant, admin) = settled(&world, &ears).await;
    // A folder where the file of the token would be: n3 answers with an error and goes on with the old one.
    let file = world.resolver_file("n3", tenant.id);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();

    let whom = format!("{}/a", tenant.name);
    let ran = admin.run(&[
        "user",
        "revoke",
        &whom,
        "--confirm",
        &tenant.tail("a"),
        "--wait",
        "2s",
    ]);

    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"]),
        (4, &json!("partial")),
        "{ran:?}"
    );
    assert_eq!(
        (
            &server(&outcome, "n1")["state"],
            &server(&outcome, "n2")["state"]
        ),
        (&json!("clear"), &json!("clear"))
    );
    let told = server(&outcome, "n3");
    assert_eq!(
        (&told["pushed"], &told["in_force"]),
        (&json!(false), &json!(false)),
        "{outcome}"
    );
    assert_eq!(told["state"], "open", "its client came back: {outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_returns_with_an_old_token_is_a_split_that_the_next_revocation_heals() {
    let Some(world) = World::own() else { return };
    let (tenant, admin, ran) = told(Order::Stop, &world).await;
    unverified_but_for_n3(&ran);
    world.order(&Order::Start("n3".to_owned()));
    until("all three answer", || async {
        (admin.run(&["server", "ls"]).code == 0).then_some(())
    })
    .await;

    let ran = revoke(&admin, &tenant, "b");

    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.warnings().contains(&"split".to_owned()), "{ran:?}");
    let ears = world.ears_at(2).await;
    let revocations = |token: &Token| Account::of(token).unwrap().revocations;
    let kept = ears.kept(tenant.id, 3).await;
    for user in ["a", "b"] {
        let key = tenant.user(user);
        assert!(
            kept.iter()
                .all(|token| revocations(token).named(key).is_some()),
            "{user}"
        );
    }
    let open = ears.open(tenant.id, 3).await;
    assert!(open.is_empty(), "the first one's client got in: {open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_missed_a_lift_is_reached_by_the_next() {
    let Some(world) = World::own() else { return };
    let (tenant, admin) = settled(&world, &world.ears().await).await;
    assert_eq!(revoke(&admin, &tenant, "a").code, 0);
    let lift = || {
        let whom = format!("{}/a", tenant.name);
        admin.run(&["user", "lift", &whom, "--confirm", &tenant.tail("a")])
    };
    world.order(&Order::Stop("n3".to_owned()));
    let missed = lift();
    world.order(&Order::Start("n3".to_owned()));
    until("all three answer", || async {
        (admin.run(&["server", "ls"]).code == 0).then_some(())
    })
    .await;

    let heals = lift();

    assert_eq!((missed.code, heals.code), (5, 0), "{missed:?} {heals:?}");
    let kept = world.ears_at(2).await.kept(tenant.id, 3).await;
    let named = |token: &Token| {
        let account = Account::of(token).unwrap();
        account.revocations.named(tenant.user("a")).is_some()
    };
    assert!(!kept.iter().any(named), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_after_the_end_of_our_own_server_waits_for_the_login_to_come_back() {
    let Some(world) = World::own() else { return };
    let ears = world.ears().await;
    let (tenant, admin) = settled(&world, &ears).await;
    let ports = by("n3", &world, &admin).await;
    world.order(&Order::Kill("n3".to_owned()));

    let outcome = applied(prepared(&revoking_a(&tenant), &ports).await, &ports).await;

    assert_eq!(outcome.error, None);
    assert_eq!(outcome.word, Word::Unverified, "{:#?}", outcome.report);
    assert_eq!(outcome.report.silent(), [Text::from("n3")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_out_before_all_servers_died_is_recorded_and_not_guarded_in_silence() {
    let Some(world) = World::own() else { return };
    let ears = world.ears().await;
    let (tenant, admin) = settled(&world, &ears).await;
    let servers = world.description().servers;
    let end_all: Moment = Arc::new(move || {
        for server in &servers {
            let pid = server.pid.to_string();
            let ended = Command::new("kill").args(["-9", &pid]).status();
            assert!(ended.unwrap().success());
        }
        Box::pin(std::future::ready(()))
    });
    let ports = ports(&world, &admin, nothing(), end_all).await;

    let outcome = applied(prepared(&revoking_a(&tenant), &ports).await, &ports).await;

    assert_eq!(outcome.word, Word::Unverified, "{:#?}", outcome.report);
    assert_eq!(outcome.report.silent(), ["n1", "n2", "n3"].map(Text::from));
    let warnings = outcome.report.warnings.iter().map(|warning| warning.code);
    assert!(warnings.clone().any(|code| code == "nobody_guards"));
    let records = ports.record.ledger.records(&Query::default()).unwrap();
    let mut newest_first = records.records.into_iter();
    let change = newest_first.find_map(|record| record.change).unwrap();
    let after = change.after.unwrap();
    let pushed = Account::of(&Token::decode(after.raw()).unwrap()).unwrap();
    assert!(pushed.revocations.named(tenant.user("a")).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_in_the_store_alone_because_no_server_answers() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let (before, whom) = (tenant.token_in_store(), format!("{}/a", tenant.name));

    let ran = admin.run(&[
        "--server",
        "nats://127.0.0.1:1",
        "user",
        "revoke",
        &whom,
        "--confirm",
        &tenant.tail("a"),
    ]);

    assert_eq!(
        (ran.code, &ran.json()["outcome"]),
        (1, &json!("failed")),
        "{ran:?}"
    );
    assert_eq!(ran.json()["error"]["code"], "not_connected");
    assert_eq!(tenant.token_in_store().revision(), before.revision());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_the_store_alone_gets_it_and_is_told_that_nothing_is_proven() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    admin.run(&["server", "ls"]);
    let whom = format!("{}/a", tenant.name);

    let ran = admin.run(&[
        "--offline",
        "user",
        "revoke",
        &whom,
        "--confirm",
        &tenant.tail("a"),
    ]);

    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"]),
        (5, &json!("unverified")),
        "{ran:?}"
    );
    assert_eq!(outcome["unknown"], json!(["n1", "n2", "n3"]));
    assert!(codes(&outcome["warnings"]).contains(&"offline".to_owned()));
    let account = Account::of(&tenant.token_in_store()).unwrap();
    assert!(account.revocations.named(tenant.user("a")).is_some());
    assert_eq!(text(&outcome["undo"]), "user.lift");
}
