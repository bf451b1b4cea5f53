//! The preview of an act, and the consent that it takes: `y`, or words to type. It applies nothing.
//!
//! ```text
//! ╭─ Revoke user ──────────────────────────────────────────────╮
//! │ revoke user worker in ORDERS                               │
//! │ steps    1 sign ORDERS: ..                                 │
//! │                                                            │
//! │ type 7KQ2 to confirm   9K_                                 │
//! │ reason   (tab; optional)                                   │
//! ╰───────────────────────── enter do it   tab reason   esc cancel ─╯
//! ```
//!
//! In a read-only context the consent lifts it for this act alone, and has to be typed also where `y` would do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::lifting;
use super::steady::Steady;
use crate::actions::action::Access;
use crate::actions::plan::{Approved, Consent, Plan, Preview};
use crate::actions::spec::{Direction, Level};
use crate::text::Text;
use crate::tui::keymap::Command;
use crate::tui::widgets::letters::Letters;
use crate::tui::widgets::scroll::Scroll;

/// Longer than any reason.
const LONGEST: usize = 512;

/// An act that waits for its consent.
#[derive(Clone, Debug)]
pub struct Consenting {
    pub(super) title: &'static str,
    pub(super) preview: Preview,
    /// Marked ones that the filter hides.
    pub(super) hidden: usize,
    pub(super) takes: Takes,
    pub(super) typed: Letters,
    pub(super) reason: Letters,
    pub(super) focus: Focus,
    pub(super) notice: Option<String>,
    /// Of the preview. How long that is, only the screen knows.
    pub(super) scroll: Scroll,
    steady: Steady,
}

/// What consent takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `y`
    Press,
    /// These words, and Enter.
    Words(String),
}

/// Where letters go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Consent,
    Reason,
}

/// What a key made of it.
#[derive(Debug)]
pub enum Given {
    NotYet,
    Cancelled,
    Consent(Box<Approved>),
}

impl Consenting {
    /// Asks for consent to an act; the reason why it cannot be given where it cannot.
    pub fn new(
        title: &'static str,
        preview: Preview,
        hidden: usize,
        access: Access,
        now: Timestamp,
    ) -> Result<Self, String> {
        let takes = takes(preview.plan(), access)?;
        Ok(Self {
            title,
            preview,
            hidden,
            takes,
            typed: Letters::new("", LONGEST),
            reason: Letters::new("", LONGEST),
            focus: Focus::Consent,
            notice: None,
            scroll: Scroll::default(),
            steady: Steady::new(now),
        })
    }

    pub const fn title(&self) -> &'static str {
        self.title
    }

    pub fn plan(&self) -> &Plan {
        self.preview.plan()
    }

    /// Whether it is asked for in a read-only context too.
    pub(in crate::tui) fn holds_read_only(&self) -> bool {
        takes(self.plan(), Access::ReadOnly).is_ok_and(|takes| takes == self.takes)
    }

    /// Whether the next key may be the consent.
    pub(in crate::tui) fn takes_a_letter(&self) -> bool {
        self.takes == Takes::Press && self.focus == Focus::Consent
    }

    /// The terminal came to the front.
    pub(in crate::tui) fn look_again(&mut self, now: Timestamp) {
        self.steady.look_again(now);
    }

    /// Takes a key. Esc cancels at once; every other has to be meant.
    pub(in crate::tui) fn key(&mut self, key: KeyEvent, now: Timestamp) -> Given {
        if key.code == KeyCode::Esc {
            return Given::Cancelled;
        }
        if !self.steady.is_meant(key, now) {
            return Given::NotYet;
        }
        self.notice = None;
        match (key.code, self.focus) {
            (KeyCode::Tab | KeyCode::BackTab, Focus::Consent) => self.focus = Focus::Reason,
            (KeyCode::Tab | KeyCode::BackTab, Focus::Reason) => self.focus = Focus::Consent,
            (KeyCode::Down, _) => self.go(Command::Down),
            (KeyCode::Up, _) => self.go(Command::Up),
            (KeyCode::PageDown, _) => self.go(Command::PageDown),
            (KeyCode::PageUp, _) => self.go(Command::PageUp),
            (KeyCode::Enter, _) => return self.entered(),
            (_, Focus::Reason) => self.reason.key(key),
            (KeyCode::Char('y'), Focus::Consent)
                if self.takes == Takes::Press && key.modifiers == KeyModifiers::NONE =>
            {
                return self.given();
            }
            (_, Focus::Consent) if self.takes != Takes::Press => self.typed.key(key),
            _ => {} // crossterm's own: keys that mean nothing here
        }
        Given::NotYet
    }

    pub(in crate::tui) fn tell(&mut self, notice: &str) {
        self.notice = Some(notice.to_owned());
    }

    /// What is pasted is a reason at most: it never confirms.
    pub(in crate::tui) fn paste(&mut self, text: &str) {
        if self.focus == Focus::Consent {
            self.tell("what is pasted does not confirm: type it");
            return;
        }
        self.reason.paste(text);
    }

    fn go(&mut self, command: Command) {
        self.scroll.command(command, (usize::MAX, PAGE));
    }

    fn entered(&mut self) -> Given {
        match &self.takes {
            Takes::Press => {
                self.focus = Focus::Consent;
                self.notice = Some("press y".to_owned());
                Given::NotYet
            }
            Takes::Words(words) if self.typed.text() == words => self.given(),
            Takes::Words(words) => {
                self.focus = Focus::Consent;
                self.notice = Some(format!("that is not {words}"));
                Given::NotYet
            }
        }
    }

    fn given(&mut self) -> Given {
        let reason = self.reason.text().trim();
        let consent = Consent {
            yes: self.plan().level <= Level::Yes,
            typed: Some(self.typed.text().to_owned()),
            reason: (!reason.is_empty()).then(|| Text::from(reason)),
            ticket: None,
        };
        match self.preview.clone().approve(consent) {
            Ok(approved) => Given::Consent(Box::new(approved)),
            Err(refusal) => {
                self.notice = Some(refusal.to_string());
                Given::NotYet
            }
        }
    }
}

/// Lines that a page key moves.
const PAGE: usize = 8;

/// What a plan takes here.
fn takes(plan: &Plan, access: Access) -> Result<Takes, String> {
    let replaces_revoked = plan.action == "user.reissue" && plan.level <= Level::Yes;
    let may_lift = plan.direction == Direction::Narrows || replaces_revoked;
    match (access, plan.level) {
        (Access::ReadOnly, _) if !may_lift => Err(lifting::way()),
        (_, Level::Tail | Level::Name) => Ok(Takes::Words(plan.confirm.clone())),
        (Access::Write, Level::Free | Level::Yes) => Ok(Takes::Press),
        (Access::ReadOnly, Level::Free | Level::Yes) => Ok(Takes::Words(lifting_words(plan))),
    }
}

/// What is typed where the plan itself asks for nothing: the word of the act.
fn lifting_words(plan: &Plan) -> String {
    let (_, verb) = plan.action.split_once('.').unwrap_or_default();
    verb.to_owned()
}
