//! What every table of fields promises.

use std::collections::BTreeSet;

use crate::inventory::account_line::AccountLine;
use crate::inventory::columns::{Columns, Place, Row, field};
use crate::inventory::connection::ConnectionRow;
use crate::inventory::drift::DriftLine;
use crate::inventory::expiry::ExpiryLine;
use crate::inventory::key_line::KeyLine;
use crate::inventory::operator_line::OperatorLine;
use crate::inventory::role_line::RoleLine;
use crate::inventory::server::ServerRow;
use crate::inventory::user_line::UserLine;

/// Terminal cells of the narrowest screen that we promise.
const NARROW: u16 = 80;

fn keeps_its_promises<R: Row>(kind: &str) {
    let names: BTreeSet<&str> = R::FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(names.len(), R::FIELDS.len(), "{kind} has a name twice");
    for field in R::FIELDS {
        assert!(
            field.width.least <= field.width.most,
            "{kind}.{}",
            field.name
        );
    }
    let always = R::FIELDS
        .iter()
        .filter(|field| field.place == Place::Always);
    let least: u16 = always.map(|field| field.width.least + 1).sum();
    assert!(least <= NARROW / 2, "{kind} keeps {least} cells");
    for columns in [Columns::<R>::Standard, Columns::Live] {
        let fitted = columns.fit(&[], jiff::Timestamp::UNIX_EPOCH, NARROW);
        let taken: u16 = fitted.iter().map(|column| column.width + 1).sum();
        assert!(taken <= NARROW + 1, "{kind} takes {taken} cells");
    }
}

#[test]
fn names_are_unique_and_standard_columns_fit_a_narrow_terminal() {
    keeps_its_promises::<AccountLine>("account");
    keeps_its_promises::<UserLine>("user");
    keeps_its_promises::<RoleLine>("role");
    keeps_its_promises::<KeyLine>("key");
    keeps_its_promises::<OperatorLine>("operator");
    keeps_its_promises::<ConnectionRow>("connection");
    keeps_its_promises::<ServerRow>("server");
    keeps_its_promises::<ExpiryLine>("expiry");
    keeps_its_promises::<DriftLine>("drift");
}

#[test]
fn what_only_a_reader_of_what_happens_knows_stands_in_the_place_of_a_count_and_is_found_by_no_name()
{
    let names = |columns: Columns<ConnectionRow>| {
        let fields = columns.fields();
        fields.iter().map(|field| field.name).collect::<Vec<_>>()
    };

    let (once, live) = (names(Columns::Standard), names(Columns::Live));

    assert!(once.contains(&"in_msgs") && !once.contains(&"in/s"));
    assert!(live.contains(&"in/s") && live.contains(&"out/s") && !live.contains(&"in_msgs"));
    assert!(field::<ConnectionRow>("in/s").is_err());
}
