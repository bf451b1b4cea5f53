//! Reads one small file from a place where others write: a regular file of at most 1 MiB, or the reason why not.
//! It never waits: what is not a regular file is not opened, and a race that swaps one in cannot block. It does not look
//! inside.

use std::ffi::OsStr;
use std::fs::{File, FileType};
use std::io::{self, Read};
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroize as _;

use crate::inventory::Problem;

/// Bytes of the longest token that the NATS libraries decode (jwt `v2/decoder.go`); nothing in a store is longer.
pub(super) const LIMIT: usize = 1 << 20;

/// Most files of a store fit into the first read, so three system calls are enough: open, read, close.
const FIRST_READ: usize = 16 * 1024;

/// A buffer that is used again for every file of a walk.
pub(super) struct Reader {
    buffer: Vec<u8>,
    /// Where symbolic links may lead: below this directory.
    root: PathBuf,
}

impl Reader {
    /// Reads files below `root`; a symbolic link that leads elsewhere is a finding, not a file.
    pub(super) fn below(root: &Path) -> Self {
        Self {
            buffer: vec![0; FIRST_READ],
            root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
        }
    }

    /// The bytes of a file whose type nobody has looked at yet.
    pub(super) fn read(&mut self, path: &Path) -> Result<&[u8], Problem> {
        let kind = path.symlink_metadata().map_err(|e| unreadable(&e))?;
        self.read_as(path, kind.file_type())
    }

    /// The bytes of a file, given what its directory says that it is.
    pub(super) fn read_as(&mut self, path: &Path, kind: FileType) -> Result<&[u8], Problem> {
        if kind.is_symlink() {
            let target = follow(&self.root, path)?;
            return self.fill(&target);
        }
        regular(kind)?;
        self.fill(path)
    }

    /// The same for a file of a directory that is held open.
    pub(super) fn read_in(
        &mut self,
        folder: &Folder,
        name: &OsStr,
        kind: FileType,
    ) -> Result<&[u8], Problem> {
        if kind.is_symlink() {
            return self.read_as(&folder.path.join(name), kind);
        }
        regular(kind)?;
        self.take(folder.open_file(name))
    }

    /// Whether a directory may be listed: a link to one counts only if it stays below `root`.
    pub(super) fn may_list(&self, directory: &Path) -> Result<(), Problem> {
        let at = directory.symlink_metadata().map_err(|e| unreadable(&e))?;
        is_directory(&self.root, directory, at.file_type()).map(drop)
    }

    fn fill(&mut self, path: &Path) -> Result<&[u8], Problem> {
        self.take(open(path))
    }

    fn take(&mut self, file: io::Result<File>) -> Result<&[u8], Problem> {
        let file = file.map_err(|e| unreadable(&e))?;
        let length = read_up_to_limit(file, &mut self.buffer).map_err(|e| unreadable(&e))?;
        match self.buffer.get(..length) {
            None => Err(Problem::TooLarge),
            Some(read) if read.iter().all(u8::is_ascii_whitespace) => Err(Problem::Empty),
            Some(read) => Ok(read),
        }
    }
}

/// Contexts pass through here as well, and may hold secrets.
impl Drop for Reader {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

/// How many bytes were read; more than the buffer holds means that the file is longer than the limit.
fn read_up_to_limit(mut file: File, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) else {
            if length > LIMIT {
                return Ok(usize::MAX);
            }
            buffer.resize((length * 4).min(LIMIT + 1), 0);
            continue;
        };
        let room = rest.len();
        match file.read(rest) {
            // A regular file gives less than was asked for only at its end.
            Ok(read) if read < room => return Ok(length + read),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A directory that is held open: the way to it is walked once, not for each of its files.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    #[cfg(unix)]
    handle: OwnedFd,
}

#[cfg(unix)]
impl Folder {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(&path, flags, Mode::empty())?;
        Ok(Self { path, handle })
    }

    fn open_file(&self, name: &OsStr) -> io::Result<File> {
        Ok(rustix::fs::openat(&self.handle, name, FOR_READING, Mode::empty())?.into())
    }
}

