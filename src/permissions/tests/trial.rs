//! A user of an account, written as the JSON of their tokens, and what its permissions become.

use crate::jwt::account::Account;
use crate::jwt::json::Node;
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::release::Release;
use crate::jwt::signer::Signer;
use crate::jwt::token::Token;
use crate::permissions::{EffectivePermissions, Origin, Refusal, Verb};
use crate::test_support::{ByteSigner, account_signer, operator_signer, token_of};

/// The defaults are a plain user called bob who has all limits, in an account called acme.
pub(crate) struct Trial<'a> {
    /// The user is of a role with this template.
    pub(crate) template: Option<&'a str>,
    /// The body of the user's token.
    pub(crate) body: &'a str,
    pub(crate) name: &'a str,
    pub(crate) tags: &'a [&'a str],
    /// The body of the account's token.
    pub(crate) account: &'a str,
    pub(crate) account_tags: &'a [&'a str],
    pub(crate) release: Release,
}

impl Default for Trial<'_> {
    fn default() -> Self {
        Self {
            template: None,
            body: "{}",
            name: "bob",
            tags: &[],
            account: r#"{"limits":{"subs":-1,"payload":-1}}"#,
            account_tags: &[],
            release: Release::default(),
        }
    }
}

impl Trial<'_> {
    pub(crate) fn compose(&self) -> Result<EffectivePermissions, Refusal> {
        let account = Account::of(&self.account_token()).unwrap();
        EffectivePermissions::of(&account, &self.user_token(), self.release)
    }

    pub(crate) fn account_token(&self) -> Token {
        let mut body = fields(self.account);
        if let Some(template) = self.template {
            let scope = Node::object([
                ("kind", Node::from("user_scope")),
                ("key", Node::from(role_key().to_string())),
                ("role", Node::from("worker")),
                ("template", Node::parse(template.as_bytes()).unwrap()),
            ]);
            body.push(("signing_keys".to_owned(), Node::Array(vec![scope])));
        }
        let tree = tree(
            "acme",
            account_signer().public_key(),
            "account",
            body,
            self.account_tags,
        );
        token_of(&tree, &operator_signer())
    }

    pub(crate) fn user_token(&self) -> Token {
        let mut body = fields(self.body);
        let account = account_signer().public_key().to_string();
        body.push(("issuer_account".to_owned(), Node::from(account)));
        let tree = tree(self.name, user_key(), "user", body, self.tags);
        let signer = if self.template.is_some() {
            role_signer()
        } else {
            account_signer()
        };
        token_of(&tree, &signer)
    }

    /// The rules for a verb, as `allow orders.> q1, user`.
    pub(crate) fn rules(&self, verb: Verb) -> Vec<String> {
        shown(&self.compose().unwrap(), verb)
    }

    pub(crate) fn publish(&self) -> Vec<String> {
        self.rules(Verb::Publish)
    }

    pub(crate) fn subscribe(&self) -> Vec<String> {
        self.rules(Verb::Subscribe)
    }

    pub(crate) fn refusal(&self) -> String {
        self.compose().unwrap_err().to_string()
    }
}

fn shown(effective: &EffectivePermissions, verb: Verb) -> Vec<String> {
    effective
        .rules_of(verb)
        .map(|rule| {
            let queue = rule.queue.iter().map(|queue| format!(" {queue}"));
            let effect = format!("{:?}", rule.effect).to_lowercase();
            let from: Origin = rule.from;
            format!(
                "{effect} {}{}, {}",
                rule.pattern,
                queue.collect::<String>(),
                from.word()
            )
        })
        .collect()
}

fn role_signer() -> ByteSigner {
    ByteSigner::new(KeyKind::Account, 9)
}

pub(crate) fn role_key() -> PublicKey {
    role_signer().public_key()
}

pub(crate) fn user_key() -> PublicKey {
    ByteSigner::new(KeyKind::User, 3).public_key()
}

fn fields(json: &str) -> Vec<(String, Node)> {
    match Node::parse(json.as_bytes()).unwrap() {
        Node::Object(pairs) => pairs,
        other => panic!("not an object: {other:?}"),
    }
}

fn tree(
    name: &str,
    subject: PublicKey,
    kind: &str,
    mut body: Vec<(String, Node)>,
    tags: &[&str],
) -> Node {
    body.push(("tags".to_owned(), Node::strings(tags.iter().copied())));
    body.push(("type".to_owned(), Node::from(kind)));
    body.push(("version".to_owned(), Node::from(2)));
    Node::object([
        ("name", Node::from(name)),
        ("sub", Node::from(subject.to_string())),
        ("nats", Node::Object(body)),
    ])
}
