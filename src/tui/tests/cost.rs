//! What a frame costs, counted and not timed.

use std::cell::Cell as Counter;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::layout::{Rect, Size};

use super::screen::{TestScreen, WIDE, start};
use super::servers::census;
use crate::inventory::arrange::Rows;
use crate::inventory::columns::Columns;
use crate::inventory::server::{ServerRow, ServerState};
use crate::sys::Census;
use crate::tui::app::msg::{Answer, Ask, Effect, JobId, Msg, Slot, Work};
use crate::tui::app::render;
use crate::tui::runtime::screen::Screen;
use crate::tui::theme::{Depth, Theme};
use crate::tui::views::arrangement::Arrangement;
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
    wire.draw(|buf| render(&screen.app, buf, screen.now).caret)
        .unwrap();
    (wire.out().writes - before.0, wire.out().bytes - before.1)
}

#[test]
fn a_frame_is_one_write_and_one_without_change_is_next_to_nothing() {
    for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::Mono] {
        let mut screen = TestScreen::open(WIDE, depth, census());
        let mut wire = Screen::new(Wire::default(), WIDE);
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

/// An order as a worker would give it.
pub(super) fn order(numbers: &[u32]) -> Arrangement {
    Arrangement {
        order: numbers.to_vec(),
        ..Arrangement::default()
    }
}

/// The work that was asked for last.
fn arranging(screen: &mut TestScreen) -> (JobId, Slot, Work) {
    let is_arranging = |effect: &Effect| matches!(effect, Effect::Ask(_, _, Ask::Arrange(_)));
    let at = screen.effects.iter().rposition(is_arranging);
    match at.map(|at| screen.effects.remove(at)) {
        Some(Effect::Ask(id, slot, Ask::Arrange(work))) => (id, slot, work),
        other => panic!("{other:?}"),
    }
}

/// Does the work that was asked for last.
fn arrange(screen: &mut TestScreen) {
    let (id, slot, work) = arranging(screen);
    let order = (work.0)(&|| false).unwrap();
    screen.send(Msg::Job(id, slot, Answer::Arranged(order)));
}

#[test]
fn old_rows_stay_in_their_order_until_the_new_order_is_there() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, many());
    assert!(screen.text().contains("servers are being looked through"));
    arrange(&mut screen);
    assert!(screen.text().contains("server-0 "));

    let reversed = Census {
        servers: many().servers.into_iter().rev().collect(),
        ..many()
    };
    screen.send(Msg::Census(Arc::new(reversed)));
    let meanwhile = screen.text();
    assert!(meanwhile.contains("▌● server-0 "), "{meanwhile}");
    assert!(meanwhile.contains("looking through all"), "{meanwhile}");
    arrange(&mut screen);

    let after = screen.text();
    assert!(
        after.contains("▌● server-0 "),
        "the cursor stays on its row: {after}"
    );
    assert!(after.contains("server-9 "), "{after}");
    assert!(!after.contains("looking through"), "{after}");
}

#[test]
fn while_a_filter_is_worked_out_nothing_is_said_to_match_nothing() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, many());
    arrange(&mut screen);
    screen.press("/");
    screen.write("server-42");
    assert!(!screen.text().contains("no server matches"));
    assert!(screen.text().contains("looking through all"));
    arrange(&mut screen);
    assert!(
        screen.text().contains("1,111 of 100,000"),
        "{}",
        screen.text()
    );

    screen.write("x");
    arrange(&mut screen);
    let frame = screen.text();
    assert!(frame.contains("no server matches   server-42x"), "{frame}");

    screen.press("backspace");
    assert!(
        screen.text().contains("servers are being looked through"),
        "{}",
        screen.text()
    );
}

#[test]
fn a_mark_of_what_is_gone_is_not_counted() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.press("space space");
    assert!(screen.text().contains("2 marked"));

    let mut fewer = census();
    fewer.servers.remove(0);
    screen.send(Msg::Census(Arc::new(fewer)));

    assert!(screen.text().contains("1 marked"), "{}", screen.text());
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
    let mut wire = Screen::new(Wire::default(), size);
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
        let mut wire = Screen::new(Wire::default(), WIDE);
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

    screen.send(Msg::Job(*first, *slot, Answer::Arranged(order(&[7]))));
    assert!(!screen.text().contains("server-7 "));

    screen.send(Msg::Job(*second, *slot, Answer::Arranged(order(&[8]))));
    assert!(screen.text().contains("server-8 "));
}
