//! The pages of users and connections, frame by frame; the way down and the way up.

use std::sync::Arc;

use ratatui::layout::Size;

use super::acts::{kick, outcome};
use super::screen::{NARROW, TestScreen, WIDE};
use super::servers::census;
use super::world::{first_user, nothing, page, seen};
use crate::actions::outcome::Report;
use crate::explain::{Code, Explanation};
use crate::ledger::audit::Outcome as Word;
use crate::tui::app::msg::{Answer, Ask, Effect, JobId, Msg};
use crate::tui::app::seen::Seen;
use crate::tui::theme::Depth;

/// A page of the small world, by its key.
pub(super) fn at(key: &str, size: Size, depth: Depth) -> TestScreen {
    let mut screen = open(size, depth, seen());
    screen.press(key);
    tell_user(&mut screen);
    screen
}

pub(super) fn open(size: Size, depth: Depth, seen: Seen) -> TestScreen {
    let mut screen = TestScreen::open(size, depth, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen))));
    screen
}

/// Answers the last question about a user, if there is one.
pub(super) fn tell_user(screen: &mut TestScreen) {
    let asked = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(id, slot, Ask::User(..)) => Some((*id, *slot)),
        _ => None,
    });
    if let Some((id, slot)) = asked {
        screen.send(Msg::Job(id, slot, Answer::User(Box::new(page()))));
    }
}

/// The rule above the list.
pub(super) fn rule(screen: &mut TestScreen) -> String {
    screen.text().lines().nth(2).unwrap().to_owned()
}

#[test]
fn a_page_with_nothing_in_it_says_so() {
    for (key, word) in [("1", "account"), ("2", "user"), ("3", "connection")] {
        let mut screen = open(WIDE, Depth::Mono, nothing());
        screen.press(key);

        let frame = screen.text();

        assert!(frame.contains(&format!("there is no {word}")), "{frame}");
    }
}

#[test]
fn a_page_that_waits_says_for_what() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.press("2");

    assert!(screen.text().contains("users appear here"));
}

#[test]
fn what_cannot_be_read_is_explained_and_what_was_read_before_stays() {
    let why = || Explanation::new(Code::Store, "the store cannot be read", "nothing is known");
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.press("2");
    screen.send(Msg::Seen(Err(why())));
    assert!(screen.text().contains("the store cannot be read"));

    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    screen.send(Msg::Seen(Err(why())));

    let frame = screen.text();
    assert!(frame.contains("not read since 02:07:00 UTC"), "{frame}");
    assert!(frame.contains("orders-api"), "{frame}");
}

#[test]
fn o_goes_on_to_users_enter_to_connections_and_esc_back_up() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("down o");
    assert!(
        rule(&mut screen).starts_with("── users ── acct=ORDERS"),
        "{}",
        rule(&mut screen)
    );
    assert!(rule(&mut screen).contains("4 users"));

    screen.press("enter");
    let below = rule(&mut screen);
    let (begin, _) = below.split_once('…').unwrap();
    let wanted = format!("── connections ── user={}", first_user());
    assert!(wanted.starts_with(begin), "{below}");
    assert!(
        below.contains("3 of 4"),
        "the one that nobody asked is out: {below}"
    );

    screen.press("esc");
    assert!(rule(&mut screen).starts_with("── users ── acct=ORDERS"));
    screen.press("esc");
    assert!(rule(&mut screen).starts_with("── accounts ──"));
}

#[test]
fn esc_takes_back_an_own_filter_before_it_goes_up() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("down o /");
    screen.write(" worker");
    screen.press("enter");
    assert!(
        rule(&mut screen).contains("1 of 4"),
        "{}",
        rule(&mut screen)
    );

    screen.press("esc");

    assert!(
        rule(&mut screen).contains("acct=ORDERS ──"),
        "{}",
        rule(&mut screen)
    );
}

#[test]
fn the_detail_of_a_user_comes_when_the_cursor_rests_on_it() {
    let mut screen = open(WIDE, Depth::Mono, seen());
    screen.press("2");
    assert!(screen.text().contains("working it out"));

    tell_user(&mut screen);
    let frame = screen.text();
    assert!(frame.contains("orders.*.done   its own token"), "{frame}");

    screen.press("down");
    assert!(
        screen.text().contains("working it out"),
        "another user's is not shown"
    );
}

/// How often the screen asked for a survey.
fn surveys(screen: &TestScreen) -> usize {
    let asks = |effect: &&Effect| matches!(effect, Effect::Ask(_, _, Ask::Survey));
    screen.effects.iter().filter(asks).count()
}

#[test]
fn r_reads_again_and_nothing_else_does() {
    let mut screen = at("2", WIDE, Depth::Mono);
    screen.press("down down 1 3 2");
    assert_eq!(surveys(&screen), 0);
    assert_eq!(screen.app.next_change(screen.now), None);

    screen.press("r");

    assert_eq!(surveys(&screen), 1);
}

#[test]
fn what_an_act_changed_is_read_again_without_a_word() {
    let mut screen = at("2", WIDE, Depth::Mono);
    screen.press("6");
    let before = surveys(&screen);

    let ended = outcome(&kick(), Word::Verified, Report::default());
    screen.send(Msg::Ended(JobId(9), ended));

    assert_eq!(surveys(&screen), before + 1);
    assert!(
        !screen.text().contains("reading again"),
        "{}",
        screen.text()
    );
}

#[test]
fn d_shows_everything_of_a_row_in_every_place_and_size() {
    for size in [
        Size::new(60, 16),
        Size::new(70, 24),
        NARROW,
        WIDE,
        Size::new(200, 60),
    ] {
        for key in ["1", "2", "3", "6"] {
            let mut screen = at(key, size, Depth::Mono);
            let before = screen.text();
            screen.press("d");
            let whole = screen.text();
            assert!(whole.contains("esc to close"), "{key} {size}: {whole}");

            screen.press("end k esc");

            assert_eq!(screen.text(), before, "{key} {size}");
        }
    }
}

#[test]
fn the_end_of_a_long_detail_is_reached_and_left_by_one_key_each() {
    let mut screen = at("2", Size::new(60, 16), Depth::Mono);
    screen.press("d end");
    let end = screen.text();
    assert!(end.contains("payload"), "{end}");

    screen.press("down down down");
    assert_eq!(screen.text(), end);
    screen.press("up");

    assert_ne!(screen.text(), end);
}

#[test]
fn acts_of_users_are_offered_on_what_is_marked() {
    let mut screen = at("2", WIDE, Depth::Mono);
    screen.press("space space R");

    let frame = screen.text();
    assert!(frame.contains("2 marked"), "{frame}");
    assert!(frame.contains("Revoke user"), "{frame}");
}
