//! Where credentials are broken: an account of one story's own, keys that only the story has, logins by the public client library,
//! and the program's word beside them.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use async_nats::ConnectOptions;
use nats_oam::jwt::edit::with;
use nats_oam::jwt::envelope::TokenKind;
use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{AccountId, PublicKey, UserId};
use nats_oam::jwt::signer::{SignError, Signer};
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::store::keyring::Keyring;
use nats_oam::store::signer::FileSigner;
use nkeys::KeyPair;
use serde_json::Value;

use crate::reads::holds;
use crate::support::ears::Ears;
use crate::support::world::{Admin, Ran, Tenant, World};

/// A key of a story, with its seed.
pub struct Pair(KeyPair);

impl Pair {
    pub fn user() -> Self {
        Self(KeyPair::new_user())
    }

    pub fn account() -> Self {
        Self(KeyPair::new_account())
    }

    pub fn operator() -> Self {
        Self(KeyPair::new_operator())
    }

    pub fn seed(&self) -> String {
        self.0.seed().unwrap()
    }

    pub fn user_id(&self) -> UserId {
        self.public_key().try_into().unwrap()
    }
}

impl Signer for Pair {
    fn public_key(&self) -> PublicKey {
        self.0.public_key().parse().unwrap()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).unwrap().try_into().unwrap())
    }
}

pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

pub fn issue(tree: &Node, signer: &dyn Signer) -> Token {
    Token::issue(tree, signer, UnixTime(now())).unwrap()
}

/// A tree of a user with one more value in it.
pub fn user_with<const N: usize>(tree: Node, path: [&str; N], value: impl Into<Node>) -> Node {
    with(tree, TokenKind::User, path, value.into())
}

pub fn list(entries: &[&str]) -> Node {
    Node::strings(entries.iter().copied())
}

/// A creds file's text, whatever it is worth.
pub fn creds_text(token_text: &str, seed: &str) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{token_text}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

/// What a server answers to a login with creds: `None` lets it in.
pub async fn answer_of(creds: &str, url: &str) -> Option<String> {
    let options = ConnectOptions::with_credentials(creds).unwrap();
    let login = options.ignore_discovered_servers().connect(url).await;
    let mut error: Box<dyn std::error::Error> = Box::new(login.err()?);
    let mut words = error.to_string();
    while let Some(cause) = error.source() {
        words = format!("{words}: {cause}");
        error = cause.to_string().into();
    }
    Some(words)
}

/// An account of one story, and everything that it needs to break credentials of it.
pub struct Bench<'a> {
    pub world: &'a World,
    pub tenant: Tenant,
    pub admin: Admin,
    pub ears: Ears,
    folder: tempfile::TempDir,
}

