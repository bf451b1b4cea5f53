//! The language, sentence by sentence.

mod errors;
mod properties;

use super::*;
use crate::inventory::columns::Columns;
use crate::inventory::sample::{Sample, now, sample, unknown};
use crate::jwt::keys::UserId;
use crate::jwt::limits::Limit;

fn parse(written: &str) -> Result<Filter<Sample>, FilterError> {
    Filter::parse(written, &Columns::Standard.fields())
}

fn holds(written: &str, row: &Sample) -> bool {
    parse(written).unwrap().at(now()).holds(row)
}

fn assert_all<const N: usize>(row: &Sample, expected: bool, filters: [&str; N]) {
    for written in filters {
        assert_eq!(holds(written, row), expected, "{written}");
    }
}

#[test]
fn the_example_of_the_contract_is_a_filter() {
    let mut row = sample("orders two words");
    row.connected_at = Some("2026-11-24T11:30:00Z".parse().unwrap());
    row.idle = Some(std::time::Duration::from_mins(59));

    let written = "orders !debug  acct:ORDERS,BILLING  idle<1h  in_bytes>=10MiB  \
                   connected_at>2026-11-24T00:00:00Z  name:\"two words\"";

    assert!(holds(written, &row));
    assert!(!holds(written, &sample("orders two words debug")));
}

#[test]
fn terms_stand_beside_each_other_and_all_must_hold() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        ["", "  ", "worker", "worker ORDERS", "worker cid=41207"],
    );
    assert_all(&row, false, ["worker BILLING", "cid=1 worker"]);
}

#[test]
fn an_exclamation_mark_turns_a_term_round() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        ["!debug", "!cid:9", "!!worker", "state!=revoked", "!\"a b\""],
    );
    assert_all(
        &row,
        false,
        [
            "!worker",
            "!acct:ORDERS",
            "state!=active",
            "!state!=revoked",
        ],
    );
}

#[test]
fn a_bare_word_is_found_in_any_shown_column_as_it_is_shown() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        ["work", "n1", "41207", "1.2", "6m", "\"10 MiB\"", "orders"],
    );
    // Not shown: the state, the exact bytes, the time, the tags.
    assert_all(&row, false, ["active", "10485760", "2026", "blue"]);
}

#[test]
fn a_bare_word_follows_the_columns() {
    let columns = Columns::parse("tags").unwrap().fields();
    let finds = |word| {
        Filter::parse(word, &columns)
            .unwrap()
            .at(now())
            .holds(&sample("worker"))
    };

    assert!(finds("blue"));
    assert!(!finds("worker"));
}

#[test]
fn a_field_with_a_colon_contains_one_of_its_values() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        [
            "name:x,ork",
            "acct:billing,ord",
            "cid:412",
            "state:act",
            "tags:blue",
            "in_bytes:MiB",
        ],
    );
    assert_all(
        &row,
        true,
        [
            "in_bytes:1048",
            "connected_at:2026-11-24T10",
            "age:2h",
            "bearer:no",
            "bearer:false",
        ],
    );
    assert_all(
        &row,
        false,
        ["name:x,y", "cid:413", "tags:red", "bearer:yes"],
    );
}

#[test]
fn a_field_with_an_equals_sign_is_one_of_its_values() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        [
            "name=WORKER",
            "name=x,worker",
            "state=active",
            "cid=41207",
            "name==worker",
        ],
    );
    assert_all(
        &row,
        true,
        [
            "tags=prod",
            "tags=TEAM:BLUE",
            "bearer=no",
            "payload_bytes=64KiB",
            "idle=6m",
            "cpu_percent=12.5",
        ],
    );
    assert_all(
        &row,
        false,
        [
            "name=work",
            "name=x",
            "cid=4120",
            "tags=team",
            "idle=5m",
            "acct=ORDER",
            "bearer=yes",
        ],
    );
}

#[test]
fn signs_compare_numbers_sizes_durations_and_times() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        [
            "cid>41206",
            "cid<=41207",
            "in_bytes>=10MiB",
            "in_bytes>10MB",
            "rtt<2ms",
            "rtt_ms<1.3",
        ],
    );
    assert_all(
        &row,
        true,
        [
            "idle>5m",
            "idle<1h",
            "idle_s>=360",
            "cpu_percent>12",
            "connected_at<2026-11-24T10:00:01Z",
        ],
    );
    assert_all(
        &row,
        false,
        [
            "cid<41207",
            "cid>41207",
            "in_bytes>10MiB",
            "idle<6m",
            "rtt>=1.3",
            "cpu_percent<=12",
        ],
    );
}

#[test]
fn a_duration_with_a_time_is_an_age_and_with_a_deadline_what_is_left() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        [
            "connected_at<3h",
            "connected_at>=2h",
            "age>1h30m",
            "expires<8d",
            "expires>=7d",
        ],
    );
    assert_all(
        &row,
        false,
        [
            "connected_at<2h",
            "connected_at>2h",
            "expires<7d",
            "expires>1w",
        ],
    );
    let mut expired = row;
    expired.expires_at = Some("2026-11-20T00:00:00Z".parse().unwrap());
    assert_all(&expired, true, ["expires<0s", "expires<7d"]);
}

