//! Who a connection is: what its token says, never what it says of itself; and whatever it says does nothing to the terminal of
//! whoever looks.

use std::process::Command;

use nats_oam::demo::sandbox::{ClientOrder, Order};
use nats_oam::inventory::connection::{ConnectionRow, Identity};
use nats_oam::jwt::keys::{AccountId, UserId};
use nats_oam::jwt::token::Token;
use nats_oam::jwt::user::User;
use nats_oam::sys::{ConnQuery, Sys};

use crate::support::between::open_ports;
use crate::support::patience::until;
use crate::support::world::{Admin, World};

/// The open connections of an account, with identities, as the library reads them.
async fn connections(sys: &dyn Sys, account: AccountId) -> Vec<ConnectionRow> {
    let query = ConnQuery::AccountWithAuth(account);
    let told = sys.connections(query).await.unwrap();
    told.answers()
        .flat_map(|(_, rows)| rows.iter().cloned())
        .collect()
}

fn row_of(rows: &[ConnectionRow], user: UserId) -> Option<&ConnectionRow> {
    rows.iter().find(|row| {
        let holder = row.holder.as_ref();
        holder
            .and_then(|holder| holder.user.as_ref())
            .is_some_and(|named| named.key == user)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_claims_to_be_another_is_shown_and_revoked_as_who_its_token_says() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, ears) = (world.tenant(), world.admin(), world.ears().await);
    let (victim, liar) = (tenant.user("a"), tenant.user("b"));
    world.client(&tenant, "a", "n1");
    world.order(&Order::Client(ClientOrder {
        creds: tenant.creds("b"),
        server: Some("n2".to_owned()),
        name: "a-on-n1".to_owned(),
        claims: Some(victim.to_string()),
    }));
    ears.connected(&tenant, "a", 1).await;
    ears.connected(&tenant, "b", 1).await;
    let ports = open_ports(&world.description(), admin.home.path()).await;
    let sys = ports.sys.unwrap();

    let before = connections(sys.as_ref(), tenant.id).await;
    let whom = format!("{}/b", tenant.name);
    let ran = admin.run(&["user", "revoke", &whom, "--confirm", &tenant.tail("b")]);
    let after = connections(sys.as_ref(), tenant.id).await;

    let pretender = row_of(&before, liar).unwrap().holder.as_ref().unwrap();
    assert_eq!(pretender.identity, Identity::Spoofed);
    assert_eq!(
        pretender.claimed_user,
        Some(victim.to_string().as_str().into())
    );
    assert_eq!(pretender.user.as_ref().unwrap().name, Some("b".into()));
    let honest = row_of(&before, victim).unwrap();
    assert_eq!(honest.holder.as_ref().unwrap().identity, Identity::Verified);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["closed"], 1);
    assert!(row_of(&after, liar).is_none());
    assert_eq!(
        row_of(&after, victim).unwrap().id,
        honest.id,
        "the victim was cut off"
    );
}

/// What nobody may write to a terminal: control characters of both ranges, but for line ends, and marks that turn text round.
fn acts(c: char) -> bool {
    let turns = ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    (c.is_control() && c != '\n') || turns
}

/// The same run without `--json`.
fn for_a_person(admin: &Admin, args: &[&str]) -> Command {
    let json = admin.command(args);
    let mut command = Command::new(json.get_program());
    command.env_clear();
    for (name, value) in json.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.args(json.get_args().filter(|arg| *arg != "--json"));
    command
}

/// What a run writes, on both streams, in each format.
fn written(admin: &Admin, args: &[&str]) -> Vec<String> {
    let outputs = [
        admin.command(args).output().unwrap(),
        for_a_person(admin, args).output().unwrap(),
        for_a_person(admin, &[args, &["--csv"]].concat())
            .output()
            .unwrap(),
        for_a_person(admin, &[args, &["--jsonl"]].concat())
            .output()
            .unwrap(),
    ];
    let texts = outputs
        .into_iter()
        .flat_map(|output| [output.stdout, output.stderr]);
    texts
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_is_visible_and_does_nothing_to_a_terminal() {
    let Some(world) = World::shared() else { return };
    let (admin, ears, sandbox) = (world.admin(), world.ears().await, world.description());
    let stray = sandbox.data_dir.with_file_name("stray/eve.creds");
    let creds = std::fs::read_to_string(&stray).unwrap();
    let token = Token::decode(creds.lines().nth(1).unwrap()).unwrap();
    let (user, account) = (token.envelope().subject, User::of(&token).unwrap().account);
    world.order(&Order::Client(ClientOrder {
        creds: stray,
        server: Some("n3".to_owned()),
        name: "\u{1b}[2J\u{1b}[31mroot\u{7}\r\n\u{202e}txt.exe\u{9b}0m".to_owned(),
        claims: None,
    }));
    until("eve connects to n3", || async {
        let open = ears.open(account, 3).await;
        let is_eve = |row: &&crate::support::ears::Open| {
            row.server == "n3" && row.user == Some(user.to_string())
        };
        open.iter().find(is_eve).map(|row| row.cid)
    })
    .await;
    let whom = format!("{account}/{user}");
    let out = admin.home.path().join("eve.creds");
    let acts_on_eve: [&[&str]; 4] = [
        &["user", "revoke", &whom, "--dry-run"],
        &["user", "revoke", &whom],
        &["user", "reissue", &whom, "--dry-run"],
        &[
            "user",
            "reissue",
            &whom,
            "--confirm",
            &user.tail(),
            "--out",
            out.to_str().unwrap(),
        ],
    ];

    for args in acts_on_eve {
        let texts = written(&admin, args);

        for text in &texts {
            let bad: Vec<char> = text.chars().filter(|c| acts(*c)).collect();
            assert_eq!(bad, [' '; 0], "{args:?} wrote {text:?}");
        }
        let is_named = texts
            .iter()
            .any(|text| text.contains("eve\u{241b}") || text.contains("root\u{2407}"));
        assert!(
            is_named || args.len() == 3,
            "{args:?} names nobody: {texts:?}"
        );
    }
}
