//! The stores that the real tools made, against what the real nsc says of them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::{Told, copy_of};
use crate::inventory::expiry::{Because, ExpiryLine, ExpiryState, Known};
use crate::inventory::picture::Picture;
use crate::inventory::target::TargetKind;
use crate::inventory::terms::Terms;
use crate::inventory::told;
use crate::inventory::user::UserRow;
use crate::jwt::limits::Limit;
use crate::jwt::time::UnixTime;
use crate::store::Store as _;
use crate::test_support::shared;
use crate::text::Text;

fn says(file: &str) -> Value {
    let path = shared("fixtures/nsc/omega/says").join(file);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn seconds(time: Option<UnixTime>) -> Option<i64> {
    time.map(|UnixTime(seconds)| seconds)
}

fn limit(limit: Limit) -> Option<i64> {
    match limit {
        Limit::AtMost(0) => None,
        Limit::AtMost(most) => Some(i64::try_from(most).unwrap()),
        Limit::Unlimited => Some(-1),
    }
}

/// A list that is written only if there is something in it.
fn list<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// A row in the words of `nsc describe user -J`, where an absent field is `null`.
fn described(row: &UserRow<'_>) -> BTreeMap<&'static str, Value> {
    let issuer_is_account = row.issuer() == row.account().key();
    let account = (!issuer_is_account).then_some(row.account());
    let mut all = described_body(row.terms());
    all.extend([
        ("/sub", json!(row.key())),
        ("/name", json!(row.name())),
        ("/iss", json!(row.issuer())),
        ("/iat", json!(seconds(row.issued_at()))),
        ("/exp", json!(seconds(row.expires_at()))),
        ("/nats/issuer_account", json!(account)),
    ]);
    all
}

fn described_body(terms: Terms<Text>) -> BTreeMap<&'static str, Value> {
    let resp = terms.responses;
    let resp = resp.map(|resp| json!({"max": resp.max, "ttl": resp.ttl_ns}));
    let times = terms.times.iter();
    let times = times.map(|at| json!({"start": at.start, "end": at.end}));
    BTreeMap::from([
        ("/nbf", json!(seconds(terms.not_before))),
        ("/nats/pub/allow", json!(terms.publish.allow)),
        ("/nats/pub/deny", json!(list(terms.publish.deny))),
        ("/nats/sub/allow", json!(terms.subscribe.allow)),
        ("/nats/sub/deny", json!(list(terms.subscribe.deny))),
        ("/nats/resp", json!(resp)),
        ("/nats/src", json!(list(terms.networks))),
        ("/nats/times", json!(list(times.collect()))),
        ("/nats/times_location", json!(terms.times_location)),
        ("/nats/subs", json!(limit(terms.subscriptions))),
        ("/nats/data", json!(limit(terms.data_bytes))),
        ("/nats/payload", json!(limit(terms.payload_bytes))),
        ("/nats/bearer_token", json!(terms.bearer.then_some(true))),
        (
            "/nats/allowed_connection_types",
            json!(list(terms.connection_types)),
        ),
        ("/nats/tags", json!(list(terms.tags))),
    ])
}

#[test]
fn every_user_of_omega_is_what_nsc_describes() {
    let omega = copy_of("omega");

    let told = Told::of(&omega.path().join("stores"), "OMEGA");

    assert_eq!(told.user_count(), 20);
    assert!(told.unread().is_empty());
    for row in told.users.iter().flat_map(|chunk| chunk.rows()) {
        let expected = says(&format!("user-{}-{}.json", row.directory(), row.name()));
        for (path, value) in described(&row) {
            let said = expected.pointer(path).cloned().unwrap_or_default();
            assert_eq!(value, said, "{} {path}", row.name());
        }
        assert_eq!(row.problems().count(), 0);
        assert_eq!(row.file(), row.name());
    }
}

#[test]
fn every_account_of_omega_is_what_nsc_describes() {
    let omega = copy_of("omega");

    let told = Told::of(&omega.path().join("stores"), "OMEGA");

    let names: Vec<_> = told
        .accounts
        .iter()
        .map(|row| row.directory.to_string())
        .collect();
    assert_eq!(
        names,
        ["BILLING", "CALLOUT", "EDGE", "EMPTY", "ORDERS", "SYS"]
    );
    for row in &told.accounts {
        let said = says(&format!("account-{}.json", row.directory));
        let account = &row.account;
        assert_eq!(json!(account.id), said["sub"]);
        assert_eq!(json!(account.name), said["name"]);
        assert_eq!(json!(account.issuer), said["iss"]);
        assert_eq!(json!(seconds(account.issued_at)), said["iat"]);
        assert_eq!(json!(seconds(account.expires_at)), said["exp"]);
        let keys = said
            .pointer("/nats/signing_keys")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        assert_eq!(account.signing_keys.len(), keys);
        let revoked = said
            .pointer("/nats/revocations")
            .and_then(Value::as_object)
            .map_or(0, serde_json::Map::len);
        assert_eq!(account.revocations.len(), revoked);
    }
    assert_eq!(told.flaws, []);
}

#[test]
fn the_operator_of_omega_is_what_nsc_describes() {
    let omega = copy_of("omega");
    let said = says("operator.json");

    let told = Told::of(&omega.path().join("stores"), "OMEGA");

    let [row] = told.operators.as_slice() else {
        panic!("one operator")
    };
    assert_eq!(json!(row.operator.id), said["sub"]);
    assert_eq!(
        json!(row.operator.signing_keys),
        said["nats"]["signing_keys"]
    );
    assert_eq!(
        json!(row.operator.system_account),
        said["nats"]["system_account"]
    );
    assert_eq!(row.store_name, "OMEGA".into());
}

#[test]
fn the_store_of_nats_auth_is_read_as_well() {
    let sigma = copy_of("sigma");

    let told = Told::of(&sigma.path().join("stores"), "SIGMA");

    let mut users: Vec<_> = told
        .users
        .iter()
        .flat_map(|chunk| chunk.rows())
        .map(|row| {
            (
                row.directory().to_string(),
                row.name().to_string(),
                row.is_bearer(),
            )
        })
        .collect();
    users.sort();
    let expected = [
        ("APP", "anna", false),
        ("APP", "w1", false),
        ("LOG", "ben", true),
    ];
    assert_eq!(
        users,
        expected.map(|(account, name, bearer)| (account.to_owned(), name.to_owned(), bearer))
    );
    assert_eq!(told.accounts.len(), 3);
    assert_eq!(told.flaws, []);
}

#[test]
fn a_store_whose_directory_was_renamed_keeps_the_name_that_nsc_gave() {
    let omega = copy_of("omega");
    let stores = omega.path().join("stores");
    fs::rename(stores.join("OMEGA"), stores.join("MOVED")).unwrap();

    let told = Told::of(&stores, "MOVED");
    let store = super::store(&omega);
    let super::Stored::Account(sys) = super::account(&store, "SYS") else {
        panic!("an account")
    };

    assert_eq!(told.operators[0].store_name, "OMEGA".into());
    assert_eq!(told.flaws, []);
    assert!(store.creds_path(sys, &"sys".into()).unwrap().exists());
}

/// What nsc says ends: the resource in its words, and when.
fn ends_by_nsc(report: &Value) -> BTreeMap<String, (i64, bool, bool)> {
    let rows = report["report"].as_array().unwrap().iter();
    let ending = rows.filter(|row| row["expiry"] != 0);
    let said = |row: &Value| {
        let resource = row["resource"].as_str().unwrap();
        // Creds are named by where they lay on the machine that nsc ran on.
        let resource = resource
            .rsplit_once("/keys/")
            .map_or(resource, |(_, creds)| creds);
        let flag = |name: &str| row[name].as_bool().unwrap();
        let ends = row["expiry"].as_i64().unwrap();
        (
            resource.to_owned(),
            (ends, flag("expires_soon"), flag("expired")),
        )
    };
    ending.map(said).collect()
}

#[test]
fn what_ends_by_itself_is_what_nsc_says() {
    let omega = copy_of("omega");
    let nsc = says("expirations.json");
    let threshold: jiff::Timestamp = nsc["expiration_threshold"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let window = std::time::Duration::from_hours(30 * 24);
    let facts = Told::of(&omega.path().join("stores"), "OMEGA");
    let accounts = facts.accounts.iter();
    let told = told::Told {
        now: UnixTime(threshold.as_second() - 30 * 24 * 60 * 60),
        operator: facts.operators.first().cloned(),
        stored: Some(accounts.map(|row| (row.account.id, row.clone())).collect()),
        users: facts.users.clone(),
        ..told::Told::default()
    };
    let creds = super::store(&omega).creds();

    let picture = Picture::of(&told);
    let lines = ExpiryLine::all(&Known {
        told: &told,
        accounts: &picture.accounts,
        users: &picture.users,
        creds: &creds,
        login: None,
        window,
        context: "",
    });

    let keys = omega.path().join("keys");
    let own = lines.iter().filter(|line| line.because == Because::Own);
    let ours: BTreeMap<String, (i64, bool, bool)> = own
        .map(|line| {
            let name = line.target.name.clone().unwrap_or_default();
            let account = line
                .target
                .account
                .as_ref()
                .and_then(|held| held.name.clone());
            let resource = match line.target.kind {
                TargetKind::Creds => {
                    let path = line.place.clone().unwrap_or_default().to_string();
                    path.trim_start_matches(&format!("{}/", keys.display()))
                        .to_owned()
                }
                _ => match account {
                    Some(account) => format!("OMEGA/{account}/{name}"),
                    None => format!("OMEGA/{name}"),
                },
            };
            let soon = line.state != ExpiryState::Later;
            let past = line.state == ExpiryState::Past;
            (resource, (line.expires_at.unwrap().0, soon, past))
        })
        .collect();
    assert_eq!(ours, ends_by_nsc(&nsc));
    // nsc tells each by itself; what the end of an account means for its users, it does not.
    let with_account = lines.iter().filter(|line| line.because == Because::Account);
    let names: Vec<String> = with_account
        .map(|line| {
            format!(
                "{} {}",
                line.target.kind.word(),
                line.target.name.clone().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(names, ["user edge-1", "creds edge-1"]);
}
