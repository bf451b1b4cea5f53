//! The folder as its callers see it: what is recorded, by how many at once, and how it is found again.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use jiff::SignedDuration;

use super::*;
use crate::jwt::keys::OperatorId;
use crate::ledger::audit::certificate::certify;
use crate::ledger::audit::verification::Warning;
use crate::ledger::audit::{Actor, Outcome, Phase};
use crate::ledger::tests::{Home, at, draft, ending, writer};
use crate::ledger::{Ledger, Order};
use crate::test_support::ByteSigner;
use crate::text::Text;

pub(super) fn acts(folder: &Folder, count: usize) -> Vec<RecordId> {
    let act = |n: usize| {
        let at = at(i64::try_from(n).unwrap());
        let intent = folder
            .intent(Draft {
                at,
                ..draft("user.revoke")
            })
            .unwrap();
        folder.result(intent, Ending { at, ..ending() }).unwrap();
        intent
    };
    (0..count).map(act).collect()
}

fn ids(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.seq).collect()
}

fn listed(folder: &Folder, query: &Query) -> Vec<u64> {
    ids(&folder.records(query).unwrap().records)
}

#[test]
fn an_act_is_an_intent_and_a_result_in_a_chain_that_holds() {
    let home = Home::new();
    let folder = home.open();

    let intent = folder.intent(draft("user.revoke")).unwrap();
    let result = folder.result(intent, ending()).unwrap();

    let records = folder.records(&Query::default()).unwrap().records;
    let seen: Vec<_> = records
        .iter()
        .map(|r| (r.id, r.phase, r.op, r.outcome))
        .collect();
    assert_eq!(
        seen,
        [
            (result, Phase::Result, intent, Some(Outcome::Verified)),
            (intent, Phase::Intent, intent, None)
        ]
    );
    assert!(folder.verify().unwrap().holds());
}

#[test]
fn an_empty_ledger_holds_and_says_nothing() {
    let home = Home::new();
    let folder = home.open();

    assert_eq!(folder.verify().unwrap(), Verification::default());
    assert_eq!(
        folder.records(&Query::default()).unwrap(),
        Listing::default()
    );
}

#[test]
fn a_result_ends_its_intent_once_and_no_other() {
    let home = Home::new();
    let folder = home.open();
    let intents = acts(&folder, 1);

    let again = folder.result(intents[0], ending()).unwrap_err();
    let foreign = RecordId::new(writer(2).public_key(), 1);

    assert!(matches!(again, LedgerError::NotOpen(id) if id == intents[0]));
    assert!(matches!(
        folder.result(foreign, ending()),
        Err(LedgerError::NotOpen(_))
    ));
    assert!(folder.verify().unwrap().holds());
}

#[test]
fn an_intent_without_result_is_open_for_every_process_and_a_warning() {
    let home = Home::new();
    acts(&home.open(), 3);
    let open = home.open().intent(draft("account.push")).unwrap();
    acts(&home.open(), 3);

    let folder = home.open();

    assert_eq!(
        folder
            .open_intents()
            .unwrap()
            .iter()
            .map(|r| r.id)
            .collect::<Vec<_>>(),
        [open]
    );
    let verification = folder.verify().unwrap();
    assert!(verification.holds());
    assert!(verification.warnings.contains(&Warning::Open(open)));
    folder.result(open, ending()).unwrap();
    assert_eq!(folder.open_intents().unwrap(), []);
}

#[test]
fn open_intents_are_found_without_a_memory() {
    let home = Home::new();
    acts(&home.open(), 3);
    let open = home.open().intent(draft("account.push")).unwrap();
    fs::remove_dir_all(home.heads()).unwrap();

    let folder = home.open();

    assert_eq!(folder.open_intents().unwrap()[0].id, open);
    assert!(
        folder
            .verify()
            .unwrap()
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::Unremembered { .. }))
    );
}

#[test]
fn many_writers_of_one_chain_never_fork_it() {
    let home = Home::new();
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let folder = home.open();
            std::thread::spawn(move || acts(&folder, 5).len())
        })
        .collect();

    let written: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();

    let verification = home.open().verify().unwrap();
    assert!(verification.holds());
    assert_eq!(
        verification.chains[0].records,
        2 * u64::try_from(written).unwrap()
    );
}

