//! The board after an act: how long each server took, and what can be pressed where one has not proven it.

use ratatui::layout::Size;

use super::acting::running;
use super::acts::{
    answer, applied, connection, kick, outcome, preparing, revocation, server, type_slowly, user,
};
use super::screen::{NARROW, TestScreen, WIDE};
use crate::actions::outcome::{GuardReport, Report, ServerReport, ServerVerdict};
use crate::explain::{Code, Explanation};
use crate::jwt::keys::ConnId;
use crate::ledger::audit::Outcome as Word;
use crate::tui::app::acts::Intent;
use crate::tui::app::msg::{Effect, Msg};
use crate::tui::popups::Popup;
use crate::tui::theme::Depth;

/// n1 is clear, and n3 has not answered; one connection was open there before.
fn silent() -> Report {
    Report {
        servers: vec![
            server("n1", ServerVerdict::Clear),
            ServerReport {
                before: 1,
                ..server("n3", ServerVerdict::Unknown)
            },
        ],
        ..Report::default()
    }
}

fn ended(size: Size, depth: Depth, word: Word, report: Report) -> TestScreen {
    let (mut screen, job) = running(size, depth);
    screen.send(Msg::Ended(job, outcome(&revocation(), word, report)));
    screen.effects.clear();
    screen
}

#[test]
fn an_act_that_a_silent_server_has_not_proven_says_what_can_be_pressed() {
    let guard = GuardReport {
        id: "ABCDEFGH-7".parse().unwrap(),
        until_at: "2026-10-02T02:07:00Z".parse().unwrap(),
    };
    let report = Report {
        guard: Some(guard),
        ..silent()
    };

    let mut screen = ended(NARROW, Depth::Mono, Word::Unverified, report);

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn a_push_again_reads_the_same_act_anew_and_shows_it_first() {
    let mut screen = ended(WIDE, Depth::True, Word::Unverified, silent());

    screen.press("P");

    let [Effect::Prepare(_, Intent::Revoke(act))] = screen.effects.as_slice() else {
        panic!("{:?}", screen.effects)
    };
    assert_eq!(act.whom.len(), 1);
    assert!(matches!(screen.app.popup, Some(Popup::Reading(_))));
}

#[test]
fn a_push_again_says_why_it_is_dim() {
    let (mut running, _) = running(WIDE, Depth::True);
    running.effects.clear();
    let mut verified = ended(WIDE, Depth::True, Word::Verified, Report::default());
    for (screen, why) in [
        (&mut running, "is still running"),
        (&mut verified, "every server has proven it already"),
    ] {
        screen.press("P");

        assert!(screen.effects.is_empty(), "{:?}", screen.effects);
        assert!(screen.text().contains(why), "{}", screen.text());
    }
}

#[test]
fn a_kick_is_of_what_was_seen_left_open() {
    let left = ConnId {
        cid: 77,
        ..connection()
    };
    let report = Report {
        servers: vec![ServerReport {
            open: Some(1),
            before: 2,
            ..server("n1", ServerVerdict::Open)
        }],
        left: vec![left],
        ..Report::default()
    };
    let mut screen = ended(WIDE, Depth::True, Word::Partial, report);
    assert!(screen.text().contains("X kick the 1 left open"));
    assert!(screen.text().contains("1 of 2 left"));

    screen.press("X");

    let [Effect::Prepare(_, Intent::Kick(act))] = screen.effects.as_slice() else {
        panic!("{:?}", screen.effects)
    };
    let kicked: Vec<String> = act.connections.iter().map(ToString::to_string).collect();
    assert_eq!(kicked, [format!("{}/77", left.server)]);
}

#[test]
fn a_kick_says_why_it_is_dim() {
    let mut screen = ended(WIDE, Depth::True, Word::Unverified, silent());
    screen.press("X");
    assert!(screen.effects.is_empty(), "{:?}", screen.effects);
    let why = "n3 does not say what is open there";
    assert!(screen.text().contains(why), "{}", screen.text());
}

#[test]
fn what_was_not_pushed_is_not_pushed_again() {
    let (mut screen, job) = running(WIDE, Depth::True);
    screen.send(Msg::Ended(
        job,
        outcome(&revocation(), Word::Verified, Report::default()),
    ));
    screen.press("esc");
    screen.press("X");
    answer(&mut screen, kick());
    screen.press("y");
    let report = Report {
        servers: vec![server("n1", ServerVerdict::Unknown)],
        ..Report::default()
    };
    let job = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Apply(job, _) => Some(*job),
        _ => None,
    });
    screen.send(Msg::Ended(
        job.unwrap(),
        outcome(&kick(), Word::Unverified, report),
    ));

    let text = screen.text();

    assert!(!text.contains("push again"), "{text}");
    screen.press("P");
    assert!(
        screen.text().contains("nothing was pushed"),
        "{}",
        screen.text()
    );
}

