//! What can be pressed on a board once its act has ended: the act again, where a server has not proven it; a kick of what is
//! left open. It presses nothing.
//!
//! ```text
//! next     P push again to n3
//!          X kick the 1 left open
//!
//! next     P try again                  where nothing was pushed
//! ```

use super::{About, Board};
use crate::actions::action::{SelectedConnection, Selection};
use crate::actions::outcome::ServerVerdict;
use crate::actions::refs::{ConnRef, ServerRef};
use crate::ledger::audit::Outcome as Word;
use crate::tui::app::acts::Intent;
use crate::tui::theme::Role;

/// Servers that are named one by one.
const NAMED: usize = 3;

/// The keys of a board, as they are bound.
#[derive(Clone, Debug, Default)]
pub struct BoardKeys {
    pub again: String,
    pub kick: String,
}

impl Board {
    /// The act of the board, to be done again; else why not.
    pub(in crate::tui) fn again(&self) -> Result<Intent, String> {
        match (self.word(), self.about) {
            (None, _) => Err(format!("{} is still running", self.summary)),
            (_, About::Connections | About::Nothing) => {
                Err("nothing was pushed that could be pushed again".to_owned())
            }
            (Some(Word::Verified), _) => Err("every server has proven it already".to_owned()),
            (Some(_), About::Tokens | About::TokensAndConnections) => Ok(self.intent.clone()),
        }
    }

    /// The connections that were to be closed, and are open.
    pub(in crate::tui) fn left(&self) -> Selection {
        let left = self.report.left.iter();
        let connections = left.map(|id| SelectedConnection {
            id: *id,
            written: ConnRef {
                server: ServerRef::Id(id.server),
                cid: id.cid,
            },
            holder: None,
        });
        Selection {
            connections: connections.collect(),
            ..Selection::default()
        }
    }

    /// Why nothing can be kicked, where nothing can.
    pub(in crate::tui) fn nothing_left(&self) -> Option<String> {
        if !self.report.left.is_empty() {
            return None;
        }
        Some(
            match self.servers(|state| state == ServerVerdict::Unknown) {
                silent if silent.is_empty() => "nothing is known to be left open".to_owned(),
                silent => format!("{silent} does not say what is open there"),
            },
        )
    }

    /// The keys that are worth a line, what each does, and whether it can be pressed.
    pub(super) fn further(&self) -> Vec<(String, Role)> {
        let is_over = self.word().is_some_and(|word| word != Word::Verified);
        if !is_over {
            return Vec::new();
        }
        let line = |key: &str, does: String, role| (format!("{key} {does}"), role);
        let mut lines = Vec::new();
        if matches!(self.about, About::Tokens | About::TokensAndConnections) {
            lines.push(line(&self.keys.again, self.what_again(), Role::Notice));
        }
        if matches!(self.about, About::Connections | About::TokensAndConnections) {
            lines.push(match self.report.left.len() {
                0 => line(
                    &self.keys.kick,
                    "kick what is left open".to_owned(),
                    Role::Faint,
                ),
                left => line(
                    &self.keys.kick,
                    format!("kick the {left} left open"),
                    Role::Notice,
                ),
            });
        }
        lines
    }

    /// What the act does when it is done again: where it ended before anything was pushed, nothing is pushed again.
    fn what_again(&self) -> String {
        let is_pushed = match self.word() {
            None | Some(Word::Verified | Word::Unverified | Word::Partial) => true,
            Some(Word::Failed | Word::Stale | Word::Refused | Word::Cancelled) => {
                let mut servers = self.report.servers.iter();
                servers.any(|server| server.pushed.is_some())
            }
        };
        if !is_pushed {
            return "try again".to_owned();
        }
        match self.servers(|state| state != ServerVerdict::Clear) {
            behind if behind.is_empty() => "push again".to_owned(),
            behind => format!("push again to {behind}"),
        }
    }

    /// The word for closing the board.
    pub(super) fn close_word(&self) -> &'static str {
        match self.word() {
            None => "esc let it run",
            Some(Word::Unverified) if self.report.guard.is_some() => "esc leave it to the guard",
            Some(_) => "esc close",
        }
    }

    /// The servers in some states, the first ones by name.
    fn servers(&self, is_meant: fn(ServerVerdict) -> bool) -> String {
        let servers = self.report.servers.iter();
        let names: Vec<String> = servers
            .filter(|server| is_meant(server.state))
            .map(|server| server.name.to_string())
            .collect();
        let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>();
        match names.len().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }

    fn word(&self) -> Option<Word> {
        self.outcome.as_ref().map(|outcome| outcome.word)
    }
}
