//! Reads a keymap's file: chords, commands, acts, and the line of what is wrong. It merges nothing.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Binding, Bound, Chord, Warning};
use crate::actions::spec::{ActionId, Level};
use crate::text::Text;
use crate::tui::app::acts;

/// A file as far as it can be read.
pub(super) struct Reader<'s> {
    file: &'s str,
    source: &'s str,
    pub(super) bound: Vec<Bound>,
    pub(super) unbound: Vec<ActionId>,
    pub(super) warnings: Vec<Warning>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(file: &'s str, source: &'s str) -> Self {
        Self {
            file,
            source,
            bound: Vec::new(),
            unbound: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Reads it in the order in which it is written: the first key of a command is the one that hints show.
    pub(super) fn read(&mut self) {
        match DeTable::parse(self.source) {
            Ok(table) => {
                for (scope, keys) in in_order(table.get_ref()) {
                    self.section(scope.get_ref(), keys);
                }
            }
            Err(error) => self.warn(&error.span().unwrap_or_default(), error.message()),
        }
    }

    fn warn(&mut self, place: &Range<usize>, why: impl Into<Text>) {
        let before = self.source.get(..place.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        self.warnings.push(Warning {
            file: self.file.into(),
            line,
            why: why.into(),
        });
    }

    fn section(&mut self, scope: &str, keys: &Spanned<DeValue<'_>>) {
        let Some(keys) = keys.get_ref().as_table() else {
            self.warn(&keys.span(), "keys stand in a scope, as in [global]");
            return;
        };
        for (chords, does) in in_order(keys) {
            if (scope, chords.get_ref().as_ref()) == ("unbound", "actions") {
                self.unbound = self.acts(does);
                continue;
            }
            if let Some(bound) = self.key(scope, chords, does) {
                self.bound.push(bound);
            }
        }
    }

    fn key(
        &mut self,
        scope: &str,
        chords: &Spanned<Cow<'_, str>>,
        does: &Spanned<DeValue<'_>>,
    ) -> Option<Bound> {
        let read = match Chord::sequence(chords.get_ref()) {
            Ok(read) => read,
            Err(error) => {
                self.warn(&chords.span(), error.to_string());
                return None;
            }
        };
        let binding = self.binding(does)?;
        if let Binding::Act(acts) = &binding
            && let Some(heavy) = acts.iter().copied().find(|act| is_heavy(act))
            && !read.last().is_some_and(|chord| chord.is_capital())
        {
            self.warn(
                &chords.span(),
                format!(
                    "{heavy} cuts somebody off or grants something: its key is a capital letter"
                ),
            );
            return None;
        }
        Some(Bound {
            scope: scope.to_owned(),
            chords: read,
            binding,
        })
    }

    fn binding(&mut self, does: &Spanned<DeValue<'_>>) -> Option<Binding> {
        if let Some(command) = does.get_ref().as_str().and_then(|word| word.parse().ok()) {
            return Some(Binding::Command(command));
        }
        let acts = self.acts(does);
        if acts.is_empty() {
            None
        } else {
            Some(Binding::Act(acts))
        }
    }

    /// One act or several; those that are none are told.
    fn acts(&mut self, does: &Spanned<DeValue<'_>>) -> Vec<ActionId> {
        let written: Vec<(String, Range<usize>)> = match does.get_ref() {
            DeValue::Array(list) => {
                let words = list.iter().map(|item| {
                    (
                        item.get_ref().as_str().unwrap_or_default().to_owned(),
                        item.span(),
                    )
                });
                words.collect()
            }
            other => vec![(other.as_str().unwrap_or_default().to_owned(), does.span())],
        };
        let mut known = Vec::new();
        for (word, place) in written {
            match acts::offer(&word) {
                Some(offer) => known.push(offer.spec.id),
                None => self.warn(
                    &place,
                    format!("\"{word}\" is neither a command nor an act"),
                ),
            }
        }
        known
    }
}

type Entry<'t, 'i> = (&'t Spanned<Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn is_heavy(act: &str) -> bool {
    acts::offer(act).is_some_and(|offer| offer.spec.level >= Level::Tail)
}
