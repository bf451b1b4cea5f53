use std::sync::Arc;

use super::*;
use crate::actions::diagnose::attempt::ConnectionType;
use crate::actions::diagnose::credential::Seed;
use crate::actions::diagnose::ground::{Ground, Server};
use crate::actions::diagnose::judge::{Diagnosis, Verdict, judge};
use crate::actions::diagnose::said::CheckResult;
use crate::actions::survey::row_of;
use crate::inventory::account::AccountRow;
use crate::inventory::server::{Strictness, Trust, TrustedOperator};
use crate::inventory::told::Here;
use crate::jwt::json::Node;
use crate::jwt::keys::KeyKind;
use crate::jwt::release::Release;
use crate::jwt::signer::Signer;
use crate::jwt::token::Token;
use crate::test_support::{ByteSigner, account, account_signer, operator_signer, user};

/// When everything here was issued, and when it is judged.
const ISSUED: i64 = 1_700_000_000;
const NOW: i64 = ISSUED + 3_600;

fn list(entries: &[&str]) -> Node {
    Node::Array(entries.iter().map(|entry| Node::from(*entry)).collect())
}

fn issue(tree: &Node, signer: &dyn Signer, at: i64) -> Token {
    Token::issue(tree, signer, UnixTime(at)).unwrap()
}

fn row(tree: &Node, at: i64) -> Arc<AccountRow> {
    row_of(&issue(tree, &operator_signer(), at)).unwrap()
}

/// An account that lets everybody in, with one more field.
fn open_account(field: (&str, Node)) -> Arc<AccountRow> {
    let limits = Node::object([("conn", Node::from(-1))]);
    let fields = [("limits", limits), field];
    row(&account("ORDERS", fields), ISSUED)
}

fn plain_account() -> Arc<AccountRow> {
    open_account(("description", Node::from("")))
}

fn strictness(strictness: Strictness) -> Trust {
    Trust(vec![TrustedOperator {
        identity: operator_signer().public_key().try_into().unwrap(),
        signing_keys: Vec::new(),
        strictness,
    }])
}

fn at(server: Option<&str>) -> Standpoint {
    Standpoint {
        server: server.map(Into::into),
        trust: Some(strictness(Strictness::IdentityToo)),
        release: Release::default(),
        now: UnixTime(NOW).timestamp(),
    }
}

fn offline(stored: Option<Arc<AccountRow>>) -> Ground {
    Ground {
        store: at(None),
        stored,
        servers: None,
    }
}

fn servers(here: [Here; 3]) -> Ground {
    let name = ["n1", "n2", "n3"].into_iter();
    let servers = name.zip(here).map(|(name, here)| Server {
        at: at(Some(name)),
        name: name.into(),
        here,
    });
    Ground {
        servers: Some(servers.collect()),
        ..offline(None)
    }
}

/// A user of the account, with its own seed.
fn credential(tree: &Node) -> Credential {
    signed_by(tree, &account_signer())
}

fn signed_by(tree: &Node, signer: &dyn Signer) -> Credential {
    let token = issue(tree, signer, ISSUED);
    let seed = Seed::Of(token.envelope().subject);
    Credential::of_token(token, seed)
}

fn good() -> Credential {
    credential(&user("worker", []))
}

fn told(credential: &Credential, ground: &Ground) -> Diagnosis {
    judge(credential, ground, &Attempt::default())
}

fn first(credential: &Credential, account: Arc<AccountRow>) -> Option<Check> {
    told(credential, &offline(Some(account))).first_failure
}

#[test]
fn nothing_speaks_against_a_good_one() {
    let told = told(&good(), &offline(Some(plain_account())));

    assert_eq!((told.verdict, told.first_failure), (Verdict::Ok, None));
    let checks: Vec<Check> = told.checks.iter().map(|checked| checked.check).collect();
    assert_eq!(checks, Check::ALL);
    let result = |check| told.checks.iter().find(|checked| checked.check == check);
    for check in [Check::AccountCopies, Check::Connect] {
        assert_eq!(result(check).unwrap().said.result, CheckResult::Skipped);
    }
}

