//! Tokens of ours, new and edited, held against Go: it verifies them, has no complaint, and would write the same bytes.

use std::collections::BTreeMap;

use nats_oam::jwt::account::Account;
use nats_oam::jwt::edit::{self, Edit, Value as Edited};
use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{KeyKind, UserId};
use nats_oam::jwt::revocations::EVERYBODY;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use serde_json::{Value, json};

use super::{ByteKey, payload_of, to_decode, value_of};
use crate::support::chance::Dice;
use crate::support::skip::needs;
use crate::support::tools::{Tool, Tools};

/// Later than every `iat` of these tests, and still a time in the past.
const NOW: i64 = 1_760_000_000;

fn user_key(byte: u8) -> UserId {
    ByteKey::new(KeyKind::User, byte)
        .public_key()
        .try_into()
        .unwrap()
}

fn operator() -> ByteKey {
    ByteKey::new(KeyKind::Operator, 1)
}

fn account() -> ByteKey {
    ByteKey::new(KeyKind::Account, 2)
}

fn issue(tree: &Node, by: &ByteKey) -> Token {
    Token::issue(tree, by, UnixTime(NOW)).unwrap()
}

/// Go's answer for each token; it took all of them, without an issue, and would write the same payload.
#[track_caller]
fn admired(tools: &Tools, tokens: &[Token]) -> Vec<Value> {
    let requests: Vec<_> = tokens.iter().map(|token| to_decode(token.text())).collect();
    let answers = tools.ask_oracle(&requests);
    for (token, answer) in tokens.iter().zip(&answers) {
        assert_eq!(token.verify(), Ok(()));
        assert_eq!(answer["issues"], json!([]), "{answer}");
        assert_eq!(answer["payload"], payload_of(token.text()));
    }
    answers
}

fn new_account() -> Node {
    fresh::account(
        &"A & <B> \u{2028}".into(),
        account().public_key().try_into().unwrap(),
    )
}

#[test]
fn new_operators_accounts_and_users_are_what_go_would_write() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let (id, name) = (user_key(3), "worker".into());
    let of = account().public_key().try_into().unwrap();
    let signing = ByteKey::new(KeyKind::Account, 4);
    let role = fresh::role(signing.public_key(), &"writer".into(), fresh_template());
    let with_role = edit::with(
        new_account(),
        nats_oam::jwt::envelope::TokenKind::Account,
        ["nats", "signing_keys"],
        Node::Array(vec![role]),
    );
    let tokens = [
        issue(
            &fresh::operator(&name, operator().public_key().try_into().unwrap()),
            &operator(),
        ),
        issue(&new_account(), &operator()),
        issue(&with_role, &operator()),
        issue(&fresh::user(&name, id, None), &account()),
        issue(&fresh::user(&name, id, Some(of)), &signing),
        issue(&fresh::role_user(&name, id, of), &signing),
    ];

    let kinds: Vec<_> = admired(&tools, &tokens)
        .iter()
        .map(|answer| answer["kind"].clone())
        .collect();

    assert_eq!(
        kinds,
        ["operator", "account", "account", "user", "user", "user"]
    );
}

fn fresh_template() -> Node {
    let unlimited = ["subs", "data", "payload"].map(|limit| (limit.to_owned(), Node::from(-1)));
    let mut template = vec![
        (
            "pub".to_owned(),
            Node::object([("allow", Node::strings(["orders.>"]))]),
        ),
        ("sub".to_owned(), Node::EMPTY_OBJECT),
    ];
    template.extend(unlimited);
    Node::Object(template)
}

/// Every account of Go's library, and a new one of ours.
fn accounts(tools: &Tools) -> Vec<Token> {
    let of_go = tools.oracle_tokens().into_iter().filter_map(|(_, text)| {
        let token = Token::decode(&text).unwrap();
        Account::of(&token).is_ok().then_some(token)
    });
    of_go.chain([issue(&new_account(), &operator())]).collect()
}

