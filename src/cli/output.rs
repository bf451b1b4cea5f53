//! What is printed: one JSON object, JSON lines, CSV or a table on standard output; everything else on standard error. The only
//! file that prints. Text of others is in its safe form everywhere, and JSON names the fields in which that shows.

use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::args::Global;
use super::json::{to_value, with_items, with_written};
use super::looks::{csv, outline, table};
use crate::actions::plan::Warning;
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::arrange::{Query, Sort, first};
use crate::inventory::columns::{Columns, Field, Row};
use crate::inventory::filter::Filter;
use crate::text::Text;

/// The version of every object.
const SCHEMA: &str = "nats-oam/1";

/// Bytes that are written at once.
const BLOCK: usize = 64 * 1_024;

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
    /// Whether servers were to be asked, and none could be reached.
    pub(super) is_cut_off: bool,
}

impl Answer {
    /// 5 where a server was silent.
    pub(super) fn exit(&self) -> u8 {
        let silent = self
            .asked
            .as_ref()
            .is_some_and(|asked| !asked.silent.is_empty());
        if silent || self.is_cut_off { 5 } else { 0 }
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
        let human = if self.is_json() {
            String::new()
        } else {
            outline(&item)
        };
        self.told(kind, &item, answer, &human);
    }

    /// Prints one thing; `human` is what a person reads instead of its fields.
    pub(super) fn told(&self, kind: &str, item: &impl Serialize, answer: &Answer, human: &str) {
        if self.is_json() {
            let mut envelope = self.envelope(kind, answer);
            envelope.insert("item".to_owned(), to_value(item));
            out(&Value::Object(envelope).to_string());
        } else {
            out(human);
            self.tell_of(answer);
        }
    }

    /// Prints a list, filtered, sorted and cut as the flags say.
    pub(super) fn list<R: Row + Serialize + Sync>(
        &self,
        kind: &str,
        rows: &[R],
        answer: &Answer,
    ) -> Result<(), Explanation> {
        self.list_by(kind, rows, answer, "")
    }

    /// The same with columns of its own choice where nobody chose any.
    pub(super) fn list_by<R: Row + Serialize + Sync>(
        &self,
        kind: &str,
        rows: &[R],
        answer: &Answer,
        standard: &str,
    ) -> Result<(), Explanation> {
        let columns: Columns<R> = self.columns(standard)?;
        let chosen = self.chosen(rows, standard)?;
        match self.format {
            Format::Json => {
                let envelope = self.envelope(&format!("{kind}.list"), answer);
                out_lines([with_items(envelope, &chosen)]);
            }
            Format::Lines => {
                out_lines(chosen.iter().map(|row| line(kind, row)));
                out(&self.ending(answer));
            }
            Format::Csv => {
                csv(&chosen, &columns.fields());
                self.tell_of(answer);
            }
            Format::Table => {
                table(&chosen, &columns, self.now);
                self.tell_of(answer);
            }
        }
        Ok(())
    }

