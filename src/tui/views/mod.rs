//! Places of the console: each has its own cursor, filter and order, and nobody's data. What they have in common is `listing`.

pub mod accounts;
pub mod arrangement;
pub mod audit;
pub mod blank;
pub mod connections;
pub mod detail;
pub mod drift;
pub mod expiry;
pub mod heading;
pub mod listing;
pub mod page;
mod reports;
pub mod servers;
pub mod users;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use self::accounts::Accounts;
use self::audit::Audit;
use self::connections::Connections;
use self::drift::Differences;
use self::expiry::Calendar;
use self::page::Page;
use self::servers::Servers;
use self::users::Users;
use super::app::model::Model;
use super::app::msg::{Answer, Ask, Interest, Slot};
use super::app::toast::Toast;
use super::keymap::Command;
use super::popups::Popup;
use super::popups::pick::Choice;
use super::widgets::{Paint, Painted};
use crate::actions::action::{SelectedUser, Selection};
use crate::inventory::filter::FilterError;
use crate::jwt::keys::{AccountId, ConnId};

/// The kinds of places that have a tab, with the number of their key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewKind {
    Accounts,
    Users,
    Connections,
    Servers,
    Audit,
    Drift,
    Expiry,
}

impl ViewKind {
    pub const ALL: &'static [Self] = &[
        Self::Accounts,
        Self::Users,
        Self::Connections,
        Self::Servers,
        Self::Audit,
        Self::Drift,
        Self::Expiry,
    ];

    /// Where one begins.
    pub const HOME: Self = Self::Accounts;

    /// Its name: on its tab, in the keymap as its scope, and behind `go`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Users => "users",
            Self::Connections => "connections",
            Self::Servers => "servers",
            Self::Audit => "audit",
            Self::Drift => "drift",
            Self::Expiry => "expiry",
        }
    }

    /// The digit that goes there. Reports have none, and a tab only while one is there.
    pub const fn digit(self) -> Option<char> {
        match self {
            Self::Accounts => Some('1'),
            Self::Users => Some('2'),
            Self::Connections => Some('3'),
            Self::Servers => Some('6'),
            Self::Audit => Some('7'),
            Self::Drift | Self::Expiry => None,
        }
    }

    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The place as it is when nobody has been there.
    pub fn open(self) -> Box<dyn View> {
        match self {
            Self::Accounts => Box::new(Accounts::default()),
            Self::Users => Box::new(Page::<Users>::top()),
            Self::Connections => Box::new(Page::<Connections>::top()),
            Self::Servers => Box::new(Page::<Servers>::top()),
            Self::Audit => Box::new(Page::<Audit>::top()),
            Self::Drift => Box::new(Page::<Differences>::top()),
            Self::Expiry => Box::new(Page::<Calendar>::top()),
        }
    }

    /// The place inside a tab, with only what a filter leaves.
    pub fn below(
        self,
        tab: Self,
        within: &str,
        now: Timestamp,
    ) -> Result<Box<dyn View>, FilterError> {
        Ok(match self {
            Self::Users => Box::new(Page::<Users>::below(tab, within, now)?),
            Self::Connections => Box::new(Page::<Connections>::below(tab, within, now)?),
            Self::Audit => Box::new(Page::<Audit>::below(tab, within, now)?),
            Self::Servers => Box::new(Page::<Servers>::below(tab, within, now)?),
            Self::Accounts | Self::Drift | Self::Expiry => self.open(), // nothing has these below it
        })
    }
}

/// A place of the console: what it shows, and the tab in which one went down to it. No tab has two of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub tab: ViewKind,
    pub kind: ViewKind,
}

impl Place {
    pub const fn top(kind: ViewKind) -> Self {
        Self { tab: kind, kind }
    }
}

/// What a view may know when something happens.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub model: &'a Model,
    /// The cells that the view has to itself.
    pub size: Size,
    pub now: Timestamp,
}

/// What a view wants to happen outside of it.
pub enum Wish {
    /// A question; its answer comes to the view. Questions of one slot replace each other.
    Ask(Slot, Ask),
    Show(Popup),
    Say(Toast),
    /// One level deeper, into that place.
    Enter(Box<dyn View>),
    /// One level up.
    Leave,
    Copy(String),
}

/// A thing on whose row the cursor is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    Account(AccountId),
    User(SelectedUser),
}

impl Sought {
    /// The tab that lists it.
    pub const fn kind(self) -> ViewKind {
        match self {
            Self::Account(_) => ViewKind::Accounts,
            Self::User(_) => ViewKind::Users,
        }
    }
}

/// The cursor is on the row that was sought.
#[derive(Default)]
pub struct Found {
    /// What had to go for it, in words: a filter that hid the row, marks that acts would have been about instead.
    pub gave_way: Vec<&'static str>,
    pub wishes: Vec<Wish>,
}

/// A place.
pub trait View {
    fn place(&self) -> Place;

    /// Its scope in the keymap.
    fn kind(&self) -> ViewKind {
        self.place().kind
    }

    /// What has to be kept up to date while it is on top.
    fn interest(&self) -> Interest;

    /// The connections that are seen, in whose rows stands what goes through them.
    fn counted(&self) -> Vec<ConnId> {
        Vec::new()
    }

    /// What the cursor or the marks point at: keys, never row numbers.
    fn selection(&self, scene: &Scene<'_>) -> Selection;

    /// The commands that are worth a hint here, the most useful first.
    fn hints(&self) -> &'static [Command];

    /// A key. Moving, opening, marking; everything that has no meaning here is left alone.
    fn command(&mut self, scene: &Scene<'_>, command: Command) -> Vec<Wish>;

    /// The filter as it was written; empty where there is none.
    fn filter(&self) -> &str;

    /// Filters by another text. One that is none changes nothing.
    fn set_filter(&mut self, scene: &Scene<'_>, written: &str) -> Result<Vec<Wish>, FilterError>;

    /// Something was chosen in a popup that it had asked for.
    fn choose(&mut self, scene: &Scene<'_>, choice: Choice) -> Vec<Wish>;

    /// The cursor goes to a row that was clicked.
    fn point(&mut self, scene: &Scene<'_>, row: usize) -> Vec<Wish>;

    /// Puts the cursor on the row of a thing. `None`: it is not listed here.
    fn seek(&mut self, _: &Scene<'_>, _: Sought) -> Option<Found> {
        None
    }

    /// The model or the size has changed, or the view came on top.
    fn refresh(&mut self, scene: &Scene<'_>) -> Vec<Wish>;

    /// A question of its own was answered.
    fn answer(&mut self, scene: &Scene<'_>, answer: Answer) -> Vec<Wish>;

    /// Draws it from its first rule down.
    fn paint(&self, scene: &Scene<'_>, paint: &Paint<'_>, area: Rect, buf: &mut Buffer) -> Painted;
}
