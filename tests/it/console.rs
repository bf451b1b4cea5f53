//! The console on a real terminal: it opens, draws before anything answers, and leaves the terminal as it was.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const SIZE: PtySize = PtySize {
    rows: 30,
    cols: 100,
    pixel_width: 0,
    pixel_height: 0,
};

/// Nothing here takes so long.
const DEADLINE: Duration = Duration::from_secs(20);

/// The console in a terminal of its own, with a home of its own.
struct Console {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
    written: Vec<u8>,
    home: tempfile::TempDir,
}

impl Console {
    fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_nats-oam"));
        command.args(arguments);
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            output,
            terminal: vt100::Parser::new(
                SIZE.rows.try_into().unwrap(),
                SIZE.cols.try_into().unwrap(),
                0,
            ),
            written: Vec::new(),
            home,
        }
    }

    /// Waits until the screen is so.
    fn until(&mut self, what: &str, is: impl Fn(&vt100::Screen) -> bool) {
        let start = Instant::now();
        while !is(self.terminal.screen()) {
            let left = DEADLINE.checked_sub(start.elapsed());
            let bytes = left.and_then(|left| self.output.recv_timeout(left).ok());
            let Some(bytes) = bytes else {
                panic!("{what}:\n{}", self.terminal.screen().contents());
            };
            self.terminal.process(&bytes);
            self.written.extend(bytes);
        }
    }

    fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until it has ended, and gives its exit code and all that it wrote.
    fn end(mut self) -> (u32, Vec<u8>) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < DEADLINE, "it goes on");
            std::thread::yield_now();
        };
        drop(self.master);
        drop(self.keys);
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(1)) {
            self.written.extend(bytes);
        }
        drop(self.home);
        (status.exit_code(), self.written)
    }
}

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
    let mut console = Console::start(&["--offline"]);
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
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("NATS_OAM_SHARED").map_or_else(beside, PathBuf::from);
    let creds = shared.join("fixtures/nsc/omega/keys/creds/OMEGA/ORDERS/bob.creds");
    let arguments = [
        "--server",
        &address,
        "--creds",
        creds.to_str().unwrap(),
        "--timeout",
        "1h",
    ];
    let mut console = Console::start(&arguments);
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
    let mut console = Console::start(&["--offline"]);
    console.shows("◌ offline");
    console.shows("there is no operator");
    let pid =
        rustix::process::Pid::from_raw(console.child.process_id().unwrap().try_into().unwrap())
            .unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();

    let (code, written) = console.end();

    assert_eq!(code, 143);
    assert_restored(&written);
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
