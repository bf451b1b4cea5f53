//! The board of servers in the console, on real servers: what a silent one leaves open, and what can be pressed about it.

use nats_oam::demo::sandbox::Order;

use crate::support::console::Console;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_leaves_keys_on_the_board_that_say_what_they_can_do() {
    let Some(world) = World::own() else { return };
    let (tenant, ears) = (world.tenant(), world.ears().await);
    world.client(&tenant, "a", "n1");
    world.client(&tenant, "a", "n3");
    ears.connected(&tenant, "a", 2).await;
    let mut console = Console::on_n1(&world.admin(), &world);
    console.shows("3 of 3 servers");
    console.paste(&tenant.user("a").to_string());
    console.shows("is selected by the pasted key");
    world.order(&Order::Freeze("n3".into()));

    console.press("R");
    console.answer("to confirm", &format!("{}\r", tenant.tail("a")));

    console.shows("unverified in");
    console.shows("0 of 1 left");
    console.shows("1 when last seen");
    console.shows("P push again to n3");
    console.press("X");
    console.shows("n3 does not say what is open there");
    console.press("P");
    console.shows("to confirm");
    console.press("\u{1b}");
    console.shows("cancelled: nothing was done");
    console.shows("P push again to n3"); // the board is there again
    console.press("\u{1b}");
    console.until("no board", |screen| {
        !screen.contents().contains("P push again")
    });
    world.order(&Order::Thaw("n3".into()));
    console.press("q");
    assert_eq!(console.end().0, 0);
}
