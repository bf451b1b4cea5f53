//! Fresh random users before a real server: who is let in, what each may, and what reaches it, against what we say of that
//! server's release. The seed is printed, and gives the same users again.
//!
//! ```text
//! NATS_SERVER=…/nats-server NATS_OAM_CASES=5000 NATS_OAM_SEED=7 cargo test --test it verdicts::fresh
//! ```

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{AccountId, KeyKind, UserId};
use nats_oam::jwt::release::Release;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use serde_json::{Value, json};

use super::permissions::Case;
use super::tell;
use crate::support::chance::Dice;
use crate::support::keys::ByteKey;
use crate::support::lone_server::LoneServer;
use crate::support::on_path::version_of;
use crate::support::skip::needs;
use crate::support::tools::Tool;

const CASES: usize = 500;
const WORDS: [&str; 8] = [
    "orders", "eu", "us", "created", "done", "x1", "_INBOX", "ship",
];
const QUEUES: [&str; 4] = ["q1", "q.a", "zz", "q1.b"];
const QUEUE_PATTERNS: [&str; 5] = ["q1", "q.*", "q.>", "*", "zz"];
const CALLS: [&str; 6] = [
    "{{name()}}",
    "{{tag(team)}}",
    "{{tag(site)}}",
    "{{tag(none)}}",
    "{{account-name()}}",
    "{{account-tag(env)}}",
];

fn number(variable: &str) -> Option<u64> {
    let written = env::var(variable).ok()?;
    Some(
        written
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is {written:?}, no number")),
    )
}

/// Everything that one random user needs to be tried.
struct Drawn {
    kind: &'static str,
    account_key: ByteKey,
    account: Token,
    user_key: ByteKey,
    user: Token,
    /// Somebody of the same account who may do everything.
    friend_key: ByteKey,
    friend: Token,
}

/// Draws users and what to ask of them.
struct Draw {
    dice: Dice,
    operator: ByteKey,
}

impl Draw {
    fn key(&mut self, kind: KeyKind) -> ByteKey {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.dice.roll().to_le_bytes());
        }
        ByteKey::of(kind, bytes)
    }

    fn pattern(&mut self, calls: bool) -> String {
        let length = 1 + self.dice.below(4);
        let tokens: Vec<&str> = (0..length)
            .map(|at| match self.dice.below(12) {
                0 | 1 => "*",
                2 if at + 1 == length => ">",
                3 | 4 if calls => self.dice.pick(&CALLS),
                _ => self.dice.pick(&WORDS),
            })
            .collect();
        tokens.join(".")
    }

    fn literal(&mut self) -> String {
        let length = 1 + self.dice.below(4);
        let tokens: Vec<&str> = (0..length).map(|_| self.dice.pick(&WORDS)).collect();
        tokens.join(".")
    }

    fn list(&mut self, calls: bool, queues: bool) -> Vec<String> {
        let count = self.dice.below(4);
        (0..count)
            .map(|_| {
                let pattern = self.pattern(calls);
                if queues && self.dice.one_in(4) {
                    format!("{pattern} {}", self.dice.pick(&QUEUE_PATTERNS))
                } else {
                    pattern
                }
            })
            .collect()
    }

    /// Lists as people write them, now and then with an empty one.
    fn lists(&mut self, calls: bool) -> Value {
        let mut lists = json!({});
        for (verb, queues) in [("pub", false), ("sub", true)] {
            let mut of_verb = json!({});
            for effect in ["allow", "deny"] {
                let list = self.list(calls, queues);
                if !list.is_empty() || self.dice.one_in(6) {
                    of_verb[effect] = json!(list);
                }
            }
            lists[verb] = of_verb;
        }
        lists
    }

    fn user(&mut self) -> Drawn {
        let (account_key, user_key) = (self.key(KeyKind::Account), self.key(KeyKind::User));
        let (friend_key, role_key) = (self.key(KeyKind::User), self.key(KeyKind::Account));
        let account_id: AccountId = account_key.public_key().try_into().unwrap();
        let user_id: UserId = user_key.public_key().try_into().unwrap();
        let kind = self.dice.pick(&["plain", "default", "scoped"]);
        let mut account = to_json(&fresh::account(&"ACC".into(), account_id));
        let mut user = to_json(&fresh::user(
            &self.dice.pick(&["worker", "x1"]).into(),
            user_id,
            None,
        ));
        account["nats"]["tags"] = json!(["env:eu"]);
        match kind {
            "plain" => merge(&mut user["nats"], self.lists(false)),
            "default" => account["nats"]["default_permissions"] = self.lists(false),
            _ => {
                let mut template = self.lists(true);
                merge(
                    &mut template,
                    json!({"subs": -1, "data": -1, "payload": -1}),
                );
                account["nats"]["signing_keys"] = json!([{
                    "kind": "user_scope", "key": role_key.public_key().to_string(),
                    "role": "worker", "template": template, "description": "",
                }]);
                let body = user["nats"].as_object_mut().unwrap();
                body.retain(|field, _| ["pub", "sub", "type", "version"].contains(&field.as_str()));
                body.insert("issuer_account".to_owned(), json!(account_id.to_string()));
            }
        }
        user["nats"]["tags"] = json!(["team:ship", "site:eu", "site:us"]);
        let friend_id: UserId = friend_key.public_key().try_into().unwrap();
        let mut friend = to_json(&fresh::user(&"friend".into(), friend_id, None));
        friend["nats"]["pub"] = json!({"allow": [">"]});
        let by = if kind == "scoped" {
            &role_key
        } else {
            &account_key
        };
        Drawn {
            kind,
            account: issued(&account, &self.operator),
            user: issued(&user, by),
            friend: issued(&friend, &account_key),
            account_key,
            user_key,
            friend_key,
        }
    }

    /// What to try: subjects that the lists speak of are likely, since all are of the same few words.
    fn checks(&mut self) -> Vec<(&'static str, String, Option<&'static str>)> {
        let publish = (0..10)
            .map(|_| ("pub", self.literal(), None))
            .collect::<Vec<_>>();
        let subscribe = (0..8).map(|_| {
            let queue = self.dice.one_in(2).then(|| self.dice.pick(&QUEUES));
            ("sub", self.pattern(false), queue)
        });
        let mut checks: Vec<_> = publish.into_iter().chain(subscribe).collect();
        let mut seen = BTreeSet::new();
        checks.retain(|check| seen.insert(check.clone()));
        checks
    }

    /// Subscriptions, each with subjects in it that somebody publishes.
    fn receives(&mut self) -> Vec<(String, Option<&'static str>, Vec<String>)> {
        (0..5)
            .map(|_| {
                let pattern = self.pattern(false);
                let queue = self.dice.one_in(3).then(|| self.dice.pick(&QUEUES));
                let inside = (0..3).map(|_| self.inside(&pattern)).collect();
                (pattern, queue, inside)
            })
            .collect()
    }

    fn inside(&mut self, pattern: &str) -> String {
        let tokens: Vec<&str> = pattern
            .split('.')
            .map(|token| match token {
                "*" | ">" => self.dice.pick(&WORDS),
                word => word,
            })
            .collect();
        tokens.join(".")
    }
}

