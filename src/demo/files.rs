//! Files of the sandbox, for their owner alone, as nsc writes them: no newline at the end.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::DemoError;
use crate::system;

/// Makes a folder and what lies above it.
pub(super) fn private_folder(path: &Path) -> Result<(), DemoError> {
    Ok(system::private_folders().create(path)?)
}

/// Writes a file anew, with the folder that it lies in.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), DemoError> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = system::private(&mut options).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// The last lines of a log, for a message.
pub(super) fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let tail: Vec<&str> = text.lines().rev().take(lines).collect();
    tail.into_iter().rev().collect::<Vec<_>>().join(" / ")
}
