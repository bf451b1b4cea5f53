//! Acting: from a key to the effects, and what stands on the screen meanwhile. No act is really done here.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::acts::{
    account, answer, applied, asked, kick, ms, outcome, preparing, revocation, screen, screen_of,
    selected, server, type_slowly, user,
};
use super::screen::{NARROW, TestScreen, WIDE};
use crate::actions::action::{Access, Selection};
use crate::actions::guard::Guarded;
use crate::actions::outcome::{CameBack, Report, ServerVerdict};
use crate::actions::plan::{Plan, Preview, Warning};
use crate::actions::spec::{Direction, Level};
use crate::explain::{Code, Explanation};
use crate::ledger::audit::Outcome as Word;
use crate::tui::app::Running;
use crate::tui::app::acts::Intent;
use crate::tui::app::msg::{Ask, Effect, JobId, Msg};
use crate::tui::popups::Popup;
use crate::tui::theme::Depth;

#[test]
fn a_key_reads_what_the_act_would_do_and_nothing_more() {
    for (key, expected) in [
        ("R", "user.revoke"),
        ("X", "connection.kick"),
        ("L", "user.lift"),
    ] {
        let mut screen = screen();

        screen.press(key);

        let [Effect::Prepare(_, intent)] = screen.effects.as_slice() else {
            panic!("{:?}", screen.effects)
        };
        assert_eq!(intent.spec().id, expected);
        assert!(screen.text().contains("reading what it would do"));
    }
}

#[test]
fn the_act_is_about_what_is_selected() {
    let mut screen = screen();

    screen.press("R");

    let Some(Effect::Prepare(_, Intent::Revoke(act))) = screen.effects.first() else {
        panic!("{:?}", screen.effects)
    };
    assert_eq!(act.whom.len(), 1);
    assert_eq!(act.all, None);
}

#[test]
fn a_key_that_cannot_act_says_why() {
    let mut screen = screen_of(WIDE, Depth::True, Access::Write, Selection::default());

    screen.press("R");

    assert!(screen.effects.is_empty());
    assert!(screen.text().contains("Revoke user: select a user"));
}

#[test]
fn consent_is_typed_and_enter_does_it() {
    let mut screen = asked(WIDE, Depth::True, revocation());

    type_slowly(&mut screen, &user().key().tail());
    assert!(applied(&screen).is_none());
    screen.press("enter");

    assert!(applied(&screen).is_some());
    assert!(matches!(screen.app.popup, Some(Popup::Board(_))));
}

#[test]
fn the_wrong_words_do_nothing_and_are_told() {
    let mut screen = asked(WIDE, Depth::True, revocation());

    type_slowly(&mut screen, "y");
    screen.press("enter");

    assert!(applied(&screen).is_none());
    assert!(
        screen
            .text()
            .contains(&format!("that is not {}", user().key().tail()))
    );
}

#[test]
fn one_kick_takes_y_and_enter_is_not_y() {
    let mut screen = asked(WIDE, Depth::True, kick());

    screen.press("enter");
    assert!(applied(&screen).is_none());
    screen.press("y");

    assert!(applied(&screen).is_some());
}

#[test]
fn a_consent_ignores_keys_before_it_was_seen_and_after_the_terminal_came_back() {
    let mut screen = screen();
    screen.press("X");
    let job = preparing(&screen);
    screen.send(Msg::Prepared(job, Ok(Box::new(Preview::of(kick())))));

    screen.later(ms(299));
    screen.press("y");
    screen.later(ms(500));
    screen.send(Msg::Input(Event::FocusGained));
    screen.later(ms(299));
    screen.press("y");
    assert!(applied(&screen).is_none());
    screen.later(ms(80));
    screen.press("y");

    assert!(applied(&screen).is_some());
}

#[test]
fn a_key_that_is_held_is_not_consent() {
    let mut screen = screen();
    screen.press("X");
    let job = preparing(&screen);
    screen.send(Msg::Prepared(job, Ok(Box::new(Preview::of(kick())))));

    for _ in 0..100 {
        screen.later(ms(33));
        screen.press("y");
    }

    assert!(applied(&screen).is_none());
}

#[test]
fn what_is_pasted_never_confirms() {
    let mut screen = asked(WIDE, Depth::True, revocation());

    screen.send(Msg::Input(Event::Paste(format!(
        "{}\n",
        user().key().tail()
    ))));
    screen.press("enter");

    assert!(applied(&screen).is_none());
}

#[test]
fn esc_cancels_at_once_and_a_late_preview_is_not_shown() {
    let mut screen = screen();
    screen.press("R");
    let job = preparing(&screen);

    screen.press("esc");
    screen.send(Msg::Prepared(job, Ok(Box::new(Preview::of(revocation())))));

    assert!(screen.app.popup.is_none());
    let mut screen = asked(WIDE, Depth::True, revocation());
    screen.press("esc");
    assert!(screen.app.popup.is_none());
    assert!(screen.text().contains("cancelled: nothing was done"));
}

