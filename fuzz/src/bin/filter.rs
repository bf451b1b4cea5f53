//! The language of `--where` and `/`: a text is a filter, or an error that points inside it; and `!` turns a term round.
#![no_main]

use std::time::Duration;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use nats_oam_fuzz::assert_harmless;
use nats_oam_fuzz::explain::Explain;
use nats_oam_fuzz::inventory::cell::{Cell, Kind};
use nats_oam_fuzz::inventory::columns::{Field, Row};
use nats_oam_fuzz::inventory::filter::Filter;
use nats_oam_fuzz::text::Text;

/// One value for each way of comparing.
struct Sample {
    name: Text,
    tags: Vec<Text>,
    at: Timestamp,
}

impl Row for Sample {
    const FIELDS: &'static [Field<Self>] = &[
        Field::new("name", Kind::Text, |row| Cell::Text(&row.name)),
        Field::new("tags", Kind::List, |row| Cell::Texts(&row.tags)),
        Field::new("cid", Kind::Id, |_| Cell::Id(41)),
        Field::new("in_bytes", Kind::Bytes, |_| Cell::Bytes(u64::MAX)),
        Field::new("idle_s", Kind::Seconds, |_| {
            Cell::Duration(Duration::from_millis(1500))
        }),
        Field::new("connected_at", Kind::Time, |row| Cell::Time(row.at)),
        Field::new("expires_at", Kind::Deadline, |_| Cell::Absent),
        Field::new("bearer", Kind::Bool, |_| Cell::Bool(true)),
    ];
}

fuzz_target!(|input: &[u8]| {
    let Ok(written) = std::str::from_utf8(input) else {
        return;
    };
    let shown: Vec<_> = Sample::FIELDS.iter().collect();
    match Filter::parse(written, &shown) {
        Ok(filter) => turns_round(written, &filter, &shown),
        Err(error) => {
            assert!(
                (1..=written.chars().count()).contains(&error.column),
                "{error}"
            );
            assert_harmless(&error.explain().what);
        }
    }
});

fn turns_round(written: &str, filter: &Filter<Sample>, shown: &[&'static Field<Sample>]) {
    let row = Sample {
        name: "orders \u{1b}[31m ß".into(),
        tags: vec!["team:orders".into(), "b".into()],
        at: Timestamp::UNIX_EPOCH,
    };
    let now = Timestamp::UNIX_EPOCH + Duration::from_secs(3600);
    let holds = filter.at(now).holds(&row);
    let is_one_term = !filter.is_empty() && !written.contains(char::is_whitespace);
    if is_one_term {
        let turned = Filter::parse(&format!("!{written}"), shown).expect("a term can be turned");
        assert_ne!(turned.at(now).holds(&row), holds);
    }
}