#[test]
fn what_is_wrong_with_a_token_is_named() {
    let date = |key, time| {
        let mut tree = user("worker", []);
        let Node::Object(pairs) = &mut tree else {
            panic!("no object")
        };
        pairs.insert(0, (String::from(key), Node::from(time)));
        credential(&tree)
    };
    let with = |field| credential(&user("worker", [field]));
    let stranger = ByteSigner::new(KeyKind::Account, 9);
    let other_seed = Credential {
        seed: Seed::Of(stranger.public_key()),
        ..good()
    };
    let of_stranger = signed_by(
        &user(
            "worker",
            [(
                "issuer_account",
                Node::from(account_signer().public_key().to_string()),
            )],
        ),
        &stranger,
    );
    let hours = Node::object([
        ("start", Node::from("01:00:00")),
        ("end", Node::from("01:00:00")),
    ]);
    for (broken, check) in [
        (Credential::of_text(b"torn"), Check::Format),
        (other_seed, Check::SeedMatches),
        (of_stranger, Check::IssuerInAccount),
        (date("nbf", NOW + 60), Check::NotBefore),
        (date("exp", NOW - 1), Check::Expiry),
        (
            with(("pub", Node::object([("allow", list(&["a b"]))]))),
            Check::RoleRules,
        ),
        (with(("src", list(&["127.0.0.1"]))), Check::Source),
        (with(("times", Node::Array(vec![hours]))), Check::Times),
        (
            with(("allowed_connection_types", list(&["WEBSOCKET"]))),
            Check::ConnectionType,
        ),
        (
            with(("allowed_connection_types", list(&["BOGUS"]))),
            Check::ConnectionType,
        ),
    ] {
        assert_eq!(first(&broken, plain_account()), Some(check), "{check:?}");
    }
    assert_eq!(
        first(&date("exp", NOW), plain_account()),
        None,
        "its last second"
    );
}

#[test]
fn a_token_that_somebody_changed_fails_its_signature() {
    let text = issue(&user("worker", []), &account_signer(), ISSUED);
    let other = issue(&user("worker", []), &account_signer(), ISSUED + 1);
    let (signed, _) = text.text().rsplit_once('.').unwrap();
    let (_, signature) = other.text().rsplit_once('.').unwrap();

    let forged = Credential::of_text(format!("{signed}.{signature}").as_bytes());

    assert_eq!(first(&forged, plain_account()), Some(Check::Signature));
}

#[test]
fn what_the_account_says_against_a_user_is_named() {
    let revocations = |key: &str| Node::object([(key, Node::from(ISSUED))]);
    let key = good().user().unwrap().id.to_string();
    let limits = |field| ("limits", Node::object([field]));
    let bearer = Credential {
        seed: Seed::None,
        ..credential(&user("worker", [("bearer_token", Node::Bool(true))]))
    };
    let no_bearer = Node::object([
        ("disallow_bearer", Node::Bool(true)),
        ("conn", Node::from(-1)),
    ]);
    for (user, account, check) in [
        (
            good(),
            open_account(("revocations", revocations(&key))),
            Check::Revoked,
        ),
        (
            good(),
            open_account(("revocations", revocations("*"))),
            Check::Revoked,
        ),
        (
            good(),
            row(&account("A", [limits(("conn", Node::from(0)))]), ISSUED),
            Check::AccountState,
        ),
        (good(), row(&account("A", []), ISSUED), Check::AccountState),
        (
            bearer,
            row(&account("A", [("limits", no_bearer)]), ISSUED),
            Check::BearerPolicy,
        ),
    ] {
        assert_eq!(first(&user, account), Some(check), "{check:?}");
    }
}

#[test]
fn a_strict_operator_wants_signing_keys() {
    let mut ground = offline(Some(plain_account()));
    ground.store.trust = Some(strictness(Strictness::SigningKeysOnly));

    assert_eq!(told(&good(), &ground).first_failure, Some(Check::Strict));

    ground.store.trust = Some(Trust(Vec::new()));
    let foreign = told(&good(), &ground);
    assert_eq!(foreign.first_failure, Some(Check::AccountInOperator));
}

