//! What `permissions` says against what real servers let through: every line of every file, no case excused.

mod reach;

use std::path::{Path, PathBuf};

/// Says how many of a file agreed; what is wrong is said by the caller.
#[expect(clippy::print_stdout, reason = "the numbers are what the run is for")]
fn tell(name: &str, agreed: usize, of: usize) {
    println!("{name}: {agreed} of {of} agree");
}

/// Every file of the verdicts whose name begins so, with its lines. `NATS_OAM_VERDICTS` names the folder.
fn files(prefix: &str) -> Vec<(String, Vec<String>)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = || std::env::var_os("NATS_OAM_SHARED").map_or_else(beside, PathBuf::from);
    let folder = std::env::var_os("NATS_OAM_VERDICTS")
        .map_or_else(|| shared().join("fixtures/verdicts"), PathBuf::from);
    let mut found: Vec<(String, Vec<String>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            let is_wanted = name.starts_with(prefix) && path.extension()? == "jsonl";
            let read = || std::fs::read_to_string(&path).unwrap();
            is_wanted.then(|| (name, read().lines().map(str::to_owned).collect()))
        })
        .collect();
    found.sort();
    found
}
