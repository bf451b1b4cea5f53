//! Reissues by the real program: the new creds open every server, the old ones none after a revocation, and a working file is
//! never taken from under its client.

use std::fs;
use std::path::{Path, PathBuf};

use async_nats::{Client, ConnectOptions};
use nats_oam::demo::sandbox::{ClientOrder, Order};
use nats_oam::jwt::account::Account;
use nats_oam::jwt::edit::{Edit, Value as Given, apply};
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::PublicKey;
use nats_oam::jwt::token::Token;
use nats_oam::jwt::user::User;
use nats_oam::store::keyring::Keyring;
use serde_json::{Value, json};

use crate::support::between::open_ports;
use crate::support::files::{changed, copy, hashes, mode};
use crate::support::skip::needs;
use crate::support::stray::stray;
use crate::support::tools::Tool;
use crate::support::world::{Admin, Ran, Tenant, World, finished, text};

/// The token in a creds file.
fn token_in(creds: &Path) -> Token {
    let text = fs::read_to_string(creds).unwrap();
    Token::decode(text.lines().nth(1).unwrap()).unwrap()
}

/// Seconds that a token lives.
fn lifetime(token: &Token) -> Option<i64> {
    let envelope = token.envelope();
    Some(envelope.expires_at?.0 - envelope.issued_at.unwrap().0)
}

async fn connect(creds: &Path, url: &str) -> Result<Client, String> {
    let options = ConnectOptions::with_credentials_file(creds).await.unwrap();
    let connecting = options.ignore_discovered_servers().connect(url);
    connecting.await.map_err(|error| error.to_string())
}

/// Who lets these creds in, of all servers.
async fn let_in(world: &World, creds: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for server in world.description().servers {
        match connect(creds, &server.url).await {
            Ok(client) => {
                assert_eq!(client.server_info().server_name, server.name);
                names.push(server.name);
            }
            Err(why) => assert!(
                why.starts_with("authorization violation"),
                "{}: {why}",
                server.name
            ),
        }
    }
    names
}

const ALL: [&str; 3] = ["n1", "n2", "n3"];

/// The error that a refusal tells.
fn refused(ran: &Ran) -> Value {
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()["outcome"], "refused", "{ran:?}");
    ran.json()["error"].clone()
}

fn reissued(ran: &Ran) -> Value {
    let outcome = ran.json();
    assert_eq!(
        (ran.code, &outcome["outcome"]),
        (0, &json!("verified")),
        "{ran:?}"
    );
    outcome["new"].clone()
}

/// A place for creds of the story's own.
fn own_copy(admin: &Admin, creds: &Path) -> PathBuf {
    let copy = admin.home.path().join("old.creds");
    fs::copy(creds, &copy).unwrap();
    copy
}

