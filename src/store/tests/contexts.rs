//! Contexts as the NATS CLI, `nsc generate context` and people write them.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{copy_of, paths};
use crate::store::StoreError;
use crate::store::contexts::{
    Context, ContextError, ContextLogin, Contexts, NscRef, Place, SeedBeside,
};
use crate::store::nsc_ref::creds_file;
use crate::store::paths::Environment;

fn variables(name: &str) -> Option<OsString> {
    match name {
        "CREDS" => Some("the text of creds".into()),
        "DIR" => Some("/secrets".into()),
        "EMPTY" => Some(OsString::new()),
        _ => None,
    }
}

fn environment(home: &Path) -> Environment {
    Environment {
        home: Some(home.to_owned()),
        working_directory: home.join("cwd"),
        ..Environment::default()
    }
}

/// A folder with these contexts.
fn folder(contexts: &[(&str, &str)]) -> TempDir {
    let nats = tempfile::tempdir().unwrap();
    fs::create_dir(nats.path().join("context")).unwrap();
    for (file, json) in contexts {
        fs::write(nats.path().join("context").join(file), json).unwrap();
    }
    nats
}

fn load(json: &str) -> Result<Context, ContextError> {
    let nats = folder(&[("c.json", json)]);
    let environment = environment(Path::new("/home/ada"));
    Contexts::new(nats.path(), &environment, &variables).load("c")
}

