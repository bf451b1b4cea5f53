//! The side of systems that are no Unix: what they have no word for is an error, or said to be left to the person.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::process::Command;

use super::{Stop, Stranger, Told};

fn cannot<T>(what: &'static str) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, what))
}

/// Makes folders, and what lies above them. Who may enter is as the folder above says: the system gives a home to its owner.
pub fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    builder
}

/// Who may read the file is as its folder says.
pub const fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Not known here: who may write a file stands in lists that are not read. A folder of settings is trusted as it is.
pub const fn stranger(_: &Metadata) -> Option<Stranger> {
    None
}

pub fn seal() -> io::Result<()> {
    cannot("this program does not know how on this system")
}

/// The name of this machine, as its environment has it.
pub fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "unknown".to_owned())
}

/// Not asked for here: `COLUMNS` says it.
pub const fn terminal_width() -> Option<u16> {
    None
}

pub fn suspend() -> io::Result<()> {
    cannot("no program is suspended on this system")
}

/// Nothing is done: Ctrl-C reaches the process too.
pub const fn apart(command: &mut Command) -> &mut Command {
    command
}

pub fn tell(_: u32, _: Told) -> io::Result<()> {
    cannot("no process is told anything on this system")
}

/// Waits for Ctrl-C, which is all that comes here.
pub fn stops(which: &[Stop]) -> io::Result<impl Future<Output = Stop> + Unpin + use<>> {
    let hears_interrupts = which.contains(&Stop::Interrupt);
    Ok(Box::pin(async move {
        if hears_interrupts && tokio::signal::ctrl_c().await.is_ok() {
            return Stop::Interrupt;
        }
        std::future::pending().await
    }))
}

/// Not known here.
pub const fn is_hangup(_: &io::Error) -> bool {
    false
}

/// Standard input past the buffer of the standard library.
#[cfg(windows)]
pub fn unbuffered_stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

#[cfg(not(windows))]
pub fn unbuffered_stdin() -> io::Result<File> {
    cannot("standard input is not read on this system")
}
