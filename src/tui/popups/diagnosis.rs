//! Why a user is refused: first the checks that fail or are open, with what that means and what helps, then how each server judges, then
//! the other checks. It judges nothing.
//!
//! ```text
//! ╭─ Why is it refused? ────────────────────────────────────────╮
//! │ user     worker in ORDERS                                   │
//! │ refused  revoked: it is revoked up to 2026-11-24T02:07:00Z  │
//! │                                                             │
//! │ fail     revoked: it is revoked up to 2026-11-24T02:07:00Z  │
//! │ so       it was issued at 2026-11-20T09:00:00Z: servers …   │
//! │ next     issue the user again: nats-oam user reissue U…     │
//! │                                                             │
//! │ server   n1 refuses it: revoked                             │
//! │                                                             │
//! │ ok       format: it is the token of user worker             │
//! ╰─────────────────────────────────── j k scroll   esc close ─╯
//! ```

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::wording::{Line, Wording};
use super::{WIDEST, centred, frame, shown};
use crate::actions::diagnose::judge::{AtServer, Diagnosis, Verdict};
use crate::actions::diagnose::said::{CheckResult, Checked};
use crate::explain::Explanation;
use crate::tui::keymap::Command;
use crate::tui::theme::Role;
use crate::tui::widgets::scroll::Scroll;
use crate::tui::widgets::{Paint, line_of};

/// What is known of why a user is refused.
#[derive(Clone, Debug)]
pub struct Diagnosing {
    told: Told,
    scroll: Scroll,
}

#[derive(Clone, Debug)]
enum Told {
    Reading { since: Timestamp },
    Found(Box<Diagnosis>),
    Failed(Explanation),
}

impl Diagnosing {
    /// Store and servers are being read.
    pub fn reading(since: Timestamp) -> Self {
        Self {
            told: Told::Reading { since },
            scroll: Scroll::default(),
        }
    }

    pub(in crate::tui) fn found(&mut self, diagnosis: Box<Diagnosis>) {
        self.told = Told::Found(diagnosis);
    }

    pub(in crate::tui) fn failed(&mut self, why: Explanation) {
        self.told = Told::Failed(why);
    }

    /// Whether it waits, so that something turns.
    pub(in crate::tui) const fn is_reading(&self) -> bool {
        matches!(self.told, Told::Reading { .. })
    }

    pub(super) fn command(&mut self, command: Command, size: Size) {
        let screen = Rect::from((Position::ORIGIN, size));
        let count = self.lines(screen).len();
        let page = shown(area(screen, count));
        self.scroll.command(command, (count, page));
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let lines = self.lines(screen);
        let area = area(screen, lines.len());
        let title = "Why is it refused?";
        let inside = frame(paint, area, (title, "j k scroll   esc close"), buf);
        if let Told::Reading { since } = self.told {
            let waited = paint.now.duration_since(since).as_millis();
            let turn = paint.glyphs.spinner(i64::try_from(waited).unwrap_or(0));
            let words = format!("{turn} asking the store and every server");
            let at = Position::new(inside.x, inside.y);
            paint.put(buf, at, inside.width, &words, Role::Notice);
        }
        let from = self.scroll.first((lines.len(), inside.height.into()));
        for (line, nth) in lines.iter().skip(from).zip(0..inside.height) {
            line.paint(paint, line_of(inside, nth), buf);
        }
    }

    fn lines(&self, screen: Rect) -> Vec<Line> {
        let mut words = Wording::new(area(screen, 0).width.saturating_sub(4));
        match &self.told {
            Told::Reading { .. } => words.say("", "", Role::Muted),
            Told::Failed(why) => {
                words.say("", &why.what, Role::Danger);
                words.say("", &why.so, Role::Text);
            }
            Told::Found(diagnosis) => say(diagnosis, &mut words),
        }
        words.lines
    }
}

fn area(screen: Rect, lines: usize) -> Rect {
    centred(screen, WIDEST, u16::try_from(lines + 2).unwrap_or(u16::MAX))
}

fn say(diagnosis: &Diagnosis, words: &mut Wording) {
    words.say("user", &diagnosis.whose(), Role::Strong);
    let role = match diagnosis.verdict {
        Verdict::Ok => Role::Ok,
        Verdict::Refused => Role::Danger,
        Verdict::Unknown => Role::Warn,
    };
    words.say(diagnosis.verdict.word(), &diagnosis.sentence(), role);
    let (open, settled): (Vec<_>, Vec<_>) = diagnosis.checks.iter().partition(|checked| {
        matches!(
            checked.said.result,
            CheckResult::Fail | CheckResult::Unknown
        )
    });
    for checked in open {
        words.say("", "", Role::Text);
        say_check(checked, words);
    }
    words.say("", "", Role::Text);
    match &diagnosis.servers {
        None => words.say("servers", "none was asked", Role::Muted),
        Some(servers) => servers.iter().for_each(|server| say_server(server, words)),
    }
    words.say("", "", Role::Text);
    for checked in settled {
        say_check(checked, words);
    }
}

fn say_check(checked: &Checked, words: &mut Wording) {
    let said = &checked.said;
    let line = format!("{}: {}", checked.check.word(), said.what);
    words.say(said.result.word(), &line, role(said.result));
    if let Some(so) = &said.so {
        words.say("so", so, Role::Text);
    }
    for next in &said.next {
        let run = next.run.as_ref().map(|run| format!(": {run}"));
        let line = format!("{}{}", next.say, run.unwrap_or_default());
        words.say("next", &line, Role::Notice);
    }
}

fn say_server(server: &AtServer, words: &mut Wording) {
    let name = &server.name;
    let line = match (server.first_failure, server.result) {
        (Some(check), _) => format!("{name} refuses it: {}", check.word()),
        (None, CheckResult::Unknown) => format!("{name} is not known to let it in"),
        (None, CheckResult::Ok | CheckResult::Skipped | CheckResult::Fail) => {
            format!("{name} has nothing against it")
        }
    };
    words.say("server", &line, role(server.result));
}

const fn role(result: CheckResult) -> Role {
    match result {
        CheckResult::Ok => Role::Text,
        CheckResult::Fail => Role::Danger,
        CheckResult::Unknown => Role::Warn,
        CheckResult::Skipped => Role::Muted,
    }
}
