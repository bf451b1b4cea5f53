//! Users and accounts by name, in the palette.

use std::sync::Arc;

use crossterm::event::{Event, KeyCode, KeyEvent};

use super::screen::{NARROW, TestScreen, WIDE};
use super::servers::census;
use super::world::{crowd, seen};
use crate::explain::{Code, Explanation};
use crate::tui::app::msg::{Answer, Ask, Effect, Msg, Slot};
use crate::tui::app::names::find;
use crate::tui::theme::Depth;

fn press(screen: &mut TestScreen, code: KeyCode) {
    screen.send(Msg::Input(Event::Key(KeyEvent::from(code))));
}

/// The palette in which this was typed, and what was asked for by it has been answered.
fn typed(screen: &mut TestScreen, text: &str) {
    press(screen, KeyCode::Char(':'));
    screen.write(text);
    answer(screen);
}

/// What was asked for last, answered.
fn last_answer(screen: &TestScreen) -> Msg {
    let asked = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(job, Slot::Names, Ask::Names(seen, wanted)) => {
            let found = find(seen, wanted, &|| false).unwrap();
            let answer = Answer::Names(found);
            Some(Msg::Job(*job, Slot::Names, answer))
        }
        _ => None,
    });
    asked.unwrap()
}

fn answer(screen: &mut TestScreen) {
    let answer = last_answer(screen);
    screen.send(answer);
}

fn asks(screen: &TestScreen) -> usize {
    let asks = |effect: &&Effect| matches!(effect, Effect::Ask(_, Slot::Names, _));
    screen.effects.iter().filter(asks).count()
}

fn is_listed(screen: &mut TestScreen) -> bool {
    screen.text().contains("user in ORDERS")
}

/// The line of the palette that the cursor is on.
fn under_cursor(screen: &mut TestScreen) -> String {
    let frame = screen.text();
    let line = frame.lines().find(|line| line.contains("│ ▌"));
    line.unwrap().to_owned()
}

fn open() -> TestScreen {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    screen
}

#[test]
fn a_user_that_is_typed_by_name_is_under_the_cursor_wherever_one_stands() {
    let mut screen = open();
    screen.press("7");

    typed(&mut screen, "orders-api");
    assert!(
        screen.text().contains("user in ORDERS"),
        "{}",
        screen.text()
    );
    press(&mut screen, KeyCode::Enter);

    let frame = screen.text();
    assert!(frame.contains("── users"), "{frame}");
    let under = frame.lines().find(|line| line.starts_with('▌')).unwrap();
    assert!(under.contains("orders-api"), "{frame}");
}

#[test]
fn an_account_is_found_as_well() {
    let mut screen = open();

    typed(&mut screen, "orders");
    assert!(screen.text().contains("account"), "{}", screen.text());
    let found = find(&seen(), "orders", &|| false).unwrap();

    assert_eq!(
        found[0].name, "ORDERS",
        "the whole name comes first: {found:?}"
    );
}

#[test]
fn names_come_below_what_can_be_done_and_move_nothing() {
    let (mut with, mut without) = (open(), open());
    for screen in [&mut with, &mut without] {
        press(screen, KeyCode::Char(':'));
        screen.write("o");
    }

    answer(&mut with);

    assert!(with.text().contains("names │"), "{}", with.text());
    assert_eq!(under_cursor(&mut with), under_cursor(&mut without));
    press(&mut with, KeyCode::Enter);
    press(&mut without, KeyCode::Enter);
    assert_eq!(with.text(), without.text());
}

#[test]
fn an_answer_to_what_is_not_typed_any_more_is_not_listed() {
    type Away = fn(&mut TestScreen);
    let on: Away = |screen| screen.write("zzz");
    let emptied: Away = |screen| (0..10).for_each(|_| press(screen, KeyCode::Backspace));
    let closed: Away = |screen| press(screen, KeyCode::Esc);
    let reopened: Away = |screen| {
        press(screen, KeyCode::Esc);
        press(screen, KeyCode::Char(':'));
    };
    for away in [on, emptied, closed, reopened] {
        let mut screen = open();
        press(&mut screen, KeyCode::Char(':'));
        screen.write("orders-api");
        let late = last_answer(&screen);

        away(&mut screen);
        screen.send(late);

        let frame = screen.text();
        assert!(!frame.contains("user in ORDERS"), "{frame}");
        assert!(!frame.contains("2 names"), "{frame}");
    }
}

#[test]
fn those_called_otherwise_are_gone_with_the_next_letter() {
    let mut screen = open();
    typed(&mut screen, "orders-api");
    assert!(is_listed(&mut screen));

    screen.write("zzz");

    assert!(!is_listed(&mut screen), "{}", screen.text());
}

#[test]
fn nothing_is_called_so_only_once_it_was_looked_for() {
    let mut screen = open();
    press(&mut screen, KeyCode::Char(':'));
    screen.write("xyzzy");
    let looking = "looking for users and accounts";
    assert!(screen.text().contains(looking), "{}", screen.text());

    answer(&mut screen);

    let frame = screen.text();
    assert!(frame.contains("nothing is called so"), "{frame}");
}

#[test]
fn why_nobody_could_be_looked_for_is_told() {
    let mut screen = open();
    press(&mut screen, KeyCode::Char(':'));
    screen.write("xyzzy");
    let Msg::Job(job, slot, _) = last_answer(&screen) else {
        panic!("an answer is a job's")
    };

    let why = Explanation::new(Code::Internal, "it broke off", "nothing was done");
    screen.send(Msg::Job(job, slot, Answer::Failed(why)));

    let frame = screen.text();
    assert!(frame.contains("it broke off"), "{frame}");
    assert!(!frame.contains("nothing is called so"), "{frame}");
}

#[test]
fn a_name_that_is_typed_before_anything_was_read_is_looked_for_when_it_is() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    press(&mut screen, KeyCode::Char(':'));
    screen.write("orders-api");
    assert_eq!(asks(&screen), 0);
    let frame = screen.text();
    assert!(frame.contains("users and accounts are not read"), "{frame}");

    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    answer(&mut screen);

    assert!(is_listed(&mut screen), "{}", screen.text());
}

#[test]
fn what_is_read_anew_is_looked_through_under_a_cursor_that_stays() {
    let mut screen = open();
    typed(&mut screen, "orders-api");
    press(&mut screen, KeyCode::Down);
    let before = under_cursor(&mut screen);

    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    assert!(is_listed(&mut screen), "they stand until the answer");
    let asked = asks(&screen);
    answer(&mut screen);
    press(&mut screen, KeyCode::Down);

    assert_eq!(asked, asks(&screen), "once for what was read");
    assert_eq!(under_cursor(&mut screen), before);
}

#[test]
fn of_very_many_only_the_best_are_listed_and_who_types_on_stops_it() {
    let many = crowd(100_000);

    let found = find(&many, "user", &|| false).unwrap();

    assert_eq!(found.len(), 50);
    assert_eq!(find(&many, "user", &|| true), None);
}

#[test]
fn names_on_a_small_terminal() {
    let mut screen = TestScreen::open(NARROW, Depth::Mono, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    typed(&mut screen, "orders-api");

    insta::assert_snapshot!(screen.styled());
}
