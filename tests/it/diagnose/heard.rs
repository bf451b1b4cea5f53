//! Logins that servers refuse are told with why, in the same words.

use std::io::{BufRead as _, BufReader};
use std::sync::mpsc;

use serde_json::Value;

use super::bench::{Bench, Pair, answer_of, creds_text, issue, now, user_with};
use crate::reads::holds;
use crate::support::patience::until;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_says_why_a_login_was_refused() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let tree = user_with(bench.good(&pair), ["exp"], now() - 5);
    let creds = creds_text(issue(&tree, &bench.plain()).text(), &pair.seed());
    let url = world.description().servers[0].url.clone();
    let mut command = bench.admin.bare(&["--jsonl", "--context"]);
    command
        .arg(&bench.admin.context)
        .args(["connection", "watch", &bench.tenant.name]);
    let mut watching = command.spawn().unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let (sender, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = sender.send(line); // the story may be over
        }
    });

    let line = until("the refused login is told", || async {
        assert!(answer_of(&creds, &url).await.is_some());
        told.try_recv().ok()
    })
    .await;
    watching.kill().unwrap();
    watching.wait().unwrap();

    let event: Value = serde_json::from_str(&line).unwrap();
    holds(
        "connection",
        std::slice::from_ref(&event),
        &["state", "reason", "diagnosis"],
    );
    assert_eq!(event["diagnosis"]["verdict"], "refused");
    assert_eq!(event["diagnosis"]["first_failure"], "expiry");
    let named = bench.diagnose(&creds, &[]).json()["item"].clone();
    let expiry = named["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|checked| checked["check"] == "expiry");
    let said = format!("expiry: {}", expiry.unwrap()["what"].as_str().unwrap());
    assert_eq!(event["diagnosis"]["what"], said, "the same words");
    assert!(!line.contains(&pair.seed()));
}
