//! Acts that were begun and have no result: a crash left them, or another process is at them now. Tells what is true of each
//! on the servers; it repairs nothing, since running the act again does.

use std::collections::BTreeSet;

use futures::future::join;
use serde::Serialize;
use serde_json::Value;

use crate::explain::{Code, Explain, Explanation};
use crate::jwt::json::Node;
use crate::jwt::keys::AccountId;
use crate::jwt::token::Token;
use crate::ledger::LedgerError;
use crate::ledger::audit::{Change, Record, Target};
use crate::sys::{Copies, Enforced, Gathered, Sys};
use crate::text::Text;

use super::plan::SERVER_TIME;
use super::ports::Ports;

/// An act that has no result.
#[derive(Clone, Debug)]
pub struct Unfinished {
    pub intent: Record,
    /// The changes of accounts that it was to make, and where each stands. Users' tokens are on no server.
    pub edits: Vec<EditNow>,
}

impl Explain for Unfinished {
    fn explain(&self) -> Explanation {
        let so = if self.edits.is_empty() {
            "it was cut off, or runs now; it edits no account, so no server can tell how far it came".to_owned()
        } else {
            let edits: Vec<String> = self.edits.iter().map(|edit| self.stands(edit)).collect();
            format!("it was cut off, or runs now: {}", edits.join("; "))
        };
        Explanation::new(Code::OpenIntent, begun(&self.intent), so)
            .then_run(
                "look at what was meant",
                format!("nats-oam audit info {}", self.intent.id),
            )
            .then("if nothing runs, do the act again: what stands already is left as it is")
    }
}

impl Unfinished {
    /// Where a change stands, server by server.
    fn stands(&self, edit: &EditNow) -> String {
        let on = |wanted: Stands| {
            let there = edit.servers.iter().filter(|server| server.stands == wanted);
            let names: Vec<String> = there.map(|server| server.name.to_string()).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        let told = [
            (Stands::Yes, "in force on"),
            (Stands::No, "not in force on"),
            (Stands::Unknown, "unknown on"),
        ];
        let told = told
            .into_iter()
            .filter_map(|(stands, words)| Some(format!("{words} {}", on(stands)?)));
        let told: Vec<String> = told.collect();
        let what = if told.is_empty() {
            "not known, since no server was asked".to_owned()
        } else {
            told.join(", ")
        };
        let account = self.intent.target.iter().find_map(|target| {
            let named = target.account.as_ref().map(|account| &account.name);
            (account_of(target) == Some(edit.account))
                .then(|| named.or(target.name.as_ref()).cloned())?
        });
        let account = account.unwrap_or_else(|| edit.account.to_string().into());
        format!("{} of {account} is {what}", Text::from(edit.path.as_str()))
    }
}

/// What an intent without a result comes to, in a line.
pub fn begun(intent: &Record) -> String {
    let name = |target: &Target| target.name.as_ref().unwrap_or(&target.key).to_string();
    let of: Vec<String> = intent.target.iter().map(name).collect();
    let (id, action) = (intent.id, &intent.action);
    format!(
        "{id}: {action} of {} was begun and has no result",
        of.join(", ")
    )
}

/// A change that was planned, as the servers have it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditNow {
    pub account: AccountId,
    /// JSON Pointer into the account's token.
    pub path: String,
    pub servers: Vec<EditOnServer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EditOnServer {
    pub name: Text,
    pub stands: Stands,
}

/// Whether a change is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    Yes,
    No,
    /// The server was not asked, did not answer, or shows no token.
    Unknown,
}

/// Every act without a result, the oldest first. Only a record that cannot be read is an error: a silent server is unknown.
pub async fn unfinished(ports: &Ports) -> Result<Vec<Unfinished>, LedgerError> {
    let mut all = Vec::new();
    let open = ports.record.on_disk(|ledger| ledger.open_intents());
    for intent in open.await? {
        let mut edits = Vec::new();
        for (account, edit) in planned_edits(&intent) {
            let servers = match ports.sys.as_deref() {
                Some(sys) => on_servers(sys, account, &edit).await,
                None => Vec::new(),
            };
            edits.push(EditNow {
                account,
                path: edit.path,
                servers,
            });
        }
        all.push(Unfinished { intent, edits });
    }
    Ok(all)
}

/// One line of an intent's diff.
#[derive(Clone, Debug, PartialEq)]
struct PlannedEdit {
    path: String,
    is_removal: bool,
    before: Value,
    after: Value,
}

impl PlannedEdit {
    fn of(line: &Value) -> Option<Self> {
        let value = |field: &str| line.get(field).cloned().unwrap_or_default();
        Some(Self {
            path: line.get("path")?.as_str()?.to_owned(),
            is_removal: line.get("op")?.as_str()? == "remove",
            before: value("before"),
            after: value("after"),
        })
    }

