//! Whole programs: ours, the floors beside this file, and nsc.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::crowd::Crowd;
use crate::terminal::{Program, Terminal};
use crate::{Bench, Pair, Target, time};

const OURS: &str = env!("CARGO_BIN_EXE_nats-oam");

/// Ends a frame of ours: synchronized output is over.
const OUR_FRAME: &str = "\u{1b}[?2026l";
/// Ends a frame of ratatui's own: the cursor is hidden.
const RATATUI_FRAME: &str = "\u{1b}[?25l";

pub const ALL: &[Bench] = &[
    ("frame.first", first_frame),
    ("key", key),
    ("list.floor", list_against_floor),
    ("list.nsc", list_against_nsc),
];

/// A floor, which lies beside our program.
fn floor(name: &str) -> PathBuf {
    Path::new(OURS)
        .parent()
        .unwrap()
        .join("examples")
        .join(name)
}

fn hello<'p>(path: &'p Path, crowd: &'p Crowd) -> Program<'p> {
    Program {
        path,
        arguments: &[],
        home: &crowd.home,
        frame_end: RATATUI_FRAME,
    }
}

fn console<'p>(arguments: &'p [&'p str], crowd: &'p Crowd) -> Program<'p> {
    Program {
        path: Path::new(OURS),
        arguments,
        home: &crowd.home,
        frame_end: OUR_FRAME,
    }
}

fn first_frame(crowd: &Crowd) -> Pair {
    let path = floor("hello");
    let (floor, ours) = (
        hello(&path, crowd),
        console(&["--server", "127.0.0.1:1"], crowd),
    );
    let opened = |program: &Program<'_>| {
        let (terminal, took) = program.open();
        terminal.quit();
        took
    };
    Pair::measure(
        ("first frame, servers down", "hello world in ratatui"),
        Target::AtMost(1.5),
        40,
        || opened(&ours),
        || opened(&floor),
    )
}

fn key(crowd: &Crowd) -> Pair {
    let path = floor("hello");
    let (floor, ours) = (hello(&path, crowd), console(&["--offline"], crowd));
    let (mut floor, mut ours) = (floor.open().0, ours.open().0);
    ours.press("2");
    ours.until("100,000 users");
    ours.rest();
    let down = |terminal: &mut Terminal| terminal.press("j");
    let pair = Pair::measure(
        ("key to first byte, 100,000 users", "hello world in ratatui"),
        Target::AtMost(2.5),
        100,
        || down(&mut ours),
        || down(&mut floor),
    );
    ours.quit();
    floor.quit();
    pair
}

fn run(program: &Path, arguments: &[&OsStr], crowd: &Crowd) -> Duration {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", &crowd.home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    time(|| assert!(command.status().unwrap().success(), "{command:?}"))
}

fn list(crowd: &Crowd) -> Duration {
    let words = ["user", "ls", "--offline", "--json"].map(OsStr::new);
    run(Path::new(OURS), &words, crowd)
}

fn list_against_floor(crowd: &Crowd) -> Pair {
    let path = floor("read_all");
    Pair::measure(
        ("list 100,000 users", "read and decode"),
        Target::AtMost(1.3),
        9,
        || list(crowd),
        || run(&path, &[crowd.users.as_os_str()], crowd),
    )
}

fn list_against_nsc(crowd: &Crowd) -> Pair {
    let tools = Command::new("tests/tools/fetch").arg("go-tools").output();
    let folder = String::from_utf8(tools.unwrap().stdout).unwrap();
    let nsc = Path::new(folder.trim()).join("nsc");
    let words = ["list", "users", "-J", "-a", "ORDERS"].map(OsStr::new);
    Pair::measure(
        ("list 100,000 users", "nsc list users -J"),
        Target::Faster(15.0),
        2,
        || list(crowd),
        || run(&nsc, &words, crowd),
    )
}