#[test]
fn what_is_not_said_of_an_attempt_is_not_known() {
    let bound = credential(&user("worker", [("src", list(&["10.0.0.0/8"]))]));
    let ground = offline(Some(plain_account()));
    let by = |from: Option<&str>| {
        let attempt = Attempt {
            from: from.map(|from| from.parse().unwrap()),
            by: ConnectionType::Standard,
        };
        judge(&bound, &ground, &attempt).verdict
    };

    assert_eq!(by(None), Verdict::Unknown);
    assert_eq!(by(Some("10.1.2.3")), Verdict::Ok);
    assert_eq!(by(Some("192.0.2.1")), Verdict::Refused);
}

#[test]
fn a_server_with_an_old_token_of_the_account_is_named_where_that_matters() {
    let key = good().user().unwrap().id.to_string();
    let limits = || ("limits", Node::object([("conn", Node::from(-1))]));
    let revoked = ("revocations", Node::object([(&*key, Node::from(ISSUED))]));
    let old = row(&account("A", [limits(), revoked]), ISSUED - 60);
    let harmless = row(&account("A", [limits()]), ISSUED - 60);
    let new = row(&account("A", [limits()]), ISSUED);
    let enforced = |row: &Arc<AccountRow>| Here::Enforced(Arc::clone(row));

    let lagging = told(
        &good(),
        &servers([enforced(&new), enforced(&new), enforced(&old)]),
    );
    let alike = told(
        &good(),
        &servers([enforced(&new), enforced(&new), enforced(&harmless)]),
    );

    assert_eq!(lagging.first_failure, Some(Check::AccountCopies));
    assert!(
        lagging.sentence().contains("n3 has an older token"),
        "{}",
        lagging.sentence()
    );
    let failures: Vec<_> = lagging
        .servers
        .unwrap()
        .iter()
        .map(|at| at.first_failure)
        .collect();
    assert_eq!(failures, [None, None, Some(Check::Revoked)]);
    assert_eq!((alike.verdict, alike.first_failure), (Verdict::Ok, None));
}

#[test]
fn an_account_that_no_server_has_lets_nobody_in_and_a_silent_server_is_not_known() {
    let missing = told(
        &good(),
        &servers([Here::Missing, Here::Missing, Here::Missing]),
    );
    let held = || Here::Enforced(plain_account());
    let silent = told(&good(), &servers([held(), held(), Here::Unknown]));

    assert_eq!(missing.first_failure, Some(Check::AccountCopies));
    assert_eq!(missing.verdict, Verdict::Refused);
    assert_eq!(
        (silent.verdict, silent.first_failure),
        (Verdict::Unknown, None)
    );
}

#[test]
fn a_server_that_trusts_another_operator_is_named() {
    let held = || Here::Enforced(plain_account());
    let mut ground = servers([held(), held(), held()]);
    ground.servers.as_mut().unwrap()[1].at.trust = Some(Trust(Vec::new()));

    let told = told(&good(), &ground);

    assert_eq!(told.first_failure, Some(Check::AccountInOperator));
    assert!(told.sentence().ends_with("(on n2)"), "{}", told.sentence());
}

#[test]
fn whom_a_callout_answers_is_not_known_from_tokens() {
    let other = ByteSigner::new(KeyKind::User, 8).public_key().to_string();
    let own = good().user().unwrap().id.to_string();
    let callout = |user: &str| {
        open_account((
            "authorization",
            Node::object([("auth_users", list(&[user]))]),
        ))
    };

    let decided = told(&good(), &offline(Some(callout(&other))));
    let exempt = told(&good(), &offline(Some(callout(&own))));

    assert_eq!(
        (decided.verdict, exempt.verdict),
        (Verdict::Unknown, Verdict::Ok)
    );
}

#[test]
fn a_revocation_by_key_is_told_where_no_token_is_known() {
    let id = good().user().unwrap().id;
    let list = Node::object([(id.to_string().as_str(), Node::from(ISSUED))]);

    let told = told(
        &Credential::of_key(id),
        &offline(Some(open_account(("revocations", list)))),
    );

    assert_eq!((told.verdict, told.first_failure), (Verdict::Unknown, None));
    let revoked = told
        .checks
        .iter()
        .find(|checked| checked.check == Check::Revoked);
    assert!(revoked.unwrap().said.what.contains("are revoked"));
}
