//! nsc and `nats auth` on a store that we wrote into, and we on a store that nsc wrote.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use nats_oam::inventory::Fact;
use nats_oam::inventory::account::AccountRow;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{AccountId, KeyKind, PublicKey, UserId};
use nats_oam::jwt::operator::Operator;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::store::keyring::NewKey;
use nats_oam::store::paths::{Environment, Flags, Paths};
use nats_oam::store::way_in::{Choice, choose, mint};
use nats_oam::store::{CredsPlace, NscStore, Store, Stored};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::skip::needs;
use crate::support::tools::{Tool, Tools};

/// A store where nsc and the NATS CLI look for it by themselves.
struct World {
    home: TempDir,
    tools: Tools,
}

impl World {
    /// nsc makes an operator with SYS, and an account with a user.
    fn new(tools: Tools) -> Self {
        let world = Self {
            home: tempfile::tempdir().unwrap(),
            tools,
        };
        for words in [
            "add operator -n OPS --sys --generate-signing-key",
            "add account -n ORDERS",
            "add user -a ORDERS -n worker --allow-pub orders.>",
        ] {
            world.nsc(words);
        }
        world
    }

    fn folder(&self, path: &str) -> PathBuf {
        self.home.path().join(".local/share/nats/nsc").join(path)
    }

    fn run(&self, tool: Tool, words: &str) -> String {
        let mut command = self.tools.command(tool, self.home.path());
        // The NATS CLI takes the home folder of the password file, not `HOME`.
        command
            .env("XDG_DATA_HOME", self.home.path().join(".local/share"))
            .env("XDG_CONFIG_HOME", self.home.path().join(".config"));
        let output = with_words(&mut command, words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool} {words}: {said}{errors}");
        said
    }

    fn nsc(&self, words: &str) -> String {
        self.run(Tool::Nsc, words)
    }

    /// Finds everything as nsc does: by the home folder alone.
    fn open(&self) -> NscStore {
        let environment = Environment {
            home: Some(self.home.path().to_owned()),
            ..Environment::default()
        };
        NscStore::open(&Paths::find(&environment, &Flags::default())).unwrap()
    }
}

fn with_words<'a>(command: &'a mut Command, words: &str) -> &'a mut Command {
    command.env("NO_COLOR", "1").args(words.split_whitespace())
}

fn accounts(store: &NscStore) -> (Vec<Arc<AccountRow>>, usize) {
    let (mut accounts, mut users) = (Vec::new(), 0);
    store.facts(&mut |facts| {
        for fact in facts {
            match fact {
                Fact::Account(row) => accounts.push(row),
                Fact::Users(chunk) => users += chunk.len(),
                Fact::Operator(_) => {}
                Fact::Flaw(flaw) => panic!("{flaw:?}"),
            }
        }
        ControlFlow::Continue(())
    });
    accounts.sort_by(|a, b| a.directory.cmp(&b.directory));
    (accounts, users)
}

/// The tree of a token under another name and for another key.
fn renamed(token: &Token, name: &str, subject: PublicKey) -> Node {
    let mut tree = token.tree().clone();
    let Node::Object(pairs) = &mut tree else {
        panic!("an object")
    };
    for (key, value) in pairs {
        match key.as_str() {
            "name" => *value = Node::from(name),
            "sub" => *value = Node::from(subject.to_string()),
            _ => {}
        }
    }
    tree
}

fn leave_what_a_crash_leaves(world: &World) {
    for folder in [
        "stores/OPS",
        "stores/OPS/accounts/NEW",
        "stores/OPS/accounts/NEW/users",
        "keys/creds/OPS/NEW",
    ] {
        fs::write(world.folder(folder).join(".oam-dead"), "half a token").unwrap();
    }
}

/// Adds an account NEW with a user, and issues ORDERS again; gives the key of the user.
fn write_into(store: &NscStore, orders: AccountId) -> UserId {
    let operator = Operator::of(&store.token(&Stored::Operator).unwrap()).unwrap();
    let signer = store.signer(operator.signing_keys[0]).unwrap();
    let old = store.token(&Stored::Account(orders)).unwrap();
    let later = UnixTime(old.envelope().issued_at.unwrap().0 + 1);
    let (account, user) = (
        NewKey::random(KeyKind::Account).unwrap(),
        NewKey::random(KeyKind::User).unwrap(),
    );
    let (id, user_id) = (
        AccountId::try_from(account.public_key()).unwrap(),
        UserId::try_from(user.public_key()).unwrap(),
    );
    let again = Token::issue(old.tree(), &*signer, later).unwrap();
    let new = Token::issue(&renamed(&old, "NEW", id.key()), &*signer, later).unwrap();
    let minted = mint(id, &account, &"ada".into(), later).unwrap();
    let mut tree = renamed(&minted.token, "nina", user_id.key());
    let Node::Object(pairs) = &mut tree else {
        panic!("an object")
    };
    pairs.retain(|(key, _)| key != "exp");
    let token = Token::issue(&tree, &account, later).unwrap();

    store.keep(&account).unwrap();
    store.keep(&user).unwrap();
    store
        .write(&Stored::Account(orders), &again, Some(old.revision()))
        .unwrap();
    store.write(&Stored::Account(id), &new, None).unwrap();
    store
        .write(
            &Stored::User {
                account: id,
                user: user_id,
                name: None,
            },
            &token,
            None,
        )
        .unwrap();
    store
        .write_creds(&token, Some(&user), &CredsPlace::Keyring)
        .unwrap();
    user_id
}

#[test]
fn nsc_and_nats_auth_go_on_working_on_what_we_wrote() {
    let Some(tools) = needs(&[Tool::Nsc, Tool::Nats]) else {
        return;
    };
    let world = World::new(tools);
    let store = world.open();
    let (before, users) = accounts(&store);
    assert_eq!((before.len(), users), (2, 2));

    let user = write_into(&store, before[0].account.id);
    leave_what_a_crash_leaves(&world);

    let described: Value =
        serde_json::from_str(&world.nsc("describe user -a NEW -n nina -J")).unwrap();
    assert_eq!(described["sub"], user.to_string());
    world.nsc("validate -A");
    assert!(world.nsc("list keys --all").contains("nina"));
    world.nsc("add user -a NEW -n after");
    let creds = fs::read_to_string(world.folder("keys/creds/OPS/NEW/nina.creds")).unwrap();
    assert_eq!(
        world.nsc("generate creds -a NEW -n nina").trim_end(),
        creds.trim_end()
    );
    assert!(world.run(Tool::Nats, "auth account ls OPS").contains("NEW"));
    assert!(
        world
            .run(Tool::Nats, "auth user ls NEW --operator OPS")
            .contains("nina")
    );
    let (after, users) = accounts(&store);
    assert_eq!((after.len(), users), (3, 4));
}

#[test]
fn the_way_into_a_fresh_store_of_nsc_is_its_user_sys() {
    let Some(tools) = needs(&[Tool::Nsc]) else {
        return;
    };
    let world = World::new(tools);

    let way = choose(
        &world.open().look_for_way_in(None),
        UnixTime(i64::from(u32::MAX)),
    );

    let Choice::Creds { path, name, .. } = way.choice else {
        panic!("{way:?}")
    };
    assert_eq!(
        path.strip_prefix(world.folder("keys")).unwrap(),
        Path::new("creds/OPS/SYS/sys.creds")
    );
    assert_eq!(name, "sys".into());
}
