//! The console on a real terminal: it opens, draws before anything answers, and leaves the terminal as it was.

use std::sync::mpsc::channel;

use crate::support::console::Console;
use crate::support::files::shared;
use crate::support::patience::{DEADLINE, looked_until};

/// Every mode that was entered was left, and after the last frame nothing was drawn.
fn assert_restored(written: &[u8]) {
    let text = String::from_utf8_lossy(written);
    for mode in ["1049", "2004", "1004", "2026"] {
        let (set, reset) = (format!("\u{1b}[?{mode}h"), format!("\u{1b}[?{mode}l"));
        let entered = text
            .rfind(&set)
            .unwrap_or_else(|| panic!("mode {mode} was never entered"));
        let left = text
            .rfind(&reset)
            .unwrap_or_else(|| panic!("mode {mode} was never left"));
        assert!(entered < left, "mode {mode} is still on");
    }
    assert!(
        text.rfind("\u{1b}[?25l") < text.rfind("\u{1b}[?25h"),
        "the cursor is still hidden"
    );
}

#[test]
fn the_console_opens_answers_and_leaves_the_terminal_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(&["--offline"], home.path(), &[]);
    console.shows("◌ offline");
    console.shows("there is no operator");
    console.press("?");
    console.shows("one row down");
    console.press("\u{1b}");
    console.until("the popup closes", |screen| {
        !screen.contents().contains("one row down")
    });
    console.press("q");

    let (code, written) = console.end();

    assert_eq!(code, 0);
    assert_restored(&written);
}

#[test]
fn the_first_frame_does_not_wait_for_a_server() {
    // It listens and never answers: a connection hangs until the timeout.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let (sender, dialled) = channel();
    std::thread::spawn(move || sender.send(silent.accept()));
    let creds = shared("fixtures/nsc/omega/keys/creds/OMEGA/ORDERS/bob.creds");
    let arguments = [
        "--server",
        &address,
        "--creds",
        creds.to_str().unwrap(),
        "--timeout",
        "1h",
    ];
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(&arguments, home.path(), &[]);
    console.shows(&format!("connecting to {address}"));
    let dialled = dialled.recv_timeout(DEADLINE).unwrap().unwrap();
    console.press("?");
    console.shows("one row down");
    console.press("\u{1b}"); // alone: with a letter behind it, it would be alt
    console.until("the popup closes", |screen| {
        !screen.contents().contains("one row down")
    });
    console.press("q");

    let (code, written) = console.end();

    assert_eq!(code, 0);
    assert_restored(&written);
    drop(dialled); // it was open, and silent, all the time
}

#[test]
fn a_signal_restores_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut console = Console::start(&["--offline"], home.path(), &[]);
    console.shows("◌ offline");
    console.shows("there is no operator");
    rustix::process::kill_process(console.pid(), rustix::process::Signal::TERM).unwrap();

    let (code, written) = console.end();

    assert_eq!(code, 143);
    assert_restored(&written);
}

/// Reading a terminal that is gone never comes back, and who reads it hears no signal.
#[test]
fn a_console_whose_terminal_goes_away_ends() {
    for _ in 0..10 {
        let home = tempfile::tempdir().unwrap();
        let mut child = Console::cut_off(&["--offline"], home.path(), "there is no operator");

        let status = looked_until("it ends", || child.try_wait().unwrap());

        assert_eq!(status.exit_code(), 129, "as after SIGHUP");
    }
}

#[test]
fn without_a_terminal_it_says_one_line_and_ends_with_2() {
    let home = tempfile::tempdir().unwrap();
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_nats-oam"))
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1);
    assert!(said.contains("needs a terminal"), "{said}");
}
