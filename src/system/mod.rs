//! What systems do differently: whose a file is, what a process is told and may be told, what is asked of the terminal. It knows
//! Unix; of another system it says what it cannot do there, and pretends nothing. Files of a store and of the record are theirs.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::*;
#[cfg(unix)]
pub use unix::*;

/// Who but its owner could have written a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// It belongs to somebody else.
    Owner,
    /// Its mode lets others write it.
    Mode(u32),
}

/// What ends a program that is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Terminate,
    Hangup,
    Interrupt,
    Quit,
}

impl Stop {
    /// The number of its signal (POSIX), which shells add to 128.
    pub const fn number(self) -> i32 {
        match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Quit => 3,
            Self::Terminate => 15,
        }
    }
}

/// What another process is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    End,
    EndAtOnce,
    Freeze,
    GoOn,
}
