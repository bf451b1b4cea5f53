//! The frame around every view: the header above, tabs, hints and the bottom line. It says who and where, and nothing that ticks.
//!
//! ```text
//!  ◆ acme   prod-eu ▲ production   3 of 3 servers                      tier change    ● live   ada@acme
//!   1 accounts    2 users   ▎3 connections
//! ```

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::glyph::Glyph;
use super::{Paint, Painted, Target, cells};
use crate::inventory::server::ServerState;
use crate::tui::app::acts::Allowed;
use crate::tui::app::model::{LinkState, Model, World};
use crate::tui::keymap::{Chord, chord};
use crate::tui::theme::Role;
use crate::tui::views::ViewKind;

/// The role of the line that says which context this is.
pub fn frame_role(model: &Model) -> Role {
    match (model.context.production, model.is_read_only()) {
        (true, _) => Role::FrameProduction,
        (false, true) => Role::FrameReadOnly,
        (false, false) => Role::FrameNormal,
    }
}

/// Words with their roles; drawn one after the other.
type Words = Vec<(String, Role)>;

/// Draws the first line.
pub fn header(model: &Model, paint: &Paint<'_>, line: Rect, buf: &mut Buffer) {
    let right = right_of_header(model, paint);
    let width = right
        .iter()
        .map(|(word, _)| cells(word))
        .fold(0, u16::saturating_add);
    let begin = line
        .right()
        .saturating_sub(width.saturating_add(1))
        .max(line.x);
    let mut x = line.x + 1;
    for (word, role) in left_of_header(model, paint) {
        let room = begin.saturating_sub(x + 1);
        // What has no room is left out, not cut: half a name is another name.
        if cells(&word) <= room {
            x = paint.put(buf, Position::new(x, line.y), room, &word, role);
        }
    }
    let mut x = begin;
    for (word, role) in right {
        x = paint.put(
            buf,
            Position::new(x, line.y),
            line.right().saturating_sub(x),
            &word,
            role,
        );
    }
}

fn left_of_header(model: &Model, paint: &Paint<'_>) -> Words {
    let mut words = Words::new();
    if let World::Open(found) = &model.world
        && let Some(operator) = &found.operator
    {
        words.push((
            format!("{} {operator}   ", paint.glyph(Glyph::Marked)),
            Role::Strong,
        ));
    }
    let name = if model.context.name.is_empty() {
        "no context".to_owned()
    } else {
        model.context.name.to_string()
    };
    let role = frame_role(model);
    if model.context.production {
        words.push((
            format!("{name} {} production", paint.glyph(Glyph::Look)),
            role,
        ));
    } else {
        words.push((name, Role::Text));
    }
    if model.is_read_only() {
        words.push((" ".to_owned(), Role::Text));
        words.push(("read-only".to_owned(), Role::FrameReadOnly));
    }
    if let Some(until) = model.lifted_until {
        words.push((" ".to_owned(), Role::Text));
        let word = format!("write until {}", until.strftime("%H:%M UTC"));
        words.push((word, role));
    }
    if let Some((up, all)) = model.answered() {
        let role = if up == all { Role::Muted } else { Role::Warn };
        words.push((format!("   {up} of {all} servers"), role));
    }
    words
}

fn right_of_header(model: &Model, paint: &Paint<'_>) -> Words {
    match &model.world {
        World::Opening { since } => {
            let waited = paint.now.duration_since(*since);
            let names: Vec<String> = model.addresses.iter().map(ToString::to_string).collect();
            let to = if names.is_empty() {
                "the servers".to_owned()
            } else {
                names.join(", ")
            };
            let spinner = paint
                .glyphs
                .spinner(i64::try_from(waited.as_millis()).unwrap_or(0));
            vec![
                (
                    format!("connecting to {}  ", paint.clip(&to, 40)),
                    Role::Muted,
                ),
                (format!("{spinner} {} s", waited.as_secs()), Role::Notice),
                ("   esc".to_owned(), Role::Key),
                (" offline".to_owned(), Role::Muted),
            ]
        }
        World::Closed(_) => vec![(
            format!("{} nothing is open", paint.glyph(Glyph::Dead)),
            Role::Danger,
        )],
        World::Open(_) => {
            let mut words = vec![(
                format!("tier {}    ", model.standing.tier.word()),
                Role::Muted,
            )];
            words.extend(link(model, paint));
            words.push((format!("   {}", model.actor), Role::Muted));
            words
        }
    }
}

