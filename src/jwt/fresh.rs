//! New operators, accounts and users as trees, with what nsc puts into each at the beginning, in the order in which Go
//! writes it. [`super::token::Token::issue`] signs them.

use super::json::Node;
use super::keys::{AccountId, OperatorId, PublicKey, UserId};
use crate::text::Text;

const UNLIMITED: i64 = -1;

/// An operator without signing keys.
pub fn operator(name: &Text, id: OperatorId) -> Node {
    entity(name, id.key(), "operator", vec![])
}

/// An account with everything unlimited but JetStream, which it does not have.
pub fn account(name: &Text, id: AccountId) -> Node {
    let counts = ["subs", "data", "payload", "imports", "exports"]
        .map(|limit| (limit, Node::from(UNLIMITED)));
    let connections = ["conn", "leaf"].map(|limit| (limit, Node::from(UNLIMITED)));
    let limits = counts
        .into_iter()
        .chain([("wildcards", Node::from(true))])
        .chain(connections);
    let body = vec![
        (
            "limits",
            Node::Object(
                limits
                    .map(|(limit, node)| (limit.to_owned(), node))
                    .collect(),
            ),
        ),
        ("default_permissions", no_permissions()),
        ("authorization", Node::EMPTY_OBJECT),
    ];
    entity(name, id.key(), "account", body)
}

/// A user without restrictions. `issuer_account` is for one that a signing key will sign.
pub fn user(name: &Text, id: UserId, issuer_account: Option<AccountId>) -> Node {
    let mut body = vec![("pub", Node::EMPTY_OBJECT), ("sub", Node::EMPTY_OBJECT)];
    body.extend(["subs", "data", "payload"].map(|limit| (limit, Node::from(UNLIMITED))));
    body.extend(issuer_account.map(|account| ("issuer_account", Node::from(account.to_string()))));
    entity(name, id.key(), "user", body)
}

/// A user of a role: no permission and no limit may stand in it.
pub fn role_user(name: &Text, id: UserId, account: AccountId) -> Node {
    let issuer_account = ("issuer_account", Node::from(account.to_string()));
    entity(
        name,
        id.key(),
        "user",
        vec![
            ("pub", Node::EMPTY_OBJECT),
            ("sub", Node::EMPTY_OBJECT),
            issuer_account,
        ],
    )
}

/// A scoped signing key with an empty template that limits nothing.
pub fn role(key: PublicKey, name: &Text, template: Node) -> Node {
    Node::object([
        ("kind", Node::from("user_scope")),
        ("key", Node::from(key.to_string())),
        ("role", Node::from(name.raw())),
        ("template", template),
        ("description", Node::from("")),
    ])
}

fn no_permissions() -> Node {
    Node::object([("pub", Node::EMPTY_OBJECT), ("sub", Node::EMPTY_OBJECT)])
}

fn entity(name: &Text, subject: PublicKey, kind: &str, mut body: Vec<(&str, Node)>) -> Node {
    body.extend([("type", Node::from(kind)), ("version", Node::from(2))]);
    Node::object([
        ("name", Node::from(name.raw())),
        ("sub", Node::from(subject.to_string())),
        (
            "nats",
            Node::Object(
                body.into_iter()
                    .map(|(key, node)| (key.to_owned(), node))
                    .collect(),
            ),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::keys::KeyKind;
    use crate::jwt::signer::Signer;
    use crate::jwt::user::User;
    use crate::test_support::{ByteSigner, account_signer, operator_signer, token_of};

    #[test]
    fn a_new_account_is_what_nsc_writes() {
        let token = token_of(
            &account(
                &"A".into(),
                account_signer().public_key().try_into().unwrap(),
            ),
            &operator_signer(),
        );

        assert_eq!(
            token.body().to_go_json(),
            r#"{"limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,"conn":-1,"leaf":-1},"default_permissions":{"pub":{},"sub":{}},"authorization":{},"type":"account","version":2}"#
        );
    }

    #[test]
    fn a_roles_user_is_bare_and_a_plain_one_is_not() {
        let id = ByteSigner::new(KeyKind::User, 3)
            .public_key()
            .try_into()
            .unwrap();
        let account: AccountId = account_signer().public_key().try_into().unwrap();

        let scoped = token_of(
            &role_user(&"u".into(), id, account),
            &ByteSigner::new(KeyKind::Account, 4),
        );
        let plain = token_of(&user(&"u".into(), id, None), &account_signer());

        assert!(User::is_bare(&scoped));
        assert!(!User::is_bare(&plain));
        assert_eq!(User::of(&scoped).unwrap().account, account);
        assert_eq!(User::of(&plain).unwrap().account, account);
    }
}
