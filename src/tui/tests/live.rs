//! Connections that come and go while they are looked at, and what is said when something was missed.

use jiff::SignedDuration;

use super::screen::{TestScreen, WIDE, start};
use super::tables::{at, rule};
use super::world::{connection, connections};
use crate::explain::{Code, Explanation};
use crate::inventory::connection::{ConnectionRow, ConnectionState, Identity, Traffic};
use crate::sys::{Lost, SysEvent};
use crate::tui::app::live::Counted;
use crate::tui::app::msg::{Answer, Ask, Effect, Interest, Msg};
use crate::tui::app::seen::Roll;
use crate::tui::popups::Popup;
use crate::tui::theme::Depth;

fn came(cid: u64, name: &str) -> SysEvent {
    SysEvent::Connected(Box::new(connection(cid, name, Some(Identity::Verified))))
}

fn went(cid: u64) -> SysEvent {
    let row = connection(cid, "", None);
    SysEvent::Disconnected(Box::new(ConnectionRow {
        state: ConnectionState::Closed,
        reason: Some("Client Closed".into()),
        ..row
    }))
}

/// A read of the connections that began so long after the start.
fn roll(rows: Vec<ConnectionRow>, after: SignedDuration) -> Msg {
    let begun = start().checked_add(after).unwrap();
    Msg::Roll(Ok(Box::new(Roll { rows, begun })))
}

/// The page of connections, listened to and read.
fn followed(depth: Depth) -> TestScreen {
    let mut screen = at("3", WIDE, depth);
    screen.send(Msg::Listening);
    screen.send(roll(connections(), SignedDuration::ZERO));
    screen
}

fn seconds(number: i64) -> SignedDuration {
    SignedDuration::from_secs(number)
}

/// Whether the line of a name has another look than that of its neighbour.
fn is_bold(screen: &mut TestScreen, name: &str) -> bool {
    let frame = screen.styled();
    let line = frame.lines().position(|line| line.contains(name)).unwrap();
    let style = frame
        .lines()
        .find(|style| style.starts_with(&format!("{line:2}:")));
    style.is_some_and(|style| style.contains("0-99 bold"))
}

#[test]
fn the_screen_listens_only_while_connections_are_on_top() {
    let mut screen = at("3", WIDE, Depth::Mono);
    screen.press("1");

    let watched: Vec<Interest> = screen
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Watch(interest) => Some(*interest),
            _ => None,
        })
        .collect();

    assert!(
        watched.ends_with(&[Interest::Connections, Interest::Rest]),
        "{watched:?}"
    );
}

#[test]
fn one_that_comes_appears_as_new_and_soon_is_like_the_others() {
    let mut screen = followed(Depth::Mono);
    assert!(
        rule(&mut screen).contains("live ── 4 connections"),
        "{}",
        rule(&mut screen)
    );
    screen.press("down");
    let under = screen
        .text()
        .lines()
        .find(|line| line.starts_with('▌'))
        .unwrap()
        .to_owned();

    screen.send(Msg::Happened(vec![came(7, "newcomer")]));
    assert!(
        rule(&mut screen).contains("1 in 10 s ── 5 connections"),
        "{}",
        rule(&mut screen)
    );
    assert!(is_bold(&mut screen, "newcomer"), "{}", screen.styled());
    assert!(screen.text().contains(&under), "the cursor stays");

    screen.later(seconds(2));
    assert!(!is_bold(&mut screen, "newcomer"), "{}", screen.styled());
}

#[test]
fn one_that_goes_is_seen_as_gone_and_then_no_more() {
    let mut screen = followed(Depth::Mono);
    screen.press("home space");
    assert!(rule(&mut screen).contains("1 marked"));

    screen.send(Msg::Happened(vec![went(41_318)]));
    let frame = screen.text();
    let line = frame
        .lines()
        .find(|line| line.contains("orders-api-2"))
        .unwrap();
    assert!(line.contains('✕') || line.starts_with('◆'), "{frame}");
    assert_eq!(
        screen.app.next_change(screen.now),
        screen.now.checked_add(seconds(1)).ok()
    );

    screen.later(seconds(3));
    let frame = screen.text();
    assert!(!frame.contains("orders-api-2"), "{frame}");
    assert!(
        rule(&mut screen).contains("3 connections"),
        "{}",
        rule(&mut screen)
    );
    assert!(
        !rule(&mut screen).contains("marked"),
        "{}",
        rule(&mut screen)
    );
}

#[test]
fn what_closed_while_it_was_read_does_not_come_back() {
    let mut screen = followed(Depth::Mono);
    screen.later(seconds(10));
    screen.send(Msg::Happened(vec![went(41_318), came(7, "newcomer")]));

    screen.send(roll(connections(), seconds(9)));

    let frame = screen.text();
    assert!(!frame.contains("orders-api-2"), "{frame}");
    assert!(frame.contains("newcomer"), "{frame}");
}

