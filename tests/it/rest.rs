//! A console at which nobody does anything costs nothing, though the tenants go on.

use std::fs;

use crate::support::console::Console;
use crate::support::patience::until;
use crate::support::world::World;

/// How often a thread went to sleep, which is how often it was woken.
fn sleeps(console: &Console) -> u64 {
    let pid = console.pid();
    let status = fs::read_to_string(format!("/proc/{pid}/task/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn at_rest_the_screen_is_not_woken_and_nothing_is_written() {
    let Some(world) = World::busy() else { return };
    let (ears, admin) = (world.ears().await, world.admin());
    let mut console = Console::of(&admin);
    console.shows("● live");
    console.shows("3 of 3 servers");
    console.until("the accounts are read", |screen| {
        screen.contents().contains("ORDERS") && !screen.contents().contains("reading")
    });
    ears.hears_of(3).await; // what comes after the opening has come
    let before = (sleeps(&console), console.bytes());

    ears.hears_of(3).await;

    assert_eq!((sleeps(&console), console.bytes()), before);
    console.press("6"); // where the same news is shown
    console.shows("── servers");
    let drawn = sleeps(&console);
    until("the page of servers is woken", async || {
        (sleeps(&console) > drawn).then_some(())
    })
    .await;
    console.press("q");
    assert_eq!(console.end().0, 0);
}
