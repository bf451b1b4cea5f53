//! The tree of accounts: what opens and closes, what the truth is about, what a filter leaves, and what many users cost.

use std::sync::Arc;

use super::cost::order;
use super::screen::{NARROW, TestScreen, WIDE};
use super::tables::{at, open, rule, tell_user};
use super::world::{crowd, first_user, seen};
use crate::tui::app::msg::{Answer, Ask, Effect, Msg};
use crate::tui::theme::Depth;

/// The names on the lines of the tree, with what leads up to them.
fn lines(screen: &mut TestScreen) -> Vec<String> {
    let frame = screen.text();
    let lines = frame
        .lines()
        .skip(3)
        .take_while(|line| !line.starts_with('─'));
    let left = lines.map(|line| line.split('│').next().unwrap_or_default());
    let words = left.map(|line| line.split("   ").find(|part| !part.trim().is_empty()));
    words
        .flatten()
        .map(|name| name.trim().trim_start_matches('▌').to_owned())
        .collect()
}

#[test]
fn the_truth_is_about_what_is_under_the_cursor() {
    let mut screen = at("1", WIDE, Depth::Mono);
    assert!(
        screen.text().contains("strict: only signing keys"),
        "{}",
        screen.text()
    );

    screen.press("down");
    assert!(
        screen
            .text()
            .contains("STALE: a younger one says otherwise"),
        "{}",
        screen.text()
    );

    screen.press("l down");
    let frame = screen.text();
    assert!(frame.contains("role of ORDERS"), "{frame}");
    assert!(frame.contains("orders.{{name()}}.done"), "{frame}");

    screen.press("down");
    tell_user(&mut screen);
    let frame = screen.text();
    assert!(frame.contains("user of ORDERS"), "{frame}");
    assert!(frame.contains(&first_user().to_string()), "{frame}");
    assert!(frame.contains("orders.*.done   its own token"), "{frame}");
}

#[test]
fn l_opens_and_goes_in_and_h_closes_and_goes_up() {
    let mut screen = at("1", WIDE, Depth::Mono);
    assert_eq!(lines(&mut screen).len(), 3);

    screen.press("down l");
    assert_eq!(lines(&mut screen).len(), 7);
    screen.press("l l");
    let shown = lines(&mut screen);
    assert_eq!(shown.len(), 8, "{shown:?}");
    screen.press("l");
    assert!(
        screen.text().contains("user of ORDERS"),
        "{}",
        screen.text()
    );

    screen.press("h");
    assert!(screen.text().contains("role of ORDERS"));
    screen.press("h h");
    assert_eq!(lines(&mut screen).len(), 7);
    screen.press("esc esc esc esc");
    assert_eq!(lines(&mut screen).len(), 1);
}

#[test]
fn enter_on_a_user_goes_on_to_its_connections() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("down l down down enter");
    assert!(
        rule(&mut screen).starts_with("── connections ── user="),
        "{}",
        rule(&mut screen)
    );

    screen.press("esc");

    assert!(rule(&mut screen).starts_with("── accounts"));
    assert!(screen.text().contains("user of ORDERS"));
}

#[test]
fn acts_are_about_the_user_under_the_cursor() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("down l down down R");

    assert!(screen.text().contains("Revoke user"), "{}", screen.text());
    let revoke = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Prepare(_, intent) => Some(format!("{intent:?}")),
        _ => None,
    });
    let key = format!("{:?}", crate::jwt::keys::UserId::from_bytes([1; 32]));
    assert!(
        revoke.as_ref().is_some_and(|revoke| revoke.contains(&key)),
        "{revoke:?}"
    );
}

#[test]
fn a_filter_opens_what_leads_to_what_it_leaves() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("/");
    screen.write("api");
    screen.press("enter");

    let shown = lines(&mut screen);
    assert_eq!(shown.len(), 4, "{shown:?}");
    assert!(shown[3].ends_with("orders-api-old"), "{shown:?}");
    assert!(
        rule(&mut screen).contains("2 of 4 users"),
        "{}",
        rule(&mut screen)
    );

    screen.press("esc");
    assert_eq!(lines(&mut screen).len(), 3);
}