#[test]
fn a_gap_is_told_until_what_was_lost_is_read() {
    let mut screen = followed(Depth::Mono);
    let lost = Lost::SlowConsumer(9);
    screen.send(Msg::Happened(vec![SysEvent::Gap { lost }]));
    assert!(
        rule(&mut screen).contains("events lag"),
        "{}",
        rule(&mut screen)
    );

    screen.send(roll(connections(), SignedDuration::ZERO));
    assert!(
        !rule(&mut screen).contains("events lag"),
        "{}",
        rule(&mut screen)
    );
    assert!(rule(&mut screen).contains("live"));
}

#[test]
fn nobody_who_cannot_listen_is_told_that_it_is_live() {
    let mut screen = at("3", WIDE, Depth::Mono);
    let why = Explanation::new(Code::NotConnected, "the link is down", "nothing is heard");
    screen.send(Msg::Roll(Err(why)));

    let rule = rule(&mut screen);
    assert!(rule.contains("not followed: the link is down"), "{rule}");
    assert!(!rule.contains("live"), "{rule}");
}

#[test]
fn a_list_that_could_not_be_read_is_followed_once_it_was() {
    let mut screen = followed(Depth::Mono);
    let why = Explanation::new(Code::NotConnected, "nobody answers", "nothing is heard");
    screen.send(Msg::Roll(Err(why)));
    assert!(rule(&mut screen).contains("not followed: nobody answers"));

    screen.send(roll(connections(), SignedDuration::ZERO));

    let rule = rule(&mut screen);
    assert!(!rule.contains("not followed"), "{rule}");
    assert!(rule.contains("live"), "{rule}");
}

#[test]
fn a_newcomer_stands_where_filter_and_order_have_it() {
    let mut screen = followed(Depth::Mono);
    screen.press("/");
    screen.write("name:orders");
    screen.press("enter");

    screen.send(Msg::Happened(vec![
        came(8, "billing-1"),
        came(9, "orders-worker"),
    ]));

    let frame = screen.text();
    assert!(!frame.contains("billing-1"), "{frame}");
    assert!(
        rule(&mut screen).contains("3 of 6"),
        "{}",
        rule(&mut screen)
    );
}

/// So many connections, in the order that was asked for.
fn crowd(rows: u64) -> TestScreen {
    let mut screen = followed(Depth::Mono);
    let many = (0..rows).map(|cid| connection(cid, "many", None));
    screen.send(roll(many.collect(), SignedDuration::ZERO));
    screen
}

fn sorts(screen: &TestScreen) -> usize {
    let is_arranging = |effect: &&Effect| matches!(effect, Effect::Ask(_, _, Ask::Arrange(_)));
    screen.effects.iter().filter(is_arranging).count()
}

/// Works out the order that was asked for last, while something else happens.
fn arrange(screen: &mut TestScreen, meanwhile: Vec<SysEvent>) {
    let is_ask = |effect: &Effect| matches!(effect, Effect::Ask(..));
    let at = screen.effects.iter().rposition(is_ask).unwrap();
    let Effect::Ask(id, slot, Ask::Arrange(work)) = screen.effects.remove(at) else {
        panic!()
    };
    screen.send(Msg::Happened(meanwhile));
    let order = (work.0)(&|| false).unwrap();
    screen.send(Msg::Job(id, slot, Answer::Arranged(order)));
}

#[test]
fn a_storm_over_many_connections_sorts_nothing_anew() {
    let mut screen = crowd(20_000);
    arrange(
        &mut screen,
        vec![went(0), came(30_000, "while it was sorted")],
    );
    assert!(
        rule(&mut screen).contains("20,001 connections"),
        "{}",
        rule(&mut screen)
    );
    let before = sorts(&screen);

    for batch in 0..50 {
        let events = (0..100).map(|nth| went(1 + batch * 100 + nth));
        screen.send(Msg::Happened(events.collect()));
    }
    screen.later(seconds(3));

    assert_eq!(sorts(&screen), before);
    assert!(
        rule(&mut screen).contains("15,000 connections"),
        "{}",
        rule(&mut screen)
    );
}

#[test]
fn elsewhere_nothing_wakes_the_screen() {
    let mut screen = followed(Depth::Mono);
    screen.send(Msg::Happened(vec![came(7, "newcomer"), went(41_318)]));
    screen.press("1");

    assert_eq!(screen.app.next_change(screen.now), None);
    screen.press("3");
    assert!(!screen.text().contains("orders-api-2"), "{}", screen.text());
}

fn counted(screen: &TestScreen) -> Vec<Vec<u64>> {
    let counted = screen.effects.iter().filter_map(|effect| match effect {
        Effect::Count(ids) => Some(ids.iter().map(|id| id.cid).collect()),
        _ => None,
    });
    counted.collect()
}

