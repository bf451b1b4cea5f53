//! The pictures of the README: frames as SVG, written by `NATS_OAM_WRITE=1 cargo test --lib pictures` and compared by every run.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::acts::{preparing, revocation};
use super::screen::{TestScreen, WIDE};
use super::tables::{at, tell_user};
use crate::actions::plan::Preview;
use crate::tui::app::msg::Msg;
use crate::tui::theme::Depth;

/// Units of a cell: as wide as the letters of a monospaced font of this size, and higher.
const LETTER: u16 = 15;
const WIDTH: u16 = 9;
const HEIGHT: u16 = 19;
const MARGIN: u16 = 12;

/// What a terminal has where a theme leaves it its own: the ink and paper for which calm-dark is made.
const INK: &str = "#d5d8de";
const PAPER: &str = "#14171c";

/// A run of cells that look the same.
struct Run {
    x: u16,
    cells: u16,
    text: String,
    ink: String,
    paper: String,
    modifier: Modifier,
}

fn colour(colour: Color, own: &str) -> String {
    match colour {
        Color::Reset => own.to_owned(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        other => panic!("{other} is no colour of a theme in full depth"),
    }
}

fn look(cell: &Cell) -> (String, String, Modifier) {
    let (ink, paper) = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) {
        (paper, ink, cell.modifier)
    } else {
        (ink, paper, cell.modifier)
    }
}

fn runs(row: &[Cell]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (x, cell) in (0..).zip(row) {
        let (ink, paper, modifier) = look(cell);
        match runs.last_mut() {
            Some(run) if (&run.ink, &run.paper, run.modifier) == (&ink, &paper, modifier) => {
                run.text.push_str(cell.symbol());
                run.cells += 1;
            }
            Some(_) | None => runs.push(Run {
                x,
                cells: 1,
                text: cell.symbol().to_owned(),
                ink,
                paper,
                modifier,
            }),
        }
    }
    runs
}

fn svg(buffer: &Buffer) -> String {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let (width, height) = (width * WIDTH + 2 * MARGIN, height * HEIGHT + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', \
         Menlo, Consolas, monospace\" font-size=\"{LETTER}\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    let rows = buffer.content().chunks(usize::from(buffer.area.width));
    for (y, row) in (0..).zip(rows) {
        for run in runs(row) {
            paint(&run, MARGIN + y * HEIGHT, &mut svg);
        }
    }
    svg + "</svg>\n"
}

fn paint(run: &Run, top: u16, svg: &mut String) {
    let (x, width) = (MARGIN + run.x * WIDTH, run.cells * WIDTH);
    if run.paper != PAPER {
        let paper = &run.paper;
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>"
        )
        .unwrap();
    }
    if run.text.trim().is_empty() {
        return;
    }
    let looks = [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " opacity=\"0.5\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ];
    let looks = looks
        .iter()
        .filter(|(modifier, _)| run.modifier.contains(*modifier));
    let looks: String = looks.map(|(_, attribute)| *attribute).collect();
    let escaped = run
        .text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let (ink, base) = (&run.ink, top + 14);
    writeln!(
        svg,
        "<text x=\"{x}\" y=\"{base}\" textLength=\"{width}\" fill=\"{ink}\"{looks} xml:space=\"preserve\">{escaped}</text>"
    )
    .unwrap();
}

/// The picture of this name is this frame.
#[track_caller]
fn assert_picture(name: &str, screen: &mut TestScreen) {
    let path = format!("{}/docs/pictures/{name}.svg", env!("CARGO_MANIFEST_DIR"));
    let picture = svg(&screen.frame());
    if std::env::var_os("NATS_OAM_WRITE").is_some() {
        std::fs::write(&path, &picture).unwrap();
    }

    let kept = std::fs::read_to_string(&path).unwrap_or_default();

    assert!(
        kept == picture,
        "{path} is not what the console shows: NATS_OAM_WRITE=1 cargo test --lib pictures"
    );
}

#[test]
fn the_picture_of_the_accounts_is_what_the_console_shows() {
    let mut screen = at("1", WIDE, Depth::True);
    screen.press("down l l l down down");
    tell_user(&mut screen);

    assert_picture("accounts", &mut screen);
}

#[test]
fn the_picture_of_a_revocation_is_what_the_console_shows() {
    let mut screen = at("2", WIDE, Depth::True);
    screen.press("down R");
    let job = preparing(&screen);
    screen.send(Msg::Prepared(job, Ok(Box::new(Preview::of(revocation())))));

    assert_picture("revoke", &mut screen);
}
