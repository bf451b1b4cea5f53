//! How acts ended, in one line: what was seen, never what is hoped. The board and the record say more.

use super::toast::{Toast, Tone};
use crate::actions::guard::Guarded;
use crate::actions::outcome::Outcome;
use crate::ledger::audit::Outcome as Word;
use crate::text::Text;
use crate::tui::widgets::counted;

/// The line of an outcome.
pub(super) fn told(outcome: &Outcome) -> Toast {
    let (tone, line) = match outcome.word {
        Word::Verified => seen_done(outcome),
        Word::Unverified => (Tone::Failure, format!("unverified: {}", silent(outcome))),
        Word::Partial => (Tone::Failure, format!("partial: {}", problem(outcome))),
        Word::Failed | Word::Stale | Word::Refused => {
            let line = format!(
                "{}: {}; nothing was done",
                word(outcome.word),
                problem(outcome)
            );
            (Tone::Failure, line)
        }
        Word::Cancelled => {
            let steps = outcome.report.steps_done;
            (
                Tone::Warning,
                format!(
                    "cancelled after {steps} of {} steps",
                    outcome.report.steps_of
                ),
            )
        }
    };
    Toast::new(tone, line)
}

/// A kick is no containment: who came back is what matters.
fn seen_done(outcome: &Outcome) -> (Tone, String) {
    let report = &outcome.report;
    let what = names(outcome);
    if let Some(back) = report.came_back.first() {
        let more = match report.came_back.len() {
            0 | 1 => String::new(),
            several => format!(", and {} more", several - 1),
        };
        let line = format!(
            "{what} closed; {} came back as {} after {} ms{more}: only revoking keeps it out",
            back.from, back.to, back.after_ms
        );
        return (Tone::Warning, line);
    }
    if outcome.action == "connection.kick" {
        return (Tone::Done, format!("{what} closed; not seen back so far"));
    }
    if let Some(new) = &report.new {
        let place = new
            .creds_path
            .as_ref()
            .map(|path| Text::from(path.display().to_string()));
        let place = place.map_or_else(String::new, |place| format!(": creds in {place}"));
        return (Tone::Done, format!("{} has a new token{place}", new.name));
    }
    let servers = counted(report.servers.len(), "server");
    let line = format!(
        "{} {what}: verified on {servers}, {} closed",
        verb(outcome),
        report.closed()
    );
    if report.unknown.is_empty() {
        (Tone::Done, line)
    } else {
        (
            Tone::Warning,
            format!(
                "{line}; {} could not be read",
                counted(report.unknown.len(), "connection")
            ),
        )
    }
}

/// A late server, and what became of who was let in there.
pub(super) fn guarded(guarded: &Guarded) -> Toast {
    let server = &guarded.server;
    match &guarded.problem {
        None => {
            // The push itself closes whom it meets; these were still there after it.
            let closed = match guarded.closed {
                0 => String::new(),
                closed => format!(", {} closed", counted(closed, "connection")),
            };
            let word = format!("{server} came late: the revocations hold there now{closed}");
            Toast::new(Tone::Warning, word)
        }
        Some(problem) => Toast::new(
            Tone::Failure,
            format!("{server} came late, and is not known to be guarded: {problem}"),
        ),
    }
}

fn verb(outcome: &Outcome) -> &'static str {
    outcome.action.split_once('.').map_or("", |(_, verb)| verb)
}

fn names(outcome: &Outcome) -> String {
    match outcome.targets.as_slice() {
        [one] => one.name.as_ref().map_or_else(
            || one.key.clone(),
            |name| {
                if one.kind == "connection" {
                    format!("{name} ({})", one.key)
                } else {
                    name.to_string()
                }
            },
        ),
        several => format!(
            "{} {}s",
            several.len(),
            several.first().map_or("target", |one| one.kind)
        ),
    }
}

fn silent(outcome: &Outcome) -> String {
    let silent: Vec<String> = outcome
        .report
        .silent()
        .iter()
        .map(Text::to_string)
        .collect();
    if silent.is_empty() {
        problem(outcome)
    } else {
        format!(
            "{} silent; it is not known whether it holds there",
            silent.join(", ")
        )
    }
}

fn problem(outcome: &Outcome) -> String {
    outcome.error.as_ref().map_or_else(
        || "a server said no; the record says which".to_owned(),
        |error| error.what.clone(),
    )
}

const fn word(word: Word) -> &'static str {
    crate::tui::popups::board::word_of(word).0
}
