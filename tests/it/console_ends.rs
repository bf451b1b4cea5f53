//! However the sandbox's face ends, nothing of the sandbox stays: no process, no file.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::support::console::Console;
use crate::support::patience::tried_until;
use crate::support::skip::needs;
use crate::support::tools::Tool;

/// A home and a folder for what is temporary, both empty but for what the sandbox is given.
struct Place {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Place {
    fn new() -> Option<Self> {
        let tools = needs(&[Tool::NatsServer])?;
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp", "bin"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let server = tools.path(Tool::NatsServer);
        std::os::unix::fs::symlink(server, folder.path().join("bin/nats-server")).unwrap();
        let program = env!("CARGO_BIN_EXE_nats-oam").into();
        Some(Self { folder, program })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.at("home"))
            .env("TMPDIR", self.at("tmp"))
            .env("PATH", self.at("bin"))
            .env("USER", "kim")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    /// The processes that have this place on their command line or in their environment.
    fn processes(&self) -> BTreeSet<String> {
        let here = self.folder.path().to_str().unwrap().as_bytes();
        let is_of_here = |process: &Path| {
            ["cmdline", "environ"].iter().any(|name| {
                let read = fs::read(process.join(name)).unwrap_or_default();
                read.windows(here.len()).any(|window| window == here)
            })
        };
        let all = fs::read_dir("/proc")
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let of_here =
            all.filter(|process| process.join("cmdline").is_file() && is_of_here(process));
        of_here
            .map(|process| process.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for name in ["home", "tmp"] {
            add(&self.at(name), &mut files);
        }
        files
    }

    /// Waits until nothing is left; the servers are given the time that they need to end.
    #[track_caller]
    fn is_empty_in_the_end(&self) {
        tried_until("nothing of it is left", || {
            match (self.processes(), self.files()) {
                (processes, files) if processes.is_empty() && files.is_empty() => Ok(()),
                left => Err(left),
            }
        });
    }
}

fn add(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        add(&path, files);
        files.push(path);
    }
}

#[test]
fn of_a_console_that_is_killed_no_process_and_no_file_stays() {
    let Some(place) = Place::new() else { return };
    let (tmp, path) = (place.at("tmp"), place.at("bin"));
    let variables: [(&str, &OsStr); 2] = [("TMPDIR", tmp.as_os_str()), ("PATH", path.as_os_str())];
    let mut console = Console::start(&["demo"], &place.at("home"), &variables);
    console.shows("3 of 3 servers");
    assert!(
        place.processes().len() >= 5,
        "console, supervisor, servers: {:?}",
        place.processes()
    );
    assert!(!place.files().is_empty());

    kill_process(console.pid(), Signal::KILL).unwrap();

    console.end();
    place.is_empty_in_the_end();
}

#[test]
fn of_a_sandbox_without_a_screen_that_is_told_to_end_nothing_stays() {
    let Some(place) = Place::new() else { return };
    let mut child = place
        .command(&["demo", "--no-screen", "--json"])
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        ready["item"]["servers"].as_array().unwrap().len(),
        3,
        "{ready}"
    );

    let pid = rustix::process::Pid::from_child(&child);
    kill_process(pid, Signal::TERM).unwrap();

    assert!(child.wait().unwrap().success());
    place.is_empty_in_the_end();
}

#[test]
fn a_sandbox_that_checks_itself_leaves_nothing() {
    let Some(place) = Place::new() else { return };

    let output = place
        .command(&["demo", "--check", "--json"])
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    place.is_empty_in_the_end();
}