#[test]
fn a_listing_gives_what_was_asked_for_from_either_end_of_all_chains() {
    let home = Home::new();
    acts(&home.open(), 3);
    let other = home.open_as(2);
    let late = Draft {
        at: at(100),
        actor: Actor::os_user("jonas".into(), "box".into()),
        ..draft("connection.kick")
    };
    other.intent(late).unwrap();

    let newest = Query {
        limit: Some(2),
        ..Query::default()
    };
    let oldest = Query {
        order: Order::OldestFirst,
        ..newest.clone()
    };
    let text = |written: &str| Some(Text::from(written));
    let by = |actor: &str| {
        listed(
            &other,
            &Query {
                actor: text(actor),
                ..Query::default()
            },
        )
    };
    let on = |target: &str| {
        listed(
            &other,
            &Query {
                target: text(target),
                ..Query::default()
            },
        )
        .len()
    };

    assert_eq!(listed(&other, &newest), [1, 6]);
    assert_eq!(listed(&other, &oldest), [1, 2]);
    assert_eq!(by("jonas"), [1]);
    assert_eq!(by("nobody"), [0; 0]);
    assert_eq!(
        listed(
            &other,
            &Query {
                action: text("connection.kick"),
                ..Query::default()
            }
        ),
        [1]
    );
    assert_eq!(
        listed(
            &other,
            &Query {
                since: Some(at(2)),
                ..Query::default()
            }
        ),
        [1, 6, 5]
    );
    assert_eq!(
        [
            on("UDX3"),
            on("worker"),
            on("ORDERS/worker"),
            on("BILLING/worker")
        ],
        [7, 7, 7, 0]
    );
}

#[test]
fn the_newest_records_are_read_from_the_end_and_not_through_the_chain() {
    let home = Home::new();
    acts(&home.open(), 3);
    let chain = fs::read(home.chain()).unwrap();
    // A hole of 64 GiB before the records: whoever reads through it does not come back.
    let mut file = OpenOptions::new().write(true).open(home.chain()).unwrap();
    file.set_len(64 << 30).unwrap();
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).unwrap();
    file.write_all(b"\n").unwrap();
    file.write_all(&chain).unwrap();

    assert_eq!(
        listed(
            &home.open(),
            &Query {
                limit: Some(5),
                ..Query::default()
            }
        ),
        [6, 5, 4, 3, 2]
    );
}

#[test]
fn a_clock_that_was_put_back_hides_no_record_of_the_last_day() {
    let home = Home::new();
    let folder = home.open();
    for second in [10, 5, 20] {
        folder
            .intent(Draft {
                at: at(second),
                ..draft("x.y")
            })
            .unwrap();
    }
    let earlier = at(0) - SignedDuration::from_hours(2);
    folder
        .intent(Draft {
            at: earlier,
            ..draft("x.y")
        })
        .unwrap();

    assert_eq!(
        listed(
            &folder,
            &Query {
                since: Some(at(10)),
                ..Query::default()
            }
        ),
        [3, 1]
    );
}

#[test]
fn an_operator_key_certifies_the_writer() {
    let home = Home::new();
    let folder = home.open();
    acts(&folder, 1);
    let uncertified = Warning::Uncertified {
        writer: folder.writer(),
    };
    let before = folder.verify().unwrap();
    let operator = ByteSigner::new(KeyKind::Operator, 9);
    let id = OperatorId::try_from(operator.public_key()).unwrap();

    let certificate = certify(folder.writer(), id, &operator, draft("x.y").actor, at(3)).unwrap();
    folder.fact(certificate).unwrap();

    let after = folder.verify().unwrap();
    assert!(before.holds() && before.warnings.contains(&uncertified));
    assert!(after.holds() && !after.warnings.contains(&uncertified));
    assert_eq!(after.chains[0].certified_by, Some(operator.public_key()));
}

#[test]
fn a_certificate_for_another_writer_or_by_no_operator_certifies_nothing() {
    let home = Home::new();
    let folder = home.open();
    let operator = ByteSigner::new(KeyKind::Operator, 9);
    let account = ByteSigner::new(KeyKind::Account, 9);
    let id = OperatorId::try_from(operator.public_key()).unwrap();
    let other = writer(2).public_key();

    for (writer, by) in [(other, &operator), (folder.writer(), &account)] {
        let certificate = certify(writer, id, by, draft("x.y").actor, at(3)).unwrap();
        folder.fact(certificate).unwrap();
    }

    assert_eq!(folder.verify().unwrap().chains[0].certified_by, None);
}

#[test]
fn a_record_longer_than_a_reader_takes_is_refused_and_leaves_nothing() {
    let home = Home::new();
    let folder = home.open();
    let reason = Some("x".repeat(17 << 20).into());

    let error = folder
        .intent(Draft {
            reason,
            ..draft("user.revoke")
        })
        .unwrap_err();

    assert!(matches!(error, LedgerError::TooLong { .. }), "{error}");
    assert_eq!(fs::read(home.chain()).unwrap(), b"");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_ledger() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let folder = home.open();
    acts(&folder, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    let head = folder.places.head(folder.writer());
    let lock = folder.places.audit.join("lock");

    assert_eq!([mode(&home.chain()), mode(&head), mode(&lock)], [0o600; 3]);
    assert_eq!(
        [
            &folder.places.audit,
            &folder.places.aside,
            &folder.places.heads
        ]
        .map(|path| mode(path)),
        [0o700; 3]
    );
}
