//! All state of the screen, with one owner: the event loop. It does no I/O, reads no clock and spawns nothing.
//!
//! ```text
//! Msg ──> update(&mut App, Msg, now) ──> effects, performed elsewhere; their answers are messages again
//! App ──> render(&App, &mut Buffer, now) ──> Painted, which the next update reads
//! ```

mod acting;
pub mod acts;
mod choices;
mod explaining;
mod line;
pub mod live;
pub mod model;
pub mod msg;
pub mod names;
mod paste;
mod render;
pub mod seen;
pub mod toast;
mod told;
mod update;
mod visited;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

pub use self::render::{LEAST, render};
pub use self::update::update;

use self::acting::Acting;
use self::line::FilterLine;
use self::model::{Model, World};
use self::msg::{Effect, Interest, JobId, Slot};
use self::paste::Pasted;
use self::toast::Toast;
use self::visited::Visited;
use super::keymap::{BOARD, Chord, GLOBAL, Keymap, POPUP, STRANGER};
use super::popups::Popup;
use super::runtime::terminal::{Keys, Mouse};
use super::theme::Theme;
use super::views::{Scene, View, ViewKind};
use super::widgets::Painted;
use super::widgets::glyph::Glyphs;
use crate::actions::action::Selection;
use crate::jwt::keys::ConnId;

/// Toasts that are kept.
const SAID: usize = 200;

/// How long one hesitates before the keys that may follow are shown.
const HESITATION: SignedDuration = SignedDuration::from_millis(300);

/// A turn of the spinner.
const TURN: SignedDuration = SignedDuration::from_millis(125);

/// Rows of the screen that are not the view's: header and tabs above, rule, hints and toast below.
const FRAME_ROWS: u16 = 5;

/// How the screen looks and which keys it knows.
#[derive(Clone, Debug)]
pub struct Looks {
    pub theme: Theme,
    pub glyphs: Glyphs,
    pub keymap: Keymap,
}

/// The screen.
pub struct App {
    pub model: Model,
    pub looks: Looks,
    /// One stack of places for each tab that was opened; the last of a stack is the deepest.
    tabs: Vec<Vec<Box<dyn View>>>,
    tab: usize,
    visited: Visited,
    pub popup: Option<Popup>,
    line: Option<FilterLine>,
    toast: Option<(Toast, Timestamp)>,
    /// All that was said, the oldest first, up to [`SAID`].
    said: VecDeque<(Timestamp, Toast)>,
    pressed: Pressed,
    jobs: Jobs,
    acting: Acting,
    /// Whose row is wanted as soon as it is read.
    sought: Option<Pasted>,
    watched: Interest,
    /// The connections whose counters are read.
    counted: Arc<[ConnId]>,
    pub size: Size,
    pub mouse: Mouse,
    /// Where things landed in the last frame.
    pub painted: Painted,
    pub state: Running,
}

/// Whether the screen goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    On,
    Quit,
}

/// Keys that begin something.
#[derive(Default)]
struct Pressed {
    chords: Vec<Chord>,
    since: Option<Timestamp>,
}

/// Which run of each slot counts.
#[derive(Default)]
struct Jobs {
    last: u32,
    current: HashMap<Slot, JobId>,
}

impl Jobs {
    /// A number that no other job has.
    const fn next(&mut self) -> JobId {
        self.last = self.last.wrapping_add(1);
        JobId(self.last)
    }

    fn start(&mut self, slot: Slot) -> JobId {
        let id = self.next();
        self.current.insert(slot, id);
        id
    }

    /// Nobody wants an answer any more.
    fn forget(&mut self, slot: Slot) {
        self.current.remove(&slot);
    }

    /// Whether this run still counts; then it counts no more.
    fn end(&mut self, slot: Slot, id: JobId) -> bool {
        let counts = self.current.get(&slot) == Some(&id);
        if counts {
            self.current.remove(&slot);
        }
        counts
    }
}

impl App {
    /// The screen before anything is opened.
    pub fn new(model: Model, looks: Looks, size: Size) -> Self {
        let home = ViewKind::HOME;
        Self {
            model,
            looks,
            tabs: vec![vec![home.open()]],
            tab: 0,
            visited: Visited::begin(home),
            popup: None,
            line: None,
            toast: None,
            said: VecDeque::new(),
            pressed: Pressed::default(),
            jobs: Jobs::default(),
            acting: Acting::default(),
            sought: None,
            watched: Interest::Rest,
            counted: Arc::default(),
            size,
            mouse: Mouse::Terminals,
            painted: Painted::default(),
            state: Running::On,
        }
    }

    /// Says something at the start: what is wrong with the settings.
    pub fn greet(&mut self, toast: Toast, now: Timestamp) {
        self.say(toast, now);
    }

