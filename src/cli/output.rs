//! What is printed: one JSON object, JSON lines, CSV or a table on standard output; everything else on standard error. The only
//! file that prints. Text of others is in its safe form everywhere, and JSON names the fields in which that shows.

use std::io::{self, IsTerminal, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::args::Global;
use crate::actions::plan::Warning;
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::arrange::{Query, Rows, Sort, arrange};
use crate::inventory::cell::Align;
use crate::inventory::columns::{Column, Columns, Field, Row};
use crate::inventory::filter::Filter;
use crate::text::{ALTERED, Text, csv_field, marked};

/// The version of every object.
const SCHEMA: &str = "nats-oam/1";

/// Terminal columns where nobody says how many there are.
const WIDTH: u16 = 120;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Table,
    Json,
    Lines,
    Csv,
}

/// Prints the answer of one command.
pub(super) struct Output {
    format: Format,
    quiet: bool,
    context: Text,
    list: ListFlags,
    now: Timestamp,
}

/// What every list takes.
#[derive(Clone, Debug, Default)]
struct ListFlags {
    filter: Option<String>,
    columns: Vec<String>,
    sort: Option<String>,
    limit: Option<usize>,
}

/// Who was asked and who answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Asked {
    pub(super) expected: Vec<Text>,
    pub(super) answered: Vec<Text>,
    pub(super) silent: Vec<Text>,
}

/// An answer to a question, beside its items.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) asked: Option<Asked>,
    pub(super) warnings: Vec<Warning>,
}

impl Answer {
    /// 5 where a server was silent.
    pub(super) fn exit(&self) -> u8 {
        let silent = self
            .asked
            .as_ref()
            .is_some_and(|asked| !asked.silent.is_empty());
        if silent { 5 } else { 0 }
    }
}

impl Output {
    pub(super) fn new(global: &Global, context: Text, now: Timestamp) -> Self {
        let format = match global {
            Global { json: true, .. } => Format::Json,
            Global { jsonl: true, .. } => Format::Lines,
            Global { csv: true, .. } => Format::Csv,
            _ => Format::Table,
        };
        let list = ListFlags {
            filter: global.filter.clone(),
            columns: global.columns.clone(),
            sort: global.sort.clone(),
            limit: global.limit,
        };
        Self {
            format,
            quiet: global.quiet,
            context,
            list,
            now,
        }
    }

    fn is_json(&self) -> bool {
        matches!(self.format, Format::Json | Format::Lines)
    }

    /// Prints an object that says all of itself: a plan, an outcome. `human` is what a person reads instead.
    pub(super) fn object(&self, kind: &str, body: &impl Serialize, human: &str) {
        if self.is_json() {
            let mut object = Map::from_iter([
                ("schema".to_owned(), json!(SCHEMA)),
                ("kind".to_owned(), json!(kind)),
            ]);
            if let Value::Object(fields) = to_value(body) {
                object.extend(fields);
            }
            out(&Value::Object(object).to_string());
        } else {
            out(human);
        }
    }

    /// Prints one thing.
    pub(super) fn item(&self, kind: &str, item: &impl Serialize, answer: &Answer) {
        let item = to_value(item);
        if self.is_json() {
            let mut envelope = self.envelope(kind, answer);
            envelope.insert("item".to_owned(), item);
            out(&Value::Object(envelope).to_string());
        } else {
            out(&outline(&item));
            self.tell(&answer.warnings);
        }
    }

    /// Prints a list, filtered, sorted and cut as the flags say.
    pub(super) fn list<R: Row + Serialize>(
        &self,
        kind: &str,
        rows: &[R],
        answer: &Answer,
    ) -> Result<(), Explanation> {
        let columns: Columns<R> = match self.list.columns.as_slice() {
            [] => Columns::Standard,
            names => Columns::parse(&names.join(",")).map_err(|error| error.explain())?,
        };
        let chosen = self.choose(rows, &columns.fields())?;
        match self.format {
            Format::Json => {
                let mut envelope = self.envelope(&format!("{kind}.list"), answer);
                envelope.insert("items".to_owned(), chosen.iter().map(to_value).collect());
                out(&Value::Object(envelope).to_string());
            }
            Format::Lines => self.lines(kind, &chosen, answer),
            Format::Csv => csv(&chosen, &columns.fields()),
            Format::Table => {
                table(&chosen, &columns, self.now);
                self.tell(&answer.warnings);
                tell_silent(answer);
            }
        }
        Ok(())
    }

    fn lines<R: Serialize>(&self, kind: &str, rows: &[&R], answer: &Answer) {
        for row in rows {
            let mut line = Map::from_iter([("kind".to_owned(), json!(kind))]);
            if let Value::Object(fields) = to_value(row) {
                line.extend(fields);
            }
            out(&Value::Object(line).to_string());
        }
        out(&Value::Object(self.envelope("end", answer)).to_string());
    }