fn to_json(tree: &Node) -> Value {
    serde_json::from_str(&tree.to_go_json()).unwrap()
}

fn merge(into: &mut Value, fields: Value) {
    let Value::Object(fields) = fields else {
        panic!("{fields} is no object");
    };
    into.as_object_mut().unwrap().extend(fields);
}

fn issued(tree: &Value, by: &ByteKey) -> Token {
    let tree = Node::parse(tree.to_string().as_bytes()).unwrap();
    Token::issue(&tree, by, UnixTime(1_795_000_000)).unwrap()
}

/// A client that says every word itself, so that it sees every word of the server.
struct Talk {
    reader: BufReader<TcpStream>,
}

impl Talk {
    /// Logs in; `Err` is what the server said instead.
    fn login(address: &str, token: &Token, key: &ByteKey) -> Result<Self, String> {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        let mut talk = Self {
            reader: BufReader::new(stream),
        };
        let info = talk.line();
        let info: Value = serde_json::from_str(info.strip_prefix("INFO ").unwrap()).unwrap();
        let signature = key
            .sign(info["nonce"].as_str().unwrap().as_bytes())
            .unwrap();
        let connect = json!({
            "jwt": token.text().to_string(), "sig": BASE64URL_NOPAD.encode(&signature),
            "verbose": false, "pedantic": false, "lang": "test", "version": "1", "protocol": 1,
        });
        talk.send(&format!("CONNECT {connect}\r\n"));
        let said = talk.until_pong();
        match said.into_iter().find(|line| line.starts_with("-ERR")) {
            Some(error) => Err(error),
            None => Ok(talk),
        }
    }

    fn send(&mut self, words: &str) {
        self.reader.get_mut().write_all(words.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).unwrap_or_default();
        if read == 0 {
            return "-ERR 'closed'".to_owned();
        }
        line.trim_end().to_owned()
    }

    /// Everything that the server says before it answers a ping.
    fn until_pong(&mut self) -> Vec<String> {
        self.send("PING\r\n");
        let mut said = Vec::new();
        loop {
            let line = self.line();
            match line.as_str() {
                "PONG" => return said,
                "PING" => self.send("PONG\r\n"),
                _ => {
                    let is_end =
                        line.starts_with("-ERR") && !line.contains("Permissions Violation");
                    said.push(line);
                    if is_end {
                        return said;
                    }
                }
            }
        }
    }