fn revoke(admin: &Admin, tenant: &Tenant, user: &str) {
    let whom = format!("{}/{user}", tenant.name);
    let ran = admin.run(&["user", "revoke", &whom, "--confirm", &tenant.tail(user)]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

fn user_file(tenant: &Tenant, user: &str) -> PathBuf {
    tenant
        .stored
        .with_file_name("users")
        .join(format!("{user}.jwt"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_user_gets_creds_that_open_every_server_while_the_old_open_none() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let whom = format!("{}/a", tenant.name);
    let (old, old_creds) = (tenant.token("a"), own_copy(&admin, &tenant.creds("a")));
    let keyring = Keyring::new(world.description().keystore_dir);
    assert_eq!(let_in(world, &old_creds).await, ALL);
    revoke(&admin, &tenant, "a");

    let without = admin.run(&["user", "reissue", &whom]);
    let typed = admin.run(&["user", "reissue", &whom, "--confirm", &tenant.tail("a")]);
    let plan = admin.run(&["user", "reissue", &whom, "--dry-run"]).json();
    let ran = admin.run(&["user", "reissue", &whom, "--yes"]);

    for refusal in [without, typed] {
        assert_eq!(refused(&refusal)["code"], "consent");
    }
    assert_eq!(plan["consent"]["level"], 1);
    let new = reissued(&ran);
    let token = token_in(&tenant.creds("a"));
    assert_eq!(new["creds_path"], json!(tenant.creds("a")));
    assert_eq!(new["key"], token.envelope().subject.to_string());
    assert_ne!(token.envelope().subject, old.envelope().subject);
    assert_eq!(token.envelope().name, old.envelope().name);
    assert_eq!(token.body(), old.body());
    assert_eq!(token.envelope().issuer, old.envelope().issuer);
    let revoked_at = Account::of(&tenant.token_in_store()).unwrap().revocations;
    let revoked_at = revoked_at.named(old.envelope().subject.try_into().unwrap());
    assert!(token.envelope().issued_at > revoked_at);
    assert_eq!(
        fs::read_to_string(user_file(&tenant, "a")).unwrap(),
        **token.text()
    );
    assert!(
        keyring.path_of(old.envelope().subject).is_file(),
        "the old key is gone"
    );
    assert!(keyring.path_of(token.envelope().subject).is_file());
    assert_eq!(mode(&tenant.creds("a")), 0o600);
    assert_eq!(ran.warnings(), ["no_expiry"]);
    assert_eq!(let_in(world, &tenant.creds("a")).await, ALL);
    assert_eq!(let_in(world, &old_creds).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn creds_that_are_in_use_stay_where_they_are_and_the_new_ones_lie_beside_them() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let whom = format!("{}/b", tenant.name);
    let before = fs::read(tenant.creds("b")).unwrap();
    let tail = tenant.tail("b");

    let with_yes = admin.run(&["user", "reissue", &whom, "--yes"]);
    let ran = admin.run(&["user", "reissue", &whom, "--confirm", &tail]);

    assert_eq!(refused(&with_yes)["code"], "consent");
    let new = reissued(&ran);
    let beside = tenant.creds("b.new");
    assert_eq!(new["creds_path"], json!(beside));
    assert_eq!(fs::read(tenant.creds("b")).unwrap(), before);
    assert_eq!(let_in(world, &tenant.creds("b")).await, ALL);
    assert_eq!(let_in(world, &beside).await, ALL);
}

#[test]
fn a_new_token_lives_as_long_as_the_old_one_unless_somebody_says_otherwise() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let stored = || Token::decode(&fs::read_to_string(user_file(&tenant, "a")).unwrap()).unwrap();
    let reissue = |expires: &[&str]| {
        let whom = format!("{}/a", tenant.name);
        let tail = stored().envelope().subject.tail();
        admin.run(&[&["user", "reissue", &whom, "--confirm", &tail], expires].concat())
    };

    let two_hours = reissue(&["--expires", "2h"]);
    let first = stored();
    let kept = reissue(&[]);
    let second = stored();
    let never = reissue(&["--expires", "never"]);
    let past = reissue(&["--expires", "2020-01-01T00:00:00Z"]);

    // The end counts from when it was planned, the token is signed a little later and never in the second of another.
    let is_two_hours = |token: &Token| (7190..=7200).contains(&lifetime(token).unwrap());
    assert!(is_two_hours(&first), "{:?}", lifetime(&first));
    assert!(is_two_hours(&second), "{:?}", lifetime(&second));
    assert_eq!(reissued(&kept)["expires_at"], end(&second));
    assert_eq!(two_hours.warnings(), [""; 0]);
    assert_eq!(never.warnings(), ["no_expiry"]);
    assert_eq!(reissued(&never)["expires_at"], Value::Null);
    assert_eq!(lifetime(&stored()), None);
    refused(&past);
}

/// The end of a token, as JSON tells it.
fn end(token: &Token) -> Value {
    serde_json::to_value(token.envelope().expires_at).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_only_while_no_revocation_of_it_stands() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let old = tenant.token("c");
    let whom = format!("{}/c", tenant.name);
    let keep = || {
        admin.run(&[
            "user",
            "reissue",
            &whom,
            "--keep-key",
            "--confirm",
            &tenant.tail("c"),
        ])
    };

    let kept = keep();
    revoke(&admin, &tenant, "c");
    let store = fs::read(user_file(&tenant, "c")).unwrap();
    let again = keep();

    assert_eq!(reissued(&kept)["key"], old.envelope().subject.to_string());
    let new = token_in(&tenant.creds("c.new"));
    assert_eq!(new.envelope().subject, old.envelope().subject);
    assert!(new.envelope().issued_at > old.envelope().issued_at);
    let error = refused(&again);
    assert!(
        text(&error["what"]).contains("a revocation of c stands"),
        "{error}"
    );
    assert_eq!(fs::read(user_file(&tenant, "c")).unwrap(), store);
}

/// A store and a keyring of the story's own.
struct Stores {
    folder: tempfile::TempDir,
}

impl Stores {
    fn copy_of(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = world.description();
        copy(&sandbox.data_dir, &folder.path().join("stores"));
        copy(&sandbox.keystore_dir, &folder.path().join("keys"));
        Self { folder }
    }

    fn keyring(&self) -> Keyring {
        Keyring::new(self.folder.path().join("keys"))
    }

    fn lose(&self, key: PublicKey) {
        fs::remove_file(self.keyring().path_of(key)).unwrap();
    }

    fn run(&self, admin: &Admin, args: &[&str]) -> Ran {
        let [stores, keys] = ["stores", "keys"].map(|name| self.folder.path().join(name));
        let places = [
            "--data-dir",
            stores.to_str().unwrap(),
            "--keystore-dir",
            keys.to_str().unwrap(),
        ];
        admin.run(&[&places, args].concat())
    }
}

#[test]
fn a_user_of_a_role_is_signed_by_the_key_of_the_role_or_not_at_all() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let (role, tail) = (tenant.token("r").envelope().issuer, tenant.tail("r"));
    let args = [
        "user",
        "reissue",
        &format!("{}/r", tenant.name),
        "--confirm",
        &tail,
    ];
    let held = Stores::copy_of(world);
    let lost = Stores::copy_of(world);
    lost.lose(role);
    let before = hashes(lost.folder.path());

    let with_key = held.run(&admin, &args);
    let without = lost.run(&admin, &args);

    let new = token_in(Path::new(&text(&reissued(&with_key)["creds_path"])));
    assert_eq!(new.envelope().issuer, role);
    assert!(User::is_bare(&new));
    let error = refused(&without);
    assert_eq!(error["code"], "no_signer");
    let what = text(&error["what"]);
    assert!(what.contains(&role.to_string()), "{what}");
    assert!(what.contains(&format!("{}:worker", tenant.name)), "{what}");
    assert_eq!(changed(&before, &hashes(lost.folder.path())), [""; 0]);
}

#[test]
fn a_user_of_a_role_that_is_gone_does_not_become_one_who_may_do_everything() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let stores = Stores::copy_of(world);
    let account = tenant.token_in_store();
    let plain = account.body().get("signing_keys").unwrap().clone();
    let Node::Array(mut keys) = plain else {
        panic!("{plain:?}")
    };
    keys.retain(|key| key.as_str().is_some());
    let edit = Edit::set(["nats", "signing_keys"], Given::Given(Node::Array(keys)));
    let at = account.envelope().issued_at.unwrap();
    let signer = stores.keyring().signer(account.envelope().issuer).unwrap();
    let without_role = Token::issue(&apply(&account, &[edit], at), &signer, at).unwrap();
    let below = tenant
        .stored
        .strip_prefix(world.description().data_dir)
        .unwrap()
        .to_owned();
    fs::write(
        stores.folder.path().join("stores").join(below),
        &**without_role.text(),
    )
    .unwrap();

    let whom = format!("{}/r", tenant.name);
    let ran = stores.run(
        &admin,
        &[
            "--offline",
            "user",
            "reissue",
            &whom,
            "--confirm",
            &tenant.tail("r"),
        ],
    );

    let error = refused(&ran);
    assert_eq!(error["code"], "no_signer");
    assert!(text(&error["what"]).contains("a role that"), "{error}");
}

#[test]
fn creds_go_where_they_are_wanted_for_their_owner_alone() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let whom = format!("{}/a", tenant.name);
    let out = admin.home.path().join("it's here.creds");
    let before = fs::read(tenant.creds("a")).unwrap();
    let args = ["user", "reissue", &whom, "--out", out.to_str().unwrap()];

    let plan = admin.run(&[&args[..], &["--dry-run"]].concat()).json();
    let ran = admin.run(&[&args[..], &["--confirm", &tenant.tail("a")]].concat());

    assert_eq!(reissued(&ran)["creds_path"], json!(out));
    assert_eq!(mode(&out), 0o600);
    assert_eq!(
        fs::read_to_string(user_file(&tenant, "a")).unwrap(),
        **token_in(&out).text()
    );
    assert_eq!(fs::read(tenant.creds("a")).unwrap(), before);
    assert!(!tenant.creds("a.new").exists());
    let quoted = format!("--out '{}'", out.to_str().unwrap().replace('\'', r"'\''"));
    assert!(
        text(&plan["command"]).contains(&quoted),
        "{}",
        plan["command"]
    );
}

#[test]
fn creds_are_byte_for_byte_those_that_nsc_writes() {
    let Some(tools) = needs(&[Tool::NatsServer, Tool::Nsc]) else {
        return;
    };
    let Some(world) = World::shared() else { return };
    let (tenant, admin, sandbox) = (world.tenant(), world.admin(), world.description());
    let [out, theirs] = ["out.creds", "theirs.creds"].map(|name| admin.home.path().join(name));
    let whom = format!("{}/a", tenant.name);

    let ran = admin.run(&[
        "user",
        "creds",
        &whom,
        "--yes",
        "--out",
        out.to_str().unwrap(),
    ]);
    let nsc = tools
        .command(Tool::Nsc, admin.home.path())
        .arg("--config-dir")
        .arg(admin.home.path().join("nsc"))
        .arg("--data-dir")
        .arg(&sandbox.data_dir)
        .arg("--keystore-dir")
        .arg(&sandbox.keystore_dir)
        .args(["generate", "creds", "-a", &tenant.name, "-n", "a", "-o"])
        .arg(&theirs)
        .output()
        .unwrap();

    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(nsc.status.success(), "{nsc:?}");
    assert_eq!(fs::read(&out).unwrap(), fs::read(&theirs).unwrap());
    assert_eq!(mode(&out), 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn creds_with_another_end_open_the_servers_and_leave_the_store_as_it_is() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let out = admin.home.path().join("short.creds");
    let store = fs::read(user_file(&tenant, "a")).unwrap();
    let whom = format!("{}/a", tenant.name);

    let args = [
        "user",
        "creds",
        &whom,
        "--yes",
        "--expires",
        "10m",
        "--out",
        "short.creds", // beside where it is run
    ];
    let mut command = admin.command(&args);
    let ran = finished(command.current_dir(admin.home.path()).spawn().unwrap());

    assert_eq!(reissued(&ran)["key"], tenant.user("a").to_string());
    let token = token_in(&out);
    assert!((590..=600).contains(&lifetime(&token).unwrap()));
    assert_eq!(token.body(), tenant.token("a").body());
    assert_eq!(fs::read(user_file(&tenant, "a")).unwrap(), store);
    assert_eq!(let_in(world, &out).await, ALL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_only_a_live_connection_knows_is_reissued_from_its_token() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let ports = open_ports(&world.description(), admin.home.path()).await;
    let store = ports.store.unwrap();
    let (old, creds) = stray(world, &tenant, &store, "../eve", admin.home.path());
    let user = old.envelope().subject.to_string();
    let whom = format!("{}/{user}", tenant.name);
    let out = admin.home.path().join("eve.creds");
    let tail = old.envelope().subject.tail();
    let folder = tenant.stored.parent().unwrap();
    let before = hashes(folder);
    let args = ["user", "reissue", &whom, "--confirm", &tail];
    let unknown = admin.run(&args);
    let client = ClientOrder {
        creds,
        server: Some("n2".to_owned()),
        name: "eve".to_owned(),
        claims: None,
    };
    world.order(&Order::Client(client));
    crate::support::patience::until("eve connects", || async {
        let open = ears.open(tenant.id, 3).await;
        open.iter()
            .any(|row| row.user.as_ref() == Some(&user))
            .then_some(())
    })
    .await;

    // Its name can be no file's, so it has to be said where the creds go.
    let nowhere = admin.run(&args);
    let ran = admin.run(&[&args[..], &["--out", out.to_str().unwrap()]].concat());

    assert_eq!(refused(&unknown)["code"], "store");
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    assert_ne!(reissued(&ran)["key"], user);
    let token = token_in(&out);
    assert_eq!(token.envelope().name, old.envelope().name);
    assert_eq!(token.body(), old.body());
    assert_eq!(let_in(world, &out).await, ALL);
    assert_eq!(changed(&before, &hashes(folder)), [""; 0]);
}
