//! A row of every kind of cell, for the tests of this folder.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::cell::{Cell, Kind, Null};
use super::columns::{Field, Row};
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::limits::Limit;
use crate::text::Text;

pub(super) const NOW: &str = "2026-11-24T12:00:00Z";

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Looks like a connection. `None` is not known, but where it says otherwise.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) account: (Option<Text>, PublicKey),
    pub(super) user: Option<PublicKey>,
    pub(super) name: Text,
    pub(super) server: Text,
    pub(super) cid: u64,
    pub(super) state: &'static str,
    pub(super) rtt: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) in_bytes: Option<u64>,
    pub(super) payload: Option<Limit>,
    pub(super) cpu: Option<f64>,
    pub(super) connected_at: Option<Timestamp>,
    /// `None`: never.
    pub(super) expires_at: Option<Timestamp>,
    /// `None`: not revoked.
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) bearer: bool,
    pub(super) tags: Vec<Text>,
}

fn limit(limit: Limit) -> Cell<'static> {
    match limit {
        Limit::AtMost(bytes) => Cell::Bytes(bytes),
        Limit::Unlimited => Cell::Null,
    }
}

type F = Field<Sample>;

impl Row for Sample {
    const FIELDS: &'static [F] = &[
        F::new("account", Kind::Reference, |row| {
            Cell::Reference(row.account.0.as_ref(), row.account.1)
        })
        .wide(7, 16)
        .always(),
        F::new("user", Kind::Key, |row| {
            Cell::or_absent(row.user, Cell::Key)
        })
        .wide(4, 12)
        .leaves(1),
        F::new("name", Kind::Text, |row| Cell::Text(&row.name))
            .wide(4, 20)
            .leaves(2),
        F::new("server", Kind::Text, |row| Cell::Text(&row.server))
            .titled("srv")
            .wide(3, 8)
            .leaves(3),
        F::new("cid", Kind::Id, |row| Cell::Id(row.cid))
            .wide(5, 8)
            .leaves(4),
        F::new("state", Kind::Word, |row| Cell::Word(row.state)).wide(4, 8),
        F::new("rtt_ms", Kind::Millis, |row| {
            Cell::or_absent(row.rtt, Cell::Duration)
        })
        .titled("rtt")
        .wide(6, 8)
        .leaves(5),
        F::new("idle_s", Kind::Seconds, |row| {
            Cell::or_absent(row.idle, Cell::Duration)
        })
        .titled("idle")
        .wide(4, 6)
        .leaves(1),
        F::new("in_bytes", Kind::Bytes, |row| {
            Cell::or_absent(row.in_bytes, Cell::Bytes)
        })
        .wide(8, 9)
        .leaves(6),
        F::new("payload_bytes", Kind::Bytes, |row| {
            Cell::or_absent(row.payload, limit)
        })
        .null(Null::Endless("unlimited"))
        .wide(8, 9),
        F::new("cpu_percent", Kind::Number, |row| {
            Cell::or_absent(row.cpu, Cell::Number)
        })
        .wide(3, 5),
        F::new("connected_at", Kind::Time, |row| {
            Cell::or_absent(row.connected_at, Cell::Time)
        })
        .titled("age")
        .wide(4, 8),
        F::new("expires_at", Kind::Deadline, |row| {
            Cell::or_null(row.expires_at, Cell::Time)
        })
        .null(Null::Endless("never"))
        .titled("expires")
        .wide(4, 8),
        F::new("revoked_at", Kind::Time, |row| {
            Cell::or_null(row.revoked_at, Cell::Time)
        })
        .null(Null::Nothing("not revoked")),
        F::new("bearer", Kind::Bool, |row| Cell::Bool(row.bearer)).wide(3, 3),
        F::new("tags", Kind::List, |row| Cell::Texts(&row.tags)).wide(4, 20),
    ];
}

pub(super) fn sample(name: &str) -> Sample {
    Sample {
        account: (Some("ORDERS".into()), AccountId::from_bytes([2; 32]).key()),
        user: Some(UserId::from_bytes([3; 32]).key()),
        name: name.into(),
        server: "n1".into(),
        cid: 41_207,
        state: "active",
        rtt: Some(Duration::from_micros(1_200)),
        idle: Some(Duration::from_mins(6)),
        in_bytes: Some(10 << 20),
        payload: Some(Limit::AtMost(65_536)),
        cpu: Some(12.5),
        connected_at: Some("2026-11-24T10:00:00Z".parse().unwrap()),
        expires_at: Some("2026-12-01T12:00:00Z".parse().unwrap()),
        revoked_at: None,
        bearer: false,
        tags: vec!["team:blue".into(), "Prod".into()],
    }
}

/// A row in which nothing is known.
pub(super) fn unknown(name: &str) -> Sample {
    Sample {
        account: (None, AccountId::from_bytes([9; 32]).key()),
        user: None,
        rtt: None,
        idle: None,
        in_bytes: None,
        payload: None,
        cpu: None,
        connected_at: None,
        tags: Vec::new(),
        ..sample(name)
    }
}

/// Rows that differ in everything, with few values each, so that rows are often equal in a field.
pub(super) fn any_sample() -> impl Strategy<Value = Sample> {
    let text = || {
        select(vec![
            "orders",
            "Orders-API",
            "two words",
            "a\x1bb",
            "GRÜSSE",
            "κόσμος",
            "a,b",
            "",
            "never",
        ])
        .prop_map(Text::from)
    };
    let amount = || {
        select(vec![
            0_u64,
            1,
            999,
            2_113,
            10_240,
            41_207,
            10 << 20,
            u64::MAX,
        ])
    };
    let time =
        || (-100_000_i64..100_000).prop_map(|seconds| now() + SignedDuration::from_secs(seconds));
    (
        (
            option::of(text()),
            1_u8..4,
            option::of(1_u8..4),
            text(),
            text(),
        ),
        (amount(), option::of(amount()), option::of(amount())),
        (option::of(0_u64..20_000_000), option::of(0_u64..100_000)),
        (
            option::of(time()),
            option::of(time()),
            any::<bool>(),
            option::of(time()),
        ),
        (vec(text(), 0..3), option::of(-10.0_f64..100.0)),
    )
        .prop_map(|(texts, amounts, durations, times, rest)| Sample {
            account: (texts.0, AccountId::from_bytes([texts.1; 32]).key()),
            user: texts.2.map(|byte| UserId::from_bytes([byte; 32]).key()),
            name: texts.3,
            server: texts.4,
            cid: amounts.0,
            state: "active",
            rtt: durations.0.map(Duration::from_micros),
            idle: durations.1.map(Duration::from_secs),
            in_bytes: amounts.1,
            payload: amounts.2.map(|bytes| match bytes {
                0 => Limit::Unlimited,
                bytes => Limit::AtMost(bytes),
            }),
            cpu: rest.1,
            connected_at: times.0,
            expires_at: times.1,
            revoked_at: times.3,
            bearer: times.2,
            tags: rest.0,
        })
}
