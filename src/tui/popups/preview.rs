//! Draws an act that waits for its consent: what it would do above, what it takes below. It reads no keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::consent::{Consenting, Focus, Takes};
use super::wording::Wording;
use super::{WIDEST, centred, frame};
use crate::actions::plan::{Plan, PlannedChange};
use crate::actions::spec::Level;
use crate::jwt::json::Node;
use crate::jwt::keys::PublicKey;
use crate::jwt::role::SignerKind;
use crate::text::Text;
use crate::tui::theme::Role;
use crate::tui::widgets::{Paint, cells, counted, line_of};

/// Lines below the preview: a blank one, the consent, the reason.
const FOOT: u16 = 3;

impl Consenting {
    /// Draws it, and tells where the letters go.
    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) -> Position {
        let width = WIDEST.min(screen.width.saturating_sub(4));
        let lines = self.words(width.saturating_sub(4)).lines;
        let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let height = wanted.saturating_add(FOOT + 2);
        let foot = match self.takes {
            Takes::Press => "y do it   tab reason   esc cancel",
            Takes::Words(_) => "enter do it   tab reason   esc cancel",
        };
        let inside = frame(
            paint,
            centred(screen, width, height),
            (self.title, foot),
            buf,
        );
        let room = inside.height.saturating_sub(FOOT);
        let from = self.scroll.first((lines.len(), room.into()));
        for (line, nth) in lines.iter().skip(from).zip(0..room) {
            line.paint(paint, line_of(inside, nth), buf);
        }
        let below = lines.len().saturating_sub(from + usize::from(room));
        if below > 0 {
            let more = format!("{below} more lines: page-down");
            let line = line_of(inside, room);
            paint.put_right(
                buf,
                Position::new(line.x, line.y),
                line.width,
                &more,
                Role::Notice,
            );
        }
        self.paint_foot(paint, inside, buf)
    }

    fn paint_foot(&self, paint: &Paint<'_>, inside: Rect, buf: &mut Buffer) -> Position {
        let line = line_of(inside, inside.height.saturating_sub(2));
        let ask = match &self.takes {
            Takes::Press => "press y to confirm   ".to_owned(),
            Takes::Words(words) => format!("type {words} to confirm   "),
        };
        let put = |buf: &mut Buffer, x: u16, y: u16, text: &str, role| {
            let room = inside.right().saturating_sub(x);
            paint.put(buf, Position::new(x, y), room, text, role)
        };
        let begin = put(buf, line.x, line.y, &ask, Role::Strong);
        let place = |x, y| {
            let room = inside.right().saturating_sub(x).saturating_sub(1);
            (Position::new(x, y), room)
        };
        let at = place(begin, line.y);
        let typed = self.typed.paint(paint, at, Role::KeyAct, buf);
        if let Some(notice) = &self.notice {
            put(buf, typed.end.saturating_add(2), line.y, notice, Role::Warn);
        }
        let y = line.y.saturating_add(1);
        let reason = put(buf, line.x, y, "reason   ", Role::Muted);
        if self.reason.text().is_empty() && self.focus == Focus::Consent {
            put(buf, reason, y, "(tab; optional)", Role::Faint);
        }
        let at = place(reason, y);
        let reason = self.reason.paint(paint, at, Role::Text, buf);
        match self.focus {
            Focus::Consent => typed.caret,
            Focus::Reason => reason.caret,
        }
    }

    /// The preview in words.
    fn words(&self, width: u16) -> Wording {
        let plan = self.plan();
        let mut words = Wording::new(width);
        words.say("act", &plan.summary, Role::Strong);
        if self.hidden > 0 {
            let hidden = format!("{} of the marked are hidden by the filter", self.hidden);
            words.say("marked", &hidden, Role::Warn);
        }
        if let Some(signer) = plan.signer {
            let kind = signer_word(signer.kind);
            let signs = format!("{kind} {}", signer.key.short());
            words.say("signs", &signs, Role::Text);
        }
        say_steps(&mut words, plan);
        say_changes(&mut words, &plan.changes);
        say_reach(&mut words, plan);
        for warning in &plan.warnings {
            words.say("warning", &warning.what, Role::Warn);
        }
        let after = match (plan.undo, plan.level) {
            (Some(undo), _) => format!("{undo} undoes it"),
            (None, Level::Free | Level::Yes) => "nothing to undo".to_owned(),
            (None, Level::Tail | Level::Name) => "cannot be undone".to_owned(),
        };
        words.say("after", &after, Role::Text);
        words.say("command", &plan.command, Role::Muted);
        words
    }
}

const fn signer_word(kind: SignerKind) -> &'static str {
    match kind {
        SignerKind::Identity => "identity key",
        SignerKind::Signing => "signing key",
        SignerKind::Scoped => "role's key",
    }
}

fn say_steps(words: &mut Wording, plan: &Plan) {
    for (step, nth) in plan.steps.iter().zip(1..) {
        let label = if nth == 1 { "steps" } else { "" };
        let (verb, target, detail) = step.words();
        let step = format!("{nth} {verb} {target}: {}", with_short_keys(&detail));
        words.say(label, &step, Role::Text);
    }
}

fn say_changes(words: &mut Wording, changes: &[PlannedChange]) {
    for (nth, change) in changes.iter().enumerate() {
        let label = if nth == 0 { "change" } else { "" };
        let (sign, role) = match change.op {
            "add" => ('+', Role::DiffAdd),
            "remove" => ('-', Role::DiffRemove),
            _ => ('~', Role::DiffEdit),
        };
        let json = |node: &Option<Node>| node.as_ref().map(shown);
        let value = match (json(&change.before), json(&change.after)) {
            (Some(before), Some(after)) => format!("{before} -> {after}"),
            (before, after) => after.or(before).unwrap_or_default(),
        };
        let path = Text::from(with_short_keys(&change.path));
        words.say(label, &format!("{sign} {path}  {value}"), role);
    }
}

/// Keys as tables show them: nobody reads 56 letters, and the command below has them whole.
pub(super) fn with_short_keys(text: &str) -> String {
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|word| {
            let end = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let short = end.parse::<PublicKey>().map(|key| key.short());
            short.map_or_else(|_| word.to_owned(), |short| short + &word[end.len()..])
        })
        .collect()
}

/// A value as JSON, a text as it is.
fn shown(node: &Node) -> String {
    let json = node.to_go_json();
    let text = match serde_json::from_str(&json) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => json,
    };
    Text::from(text).to_string()
}

fn say_reach(words: &mut Wording, plan: &Plan) {
    let reach = &plan.reach;
    if reach.connections == 0 {
        return;
    }
    let mut line = format!("{} to be closed", counted(reach.connections, "connection"));
    match (reach.connections, reach.leafnodes) {
        (_, 0) => {}
        (1, _) => line.push_str(", a leaf"),
        (_, leafs) => line = format!("{line}, {} among them", counted(leafs, "leaf")),
    }
    let names: Vec<String> = reach.names.iter().map(Text::to_string).collect();
    if !names.is_empty() && cells(&names.join(", ")) > 0 {
        line = format!("{line}: {}", names.join(", "));
    }
    words.say("reach", &line, Role::Warn);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::keys::KeyKind;

    #[test]
    fn keys_are_short_wherever_they_stand_and_nothing_else_is() {
        let key = PublicKey {
            kind: KeyKind::User,
            bytes: [3; 32],
        };
        let (long, short) = (key.to_string(), key.short());

        let said = with_short_keys(&format!("/nats/{long}, {long}x {long} at <server time>"));

        assert_eq!(
            said,
            format!("/nats/{short}, {long}x {short} at <server time>")
        );
    }
}