    /// Shows it on the bottom line, and keeps it for who looks back.
    fn say(&mut self, toast: Toast, now: Timestamp) {
        let surplus = (self.said.len() + 1).saturating_sub(SAID);
        self.said.drain(..surplus);
        self.said.push_back((now, toast.clone()));
        self.toast = Some((toast, now));
    }

    /// Puts a place on top, to be looked at by tests.
    #[cfg(test)]
    pub(in crate::tui) fn stand_on(&mut self, view: Box<dyn View>) {
        if let Some(stack) = self.tabs.get_mut(self.tab) {
            stack.push(view);
        }
    }

    /// The place on top.
    pub fn view(&self) -> Option<&dyn View> {
        self.tabs.get(self.tab)?.last().map(AsRef::as_ref)
    }

    /// The place on top with what it may know, to be changed.
    fn scene_mut(&mut self, now: Timestamp) -> Option<(&mut Box<dyn View>, Scene<'_>)> {
        let size = body(self.size);
        let scene = Scene {
            model: &self.model,
            size,
            now,
        };
        self.tabs
            .get_mut(self.tab)?
            .last_mut()
            .map(|view| (view, scene))
    }

    fn scene(&self, now: Timestamp) -> Scene<'_> {
        Scene {
            model: &self.model,
            size: body(self.size),
            now,
        }
    }

    /// How keys are to be told: a letter that confirms must not be one that is held. Where words are typed, every letter has to
    /// come as its keyboard makes it.
    pub fn keys(&self) -> Keys {
        match &self.popup {
            Some(Popup::Lifting(_)) => Keys::Events,
            Some(Popup::Consent(asked)) if asked.takes_a_letter() => Keys::Events,
            Some(_) | None => Keys::Letters,
        }
    }

    /// What acts are about.
    fn selection(&self, now: Timestamp) -> Option<Selection> {
        match &self.popup {
            Some(Popup::Board(board)) => return Some(board.left()),
            Some(Popup::Stranger(stranger)) => return Some(stranger.selection()),
            Some(_) | None => {}
        }
        let scene = self.scene(now);
        self.view().map(|view| view.selection(&scene))
    }

    /// Scopes of the keymap, the inner first. A popup lets nothing through.
    fn scopes(&self) -> Vec<&'static str> {
        match (&self.popup, self.view()) {
            (Some(Popup::Board(_)), _) => vec![BOARD, POPUP],
            (Some(Popup::Stranger(_)), _) => vec![STRANGER, POPUP],
            (Some(_), _) => vec![POPUP],
            (None, Some(view)) => vec![view.kind().name(), GLOBAL],
            (None, None) => vec![GLOBAL],
        }
    }

    /// Keys that were begun so long ago that what may follow is shown.
    fn hesitates(&self, now: Timestamp) -> bool {
        let due = self
            .pressed
            .since
            .and_then(|since| since.checked_add(HESITATION).ok());
        due.is_some_and(|due| due <= now)
    }

    /// When the screen changes although nothing happens: a toast that ends, a hint that is due, a turn of the spinner.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let toast = self
            .toast
            .as_ref()
            .and_then(|(toast, said)| toast.ends_at(*said));
        let hint = self
            .pressed
            .since
            .filter(|_| !self.hesitates(now))
            .and_then(|since| since.checked_add(HESITATION).ok());
        let turn = match &self.model.world {
            World::Opening { .. } => now.checked_add(TURN).ok(),
            World::Open(_) | World::Closed(_) if self.is_reading() || self.is_diagnosing() => {
                now.checked_add(TURN).ok()
            }
            World::Open(_) | World::Closed(_) => None,
        };
        let live = match self.watched {
            Interest::Connections => self.model.live.next_change(now),
            Interest::Rest | Interest::Servers => None,
        };
        let lift = self.model.lifted_until;
        [toast, hint, turn, live, lift].into_iter().flatten().min()
    }

    /// What the view on top shows, if that is not what it was.
    fn watch(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        let seen = self.view().map(View::counted).unwrap_or_default();
        if *seen != *self.counted {
            self.counted = seen.into();
            effects.push(Effect::Count(Arc::clone(&self.counted)));
        }
        let interest = self.view().map(View::interest).unwrap_or_default();
        if interest != self.watched {
            self.watched = interest;
            if interest != Interest::Connections {
                self.model.live.not_listening(now);
            }
            effects.push(Effect::Watch(interest));
        }
        effects
    }
}

/// The cells of the view.
fn body(size: Size) -> Size {
    Size {
        width: size.width,
        height: size.height.saturating_sub(FRAME_ROWS),
    }
}
