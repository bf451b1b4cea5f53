//! What is refused, and with which code: before anything is done, and with nothing pushed. The codes of acts that were done are
//! in `revoke` (0), `silence` (1, 4, 5) and `races` (4, 6).

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use nats_oam::demo::sandbox::Order;
use nats_oam::jwt::keys::KeyKind;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::ledger::audit::Outcome as Word;
use nats_oam::store::keyring::{Keyring, NewKey};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::between::{Moment, applied, applied_until, nothing, ports, prepared, revoking};
use crate::support::ears::pushed_of;
use crate::support::patience::{looked_until, until};
use crate::support::process::take_interrupts;
use crate::support::world::{Admin, Ran, World, finished, text};

/// Refused with this code of error, in the shape of an outcome.
fn refused(ran: &Ran, code: &str) -> Value {
    let said = ran.json();
    assert_eq!(
        (ran.code, &said["error"]["code"]),
        (3, &json!(code)),
        "{ran:?}"
    );
    assert_eq!(said["kind"], "outcome", "{said}");
    assert_eq!(
        (&said["outcome"], &said["exit"]),
        (&json!("refused"), &json!(3))
    );
    assert_eq!(said["error"]["so"], "nothing was done");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_what_the_plan_asks_for_and_nothing_else() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let mut pushes = ears.pushes().await;
    let whom = format!("{}/a", tenant.name);
    let base = ["user", "revoke", &whom];
    let given: [&[&str]; 5] = [
        &[],
        &["--yes"],
        &["--confirm", "XXXX"],
        &["--confirm", ""],
        &["--yes", "--confirm", &tenant.name],
    ];
    for consent in given {
        let ran = admin.run(&[&base[..], consent].concat());

        let said = refused(&ran, "consent");
        assert!(
            text(&said["error"]["what"]).contains(&tenant.tail("a")),
            "{said}"
        );
    }
    let all = ["user", "revoke", "--all", &tenant.name, "--yes"];
    refused(&admin.run(&all), "consent");
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_says_nothing_is_read_only_until_it_is_lifted() {
    let Some(world) = World::shared() else { return };
    let (tenant, mut admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let mut context: Value =
        serde_json::from_str(&fs::read_to_string(&admin.context).unwrap()).unwrap();
    context.as_object_mut().unwrap().remove("production");
    let path = admin.home.path().join("silent.json");
    fs::write(&path, context.to_string()).unwrap();
    admin.context = path;
    let mut pushes = ears.pushes().await;
    let (whom, tail) = (format!("{}/a", tenant.name), tenant.tail("a"));
    let act = ["user", "revoke", &whom, "--confirm", &tail];

    refused(&admin.run(&act), "read_only");
    refused(
        &admin.run(&[&act[..], &["--read-only"]].concat()),
        "read_only",
    );
    let plan = admin.run(&["user", "revoke", &whom, "--dry-run"]);

    assert_eq!(plan.code, 0, "{plan:?}");
    let command = text(&plan.json()["command"]);
    assert!(command.contains(" --write"), "{command}");
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
    let ran = admin.run(&[&act[..], &["--write"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(pushed_of(&mut pushes, &ears, tenant.id).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_servers_do_not_trust_is_refused_before_the_push() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let foreign = NewKey::random(KeyKind::Operator).unwrap();
    Keyring::new(world.description().keystore_dir)
        .keep(&foreign)
        .unwrap();
    let mut pushes = ears.pushes().await;
    let whom = format!("{}/a", tenant.name);
    let keys = [foreign.public_key().to_string(), tenant.id.to_string()];
    for key in keys {
        let ran = admin.run(&[
            "user",
            "revoke",
            &whom,
            "--confirm",
            &tenant.tail("a"),
            "--key",
            &key,
        ]);

        let said = refused(&ran, "untrusted_signer");
        assert!(text(&said["error"]["what"]).contains(&key), "{said}");
    }
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_found_or_is_not_one_thing_is_refused() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let nobody = NewKey::random(KeyKind::User)
        .unwrap()
        .public_key()
        .to_string();
    for whom in [
        format!("{}/nobody", tenant.name),
        "NOWHERE/a".to_owned(),
        nobody,
        "n9/1".to_owned(),
    ] {
        refused(
            &admin.run(&["user", "revoke", &whom, "--dry-run"]),
            "not_found",
        );
    }
    let forged = admin.home.path().join("forged.creds");
    let creds = fs::read_to_string(tenant.creds("a")).unwrap();
    let token = tenant.token("a").text().to_string();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    fs::write(
        &forged,
        creds.replace(&token, &format!("{signed}.{turned}")),
    )
    .unwrap();
    let ran = admin.run(&[
        "user",
        "revoke",
        &format!("@{}", forged.display()),
        "--dry-run",
    ]);
    refused(&ran, "store");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_may_only_look_is_refused_by_name_of_the_right() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let creds = world.description().creds.with_file_name("readonly.creds");
    let whom = format!("{}/a", tenant.name);

    let ran = admin.run(&[
        "--creds",
        creds.to_str().unwrap(),
        "user",
        "revoke",
        &whom,
        "--confirm",
        &tenant.tail("a"),
    ]);

    refused(&ran, "not_permitted");
}

#[test]
fn what_is_not_written_as_it_should_be_is_usage() {
    let Some(world) = World::shared() else { return };
    let admin = world.admin();
    let seed = "SUAAGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGA6BEM";
    let wrong: [&[&str]; 5] = [
        &["user", "revoke"],
        &["user", "revoke", seed],
        &["user", "revoke", "worker"],
        &["list", "users"],
        &["user", "revoke", "ORDERS/worker", "--all", "ORDERS"],
    ];
    for args in wrong {
        let ran = admin.run(args);

        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(!ran.stderr.contains(seed) && !ran.stdout.contains(seed));
    }
}

#[test]
fn what_nobody_can_be_told_changes_no_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nats-oam"));
    command.env_clear().env("HOME", home.path()).stderr(full);

    let status = command.stdin(Stdio::null()).status().unwrap();

    assert_eq!(status.code(), Some(2), "no terminal");
}

/// Everything in the record of an admin.
fn record(admin: &Admin) -> String {
    fn read(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, all);
            } else if let Ok(text) = fs::read_to_string(&path) {
                all.push_str(&text);
            }
        }
    }
    let mut all = String::new();
    for operator in fs::read_dir(admin.data()).into_iter().flatten() {
        read(&operator.unwrap().path().join("ledger"), &mut all);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_intent_is_on_disk_before_the_push_and_the_result_after_it() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), Arc::new(world.admin()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (at, into) = (Arc::clone(&admin), Arc::clone(&seen));
    let look: Moment = Arc::new(move || {
        into.lock().unwrap().push(record(&at));
        Box::pin(std::future::ready(()))
    });
    let ports = ports(world, &admin, look, nothing()).await;
    let revoke = revoking(&format!("{}/a", tenant.name));

    let outcome = applied(prepared(&revoke, &ports).await, &ports).await;

    assert_eq!(outcome.word, Word::Verified);
    let before = seen.lock().unwrap().clone();
    let [before] = before.as_slice() else {
        panic!("pushed {} times", before.len())
    };
    let user = tenant.user("a").to_string();
    assert!(
        before.contains(r#""phase":"intent""#) && before.contains(&user),
        "{before}"
    );
    assert!(!before.contains(r#""phase":"result""#), "{before}");
    assert!(record(&admin).contains(r#""phase":"result""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_durable_record_nothing_is_pushed() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let whom = format!("{}/a", tenant.name);
    let act = ["user", "revoke", &whom, "--confirm", &tenant.tail("a")];
    let mut pushes = ears.pushes().await;
    let file = admin.home.path().join("file");
    fs::write(&file, "").unwrap();
    let ledger = format!("folder:{}", file.display());
    let in_a_file = admin.run(&[&act[..], &["--ledger", &ledger]].concat());
    assert_eq!(
        (in_a_file.code, &in_a_file.json()["error"]["code"]),
        (3, &json!("record")),
        "{in_a_file:?}"
    );
    // A disk that takes nothing more: the folder is there, and the intent finds no room.
    assert_eq!(admin.run(&["server", "ls"]).code, 0);
    let mut full = std::process::Command::new("sh");
    let program = admin.command(&act);
    full.args(["-c", r#"trap "" XFSZ; ulimit -f 0; exec "$0" "$@""#])
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    let ran = finished(full.spawn().unwrap());

    assert_eq!(
        (ran.code, &ran.json()["error"]["code"]),
        (3, &json!("record")),
        "{ran:?}"
    );
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
    assert_eq!(admin.run(&act).code, 0);
}

/// Whether a process catches SIGINT by now.
fn catches_interrupts(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & 0b10 != 0)
}

/// Sends a program the signal of Ctrl-C, as soon as it takes it.
async fn interrupt(child: &Child) {
    let pid = child.id();
    until("the program catches interrupts", || async {
        catches_interrupts(pid).then_some(())
    })
    .await;
    let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_a_program_that_waits_for_what_it_is_to_read() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let mut pushes = ears.pushes().await;
    let act = ["user", "revoke", "-", "--confirm", &tenant.tail("a")];
    let mut child = admin.command(&act).stdin(Stdio::piped()).spawn().unwrap();
    let held_open = child.stdin.take().unwrap();

    interrupt(&child).await;

    let ran = finished(child);
    drop(held_open);
    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"], &outcome["exit"]),
        (130, &json!("cancelled"), &json!(130)),
        "{ran:?}"
    );
    assert_eq!(outcome["error"]["code"], "cancelled");
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_a_watch_before_its_first_list_is_made() {
    let Some(world) = World::own() else { return };
    let admin = world.admin();
    assert_eq!(admin.run(&["server", "ls"]).code, 0);
    // One that does not answer keeps the list from being made at once.
    world.order(&Order::Freeze("n3".to_owned()));
    let interrupted = async |verb: &[&str]| {
        let child = admin.start(&[&["connection"], verb].concat());
        interrupt(&child).await;
        finished(child)
    };

    let watch = interrupted(&["watch"]).await;
    let list = interrupted(&["ls", "--watch"]).await;
    world.order(&Order::Thaw("n3".to_owned()));

    assert_eq!(watch.code, 0, "{watch:?}");
    assert_eq!(watch.json()["kind"], "connection.list");
    assert_eq!(
        (&watch.json()["servers"], &watch.json()["items"]),
        (&json!(null), &json!([]))
    );
    assert_eq!(
        (list.code, &list.json()["error"]["code"]),
        (130, &json!("cancelled"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_what_only_reads_at_once() {
    let Some(world) = World::shared() else { return };
    take_interrupts();
    let admin = world.admin();
    let mut command = admin.command(&["identify", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut held_open = child.stdin.take().unwrap();
    let pid = child.id();
    // More than a pipe holds: it is written once somebody reads.
    held_open.write_all(&vec![b'x'; 1 << 17]).unwrap();

    let process = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();

    let status = looked_until("the program ends", || child.try_wait().unwrap());
    drop(held_open);
    assert_eq!(status.signal(), Some(rustix::process::Signal::INT.as_raw()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_is_cancelled_before_its_first_step_does_nothing_and_is_recorded() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let mut pushes = ears.pushes().await;
    let ports = ports(world, &admin, nothing(), nothing()).await;
    let revoke = revoking(&format!("{}/a", tenant.name));
    let cancel = CancellationToken::new();
    cancel.cancel();

    let outcome = applied_until(&cancel, prepared(&revoke, &ports).await, &ports).await;

    let said = outcome.json();
    assert_eq!(
        (&said["outcome"], &said["exit"]),
        (&json!("cancelled"), &json!(130))
    );
    assert_eq!(said["steps"], json!({"done": 0, "of": 2}));
    assert_eq!(said["undo"], json!(null));
    assert!(said["audit"]["result"].is_string());
    assert!(pushed_of(&mut pushes, &ears, tenant.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn acting_on_oneself_takes_the_whole_key_and_on_the_system_account_its_name() {
    let Some(world) = World::shared() else { return };
    let (admin, system) = (world.admin(), world.system());
    let oneself = system.user("sys").to_string();

    let ours = admin
        .run(&["user", "revoke", "SYS/sys", "--dry-run"])
        .json();
    let another = admin
        .run(&["user", "revoke", "SYS/readonly", "--dry-run"])
        .json();
    let tail = system.tail("sys");
    let by_tail = admin.run(&["user", "revoke", "SYS/sys", "--confirm", &tail]);

    assert_eq!(ours["consent"]["confirm"], json!(oneself));
    assert_eq!(
        (&another["consent"]["level"], &another["consent"]["confirm"]),
        (&json!(3), &json!("SYS"))
    );
    refused(&by_tail, "consent");
}
