//! A theme's file: its palette, its 16 colours, its roles, and what is wrong with it. It makes no style; `Theme` does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr as _;

use ratatui::style::{Color, Modifier};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::depth::{Depth, Rgb};
use super::role::Role;
use crate::text::Text;

/// A line of a theme's file that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("theme {theme}, line {line}: {why}")]
pub struct Warning {
    pub theme: Text,
    /// From 1.
    pub line: usize,
    pub why: Text,
}

/// The look of a role in names of the palette.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) fg: Option<String>,
    pub(super) bg: Option<String>,
    pub(super) modifier: Modifier,
}

/// What one file says; a file that inherits says only what differs.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub(super) inherits: Option<String>,
    /// No more colours are used, whatever the terminal has.
    pub(super) deepest: Option<Depth>,
    pub(super) palette: BTreeMap<String, Rgb>,
    pub(super) ansi: BTreeMap<String, Color>,
    pub(super) roles: BTreeMap<Role, Look>,
}

impl File {
    /// What `self` says, over what `parent` says.
    pub(super) fn over(self, mut parent: Self) -> Self {
        parent.deepest = self.deepest.or(parent.deepest);
        parent.palette.extend(self.palette);
        parent.ansi.extend(self.ansi);
        parent.roles.extend(self.roles);
        parent
    }
}

/// Reads a file as far as it can be read.
pub(super) fn read(theme: &str, source: &str) -> (File, Vec<Warning>) {
    let mut reader = Reader {
        theme,
        source,
        file: File::default(),
        warnings: Vec::new(),
    };
    match DeTable::parse(source) {
        Ok(table) => reader.sections(table.get_ref()),
        Err(error) => reader.warn(&error.span().unwrap_or_default(), error.message()),
    }
    (reader.file, reader.warnings)
}

struct Reader<'s> {
    theme: &'s str,
    source: &'s str,
    file: File,
    warnings: Vec<Warning>,
}

type Entry<'e, 'i> = (
    &'e Spanned<std::borrow::Cow<'i, str>>,
    &'e Spanned<DeValue<'i>>,
);

impl Reader<'_> {
    fn warn(&mut self, place: &Range<usize>, why: impl Into<Text>) {
        let before = self.source.get(..place.start).unwrap_or_default();
        self.warnings.push(Warning {
            theme: self.theme.into(),
            line: before.matches('\n').count() + 1,
            why: why.into(),
        });
    }

    fn sections(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("name" | "appearance", DeValue::String(_)) => {}
                ("inherits", DeValue::String(name)) => self.file.inherits = Some(name.to_string()),
                ("color", DeValue::String(depth)) => self.deepest(depth, &value.span()),
                ("palette", DeValue::Table(entries)) => {
                    entries.iter().for_each(|entry| self.colour(entry));
                }
                ("ansi", DeValue::Table(entries)) => {
                    entries.iter().for_each(|entry| self.ansi(entry));
                }
                ("roles", DeValue::Table(entries)) => {
                    entries.iter().for_each(|entry| self.role(entry));
                }
                (other, _) => self.warn(&key.span(), format!("\"{other}\" is no part of a theme")),
            }
        }
    }

    fn deepest(&mut self, written: &str, place: &Range<usize>) {
        self.file.deepest = Depth::named(written);
        if self.file.deepest.is_none() {
            self.warn(place, "how many colours are used is never, 16, 256 or true");
        }
    }

    fn colour(&mut self, (name, value): Entry<'_, '_>) {
        match value.get_ref().as_str().and_then(Rgb::parse) {
            Some(rgb) => drop(self.file.palette.insert(name.get_ref().to_string(), rgb)),
            None => self.warn(&value.span(), "a colour is written as \"#d5d8de\""),
        }
    }

    fn ansi(&mut self, (name, value): Entry<'_, '_>) {
        let written = value.get_ref().as_str().unwrap_or_default();
        match Color::from_str(written) {
            Ok(colour) if !matches!(colour, Color::Rgb(..) | Color::Indexed(_)) => {
                self.file.ansi.insert(name.get_ref().to_string(), colour);
            }
            Ok(_) | Err(_) => self.warn(
                &value.span(),
                "it is none of the terminal's 16 colours, nor \"reset\"",
            ),
        }
    }

    fn role(&mut self, (name, value): Entry<'_, '_>) {
        let Some(role) = Role::of(name.get_ref()) else {
            self.warn(&name.span(), format!("\"{}\" is no role", name.get_ref()));
            return;
        };
        let mut look = Look::default();
        match value.get_ref() {
            DeValue::String(colour) => look.fg = Some(colour.to_string()),
            DeValue::Table(entries) => entries
                .iter()
                .for_each(|entry| self.detail(entry, &mut look)),
            other => {
                let kind = other.type_str();
                self.warn(
                    &value.span(),
                    format!("a role is a colour's name or a table, not {kind}"),
                );
                return;
            }
        }
        self.file.roles.insert(role, look);
    }

    fn detail(&mut self, (name, value): Entry<'_, '_>, look: &mut Look) {
        let modifier = match (name.get_ref().as_ref(), value.get_ref()) {
            ("fg", DeValue::String(colour)) => {
                look.fg = Some(colour.to_string());
                return;
            }
            ("bg", DeValue::String(colour)) => {
                look.bg = Some(colour.to_string());
                return;
            }
            ("bold", DeValue::Boolean(true)) => Modifier::BOLD,
            ("dim", DeValue::Boolean(true)) => Modifier::DIM,
            ("italic", DeValue::Boolean(true)) => Modifier::ITALIC,
            ("underline", DeValue::Boolean(true)) => Modifier::UNDERLINED,
            ("reversed", DeValue::Boolean(true)) => Modifier::REVERSED,
            ("crossed", DeValue::Boolean(true)) => Modifier::CROSSED_OUT,
            (other, _) => {
                self.warn(
                    &name.span(),
                    format!("\"{other}\" is no look, or not of this kind"),
                );
                return;
            }
        };
        look.modifier |= modifier;
    }
}