    fn choose<'r, R: Row>(
        &self,
        rows: &'r [R],
        shown: &[&'static Field<R>],
    ) -> Result<Vec<&'r R>, Explanation> {
        let filter = Filter::parse(self.list.filter.as_deref().unwrap_or_default(), shown)
            .map_err(|error| error.explain())?;
        let sort = self
            .list
            .sort
            .as_deref()
            .map(Sort::parse)
            .transpose()
            .map_err(|error| error.explain())?;
        let query = Query {
            filter: &filter,
            sort: sort.as_ref(),
            now: self.now,
        };
        let order = arrange(rows, &query, &|| false).unwrap_or_default();
        let chosen = order.into_iter().filter_map(|at| rows.row(at));
        Ok(chosen.take(self.list.limit.unwrap_or(usize::MAX)).collect())
    }

    /// Says why nothing was done, or what went wrong.
    pub(super) fn failure(&self, kind: &str, explanation: &Explanation) {
        self.failure_of(kind, &Value::Null, explanation);
    }

    /// A failure with what the kind says beside it.
    pub(super) fn failure_of(&self, kind: &str, body: &Value, explanation: &Explanation) {
        if self.is_json() {
            let mut envelope = self.envelope(kind, &Answer::default());
            if let Value::Object(fields) = body {
                envelope.extend(fields.clone());
            }
            envelope.insert("error".to_owned(), to_value(explanation));
            out(&Value::Object(envelope).to_string());
        } else {
            tell(&explained(explanation));
        }
    }

    fn envelope(&self, kind: &str, answer: &Answer) -> Map<String, Value> {
        Map::from_iter([
            ("schema".to_owned(), json!(SCHEMA)),
            ("kind".to_owned(), json!(kind)),
            ("context".to_owned(), to_value(&self.context)),
            ("at".to_owned(), json!(self.now)),
            ("servers".to_owned(), to_value(&answer.asked)),
            ("warnings".to_owned(), to_value(&answer.warnings)),
        ])
    }

    /// Warnings for a person.
    pub(super) fn tell(&self, warnings: &[Warning]) {
        if !self.quiet {
            for warning in warnings {
                tell(&format!("warning: {} ({})", warning.what, warning.code));
            }
        }
    }
}

fn tell_silent(answer: &Answer) {
    if let Some(asked) = &answer.asked
        && !asked.silent.is_empty()
    {
        let names: Vec<String> = asked.silent.iter().map(Text::to_string).collect();
        tell(&format!(
            "{} did not answer: what is there is not in this list",
            names.join(", ")
        ));
    }
}

/// Something for a person, on standard error.
#[expect(clippy::print_stderr, reason = "the one place that prints")]
pub(super) fn tell(line: &str) {
    eprintln!("{line}");
}

/// A line of data on standard output. A reader that went away has had enough.
pub(super) fn out(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// What happened, what is true now, what to do.
fn explained(explanation: &Explanation) -> String {
    let next = explanation.next.iter().map(|next| match &next.run {
        Some(run) => format!("\n  {}: {run}", next.say),
        None => format!("\n  {}", next.say),
    });
    format!(
        "{}\n{}{}",
        explanation.what,
        explanation.so,
        next.collect::<String>()
    )
}

/// A failure of the command line itself, before any context is known.
pub(super) fn usage(what: &str) {
    tell(&explained(&Explanation::new(
        Code::Usage,
        what,
        "nothing was done",
    )));
}

/// JSON with `"unsafe"` in every object in which a text was altered.
fn to_value(value: &impl Serialize) -> Value {
    let value = marked(|| serde_json::to_value(value));
    let mut value = value.unwrap_or_else(|error| json!({"error": error.to_string()}));
    name_unsafe(&mut value);
    value
}

/// Takes the marks away and says, in each object, which of its fields had one. Tells whether this value had.
fn name_unsafe(value: &mut Value) -> bool {
    match value {
        Value::String(text) => match text.strip_prefix(ALTERED) {
            Some(safe) => {
                *text = safe.to_owned();
                true
            }
            None => false,
        },
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= name_unsafe(item) && !item.is_object();
            }
            found
        }
        Value::Object(fields) => {
            let mut altered = Vec::new();
            for (key, field) in fields.iter_mut() {
                if name_unsafe(field) && !field.is_object() {
                    altered.push(Value::from(key.as_str()));
                }
            }
            let found = !altered.is_empty();
            if found {
                fields.insert("unsafe".to_owned(), Value::Array(altered));
            }
            found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn table<R: Row>(rows: &[&R], columns: &Columns<R>, now: Timestamp) {
    let width = if io::stdout().is_terminal() {
        terminal_width()
    } else {
        u16::MAX
    };
    let fitted = columns.fit(rows, now, width);
    let line = |cells: Vec<String>| out(cells.join("  ").trim_end());
    line(
        fitted
            .iter()
            .map(|column| padded(column, column.field.title))
            .collect(),
    );
    for row in rows {
        line(
            fitted
                .iter()
                .map(|column| padded(column, &column.field.shown(row, now).to_string()))
                .collect(),
        );
    }
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
        .or_else(|| {
            rustix::termios::tcgetwinsize(io::stdout())
                .ok()
                .map(|size| size.ws_col)
        })
        .filter(|width| *width > 0)
        .unwrap_or(WIDTH)
}

fn csv<R: Row>(rows: &[&R], fields: &[&'static Field<R>]) {
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    out(&names.join(","));
    for row in rows {
        let cells: Vec<String> = fields
            .iter()
            .map(|field| csv_field(&(field.cell)(row).exact(field.kind).to_string()))
            .collect();
        out(&cells.join(","));
    }
}

/// A JSON value as indented lines, for people.
fn outline(value: &Value) -> String {
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
