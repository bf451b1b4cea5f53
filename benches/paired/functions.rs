//! Functions that a key waits for, over 100,000 rows.

use std::hint::black_box;
use std::time::Duration;

use nats_oam::inventory::arrange::{Query, Sort, arrange, first};
use nats_oam::inventory::columns::Columns;
use nats_oam::inventory::filter::Filter;
use nats_oam::inventory::user_line::UserLine;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::crowd::Crowd;
use crate::many::{Console, now, users};
use crate::{Bench, Pair, Target, time};

const PAGE: usize = 57;

pub const ALL: &[Bench] = &[
    ("filter", filter),
    ("sort.page", sorted_page),
    ("sort.all", sorted),
    ("frame.next", frame),
];

fn filter(_: &Crowd) -> Pair {
    let rows = users();
    let names: Vec<String> = rows.iter().map(|row| format!("{:?}", row.name)).collect();
    let fields = Columns::<UserLine>::Standard.fields();
    let filter = Filter::parse("orders-0421", &fields).unwrap();
    let query = Query {
        filter: &filter,
        sort: None,
        now: now(),
    };
    Pair::measure(
        ("filter by a word", "std contains, names only"),
        Target::Millis(5.0),
        50,
        || time(|| arrange(&rows, &query, &|| false)),
        || {
            let find = || {
                names
                    .iter()
                    .filter(|name| name.contains("orders-0421"))
                    .count()
            };
            time(|| black_box(find()))
        },
    )
}

/// The other: values read into pairs, the page selected and sorted.
fn select(rows: &[UserLine], sorts_all: bool) -> Duration {
    time(|| {
        let value = |row: &UserLine| row.issued_at.time().map_or(0, |time| time.0);
        let mut pairs: Vec<(i64, u32)> = rows.iter().map(value).zip(0..).collect();
        if !sorts_all {
            pairs.select_nth_unstable(PAGE);
            pairs.truncate(PAGE);
        }
        pairs.sort_unstable();
        black_box(pairs)
    })
}

/// All rows by the time of their tokens.
fn by_time<T>(then: impl FnOnce(&Query<'_, UserLine>) -> T) -> T {
    let (filter, sort) = (
        Filter::parse("", &[]).unwrap(),
        Sort::parse("issued_at").unwrap(),
    );
    then(&Query {
        filter: &filter,
        sort: Some(&sort),
        now: now(),
    })
}

fn sorted_page(_: &Crowd) -> Pair {
    let rows = users();
    by_time(|query| {
        Pair::measure(
            ("first page by a time", "select and sort pairs"),
            Target::AtMost(1.2),
            50,
            || time(|| first(&rows, query, PAGE, &|| false)),
            || select(&rows, false),
        )
    })
}

fn sorted(_: &Crowd) -> Pair {
    let rows = users();
    by_time(|query| {
        Pair::measure(
            ("all rows by a time", "sort pairs"),
            Target::AtMost(3.0),
            20,
            || time(|| arrange(&rows, query, &|| false)),
            || select(&rows, true),
        )
    })
}

fn frame(_: &Crowd) -> Pair {
    let size = Size {
        width: 200,
        height: 60,
    };
    let mut console = Console::open(size);
    let options = TerminalOptions {
        viewport: Viewport::Fixed(Rect::from((Position::ORIGIN, size))),
    };
    let backend = CrosstermBackend::new(std::io::sink());
    let mut empty = Terminal::with_options(backend, options).unwrap();
    Pair::measure(
        (
            "frame over 100,000 users, row move",
            "empty frame of ratatui",
        ),
        Target::AtMost(5.0),
        200,
        || {
            console.press("j");
            time(|| console.draw())
        },
        || time(|| _ = empty.draw(|_| {}).unwrap()),
    )
}