#[test]
fn what_ended_before_anything_was_pushed_is_tried_again() {
    for (word, report, says) in [
        (Word::Refused, Report::default(), "P try again"),
        (Word::Stale, Report::default(), "P try again"),
        (Word::Failed, silent(), "P push again to n3"), // n1 took it
        (Word::Unverified, Report::default(), "P push again"),
    ] {
        let mut screen = ended(WIDE, Depth::True, word, report);

        let text = screen.text();

        assert!(text.contains(says), "{word:?}: {text}");
    }
}

/// The board of an act that n3 has not proven, from which the act was asked for again.
fn asked_again() -> TestScreen {
    let mut screen = ended(WIDE, Depth::True, Word::Unverified, silent());
    screen.press("P");
    screen
}

fn shows_the_board(screen: &mut TestScreen) -> bool {
    screen.text().contains("P push again to n3")
}

#[test]
fn a_board_is_there_again_after_the_act_that_was_asked_for_from_it_was_cancelled() {
    let mut consented = asked_again();
    answer(&mut consented, revocation());
    assert!(matches!(consented.app.popup, Some(Popup::Consent(_))));
    for mut screen in [asked_again(), consented] {
        screen.press("esc");

        assert!(shows_the_board(&mut screen), "{}", screen.text());
        screen.press("esc");
        assert!(screen.app.popup.is_none());
    }
}

#[test]
fn a_board_is_there_again_if_it_cannot_be_found_out_what_the_act_would_do() {
    let mut screen = asked_again();
    let why = Explanation::new(Code::NotConnected, "the link is down", "nothing was done");

    let job = preparing(&screen);
    screen.send(Msg::Prepared(job, Err(why)));

    assert!(shows_the_board(&mut screen), "{}", screen.text());
    assert!(screen.text().contains("the link is down"));
}

#[test]
fn a_board_is_there_again_if_the_act_that_was_asked_for_from_it_cannot_be_begun() {
    let mut screen = asked_again();
    answer(&mut screen, revocation());
    type_slowly(&mut screen, &user().key().tail());
    screen.press("enter");
    let why = Explanation::new(Code::NotConnected, "the link is down", "nothing was done");

    let job = applied(&screen).unwrap();
    screen.send(Msg::NoOutcome(job, why));

    assert!(shows_the_board(&mut screen), "{}", screen.text());
}

#[test]
fn a_board_does_not_come_over_what_was_opened_while_its_act_ran() {
    let mut screen = asked_again();
    answer(&mut screen, revocation());
    type_slowly(&mut screen, &user().key().tail());
    screen.press("enter");
    screen.press("esc"); // lets it run
    screen.press(":");
    let why = Explanation::new(Code::NotConnected, "the link is down", "nothing was done");

    let job = applied(&screen).unwrap();
    screen.send(Msg::NoOutcome(job, why));

    assert!(matches!(screen.app.popup, Some(Popup::Palette(_))));
    screen.press("esc");
    assert!(screen.app.popup.is_none());
}
