//! What a frame costs, counted and not timed.

use std::cell::Cell as Counter;
use std::io::{self, Write};

use jiff::Timestamp;
use ratatui::layout::{Rect, Size};

use super::screen::{TestScreen, WIDE, start};
use super::servers::census;
use crate::inventory::arrange::Rows;
use crate::inventory::columns::Columns;
use crate::inventory::server::{ServerRow, ServerState};
use crate::sys::Census;
use crate::tui::app::msg::{Answer, Ask, Effect, Msg};
use crate::tui::app::render;
use crate::tui::runtime::screen::Screen;
use crate::tui::theme::{Depth, Theme};
use crate::tui::widgets::Paint;
use crate::tui::widgets::glyph::Glyphs;
use crate::tui::widgets::table::Table;

/// Rows that count how often one is asked for.
struct Counted {
    row: ServerRow,
    asked: Counter<usize>,
}

const MANY: u32 = 100_000;

impl Rows for Counted {
    type Row = ServerRow;

    fn count(&self) -> u32 {
        MANY
    }

    fn row(&self, _: u32) -> Option<&ServerRow> {
        self.asked.set(self.asked.get() + 1);
        Some(&self.row)
    }
}

#[test]
fn a_frame_over_many_rows_asks_for_those_that_are_seen() {
    let rows = Counted {
        row: ServerRow::unheard("n1".into()),
        asked: Counter::new(0),
    };
    let order: Vec<u32> = (0..MANY).collect();
    let columns = Columns::Standard.fit(&[&rows.row], start(), 97);
    let table = Table {
        rows: &rows,
        order: &order,
        columns: &columns,
        sort: None,
        offset: 50_000,
        cursor: 50_003,
        is_marked: &|_| false,
    };
    let theme = Theme::standard(Depth::True);
    let paint = Paint {
        theme: &theme,
        glyphs: Glyphs::Unicode,
        now: start(),
    };
    let area = Rect::new(0, 0, 100, 21);
    let mut buffer = ratatui::buffer::Buffer::empty(area);

    let painted = table.paint(&paint, area, &mut buffer);

    assert_eq!(rows.asked.get(), 20);
    assert_eq!(painted.rows.height, 20);
}

/// Counts writes and bytes.
#[derive(Default)]
struct Wire {
    writes: usize,
    bytes: usize,
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn many() -> Census {
    let row = |nth: u32| ServerRow {
        state: ServerState::Up,
        connections: Some(u64::from(nth)),
        ..ServerRow::unheard(format!("server-{nth}").into())
    };
    Census {
        servers: (0..MANY).map(row).collect(),
        unheard: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// Draws a frame of the app.
fn draw(wire: &mut Screen<Wire>, screen: &TestScreen) -> (usize, usize) {
    let before = (wire.out().writes, wire.out().bytes);
    wire.draw(|frame| drop(render(&screen.app, frame, screen.now)))
        .unwrap();
    (wire.out().writes - before.0, wire.out().bytes - before.1)
}

#[test]
fn a_frame_is_one_write_and_one_without_change_is_next_to_nothing() {
    for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::Mono] {
        let mut screen = TestScreen::open(WIDE, depth, census());
        let mut wire = Screen::new(Wire::default(), WIDE).unwrap();
        let (writes, _) = draw(&mut wire, &screen);
        assert_eq!(writes, 1);
        screen.press("z"); // means nothing
        let (writes, still) = draw(&mut wire, &screen);
        assert_eq!(writes, 1);
        assert!(
            still <= 64,
            "a frame in which nothing changed: {still} bytes"
        );
    }
}

#[test]
fn many_rows_are_put_in_order_beside_the_screen() {
    let size = Size {
        width: 79,
        height: 30,
    }; // no detail, so that only rows change
    let mut screen = TestScreen::open(size, Depth::True, many());
    let Some(Effect::Ask(id, slot, Ask::Arrange(work))) = screen
        .effects
        .pop()
        .filter(|effect| matches!(effect, Effect::Ask(..)))
        .or_else(|| screen.effects.pop())
    else {
        panic!("{:?}", screen.effects)
    };
    let order = (work.0)(&|| false).unwrap();
    screen.send(Msg::Job(id, slot, Answer::Arranged(order)));
    let mut wire = Screen::new(Wire::default(), size).unwrap();
    draw(&mut wire, &screen);

    screen.press("j");
    let (writes, bytes) = draw(&mut wire, &screen);

    assert_eq!(writes, 1);
    assert!(bytes <= 600, "a row move wrote {bytes} bytes");
    assert!(screen.text().contains("100,000 servers"));
}

#[test]
fn a_row_move_is_few_bytes_with_the_detail_beside_it() {
    for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::Mono] {
        let mut screen = TestScreen::open(WIDE, depth, census());
        let mut wire = Screen::new(Wire::default(), WIDE).unwrap();
        screen.press("j");
        draw(&mut wire, &screen);

        screen.press("j"); // from n1 to n2: rows and detail differ
        let (writes, bytes) = draw(&mut wire, &screen);

        assert_eq!(writes, 1);
        assert!(bytes <= 600, "{depth:?}: {bytes} bytes");
    }
}

#[test]
fn an_answer_that_was_overtaken_is_dropped() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, many());
    screen.press("s n");
    let asked: Vec<_> = screen
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(id, slot, _) => Some((*id, *slot)),
            _ => None,
        })
        .collect();
    let [(first, slot), (second, _)] = asked.as_slice() else {
        panic!("{asked:?}")
    };

    screen.send(Msg::Job(*first, *slot, Answer::Arranged(vec![7])));
    assert!(!screen.text().contains("server-7 "));

    screen.send(Msg::Job(*second, *slot, Answer::Arranged(vec![8])));
    assert!(screen.text().contains("server-8 "));
}
