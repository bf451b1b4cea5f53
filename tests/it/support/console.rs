//! The console in a terminal of its own: keys go in, what stands on the screen comes out. It counts what was pressed.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::grammar::strangers;
use super::patience::{DEADLINE, looked_until};
use super::world::{Admin, World};

const SIZE: PtySize = PtySize {
    rows: 30,
    cols: 100,
    pixel_width: 0,
    pixel_height: 0,
};

/// A person reads a popup for so long at least; it takes no key before 300 ms.
const READING: Duration = Duration::from_millis(400);

/// Between two keys of a person; a key that comes again within 80 ms is held.
const TYPING: Duration = Duration::from_millis(100);

/// The process of a console.
pub type Running = Box<dyn Child + Send + Sync>;

/// A console that runs.
pub struct Console {
    child: Running,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
    written: Vec<u8>,
    /// Keys that were pressed; a paste is one.
    pub pressed: usize,
}

impl Console {
    /// Starts the program with these arguments, in a home, with nothing of the caller's own settings but what is given.
    pub fn start<A: AsRef<OsStr>>(
        arguments: &[A],
        home: &Path,
        variables: &[(&str, &OsStr)],
    ) -> Self {
        let (child, master) = spawn(arguments, home, variables);
        let mut reader = master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: master.take_writer().unwrap(),
            master,
            child,
            output,
            terminal: blank_terminal(),
            written: Vec::new(),
            pressed: 0,
        }
    }

    /// Starts it in the sandbox, at the home of somebody.
    pub fn of(admin: &Admin) -> Self {
        Self::of_with(admin, &[])
    }

    /// The same by the first server alone: a story that freezes another does not freeze the console's own.
    pub fn on_n1(admin: &Admin, world: &World) -> Self {
        let n1 = &world.description().servers[0].url;
        Self::of_with(admin, &["--server".as_ref(), n1.as_ref()])
    }

    fn of_with(admin: &Admin, more: &[&OsStr]) -> Self {
        let context = [OsStr::new("--context"), admin.context.as_os_str()];
        let folders = admin.folders();
        let folders = folders.each_ref().map(|(name, at)| (*name, at.as_os_str()));
        let arguments = [&context[..], more].concat();
        Self::start(&arguments, admin.home.path(), &folders)
    }

    /// Starts it, and takes its terminal away once that shows a text.
    pub fn cut_off<A: AsRef<OsStr>>(arguments: &[A], home: &Path, shows: &str) -> Running {
        let (child, master) = spawn(arguments, home, &[]);
        let mut reader = master.try_clone_reader().unwrap();
        let mut terminal = blank_terminal();
        let mut bytes = [0; 4096];
        // Who reads cannot wait with a deadline, and a reader on another thread would keep the terminal: the program is ended
        // instead, and then the reading.
        let (shown, is_shown) = channel::<()>();
        let mut killer = child.clone_killer();
        std::thread::spawn(move || match is_shown.recv_timeout(DEADLINE) {
            Err(RecvTimeoutError::Timeout) => drop(killer.kill()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {}
        });
        while !terminal.screen().contents().contains(shows) {
            let read = reader.read(&mut bytes).unwrap_or(0);
            let screen = terminal.screen().contents();
            assert!(read > 0, "waited in vain: {shows}:\n{screen}");
            terminal.process(&bytes[..read]);
        }
        drop(shown);
        child
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, is: impl Fn(&vt100::Screen) -> bool) {
        let start = Instant::now();
        while !is(self.terminal.screen()) {
            let left = DEADLINE.checked_sub(start.elapsed());
            let bytes = left.and_then(|left| self.output.recv_timeout(left).ok());
            let Some(bytes) = bytes else {
                panic!("{what}:\n{}", self.terminal.screen().contents());
            };
            self.terminal.process(&bytes);
            self.written.extend(bytes);
        }
    }

    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// How many bytes have come until now.
    pub fn bytes(&mut self) -> usize {
        while let Ok(bytes) = self.output.try_recv() {
            self.terminal.process(&bytes);
            self.written.extend(bytes);
        }
        self.written.len()
    }

    /// What stands on the screen, as far as it was waited for.
    pub fn screen(&self) -> String {
        self.terminal.screen().contents()
    }

    /// Presses one key: a letter, or the sequence that a terminal sends for it.
    pub fn press(&mut self, key: &str) {
        self.pressed += 1;
        self.send(key);
    }

    pub fn paste(&mut self, text: &str) {
        self.pressed += 1;
        // Terminals send Enter for the end of a line, in a paste too.
        let text = text.replace('\n', "\r");
        self.send(&format!("\u{1b}[200~{text}\u{1b}[201~"));
    }

    /// Waits for a question, reads it, and presses keys as a person does.
    #[track_caller]
    pub fn answer(&mut self, question: &str, keys: &str) {
        self.shows(question);
        self.look(READING);
        for key in keys.chars() {
            self.press(key.encode_utf8(&mut [0; 4]));
            self.look(TYPING);
        }
    }

    /// What a person lets pass between two keys; Esc and a letter right behind it would be one chord.
    pub fn pause(&mut self) {
        self.look(TYPING);
    }

    /// Looks at the screen for so long.
    fn look(&mut self, time: Duration) {
        let start = Instant::now();
        while let Some(left) = time.checked_sub(start.elapsed()) {
            if let Ok(bytes) = self.output.recv_timeout(left) {
                self.terminal.process(&bytes);
                self.written.extend(bytes);
            }
        }
    }

    fn send(&mut self, bytes: &str) {
        self.keys.write_all(bytes.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub fn pid(&self) -> rustix::process::Pid {
        let pid = self.child.process_id().unwrap().try_into().unwrap();
        rustix::process::Pid::from_raw(pid).unwrap()
    }

    /// Waits until it has ended, and gives its exit code and all that it wrote: nothing that strangers could have written.
    pub fn end(mut self) -> (u32, Vec<u8>) {
        let status = looked_until("it ends", || self.child.try_wait().unwrap());
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(1)) {
            self.written.extend(bytes);
        }
        // Not before all was read: whoever leaves the keyboard ends a line, and a terminal that was given back echoes it.
        drop((self.master, self.keys));
        let last = self.written.len().saturating_sub(400);
        let last = String::from_utf8_lossy(&self.written[last..]).into_owned();
        let code = status.exit_code();
        assert_eq!(
            strangers(&self.written),
            [""; 0],
            "{code}, at last {last:?}"
        );
        (code, self.written)
    }
}

/// The program in a terminal of its own.
fn spawn<A: AsRef<OsStr>>(
    arguments: &[A],
    home: &Path,
    variables: &[(&str, &OsStr)],
) -> (Running, Box<dyn MasterPty + Send>) {
    let pair = native_pty_system().openpty(SIZE).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_nats-oam"));
    command.args(arguments);
    command.env_clear();
    command.env("HOME", home);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("USER", "kim");
    for (name, value) in variables {
        command.env(name, value);
    }
    command.cwd(home);
    let child = pair.slave.spawn_command(command).unwrap();
    (child, pair.master)
}

fn blank_terminal() -> vt100::Parser {
    vt100::Parser::new(
        SIZE.rows.try_into().unwrap(),
        SIZE.cols.try_into().unwrap(),
        0,
    )
}
