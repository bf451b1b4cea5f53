//! The fields of a kind of row, how people name them, and which of them stand in a table of some width. Drawing is the
//! screen's and the command line's; what the values look like is in `cell`.
//!
//! A kind of row is its table of fields, one line a field, in the order in which tables show them:
//!
//! ```text
//! type F = Field<ConnectionRow>;
//!
//! impl Row for ConnectionRow {
//!     const FIELDS: &'static [F] = &[
//!         F::new("name", Kind::Text, |row| Cell::Text(&row.name)).wide(4, 20).leaves(2),
//!         F::new("idle_s", Kind::Seconds, |row| ...).titled("idle").wide(4, 6).leaves(1),
//! ```

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr as _;

use super::cell::{Cell, Kind, Null, Shown};
use crate::explain::{Code, Explain, Explanation};
use crate::text::Text;

/// A kind of thing that is listed.
pub trait Row: Sized + 'static {
    /// Leaf names are unique, and are those of the command line's JSON.
    const FIELDS: &'static [Field<Self>];
}

/// When a field stands in a table for which nobody chose columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Only when it is asked for by name.
    Asked,
    Always,
    /// While there is room; the highest number leaves first, and of equal ones the last.
    Leaves(u8),
    /// The same in a table that follows what happens, in the place of another field. Who asks once does not know it, so it is
    /// found by no name: nothing is filtered by it, or sorted.
    Live(u8, &'static str),
}

/// Bounds of a column, in terminal cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    pub least: u16,
    pub most: u16,
}

/// One field of a kind of row: its names, its looks, and how to read it.
pub struct Field<R: 'static> {
    /// The leaf name of the command line's JSON.
    pub name: &'static str,
    /// What stands above its column; also accepted as its name.
    pub title: &'static str,
    pub kind: Kind,
    pub null: Null,
    pub width: Width,
    pub place: Place,
    pub cell: fn(&R) -> Cell<'_>,
}

impl<R> Field<R> {
    /// A field that is titled with its name, shown when it is asked for, and whose null is "none".
    pub const fn new(name: &'static str, kind: Kind, cell: fn(&R) -> Cell<'_>) -> Self {
        Self {
            name,
            title: name,
            kind,
            null: Null::Nothing("none"),
            width: Width { least: 4, most: 24 },
            place: Place::Asked,
            cell,
        }
    }

    #[must_use]
    pub const fn titled(mut self, title: &'static str) -> Self {
        self.title = title;
        self
    }

    #[must_use]
    pub const fn null(mut self, null: Null) -> Self {
        self.null = null;
        self
    }

    #[must_use]
    pub const fn wide(mut self, least: u16, most: u16) -> Self {
        self.width = Width { least, most };
        self
    }

    #[must_use]
    pub const fn always(mut self) -> Self {
        self.place = Place::Always;
        self
    }

    #[must_use]
    pub const fn live(mut self, rank: u8, instead_of: &'static str) -> Self {
        self.place = Place::Live(rank, instead_of);
        self
    }

    #[must_use]
    pub const fn leaves(mut self, rank: u8) -> Self {
        self.place = Place::Leaves(rank);
        self
    }

    /// The value of a row, as a table shows it at `now`.
    pub fn shown<'a>(&self, row: &'a R, now: Timestamp) -> Shown<'a> {
        (self.cell)(row).shown(self.kind, self.null, now)
    }

    /// Whether it is known only while what happens is followed.
    pub const fn is_live(&self) -> bool {
        matches!(self.place, Place::Live(..))
    }

    /// The name without its unit: `idle` for `idle_s`.
    fn stem(&self) -> &'static str {
        ["_bytes", "_ms", "_at", "_s"]
            .iter()
            .find_map(|unit| self.name.strip_suffix(unit))
            .unwrap_or(self.name)
    }
}

impl<R> fmt::Debug for Field<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A field is one line of one table, so its name tells it.
impl<R> PartialEq for Field<R> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Short names that people use, and the fields that they stand for, the first that the rows have.
const ALIASES: [(&str, &[&str]); 3] = [
    ("acct", &["account"]),
    ("srv", &["server"]),
    ("conn", &["ref", "connections"]),
];

/// A name that no field of these rows has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnknownField {
    pub name: Text,
    pub nearest: Option<&'static str>,
    pub fields: Vec<&'static str>,
}

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown field \"{}\"; ", self.name)?;
        if let Some(nearest) = self.nearest {
            write!(f, "did you mean {nearest}? ")?;
        }
        write!(f, "fields are {}", self.fields.join(", "))
    }
}

