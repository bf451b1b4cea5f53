//! Why a user is refused, as the console asks it and tells it.

use jiff::SignedDuration;
use ratatui::layout::Size;

use super::screen::{NARROW, TestScreen, WIDE};
use super::tables::at;
use crate::actions::diagnose::tests::revoked;
use crate::explain::{Code, Explanation};
use crate::tui::app::msg::{Answer, Ask, Effect, JobId, Msg, Slot};
use crate::tui::popups::Popup;
use crate::tui::theme::Depth;

/// The page of users, where it was asked why the first one is refused.
fn asked(size: Size, depth: Depth) -> (TestScreen, JobId) {
    let mut screen = at("2", size, depth);
    screen.press("home w");
    let job = asks(&screen).pop().unwrap();
    (screen, job)
}

fn asks(screen: &TestScreen) -> Vec<JobId> {
    let asks = screen.effects.iter().filter_map(|effect| match effect {
        Effect::Ask(job, Slot::Diagnosis, Ask::Diagnose(_)) => Some(*job),
        _ => None,
    });
    asks.collect()
}

fn answer(screen: &mut TestScreen, job: JobId, answer: Answer) {
    screen.send(Msg::Job(job, Slot::Diagnosis, answer));
}

fn told(size: Size, depth: Depth) -> TestScreen {
    let (mut screen, job) = asked(size, depth);
    answer(&mut screen, job, Answer::Diagnosis(Box::new(revoked())));
    screen
}

#[test]
fn why_a_user_is_refused() {
    insta::assert_snapshot!(told(WIDE, Depth::True).styled());
}

#[test]
fn why_a_user_is_refused_on_a_small_terminal() {
    let mut screen = told(NARROW, Depth::Mono);
    let above = screen.text();
    screen.press("page-down page-down page-down");

    insta::assert_snapshot!(format!("{above}\n\n{}", screen.text()));
}

#[test]
fn the_same_words_are_told_as_by_the_command() {
    let mut screen = told(WIDE, Depth::Mono);

    let frame = screen.text();

    assert!(frame.contains("revoked: it is revoked up to"), "{frame}");
    assert!(frame.contains("worker in ORDERS"), "{frame}");
}

#[test]
fn it_says_that_it_asks_and_what_comes_after_it_was_closed_is_not_shown() {
    let (mut screen, job) = asked(WIDE, Depth::Mono);
    let frame = screen.text();
    assert!(
        frame.contains("asking the store and every server"),
        "{frame}"
    );
    let turns = screen.app.next_change(screen.now).unwrap();
    assert!(turns.duration_since(screen.now) < SignedDuration::from_secs(1));

    screen.press("esc");
    answer(&mut screen, job, Answer::Diagnosis(Box::new(revoked())));

    assert!(screen.app.popup.is_none());
}

#[test]
fn an_answer_for_another_user_is_not_shown() {
    let (mut screen, first) = asked(WIDE, Depth::Mono);
    screen.press("esc down w");
    let second = asks(&screen).pop().unwrap();
    assert_ne!(first, second);

    answer(&mut screen, first, Answer::Diagnosis(Box::new(revoked())));

    assert!(screen.text().contains("asking the store"));
}

#[test]
fn what_cannot_be_read_is_told() {
    let (mut screen, job) = asked(WIDE, Depth::Mono);
    let why = Explanation::new(Code::Store, "the store cannot be read", "nothing is known");

    answer(&mut screen, job, Answer::Failed(why));

    let frame = screen.text();
    assert!(frame.contains("the store cannot be read"), "{frame}");
}

#[test]
fn it_is_asked_of_one_user_and_of_no_server() {
    for (key, word) in [("6", "select a user"), ("2", "one user at a time")] {
        let mut screen = at("2", WIDE, Depth::Mono);
        screen.press("home space space");
        screen.press(key);
        screen.press("w");

        assert!(
            !matches!(screen.app.popup, Some(Popup::Diagnosis(_))),
            "{key}"
        );
        assert!(screen.text().contains(word), "{key}: {}", screen.text());
    }
}
