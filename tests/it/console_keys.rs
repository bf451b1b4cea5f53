//! Keys that are held, in a terminal that says so: the mode for it is there while a letter confirms, and left on every way out.

use rustix::process::{Signal, kill_process};

use crate::support::console::Console;
use crate::support::world::World;

const PUSHED: &str = "\u{1b}[>11u";
const POPPED: &str = "\u{1b}[<1u";
const LEFT: &str = "\u{1b}[?1049l";

/// A console in which a kick waits for its consent.
async fn kick(world: &World) -> Console {
    let (tenant, ears) = (world.tenant(), world.ears().await);
    world.client(&tenant, "a", "n1");
    ears.connected(&tenant, "a", 1).await;
    let mut console = Console::of(&world.admin());
    console.shows("3 of 3 servers");
    console.paste(&tenant.user("a").to_string());
    console.shows("is selected by the pasted key");
    console.press("\r");
    console.shows("a-on-n1");
    console.press("X");
    console.shows("press y");
    console
}

/// The places of a sequence in what was written.
fn places(written: &str, sequence: &str) -> Vec<usize> {
    written.match_indices(sequence).map(|(at, _)| at).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_key_confirms_no_kick_and_a_press_does() {
    let Some(world) = World::shared() else { return };
    let mut console = kick(world).await;

    // As a terminal tells it that has the mode: `y` held, let go, and pressed.
    console.answer("press y", "");
    for _ in 0..3 {
        console.press("\u{1b}[121;1:2u");
        console.pause();
    }
    console.press("\u{1b}[121;1:3u");
    console.pause();
    assert!(console.screen().contains("press y"), "{}", console.screen());
    console.press("\u{1b}[121u");

    console.shows("outcome");
    console.press("\u{1b}");
    console.pause();
    console.press("q");
    let (code, written) = console.end();
    let written = String::from_utf8(written).unwrap();
    assert_eq!(code, 0);
    let (pushed, popped) = (places(&written, PUSHED), places(&written, POPPED));
    assert_eq!((pushed.len(), popped.len()), (1, 1));
    let outcome = written.find("outcome").unwrap();
    assert!(pushed[0] < popped[0] && popped[0] < outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_is_left_also_by_who_is_told_to_stop() {
    let Some(world) = World::shared() else { return };
    let console = kick(world).await;

    kill_process(console.pid(), Signal::TERM).unwrap();

    let (code, written) = console.end();
    let written = String::from_utf8(written).unwrap();
    assert_eq!(code, 143);
    let (popped, left) = (places(&written, POPPED), places(&written, LEFT));
    assert_eq!((popped.len(), left.len()), (1, 1));
    assert!(popped[0] < left[0], "the main screen has modes of its own");
}
