//! The record of acts from the command line.

use std::io::Write as _;

use serde_json::json;

use super::{ask, holds, items};
use crate::support::world::{Admin, World, text};

#[tokio::test]
async fn the_record_of_acts_is_listed_and_checked_and_a_break_is_no() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let whom = format!("{}/a", tenant.name);
    let done = admin.run(&[
        "user",
        "revoke",
        &whom,
        "--confirm",
        &tenant.tail("a"),
        "--reason",
        "lost laptop",
    ]);
    assert_eq!(done.code, 0, "{done:?}");

    let all = ask(&admin, &["audit", "ls"]);
    let results = ask(
        &admin,
        &["audit", "ls", "--where", "phase=result", "--target", &whom],
    );
    let others = ask(&admin, &["audit", "ls", "--actor", "somebody-else"]);
    let id = text(&items(&results)[0]["id"]);
    let one = ask(&admin, &["audit", "info", &id]);
    let whole = admin.run(&["audit", "verify"]);

    holds(
        "audit",
        &items(&all),
        &[
            "id", "seq", "writer", "at", "action", "phase", "op", "actor", "target", "hash", "sig",
        ],
    );
    assert_eq!(items(&results)[0]["reason"], "lost laptop");
    assert_eq!(items(&others).len(), 0);
    assert_eq!(one["item"]["id"], json!(id));
    assert_eq!(whole.code, 0, "{whole:?}");
    holds(
        "audit.verify",
        &[whole.json()["item"].clone()],
        &["holds", "chains"],
    );
    assert_eq!(whole.json()["item"]["holds"], true);
    let codes = whole.warnings();
    assert!(!codes.contains(&"uncertified".to_owned()), "{codes:?}");
    let signer = &whole.json()["item"]["chains"][0]["certified_by"];
    assert!(text(signer).starts_with('O'), "{signer}");
    tamper(&admin);
    let broken = admin.run(&["audit", "verify"]);
    assert_eq!(
        (broken.code, &broken.json()["item"]["holds"]),
        (7, &json!(false)),
        "{broken:?}"
    );
}

/// Changes one letter in the middle of the record.
fn tamper(admin: &Admin) {
    let operators = std::fs::read_dir(admin.data())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let folder = operators
        .map(|operator| operator.join("ledger/audit"))
        .find(|folder| folder.exists());
    let mut chains = std::fs::read_dir(folder.unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let chain = chains
        .find(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
        .unwrap();
    let written = std::fs::read_to_string(&chain).unwrap();
    let mut file = std::fs::File::create(&chain).unwrap();
    file.write_all(written.replacen("lost laptop", "lost tablet", 1).as_bytes())
        .unwrap();
}
