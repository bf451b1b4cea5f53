//! What comes in and what goes out: messages to the screen, and the effects that it wants. Plain values; nothing here happens.

use std::fmt;
use std::sync::Arc;

use crossterm::event::Event;

use super::acts::Intent;
use super::live::Counted;
use super::model::Found;
use super::names::Named;
use super::seen::{Reports, Roll, Seen, Trail};
use crate::actions::diagnose::judge::Diagnosis;
use crate::actions::guard::Guarded;
use crate::actions::opening::{LoginState, Reach};
use crate::actions::outcome::{Outcome, Report};
use crate::actions::plan::{Approved, Preview};
use crate::actions::refs::UserRef;
use crate::explain::Explanation;
use crate::inventory::user_line::UserLine;
use crate::inventory::user_page::UserPage;
use crate::jwt::keys::ConnId;
use crate::sys::{Census, SysEvent};
use crate::text::Text;
use crate::tui::runtime::terminal::Mouse;
use crate::tui::theme::Theme;
use crate::tui::views::Place;
use crate::tui::views::arrangement::Arrangement;

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    Input(Event),
    /// The world was opened, as far as it could be.
    Opened(Result<Box<Found>, Explanation>),
    Census(Arc<Census>),
    /// The census could not be taken.
    NoCensus(Explanation),
    /// Store and servers were read, or why not.
    Seen(Result<Arc<Seen>, Explanation>),
    /// Events are heard from now on, and the connections are being read.
    Listening,
    /// What happened on the servers while connections are looked at.
    Happened(Vec<SysEvent>),
    /// The open connections were read again, or why they are not followed.
    Roll(Result<Box<Roll>, Explanation>),
    /// Counters of connections that are seen.
    Counted(Counted),
    /// The record of acts was read, or why not.
    Trail(Result<Arc<Trail>, Explanation>),
    /// Reports were worked out, or why not.
    Reports(Result<Arc<Reports>, Explanation>),
    /// Acts that were begun before this start and have no result.
    Unfinished(Vec<Explanation>),
    Link(Link),
    Job(JobId, Slot, Answer),
    /// What an act would do, or why it cannot be done.
    Prepared(JobId, Result<Box<Preview>, Explanation>),
    /// More is known of the act that runs.
    Progress(JobId, Box<Report>),
    /// An act could not be begun, or broke off.
    NoOutcome(JobId, Explanation),
    Ended(JobId, Box<Outcome>),
    /// A theme was read, and what was wrong with it.
    Theme(Box<Theme>, Vec<String>),
    /// The guard met a server that came late.
    Guarded(Guarded),
    /// Nobody guards revocations any more.
    GuardEnded(Explanation),
    /// The moment that the screen waited for has come.
    Wake,
}

/// Whether the servers can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Up,
    Down,
}

/// One run of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub u32);

/// Questions of one slot replace each other: only the newest answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The order of a view's rows.
    Arrange(Place),
    /// What a view lists.
    Rows(Place),
    /// What stands beside the row under the cursor.
    Detail(Place),
    /// Users and accounts by name, for the palette.
    Names,
    /// Why a user is refused, for its popup.
    Diagnosis,
}

impl Slot {
    /// The place that asked, if one did; else it was a popup.
    pub const fn place(self) -> Option<Place> {
        match self {
            Self::Arrange(place) | Self::Rows(place) | Self::Detail(place) => Some(place),
            Self::Names | Self::Diagnosis => None,
        }
    }
}

/// A question for a worker.
#[derive(Debug)]
pub enum Ask {
    Arrange(Work),
    /// Count the servers now; the census comes to everybody.
    Census,
    /// Read store and servers; what was seen comes to everybody.
    Survey,
    /// Read the record of acts; it comes to everybody.
    Trail,
    /// Work out what differs and what ends of what was seen; it comes to everybody.
    Reports(Arc<Seen>, Box<LoginState>),
    /// Find users and accounts that are called so.
    Names(Arc<Seen>, String),
    /// Work out everything about one user.
    User(Arc<Seen>, Box<UserLine>),
    /// Find out why a user is refused.
    Diagnose(UserRef),
}

/// The answer to it.
#[derive(Debug)]
pub enum Answer {
    Arranged(Arrangement),
    User(Box<UserPage>),
    /// Who was found by a name.
    Names(Vec<Named>),
    Diagnosis(Box<Diagnosis>),
    /// It could not be found out.
    Failed(Explanation),
    /// What was asked for comes by another way, or not at all.
    Nothing,
}

/// Filters and sorts beside the screen. It is told when to stop.
pub struct Work(pub Box<Arranging>);

/// `None`: it was stopped.
pub type Arranging = dyn FnOnce(&dyn Fn() -> bool) -> Option<Arrangement> + Send;

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work")
    }
}

/// What the screen wants done.
#[derive(Debug)]
pub enum Effect {
    /// Opens the world, instead of what was open.
    Open(Reach),
    Ask(JobId, Slot, Ask),
    /// Find out what an act would do.
    Prepare(JobId, Intent),
    /// Do what was consented to.
    Apply(JobId, Box<Approved>),
    /// The act that runs is to stop after its step.
    StopActs,
    /// What the view on top shows, and so what may wake the screen.
    Watch(Interest),
    /// Read the counters of these connections again and again, and of no others.
    Count(Arc<[ConnId]>),
    Copy(Text),
    /// Read a theme, by its name.
    Theme(String),
    /// Whose clicks are.
    Mouse(Mouse),
    /// Back to the shell.
    Suspend,
    /// The whole screen anew.
    Redraw,
}

/// What a view shows. All else waits where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interest {
    /// Nothing that changes by itself.
    #[default]
    Rest,
    /// The servers, with their numbers.
    Servers,
    /// The open connections, as they come and go.
    Connections,
}
