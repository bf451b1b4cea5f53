//! The open connections as they are now: what was read last, and what happened since. It asks nothing; who listens is `runtime`.
//!
//! ```text
//! read ──────────┐                       appear as new for 2 s
//! events ────────┴──> rows by number ──>
//! events again over a newer read         go as gone for 3 s
//! ```
//!
//! A read takes its time: what was heard since it began holds against it. So what closed meanwhile does not come back.

mod pulse;
mod rates;
mod slots;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use self::rates::Counted;
pub use self::slots::Slots;

use self::pulse::Pulse;
use self::rates::Rates;
use self::slots::Table;
use crate::explain::Explanation;
use crate::inventory::arrange::Rows as _;
use crate::inventory::connection::{ConnectionRow, ConnectionState};
use crate::jwt::keys::{ConnId, ServerId, UserId};
use crate::sys::{ServerNews, SysEvent};
use crate::text::Text;

/// How long a connection is seen as new, and how long one that is gone is still seen.
const NEW: SignedDuration = SignedDuration::from_secs(2);
const GONE: SignedDuration = SignedDuration::from_secs(3);

/// The longest that a read may take, and that what was heard is kept for it.
const LONGEST_READ: SignedDuration = SignedDuration::from_mins(2);

/// A change that was heard, kept for reads that began before it.
#[derive(Clone, Debug)]
enum Change {
    Came(Box<ConnectionRow>),
    Went(Box<ConnectionRow>),
    /// All of a server that shut down.
    WentWith(ServerId),
}

/// How the rows stand to what is.
#[derive(Debug, Default)]
enum Following {
    /// Nobody listens: they are as old as the read.
    #[default]
    No,
    /// Events are heard; what was there before is being read.
    Reading,
    Yes,
    /// Events were lost, and what was lost is being read.
    Lagging,
    /// Nobody can listen, or read what was lost.
    Failed(Explanation),
}

/// Everything about open connections.
#[derive(Debug, Default)]
pub struct Live {
    table: Table,
    has_rows: bool,
    /// When the read began that the rows are from.
    begun: Timestamp,
    heard: VecDeque<(Timestamp, Change)>,
    /// Connections whose look changes by itself, the first first.
    coming: VecDeque<(Timestamp, ConnId)>,
    going: VecDeque<(Timestamp, ConnId)>,
    pulse: Pulse,
    rates: Rates,
    following: Following,
}

impl Live {
    /// `None`: nobody has read them, or no server was asked.
    pub fn rows(&self) -> Option<&Arc<Slots>> {
        self.has_rows.then(|| self.table.slots())
    }

    /// How many connections these users have open on each server, as far as that is known.
    pub fn open_of(&self, users: &[UserId]) -> HashMap<Text, usize> {
        let mut open = HashMap::new();
        let slots = self.table.slots();
        for row in (0..slots.count()).filter_map(|number| slots.row(number)) {
            let is_theirs = row.proven_user().is_some_and(|user| users.contains(&user));
            if is_theirs && row.state == ConnectionState::Open {
                *open.entry(row.server.name.clone()).or_default() += 1;
            }
        }
        open
    }

    /// What is to be said of how the rows stand to what is; empty where they are as they are.
    pub fn remark(&self) -> String {
        match &self.following {
            Following::No | Following::Yes => String::new(),
            Following::Reading => "reading".to_owned(),
            Following::Lagging => "events lag: reading again".to_owned(),
            Following::Failed(why) => format!("not followed: {}", why.what),
        }
    }

    /// How much happens.
    pub fn pulse(&self, now: Timestamp) -> String {
        match (&self.following, self.pulse.words(now)) {
            (Following::Yes, words) if words.is_empty() => "live".to_owned(),
            (Following::Yes | Following::Lagging | Following::Reading, words) => words,
            (Following::No | Following::Failed(_), _) => String::new(),
        }
    }

    pub(super) fn listening(&mut self) {
        self.following = Following::Reading;
    }

    /// Nobody looks any more: what is listed grows old.
    pub(super) fn not_listening(&mut self, now: Timestamp) {
        self.following = Following::No;
        self.settle_all(now);
        let mut edit = self.table.next();
        for id in self.rates.forget_all() {
            edit.forget_rate(id);
        }
        edit.done();
    }

    /// Takes what was counted of some of them, in one version: who lists them would sort two anew.
    pub(super) fn counted(&mut self, counted: &Counted) {
        let (rates, unknown) = self.rates.take(counted);
        let mut edit = self.table.next();
        for id in unknown {
            edit.forget_rate(id);
        }
        for (row, rate) in counted.rows.iter().zip(rates) {
            edit.count(row, rate);
        }
        edit.done();
    }

    /// Events are not heard, or what was lost could not be read.
    pub(super) fn failed(&mut self, why: Explanation) {
        self.following = Following::Failed(why);
    }