/// Finds a field by its leaf name, an alias, its title, or its leaf name without the unit, in this order and without case.
pub fn field<R: Row>(name: &str) -> Result<&'static Field<R>, UnknownField> {
    let find = |is: &dyn Fn(&Field<R>) -> bool| lasting().find(|field| is(field));
    let named = |wanted: &str| find(&|field| field.name.eq_ignore_ascii_case(wanted));
    named(name)
        .or_else(|| {
            let (_, targets) = ALIASES
                .iter()
                .find(|(alias, _)| alias.eq_ignore_ascii_case(name))?;
            targets.iter().find_map(|target| named(target))
        })
        .or_else(|| find(&|field| field.title.eq_ignore_ascii_case(name)))
        .or_else(|| find(&|field| field.stem().eq_ignore_ascii_case(name)))
        .ok_or_else(|| UnknownField {
            name: name.into(),
            nearest: nearest::<R>(name),
            fields: lasting::<R>().map(|field| field.name).collect(),
        })
}

/// The fields that also who asks once knows.
fn lasting<R: Row>() -> impl Iterator<Item = &'static Field<R>> {
    R::FIELDS.iter().filter(|field| !field.is_live())
}

/// The field whose name is at most two slips away, and no other word altogether.
fn nearest<R: Row>(name: &str) -> Option<&'static str> {
    let written = name.to_ascii_lowercase();
    let distance = |field: &'static Field<R>| {
        let to = |known: &str| strsim::damerau_levenshtein(&written, known);
        (
            to(field.name).min(to(field.title)).min(to(field.stem())),
            field.name,
        )
    };
    lasting::<R>()
        .map(distance)
        .filter(|(slips, known)| *slips <= 2 && *slips < known.len().min(written.len()))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, known)| known)
}

/// Why a list of columns, or the name of a sort, is none. Columns are counted in characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    #[error("column {column}: {unknown}")]
    Unknown {
        column: usize,
        unknown: UnknownField,
    },
    #[error("column {column}: a field name is missing")]
    Missing { column: usize },
}

impl Explain for ColumnsError {
    fn explain(&self) -> Explanation {
        Explanation::new(Code::Usage, self.to_string(), "nothing was listed")
    }
}

/// A name at a column, found among the fields.
pub(super) fn field_at<R: Row>(
    written: &str,
    column: usize,
) -> Result<&'static Field<R>, ColumnsError> {
    if written.is_empty() {
        return Err(ColumnsError::Missing { column });
    }
    field(written).map_err(|unknown| ColumnsError::Unknown { column, unknown })
}

/// Which fields a table shows, in which order.
#[derive(Debug)]
pub enum Columns<R: Row> {
    /// The kind's own choice; some leave a table that is too narrow.
    Standard,
    /// The same of a table that follows what happens.
    Live,
    /// Somebody's choice, all of which stays.
    Chosen(Vec<&'static Field<R>>),
}

/// A column of a table, with its width in terminal cells.
#[derive(Debug)]
pub struct Column<R: Row> {
    pub field: &'static Field<R>,
    pub width: u16,
}

impl<R: Row> Columns<R> {
    /// Reads the value of `--columns`: names with commas between.
    pub fn parse(written: &str) -> Result<Self, ColumnsError> {
        let mut column = 1;
        let mut chosen = Vec::new();
        for name in written.split(',') {
            let blanks = name.len() - name.trim_start().len();
            chosen.push(field_at(name.trim(), column + blanks)?);
            column += name.chars().count() + 1;
        }
        Ok(Self::Chosen(chosen))
    }

    /// The fields that stand in a table with room for all.
    pub fn fields(&self) -> Vec<&'static Field<R>> {
        match self {
            Self::Standard => lasting()
                .filter(|field| field.place != Place::Asked)
                .collect(),
            Self::Live => R::FIELDS
                .iter()
                .filter(|field| field.place != Place::Asked && !gives_way(field))
                .collect(),
            Self::Chosen(fields) => fields.clone(),
        }
    }

    /// The columns of a table that is `width` cells wide, one blank between them: as wide as their titles and the `visible`
    /// rows need, within each field's bounds. Chosen columns stay even where they do not fit.
    pub fn fit(&self, visible: &[&R], now: Timestamp, width: u16) -> Vec<Column<R>> {
        let mut fields = self.fields();
        while !matches!(self, Self::Chosen(_)) && span(fields.iter().map(|f| f.width.least)) > width
        {
            let Some(at) = first_to_leave(&fields) else {
                break;
            };
            fields.remove(at);
        }
        let mut columns: Vec<_> = fields
            .into_iter()
            .map(|field| Column {
                field,
                width: wanted(field, visible, now),
            })
            .collect();
        shrink(&mut columns, width);
        columns
    }
}

/// Whether another stands in the place of a field where what happens is followed.
fn gives_way<R: Row>(field: &Field<R>) -> bool {
    let takes = |live: &Field<R>| matches!(live.place, Place::Live(_, name) if name == field.name);
    R::FIELDS.iter().any(takes)
}

