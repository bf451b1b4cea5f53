//! The terminal's modes: entered together, and left on every way out, whether the screen ends, panics or is told to stop.
//!
//! | mode | why |
//! | --- | --- |
//! | raw | keys come one by one, and none is shown |
//! | alternate screen | what was there before comes back |
//! | bracketed paste | what is pasted is told from what is typed |
//! | focus | a popup ignores keys just after the terminal comes to the front |
//! | mouse | only where the settings ask for it |
//! | keys that say when they are held | only while a popup waits for one letter |
//!
//! No mode is asked for first: a terminal that does not know one leaves it, and an answer that does not come would have to be
//! waited for while keys are typed.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crate::system;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::layout::Size;

/// Whether clicks come as events, or stay with the terminal for selecting text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    Ours,
    Terminals,
}

/// How the terminal tells keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// As letters: one that is held looks like one that is pressed again.
    Letters,
    /// As events, where the terminal speaks the kitty keyboard protocol. Letters that take several keys are lost by it.
    Events,
}

/// That of the kitty keyboard protocol with which also letters and Enter say that they are held.
const EVENTS: KeyboardEnhancementFlags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
    .union(KeyboardEnhancementFlags::REPORT_EVENT_TYPES)
    .union(KeyboardEnhancementFlags::REPORT_ALL_KEYS_AS_ESCAPE_CODES);

/// Whether keys are told as events right now.
static TOLD: AtomicBool = AtomicBool::new(false);

/// Whether the modes are ours right now: they are left once.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// The modes, for as long as it lives.
pub struct Modes {
    mouse: Mouse,
}

/// Whether there is a screen to draw on and keys to read.
pub fn is_there() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

impl Modes {
    /// Enters them, and sees to it that a panic of this thread leaves them before it is told.
    pub fn enter(mouse: Mouse) -> io::Result<Self> {
        restore_on_panic(thread::current().id());
        let modes = Self { mouse };
        modes.take()?;
        Ok(modes)
    }

    fn take(&self) -> io::Result<()> {
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        let mut out = io::stdout();
        queue!(
            out,
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
            Hide
        )?;
        if self.mouse == Mouse::Ours {
            queue!(out, EnableMouseCapture)?;
        }
        out.flush()
    }

    /// Takes clicks, or leaves them to the terminal.
    pub fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        self.mouse = mouse;
        let mut out = io::stdout();
        match mouse {
            Mouse::Ours => execute!(out, EnableMouseCapture),
            Mouse::Terminals => execute!(out, DisableMouseCapture),
        }
    }

    /// Changes how keys are told, if they are told otherwise.
    pub fn set_keys(&mut self, keys: Keys) -> io::Result<()> {
        let wanted = keys == Keys::Events && !is_kernels();
        if TOLD.swap(wanted, Ordering::SeqCst) == wanted {
            return Ok(());
        }
        let mut out = io::stdout();
        if wanted {
            execute!(out, PushKeyboardEnhancementFlags(EVENTS))
        } else {
            execute!(out, PopKeyboardEnhancementFlags)
        }
    }

    /// Gives the terminal back to the shell, and takes it again when the shell continues us.
    pub fn suspend(&self) -> io::Result<Size> {
        leave();
        let suspended = system::suspend();
        self.take()?;
        suspended?;
        size()
    }
}

/// The console of a kernel, which prints the digits of a mode that it does not know.
fn is_kernels() -> bool {
    std::env::var("TERM").is_ok_and(|term| term == "linux")
}

/// The size of the terminal, in cells.
pub fn size() -> io::Result<Size> {
    let (width, height) = crossterm::terminal::size()?;
    Ok(Size { width, height })
}

impl Drop for Modes {
    fn drop(&mut self) {
        leave();
    }
}

/// Leaves all modes, the last entered first. What cannot be written any more has nobody to be told to.
fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    if TOLD.swap(false, Ordering::SeqCst) {
        let _ = queue!(out, PopKeyboardEnhancementFlags);
    }
    let _ = execute!(
        out,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

/// A panic of the screen's thread is reported on a restored terminal. One of another thread is not printed over the screen:
/// the task that panicked is told as failed.
fn restore_on_panic(screen: ThreadId) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == screen {
                leave();
            }
            if !ENTERED.load(Ordering::SeqCst) {
                report(panic);
            }
        }));
    });
}