/// Whether we hear the servers, and which of them is silent.
fn link(model: &Model, paint: &Paint<'_>) -> Words {
    match model.link {
        None => vec![(
            format!("{} offline", paint.glyph(Glyph::Waiting)),
            Role::Warn,
        )],
        Some(LinkState::Lost { since }) => {
            let at = since.strftime("%H:%M:%S UTC");
            vec![(
                format!("{} link lost at {at}", paint.glyph(Glyph::Dead)),
                Role::Danger,
            )]
        }
        Some(LinkState::Live) => {
            let mut words = vec![(format!("{} live", paint.glyph(Glyph::Ok)), Role::Ok)];
            let census = model.census.as_ref();
            let silent: Vec<_> = census
                .iter()
                .flat_map(|census| census.ours())
                .filter(|server| server.state == ServerState::Silent)
                .collect();
            match silent.as_slice() {
                [] => {}
                [server] => words.push((format!(", {} silent", server.name), Role::Warn)),
                several => words.push((format!(", {} silent", several.len()), Role::Warn)),
            }
            words
        }
    }
}

/// Draws the tabs, and where they can be clicked.
pub fn tabs(
    here: Option<ViewKind>,
    paint: &Paint<'_>,
    line: Rect,
    buf: &mut Buffer,
    painted: &mut Painted,
) {
    let mut x = line.x + 1;
    let mut name = String::new();
    let is_drawn = |kind: &&ViewKind| kind.digit().is_some() || here == Some(**kind);
    for kind in ViewKind::ALL.iter().filter(is_drawn) {
        let begin = x;
        let is_here = here == Some(*kind);
        let mark = if is_here {
            paint.glyph(Glyph::Tab)
        } else {
            " "
        };
        name.clear();
        // A `String` takes everything.
        let _ = match kind.digit() {
            Some(digit) => write!(name, "{mark}{digit} {}", kind.name()),
            None => write!(name, "{mark}{}", kind.name()),
        };
        let role = if is_here { Role::Accent } else { Role::Muted };
        x = paint.put(
            buf,
            Position::new(x, line.y),
            line.right().saturating_sub(x),
            &name,
            role,
        );
        let place = Rect {
            x: begin,
            width: x - begin,
            ..line
        };
        painted.targets.push((place, Target::Tab(*kind)));
        x = (x + 3).min(line.right());
    }
}

/// A hint: a key and its word.
pub struct Hint<'k> {
    pub key: &'k [Chord],
    pub word: &'static str,
    pub does: Does,
}

impl Hint<'_> {
    /// Cells that it takes. `key` is where its chords are written.
    fn width(&self, key: &mut String) -> u16 {
        key.clear();
        chord::write(self.key, key);
        cells(key)
            .saturating_add(1)
            .saturating_add(cells(self.word))
    }
}

/// What a hint's key does.
pub enum Does {
    Look,
    Act(crate::actions::spec::ActionId, Allowed),
}

/// Draws hints, acts first, then a bar, then what only looks. What cannot be done is faint. Where not all fit, the last stays.
pub fn hints(
    hints: &[Hint<'_>],
    paint: &Paint<'_>,
    line: Rect,
    buf: &mut Buffer,
    painted: &mut Painted,
) {
    let mut x = line.x + 1;
    let mut acts = false;
    let mut written = String::new();
    let kept = hints.last().map_or(0, |hint| hint.width(&mut written));
    for (nth, hint) in hints.iter().enumerate() {
        let is_last = nth + 1 == hints.len();
        let needed = hint.width(&mut written) + if is_last { 0 } else { kept + 2 };
        if needed > line.right().saturating_sub(x) {
            continue;
        }
        if acts && matches!(hint.does, Does::Look) {
            acts = false;
            for part in [paint.glyph(Glyph::Vertical), "  "] {
                let room = line.right().saturating_sub(x);
                x = paint.put(buf, Position::new(x, line.y), room, part, Role::Line);
            }
        }
        let (key, word) = match &hint.does {
            Does::Look => (Role::Key, Role::Muted),
            Does::Act(_, Allowed::Yes) => (Role::KeyAct, Role::Text),
            Does::Act(_, Allowed::No(_)) => (Role::KeyOff, Role::Faint),
        };
        let room = line.right().saturating_sub(x);
        let begin = x;
        x = paint.put(buf, Position::new(x, line.y), room, &written, key) + 1;
        x = paint.put(
            buf,
            Position::new(x, line.y),
            line.right().saturating_sub(x),
            hint.word,
            word,
        );
        if let Does::Act(id, _) = &hint.does {
            acts = true;
            painted.targets.push((
                Rect {
                    x: begin,
                    width: x - begin,
                    ..line
                },
                Target::Act(id),
            ));
        }
        x = (x + 2).min(line.right());
    }
}
