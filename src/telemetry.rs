//! What a process does about itself: a log file, a panic that says where and nothing else, no core dump. It logs no seeds, no
//! creds, no tokens and no raw events, because nobody hands it any.

use std::fs::{File, OpenOptions};
use std::io;
use std::panic;
use std::path::{Path, PathBuf};

use tracing_subscriber::filter::LevelFilter;

use crate::system;

/// Keeps what is in memory from a core file and from other processes of this user that are not its parents.
///
/// Limit: whoever is root reads it all the same, and pages can be swapped out.
pub fn seal() -> io::Result<()> {
    system::seal()
}

/// Where the log goes: a file that was named, else one in the state folder.
pub fn log_path(named: Option<&Path>, state: &Path) -> PathBuf {
    named.map_or_else(|| state.join("nats-oam.log"), Path::to_owned)
}

/// Writes a log from now on, one JSON object a line, for its owner alone. `verbosity`: 0 warnings, 1 what is done, more all.
pub fn start_log(path: &Path, verbosity: u8) -> io::Result<()> {
    let file = open_log(path)?;
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt()
        .json()
        .with_writer(file)
        .with_max_level(level);
    log.try_init().map_err(io::Error::other)
}

fn open_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        system::private_folders().create(folder)?;
    }
    let mut options = OpenOptions::new();
    system::private(options.create(true).append(true)).open(path)
}

/// A panic tells where it was, and never a value: a message may hold one.
pub fn quiet_panics(log: PathBuf) {
    panic::set_hook(Box::new(move |about| {
        let place = about
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "panic");
        let line = format!(
            "nats-oam failed at {place}; what was being done is in the record, more may be in {}\n",
            log.display()
        );
        // Nobody may be listening.
        let _ = io::Write::write_all(&mut io::stderr(), line.as_bytes());
    }));
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_is_for_its_owner_alone_and_goes_where_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = log_path(None, &folder.path().join("state"));

        let file = open_log(&path).unwrap();

        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(path, folder.path().join("state/nats-oam.log"));
        assert_eq!(
            log_path(Some(Path::new("/x")), folder.path()),
            Path::new("/x")
        );
    }
}
