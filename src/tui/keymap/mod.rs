//! Which key does what, by scope, read from a file. It runs nothing.
//!
//! ```text
//! chords pressed so far ──> resolve(scopes, from the inside out) ──> run this | wait for one of these | nothing
//! ```

pub mod chord;
pub mod command;
mod page;
mod read;
#[cfg(test)]
mod tests;

pub use self::chord::Chord;
pub use self::command::Command;
pub use self::page::page;
use self::read::Reader;
use crate::actions::spec::ActionId;
use crate::text::Text;

/// What keys do unless somebody changes it.
const DEFAULT: &str = include_str!("default.toml");

/// The scope in which every view stands.
pub const GLOBAL: &str = "global";
/// The scope of a popup; nothing passes through it.
pub const POPUP: &str = "popup";
/// The scope of the board of servers, inside that of popups.
pub const BOARD: &str = "board";
/// The scope of pasted creds that nobody knows, inside that of popups.
pub const STRANGER: &str = "stranger";

/// What a key is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    Command(Command),
    /// The first of these that the selection allows: so `R` revokes a user and ends a grant.
    Act(Vec<ActionId>),
}

/// A key in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub scope: String,
    pub chords: Vec<Chord>,
    pub binding: Binding,
}

/// What the chords that were pressed so far mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution<'k> {
    Run(&'k Binding),
    /// They begin these.
    Pending(Vec<&'k Bound>),
    Unbound,
}

/// A line of a keymap that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {why}")]
pub struct Warning {
    pub file: Text,
    /// From 1.
    pub line: usize,
    pub why: Text,
}

/// All keys of all scopes.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: Vec<Bound>,
    unbound: Vec<ActionId>,
}

impl Keymap {
    /// Our own keys.
    pub fn standard() -> Self {
        Self::empty().with("default.toml", DEFAULT).0
    }

    fn empty() -> Self {
        Self {
            bound: Vec::new(),
            unbound: Vec::new(),
        }
    }

    /// These keys with those of a person's `keys.toml` over them. Lines that are wrong are told, and change nothing.
    #[must_use]
    pub fn with(mut self, file: &str, source: &str) -> (Self, Vec<Warning>) {
        let mut reader = Reader::new(file, source);
        reader.read();
        if self.bound.is_empty() {
            self.bound = std::mem::take(&mut reader.bound);
        }
        for bound in reader.bound {
            let clash = |other: &Bound| {
                other.scope == bound.scope
                    && (other.chords.starts_with(&bound.chords)
                        || bound.chords.starts_with(&other.chords))
            };
            self.bound.retain(|other| !clash(other));
            self.bound.push(bound);
        }
        self.unbound.extend(reader.unbound);
        (self, reader.warnings)
    }

    /// What chords mean in scopes, of which the first is asked first.
    pub fn resolve(&self, scopes: &[&str], pressed: &[Chord]) -> Resolution<'_> {
        for scope in scopes {
            let here = || self.scope(scope);
            if let Some(exact) = here().find(|bound| bound.chords == pressed) {
                return Resolution::Run(&exact.binding);
            }
        }
        let longer = |bound: &&Bound| bound.chords.starts_with(pressed);
        let pending: Vec<_> = scopes
            .iter()
            .flat_map(|scope| self.scope(scope))
            .filter(longer)
            .collect();
        if pending.is_empty() {
            Resolution::Unbound
        } else {
            Resolution::Pending(pending)
        }
    }

    /// The keys of one scope, in the order of the file.
    pub fn scope(&self, scope: &str) -> impl Iterator<Item = &Bound> {
        self.bound.iter().filter(move |bound| bound.scope == scope)
    }

    /// The acts of a scope, each key with what it may do.
    pub fn acts(&self, scope: &str) -> impl Iterator<Item = (&[Chord], &[ActionId])> {
        self.scope(scope).filter_map(|bound| match &bound.binding {
            Binding::Act(acts) => Some((bound.chords.as_slice(), acts.as_slice())),
            Binding::Command(_) => None,
        })
    }

    /// The key of a command in the first of the scopes that has one.
    pub fn chords_for(&self, scopes: &[&str], command: Command) -> Option<&[Chord]> {
        let binding = Binding::Command(command);
        let mut all = scopes.iter().flat_map(|scope| self.scope(scope));
        all.find(|bound| bound.binding == binding)
            .map(|bound| bound.chords.as_slice())
    }

    /// The key of an act in any scope.
    pub fn chords_for_act(&self, act: ActionId) -> Option<&[Chord]> {
        let does =
            |bound: &&Bound| matches!(&bound.binding, Binding::Act(acts) if acts.contains(&act));
        self.bound
            .iter()
            .find(does)
            .map(|bound| bound.chords.as_slice())
    }
}