/// A read of the counter of one connection, so long after the start.
fn count(row: &ConnectionRow, in_msgs: u64, after: SignedDuration) -> Msg {
    let row = ConnectionRow {
        traffic: Some(Traffic {
            in_msgs,
            ..Traffic::default()
        }),
        ..row.clone()
    };
    Msg::Counted(Counted {
        server: row.id.server,
        rows: vec![row],
        at: start().checked_add(after).unwrap(),
    })
}

#[test]
fn only_what_is_seen_is_counted_and_nothing_elsewhere() {
    let many = (0..100).map(|cid| connection(cid, "many", Some(Identity::Verified)));
    let mut screen = followed(Depth::Mono);
    screen.effects.clear();
    screen.send(roll(many.collect(), seconds(1)));
    screen.press("end");
    let seen = counted(&screen);
    let shown = screen
        .text()
        .lines()
        .filter(|line| line.contains("many"))
        .count();
    screen.press("1");

    let all: Vec<u64> = (0..100).collect();
    assert_eq!(seen[0], all[..seen[0].len()]);
    assert_eq!(seen[1], all[100 - seen[1].len()..]);
    assert!((5..=shown).contains(&seen[1].len()), "{seen:?}");
    assert_eq!(counted(&screen).last(), Some(&Vec::new()));
}

#[test]
fn two_counts_of_a_connection_are_a_rate_until_nobody_looks() {
    let mut screen = followed(Depth::Mono);
    let row = &connections()[0];
    screen.send(count(row, 1_000, seconds(1)));
    assert!(!screen.text().contains("2.1k"), "{}", screen.text());

    screen.send(count(row, 3_100, seconds(2)));

    assert!(screen.text().contains(" 2.1k "), "{}", screen.text());
    screen.press("1");
    screen.press("3");
    assert!(!screen.text().contains(" 2.1k "), "{}", screen.text());
}

#[test]
fn a_count_of_who_is_gone_brings_nobody_back() {
    let mut screen = followed(Depth::Mono);
    let row = connection(77, "long-gone", None);

    screen.send(count(&row, 1_000, seconds(1)));

    assert!(!screen.text().contains("long-gone"), "{}", screen.text());
}

#[test]
fn other_rows_that_are_counted_sort_nothing_anew() {
    let mut screen = crowd(20_000);
    arrange(&mut screen, Vec::new());
    let before = sorts(&screen);

    screen.send(count(&connection(1, "many", None), 1_000, seconds(1)));
    screen.send(count(&connection(2, "many", None), 1_000, seconds(2))); // scrolled

    assert_eq!(sorts(&screen), before);
}

#[test]
fn a_server_that_answers_no_more_has_no_rates() {
    let mut screen = followed(Depth::Mono);
    let row = &connections()[0];
    screen.send(count(row, 1_000, seconds(1)));
    screen.send(count(row, 3_100, seconds(2)));

    screen.send(Msg::Counted(Counted {
        server: row.id.server,
        rows: Vec::new(),
        at: start().checked_add(seconds(4)).unwrap(),
    }));

    assert!(!screen.text().contains(" 2.1k "), "{}", screen.text());
}

#[test]
fn a_detail_over_the_whole_place_has_only_its_own_connection_counted() {
    let mut screen = followed(Depth::Mono);
    screen.press("home down");
    let before = counted(&screen).pop().unwrap();

    screen.press("d");
    let behind_it = counted(&screen).pop().unwrap();
    screen.press("esc");

    assert_eq!(before.len(), 4);
    assert_eq!(behind_it, before[1..2]);
    assert_eq!(counted(&screen).pop().unwrap(), before);
}

/// How many rows a word leaves that stands among the rates alone.
fn left_by_a_rate(screen: &mut TestScreen) -> String {
    let row = &connections()[0];
    screen.send(count(row, 1_000, seconds(1)));
    screen.send(count(row, 3_100, seconds(2)));
    assert!(screen.text().contains(" 2.1k "), "{}", screen.text());
    screen.press("/");
    screen.write("2.1k");
    rule(screen)
}

#[test]
fn a_word_is_not_looked_for_among_the_rates_which_only_rows_have_that_are_seen() {
    let mut screen = followed(Depth::Mono);

    let rule = left_by_a_rate(&mut screen);

    assert!(rule.contains("0 of 4"), "{rule}");
}

#[test]
fn a_word_is_not_looked_for_among_the_rates_of_chosen_columns() {
    let mut screen = followed(Depth::Mono);
    screen.press("v");
    let Some(Popup::Pick(pick)) = &screen.app.popup else {
        panic!()
    };
    let first = pick.items[0].letter;
    screen.write(&first.to_string());
    screen.press("esc");

    let rule = left_by_a_rate(&mut screen);

    assert!(rule.contains("0 of 4"), "{rule}");
}
