//! Connections by number: a connection keeps its number while it is there, so that what a batch of events changed is a few numbers
//! and not a new list. A copy costs a pointer a connection.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::inventory::arrange::Rows;
use crate::inventory::connection::{ConnectionRow, ConnectionState, Rate};
use crate::jwt::keys::{ConnId, ServerId};

/// The rows at one moment, and how they differ from the moment before.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    rows: Vec<Option<Arc<ConnectionRow>>>,
    news: BTreeSet<u32>,
    /// How many numbers have a row.
    held: usize,
    version: u64,
    /// The numbers that changed since the version before; `None`: all may have.
    changed: Option<Vec<u32>>,
}

impl Rows for Slots {
    type Row = ConnectionRow;

    fn count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    fn row(&self, number: u32) -> Option<&ConnectionRow> {
        self.rows.get(usize::try_from(number).ok()?)?.as_deref()
    }

    fn held(&self) -> usize {
        self.held
    }

    fn changed_since(&self, older: &Self) -> Option<&[u32]> {
        let changed = self.changed.as_deref();
        changed.filter(|_| self.version == older.version + 1)
    }

    fn is_new(&self, number: u32) -> bool {
        self.news.contains(&number)
    }
}

/// Hands out numbers, and makes the next version of the slots.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Arc<Slots>,
    numbers: HashMap<ConnId, u32>,
    free: Vec<u32>,
}

impl Table {
    /// Everything anew.
    pub(super) fn of(rows: Vec<ConnectionRow>, older: &Self) -> Self {
        let numbers = rows.iter().map(|row| row.id).zip(0..).collect();
        let slots = Slots {
            rows: rows.into_iter().map(|row| Some(Arc::new(row))).collect(),
            news: BTreeSet::new(),
            held: 0,
            version: older.slots.version + 2,
            changed: None,
        };
        Self {
            slots: Arc::new(slots),
            numbers,
            free: Vec::new(),
        }
    }

    pub(super) const fn slots(&self) -> &Arc<Slots> {
        &self.slots
    }

    pub(super) fn number(&self, id: ConnId) -> Option<u32> {
        self.numbers.get(&id).copied()
    }

    /// The next version, to be changed.
    pub(super) fn next(&mut self) -> Edit<'_> {
        let mut next = Slots::clone(&self.slots);
        next.version += 1;
        next.changed = Some(Vec::new());
        Edit { table: self, next }
    }
}

/// A version that is being made.
pub(super) struct Edit<'t> {
    table: &'t mut Table,
    next: Slots,
}

impl Edit<'_> {
    /// Puts a row in the place of its connection.
    pub(super) fn put(&mut self, row: ConnectionRow) {
        let id = row.id;
        let number = self.table.number(id).or_else(|| self.table.free.pop());
        let number = number.unwrap_or_else(|| self.next.count());
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if place == self.next.rows.len() {
            self.next.rows.push(None);
        }
        if let Some(slot) = self.next.rows.get_mut(place) {
            *slot = Some(Arc::new(row));
        }
        self.table.numbers.insert(id, number);
        self.touch(number);
    }

    /// Takes a row away. Its number is given to another.
    pub(super) fn take(&mut self, id: ConnId) {
        let Some(number) = self.table.numbers.remove(&id) else {
            return;
        };
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(slot) = self.next.rows.get_mut(place) {
            *slot = None;
        }
        self.next.news.remove(&number);
        self.table.free.push(number);
        self.touch(number);
    }

    /// Shows a connection as gone, with what its end told. `false`: it is not here.
    pub(super) fn close(&mut self, last: &ConnectionRow) -> bool {
        let held = self.table.number(last.id);
        let Some(held) = held.and_then(|number| self.next.row(number)) else {
            return false;
        };
        let row = super::closed(held, last);
        self.put(row);
        self.set_new(last.id, false);
        true
    }

    /// Gives an open connection what was counted of it. One that is not here, or is gone, is left as it is.
    pub(super) fn count(&mut self, counted: &ConnectionRow, rate: Option<Rate>) {
        let Some(held) = self.open(counted.id) else {
            return;
        };
        let row = ConnectionRow {
            last_active_at: counted.last_active_at,
            rtt_ms: counted.rtt_ms.or(held.rtt_ms),
            idle_s: counted.idle_s,
            traffic: counted.traffic,
            rate,
            ..held.clone()
        };
        self.put(row);
    }

    /// What goes through a connection by the second is not known any more.
    pub(super) fn forget_rate(&mut self, id: ConnId) {
        let held = self.open(id).filter(|held| held.rate.is_some());
        if let Some(row) = held.cloned() {
            self.put(ConnectionRow { rate: None, ..row });
        }
    }

    fn open(&self, id: ConnId) -> Option<&ConnectionRow> {
        let held = self.next.row(self.table.number(id)?)?;
        (held.state == ConnectionState::Open).then_some(held)
    }

    /// Takes away all connections of a server.
    pub(super) fn take_all(&mut self, server: ServerId) {
        let of_it = self.table.numbers.keys().filter(|id| id.server == server);
        let of_it: Vec<ConnId> = of_it.copied().collect();
        for id in of_it {
            self.take(id);
        }
    }

    /// Whether a row is to be seen as one that has just come.
    pub(super) fn set_new(&mut self, id: ConnId, is_new: bool) {
        let Some(number) = self.table.number(id) else {
            return;
        };
        if is_new {
            self.next.news.insert(number);
        } else {
            self.next.news.remove(&number);
        }
    }

    fn touch(&mut self, number: u32) {
        if let Some(changed) = &mut self.next.changed {
            changed.push(number);
        }
    }

    /// Ends a version of which all may be new.
    pub(super) fn done_anew(mut self) {
        self.next.changed = None;
        self.done();
    }

    pub(super) fn done(mut self) {
        self.next.held = self.table.numbers.len();
        self.table.slots = Arc::new(self.next);
    }
}