#[test]
fn a_filter_that_is_about_accounts_leaves_their_users() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("/");
    screen.write("behind>0");
    screen.press("enter down l");

    let shown = lines(&mut screen);
    assert_eq!(shown.len(), 6, "ORDERS with all that is in it: {shown:?}");
}

#[test]
fn a_filter_that_leaves_nothing_says_so() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("/");
    screen.write("ordres");

    assert!(
        screen.text().contains("no account, role or user matches"),
        "{}",
        screen.text()
    );
}

#[test]
fn marks_outlive_a_branch_that_is_closed_and_say_that_they_are_hidden() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("down l down down space space h h");
    assert!(
        rule(&mut screen).contains("2 marked"),
        "{}",
        rule(&mut screen)
    );

    screen.press("R");

    let prepared = screen
        .effects
        .iter()
        .rev()
        .any(|effect| matches!(effect, Effect::Prepare(..)));
    assert!(prepared);
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    assert!(rule(&mut screen).contains("2 marked"));
}

#[test]
fn the_cursor_stays_on_its_user_when_everything_is_read_anew() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("down l down down");

    screen.send(Msg::Seen(Ok(Arc::new(seen()))));

    assert!(
        screen.text().contains(&first_user().to_string()),
        "{}",
        screen.text()
    );
}

#[test]
fn a_pasted_account_is_found_though_the_filter_hides_it() {
    let mut screen = at("1", WIDE, Depth::Mono);
    screen.press("/");
    screen.write("worker");
    screen.press("enter");
    let strange = crate::jwt::keys::AccountId::from_bytes([3; 32]).to_string();

    screen.send(Msg::Input(crossterm::event::Event::Paste(strange.clone())));

    let frame = screen.text();
    assert!(frame.contains(&format!("│  {strange}")), "{frame}");
    assert!(frame.contains("the filter that hid it went"), "{frame}");
}

#[test]
fn without_room_the_tree_stands_alone() {
    let narrow = at("1", NARROW, Depth::Mono).text();

    let mut body = narrow.lines().take(20);
    assert!(body.all(|line| !line.contains('│')), "{narrow}");
}

/// What the screen asked for while many users were looked at.
fn arranging(screen: &mut TestScreen) -> Option<Effect> {
    let is_arranging = |effect: &Effect| matches!(effect, Effect::Ask(_, _, Ask::Arrange(_)));
    let at = screen.effects.iter().rposition(is_arranging)?;
    Some(screen.effects.remove(at))
}

#[test]
fn many_users_are_opened_and_walked_without_a_job_and_filtered_by_one() {
    let mut screen = open(WIDE, Depth::Mono, crowd(50_000));
    screen.press("1 down l");
    assert!(
        arranging(&mut screen).is_none(),
        "to open a branch asks for nothing"
    );
    screen.press("end");
    assert!(screen.text().contains("user-49999"), "{}", screen.text());

    screen.press("/");
    screen.write("user-42");
    let before = screen.text();
    assert!(
        before.contains("user-49999"),
        "the old lines stand: {before}"
    );
    assert!(before.contains("looking through all"), "{before}");
    let Some(Effect::Ask(id, slot, Ask::Arrange(work))) = arranging(&mut screen) else {
        panic!("{:?}", screen.effects)
    };
    let kept = (work.0)(&|| false).unwrap();
    screen.send(Msg::Job(id, slot, Answer::Arranged(kept)));

    assert!(
        rule(&mut screen).contains("1,111 of 50,000 users"),
        "{}",
        rule(&mut screen)
    );
    assert!(!screen.text().contains("looking through all"));
}

#[test]
fn an_answer_for_a_filter_that_was_cleared_changes_nothing() {
    let mut screen = open(WIDE, Depth::Mono, crowd(50_000));
    screen.press("1 /");
    screen.write("user-42");
    let Some(Effect::Ask(id, slot, Ask::Arrange(_))) = arranging(&mut screen) else {
        panic!("{:?}", screen.effects)
    };

    screen.press("esc");
    screen.send(Msg::Job(id, slot, Answer::Arranged(order(&[7]))));

    assert!(
        rule(&mut screen).contains("50,000 users"),
        "{}",
        rule(&mut screen)
    );
}
