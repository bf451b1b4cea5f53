//! What ends first, and with what.

use std::sync::Arc;

use super::*;
use crate::inventory::account::{AccountRow, OperatorRow};
use crate::inventory::picture::Picture;
use crate::inventory::terms::Terms;
use crate::inventory::user::{UserEntry, UsersBuilder};
use crate::jwt::json::Node;
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::operator::Operator;
use crate::jwt::signer::Signer as _;
use crate::jwt::token::Token;
use crate::test_support::{ByteSigner, account, account_signer, operator_signer};

const NOW: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60;

fn id() -> AccountId {
    account_signer().public_key().try_into().unwrap()
}

fn user(byte: u8) -> UserId {
    UserId::from_bytes([byte; 32])
}

fn with_end(mut tree: Node, at: Option<i64>) -> Node {
    if let (Some(at), Node::Object(pairs)) = (at, &mut tree) {
        pairs.insert(0, ("exp".to_owned(), Node::from(at)));
    }
    tree
}

fn account_row<const N: usize>(ends: Option<i64>, fields: [(&str, Node); N]) -> Arc<AccountRow> {
    let mut tree = with_end(account("ORDERS", fields), ends);
    if let Node::Object(pairs) = &mut tree
        && let Some((_, Node::Object(body))) = pairs.last_mut()
    {
        let open = Node::object([("conn", Node::from(-1))]);
        body.insert(0, ("limits".to_owned(), open));
    }
    let token = Token::issue(&tree, &operator_signer(), UnixTime(100)).unwrap();
    Arc::new(AccountRow {
        account: Account::of(&token).unwrap(),
        revision: token.revision(),
        token_bytes: token.text().len(),
        directory: "ORDERS".into(),
    })
}

/// A store with one account and users with these ends.
fn told(account: Arc<AccountRow>, users: &[(u8, Option<i64>)]) -> Told {
    let mut builder = UsersBuilder::default();
    for (byte, ends) in users {
        let entry = UserEntry {
            key: user(*byte),
            name: format!("user-{byte}").into(),
            account: id(),
            issuer: id().key(),
            issued_at: Some(UnixTime(600)),
            expires_at: ends.map(UnixTime),
            terms: Terms::<String>::default(),
        };
        builder.push(&"ORDERS".into(), &entry, vec![]);
    }
    Told {
        now: UnixTime(NOW),
        stored: Some([(id(), account)].into()),
        users: vec![Arc::new(builder.seal())],
        system_account: Some(id()),
        ..Told::default()
    }
}

fn creds(byte: u8, ends: Option<i64>) -> CredsRow {
    CredsRow {
        path: format!("/keys/{byte}.creds").into(),
        account: id(),
        user: user(byte),
        name: format!("user-{byte}").into(),
        revision: crate::jwt::token::Revision::of("x"),
        issued_at: Some(UnixTime(600)),
        expires_at: ends.map(UnixTime),
    }
}

fn calendar(told: &Told, creds: &[CredsRow], login: Option<&Login>) -> Vec<ExpiryLine> {
    let picture = Picture::of(told);
    ExpiryLine::all(&Known {
        told,
        accounts: &picture.accounts,
        users: &picture.users,
        creds,
        login,
        window: Duration::from_hours(48),
        context: " --context demo",
    })
}

/// Each line in words: what, when, why, how near.
fn words(lines: &[ExpiryLine]) -> Vec<String> {
    let word = |line: &ExpiryLine| {
        let stops = line.stops_at.map(|UnixTime(at)| (at - NOW) / DAY);
        format!(
            "{} {} {stops:?} {} {}",
            line.target.kind.word(),
            line.target.name.clone().unwrap_or_default(),
            line.because.word(),
            line.state.word()
        )
    };
    lines.iter().map(word).collect()
}

#[test]
fn the_first_outage_comes_first_and_what_has_no_end_is_left_out() {
    let ends = [
        (1, Some(NOW + 3 * DAY)),
        (2, Some(NOW + DAY)),
        (3, None),
        (4, Some(NOW - DAY)),
    ];
    let told = told(account_row(None, []), &ends);

    let lines = calendar(&told, &[creds(2, Some(NOW + DAY)), creds(3, None)], None);

    assert_eq!(
        words(&lines),
        [
            "user user-4 Some(-1) own past",
            "user user-2 Some(1) own soon",
            "creds user-2 Some(1) own soon",
            "user user-1 Some(3) own later",
        ]
    );
    let run = lines[1].fix.run.as_deref().unwrap();
    let (account, user) = (id(), user(2));
    assert_eq!(
        run,
        format!("nats-oam user reissue {account}/{user} --context demo")
    );
}