fn place(value: &str) -> Result<Place, ContextError> {
    let context = load(&format!(r#"{{"creds":"{value}"}}"#))?;
    let ContextLogin::Creds(place) = context.login else {
        panic!("{:?}", context.login)
    };
    Ok(place)
}

fn file(value: &str) -> String {
    let Place::File(path) = place(value).unwrap() else {
        panic!("a file")
    };
    path.to_string_lossy().into_owned()
}

fn text(value: &str) -> String {
    let Place::Text(text) = place(value).unwrap() else {
        panic!("a text")
    };
    text.to_string()
}

#[test]
fn names_are_those_that_the_cli_lists() {
    let nats = folder(&[
        ("prod.json", "{}"),
        ("a b*.json", "{}"),
        ("empty.json", ""),
        ("prod.json.tmp-123", "{}"),
        ("UPPER.JSON", "{}"),
        ("..json", "{}"),
        ("note.txt", "x"),
    ]);
    fs::write(nats.path().join("context.txt"), "prod\n").unwrap();
    let environment = environment(Path::new("/h"));
    let contexts = Contexts::new(nats.path(), &environment, &variables);

    assert_eq!(contexts.names(), [".".into(), "a b*".into(), "prod".into()]);
    assert_eq!(contexts.selected(), Some("prod".into()));
}

#[test]
fn a_full_context_is_read_and_keeps_what_we_do_not_know() {
    let context = load(
        r#"{"description":"eu","url":"nats://n1:4222, tls://ada:secret@n2:4222/x@y","creds":"~/sys.creds","ca":"$DIR/ca.pem",
        "cert":"${DIR}/c.pem","key":"$UNSET/k.pem","tls_first":true,"color_scheme":"red","inbox_prefix":"_I","future":{"a":1}}"#,
    )
    .unwrap();

    assert_eq!(
        (context.name, context.description),
        ("c".into(), "eu".into())
    );
    assert_eq!(
        context.servers,
        ["nats://n1:4222".into(), "tls://n2:4222/x@y".into()]
    );
    assert_eq!(
        context.tls.ca.as_deref(),
        Some(Path::new("/secrets/ca.pem"))
    );
    assert_eq!(
        context.tls.cert.as_deref(),
        Some(Path::new("/secrets/c.pem"))
    );
    assert_eq!(context.tls.key.as_deref(), Some(Path::new("/k.pem")));
    assert!(context.tls.first);
    assert_eq!(context.unknown.0["future"], serde_json::json!({"a": 1}));
    assert_eq!(
        (context.color_scheme, context.inbox_prefix),
        ("red".into(), "_I".into())
    );
}

#[test]
fn credentials_are_found_by_every_scheme_of_the_cli() {
    assert_eq!(file("~/sys.creds"), "/home/ada/sys.creds");
    assert_eq!(file("FILE:///a/b.creds"), "/a/b.creds");
    assert_eq!(file("rel.creds"), "/home/ada/cwd/rel.creds");
    assert_eq!(text("env://CREDS"), "the text of creds");
    assert_eq!(text("data:text/plain;base64,aGVsbG8="), "hello");
    assert_eq!(text("data:;base64,aGVsbG8="), "hello");
    let Place::Nsc(reference) = place("nsc://OMEGA/ORDERS/alice?names").unwrap() else {
        panic!("nsc")
    };
    let expected = NscRef {
        operator: "OMEGA".into(),
        account: Some("ORDERS".into()),
        user: Some("alice".into()),
    };
    assert_eq!(reference, expected);
}

#[test]
fn what_cannot_be_resolved_says_why_and_never_its_value() {
    for (value, expected) in [
        ("op://vault/item/field", "1Password"),
        ("env://NOT_SET", "NOT_SET, which is not set"),
        ("env://EMPTY", "not set"),
        ("data:;base64,c2VjcmV0!", "not base64"),
        ("data:secret", "expected data:"),
        ("nsc://a/b/c/d", "expected nsc://"),
    ] {
        let error = place(value).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn logins_have_the_precedence_of_the_cli() {
    let login = |json: &str| load(json).unwrap().login;

    assert!(matches!(
        login(r#"{"user":"u","password":"p","creds":"/c"}"#),
        ContextLogin::Password { .. }
    ));
    assert!(matches!(
        login(r#"{"creds":"/c","nsc":"nsc://O/A/U"}"#),
        ContextLogin::Creds(Place::File(_))
    ));
    assert!(matches!(
        login(r#"{"nkey":"/n","user_jwt":"x"}"#),
        ContextLogin::Nkey(_)
    ));
    assert!(matches!(
        login(r#"{"nsc":"O/A/U","url":""}"#),
        ContextLogin::Creds(Place::Nsc(_))
    ));
    assert!(matches!(
        login(r#"{"user_jwt":"x"}"#),
        ContextLogin::UserJwt {
            seed: SeedBeside::Absent
        }
    ));
    assert!(matches!(login(r#"{"token":"t"}"#), ContextLogin::Token));
    assert!(matches!(login("{}"), ContextLogin::None));
}

#[test]
fn no_secret_of_a_context_is_shown() {
    let context = load(
        r#"{"user_jwt":"SECRET1","user_seed":"SECRET2","password":"SECRET3","token":"SECRET4","url":"nats://u:SECRET5@h","later":"SECRET8"}"#,
    )
    .unwrap();
    let data = load(r#"{"creds":"data:;base64,U0VDUkVUNg=="}"#).unwrap();
    let broken = load(r#"{"password":["SECRET7"]}"#).unwrap_err();

    let shown = format!("{context:?} {data:?} {broken} {broken:?}");

    assert!(!shown.contains("SECRET"), "{shown}");
}

#[test]
fn a_path_to_a_context_file_works_and_names_cannot_lead_out() {
    let nats = folder(&[]);
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("sandbox.json");
    fs::write(&path, r#"{"url":"nats://h"}"#).unwrap();
    let environment = environment(elsewhere.path());
    let contexts = Contexts::new(nats.path(), &environment, &variables);

    let by_path = contexts.load(path.to_str().unwrap()).unwrap();
    let by_home = contexts.load("~/sandbox.json").unwrap();

    assert_eq!(
        (by_path.name, by_home.name),
        ("sandbox".into(), "sandbox".into())
    );
    assert!(matches!(
        contexts.load("../../etc/passwd"),
        Err(ContextError::Name(_))
    ));
    assert!(matches!(
        contexts.load("gone"),
        Err(ContextError::NotFound(_))
    ));
    assert!(matches!(
        contexts.load("gone.json"),
        Err(ContextError::NotFound(_))
    ));
}

#[test]
fn nsc_references_lead_to_the_keyring_by_name_or_key_in_any_case() {
    let omega = copy_of("omega");
    let paths = paths(omega.path());
    let alice = omega.path().join("keys/creds/OMEGA/ORDERS/alice.creds");
    let find = |operator: &str, account: &str, user: &str| {
        creds_file(
            &paths,
            &NscRef {
                operator: operator.into(),
                account: Some(account.into()),
                user: Some(user.into()),
            },
        )
    };
    let operator = "OCOTKGOFD5O5QPN34L3RBGG7AQM3FIZXTTSXSIYCCRLZVZL3JDKNVOGF";
    let orders = "aauh2uqo6mfuadeshto4ybk4e44l2oapxlwl7o7dbqth2t257izinw63";
    let key = "UB3A7EEISQFU2VIJSRJH57PD5YKXGRXKSODZ3XPISU4ZYGBAWK34AHSX";

    for (operator, account, user) in [
        ("OMEGA", "ORDERS", "alice"),
        ("omega", "orders", "ALICE"),
        (operator, orders, key),
        ("OMEGA", "orders", key),
        ("OMEGA", orders, "alice"),
    ] {
        assert_eq!(
            find(operator, account, user).as_ref(),
            Ok(&alice),
            "{operator}/{account}/{user}"
        );
    }
    assert!(matches!(
        find("OMEGA", "ORDERS", "nobody"),
        Err(StoreError::NotFound { .. })
    ));
    assert!(matches!(find("OMEGA", "..", "x"), Err(StoreError::Name(_))));
}
