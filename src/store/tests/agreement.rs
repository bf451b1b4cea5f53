//! The quick way and the long way to a row give the same row, whatever the token says.

use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;

use super::copy_of;
use crate::inventory::Problem;
use crate::inventory::terms::Terms;
use crate::inventory::user::{UserEntry, UsersBuilder};
use crate::store::claim::{entry_of, quick, slow};

const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ";
const ACCOUNT: &str = "ACATS5YOVB6ROX2WUNKGNQ2MP3GMXDMKSG2O4N5CLX3A6W4PZGZZIL2R";
const USER: &str = "UDWUSKGGFDI4FRXK5EBTRECZSVQSSWJHHJOGH6JWG3AUMFFMQ435C2U4";

/// A token with that payload; nobody here looks at signatures.
fn token(payload: &str) -> String {
    let payload = BASE64URL_NOPAD.encode(payload.as_bytes());
    format!("{HEADER}.{payload}.{}", "A".repeat(86))
}

/// Everything that the row of an entry holds, in words that compare.
fn shown<S: AsRef<str>>(entry: &UserEntry<'_, S>) -> String {
    let mut builder = UsersBuilder::default();
    builder.push(&"A".into(), entry, Vec::new());
    let users = builder.seal();
    let row = users.row(0).unwrap();
    let (key, account, issuer) = (row.key(), row.account(), row.issuer());
    let times = (row.issued_at(), row.expires_at());
    let terms: Terms<String> = row.terms();
    format!(
        "{key} {:?} {account} {issuer} {times:?} {terms:?}",
        row.name_written()
    )
}

/// What the quick way says, if it says anything.
fn quickly(token: &str) -> Option<String> {
    quick(token, &mut Vec::new()).map(|entry| shown(&entry))
}

fn slowly(token: &str) -> Result<String, Problem> {
    slow(token).map(|(user, _)| shown(&entry_of(&user)))
}

fn user(before: &str, body: &str) -> String {
    token(&format!(
        r#"{{{before}"iat":5,"iss":"{ACCOUNT}","name":"n","sub":"{USER}","nats":{{{body}"type":"user","version":2}}}}"#
    ))
}

#[test]
fn every_user_of_the_fixtures_is_read_the_quick_way_and_alike() {
    let mut read = 0;
    for fixture in ["omega", "sigma"] {
        let copy = copy_of(fixture);
        for path in jwt_files(copy.path()) {
            if path.parent().unwrap().ends_with("users") {
                let token = std::fs::read_to_string(&path).unwrap();
                assert_eq!(quickly(&token), slowly(&token).ok(), "{}", path.display());
                assert!(quickly(&token).is_some());
                read += 1;
            }
        }
    }
    assert_eq!(read, 23);
}

fn jwt_files(below: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(jwt_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "jwt") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_quick_way_gives_up_where_go_would_read_something_else() {
    let tricky = [
        user("", r#""pub":{"allow":["a"]},"pub":{"allow":[">"]},"#),
        user("", r#""pub":{"allow":["a"]},"PUB":{"allow":[">"]},"#),
        user("", r#""pub":{"allow":["a"],"Allow":[">"]},"#),
        user("", "\"\u{17f}ub\":{\"allow\":[\">\"]},"),
        user("", r#""bearer_token":false,"Bearer_Token":true,"#),
        user(r#""Name":"other","#, ""),
        user("", r#""src":"10.0.0.0/8,192.168.0.0/16","#),
        user(
            "",
            r#""pub":null,"sub":{"allow":null},"resp":null,"tags":null,"#,
        ),
        user("", r#""new_field":{"deep":[1,2]},"#),
        user(r#""exp":null,"#, r#""subs":null,"#),
        token(&format!(
            r#"{{"iss":"{ACCOUNT}","sub":"{USER}","type":"user","nats":{{"subs":3}}}}"#
        )),
        user("", r#""subs":1.0,"#),
        user("", r#""subs":9223372036854775808,"#),
        user("", r#""issuer_account":"nonsense","#),
        user("", r#""pub":{"allow":["\ud800"]},"#),
        user("", "\"tags\":[\"a\nb\"],"),
        user(
            "",
            r#""times":[{"start":"08:00:00"}],"times":[{"end":"09:00:00"}],"#,
        ),
    ];

    for token in tricky {
        if let Some(quick) = quickly(&token) {
            assert_eq!(Ok(quick), slowly(&token));
        }
    }
    assert_eq!(
        quickly(&user("", r#""pub":{"allow":["a"]},"PUB":{"allow":[">"]},"#)),
        None
    );
}

#[test]
fn a_token_with_folded_keys_is_read_as_go_reads_it_and_said_to_be_odd() {
    let token = user("", r#""pub":{"allow":["a"]},"PUB":{"allow":[">"]},"#);

    let (user, odd) = slow(&token).unwrap();

    let allow = user.permissions.publish.allow.unwrap();
    assert_eq!(allow, [">".into()]);
    assert_eq!(odd, Some(Problem::Unfaithful));
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(r#""a.>""#.to_owned()),
        Just(r#"["a","b\u003e"]"#.to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just(r#"{"allow":["x"],"deny":[]}"#.to_owned()),
        Just(r#"{"allow":[],"deny":["y"]}"#.to_owned()),
        Just(r#"{"max":1,"ttl":2}"#.to_owned()),
        Just(r#"[{"start":"a","end":"b"}]"#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[0-9]{1,3}(\\.[0-9])?(e[0-9])?",
    ]
}

fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "pub",
        "sub",
        "resp",
        "src",
        "times",
        "times_location",
        "subs",
        "data",
        "payload",
        "bearer_token",
        "proxy_required",
        "allowed_connection_types",
        "tags",
        "issuer_account",
        "other",
    ]);
    (known, prop::bool::weighted(0.1)).prop_map(|(key, upper)| {
        if upper {
            key.to_uppercase()
        } else {
            key.to_owned()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_the_body_the_quick_way_says_what_the_long_way_says(pairs in prop::collection::vec((key(), value()), 0..6)) {
        let body: String = pairs.iter().flat_map(|(key, value)| ["\"", key, "\":", value, ","]).collect();
        let token = user("", &body);

        if let Some(quick) = quickly(&token) {
            prop_assert_eq!(Ok(quick), slowly(&token), "{}", body);
        }
    }

    #[test]
    fn a_token_with_a_changed_byte_is_read_alike_or_not_at_all(at in 48_usize..700, byte in any::<u8>()) {
        let mut token = user("\"exp\":7,", r#""pub":{"allow":["orders.>"],"deny":["a"]},"tags":["x"],"subs":-1,"#).into_bytes();
        let place = at % token.len();
        token[place] = byte;

        if let Ok(token) = String::from_utf8(token) && let Some(quick) = quickly(&token) {
            prop_assert_eq!(Ok(quick), slowly(&token));
        }
    }
}