#[test]
fn revocations_that_we_add_and_lift_are_the_ones_that_go_reads() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let mut dice = Dice(7);
    let mut tokens = Vec::new();
    let mut expected = Vec::new();
    for mut token in accounts(&tools) {
        let mut held: BTreeMap<String, i64> = revocations_of(&value_of(token.as_read()));
        for step in 0..24 {
            let edit = random_edit(&mut dice, NOW + step, &mut held);
            let tree = edit::apply(&token, &[edit], UnixTime(NOW + step));
            token = issue(&tree, &operator());
            tokens.push(token.clone());
            expected.push(held.clone());
        }
    }

    let answers: Vec<Value> = tools.ask_oracle(
        &tokens
            .iter()
            .map(|token| to_decode(token.text()))
            .collect::<Vec<_>>(),
    );

    assert!(answers.len() > 100);
    for ((token, expected), answer) in tokens.iter().zip(expected).zip(answers) {
        assert_eq!(answer["payload"], payload_of(token.text()), "{answer}");
        assert_eq!(revocations_of(&answer["claims"]), expected);
        let list = Account::of(token).unwrap().revocations;
        assert_eq!(list.len(), expected.len());
        assert_eq!(
            list.everybody().map(|time| time.0),
            expected.get(EVERYBODY).copied()
        );
    }
}

fn revocations_of(claims: &Value) -> BTreeMap<String, i64> {
    serde_json::from_value(claims["nats"]["revocations"].clone()).unwrap_or_default()
}

/// Revokes somebody, or lifts a revocation that may not be there; `held` is what must stand afterwards.
fn random_edit(dice: &mut Dice, now: i64, held: &mut BTreeMap<String, i64>) -> Edit {
    let who = match dice.below(6) {
        0 => EVERYBODY.to_owned(),
        byte => user_key(u8::try_from(byte).unwrap()).to_string(),
    };
    let path = ["nats", "revocations", &who];
    if dice.one_in(2) {
        let edit = Edit::remove(path);
        held.remove(&who);
        return edit;
    }
    let least = now + i64::try_from(dice.below(3)).unwrap() - 1;
    let edit = Edit::set(
        path,
        Edited::ServerTime {
            at_least: Some(UnixTime(least)),
        },
    );
    held.insert(who, least.max(now));
    edit
}

#[test]
fn who_is_revoked_is_who_go_says_also_in_the_very_second() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let mut dice = Dice(11);
    let near = |dice: &mut Dice| NOW + i64::try_from(dice.below(3)).unwrap() - 1;
    let cases: Vec<_> = (0..1000)
        .map(|_| {
            let mut list = BTreeMap::new();
            for who in [
                EVERYBODY.to_owned(),
                user_key(3).to_string(),
                user_key(4).to_string(),
            ] {
                if dice.one_in(2) {
                    list.insert(who, near(&mut dice));
                }
            }
            let iat = if dice.one_in(10) { 0 } else { near(&mut dice) };
            (list, user_key(3), iat)
        })
        .collect();
    let requests: Vec<_> = cases
        .iter()
        .map(|(list, user, iat)| json!({"op": "revoked", "revocations": list, "key": user, "iat": iat}))
        .collect();

    let answers = tools.ask_oracle(&requests);

    let mut dead = 0;
    for ((list, user, iat), answer) in cases.iter().zip(answers) {
        let edits: Vec<_> = list
            .iter()
            .map(|(who, time)| {
                Edit::set(
                    ["nats", "revocations", who.as_str()],
                    Edited::Given(Node::from(*time)),
                )
            })
            .collect();
        let base = issue(&new_account(), &operator());
        let token = issue(&edit::apply(&base, &edits, UnixTime(NOW)), &operator());
        let issued_at = Some(UnixTime(*iat)).filter(|time| time.0 != 0);

        let ours = Account::of(&token)
            .unwrap()
            .revocations
            .revoked_at(*user, issued_at);

        dead += u32::from(ours.is_some());
        assert_eq!(
            ours.is_some(),
            answer["revoked"],
            "{list:?} and a token of {iat}"
        );
    }
    assert!((200..800).contains(&dead), "{dead} of 1000 are revoked");
}
