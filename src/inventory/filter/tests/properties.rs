//! What holds for every filter and every row.

use proptest::prelude::*;

use super::{holds, parse};
use crate::inventory::cell::{Cell, Kind};
use crate::inventory::columns::{Field, Row as _};
use crate::inventory::filter::Filter;
use crate::inventory::sample::{Sample, any_sample, now, sample};
use crate::jwt::keys::{PublicKey, UserId};

/// What may stand in a filter: letters, signs, quotes, and all else now and then.
fn scribble() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_!:=<>,\" \\\\0-9üß\u{1b}]{0,24}",
        "!?(name|cid|idle|in_bytes|age|tags|acct)(:|=|<|<=|>|>=|!=)(orders|1h|10KiB|2026-11-24|a,b|\"x y\"|)",
        any::<String>(),
    ]
}

/// A value in a filter, as a quoted string.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

proptest! {
    #[test]
    fn no_text_panics_and_errors_point_inside_it(written in scribble(), row in any_sample()) {
        match parse(&written) {
            Ok(filter) => { filter.at(now()).holds(&row); }
            Err(error) => prop_assert!((1..=written.chars().count()).contains(&error.column), "{written}: {error}"),
        }
    }

    #[test]
    fn a_term_turned_round_holds_where_the_term_does_not(written in scribble(), row in any_sample()) {
        let one_term = !written.contains(char::is_whitespace) && !written.is_empty();
        if one_term && parse(&written).is_ok() {
            prop_assert_ne!(holds(&written, &row), holds(&format!("!{written}"), &row), "{}", written);
        }
    }

    #[test]
    fn a_word_is_found_where_reading_every_shown_cell_finds_it(
        word in "[a-z0-9. ]{1,3}|[hmdskgb]|orders|words|grüsse|κόσμος|␛b|never|none|ago|10 mib|18e|in ",
        columns in proptest::sample::subsequence(Sample::FIELDS.iter().collect::<Vec<_>>(), 1..6),
        row in any_sample(),
    ) {
        let found = |field: &&'static Field<Sample>| match (field.cell)(&row) {
            Cell::Absent | Cell::Key(_) | Cell::Reference(None, _) => false,
            _ => field.shown(&row, now()).to_string().to_lowercase().contains(&word),
        };
        let ends = |key: &PublicKey| word.len() > 3 && {
            let key = key.to_string().to_lowercase();
            key.starts_with(&word) || key.ends_with(&word)
        };
        let keys = [("account", Some(row.account.1)), ("user", row.user)];
        let in_keys = columns.iter().any(|field| {
            keys.iter().any(|(name, key)| *name == field.name && key.as_ref().is_some_and(ends))
        });
        // A blank between two items of a list is in neither.
        prop_assume!(!word.contains(' ') || columns.iter().all(|field| field.kind != Kind::List));

        let filter = Filter::parse(&quoted(&word), &columns).unwrap();

        prop_assert_eq!(filter.at(now()).holds(&row), columns.iter().any(found) || in_keys);
    }

    #[test]
    fn all_that_a_number_or_a_time_shows_is_found(row in any_sample()) {
        let is_shown = |field: &&Field<Sample>| field.kind.is_ordered() && (field.cell)(&row) != Cell::Absent;
        for field in Sample::FIELDS.iter().filter(is_shown) {
            let shown = field.shown(&row, now()).to_string();

            let filter = Filter::parse(&quoted(&shown), &[field]).unwrap();

            prop_assert!(filter.at(now()).holds(&row), "{:?} {}", field, shown);
        }
    }

    #[test]
    fn any_key_is_found_by_each_of_its_ends(bytes in any::<[u8; 32]>(), chars in 4_usize..56) {
        let key = UserId::from_bytes(bytes).key();
        let row = Sample { user: Some(key), ..sample("worker") };
        let written = key.to_string();

        prop_assert!(holds(&written[..chars], &row));
        prop_assert!(holds(&written[56 - chars..], &row));
        prop_assert!(holds(&key.short(), &row));
    }

    #[test]
    fn comparisons_are_those_of_the_values(row in any_sample(), cid in 0_u64..50_000, idle in 0_u64..100_000, name in "[a-z ,]{1,3}") {
        let seconds = row.idle.map(|idle| idle.as_secs());
        let age = row.connected_at.map(|at| now().as_second() - at.as_second());
        let distance = i64::try_from(idle).unwrap();

        prop_assert_eq!(holds(&format!("cid<{cid}"), &row), row.cid < cid);
        prop_assert_eq!(holds(&format!("cid>={cid}"), &row), row.cid >= cid);
        prop_assert_eq!(holds(&format!("idle<={idle}s"), &row), seconds.is_some_and(|s| s <= idle));
        prop_assert_eq!(holds(&format!("idle={idle}"), &row), seconds == Some(idle));
        prop_assert_eq!(holds(&format!("age>{idle}s"), &row), age.is_some_and(|age| age > distance));
        let contains = row.name.to_string().to_lowercase().contains(&name);
        prop_assert_eq!(holds(&format!("name:{}", quoted(&name)), &row), contains);
    }

    #[test]
    fn every_text_can_be_asked_for_in_quotes(name in any::<String>()) {
        let row = sample(&name);
        let shown = row.name.to_string();
        let written = format!("name={}", quoted(&shown));

        prop_assert!(holds(&written, &row));
    }
}
