//! The bottom line: what was just seen. The record keeps what it said, this does not.

use jiff::{SignedDuration, Timestamp};

use crate::tui::theme::Role;

/// How long a toast stays; one that says what went wrong stays until a key.
const STAYS: SignedDuration = SignedDuration::from_secs(6);

/// A sentence for a short time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub tone: Tone,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Why a key does nothing, or where one is.
    Word,
    /// Seen to be done.
    Done,
    /// Done, but look at it.
    Warning,
    Failure,
}

impl Toast {
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
        }
    }

    pub(super) fn ends_at(&self, said: Timestamp) -> Option<Timestamp> {
        match self.tone {
            Tone::Failure => None,
            Tone::Word | Tone::Done | Tone::Warning => said.checked_add(STAYS).ok(),
        }
    }
}

impl Tone {
    pub const fn role(self) -> Role {
        match self {
            Self::Word => Role::Muted,
            Self::Done => Role::Ok,
            Self::Warning => Role::Warn,
            Self::Failure => Role::Danger,
        }
    }
}
