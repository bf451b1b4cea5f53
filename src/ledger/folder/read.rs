//! Listing records from any chain of the folder, from either end, in the order of their clocks. It checks no hash: that is
//! verification's, and costs a hundred times as much.

use std::fs::File;
use std::io;

use jiff::{SignedDuration, Timestamp};

use super::Places;
use super::append::record_at;
use super::head::{self, Seen};
use crate::ledger::audit::{Record, Target};
use crate::ledger::disk::Share;
use crate::ledger::lines::{Backwards, Content, Forwards, Line};
use crate::ledger::{LedgerError, Listing, Order, Query};
use crate::text::Text;

/// A clock that was put back writes older times after newer ones; further back than this a listing does not look for them.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn records(places: &Places, query: &Query) -> Result<Listing, LedgerError> {
    let _lock = places.lock(Share::Readers)?;
    let mut walks = Vec::new();
    for writer in places.writers()?.0 {
        let Some((file, length)) = places.read(writer)? else {
            continue;
        };
        let walk = Walk::new(file, length, query.order);
        walks.push(walk.map_err(LedgerError::at(places.chain(writer)))?);
    }
    merge(walks, query).map_err(LedgerError::at(&places.audit))
}

fn merge(mut walks: Vec<Walk>, query: &Query) -> io::Result<Listing> {
    let limit = query.limit.unwrap_or(usize::MAX);
    let mut records = Vec::new();
    while records.len() < limit {
        let Some(record) = next(&mut walks, query.order)? else {
            break;
        };
        if too_old(&record, query) {
            break;
        }
        if wanted(&record, query) {
            records.push(record);
        }
    }
    let unreadable = walks.iter().map(|walk| walk.unreadable).sum();
    Ok(Listing {
        records,
        unreadable,
    })
}

/// Takes the next record of all chains.
fn next(walks: &mut [Walk], order: Order) -> io::Result<Option<Record>> {
    let place = |walk: &&mut Walk| walk.ready.as_ref().map(|record| (record.at, record.seq));
    let standing = walks.iter_mut().filter(|walk| walk.ready.is_some());
    let first = match order {
        Order::NewestFirst => standing.max_by_key(place),
        Order::OldestFirst => standing.min_by_key(place),
    };
    first.map_or(Ok(None), Walk::step)
}

/// One chain and its next record.
struct Walk {
    lines: Lines,
    ready: Option<Record>,
    unreadable: u64,
}

enum Lines {
    Forwards(Forwards),
    Backwards(Backwards),
}

impl Walk {
    fn new(file: File, length: u64, order: Order) -> io::Result<Self> {
        let lines = match order {
            Order::NewestFirst => Lines::Backwards(Backwards::new(file, length)),
            Order::OldestFirst => Lines::Forwards(Forwards::new(file, 0, length)?),
        };
        let mut walk = Self {
            lines,
            ready: None,
            unreadable: 0,
        };
        walk.step()?;
        Ok(walk)
    }

    /// Gives out the record that is ready and reads the next one.
    fn step(&mut self) -> io::Result<Option<Record>> {
        let mut ready = None;
        while let Some(line) = self.line()? {
            ready = match &line.content {
                Content::Whole(bytes) => serde_json::from_slice(bytes).ok(),
                Content::Torn | Content::TooLong => None,
            };
            if ready.is_some() {
                break;
            }
            self.unreadable += 1;
        }
        Ok(std::mem::replace(&mut self.ready, ready))
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        match &mut self.lines {
            Lines::Forwards(lines) => lines.next(),
            Lines::Backwards(lines) => lines.next(),
        }
    }
}

fn too_old(record: &Record, query: &Query) -> bool {
    let oldest = query
        .since
        .map(|since| since.saturating_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN));
    match query.order {
        Order::NewestFirst => oldest.is_some_and(|oldest| record.at < oldest),
        Order::OldestFirst => false,
    }
}

fn wanted(record: &Record, query: &Query) -> bool {
    query.since.is_none_or(|since| record.at >= since)
        && query
            .action
            .as_ref()
            .is_none_or(|action| record.action == *action)
        && query.actor.as_ref().is_none_or(|actor| {
            record.actor.name == *actor || record.actor.sub.as_ref() == Some(actor)
        })
        && query.target.as_ref().is_none_or(|written| {
            record
                .target
                .iter()
                .any(|target| is_target(target, written))
        })
}

fn is_target(target: &Target, written: &Text) -> bool {
    let path = target.account.as_ref().zip(target.name.as_ref());
    target.key == *written
        || target.name.as_ref() == Some(written)
        || path.is_some_and(|(account, name)| {
            Text::from(format!("{}/{name}", account.name)) == *written
        })
}

/// Open intents of all chains, oldest first: from what is remembered, and what was written since.
pub(super) fn open_intents(places: &Places) -> Result<Vec<Record>, LedgerError> {
    let _lock = places.lock(Share::Readers)?;
    let mut open = Vec::new();
    for writer in places.writers()?.0 {
        let Some((file, length)) = places.read(writer)? else {
            continue;
        };
        let read =
            seen(places, writer, &file, length).and_then(|seen| records_at(&file, &seen, length));
        open.extend(read.map_err(LedgerError::at(places.chain(writer)))?);
    }
    open.sort_by_key(|record| (record.at, record.id));
    Ok(open)
}

fn seen(
    places: &Places,
    writer: crate::jwt::keys::PublicKey,
    file: &File,
    length: u64,
) -> io::Result<Seen> {
    // A memory that is gone, unreadable or of another chain only costs the walk over the whole chain; `rollbacks` tells of it.
    let start = match head::load(&places.head(writer)) {
        Ok(Some(remembered)) if head::still_there(file.try_clone()?, length, &remembered)? => {
            Seen::from(remembered)
        }
        Ok(_) | Err(_) => Seen::default(),
    };
    start.catch_up(file.try_clone()?, length)
}

fn records_at(file: &File, seen: &Seen, length: u64) -> io::Result<Vec<Record>> {
    let mut records = Vec::new();
    for at in seen.open.values() {
        records.extend(record_at(file.try_clone()?, *at, length)?);
    }
    Ok(records)
}
