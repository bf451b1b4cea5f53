//! The page of records, over a ledger on disk.

use std::sync::Arc;

use jiff::SignedDuration;
use ratatui::layout::Size;
use serde_json::json;

use super::screen::{NARROW, TestScreen, WIDE, start};
use super::servers::census;
use crate::actions::record_fields::RecordLine;
use crate::explain::{Code, Explanation};
use crate::jwt::keys::KeyKind;
use crate::ledger::audit::{Actor, Detail, Draft, Ending, Outcome, Target};
use crate::ledger::{Folder, Ledger as _, Query};
use crate::test_support::ByteSigner;
use crate::tui::app::msg::{Ask, Effect, Msg};
use crate::tui::app::seen::Trail;
use crate::tui::theme::Depth;

fn draft() -> Draft {
    Draft {
        at: start().checked_sub(SignedDuration::from_mins(5)).unwrap(),
        server_at: None,
        action: "user.revoke".into(),
        actor: Actor::os_user("maria".into(), "lap\u{1b}top".into()),
        authority: None,
        target: vec![Target {
            kind: "user".into(),
            key: "UDX3".into(),
            name: Some("worker".into()),
            account: None,
        }],
        reason: Some("leaked\u{202e}".into()),
        ticket: None,
        change: None,
        policy: None,
    }
}

/// One act with its end, and one that has none yet.
pub(super) fn trail() -> Trail {
    let home = tempfile::tempdir().unwrap();
    let writer = Arc::new(ByteSigner::new(KeyKind::User, 1));
    let (ledger, heads) = (home.path().join("ledger"), home.path().join("heads"));
    let ledger = Folder::open(&ledger, &heads, writer).unwrap();
    let done = ledger.intent(draft()).unwrap();
    let ending = Ending {
        at: start(),
        server_at: None,
        outcome: Outcome::Partial,
        effect: Some(Detail::from(json!({"closed": 2, "new": 0}))),
        error: None,
        change: None,
    };
    ledger.result(done, ending).unwrap();
    ledger.intent(draft()).unwrap();
    let listing = ledger.records(&Query::default()).unwrap();
    let open = ledger.open_intents().unwrap();
    Trail {
        records: Arc::new(RecordLine::of(listing.records, &open)),
        unreadable: listing.unreadable,
        at: start(),
    }
}

fn open(size: Size, depth: Depth, trail: Trail) -> TestScreen {
    let mut screen = TestScreen::open(size, depth, census());
    screen.send(Msg::Trail(Ok(Arc::new(trail))));
    screen.press("7 down");
    screen
}

#[test]
fn a_record_is_opened_whole_and_closed() {
    let mut screen = open(NARROW, Depth::Mono, trail());
    screen.press("enter");
    let frame = screen.text();
    assert!(
        frame.contains("closed 2") && frame.contains("new 0"),
        "{frame}"
    );

    screen.press("esc");

    assert!(screen.text().contains("enter to open"));
}

#[test]
fn a_record_of_nothing_says_so_and_unreadable_lines_are_counted() {
    let empty = Trail {
        records: Arc::new(Vec::new()),
        unreadable: 3,
        at: start(),
    };

    let frame = open(WIDE, Depth::Mono, empty).text();

    assert!(frame.contains("there is no record"), "{frame}");
    assert!(frame.contains("3 lines unreadable"), "{frame}");
}

#[test]
fn r_reads_the_record_again_and_no_server() {
    let mut screen = open(WIDE, Depth::Mono, trail());
    let before = screen.effects.len();
    screen.press("r");

    let [Effect::Ask(_, _, Ask::Trail)] = &screen.effects[before..] else {
        panic!("{:?}", &screen.effects[before..])
    };
}

#[test]
fn what_a_crash_left_stays_on_the_bottom_line_until_a_key() {
    let mut screen = open(WIDE, Depth::Mono, trail());
    let left = |id: &str| {
        let what = format!("{id}: user.revoke of worker was begun and has no result");
        Explanation::new(
            Code::OpenIntent,
            what,
            "it was cut off: not in force on n1, n2, n3",
        )
    };

    screen.send(Msg::Unfinished(vec![left("UABC-1"), left("UABC-2")]));

    let frame = screen.text();
    assert!(frame.contains("UABC-1: user.revoke of worker"), "{frame}");
    assert!(frame.contains("and 1 more"), "{frame}");
    screen.press("j");
    assert!(!screen.text().contains("UABC-1"));
}
