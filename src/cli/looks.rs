//! How rows and objects look to a person, and to a spreadsheet: tables, CSV, outlines. It decides nothing about what is printed.

use std::io::{self, IsTerminal as _};

use jiff::Timestamp;
use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::output::out_lines;
use crate::inventory::cell::Align;
use crate::inventory::columns::{Column, Columns, Field, Row};
use crate::system;
use crate::text::csv_field;

/// Terminal columns where nobody says how many there are.
const WIDTH: u16 = 120;

pub(super) fn table<R: Row>(rows: &[&R], columns: &Columns<R>, now: Timestamp) {
    let width = if io::stdout().is_terminal() {
        terminal_width()
    } else {
        u16::MAX
    };
    let fitted = columns.fit(rows, now, width);
    let line = |cell: &dyn Fn(&Column<R>) -> String| {
        let cells: Vec<String> = fitted
            .iter()
            .map(|column| padded(column, &cell(column)))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    let titles = line(&|column| column.field.title.to_owned());
    let rows = rows
        .iter()
        .map(|row| line(&|column| column.field.shown(row, now).to_string()));
    out_lines(std::iter::once(titles).chain(rows));
}

/// A value in its column: cut where it is too long, filled up on the side that its kind says.
fn padded<R: Row>(column: &Column<R>, text: &str) -> String {
    let width = usize::from(column.width);
    let cut = if text.width() > width {
        shorten(text, width)
    } else {
        text.to_owned()
    };
    let blanks = " ".repeat(width.saturating_sub(cut.width()));
    match column.field.kind.align() {
        Align::Left => cut + &blanks,
        Align::Right => blanks + &cut,
    }
}

fn shorten(text: &str, width: usize) -> String {
    let mut short = String::new();
    for c in text.chars() {
        if short.width() + c.width().unwrap_or_default() + 1 > width {
            break;
        }
        short.push(c);
    }
    short + "…"
}

fn terminal_width() -> u16 {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    columns
        .or_else(system::terminal_width)
        .filter(|width| *width > 0)
        .unwrap_or(WIDTH)
}

pub(super) fn csv<R: Row>(rows: &[&R], fields: &[&'static Field<R>]) {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let rows = rows.iter().map(|row| {
        let cell = |field: &&'static Field<R>| (field.cell)(row).exact(field.kind).to_string();
        let cells: Vec<String> = fields.iter().map(|field| csv_field(&cell(field))).collect();
        cells.join(",")
    });
    out_lines(std::iter::once(names.join(",")).chain(rows));
}

/// A JSON value as indented lines, for people.
pub(super) fn outline(value: &Value) -> String {
    let mut lines = Vec::new();
    indent(&mut lines, 0, value);
    lines.join("\n")
}

fn indent(lines: &mut Vec<String>, depth: usize, value: &Value) {
    let Value::Object(fields) = value else {
        lines.push(format!("{:depth$}{}", "", plain(value)));
        return;
    };
    for (key, field) in fields {
        match field {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(format!("{:depth$}{key}", ""));
                indent(lines, depth + 2, field);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                lines.push(format!("{:depth$}{key}", ""));
                for item in items {
                    lines.push(format!("{:indent$}{}", "", plain(item), indent = depth + 2));
                }
            }
            field => lines.push(format!("{:depth$}{key:<20} {}", "", plain(field))),
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| format!("{key}={}", plain(field)))
            .collect::<Vec<_>>()
            .join(" "),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