    /// The rows that the flags leave, in their order.
    fn chosen<'a, R: Row>(&self, rows: &'a [R], standard: &str) -> Result<Vec<&'a R>, Explanation> {
        let order = self.page(rows, standard)?;
        Ok(order.into_iter().filter_map(|at| rows.get(at)).collect())
    }

    fn columns<R: Row>(&self, standard: &str) -> Result<Columns<R>, Explanation> {
        let columns = match (self.list.columns.as_slice(), standard) {
            ([], "") => Ok(Columns::Standard),
            ([], standard) => Columns::parse(standard),
            (names, _) => Columns::parse(&names.join(",")),
        };
        columns.map_err(|error| error.explain())
    }

    /// Places of the rows that a list would print, in its order.
    pub(super) fn page<R: Row>(
        &self,
        rows: &[R],
        standard: &str,
    ) -> Result<Vec<usize>, Explanation> {
        self.at_most(self.list.limit.unwrap_or(usize::MAX), rows, standard)
    }

    /// Places of the rows that `--where` leaves, however many are printed: what an answer of yes or no is about.
    pub(super) fn asked_for<R: Row>(&self, rows: &[R]) -> Result<Vec<usize>, Explanation> {
        self.at_most(usize::MAX, rows, "")
    }

    fn at_most<R: Row>(
        &self,
        limit: usize,
        rows: &[R],
        standard: &str,
    ) -> Result<Vec<usize>, Explanation> {
        let shown = self.columns::<R>(standard)?.fields();
        let filter = self.filter(&shown)?;
        let sort = self.sort()?;
        let query = Query {
            filter: &filter,
            sort: sort.as_ref(),
            now: self.now,
        };
        let order = first(rows, &query, limit, &|| false).unwrap_or_default();
        Ok(order
            .into_iter()
            .filter_map(|at| at.try_into().ok())
            .collect())
    }

    fn filter<R: Row>(&self, shown: &[&'static Field<R>]) -> Result<Filter<R>, Explanation> {
        let written = self.list.filter.as_deref().unwrap_or_default();
        Filter::parse(written, shown).map_err(|error| error.explain())
    }

    fn sort<R: Row>(&self) -> Result<Option<Sort<R>>, Explanation> {
        let sort = self.list.sort.as_deref().map(Sort::parse).transpose();
        sort.map_err(|error| error.explain())
    }

    /// Whether which rows are printed, or their order, depends on one of these fields.
    pub(super) fn depends_on<R: Row>(&self, fields: &[&str]) -> Result<bool, Explanation> {
        let filter = self.filter::<R>(&[])?;
        let sort = self.sort::<R>()?;
        let is_sorted = |field: &&str| sort.as_ref().is_some_and(|sort| sort.field.name == *field);
        Ok(fields
            .iter()
            .any(|field| filter.names(field) || is_sorted(field)))
    }

    /// How many rows are wanted.
    pub(super) const fn limit(&self) -> Option<usize> {
        self.list.limit
    }

    /// Whether a list is asked for as it comes: nothing decides over it but its length.
    pub(super) const fn is_plain_list(&self) -> bool {
        self.list.filter.is_none() && self.list.sort.is_none()
    }

    /// Begins a list that goes on until it is ended.
    pub(super) const fn stream(&self, kind: &'static str) -> Stream<'_> {
        Stream {
            output: self,
            kind,
            held: Vec::new(),
        }
    }

    /// The last of JSON lines.
    fn ending(&self, answer: &Answer) -> String {
        Value::Object(self.envelope("end", answer)).to_string()
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

    /// For a person, what has to be known of an answer: its warnings, and who was silent.
    fn tell_of(&self, answer: &Answer) {
        self.tell(&answer.warnings);
        let silent = answer.asked.iter().flat_map(|asked| &asked.silent);
        let names: Vec<String> = silent.map(Text::to_string).collect();
        if !self.quiet && !names.is_empty() {
            tell(&format!(
                "{} did not answer: what is there is not known",
                names.join(", ")
            ));
        }
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

/// A list that goes on until it is ended. Its items are printed as they come, but for `--json`, whose one object comes at the end.
pub(super) struct Stream<'a> {
    output: &'a Output,
    kind: &'static str,
    held: Vec<String>,
}

impl Stream<'_> {
    /// What is there when it begins, as a list.
    pub(super) fn rows<R: Row + Serialize + Sync>(
        &mut self,
        rows: &[R],
        answer: &Answer,
    ) -> Result<(), Explanation> {
        if !self.output.is_json() {
            return self.output.list(self.kind, rows, answer);
        }
        for row in self.output.chosen(rows, "")? {
            self.item(line(self.kind, row));
        }
        Ok(())
    }

    /// One thing that happened; `human` is what a person reads instead.
    pub(super) fn event(&mut self, kind: &str, item: &impl Serialize, human: &str) {
        if self.output.is_json() {
            self.item(line(kind, item));
        } else {
            out(human);
        }
    }

    /// One thing that could not be answered, among others that can.
    pub(super) fn error(&mut self, explanation: &Explanation) {
        if self.output.is_json() {
            let line = json!({ "kind": self.kind, "error": to_value(explanation) });
            self.item(line.to_string());
        } else {
            tell(&explained(explanation));
        }
    }

    fn item(&mut self, line: String) {
        if self.output.format == Format::Json {
            self.held.push(line);
        } else {
            out(&line);
        }
    }

    /// It is over.
    pub(super) fn end(self, answer: &Answer) {
        match self.output.format {
            Format::Json => {
                let envelope = self.output.envelope(&format!("{}.list", self.kind), answer);
                out_lines([with_written(envelope, &self.held)]);
            }
            Format::Lines => out(&self.output.ending(answer)),
            Format::Csv | Format::Table => {}
        }
    }
}

/// One item of a stream, with its kind. An item with a `kind` of its own (a client, a scoped key) keeps that one.
fn line(kind: &str, item: &impl Serialize) -> String {
    let mut line = Map::from_iter([("kind".to_owned(), json!(kind))]);
    if let Value::Object(fields) = to_value(item) {
        line.extend(fields);
    }
    Value::Object(line).to_string()
}

/// Something for a person, on standard error. A person who went away is told nothing, and changes no exit code.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A line of data on standard output. A reader that went away has had enough.
pub(super) fn out(line: &str) {
    out_lines(std::iter::once(line));
}

/// Lines of data, in as few writes as there can be.
pub(super) fn out_lines(lines: impl IntoIterator<Item = impl AsRef<[u8]>>) {
    let mut stdout = BufWriter::with_capacity(BLOCK, io::stdout().lock());
    let mut write = |line: &[u8]| {
        stdout.write_all(line)?;
        stdout.write_all(b"\n")
    };
    let written = lines.into_iter().try_for_each(|line| write(line.as_ref()));
    let _ = written.and_then(|()| stdout.flush());
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
