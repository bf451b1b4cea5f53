//! A store of nsc with a crowd in it: one account whose users have four permissions each, as `nsc add user` writes them.
//! It is made once and kept in the target folder, for a hundred thousand signatures take a while.

use std::fs;
use std::path::{Path, PathBuf};

use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{AccountId, KeyKind, UserId};
use nats_oam::jwt::signer::Signer;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::store::keyring::NewKey;

pub const USERS: u32 = 100_000;

/// A home folder in which nsc and nats-oam find the store by themselves.
pub struct Crowd {
    pub home: PathBuf,
    /// The folder of the users' files.
    pub users: PathBuf,
}

impl Crowd {
    /// Finds it, or makes it.
    pub fn find() -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crowd");
        let operator = home.join(".local/share/nats/nsc/stores/CROWD");
        let crowd = Self {
            users: operator.join("accounts/ORDERS/users"),
            home,
        };
        let whole = crowd.home.join("whole");
        if !whole.exists() {
            let _ = fs::remove_dir_all(&crowd.home); // there may be none
            crowd.make(&operator);
            fs::write(whole, "").unwrap();
        }
        crowd
    }

    fn make(&self, operator: &Path) {
        fs::create_dir_all(&self.users).unwrap();
        fs::create_dir_all(self.home.join(".local/share/nats/nsc/keys")).unwrap();
        let key = NewKey::random(KeyKind::Operator).unwrap();
        let id = key.public_key().try_into().unwrap();
        let about = r#"{"managed":false,"name":"CROWD","kind":"operator","version":"1"}"#;
        fs::write(operator.join(".nsc"), about).unwrap();
        let tree = fresh::operator(&"CROWD".into(), id);
        write(&operator.join("CROWD.jwt"), &tree, &key);
        let account = NewKey::random(KeyKind::Account).unwrap();
        let id: AccountId = account.public_key().try_into().unwrap();
        let file = operator.join("accounts/ORDERS/ORDERS.jwt");
        write(&file, &fresh::account(&"ORDERS".into(), id), &key);
        for nth in 0..USERS {
            let name = format!("user-{nth:05}");
            let file = self.users.join(format!("{name}.jwt"));
            write(&file, &user(nth, &name), &account);
        }
    }
}

fn user(nth: u32, name: &str) -> Node {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&nth.to_be_bytes());
    let mut tree = fresh::user(&name.into(), UserId::from_bytes(bytes), None);
    let allow = |subjects: [String; 2]| {
        let subjects = subjects.map(Node::from);
        Node::object([("allow", Node::Array(subjects.into()))])
    };
    let rules = [
        (
            "pub",
            allow([format!("orders.{nth}.>"), format!("audit.{name}.done")]),
        ),
        (
            "sub",
            allow([format!("cmd.{nth}"), format!("_INBOX_{name}.>")]),
        ),
    ];
    if let Node::Object(fields) = &mut tree
        && let Some((_, Node::Object(body))) = fields.iter_mut().find(|(name, _)| name == "nats")
    {
        for (verb, rule) in rules {
            body.retain(|(name, _)| name != verb);
            body.insert(0, (verb.to_owned(), rule));
        }
    }
    tree
}

fn write(file: &Path, tree: &Node, signer: &NewKey) {
    let token = Token::issue(tree, signer, UnixTime(1_760_000_000)).unwrap();
    fs::write(file, token.text().as_bytes()).unwrap();
}