#[test]
fn who_belongs_to_an_account_ends_with_it() {
    let ends = [(1, None), (2, Some(NOW + DAY)), (3, Some(NOW + 9 * DAY))];
    let told = told(account_row(Some(NOW + 5 * DAY), []), &ends);

    let lines = calendar(&told, &[], None);

    assert_eq!(
        words(&lines),
        [
            "user user-2 Some(1) own soon",
            "account ORDERS Some(5) own later",
            "user user-1 Some(5) account later",
            "user user-3 Some(5) account later",
        ]
    );
    assert_eq!(lines[2].expires_at, None);
    assert_eq!(lines[3].expires_at, Some(UnixTime(NOW + 9 * DAY)));
    assert_eq!(lines[3].fix.run, None);
}

#[test]
fn an_operator_stops_nothing_and_whoever_is_out_already_is_left_out() {
    let revoked = Node::Object(vec![(user(1).to_string(), Node::from(900))]);
    let mut told = told(
        account_row(None, [("revocations", revoked)]),
        &[(1, Some(NOW + DAY))],
    );
    let operator = operator_signer().public_key();
    told.operator = Some(Arc::new(OperatorRow {
        operator: Operator {
            id: operator.try_into().unwrap(),
            name: "acme".into(),
            issuer: operator,
            issued_at: None,
            expires_at: Some(UnixTime(NOW - DAY)),
            signing_keys: Vec::new(),
            system_account: None,
            service_urls: Vec::new(),
            account_server_url: "".into(),
            strict: false,
            tags: Vec::new(),
        },
        revision: crate::jwt::token::Revision::of("x"),
        store_name: "acme".into(),
    }));

    let lines = calendar(&told, &[creds(1, Some(NOW + DAY))], None);

    assert_eq!(words(&lines), ["operator acme None not_enforced past"]);
}

#[test]
fn an_activation_and_our_own_creds_end_too() {
    let exporter = ByteSigner::new(KeyKind::Account, 9);
    let body = [
        ("type", Node::from("activation")),
        ("version", Node::from(2)),
    ];
    let activation = Node::object([
        ("name", Node::from("orders")),
        ("sub", Node::from(id().to_string())),
        ("nats", Node::object(body)),
    ]);
    let activation = with_end(activation, Some(NOW + DAY));
    let activation = Token::issue(&activation, &exporter, UnixTime(100)).unwrap();
    let import = Node::object([
        ("name", Node::from("orders")),
        ("subject", Node::from("orders.>")),
        ("account", Node::from(exporter.public_key().to_string())),
        ("token", Node::from(&**activation.text())),
        ("type", Node::from("stream")),
    ]);
    let told = told(
        account_row(None, [("imports", Node::Array(vec![import]))]),
        &[],
    );
    let login = Login {
        user: user(5),
        path: Some("/keys/sys.creds".into()),
        expires_at: Some(UnixTime(NOW + 2 * DAY)),
    };

    let lines = calendar(&told, &[], Some(&login));

    assert_eq!(
        words(&lines),
        [
            "activation orders Some(1) own soon",
            "login  Some(2) own soon"
        ]
    );
    let places: Vec<_> = lines.iter().map(|line| line.place.clone()).collect();
    assert_eq!(
        places,
        [Some("orders.>".into()), Some("/keys/sys.creds".into())]
    );
    assert_eq!(key_of(&lines[0]), exporter.public_key());
}

fn key_of(line: &ExpiryLine) -> PublicKey {
    line.target.key
}

#[test]
fn creds_whose_user_has_a_longer_token_are_written_anew() {
    let told = told(account_row(None, []), &[(1, None), (2, Some(NOW + DAY))]);

    let lines = calendar(
        &told,
        &[creds(1, Some(NOW + DAY)), creds(2, Some(NOW + DAY))],
        None,
    );

    let acts: Vec<_> = lines.iter().map(|line| line.fix.act).collect();
    assert_eq!(
        acts,
        [
            Some("user.reissue"),
            Some("user.creds"),
            Some("user.reissue")
        ]
    );
}
