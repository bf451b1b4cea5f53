//! The palette, what it runs, and the way from place to place.

use std::sync::Arc;

use crossterm::event::{Event, KeyCode, KeyEvent};
use jiff::SignedDuration;
use ratatui::layout::Size;

use super::acts::{answer, ms, revocation, screen_of, selected};
use super::screen::{NARROW, TestScreen, WIDE};
use super::servers::census;
use super::world::seen;
use crate::actions::action::Access;
use crate::actions::plan::Plan;
use crate::actions::spec::Direction;
use crate::tui::app::msg::{Effect, Msg};
use crate::tui::popups::Popup;
use crate::tui::runtime::terminal::Mouse;
use crate::tui::theme::{Depth, Theme};

fn open(size: Size, depth: Depth, access: Access) -> TestScreen {
    screen_of(size, depth, access, selected())
}

fn press(screen: &mut TestScreen, code: KeyCode) {
    screen.send(Msg::Input(Event::Key(KeyEvent::from(code))));
}

/// Opens the palette, types, and runs what comes first.
fn run(screen: &mut TestScreen, typed: &str) {
    press(screen, KeyCode::Char(':'));
    screen.write(typed);
    press(screen, KeyCode::Enter);
}

/// What is on the tab line as the place where one is.
fn place(screen: &mut TestScreen) -> String {
    let frame = screen.text();
    let tabs = frame.lines().nth(1).unwrap();
    let (_, here) = tabs.split_once('▎').unwrap();
    here.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn everything_that_can_be_done_in_colour() {
    let mut screen = open(WIDE, Depth::True, Access::Write);
    press(&mut screen, KeyCode::Char(':'));

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn what_was_typed_narrows_it_on_a_small_terminal_and_dim_ones_say_why() {
    let mut screen = open(NARROW, Depth::Mono, Access::ReadOnly);
    press(&mut screen, KeyCode::Char(':'));
    screen.write("re");

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn an_act_is_run_as_by_its_key() {
    let mut screen = open(WIDE, Depth::Mono, Access::Write);

    run(&mut screen, "rev");

    let [Effect::Prepare(_, intent)] = screen.effects.as_slice() else {
        panic!("{:?}", screen.effects)
    };
    assert_eq!(intent.spec().id, "user.revoke");
    assert!(matches!(screen.app.popup, Some(Popup::Reading(_))));
}

#[test]
fn an_act_that_cannot_be_done_says_why_and_is_not_begun() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());

    run(&mut screen, "user.revoke");

    assert!(
        screen
            .effects
            .iter()
            .all(|effect| !matches!(effect, Effect::Prepare(..)))
    );
    assert!(screen.text().contains("Revoke user: select a user"));
}

#[test]
fn places_have_names_and_short_names() {
    for (typed, wanted) in [
        ("users", "users"),
        ("user", "users"),
        (":conn", "connections"),
        ("acc", "accounts"),
        ("audit", "audit"),
        ("srv", "servers"),
    ] {
        let mut screen = TestScreen::open(WIDE, Depth::Mono, census());

        run(&mut screen, typed);

        assert_eq!(place(&mut screen), wanted, "{typed}");
        assert!(screen.app.popup.is_none());
    }
}

#[test]
fn esc_closes_it_and_what_names_nothing_runs_nothing() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.effects.clear();
    run(&mut screen, "xyzzy");
    let word = "no act or place is called so; users and accounts are not read";
    assert!(screen.text().contains(word), "{}", screen.text());

    press(&mut screen, KeyCode::Esc);

    assert!(screen.app.popup.is_none());
    assert!(screen.effects.is_empty(), "{:?}", screen.effects);
}

#[test]
fn what_is_pasted_into_it_runs_nothing() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    press(&mut screen, KeyCode::Char(':'));

    screen.send(Msg::Input(Event::Paste("quit\r\n".to_owned())));

    assert!(matches!(screen.app.popup, Some(Popup::Palette(_))));
    assert!(screen.text().contains(": quit"), "{}", screen.text());
}

