//! Contexts: no store is opened and no server asked.

use serde_json::{Value, json};

use super::{holds, items, names, plain};
use crate::support::world::{Admin, finished};

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

#[test]
fn commands_work_in_the_context_that_is_shown() {
    let home = tempfile::tempdir().unwrap();
    let nats = home.path().join("config/nats");
    let ours = home.path().join("config/nats-oam");
    std::fs::create_dir_all(nats.join("context")).unwrap();
    std::fs::create_dir_all(&ours).unwrap();
    // Theirs of this name may be written to; ours hides it.
    let theirs = r#"{"url":"nats://prod:4222","production":false}"#;
    std::fs::write(nats.join("context/prod.json"), theirs).unwrap();
    std::fs::write(nats.join("context.txt"), "prod").unwrap();
    std::fs::write(
        ours.join("config.toml"),
        "[context.prod]\nproduction = true\n",
    )
    .unwrap();
    let admin = Admin {
        context: home.path().to_owned(),
        home,
    };

    let bare = |args: &[&str]| finished(admin.bare(args).spawn().unwrap()).json();
    let shown = bare(&["context", "info", "--json"]);
    let used = bare(&["status", "--offline", "--json"]);

    assert_eq!(
        (&shown["item"]["source"], &shown["item"]["production"]),
        (&json!("nats_oam"), &json!(true))
    );
    assert_eq!(
        used["item"]["context"],
        json!({"name": "prod", "production": true, "read_only": true})
    );
}

#[test]
fn the_environment_says_what_flags_say_and_nothing_is_taken_for_something_else() {
    let home = tempfile::tempdir().unwrap();
    let admin = Admin {
        context: home.path().to_owned(),
        home,
    };
    let status = |variable: &str, value: &str| {
        let mut command = admin.bare(&["status", "--offline", "--json"]);
        finished(command.env(variable, value).spawn().unwrap())
    };

    for yes in ["1", "true", "yes"] {
        let said = status("NATS_OAM_READ_ONLY", yes);
        assert_eq!(
            said.json()["item"]["context"]["read_only"],
            true,
            "{said:?}"
        );
    }
    assert_eq!(status("NATS_OAM_CONTEXT", "").code, 0);
    for wrong in ["jetstream", "folder:", "/mnt/record", "floder:/x"] {
        let said = status("NATS_OAM_LEDGER", wrong);
        assert_eq!(
            (said.code, &said.json()["error"]["code"]),
            (2, &json!("usage"))
        );
    }
}
