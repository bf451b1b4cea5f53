//! What is noticed when the files are altered, cut, swapped or torn, and that nobody is kept from recording by it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use proptest::prelude::*;

use super::tests::acts;
use super::*;
use crate::ledger::audit::chain::{Entry, Tail, seal};
use crate::ledger::audit::verification::{Break, Head, Warning};
use crate::ledger::tests::{Home, draft, ending, writer};

fn faults(folder: &Folder) -> Vec<Fault> {
    folder.verify().unwrap().faults().cloned().collect()
}

#[test]
fn a_torn_last_line_is_a_fault_until_it_is_set_aside_and_kept() {
    let home = Home::new();
    acts(&home.open(), 1);
    let torn = b"{\"action\":\"user.rev";
    OpenOptions::new()
        .append(true)
        .open(home.chain())
        .unwrap()
        .write_all(torn)
        .unwrap();
    let folder = home.open();
    let before = faults(&folder);

    acts(&folder, 1);

    assert!(
        matches!(before[..], [Fault::Torn { bytes: 19, .. }]),
        "{before:?}"
    );
    let verification = folder.verify().unwrap();
    assert!(verification.holds());
    let aside: Vec<_> = verification
        .warnings
        .iter()
        .filter_map(|warning| match warning {
            Warning::SetAside { path } => Some(fs::read(path).unwrap()),
            _ => None,
        })
        .collect();
    assert_eq!(aside, [torn]);
}

#[test]
fn a_chain_that_lost_its_end_is_noticed_and_the_next_record_says_so_for_ever() {
    let home = Home::new();
    let folder = home.open();
    acts(&folder, 2);
    let whole = fs::read(home.chain()).unwrap();
    acts(&folder, 1);
    let last = folder.records(&Query::default()).unwrap().records[0].clone();
    fs::write(home.chain(), &whole).unwrap();

    let noticed = folder.rollbacks().unwrap();
    let checked = faults(&folder);
    acts(&folder, 1);

    assert!(
        matches!(&noticed[..], [Fault::RolledBack { remembered, .. }] if *remembered == Head::from(&last)),
        "{noticed:?}"
    );
    assert_eq!(checked, noticed);
    assert_eq!(folder.rollbacks().unwrap(), []);
    let id = RecordId::new(folder.writer(), 5);
    assert_eq!(faults(&folder), [Fault::Noticed { by: id }]);
}

#[test]
fn a_chain_that_was_rewritten_with_the_right_key_is_noticed_by_its_head() {
    let home = Home::new();
    let elsewhere = Home::new();
    // As long to the byte, and every hash and signature right.
    for (home, action) in [(&home, "user.revoke"), (&elsewhere, "user.rename")] {
        home.open().intent(draft(action)).unwrap();
    }
    let length = |home: &Home| fs::metadata(home.chain()).unwrap().len();
    assert_eq!(length(&home), length(&elsewhere));

    fs::copy(elsewhere.chain(), home.chain()).unwrap();

    assert!(elsewhere.open().verify().unwrap().holds());
    assert!(matches!(
        faults(&home.open())[..],
        [Fault::RolledBack { found: Some(_), .. }]
    ));
}

#[test]
fn a_result_without_an_open_intent_is_a_break() {
    let home = Home::new();
    acts(&home.open(), 1);
    let signer = writer(1);
    let records = home.open().records(&Query::default()).unwrap().records;
    let again = Entry::Result {
        of: Box::new(records[1].clone()),
        ending: Box::new(ending()),
    };
    let sealed = seal(again, Tail::from(&records[0]), &signer).unwrap();
    OpenOptions::new()
        .append(true)
        .open(home.chain())
        .unwrap()
        .write_all(&sealed.line)
        .unwrap();

    let faults = faults(&home.open());

    let op = records[1].id;
    assert!(
        matches!(&faults[..], [Fault::Broken { at, what: Break::NoIntent { op: found }, .. }] if *found == op && at.seq == 3),
        "{faults:?}"
    );
}