    fn is_refused(&mut self, words: &str) -> bool {
        self.send(words);
        self.until_pong()
            .iter()
            .any(|line| line.starts_with("-ERR"))
    }
}

/// Puts one user before the server, and writes down what it did as the recorded cases are written.
fn judged(id: usize, drawn: &Drawn, draw: &mut Draw, address: &str) -> Value {
    let mut case = json!({
        "id": format!("fresh-{id}"), "kind": drawn.kind,
        "account_jwt": drawn.account.text().to_string(), "user_jwt": drawn.user.text().to_string(),
    });
    let checks = draw.checks();
    let receives = draw.receives();
    let mut user = match Talk::login(address, &drawn.user, &drawn.user_key) {
        Ok(user) => user,
        Err(said) => {
            assert!(said.contains("Authorization Violation"), "{said}");
            case["login"] = json!(said);
            return case;
        }
    };
    let answered = checks.iter().zip(1..).map(|((verb, subject, queue), sid)| {
        let words = match *verb {
            "pub" => format!("PUB {subject} 0\r\n\r\n"),
            _ => format!("SUB {subject} {} {sid}\r\n", queue.unwrap_or_default()),
        };
        let allowed = !user.is_refused(&words);
        if *verb == "sub" && allowed {
            user.send(&format!("UNSUB {sid}\r\n"));
        }
        json!({"verb": verb, "subject": subject, "queue": queue, "allowed": allowed})
    });
    case["checks"] = answered.collect();
    // A connection of its own: what an earlier subscription makes the server look for is part of the question.
    let mut user = Talk::login(address, &drawn.user, &drawn.user_key).unwrap();
    let mut friend = Talk::login(address, &drawn.friend, &drawn.friend_key).unwrap();
    let mut heard = Vec::new();
    for ((pattern, queue, inside), sid) in receives.iter().zip(1..) {
        let refused = user.is_refused(&format!(
            "SUB {pattern} {} {sid}\r\n",
            queue.unwrap_or_default()
        ));
        for subject in inside {
            assert!(!friend.is_refused(&format!("PUB {subject} 0\r\n\r\n")));
            let said = user.until_pong();
            let received = said.iter().any(|line| line.starts_with("MSG "));
            assert!(!(refused && received));
            heard.push(json!({
                "subscribed": pattern, "queue": queue, "published": subject, "received": received,
            }));
        }
        user.send(&format!("UNSUB {sid}\r\n"));
    }
    case["receives"] = json!(heard);
    case
}

/// A server that knows these accounts and no other.
fn server(program: &Path, operator: &ByteKey, accounts: &[Drawn]) -> LoneServer {
    let tree = fresh::operator(&"OP".into(), operator.public_key().try_into().unwrap());
    let token = Token::issue(&tree, operator, UnixTime(1_795_000_000)).unwrap();
    let preload = accounts.iter().map(|drawn| {
        format!(
            "{}: {}\n",
            drawn.account_key.public_key(),
            drawn.account.text()
        )
    });
    let configuration = format!(
        "operator: {}\nresolver: MEMORY\nresolver_preload: {{\n{}}}\n",
        token.text(),
        preload.collect::<String>()
    );
    LoneServer::start(program, &configuration)
}

#[test]
fn a_real_server_does_with_random_users_what_we_say() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let program = tools.path(Tool::NatsServer);
    let release = version_of(program).unwrap().to_string();
    let release = Release::of(&release.as_str().into()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("NATS_OAM_SEED").unwrap_or(now.as_secs());
    let count = number("NATS_OAM_CASES").map_or(CASES, |count| usize::try_from(count).unwrap());
    tell(&format!(
        "fresh: {count} users before {release}, NATS_OAM_SEED={seed}"
    ));
    let mut draw = Draw {
        dice: Dice(seed),
        operator: ByteKey::new(KeyKind::Operator, 1),
    };
    let drawn: Vec<Drawn> = (0..count).map(|_| draw.user()).collect();
    let server = server(program, &draw.operator, &drawn);

    let (mut points, mut refused) = (0, 0);
    for (id, drawn) in drawn.iter().enumerate() {
        let judged = judged(id, drawn, &mut draw, &server.address);
        let case: Case = serde_json::from_value(judged.clone()).unwrap();
        let agreed = std::panic::catch_unwind(|| case.agreed(release));
        points += agreed.unwrap_or_else(|_| panic!("NATS_OAM_SEED={seed}: {judged}"));
        refused += usize::from(judged.get("login").is_some());
    }

    assert!(refused < count, "nobody was let in");
    tell(&format!(
        "fresh: {count} users and {points} points of {release} agree, {refused} users refused"
    ));
}
