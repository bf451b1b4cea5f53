//! What on-call does in the console, key by key, on real servers: what stands on the screen is what the servers do.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use nats_oam::demo::sandbox::Order;
use serde_json::Value;

use crate::support::console::Console;
use crate::support::patience::until;
use crate::support::world::{Tenant, World, text};

const SERVERS: [&str; 3] = ["n1", "n2", "n3"];

/// The context of a sandbox as most people have theirs: it does not say that it is no production.
fn production(world: &World, folder: &Path) -> PathBuf {
    let written = fs::read_to_string(world.description().context).unwrap();
    let mut context: Value = serde_json::from_str(&written).unwrap();
    context.as_object_mut().unwrap().remove("production");
    let path = folder.join("prod-eu.json");
    fs::write(&path, context.to_string()).unwrap();
    path
}

/// A console of somebody who never ran it before.
struct OnCall {
    console: Console,
    _home: tempfile::TempDir,
}

impl OnCall {
    fn at(world: &World, is_production: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let context = if is_production {
            production(world, home.path())
        } else {
            world.description().context
        };
        let arguments = [OsStr::new("--context"), context.as_os_str()];
        Self {
            console: Console::start(&arguments, home.path(), &[]),
            _home: home,
        }
    }
}

fn creds_text(tenant: &Tenant, user: &str) -> String {
    fs::read_to_string(tenant.creds(user)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn leaked_creds_are_dead_on_every_server_within_seven_keys() {
    let Some(world) = World::shared() else { return };
    let (tenant, ears) = (world.tenant(), world.ears().await);
    for server in SERVERS {
        world.client(&tenant, "a", server);
    }
    ears.connected(&tenant, "a", SERVERS.len()).await;
    let mut on_call = OnCall::at(world, true);
    let console = &mut on_call.console;
    console.shows("3 of 3 servers");
    console.press("7"); // wherever one stands
    console.shows("── audit");
    console.pressed = 0;

    console.paste(&creds_text(&tenant, "a"));
    console.shows(&format!(
        "a in {} is selected by the pasted creds; the seed was dropped",
        tenant.name
    ));
    console.press("R");
    console.answer("to confirm", &format!("{}\r", tenant.tail("a")));
    console.shows("outcome  verified");

    assert!(console.pressed <= 7, "{} keys", console.pressed);
    let screen = console.screen();
    assert!(
        screen.contains("verified on 3 servers, 3 closed"),
        "{screen}"
    );
    ears.stays_out(&tenant, "a").await;
    let seed = creds_text(&tenant, "a");
    let seed = seed.lines().find(|line| line.starts_with("SU")).unwrap();
    console.press("\u{1b}");
    console.until("the board closes", |screen| {
        !screen.contents().contains("outcome")
    });
    console.press("q");
    let (code, written) = on_call.console.end();
    assert_eq!(code, 0);
    assert!(!String::from_utf8_lossy(&written).contains(&seed[..16]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kick_in_the_console_tells_where_the_client_is_again() {
    let Some(world) = World::shared() else { return };
    let (tenant, ears) = (world.tenant(), world.ears().await);
    world.client(&tenant, "a", "n2");
    let before = ears.connected(&tenant, "a", 1).await;
    let mut on_call = OnCall::at(world, false);
    let console = &mut on_call.console;
    console.shows("3 of 3 servers");
    console.paste(&tenant.user("a").to_string());
    console.shows("is selected by the pasted key");
    console.press("\r");
    console.shows("a-on-n2");

    console.press("X");
    console.answer("press y", "y");

    console.shows("outcome  verified");
    let after = ears.connected(&tenant, "a", 1).await;
    assert_ne!(after[0].cid, before[0].cid);
    let back = format!(
        "n2/{} came back as n2/{} after",
        before[0].cid, after[0].cid
    );
    console.shows(&back);
    console.shows("only revoking keeps it out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_is_named_and_its_intruder_is_out_when_it_comes_back() {
    let Some(world) = World::own() else { return };
    let (tenant, ears) = (world.tenant(), world.ears().await);
    world.client(&tenant, "a", "n3");
    ears.connected(&tenant, "a", 1).await;
    // Somebody has seen n3 before, else nobody would miss it.
    let mut on_call = OnCall::at(&world, true);
    on_call.console.shows("3 of 3 servers");
    on_call.console.press("q");
    let OnCall {
        console,
        _home: home,
    } = on_call;
    assert_eq!(console.end().0, 0);
    world.order(&Order::Kill("n3".into()));
    let context = production(&world, home.path());
    let arguments = [OsStr::new("--context"), context.as_os_str()];
    let mut console = Console::start(&arguments, home.path(), &[]);
    console.shows("2 of 3 servers");

    console.paste(&creds_text(&tenant, "a"));
    console.shows("is selected by the pasted creds");
    console.press("R");
    console.answer("to confirm", &format!("{}\r", tenant.tail("a")));

    console.shows("unverified: n3 silent");
    console.shows("UNKNOWN");
    let mut logins = ears.logins(tenant.id).await;
    world.order(&Order::Start("n3".into()));
    logins.heard(tenant.user("a")).await; // the intruder is in again
    console.shows("n3 came late: the revocations hold there now");
    let key = tenant.user("a").to_string();
    until("the intruder is out", || async {
        let open = ears.open(tenant.id, SERVERS.len()).await;
        open.iter()
            .all(|row| row.user.as_ref() != Some(&key))
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_is_not_torn_by_a_signal_its_end_is_recorded() {
    let Some(world) = World::own() else { return };
    let (tenant, ears) = (world.tenant(), world.ears().await);
    world.client(&tenant, "a", "n1");
    ears.connected(&tenant, "a", 1).await;
    let admin = world.admin();
    let mut console = Console::on_n1(&admin, &world);
    console.shows("3 of 3 servers");
    console.paste(&tenant.user("a").to_string());
    console.shows("is selected by the pasted key");
    console.press("R");
    console.shows("to confirm");
    world.order(&Order::Freeze("n3".into())); // so that the act has to wait
    console.answer("to confirm", &format!("{}\r", tenant.tail("a")));
    console.shows("running  ");

    rustix::process::kill_process(console.pid(), rustix::process::Signal::TERM).unwrap();

    let (code, _) = console.end();
    world.order(&Order::Thaw("n3".into()));
    assert_eq!(code, 143);
    let records = admin.run(&["--offline", "audit", "ls"]).json();
    let phases: Vec<_> = records["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["phase"]))
        .collect();
    assert!(
        phases.contains(&"intent".to_owned()) && phases.contains(&"result".to_owned()),
        "{records}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_come_and_go_on_the_screen_without_a_key() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let mut on_call = OnCall::at(world, false);
    let console = &mut on_call.console;
    console.shows("3 of 3 servers");
    console.paste(&tenant.user("a").to_string());
    console.shows("is selected by the pasted key");
    console.press("\r");
    console.until("events are heard", |screen| {
        let contents = screen.contents();
        contents.contains("no connection matches") && !contents.contains("reading")
    });

    world.client(&tenant, "a", "n2");
    console.shows("a-on-n2");
    let before = ears.connected(&tenant, "a", 1).await;
    let kicked = format!("n2/{}", before[0].cid);
    let ran = admin.run(&["connection", "kick", &kicked, "--yes"]);
    assert_eq!(ran.code, 0, "{ran:?}");

    let after = ears.connected(&tenant, "a", 1).await;
    let back = format!("n2/{}", after[0].cid);
    console.until("only the new one", |screen| {
        let contents = screen.contents();
        let rows = contents.lines().filter(|line| line.contains("a-on-n2"));
        contents.contains(&back) && rows.count() == 2 // its row, and its name in the detail
    });
}
