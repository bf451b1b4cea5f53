//! What real servers decided, against what we say they do. Recorded verdicts are read from every fitting file of the folder that
//! `NATS_OAM_VERDICTS` names, by default the shared fixtures; no case is excused, and each file says how many agreed.

mod fresh;
mod permissions;
mod reach;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::files::{ends_in, shared};

/// The folder of recorded verdicts that somebody chose.
fn chosen() -> Option<PathBuf> {
    env::var_os("NATS_OAM_VERDICTS").map(PathBuf::from)
}

/// The verdict files whose names begin so, by name, with their lines. Only a chosen folder may have none.
fn files(prefix: &str) -> Vec<(String, Vec<String>)> {
    let found = files_in(&chosen().unwrap_or_else(recorded), prefix);
    if found.is_empty() {
        assert!(chosen().is_some(), "no {prefix}*.jsonl among the fixtures");
        tell(&format!("no {prefix}*.jsonl in the chosen folder"));
    }
    found
}

fn recorded() -> PathBuf {
    shared("fixtures/verdicts")
}

fn files_in(folder: &Path, prefix: &str) -> Vec<(String, Vec<String>)> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name.starts_with(prefix) && ends_in(name, "jsonl"))
        .collect();
    names.sort();
    let lines = |name: &String| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    names
        .iter()
        .map(|name| (name.clone(), lines(name)))
        .collect()
}

/// Says for whoever reads the run how many agreed.
fn tell(line: &str) {
    use std::io::Write as _;
    // Not `println!`, which the test runner swallows when the test passes.
    let _ = writeln!(std::io::stderr(), "verdicts: {line}"); // nobody may be listening
}
