//! Order, by the rules and against sorting whole rows the slow way.

use std::cell::Cell as Counter;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::inventory::cell::{Cell, Null};
use crate::inventory::columns::Columns;
use crate::inventory::sample::{Sample, any_sample, now, sample, unknown};
use crate::jwt::limits::Limit;

const NEVER: &dyn Fn() -> bool = &|| false;

fn filter(written: &str) -> Filter<Sample> {
    Filter::parse(written, &Columns::Standard.fields()).unwrap()
}

fn arranged(rows: &[Sample], by: &str, written: &str) -> Vec<u32> {
    let (sort, filter) = (Sort::parse(by).unwrap(), filter(written));
    let query = Query {
        filter: &filter,
        sort: Some(&sort),
        now: now(),
    };
    arrange(rows, &query, NEVER).unwrap()
}

fn named<const N: usize>(names: [&str; N]) -> [Sample; N] {
    names.map(sample)
}

#[test]
fn texts_sort_without_case_and_equal_ones_keep_their_order() {
    let rows = named(["beta", "Alpha", "alpha", "BETA", "a"]);

    assert_eq!(arranged(&rows, "name", ""), [4, 1, 2, 0, 3]);
    assert_eq!(arranged(&rows, "-name", ""), [0, 3, 1, 2, 4]);
}

#[test]
fn texts_that_begin_alike_sort_by_the_rest() {
    let rows = named(["orders-worker-9", "orders-worker-1", "orders-w", "orders-"]);

    assert_eq!(arranged(&rows, "name", ""), [3, 2, 1, 0]);
}

#[test]
fn what_is_not_known_comes_last_both_ways() {
    let mut rows = vec![unknown("x"), sample("fast"), sample("slow")];
    rows[2].rtt = Some(std::time::Duration::from_secs(1));

    assert_eq!(arranged(&rows, "rtt", ""), [1, 2, 0]);
    assert_eq!(arranged(&rows, "-rtt", ""), [2, 1, 0]);
}

#[test]
fn unlimited_is_the_greatest() {
    let mut rows = named(["a", "b"]);
    rows[0].payload = Some(Limit::Unlimited);

    assert_eq!(arranged(&rows, "payload", ""), [1, 0]);
    assert_eq!(arranged(&rows, "-payload", ""), [0, 1]);
}

#[test]
fn rows_that_the_filter_keeps_out_have_no_place() {
    let rows = named(["worker-2", "batch", "worker-1"]);

    assert_eq!(arranged(&rows, "name", "worker"), [2, 0]);
}

#[test]
fn a_sort_is_named_as_a_column_is_and_says_where_it_is_not() {
    assert_eq!(Sort::<Sample>::parse("-idle").unwrap().field.name, "idle_s");

    let error = Sort::<Sample>::parse("-naem").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("column 2: unknown field \"naem\"; did you mean name?")
    );
    let error = Sort::<Sample>::parse("-").unwrap_err();
    assert_eq!(error, ColumnsError::Missing { column: 1 });
}

#[test]
fn a_job_looks_at_its_token_once_a_chunk_and_stops_there() {
    let rows = vec![sample("a"); 3 * CHUNK];
    let (filter, sort) = (filter("a"), Sort::parse("cid").unwrap());
    let query = Query {
        filter: &filter,
        sort: Some(&sort),
        now: now(),
    };
    let run = |stop_at: u32| {
        let looks = Counter::new(0);
        let stopped = || looks.replace(looks.get() + 1) == stop_at;
        (arrange(rows.as_slice(), &query, &stopped), looks.get())
    };

    // Three chunks to filter, to read and to sort; two merges of two, one of four.
    assert_eq!(run(u32::MAX).1, 3 + 3 + 3 + 2 + 1);
    for stop_at in 0..12 {
        assert_eq!(run(stop_at), (None, stop_at + 1));
    }
}

#[test]
fn chunks_that_are_merged_are_sorted() {
    let template = sample("a");
    let scattered = (0..3 * CHUNK as u64 + 10).map(|n| n * 7_919 % 1_009);
    let rows: Vec<Sample> = scattered
        .map(|cid| Sample {
            cid,
            ..template.clone()
        })
        .collect();
    let mut expected: Vec<u32> = (0..rows.as_slice().count()).collect();
    expected.sort_by_key(|number| rows.as_slice().row(*number).unwrap().cid);

    assert_eq!(arranged(&rows, "cid", ""), expected);
}

/// Slots of which those with an odd number are free.
struct Slots(Vec<Sample>);

impl Rows for Slots {
    type Row = Sample;

    fn count(&self) -> u32 {
        self.0.as_slice().count() * 2
    }

    fn row(&self, number: u32) -> Option<&Sample> {
        (number.is_multiple_of(2)).then(|| self.0.as_slice().row(number / 2))?
    }
}

