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

fn answer(screen: &mut TestScreen) {
    let asked = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(job, Slot::Names, Ask::Names(seen, wanted)) => {
            Some((*job, find(seen, wanted, &|| false).unwrap()))
        }
        _ => None,
    });
    let (job, found) = asked.unwrap();
    screen.send(Msg::Job(job, Slot::Names, Answer::Names(found)));
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
    let mut screen = open();
    press(&mut screen, KeyCode::Char(':'));
    screen.write("o");
    let before = screen.text();
    let first = |frame: &str| {
        let line = frame.lines().find(|line| line.contains('▌'));
        line.map(str::to_owned)
    };

    answer(&mut screen);

    assert_eq!(first(&before), first(&screen.text()));
}

#[test]
fn an_answer_to_what_is_not_typed_any_more_is_not_listed() {
    let mut screen = open();
    typed(&mut screen, "orders-api");
    screen.write("zzz");

    assert!(!screen.text().contains("user in"), "{}", screen.text());
    let why = Explanation::new(Code::Internal, "it broke off", "nothing was done");
    let job = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(job, Slot::Names, _) => Some(*job),
        _ => None,
    });
    screen.send(Msg::Job(job.unwrap(), Slot::Names, Answer::Failed(why)));
    assert!(
        screen.text().contains("nothing is called so"),
        "{}",
        screen.text()
    );
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