    /// Whether a token has the change. A time that the servers were to give is there if it is later than the one before.
    fn stands_in(&self, token: &Token) -> Stands {
        let keys: Vec<String> = self.path.split('/').skip(1).map(unescaped).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let now = token.as_read().at(&keys);
        let is_there = if self.is_removal {
            now.is_none()
        } else if self.after.as_str() == Some(SERVER_TIME) {
            now.and_then(Node::as_i64) > self.before.as_i64()
        } else {
            now.is_some_and(|node| {
                serde_json::from_str(&node.to_go_json()).ok() == Some(self.after.clone())
            })
        };
        if is_there { Stands::Yes } else { Stands::No }
    }
}

/// A key of a JSON Pointer (RFC 6901).
fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// The edits of an intent with their accounts: that of the target whose key an edit names, else every account of the act.
fn planned_edits(intent: &Record) -> Vec<(AccountId, PlannedEdit)> {
    let lines = intent
        .change
        .iter()
        .flat_map(|change: &Change| &change.diff);
    let edits = lines.filter_map(|line| PlannedEdit::of(line.as_value()));
    let accounts_of = |edit: &PlannedEdit| {
        let names = |target: &&Target| edit.path.ends_with(&format!("/{}", target.key));
        let named: BTreeSet<AccountId> = intent
            .target
            .iter()
            .filter(names)
            .filter_map(account_of)
            .collect();
        if named.is_empty() {
            intent.target.iter().filter_map(account_of).collect()
        } else {
            named
        }
    };
    edits
        .flat_map(|edit| {
            let accounts = accounts_of(&edit);
            accounts
                .into_iter()
                .map(move |account| (account, edit.clone()))
        })
        .collect()
}

fn account_of(target: &Target) -> Option<AccountId> {
    let key = target
        .account
        .as_ref()
        .map_or(&target.key, |account| &account.key);
    key.to_string().parse().ok()
}

/// Where an edit stands, for every server that is expected to answer.
async fn on_servers(sys: &dyn Sys, account: AccountId, edit: &PlannedEdit) -> Vec<EditOnServer> {
    let (enforced, kept) = join(sys.account(account), sys.lookup(account)).await;
    let (enforced, kept) = (enforced.ok(), kept.ok());
    let census = sys.census().borrow().clone();
    let server = |name: &Text| EditOnServer {
        name: name.clone(),
        stands: token_on(name, enforced.as_ref(), kept.as_ref())
            .map_or(Stands::Unknown, |token| edit.stands_in(token)),
    };
    census.ours().map(|row| server(&row.name)).collect()
}

/// What a server enforces, or will when it loads the account: resolvers answer without a name, so only if all keep the same.
fn token_on<'a>(
    name: &Text,
    enforced: Option<&'a Gathered<Enforced>>,
    kept: Option<&'a Copies>,
) -> Option<&'a Token> {
    let (_, here) = enforced?
        .answers()
        .find(|(server, _)| server.name == *name)?;
    match here {
        Enforced::Loaded(loaded) => loaded.token.as_ref(),
        Enforced::NotLoaded => match kept? {
            Copies {
                tokens,
                without: 0,
                unreadable: 0,
            } => match tokens.as_slice() {
                [(token, _)] => Some(token),
                _ => None,
            },
            Copies { .. } => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::edit::with;
    use crate::jwt::envelope::TokenKind;
    use crate::jwt::fresh;
    use crate::jwt::keys::KeyKind;
    use crate::jwt::signer::Signer as _;
    use crate::jwt::time::UnixTime;
    use crate::store::keyring::NewKey;
    use serde_json::json;

    /// An account token with one revocation, of `UX` at second 100.
    fn token() -> Token {
        let key = NewKey::random(KeyKind::Account).unwrap();
        let tree = fresh::account(&"A".into(), key.public_key().try_into().unwrap());
        let path = ["nats", "revocations", "UX"];
        let tree = with(tree, TokenKind::Account, path, Node::from(100));
        Token::issue(&tree, &key, UnixTime(200)).unwrap()
    }

    fn stands(line: &Value) -> Stands {
        PlannedEdit::of(line).unwrap().stands_in(&token())
    }

    #[test]
    fn a_revocation_stands_where_its_time_is_later_than_the_one_before() {
        let line = |before: Value| json!({"path": "/nats/revocations/UX", "op": "add", "before": before, "after": SERVER_TIME});

        assert_eq!(stands(&line(Value::Null)), Stands::Yes);
        assert_eq!(stands(&line(json!(99))), Stands::Yes);
        assert_eq!(stands(&line(json!(100))), Stands::No);
    }

    #[test]
    fn a_removal_stands_where_nothing_is_left_and_a_given_value_where_it_is_there() {
        let line = |path: &str, op: &str, after: Value| json!({"path": path, "op": op, "before": null, "after": after});

        assert_eq!(
            stands(&line("/nats/revocations/UX", "remove", Value::Null)),
            Stands::No
        );
        assert_eq!(
            stands(&line("/nats/revocations/UY", "remove", Value::Null)),
            Stands::Yes
        );
        assert_eq!(stands(&line("/name", "replace", json!("A"))), Stands::Yes);
        assert_eq!(stands(&line("/name", "replace", json!("B"))), Stands::No);
        assert_eq!(
            stands(&line("/nats/revocations/U~1Z", "add", json!(1))),
            Stands::No
        );
    }
}