#[test]
fn a_record_taken_out_of_the_middle_breaks_the_chain_there() {
    let home = Home::new();
    acts(&home.open(), 3);
    let whole = fs::read_to_string(home.chain()).unwrap();
    let second = whole.lines().nth(1).unwrap();
    fs::write(home.chain(), whole.replace(&format!("{second}\n"), "")).unwrap();

    let faults = faults(&home.open());

    let what = Break::Sequence {
        expected: 2,
        found: 3,
    };
    assert!(
        matches!(&faults[0], Fault::Broken { at, what: found, .. } if *found == what && at.seq == 2),
        "{faults:?}"
    );
}

#[test]
fn a_chain_that_was_taken_away_is_noticed() {
    let home = Home::new();
    acts(&home.open(), 1);
    fs::remove_file(home.chain()).unwrap();

    assert!(matches!(
        faults(&home.open())[..],
        [Fault::RolledBack { found: None, .. }]
    ));
}

#[test]
fn a_memory_that_cannot_be_read_is_a_fault_and_no_obstacle() {
    let home = Home::new();
    acts(&home.open(), 1);
    let folder = home.open();
    fs::write(folder.places.head(folder.writer()), "{").unwrap();

    assert!(matches!(faults(&folder)[..], [Fault::Forgotten { .. }]));
    acts(&folder, 1);
    assert!(matches!(faults(&folder)[..], [Fault::Noticed { .. }]));
}

#[test]
fn a_last_record_that_was_damaged_keeps_nobody_from_recording() {
    let home = Home::new();
    acts(&home.open(), 2);
    let mut bytes = fs::read(home.chain()).unwrap();
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    fs::write(home.chain(), bytes).unwrap();
    let folder = home.open();

    let before = faults(&folder);
    folder.intent(draft("user.revoke")).unwrap();

    assert!(
        matches!(before[..], [Fault::Broken { .. }, Fault::RolledBack { .. }]),
        "{before:?}"
    );
    assert!(matches!(faults(&folder)[..], [Fault::Noticed { .. }]));
}

#[test]
fn a_record_of_another_writer_is_no_record_here() {
    let home = Home::new();
    acts(&home.open_as(2), 1);
    let folder = home.open();
    let other = folder.places.chain(writer(2).public_key());
    fs::rename(other, home.chain()).unwrap();

    let faults = faults(&folder);

    assert!(
        faults.iter().any(|fault| matches!(
            fault,
            Fault::Broken {
                what: Break::ForeignWriter { .. },
                ..
            }
        )),
        "{faults:?}"
    );
}

/// Flips bits of a chain, one at a time, and expects that every check says no.
fn flip_anywhere(home: &Home) {
    let folder = home.open();
    let whole = fs::read(home.chain()).unwrap();
    assert!(folder.verify().unwrap().holds());
    proptest!(ProptestConfig::with_cases(500), |(at in 0..whole.len(), bit in 0..8_u8)| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        fs::write(home.chain(), bytes).unwrap();

        prop_assert!(!folder.verify().unwrap().holds());
    });
}

#[test]
fn one_flipped_bit_anywhere_in_a_chain_is_noticed() {
    let home = Home::new();
    acts(&home.open(), 3);

    flip_anywhere(&home);
}

#[test]
fn one_flipped_bit_is_noticed_also_by_a_console_that_never_saw_the_chain() {
    let home = Home::new();
    acts(&home.open(), 3);
    fs::remove_dir_all(home.heads()).unwrap();

    flip_anywhere(&home);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_stands_in_the_files_nothing_panics_and_an_act_can_still_be_recorded(
        chain in prop::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(b'\n')], 0..400),
        head in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let home = Home::new();
        let folder = home.open();
        fs::write(home.chain(), &chain).unwrap();
        fs::write(folder.places.head(folder.writer()), head).unwrap();

        folder.rollbacks().unwrap();
        let listing = folder.records(&Query::default()).unwrap();
        prop_assert!(!folder.verify().unwrap().holds());
        prop_assert_eq!(listing.records.len(), 0);
        prop_assert_eq!(folder.open_intents().unwrap().len(), 0);
        let intent = folder.intent(draft("user.revoke")).unwrap();
        prop_assert_eq!(folder.open_intents().unwrap()[0].id, intent);
        prop_assert_eq!(aside(&folder), chain);
    }
}

/// All bytes that were set aside.
fn aside(folder: &Folder) -> Vec<u8> {
    files(&folder.places.aside)
        .unwrap()
        .iter()
        .flat_map(|path| fs::read(path).unwrap())
        .collect()
}