#[test]
fn a_reason_is_one_tab_away_and_goes_with_the_act() {
    let mut screen = asked(WIDE, Depth::True, revocation());

    screen.press("tab");
    screen.send(Msg::Input(Event::Paste("leaked in\nINC-7".to_owned())));
    screen.later(ms(90));
    screen.press("tab");
    type_slowly(&mut screen, &user().key().tail());
    screen.press("enter");

    let apply = screen
        .effects
        .iter()
        .find(|effect| matches!(effect, Effect::Apply(..)));
    assert!(format!("{apply:?}").contains("leaked inINC-7"), "{apply:?}");
}

#[test]
fn a_refusal_is_told_and_nothing_was_done() {
    let mut screen = screen();
    screen.press("R");
    let job = preparing(&screen);

    let why = Explanation::new(Code::Moot, "it is revoked already", "nothing was done");
    screen.send(Msg::Prepared(job, Err(why)));

    assert!(screen.app.popup.is_none());
    assert!(
        screen
            .text()
            .contains("it is revoked already; nothing was done")
    );
}

#[test]
fn a_read_only_context_is_lifted_by_typed_consent_and_only_to_narrow() {
    let read_only = || screen_of(WIDE, Depth::True, Access::ReadOnly, selected());
    let mut lift = read_only();
    lift.press("L");
    assert!(lift.effects.is_empty());
    assert!(lift.text().contains("Lift revocation: read-only"));

    let mut kicks = read_only();
    kicks.press("X");
    answer(&mut kicks, kick());
    kicks.press("y");
    kicks.press("enter");
    assert!(applied(&kicks).is_none());
    kicks.press("backspace");
    type_slowly(&mut kicks, "kick");
    kicks.press("enter");

    assert!(applied(&kicks).is_some());
}

#[test]
fn in_a_read_only_context_a_new_key_is_made_only_for_one_that_was_revoked() {
    let reissue = |level| Plan {
        action: "user.reissue",
        direction: Direction::Widens,
        level,
        ..revocation()
    };
    let shown = |level| {
        let mut screen = screen_of(WIDE, Depth::True, Access::ReadOnly, selected());
        screen.press("I");
        screen.press("enter"); // nothing is said in the form
        answer(&mut screen, reissue(level));
        matches!(screen.app.popup, Some(Popup::Consent(_)))
    };

    assert!(shown(Level::Yes));
    assert!(!shown(Level::Tail));
}

#[test]
fn leaving_waits_for_an_act_that_runs_unless_somebody_insists() {
    let ctrl_c = || {
        Msg::Input(Event::Key(KeyEvent::new(
            KeyCode::Char('c'),
            KeyModifiers::CONTROL,
        )))
    };
    for (word, left) in [
        (Word::Verified, Running::Quit),
        (Word::Partial, Running::On),
    ] {
        let mut screen = asked(WIDE, Depth::True, kick());
        screen.press("y");
        let job = applied(&screen).unwrap();

        screen.send(ctrl_c());
        assert_eq!(screen.app.state, Running::On);
        screen.send(Msg::Ended(job, outcome(&kick(), word, Report::default())));
        assert_eq!(screen.app.state, left);
    }

    let stops = |effect: &Effect| matches!(effect, Effect::StopActs);
    for end in [Word::Verified, Word::Cancelled, Word::Partial] {
        let mut screen = asked(WIDE, Depth::True, kick());
        screen.press("y");
        let job = applied(&screen).unwrap();
        screen.send(ctrl_c());
        assert!(!screen.effects.iter().any(stops));
        screen.send(ctrl_c());
        assert!(screen.effects.iter().any(stops));
        assert_eq!(
            screen.app.state,
            Running::On,
            "it is told to stop, not torn"
        );
        screen.send(Msg::Ended(job, outcome(&kick(), end, Report::default())));
        assert_eq!(screen.app.state, Running::Quit);
    }

    let mut screen = asked(WIDE, Depth::True, kick());
    screen.press("y");
    (0..3).for_each(|_| screen.send(ctrl_c()));
    assert_eq!(screen.app.state, Running::Quit);
}

#[test]
fn an_act_that_breaks_off_is_over_and_what_is_true_is_read_again() {
    let mut screen = asked(WIDE, Depth::True, kick());
    screen.press("y");
    let job = applied(&screen).unwrap();
    screen.effects.clear();

    let why = Explanation::new(Code::Internal, "it broke off", "what was done is not known");
    screen.send(Msg::NoOutcome(job, why));

    assert!(
        screen
            .text()
            .contains("it broke off; what was done is not known")
    );
    let reads = |effect: &Effect| matches!(effect, Effect::Ask(_, _, Ask::Survey));
    assert!(screen.effects.iter().any(reads), "{:?}", screen.effects);
    screen.press("ctrl-c");
    assert_eq!(screen.app.state, Running::Quit);
}

#[test]
fn a_board_that_was_closed_lets_the_act_run_and_comes_back() {
    let mut screen = asked(WIDE, Depth::True, kick());
    screen.press("y");
    let job = applied(&screen).unwrap();

    screen.press("esc");
    assert!(screen.app.popup.is_none());
    screen.press("X");
    assert!(matches!(screen.app.popup, Some(Popup::Board(_))));
    screen.press("esc");
    screen.send(Msg::Ended(
        job,
        outcome(&kick(), Word::Verified, Report::default()),
    ));

    assert!(screen.app.popup.is_none());
    assert!(screen.text().contains("closed; not seen back so far"));
}

