//! The Unix side, with nothing of it left out.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::{Stop, Stranger, Told};

/// Makes folders, and what lies above them, for their owner alone.
pub fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// A file that is made so is its owner's alone.
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Who but us could have written a file.
pub fn stranger(about: &Metadata) -> Option<Stranger> {
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Some(Stranger::Owner);
    }
    (about.mode() & 0o022 != 0).then_some(Stranger::Mode(about.mode() & 0o777))
}

/// Keeps what is in memory from a core file and from other processes of this user that are not its parents.
///
/// Limit: whoever is root reads it all the same, and pages can be swapped out.
pub fn seal() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// The name of this machine.
pub fn host_name() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

/// Columns of the terminal that standard output is; none where it is no terminal.
pub fn terminal_width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(size.ws_col)
}

/// Stops until the shell continues us.
pub fn suspend() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(Signal::TSTP)?)
}

/// What Ctrl-C ends does not reach the process that is started so.
pub fn apart(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// Tells a process of ours something, by its own id.
pub fn tell(pid: u32, told: Told) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let signal = match told {
        Told::End => Signal::TERM,
        Told::EndAtOnce => Signal::KILL,
        Told::Freeze => Signal::STOP,
        Told::GoOn => Signal::CONT,
    };
    Ok(rustix::process::kill_process(pid, signal)?)
}

/// From now on these end the program no more. What is returned waits for the first of them.
pub fn stops(which: &[Stop]) -> io::Result<impl Future<Output = Stop> + Unpin + use<>> {
    let mut waiting = FuturesUnordered::new();
    for stop in which.iter().copied() {
        let mut told = signal(SignalKind::from_raw(stop.number()))?;
        waiting.push(async move {
            told.recv().await;
            stop
        });
    }
    Ok(Box::pin(async move {
        match waiting.next().await {
            Some(stop) => stop,
            None => std::future::pending().await,
        }
    }))
}

/// Whether writing failed because the terminal went away, which is often seen before the signal that says so.
pub fn is_hangup(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

/// Standard input past the buffer of the standard library.
pub fn unbuffered_stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_made_private_is_its_owners_alone_and_who_else_could_write_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, path) = (folder.path().join("a/b"), folder.path().join("a/b/file"));

        private_folders().create(&inside).unwrap();
        private(OpenOptions::new().write(true).create(true))
            .open(&path)
            .unwrap();

        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inside), mode(&path)), (0o700, 0o600));
        assert_eq!(stranger(&fs::metadata(&path).unwrap()), None);
        fs::set_permissions(&path, Permissions::from_mode(0o620)).unwrap();
        assert_eq!(
            stranger(&fs::metadata(&path).unwrap()),
            Some(Stranger::Mode(0o620))
        );
    }

    #[test]
    fn nobody_is_told_anything_by_a_number_that_is_no_process() {
        for pid in [0, u32::MAX] {
            let error = tell(pid, Told::End).unwrap_err();

            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{pid}");
        }
    }
}
