//! Our acts on a store that nsc, the NATS CLI and Go's library go on using: they say the same as before of all that was not
//! meant, what nobody here knows survives, and exactly the files change that have to.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use nats_oam::jwt::json::Node;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::store::keyring::Keyring;
use serde_json::{Value, json};

use crate::support::files::{changed, copy, ends_in, hashes};
use crate::support::skip::needs;
use crate::support::tools::{Tool, Tools};
use crate::support::world::{Admin, Tenant, World, text};

/// A field that no version of anything has.
const UNKNOWN: &str = "x_unknown";

/// A copy of the sandbox's store where nsc and the NATS CLI find it by themselves.
struct Shop {
    admin: Admin,
    tenant: Tenant,
    tools: Tools,
}

impl Shop {
    fn open(world: &World, tools: Tools) -> Self {
        let (admin, tenant, sandbox) = (world.admin(), world.tenant(), world.description());
        let shop = Self {
            admin,
            tenant,
            tools,
        };
        copy(&sandbox.data_dir, &shop.folder().join("stores"));
        copy(&sandbox.keystore_dir, &shop.folder().join("keys"));
        shop
    }

    fn folder(&self) -> PathBuf {
        self.admin.home.path().join(".local/share/nats/nsc")
    }

    fn account(&self) -> PathBuf {
        self.folder()
            .join("stores/DEMO/accounts")
            .join(&self.tenant.name)
    }

    fn account_token(&self) -> Token {
        let file = self.account().join(format!("{}.jwt", self.tenant.name));
        Token::decode(&fs::read_to_string(file).unwrap()).unwrap()
    }

    fn user_token(&self, user: &str) -> Token {
        let file = self.account().join("users").join(format!("{user}.jwt"));
        Token::decode(&fs::read_to_string(file).unwrap()).unwrap()
    }

    /// Puts a field that nobody knows into every object of a token, and signs that with the same key a second later.
    fn mark(&self, token: &Token, file: &str) -> Token {
        let envelope = token.envelope();
        let signer = Keyring::new(self.folder().join("keys"))
            .signer(envelope.issuer)
            .unwrap();
        let at = UnixTime(envelope.issued_at.unwrap().0 + 1);
        let marked = Token::issue(&with_unknown(token.tree()), &signer, at).unwrap();
        fs::write(self.account().join(file), &**marked.text()).unwrap();
        marked
    }

    /// Does an act with the consent that its plan asks for; gives the files that it changed.
    fn act(&self, args: &[&str]) -> Vec<String> {
        let [stores, keys] = ["stores", "keys"].map(|name| self.folder().join(name));
        let places = [
            "--data-dir",
            stores.to_str().unwrap(),
            "--keystore-dir",
            keys.to_str().unwrap(),
        ];
        let args = [&places, args].concat();
        let plan = self.admin.run(&[&args[..], &["--dry-run"]].concat()).json();
        let confirm = text(&plan["consent"]["confirm"]);
        let before = hashes(&self.folder());
        let ran = self
            .admin
            .run(&[&args[..], &["--confirm", &confirm]].concat());
        assert_eq!(
            (ran.code, &ran.json()["outcome"]),
            (0, &json!("verified")),
            "{ran:?}"
        );
        changed(&before, &hashes(&self.folder()))
    }

    fn tool(&self, tool: Tool, words: &str) -> String {
        let home = self.admin.home.path();
        let mut command = self.tools.command(tool, home);
        // The NATS CLI takes the home folder of the password file, not `HOME`.
        command
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("NO_COLOR", "1")
            .args(words.split_whitespace());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool} {words}: {said}{errors}");
        said
    }

    fn described(&self, words: &str) -> Value {
        serde_json::from_str(&self.tool(Tool::Nsc, &format!("describe {words} -J"))).unwrap()
    }

    /// What the tools say of what is not touched, and the lists of all.
    fn said(&self) -> Said {
        let account = &self.tenant.name;
        let untouched = [
            "describe operator -J".to_owned(),
            "describe account -n ORDERS -J".to_owned(),
            "describe account -n SYS -J".to_owned(),
            "describe user -a ORDERS -n worker -J".to_owned(),
            format!("describe user -a {account} -n a -J"),
            format!("describe user -a {account} -n r -J"),
        ];
        let lists = [
            "auth account ls DEMO".to_owned(),
            format!("auth user ls {account} --operator DEMO"),
            "auth user ls ORDERS --operator DEMO".to_owned(),
        ];
        self.tool(Tool::Nsc, "validate -A");
        let by_nsc = untouched.map(|words| (self.tool(Tool::Nsc, &words), words));
        let by_nats = lists.map(|words| (self.tool(Tool::Nats, &words), words));
        Said(by_nsc.into_iter().chain(by_nats).collect())
    }

    /// What Go's library reads in every token of the store, by file.
    fn read_by_go(&self) -> BTreeMap<String, Value> {
        let stores = self.folder().join("stores");
        let files = hashes(&stores)
            .into_keys()
            .filter(|path| ends_in(path, "jwt"));
        let files: Vec<String> = files.collect();
        let question = |file: &String| json!({"op": "decode", "token": fs::read_to_string(stores.join(file)).unwrap()});
        let answers = self
            .tools
            .ask_oracle(&files.iter().map(question).collect::<Vec<_>>());
        for (file, answer) in files.iter().zip(&answers) {
            assert!(answer["claims"].is_object(), "{file}: {answer}");
            assert_eq!(answer["issues"], json!([]), "{file}");
        }
        files.into_iter().zip(answers).collect()
    }
}

