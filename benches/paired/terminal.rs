//! A program in a terminal, from outside: when the first frame has come, and how long a key takes to be answered.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const SIZE: PtySize = PtySize {
    rows: 60,
    cols: 200,
    pixel_width: 0,
    pixel_height: 0,
};

/// A program, and what ends each of its frames.
pub struct Program<'p> {
    pub path: &'p Path,
    pub arguments: &'p [&'p str],
    pub home: &'p Path,
    pub frame_end: &'static str,
}

/// Nothing here takes so long.
const DEADLINE: Duration = Duration::from_mins(1);

/// After so long without a byte, a frame was the last.
const QUIET: Duration = Duration::from_millis(40);

pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    /// What came, and when.
    output: Receiver<(Instant, Vec<u8>)>,
    keys: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
}

impl Program<'_> {
    /// Starts it. How long it took to the end of its first frame.
    pub fn open(&self) -> (Terminal, Duration) {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(self.path);
        command.args(self.arguments);
        command.env_clear();
        command.env("HOME", self.home);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LANG", "C.UTF-8");
        command.cwd(self.home);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut part = [0; 4_096];
            while let Ok(read @ 1..) = reader.read(&mut part) {
                if sender
                    .send((Instant::now(), part[..read].to_vec()))
                    .is_err()
                {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        let begin = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        let mut terminal = Terminal {
            child,
            output,
            keys,
            _master: pair.master,
        };
        let end = terminal.until(self.frame_end);
        (terminal, end - begin)
    }
}

impl Terminal {
    /// Waits until this has come, and says when that was.
    pub fn until(&mut self, wanted: &str) -> Instant {
        let mut seen = Vec::new();
        loop {
            let Ok((at, part)) = self.output.recv_timeout(DEADLINE) else {
                panic!("{wanted}: {}", String::from_utf8_lossy(&seen));
            };
            seen.extend(part);
            if seen.windows(wanted.len()).any(|at| at == wanted.as_bytes()) {
                return at;
            }
        }
    }

    /// Waits until nothing comes any more.
    pub fn rest(&mut self) {
        while self.output.recv_timeout(QUIET).is_ok() {}
    }

    /// Presses a key. How long it takes until the first byte comes; then nothing is left of its frames.
    pub fn press(&mut self, key: &str) -> Duration {
        let begin = Instant::now();
        self.keys.write_all(key.as_bytes()).unwrap();
        let (at, _) = self.output.recv_timeout(DEADLINE).unwrap();
        self.rest();
        at - begin
    }

    /// Leaves it.
    pub fn quit(mut self) {
        self.keys.write_all(b"q").unwrap();
        while self.output.recv_timeout(DEADLINE) != Err(RecvTimeoutError::Disconnected) {}
        self.child.wait().unwrap();
    }
}