#[test]
fn themes_and_the_mouse_are_changed_from_it() {
    let mut screen = TestScreen::open(WIDE, Depth::True, census());
    run(&mut screen, "theme light");
    let Some(Effect::Theme(name)) = screen.effects.last() else {
        panic!("{:?}", screen.effects)
    };
    assert_eq!(name, "calm-light");
    let before = screen.styled();
    let (theme, _) = Theme::load("calm-light", None, Depth::True);
    screen.send(Msg::Theme(
        Box::new(theme),
        vec!["line 3 is odd".to_owned()],
    ));
    assert_ne!(screen.styled(), before);
    assert!(screen.text().contains("line 3 is odd"));

    run(&mut screen, "mouse");
    assert!(matches!(
        screen.effects.last(),
        Some(Effect::Mouse(Mouse::Ours))
    ));
    run(&mut screen, "mouse");
    assert!(matches!(
        screen.effects.last(),
        Some(Effect::Mouse(Mouse::Terminals))
    ));
}

#[test]
fn write_takes_y_is_seen_and_ends_by_itself() {
    let mut screen = open(WIDE, Depth::Mono, Access::ReadOnly);
    run(&mut screen, "write");
    screen.press("y");
    assert!(screen.app.model.is_read_only(), "nobody has read it yet");
    screen.later(ms(400));
    press(&mut screen, KeyCode::Enter);
    assert!(screen.app.model.is_read_only(), "enter is not y");
    screen.press("y");

    assert!(!screen.app.model.is_read_only());
    let frame = screen.text();
    assert!(
        frame.contains("production write until 02:22 UTC"),
        "{frame}"
    );
    let fifteen = SignedDuration::from_mins(15);
    assert!(screen.app.next_change(screen.now).unwrap() <= screen.now + fifteen);
    screen.later(fifteen);
    assert!(screen.app.model.is_read_only());
    assert!(screen.text().contains("production read-only"));
    assert!(screen.text().contains("read-only again"));
}

#[test]
fn write_can_be_given_back_and_not_taken() {
    let mut screen = open(WIDE, Depth::Mono, Access::ReadOnly);
    run(&mut screen, "write");
    press(&mut screen, KeyCode::Esc);
    assert!(screen.app.model.is_read_only());

    run(&mut screen, "write");
    screen.later(ms(400));
    screen.press("y");
    run(&mut screen, "read-only");

    assert!(screen.app.model.is_read_only());
    assert_eq!(screen.app.model.lifted_until, None);
}

#[test]
fn a_consent_that_only_the_lift_allowed_is_not_given_after_it() {
    let mut screen = open(WIDE, Depth::Mono, Access::ReadOnly);
    run(&mut screen, "write");
    screen.later(ms(400));
    screen.press("y L");
    let widens = Plan {
        action: "user.lift",
        direction: Direction::Widens,
        ..revocation()
    };
    answer(&mut screen, widens);
    assert!(matches!(screen.app.popup, Some(Popup::Consent(_))));

    screen.later(SignedDuration::from_mins(15));

    assert!(screen.app.popup.is_none());
    assert!(
        screen
            .text()
            .contains("the act that was asked about was not begun")
    );
}

#[test]
fn lifting_is_asked_in_words() {
    let mut screen = open(WIDE, Depth::Mono, Access::ReadOnly);
    run(&mut screen, "write");

    insta::assert_snapshot!(screen.text());
}

#[test]
fn minus_goes_to_the_last_place_and_brackets_along_the_way() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    screen.press("2 3 7");
    let mut went = Vec::new();
    for key in ["-", "-", "[", "[", "]", "["] {
        screen.press(key);
        went.push(place(&mut screen));
    }

    assert_eq!(
        went,
        [
            "connections",
            "audit",
            "connections",
            "audit",
            "connections",
            "audit"
        ]
    );
}

#[test]
fn a_place_is_come_back_to_as_it_was_left() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    screen.press("2 enter");
    let rule = |screen: &mut TestScreen| screen.text().lines().nth(2).unwrap().to_owned();
    let before = rule(&mut screen);

    screen.press("3 [");

    assert_eq!(rule(&mut screen), before);
}

#[test]
fn what_was_said_can_be_read_again() {
    let mut screen = TestScreen::open(NARROW, Depth::Mono, census());
    screen.press("2 r");
    screen.later(ms(7_000));
    run(&mut screen, "user.revoke");

    screen.press("g l");

    insta::assert_snapshot!(screen.text());
}