impl<'a> Bench<'a> {
    pub async fn of(world: &'a World) -> Self {
        Self {
            world,
            tenant: world.tenant(),
            admin: world.admin(),
            ears: world.ears().await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn keyring(&self, key: PublicKey) -> FileSigner {
        Keyring::new(self.world.description().keystore_dir)
            .signer(key)
            .unwrap()
    }

    /// The account's signing key without a role.
    pub fn plain(&self) -> FileSigner {
        self.keyring(self.tenant.token("a").envelope().issuer)
    }

    /// The key of the account's role.
    pub fn role(&self) -> FileSigner {
        self.keyring(self.tenant.token("r").envelope().issuer)
    }

    pub fn account(&self) -> AccountId {
        self.tenant.id
    }

    /// A user with nothing wrong yet.
    pub fn good(&self, pair: &Pair) -> Node {
        fresh::user(&"odd".into(), pair.user_id(), Some(self.account()))
    }

    /// A creds file of this story.
    pub fn written(&self, creds: &str) -> PathBuf {
        let count = fs::read_dir(self.folder.path()).unwrap().count();
        let path = self.folder.path().join(format!("{count}.creds"));
        fs::write(&path, creds).unwrap();
        path
    }

    /// Gives every server the account with other values, on the base of the store's token.
    pub async fn push(&self, values: &[(&[&str], Node)]) -> Token {
        let base = self.tenant.token_in_store();
        let mut tree = base.tree().clone();
        for (path, value) in values {
            tree = match path {
                [one] => with(tree, TokenKind::Account, [one], value.clone()),
                [one, two] => with(tree, TokenKind::Account, [one, two], value.clone()),
                [one, two, three] => {
                    with(tree, TokenKind::Account, [one, two, three], value.clone())
                }
                _ => panic!("{path:?}"),
            };
        }
        let signer = self.keyring(base.envelope().issuer);
        let kept = self.ears.kept(self.account(), 3).await;
        let youngest = kept.iter().map(|token| token.envelope().issued_at).max();
        let after = youngest.flatten().unwrap_or_default().0 + 1;
        let token = Token::issue(&tree, &signer, UnixTime(after.max(now()))).unwrap();
        self.ears.push(&token).await;
        for kept in self.ears.kept(self.account(), 3).await {
            assert_eq!(
                kept.revision(),
                token.revision(),
                "a server did not take it"
            );
        }
        token
    }

    /// What the three servers answer to creds.
    pub async fn answers(&self, creds: &str) -> Vec<Option<String>> {
        let mut answers = Vec::new();
        for server in self.world.description().servers.iter().take(3) {
            answers.push(answer_of(creds, &server.url).await);
        }
        answers
    }

    pub fn diagnose(&self, creds: &str, flags: &[&str]) -> Ran {
        let file = format!("@{}", self.written(creds).display());
        let mut args = vec!["diagnose", file.as_str()];
        args.extend(flags);
        self.admin.run(&args)
    }

    /// Every server refuses these creds, and the program names why: alone, and with a try of its own.
    pub async fn refused_for(&self, check: &str, creds: &str, flags: &[&str]) -> Value {
        let answers = self.answers(creds).await;
        assert!(answers.iter().all(Option::is_some), "{check}: {answers:?}");
        let named = self.diagnose(creds, flags);
        let tried = self.diagnose(creds, &[flags, &["--connect"]].concat());
        for ran in [&named, &tried] {
            assert_eq!(ran.code, 7, "{check}: {ran:?}");
            let item = &ran.json()["item"];
            holds("diagnosis", std::slice::from_ref(item), &REQUIRED);
            assert_eq!(item["verdict"], "refused", "{check}");
            assert_eq!(item["first_failure"], check, "{item:#}");
        }
        let item = tried.json()["item"].clone();
        assert_eq!(result(&item, "connect"), "fail", "{check}: {item:#}");
        for server in item["servers"].as_array().unwrap() {
            assert_eq!(server["connect"]["result"], "refused", "{check}: {server}");
        }
        named.json()["item"].clone()
    }

    /// Every server lets these creds in, and the program says so, alone and with a try of its own.
    pub async fn let_in(&self, creds: &str, flags: &[&str]) {
        let answers = self.answers(creds).await;
        assert!(answers.iter().all(Option::is_none), "{answers:?}");
        for flags in [flags, &[flags, &["--connect"]].concat()] {
            let ran = self.diagnose(creds, flags);
            assert_eq!(ran.code, 0, "{flags:?} {ran:?}");
            let item = &ran.json()["item"];
            assert_eq!(
                (item["verdict"].as_str(), &item["first_failure"]),
                (Some("ok"), &Value::Null)
            );
        }
    }
}

pub const REQUIRED: [&str; 5] = ["subject", "verdict", "first_failure", "checks", "servers"];

/// How a check came out.
pub fn result(item: &Value, check: &str) -> String {
    let checks = item["checks"].as_array().unwrap();
    let found = checks.iter().find(|checked| checked["check"] == check);
    found.unwrap()["result"].as_str().unwrap().to_owned()
}