#[test]
fn a_kick_whose_client_came_back_is_not_called_done() {
    let mut screen = asked(WIDE, Depth::True, kick());
    screen.press("y");
    let job = applied(&screen).unwrap();
    let came_back = vec![CameBack {
        from: "n1/41".to_owned(),
        to: "n2/18944".to_owned(),
        after_ms: 40,
    }];

    let report = Report {
        came_back,
        ..Report::default()
    };
    screen.send(Msg::Ended(job, outcome(&kick(), Word::Verified, report)));
    screen.press("esc");
    screen.send(Msg::Wake);

    screen.press("X");
    assert!(preparing(&screen) != job);
    insta::assert_snapshot!(after_kick());
}

fn after_kick() -> String {
    let mut screen = asked(WIDE, Depth::Mono, kick());
    screen.press("y");
    let job = applied(&screen).unwrap();
    let report = Report {
        steps_done: 1,
        steps_of: 1,
        servers: vec![server("n1", ServerVerdict::Clear)],
        came_back: vec![CameBack {
            from: "n1/41".to_owned(),
            to: "n2/18944".to_owned(),
            after_ms: 40,
        }],
        ..Report::default()
    };
    screen.send(Msg::Ended(job, outcome(&kick(), Word::Verified, report)));
    screen.text()
}

#[test]
fn the_guard_tells_of_a_server_that_came_late() {
    let mut screen = screen();

    screen.send(Msg::Guarded(Guarded {
        server: "n3".into(),
        account: account(),
        closed: 2,
        problem: None,
        record: None,
    }));

    assert!(
        screen
            .text()
            .contains("n3 came late: the revocations hold there now, 2 connections closed")
    );
}

#[test]
fn a_preview_in_colour() {
    insta::assert_snapshot!(asked(WIDE, Depth::True, revocation()).styled());
}

#[test]
fn a_preview_without_colour_on_a_small_terminal() {
    let mut screen = asked(NARROW, Depth::Mono, revocation());
    type_slowly(&mut screen, "AB");

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn a_preview_that_takes_y() {
    insta::assert_snapshot!(asked(NARROW, Depth::Mono, kick()).text());
}

#[test]
fn a_preview_that_is_longer_than_the_screen_says_how_much_is_below() {
    let mut plan = revocation();
    plan.warnings = (0..20)
        .map(|nth| Warning::new("many", format!("warning {nth}")))
        .collect();
    let mut screen = asked(NARROW, Depth::Mono, plan);
    assert!(screen.text().contains("more lines: page-down"));

    for _ in 0..5 {
        screen.press("page-down");
        screen.later(ms(90));
    }

    let end = screen.text();
    assert!(
        end.contains("command") && !end.contains("more lines"),
        "{end}"
    );
}

pub(super) fn running(size: Size, depth: Depth) -> (TestScreen, JobId) {
    let mut screen = asked(size, depth, revocation());
    type_slowly(&mut screen, &user().key().tail());
    screen.press("enter");
    let job = applied(&screen).unwrap();
    let report = Report {
        steps_of: 1,
        servers: vec![server("n1", ServerVerdict::Clear)],
        ..Report::default()
    };
    screen.send(Msg::Progress(job, Box::new(report)));
    (screen, job)
}

#[test]
fn the_board_shows_who_has_answered_so_far() {
    insta::assert_snapshot!(running(WIDE, Depth::True).0.styled());
}

#[test]
fn what_went_wrong_stands_above_more_servers_than_there_is_room_for() {
    let (mut screen, job) = running(NARROW, Depth::Mono);
    let silent = (1..=40).map(|nth| server(&format!("n{nth}"), ServerVerdict::Unknown));
    let report = Report {
        servers: silent.collect(),
        ..Report::default()
    };
    let mut ended = outcome(&revocation(), Word::Partial, report);
    let why = Explanation::new(Code::Internal, "n1 said no", "n1 still lets it in");
    ended.error = Some(why.then("press R again"));
    screen.send(Msg::Ended(job, ended));

    insta::assert_snapshot!(screen.styled());
    for _ in 0..9 {
        screen.press("ctrl-d");
    }
    let last = "│ n2‹202E›"; // one that ought to answer, and is in no report
    assert!(screen.text().contains(last), "{}", screen.text());
    screen.press("k");
    assert!(!screen.text().contains(last), "{}", screen.text());
}

#[test]
fn a_silent_server_is_unknown_at_the_end() {
    let (mut screen, job) = running(NARROW, Depth::Mono);
    let report = Report {
        steps_done: 1,
        steps_of: 1,
        servers: vec![
            server("n1", ServerVerdict::Clear),
            server("n2", ServerVerdict::Clear),
            server("n3", ServerVerdict::Unknown),
        ],
        ..Report::default()
    };

    screen.send(Msg::Ended(
        job,
        outcome(&revocation(), Word::Unverified, report),
    ));

    insta::assert_snapshot!(screen.styled());
}
