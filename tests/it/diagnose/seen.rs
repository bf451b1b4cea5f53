//! The console says why a user is refused, in the words of the command.

use nats_oam::jwt::json::Node;

use super::bench::{Bench, now};
use crate::support::console::Console;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn one_key_says_why_the_selected_user_is_refused() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let key = bench.tenant.user("a").to_string();
    let revocation = Node::object([(key.as_str(), Node::from(now() + 1))]);
    bench.push(&[(&["nats", "revocations"], revocation)]).await;
    let mut console = Console::of(&bench.admin);
    console.shows("3 of 3 servers");
    console.paste(&key);
    console.shows("is selected by the pasted");

    console.press("w");
    console.shows("Why is it refused?");

    console.shows("revoked: it is revoked up to");
    console.shows("nats-oam user reissue");
    let whom = format!("{}/a", bench.tenant.name);
    let told = bench.admin.run(&["diagnose", &whom]);
    assert_eq!(
        (told.code, &told.json()["item"]["first_failure"]),
        (7, &"revoked".into())
    );
    console.press("\u{1b}");
    console.pause();
    console.press("q");
    let (code, _) = console.end();
    assert_eq!(code, 0);
}
