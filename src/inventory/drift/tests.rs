//! Who edited, who lacks, who is out of date; and what is no drift.

use std::sync::Arc;

use super::*;
use crate::inventory::account::AccountRow;
use crate::inventory::terms::Terms;
use crate::inventory::told::Live;
use crate::inventory::user::{UserEntry, UsersBuilder};
use crate::jwt::account::Account;
use crate::jwt::keys::UserId;
use crate::jwt::signer::Signer as _;
use crate::test_support::{account, account_signer, operator_signer};

fn id() -> AccountId {
    account_signer().public_key().try_into().unwrap()
}

fn user() -> UserId {
    UserId::from_bytes([7; 32])
}

fn token<const N: usize>(at: i64, fields: [(&str, Node); N]) -> Token {
    Token::issue(&account("ORDERS", fields), &operator_signer(), UnixTime(at)).unwrap()
}

fn described(what: &str) -> (&'static str, Node) {
    ("description", Node::from(what))
}

fn revoking(at: i64) -> (&'static str, Node) {
    let entry = vec![(user().to_string(), Node::from(at))];
    ("revocations", Node::Object(entry))
}

fn tokens(stored: Option<&Token>, kept: &[&Token]) -> Tokens {
    Tokens {
        stored: stored.cloned(),
        kept: kept.iter().map(|token| ((*token).clone(), 1)).collect(),
        ..Tokens::default()
    }
}

/// The store's account as it is on the servers too, with one user.
fn told(token: &Token) -> Told {
    let row = Arc::new(AccountRow {
        account: Account::of(token).unwrap(),
        revision: token.revision(),
        token_bytes: token.text().len(),
        directory: "ORDERS".into(),
    });
    let mut builder = UsersBuilder::default();
    let entry = UserEntry {
        key: user(),
        name: "worker".into(),
        account: id(),
        issuer: id().key(),
        issued_at: Some(UnixTime(600)),
        expires_at: None,
        terms: Terms::<String>::default(),
    };
    builder.push(&"ORDERS".into(), &entry, vec![]);
    Told {
        stored: Some([(id(), row)].into()),
        users: vec![Arc::new(builder.seal())],
        live: Some(Live::default()),
        ..Told::default()
    }
}

/// Each line: what differs, and the act that mends it.
fn lines(told: &Told, tokens: Tokens, creds: &[CredsRow]) -> Vec<(Drift, Option<&'static str>)> {
    let lines = DriftLine::all(&Sides {
        told,
        accounts: &[id()].into(),
        tokens: &[(id(), tokens)].into(),
        creds,
        open: &[],
        silent: &[],
        context: "",
    });
    let line = |line: &DriftLine| (line.drift, line.fix.act);
    lines.iter().map(line).collect()
}

fn of_account(tokens: Tokens) -> Vec<(Drift, Option<&'static str>)> {
    lines(&told(&token(1, [])), tokens, &[])
}

const PUSH: Option<&str> = Some("account.push");
const PULL: Option<&str> = Some("account.pull");

#[test]
fn tokens_that_say_the_same_are_no_drift_though_another_signed_them_later() {
    let (stored, served) = (token(1, [described("x")]), token(9, [described("x")]));

    assert_eq!(of_account(tokens(Some(&stored), &[&served])), []);
}

#[test]
fn who_is_younger_and_takes_nothing_away_was_edited() {
    let (old, new) = (token(1, []), token(9, [described("x")]));

    let by_store = of_account(tokens(Some(&new), &[&old]));
    let by_servers = of_account(tokens(Some(&old), &[&new]));

    assert_eq!(by_store, [(Drift::StoreNewer, PUSH)]);
    assert_eq!(by_servers, [(Drift::ServersNewer, PULL)]);
}

#[test]
fn a_revocation_that_the_store_lacks_is_never_an_edit_of_the_store_alone() {
    let (stored, served) = (token(9, [described("x")]), token(5, [revoking(4)]));

    let both = of_account(tokens(Some(&stored), &[&served]));
    let lacks = of_account(tokens(Some(&token(9, [])), &[&served]));

    assert_eq!(both, [(Drift::BothEdited, PUSH)]);
    assert_eq!(lacks, [(Drift::BothEdited, PUSH)]);
}

#[test]
fn what_both_come_from_tells_who_edited() {
    let base = token(1, [described("base"), ("info_url", Node::from("y"))]);
    let trimmed = token(9, [described("mine")]);
    let theirs = token(5, [described("theirs"), ("info_url", Node::from("y"))]);
    let since = |stored: &Token, served: &Token| {
        of_account(Tokens {
            base: Some(base.clone()),
            ..tokens(Some(stored), &[served])
        })
    };

    assert_eq!(since(&trimmed, &base), [(Drift::StoreNewer, PUSH)]);
    // Though the store is the younger of the two.
    let resigned = token(9, [described("base"), ("info_url", Node::from("y"))]);
    assert_eq!(since(&resigned, &theirs), [(Drift::ServersNewer, PULL)]);
    assert_eq!(since(&trimmed, &theirs), [(Drift::BothEdited, PULL)]);
}

#[test]
fn an_account_that_a_side_lacks_and_servers_that_disagree_are_told() {
    let (old, new) = (token(1, []), token(2, []));
    let without = |tokens| Tokens {
        without: 1,
        ..tokens
    };

    assert_eq!(
        of_account(without(tokens(Some(&old), &[]))),
        [(Drift::OnlyInStore, PUSH)]
    );
    // Resolvers that keep nothing say nothing.
    assert_eq!(of_account(tokens(Some(&old), &[])), []);
    assert_eq!(
        of_account(tokens(None, &[&old])),
        [(Drift::OnlyOnServers, PULL)]
    );
    assert_eq!(
        of_account(tokens(Some(&new), &[&old, &new])),
        [(Drift::ServersDiffer, PUSH)]
    );
    assert_eq!(
        of_account(tokens(Some(&old), &[&old, &new])),
        [(Drift::ServersDiffer, PULL)]
    );
    assert_eq!(
        of_account(without(tokens(Some(&new), &[&new]))),
        [(Drift::ServerLacks, PUSH)]
    );
}

#[test]
fn creds_of_another_token_of_a_replaced_key_and_of_nobody_are_told_apart() {
    let creds = |key: u8, name: &str, at| CredsRow {
        path: format!("/{name}.creds").into(),
        account: id(),
        user: UserId::from_bytes([key; 32]),
        name: name.into(),
        revision: Revision::of("x"),
        issued_at: Some(UnixTime(at)),
        expires_at: None,
    };
    let cases = [
        (creds(7, "worker", 600), None),
        (
            creds(7, "worker", 500),
            Some((Drift::OldCreds, Some("user.creds"))),
        ),
        (
            creds(8, "worker", 500),
            Some((Drift::OldCreds, Some("user.creds"))),
        ),
        (
            creds(9, "nobody", 500),
            Some((Drift::StrayCreds, Some("user.revoke"))),
        ),
    ];
    let same = token(1, []);
    for (row, expected) in cases {
        let found = lines(&told(&same), tokens(Some(&same), &[&same]), &[row]);

        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }
    // Dead ones hurt nobody.
    let dead = token(1, [revoking(700)]);
    let found = lines(
        &told(&dead),
        tokens(Some(&dead), &[&dead]),
        &[creds(7, "worker", 500)],
    );
    assert_eq!(found, []);
}