fn first_to_leave<R>(fields: &[&'static Field<R>]) -> Option<usize> {
    let leaving = fields.iter().enumerate().filter_map(|(at, field)| {
        let (Place::Leaves(rank) | Place::Live(rank, _)) = field.place else {
            return None;
        };
        Some((rank, at))
    });
    leaving.max().map(|(_, at)| at)
}

/// Cells that columns of these widths take, with one blank between.
fn span(widths: impl ExactSizeIterator<Item = u16>) -> u16 {
    let blanks = u16::try_from(widths.len().saturating_sub(1)).unwrap_or(u16::MAX);
    widths.fold(blanks, u16::saturating_add)
}

fn wanted<R: Row>(field: &Field<R>, visible: &[&R], now: Timestamp) -> u16 {
    let mut scratch = String::new();
    let widest = visible.iter().fold(field.title.width(), |widest, row| {
        scratch.clear();
        // A `String` takes everything.
        let _ = write!(scratch, "{}", field.shown(row, now));
        widest.max(scratch.width())
    });
    let Width { least, most } = field.width;
    u16::try_from(widest).unwrap_or(most).min(most).max(least)
}

/// Takes from the widest column that has more than its least, until all fit or none has.
fn shrink<R: Row>(columns: &mut [Column<R>], width: u16) {
    let mut excess = span(columns.iter().map(|column| column.width)).saturating_sub(width);
    while excess > 0 {
        let spare = columns
            .iter_mut()
            .filter(|column| column.width > column.field.width.least)
            .max_by_key(|column| column.width);
        let Some(column) = spare else {
            return;
        };
        column.width -= 1;
        excess -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::sample::{Sample, now, sample};

    fn names(fields: &[&'static Field<Sample>]) -> Vec<&'static str> {
        fields.iter().map(|field| field.name).collect()
    }

    fn fit(columns: &Columns<Sample>, width: u16) -> Vec<(&'static str, u16)> {
        let rows = [sample("orders-worker-7"), sample("x")];
        columns
            .fit(&rows.each_ref(), now(), width)
            .iter()
            .map(|column| (column.field.name, column.width))
            .collect()
    }

    #[test]
    fn a_field_is_found_by_leaf_name_alias_title_or_stem() {
        for (written, name) in [
            ("idle_s", "idle_s"),
            ("idle", "idle_s"),
            ("acct", "account"),
            ("srv", "server"),
            ("SRV", "server"),
            ("age", "connected_at"),
            ("connected", "connected_at"),
            ("in", "in_bytes"),
        ] {
            assert_eq!(field::<Sample>(written).unwrap().name, name, "{written}");
        }
    }

    #[test]
    fn an_unknown_field_names_the_nearest_and_all() {
        let error = field::<Sample>("idel").unwrap_err();

        assert_eq!(
            error.to_string(),
            "unknown field \"idel\"; did you mean idle_s? fields are account, user, name, server, cid, state, rtt_ms, \
             idle_s, in_bytes, payload_bytes, cpu_percent, connected_at, expires_at, \
             revoked_at, bearer, tags"
        );
        assert_eq!(field::<Sample>("zzz").unwrap_err().nearest, None);
    }

    #[test]
    fn an_alias_of_a_field_that_the_rows_lack_is_unknown() {
        assert_eq!(field::<Sample>("conn").unwrap_err().name, "conn".into());
    }

    #[test]
    fn chosen_columns_come_in_the_order_in_which_they_were_named() {
        let columns = Columns::<Sample>::parse("cid, acct,expires").unwrap();

        assert_eq!(names(&columns.fields()), ["cid", "account", "expires_at"]);
    }

    #[test]
    fn an_error_in_columns_says_where() {
        let error = Columns::<Sample>::parse("cid, naem").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("column 6: unknown field \"naem\"; did you mean name?")
        );
        assert_eq!(error.explain().code, Code::Usage);

        let error = Columns::<Sample>::parse("cid,,name").unwrap_err();
        assert_eq!(error, ColumnsError::Missing { column: 5 });
    }

    #[test]
    fn fields_leave_a_narrow_table_by_rank_and_the_rest_keep_their_order() {
        let kept = |width| {
            fit(&Columns::Standard, width)
                .into_iter()
                .map(|(name, _)| name)
        };

        assert!(kept(100).eq([
            "account", "user", "name", "server", "cid", "rtt_ms", "idle_s", "in_bytes"
        ]));
        assert!(kept(46).eq([
            "account", "user", "name", "server", "cid", "rtt_ms", "idle_s"
        ]));
        assert!(kept(25).eq(["account", "user", "name", "idle_s"]));
        assert!(kept(1).eq(["account"]));
    }

    #[test]
    fn chosen_columns_never_leave() {
        let columns = Columns::parse("name,cid,tags").unwrap();

        assert_eq!(fit(&columns, 3), [("name", 4), ("cid", 5), ("tags", 4)]);
    }

    #[test]
    fn a_column_is_as_wide_as_its_content_within_bounds() {
        let columns = Columns::parse("name,cid,srv,tags").unwrap();

        let roomy = fit(&columns, 80);
        let tight = fit(&columns, 30);

        assert_eq!(
            roomy,
            [("name", 15), ("cid", 5), ("server", 3), ("tags", 14)]
        );
        assert_eq!(
            tight,
            [("name", 10), ("cid", 5), ("server", 3), ("tags", 9)]
        );
    }
}