#[test]
fn a_free_slot_is_left_out() {
    let slots = Slots(named(["b", "a"]).into());
    let (filter, sort) = (filter(""), Sort::parse("name").unwrap());
    let query = |sort| Query {
        filter: &filter,
        sort,
        now: now(),
    };

    assert_eq!(
        arrange(&slots, &query(Some(&sort)), NEVER),
        Some(vec![2, 0])
    );
    assert_eq!(arrange(&slots, &query(None), NEVER), Some(vec![0, 2]));
}

/// Sorts as the module says, one row against the other.
fn slowly(rows: &[Sample], sort: &Sort<Sample>, filter: &Filter<Sample>) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..rows.count())
        .filter(|number| filter.at(now()).holds(rows.row(*number).unwrap()))
        .collect();
    let cell = |number: &u32| (sort.field.cell)(rows.row(*number).unwrap());
    numbers.sort_by(|one, two| match (cell(one), cell(two)) {
        (Cell::Absent, Cell::Absent) => Ordering::Equal,
        (Cell::Absent, _) => Ordering::Greater,
        (_, Cell::Absent) => Ordering::Less,
        (one, two) => sort.direction.of(in_order(sort.field.null, one, two)),
    });
    numbers
}

fn in_order(null: Null, one: Cell<'_>, two: Cell<'_>) -> Ordering {
    let nulls = (one == Cell::Null).cmp(&(two == Cell::Null));
    match null {
        Null::Endless(_) => nulls,
        Null::Nothing(_) => nulls.reverse(),
    }
    .then_with(|| match (one, two) {
        (Cell::Null, _) | (_, Cell::Null) => Ordering::Equal,
        _ => in_order_of_values(one, two),
    })
}

fn in_order_of_values(one: Cell<'_>, two: Cell<'_>) -> Ordering {
    let text = |cell: Cell<'_>| match cell {
        Cell::Text(text) | Cell::Reference(Some(text), _) => text.to_string().to_lowercase(),
        Cell::Texts(texts) => texts
            .iter()
            .map(|text| text.to_string().to_lowercase())
            .collect::<Vec<_>>()
            .join(" "),
        Cell::Key(key) | Cell::Reference(None, key) => key.to_string().to_lowercase(),
        other => panic!("{other:?} is no text"),
    };
    match (one, two) {
        (Cell::Id(one), Cell::Id(two)) | (Cell::Bytes(one), Cell::Bytes(two)) => one.cmp(&two),
        (Cell::Number(one), Cell::Number(two)) => one.total_cmp(&two),
        (Cell::Duration(one), Cell::Duration(two)) => one.cmp(&two),
        (Cell::Time(one), Cell::Time(two)) => one.cmp(&two),
        (Cell::Bool(one), Cell::Bool(two)) => one.cmp(&two),
        (one, two) => text(one).cmp(&text(two)),
    }
}

fn any_sort() -> impl Strategy<Value = String> {
    let fields = Sample::FIELDS.iter().map(|field| field.name);
    let fields: Vec<_> = fields.filter(|name| *name != "state").collect();
    (select(fields), any::<bool>())
        .prop_map(|(field, down)| format!("{}{field}", if down { "-" } else { "" }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_arrangement_is_what_filtering_and_a_stable_sort_give(
        rows in vec(any_sample(), 0..30),
        by in any_sort(),
        written in select(vec!["", "orders", "!orders", "in_bytes>1", "bearer=yes acct:o"]),
    ) {
        let (sort, filter) = (Sort::parse(&by).unwrap(), filter(written));

        prop_assert_eq!(arranged(&rows, &by, written), slowly(&rows, &sort, &filter));
    }

    #[test]
    fn the_first_rows_are_those_of_the_whole_order(rows in vec(any_sample(), 0..30), by in any_sort(), page in 0_usize..35) {
        let (sort, filter) = (Sort::parse(&by).unwrap(), filter(""));
        let query = Query { filter: &filter, sort: Some(&sort), now: now() };

        let mut whole = arrange(rows.as_slice(), &query, NEVER).unwrap();
        whole.truncate(page);

        prop_assert_eq!(first(rows.as_slice(), &query, page, NEVER).unwrap(), whole);
    }

    #[test]
    fn rows_put_in_one_by_one_stand_as_if_sorted(rows in vec(any_sample(), 0..20), by in any_sort(), unsorted in any::<bool>()) {
        let (sort, filter) = (Sort::parse(&by).unwrap(), filter("!never"));
        let query = Query { filter: &filter, sort: (!unsorted).then_some(&sort), now: now() };
        let mut order = Vec::new();

        for number in (0..rows.as_slice().count()).rev() {
            let place = insert(&mut order, rows.as_slice(), &query, number);
            prop_assert_eq!(place.and_then(|place| order.get(place)).copied().unwrap_or(number), number);
        }

        prop_assert_eq!(order, arrange(rows.as_slice(), &query, NEVER).unwrap());
    }
}