#[test]
fn a_time_is_its_second_and_a_date_its_day() {
    let mut row = sample("worker");
    row.connected_at = Some("2026-11-24T10:00:00.5Z".parse().unwrap());

    assert_all(
        &row,
        true,
        [
            "connected_at=2026-11-24T10:00:00Z",
            "connected_at<=2026-11-24",
            "connected_at=2026-11-24",
        ],
    );
    assert_all(
        &row,
        false,
        [
            "connected_at>2026-11-24",
            "connected_at<2026-11-24",
            "connected_at=2026-11-24T10:00:00.4Z",
        ],
    );
}

#[test]
fn quotes_keep_blanks_commas_signs_and_quotes() {
    let row = sample("say \"a,b\" !x:y \\");

    assert_all(
        &row,
        true,
        [
            "\"say \"",
            "name:\"a,b\"",
            "\"!x:y\"",
            "name:\"\\\"a\"",
            "sa\"y \"",
            "\"y \\\\\"",
        ],
    );
    assert_all(&row, false, ["name=\"say\"", "\"say  \"", "\"name\":x"]);
}

#[test]
fn what_is_no_name_before_a_sign_is_a_word() {
    let row = sample("10.2.14.7:51822 [::1]:4222 orders.> _INBOX.> =x n1/41207");

    assert_all(
        &row,
        true,
        [
            "10.2.14.7:51822",
            "[::1]",
            "orders.>",
            ">",
            "=x",
            "n1/41207",
            ":51822",
            "_INBOX.>",
        ],
    );
}

#[test]
fn aliases_titles_and_names_without_units_are_fields() {
    assert_all(
        &sample("w"),
        true,
        [
            "acct:ord",
            "srv=n1",
            "idle>1s",
            "rtt<2",
            "in>1",
            "expires>1d",
            "ACCT:ord",
        ],
    );
}

#[test]
fn text_is_compared_without_case_and_as_it_is_shown() {
    let row = sample("GRÜSSE an\x1bJosé");

    assert_all(
        &row,
        true,
        ["grüsse", "name:JOSÉ", "an␛josé", "name=\"grüsse an␛josé\""],
    );
    assert_all(&row, false, ["an\x1bjosé", "jose"]);
}

#[test]
fn a_key_is_found_by_how_it_begins_or_ends() {
    let user = UserId::from_bytes([3; 32]).key();
    let full = user.to_string();
    let row = sample("worker");

    let lower = full.to_lowercase();
    for part in [
        &full,
        &lower,
        &full[..4],
        &full[..20],
        &full[52..],
        &full[40..],
        &user.short(),
    ] {
        assert!(holds(part, &row), "{part}");
        assert!(holds(&format!("user:{part}"), &row), "{part}");
    }
    assert_all(
        &row,
        false,
        [
            &full[1..50],
            &full[..3],
            &full[20..30],
            "user=UABC",
            &format!("user={}", user.short()),
        ],
    );
    assert!(holds(&format!("user={full}"), &row));
}

#[test]
fn a_reference_is_its_name_and_its_key() {
    let row = sample("worker");
    let key = row.account.1.to_string();

    assert_all(
        &row,
        true,
        [
            &format!("acct={key}"),
            &format!("acct:{key}"),
            &key[..6],
            "acct=orders",
        ],
    );
    assert_all(&row, false, [&format!("acct={}", &key[..6]), "acct=ORDER"]);
}

#[test]
fn unlimited_is_found_by_its_word_and_is_more_than_any_number() {
    let mut row = sample("worker");
    row.payload = Some(Limit::Unlimited);
    row.expires_at = None;

    assert_all(
        &row,
        true,
        [
            "payload_bytes=unlimited",
            "payload=null",
            "payload:unlim",
            "payload>100GiB",
        ],
    );
    assert_all(
        &row,
        true,
        [
            "expires=never",
            "expires>2100-01-01",
            "expires>9999d",
            "!expires<30d",
        ],
    );
    assert_all(
        &row,
        false,
        [
            "payload=",
            "payload<1GiB",
            "payload=0",
            "expires<9999d",
            "expires=",
        ],
    );
}

#[test]
fn a_null_that_is_nothing_compares_with_nothing() {
    let row = sample("worker");

    assert_all(
        &row,
        true,
        [
            "revoked=null",
            "revoked=\"not revoked\"",
            "!revoked>1h",
            "!revoked<1h",
        ],
    );
    assert_all(
        &row,
        false,
        ["revoked>1h", "revoked<1h", "revoked=", "revoked<2100-01-01"],
    );
}

#[test]
fn what_is_not_known_is_found_only_by_nothing_and_by_turning_round() {
    let row = unknown("");

    assert_all(
        &row,
        true,
        [
            "user=",
            "rtt=",
            "!rtt<1s",
            "!user:worker",
            "payload=",
            "tags=",
            "name=",
            "name=x,",
        ],
    );
    assert_all(
        &row,
        false,
        [
            "rtt<1s",
            "rtt>=0",
            "rtt!=",
            "user:U",
            "payload=null",
            "expires<1d",
            "·",
            "cid=",
        ],
    );
}

#[test]
fn a_filter_tells_which_fields_it_names() {
    let filter = parse("worker !user:x acct=ORDERS cid>4").unwrap();

    assert!(
        ["user", "account", "cid"]
            .iter()
            .all(|field| filter.names(field))
    );
    assert!(!filter.names("name"));
}