#[cfg(not(unix))]
impl Folder {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        Ok(Self { path })
    }

    fn open_file(&self, name: &OsStr) -> io::Result<File> {
        open(&self.path.join(name))
    }
}

/// Without following a last link, and without waiting for the other end of a pipe.
#[cfg(unix)]
const FOR_READING: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    Ok(rustix::fs::open(path, FOR_READING, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Where a link leads, if that is a regular file below `root`.
fn follow(root: &Path, path: &Path) -> Result<PathBuf, Problem> {
    let target = path.canonicalize().map_err(|e| unreadable(&e))?;
    if !target.starts_with(root) {
        return Err(Problem::LeadsOut);
    }
    regular(target.metadata().map_err(|e| unreadable(&e))?.file_type())?;
    Ok(target)
}

/// Whether a directory entry is a directory of the store itself: links count if they stay below `root`.
pub(super) fn is_directory(root: &Path, path: &Path, kind: FileType) -> Result<bool, Problem> {
    if !kind.is_symlink() {
        return Ok(kind.is_dir());
    }
    let target = path.canonicalize().map_err(|e| unreadable(&e))?;
    if !target.starts_with(root) {
        return Err(Problem::LeadsOut);
    }
    Ok(target.is_dir())
}

fn regular(kind: FileType) -> Result<(), Problem> {
    if kind.is_file() {
        Ok(())
    } else {
        Err(Problem::NotAFile)
    }
}

pub(super) fn unreadable(error: &io::Error) -> Problem {
    Problem::Unreadable {
        why: error.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(content: &[u8]) -> Result<Vec<u8>, Problem> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jwt");
        fs::write(&path, content).unwrap();
        Reader::below(dir.path()).read(&path).map(<[u8]>::to_vec)
    }

    #[test]
    fn a_file_of_any_length_up_to_the_limit_is_read_whole() {
        for length in [
            1,
            FIRST_READ - 1,
            FIRST_READ,
            FIRST_READ + 1,
            LIMIT - 1,
            LIMIT,
        ] {
            assert_eq!(read(&vec![b'x'; length]).unwrap().len(), length);
        }
        assert_eq!(read(&vec![b'x'; LIMIT + 1]), Err(Problem::TooLarge));
        assert_eq!(read(&vec![b'x'; 3 * LIMIT]), Err(Problem::TooLarge));
        assert_eq!(read(b" \r\n"), Err(Problem::Empty));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn links_out_of_the_store_pipes_and_directories_are_not_opened() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::os::unix::fs::symlink(outside.path().join("secret"), at("out.jwt")).unwrap();
        fs::write(at("real"), "token").unwrap();
        std::os::unix::fs::symlink(at("real"), at("in.jwt")).unwrap();
        std::os::unix::fs::symlink(at("loop.jwt"), at("loop.jwt")).unwrap();
        fs::create_dir(at("dir.jwt")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe.jwt"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let mut reader = Reader::below(dir.path());

        assert_eq!(reader.read(&at("in.jwt")), Ok(b"token".as_slice()));
        assert_eq!(reader.read(&at("out.jwt")), Err(Problem::LeadsOut));
        assert_eq!(reader.read(&at("pipe.jwt")), Err(Problem::NotAFile));
        assert_eq!(reader.read(&at("dir.jwt")), Err(Problem::NotAFile));
        assert!(matches!(
            reader.read(&at("loop.jwt")),
            Err(Problem::Unreadable { .. })
        ));
        assert!(matches!(
            reader.read(&at("none.jwt")),
            Err(Problem::Unreadable { .. })
        ));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_that_takes_the_place_of_a_file_does_not_hang() {
        let dir = tempfile::tempdir().unwrap();
        let (file, pipe) = (dir.path().join("a.jwt"), dir.path().join("b.jwt"));
        fs::write(&file, "x").unwrap();
        let kind = file.symlink_metadata().unwrap().file_type();
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();

        let read = Reader::below(dir.path())
            .read_as(&pipe, kind)
            .map(<[u8]>::to_vec);

        assert_eq!(read, Err(Problem::Empty));
    }
}
