//! Contexts: no store is opened and no server asked.

use serde_json::{Value, json};

use super::{holds, items, names, plain};
use crate::support::world::Admin;

#[test]
fn contexts_are_read_and_put_in_use_without_any_server() {
    let home = tempfile::tempdir().unwrap();
    let nats = home.path().join("config/nats/context");
    let ours = home.path().join("config/nats-oam");
    std::fs::create_dir_all(&nats).unwrap();
    std::fs::create_dir_all(&ours).unwrap();
    let theirs = r#"{"description":"eu","url":"nats://eu:4222","password":"hunter2","user":"bob"}"#;
    std::fs::write(nats.join("eu.json"), theirs).unwrap();
    let settings = "[context.lab]\nservers = ['nats://lab:4222']\nproduction = false\n";
    std::fs::write(ours.join("config.toml"), settings).unwrap();
    let admin = Admin {
        context: home.path().to_owned(),
        home,
    };
    let run = |args: &[&str]| plain(&admin, &[args, &["--json"]].concat());
    let bare = |args: &[&str]| {
        let output = admin.bare(&[args, &["--json"]].concat()).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };

    let listed = bare(&["context", "ls"]);
    let used = bare(&["context", "use", "eu"]);
    let current = bare(&["context", "info"]);
    let missing = run(&["context", "use", "nope"]);

    assert_eq!(names(&listed), ["lab", "eu"]);
    holds(
        "context",
        &items(&listed),
        &[
            "name",
            "source",
            "current",
            "production",
            "servers",
            "login",
        ],
    );
    let production: Vec<&Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["production"])
        .collect();
    assert_eq!(production, [&json!(false), &json!(true)]);
    assert_eq!(
        (&used["item"]["name"], &used["item"]["current"]),
        (&json!("eu"), &json!(true))
    );
    assert_eq!(current["item"]["name"], "eu");
    assert!(!listed.to_string().contains("hunter2"));
    assert_eq!(missing.code, 3, "{missing:?}");
}
