//! What strangers wrote, in the console: it stands there as what it is, and no byte of it reaches the terminal.

use nats_oam::demo::sandbox::{ClientOrder, Order};
use nats_oam::jwt::token::Token;
use nats_oam::jwt::user::User;

use crate::support::console::Console;
use crate::support::world::World;

/// How the name of the stray user is shown.
const EVE: &str = "eve␛]0;owned";

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_is_seen_in_every_view_and_does_nothing_to_the_terminal() {
    let Some(world) = World::own() else { return };
    let (sandbox, ears) = (world.description(), world.ears().await);
    let creds = sandbox.data_dir.with_file_name("stray/eve.creds");
    let pasted = std::fs::read_to_string(&creds).unwrap();
    let token = Token::decode(pasted.lines().nth(1).unwrap()).unwrap();
    let (key, account) = (token.envelope().subject, User::of(&token).unwrap().account);
    let mut logins = ears.logins(account).await;
    world.order(&Order::Client(ClientOrder {
        creds,
        server: Some("n3".to_owned()),
        name: "\u{1b}[2J\u{1b}]0;root\u{7}\r\n\u{202e}txt.exe\u{9b}0m".to_owned(),
        claims: None,
    }));
    logins.heard(key.try_into().unwrap()).await;
    let home = tempfile::tempdir().unwrap();
    let context = sandbox.context.display().to_string();
    let mut console = Console::start(&["--context", &context], home.path(), &[]);
    console.shows("3 of 3 servers");

    console.paste(&pasted);
    console.shows("is selected by the pasted creds");
    for (keys, seen) in [
        (&["d"][..], EVE),                    // all about the user
        (&["\u{1b}", "\r"], "␛[2J␛]0;root␇"), // its connection
        (&["d"], "‹202E›"),
        (&["\u{1b}", "1", "/", "e", "v", "e", "\r"], EVE), // in the tree
        (&["3", "/", "r", "o", "o", "t", "\r"], "␛[2J␛]0;root␇"),
        (&["R"], EVE), // what revoking it does
    ] {
        for key in keys {
            console.press(key);
            console.pause();
        }
        console.shows(seen);
    }
    console.answer("to confirm", &format!("{}\r", key.tail()));
    console.shows("outcome  verified");
    console.press("\u{1b}");
    console.pause();
    console.press("7");
    console.shows("user.revoke");
    console.shows(EVE);
    console.press("q");

    let (code, _) = console.end(); // which looks at every byte

    assert_eq!(code, 0);
}
