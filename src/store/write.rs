//! Writes one small file so that readers see the old one or the new one, and a power cut leaves one of the two. It decides
//! nothing about what is written or whether it may be.
//!
//! ```text
//! .oam-XXXX (0600) -> write -> fsync -> rename over NAME.jwt -> fsync of the directory
//! ```
//!
//! The temporary file lies beside its target: the same file system, and neither nsc nor `nats auth` takes it for anything,
//! since it has none of their suffixes. The lock is on nsc's own `.nsc`, so that no file of ours lies in its tree.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::StoreError;
use super::tree::TEMPORARY;
use crate::text::Text;

/// How long another writer is waited for. A write takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// What may be at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Anything: it is replaced.
    Anything,
    /// Nothing: what is there stays, and the write fails with `Taken`.
    Nothing,
}

/// Writes the file with mode 0600, no byte more than `content`.
pub(super) fn write_file(path: &Path, content: &[u8], over: Over) -> Result<(), StoreError> {
    // A bare name has a parent, which is empty.
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = parent.unwrap_or(Path::new("."));
    let failed = |error: &io::Error| not_written(path, error);
    // Renaming over a link would put a file in its place and leave the old token where the link led.
    if path
        .symlink_metadata()
        .is_ok_and(|at| at.file_type().is_symlink())
    {
        return Err(StoreError::NotWritten {
            place: shown(path),
            why: "it is a link".into(),
        });
    }
    let mut temporary = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempfile_in(directory)
        .map_err(|error| failed(&error))?;
    temporary
        .write_all(content)
        .map_err(|error| failed(&error))?;
    temporary
        .as_file()
        .sync_all()
        .map_err(|error| failed(&error))?;
    match over {
        Over::Anything => temporary.persist(path),
        Over::Nothing => temporary.persist_noclobber(path),
    }
    .map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Taken { place: shown(path) },
        _ => failed(&error.error),
    })?;
    sync_directory(directory)
}

/// Makes a directory with one file in it, both at once: nsc refuses to work beside an account's directory without a token.
pub(super) fn write_directory(
    within: &Path,
    target: &Path,
    file: &str,
    content: &[u8],
) -> Result<(), StoreError> {
    let failed = |error: &io::Error| not_written(target, error);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let temporary = builder
        .prefix(TEMPORARY)
        .tempdir_in(within)
        .map_err(|error| failed(&error))?;
    write_file(&temporary.path().join(file), content, Over::Nothing)?;
    fs::rename(temporary.path(), target).map_err(|error| match error.kind() {
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => StoreError::Taken {
            place: shown(target),
        },
        _ => failed(&error),
    })?;
    sync_directory(target.parent().unwrap_or(within))
}

/// Makes directories that are missing, with mode 0700.
pub(super) fn make_directories(path: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| not_written(path, &error))
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    File::open(directory)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| StoreError::NotSynced {
            place: shown(directory),
            why: error.to_string().into(),
        })
}

/// Directories cannot be opened there; a rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Keeps other writers of ours out while it lives. nsc knows no locks: what it does meanwhile is seen by the base revision.
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file ends the lock")] File);

impl Lock {
    /// Locks a file that exists, waiting for others.
    pub(super) fn on(path: &Path) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| not_written(path, &error))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Busy { place: shown(path) });
                }
                Err(TryLockError::Error(error)) => return Err(not_written(path, &error)),
            }
        }
    }
}

/// Removes what a crash of ours left in a directory. Only the holder of the lock may: nobody else is writing there.
pub(super) fn sweep(_held: &Lock, directory: &Path) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries {
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(TEMPORARY.as_bytes())
        {
            // What cannot be removed stays hidden and harms nobody.
            let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
        }
    }
}

pub(super) fn not_written(path: &Path, error: &io::Error) -> StoreError {
    StoreError::NotWritten {
        place: shown(path),
        why: error.to_string().into(),
    }
}

pub(super) fn shown(path: &Path) -> Text {
    path.to_string_lossy().as_ref().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jwt");

        write_file(&path, b"old and long", Over::Nothing).unwrap();
        write_file(&path, b"new", Over::Anything).unwrap();

        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["a.jwt"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_there_is_not_overwritten_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jwt");
        fs::write(&path, "theirs").unwrap();

        let error = write_file(&path, b"ours", Over::Nothing).unwrap_err();

        assert!(matches!(error, StoreError::Taken { .. }));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(names(dir.path()), ["a.jwt"]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_gives_an_error_that_says_that_nothing_changed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();

        for path in [
            dir.path().join("file/a.jwt"),
            dir.path().join("none/a.jwt"),
            "/proc/self/a.jwt".into(),
        ] {
            let error = write_file(&path, b"x", Over::Anything).unwrap_err();
            assert!(
                error.to_string().ends_with("nothing was changed"),
                "{error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("a.jwt"));
        fs::write(&target, "x").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();

        assert!(write_file(&link, b"new", Over::Anything).is_err());

        assert_eq!(fs::read(&target).unwrap(), b"x");
    }

    #[test]
    fn a_directory_comes_with_its_file_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("A");

        write_directory(dir.path(), &target, "A.jwt", b"x").unwrap();
        let again = write_directory(dir.path(), &target, "A.jwt", b"y");

        assert!(matches!(again, Err(StoreError::Taken { .. })));
        assert_eq!(fs::read(target.join("A.jwt")).unwrap(), b"x");
        assert_eq!(names(dir.path()), ["A"]);
    }

    #[test]
    fn the_holder_of_the_lock_sweeps_what_a_crash_left() {
        let dir = tempfile::tempdir().unwrap();
        let marker = dir.path().join(".nsc");
        for name in [".nsc", ".oam-dead", "a.jwt"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }

        sweep(&Lock::on(&marker).unwrap(), dir.path());

        assert_eq!(names(dir.path()), [".nsc", "a.jwt"]);
    }

    #[test]
    fn two_writers_wait_for_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let (marker, counter) = (dir.path().join(".nsc"), dir.path().join("counter"));
        fs::write(&marker, "x").unwrap();
        fs::write(&counter, "0").unwrap();
        let add = || {
            for _ in 0..20 {
                let _lock = Lock::on(&marker).unwrap();
                let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                write_file(&counter, (count + 1).to_string().as_bytes(), Over::Anything).unwrap();
            }
        };

        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(add);
            }
        });

        assert_eq!(fs::read_to_string(&counter).unwrap(), "60");
    }
}