/// Answers with their questions.
struct Said(Vec<(String, String)>);

impl Said {
    /// The same with one key in place of another.
    fn with_key(self, new: &str, old: &str) -> Self {
        let answers = self.0.into_iter();
        Self(
            answers
                .map(|(said, words)| (said.replace(new, old), words))
                .collect(),
        )
    }

    #[track_caller]
    fn is_that_of(&self, before: &Self) {
        for ((now, words), (then, _)) in self.0.iter().zip(&before.0) {
            assert_eq!(now, then, "{words}");
        }
    }
}

fn with_unknown(node: &Node) -> Node {
    match node {
        Node::Object(pairs) => {
            let marked = pairs
                .iter()
                .map(|(key, value)| (key.clone(), with_unknown(value)));
            let unknown = Node::object([
                ("kept", Node::strings(["as", "it is"])),
                ("n", Node::from(7)),
            ]);
            Node::Object(marked.chain([(UNKNOWN.to_owned(), unknown)]).collect())
        }
        Node::Array(items) => Node::Array(items.iter().map(with_unknown).collect()),
        other => other.clone(),
    }
}

/// Where the field is that nobody knows, with what stands in it.
fn unknown_in(node: &Node) -> Vec<(String, Node)> {
    let mut found = Vec::new();
    look(node, "", &mut found);
    found
}

fn look(node: &Node, at: &str, found: &mut Vec<(String, Node)>) {
    match node {
        Node::Object(pairs) => {
            for (key, value) in pairs {
                let here = format!("{at}/{key}");
                if key == UNKNOWN {
                    found.push((here, value.clone()));
                } else {
                    look(value, &here, found);
                }
            }
        }
        Node::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                look(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_acts_change_what_they_say_and_nothing_else() {
    let Some(tools) = needs(&[Tool::NatsServer, Tool::Nsc, Tool::Nats, Tool::Oracle]) else {
        return;
    };
    let Some(world) = World::shared() else { return };
    let shop = Shop::open(world, tools);
    let name = shop.tenant.name.clone();
    let account = shop.mark(&shop.account_token(), &format!("{name}.jwt"));
    let user = shop.mark(&shop.user_token("b"), "users/b.jwt");
    world.ears().await.push(&account).await;
    let (unknown_of_account, unknown_of_user) =
        (unknown_in(account.tree()), unknown_in(user.tree()));
    assert!(unknown_of_account.len() > 5 && unknown_of_user.len() > 3);
    let (said, by_go) = (shop.said(), shop.read_by_go());
    let key = shop.tenant.user("a").to_string();
    let account_file = format!("stores/DEMO/accounts/{name}/{name}.jwt");

    let by_revoke = shop.act(&["user", "revoke", &format!("{name}/a")]);

    assert_eq!(by_revoke, [account_file.as_str()]);
    assert_eq!(unknown_in(shop.account_token().tree()), unknown_of_account);
    let told = shop.described(&format!("account -n {name}"));
    assert!(told["nats"]["revocations"][&key].is_number(), "{told}");
    shop.said().is_that_of(&said);

    let by_lift = shop.act(&["user", "lift", &format!("{name}/a")]);

    assert_eq!(by_lift, [account_file.as_str()]);
    assert_eq!(shop.account_token().body(), account.body());
    assert_eq!(unknown_in(shop.account_token().tree()), unknown_of_account);
    shop.said().is_that_of(&said);

    let by_reissue = shop.act(&["user", "reissue", &format!("{name}/b")]);

    let new = shop.user_token("b");
    let subject = new.envelope().subject.to_string();
    let expected = [
        format!("keys/creds/DEMO/{name}/b.new.creds"),
        format!("keys/keys/U/{}/{subject}.nk", &subject[1..3]),
        format!("stores/DEMO/accounts/{name}/users/b.jwt"),
    ];
    assert_eq!(by_reissue, expected);
    assert_eq!(unknown_in(new.tree()), unknown_of_user);
    assert_eq!(
        shop.described(&format!("user -a {name} -n b"))["sub"],
        subject
    );
    shop.said()
        .with_key(&subject, &user.envelope().subject.to_string())
        .is_that_of(&said);
    let ours = [account_file, expected[2].clone()];
    let others = |read: BTreeMap<String, Value>| -> BTreeMap<String, Value> {
        let is_ours = |file: &String| ours.contains(&format!("stores/{file}"));
        read.into_iter()
            .filter(|(file, _)| !is_ours(file))
            .collect()
    };
    assert_eq!(others(shop.read_by_go()), others(by_go));
}
