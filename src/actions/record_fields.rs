//! The record of acts as both faces list it, and its columns. Here, since `inventory` knows no ledger.

use std::collections::BTreeSet;
use std::ops::Deref;

use serde::Serialize;

use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::ledger::audit::{Outcome, Phase};
use crate::ledger::{Record, RecordId};

/// A record, and what only the records after it tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RecordLine {
    pub record: Record,
    /// An intent that has no result.
    #[serde(skip)]
    pub is_open: bool,
}

impl RecordLine {
    /// The lines of records, of which these are open.
    pub fn of(records: Vec<Record>, open: &[Record]) -> Vec<Self> {
        let open: BTreeSet<RecordId> = open.iter().map(|intent| intent.id).collect();
        let line = |record: Record| Self {
            is_open: open.contains(&record.id),
            record,
        };
        records.into_iter().map(line).collect()
    }
}

impl Deref for RecordLine {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

type F = Field<RecordLine>;

impl Row for RecordLine {
    const FIELDS: &'static [F] = &[
        F::new("at", Kind::Time, |row| Cell::Time(row.at))
            .titled("when")
            .wide(4, 7)
            .always(),
        F::new("action", Kind::Text, |row| Cell::Text(&row.action))
            .wide(8, 18)
            .always(),
        F::new("target", Kind::Text, |row| {
            Cell::or_absent(row.target.first(), |target| {
                Cell::Text(target.name.as_ref().unwrap_or(&target.key))
            })
        })
        .wide(8, 24)
        .always(),
        F::new("phase", Kind::Word, |row| Cell::Word(phase(row.phase)))
            .wide(6, 6)
            .always(),
        F::new("outcome", Kind::Word, |row| {
            Cell::or_null(row.outcome, |outcome| Cell::Word(word(outcome)))
        })
        .null(Null::Nothing("·"))
        .wide(7, 10)
        .always(),
        F::new("actor", Kind::Text, |row| Cell::Text(&row.actor.name))
            .wide(5, 16)
            .leaves(2),
        F::new("reason", Kind::Text, |row| {
            Cell::or_null(row.reason.as_ref(), Cell::Text)
        })
        .null(Null::Nothing("·"))
        .wide(6, 24)
        .leaves(3),
        F::new("ticket", Kind::Text, |row| {
            Cell::or_null(row.ticket.as_ref(), Cell::Text)
        })
        .null(Null::Nothing("·"))
        .wide(6, 12)
        .leaves(4),
        F::new("seq", Kind::Id, |row| Cell::Id(row.seq))
            .titled("record")
            .wide(6, 8)
            .leaves(1),
        F::new("writer", Kind::Key, |row| Cell::Key(row.writer)).wide(10, 56),
    ];
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Intent => "intent",
        Phase::Result => "result",
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "verified",
        Outcome::Unverified => "unverified",
        Outcome::Partial => "partial",
        Outcome::Failed => "failed",
        Outcome::Stale => "stale",
        Outcome::Refused => "refused",
        Outcome::Cancelled => "cancelled",
    }
}