    /// Takes what a read brought that began then. `None`: no server was asked.
    /// One that began before the last one knows less.
    pub(super) fn take(&mut self, rows: Option<Vec<ConnectionRow>>, begun: Timestamp) {
        if self.has_rows && begun < self.begun {
            return;
        }
        self.begun = begun;
        self.heard.retain(|(at, _)| *at >= begun);
        self.has_rows = rows.is_some();
        self.coming.clear();
        self.going.clear();
        self.table = Table::of(rows.unwrap_or_default(), &self.table);
        let mut edit = self.table.next();
        for (_, change) in &self.heard {
            match change {
                Change::Came(row) => edit.put(ConnectionRow::clone(row)),
                Change::Went(row) => edit.take(row.id),
                Change::WentWith(server) => edit.take_all(*server),
            }
        }
        edit.done_anew();
    }

    /// Takes what was read because events are heard: with that, nothing is missing.
    pub(super) fn catch_up(&mut self, rows: Vec<ConnectionRow>, begun: Timestamp) {
        self.take(Some(rows), begun);
        if !matches!(self.following, Following::No) {
            self.following = Following::Yes;
        }
    }

    /// Takes a batch of events. `named` gives rows the names of their accounts.
    pub(super) fn hear(
        &mut self,
        batch: Vec<SysEvent>,
        named: impl Fn(&mut ConnectionRow),
        now: Timestamp,
    ) {
        let before = self.heard.len();
        let mut events = 0;
        for event in batch {
            match event {
                SysEvent::Connected(mut row) => {
                    named(&mut row);
                    events += 1;
                    self.heard.push_back((now, Change::Came(row)));
                }
                SysEvent::Disconnected(row) => {
                    events += 1;
                    self.heard.push_back((now, Change::Went(row)));
                }
                SysEvent::Flapped { times, .. } => {
                    events += 2 * usize::try_from(times).unwrap_or(usize::MAX / 2);
                }
                SysEvent::Server(ServerNews::ShutDown(server)) => {
                    self.heard.push_back((now, Change::WentWith(server.id)));
                }
                SysEvent::Gap { .. } => self.following = Following::Lagging,
                SysEvent::Refused(_) | SysEvent::Server(_) => {} // nothing that is listed
            }
        }
        self.pulse.beat(events, now);
        self.apply(before, now);
        let is_old = |at: &Timestamp| now.duration_since(*at) > LONGEST_READ;
        while self.heard.front().is_some_and(|(at, _)| is_old(at)) {
            self.heard.pop_front();
        }
    }

    /// Does to the rows what was heard from here on.
    fn apply(&mut self, from: usize, now: Timestamp) {
        if !self.has_rows || from == self.heard.len() {
            return;
        }
        let later = |by| now.checked_add(by).unwrap_or(now);
        let mut edit = self.table.next();
        for (_, change) in self.heard.range(from..) {
            match change {
                Change::Came(row) => {
                    edit.put(ConnectionRow::clone(row));
                    edit.set_new(row.id, true);
                    self.coming.push_back((later(NEW), row.id));
                }
                Change::Went(row) => {
                    if edit.close(row) {
                        self.going.push_back((later(GONE), row.id));
                    }
                }
                Change::WentWith(server) => edit.take_all(*server),
            }
        }
        edit.done();
    }

    /// Lets what is new be as the others, and what is gone go, when it is time. `true`: something changed.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        let is_due = |due: &Timestamp| *due <= now;
        let coming = self.coming.partition_point(|(due, _)| is_due(due));
        let going = self.going.partition_point(|(due, _)| is_due(due));
        if coming + going == 0 {
            return false;
        }
        let mut edit = self.table.next();
        for (_, id) in self.coming.drain(..coming) {
            edit.set_new(id, false);
        }
        for (_, id) in self.going.drain(..going) {
            edit.take(id);
        }
        edit.done();
        true
    }

    fn settle_all(&mut self, now: Timestamp) {
        let last = now.checked_add(NEW + GONE).unwrap_or(now);
        self.settle(last);
    }

    /// When something changes although nothing is heard.
    pub(super) fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let firsts = [self.coming.front(), self.going.front()];
        let rows = firsts.into_iter().flatten().map(|(due, _)| *due).min();
        [rows, self.pulse.next_change(now)]
            .into_iter()
            .flatten()
            .min()
    }
}

/// A row that has gone, with what only the servers' lists tell of it.
fn closed(held: &ConnectionRow, last: &ConnectionRow) -> ConnectionRow {
    ConnectionRow {
        state: ConnectionState::Closed,
        closed_at: last.closed_at,
        reason: last.reason.clone(),
        idle_s: None,
        rate: None,
        ..held.clone()
    }
}
