//! The page of servers, frame by frame: waiting, full, empty by a filter, not to be reached.

use std::sync::Arc;

use jiff::SignedDuration;
use ratatui::layout::Size;

use super::screen::{NARROW, TestScreen, WIDE, found, model, start, unreachable};
use crate::actions::action::Access;
use crate::actions::opening::Reach;
use crate::explain::{Code, Explanation};
use crate::inventory::server::{
    Belonging, Resolver, ServerRow, ServerState, Strictness, Trust, TrustedOperator,
};
use crate::jwt::keys::{AccountId, OperatorId, ServerId};
use crate::sys::Census;
use crate::tui::app::Looks;
use crate::tui::app::msg::{Effect, Interest, Link, Msg};
use crate::tui::keymap::Keymap;
use crate::tui::popups::Popup;
use crate::tui::theme::{Depth, Theme};
use crate::tui::widgets::glyph::Glyphs;

fn server(nth: u8, name: &str, state: ServerState) -> ServerRow {
    let identity = OperatorId::from_bytes([9; 32]);
    let operator = TrustedOperator {
        identity,
        signing_keys: vec![OperatorId::from_bytes([8; 32]).key()],
        strictness: Strictness::SigningKeysOnly,
    };
    ServerRow {
        id: Some(ServerId::from_bytes([nth; 32])),
        listens: None,
        host: Some("10.2.14.7".into()),
        cluster: Some("C1".into()),
        version: Some("2.15.1".into()),
        state,
        resolver: Resolver::Full,
        trust: Some(Trust(vec![operator])),
        system_account: Some(AccountId::from_bytes([7; 32])),
        connections: Some(120 * u64::from(nth)),
        subscriptions: Some(2_013),
        cpu_percent: Some(3.5),
        mem_bytes: Some(41_000_000),
        started_at: start().checked_sub(SignedDuration::from_hours(30)).ok(),
        clock_skew_ms: Some(0),
        answered_at: start().checked_sub(SignedDuration::from_secs(3)).ok(),
        foreign: Belonging::Ours,
        ..ServerRow::unheard(name.into())
    }
}

/// Three servers of which one is silent, a leaf, and a name that somebody made to look like another.
pub(super) fn census() -> Census {
    let leaf = ServerRow {
        foreign: Belonging::Foreign,
        ..server(4, "berlin-1", ServerState::Up)
    };
    let servers = vec![
        leaf,
        server(1, "n1", ServerState::Up),
        server(2, "n2", ServerState::Up),
        server(5, "n2\u{202e}\u{1b}[2J", ServerState::Late),
        ServerRow::unheard("n3".into()),
    ];
    Census {
        servers,
        unheard: Vec::new(),
        at: start(),
    }
}

fn full(size: Size, depth: Depth) -> TestScreen {
    let mut screen = TestScreen::open(size, depth, census());
    screen.press("down");
    screen
}

#[test]
fn the_first_frame_says_whom_it_connects_to() {
    let mut screen = TestScreen::new(WIDE, Depth::True);
    screen.later(SignedDuration::from_secs(2));

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn a_full_page_on_a_small_terminal() {
    insta::assert_snapshot!(full(NARROW, Depth::Ansi16).styled());
}

#[test]
fn a_full_page_on_a_terminal_that_knows_only_ascii_in_production() {
    let looks = Looks {
        theme: Theme::standard(Depth::Mono),
        glyphs: Glyphs::Ascii,
        keymap: Keymap::standard(),
    };
    let mut screen = TestScreen::of(model("prod-eu", Access::ReadOnly), looks, WIDE);
    screen.send(Msg::Opened(Ok(Box::new(found(Some(census()))))));

    let frame = screen.text();

    let strange: String = frame.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(strange, "");
    insta::assert_snapshot!(frame);
}

#[test]
fn an_empty_page_says_which_term_emptied_it_and_one_key_out() {
    let mut screen = full(WIDE, Depth::True);
    screen.press("/");
    screen.write("version:2.15.1 name:berlim-1");
    screen.press("enter");

    insta::assert_snapshot!(screen.styled());
    screen.press("esc");
    assert!(screen.text().contains("n3"));
}

#[test]
fn servers_that_cannot_be_reached_are_explained() {
    let why = Explanation::new(
        Code::NotConnected,
        "n1:4222 refused the connection",
        "nothing is known about the servers",
    )
    .then("give other servers with --server");
    let mut screen = TestScreen::new(WIDE, Depth::True);
    screen.send(Msg::Opened(Ok(Box::new(unreachable(why)))));

    insta::assert_snapshot!(screen.styled());
    screen.press("r");
    assert!(matches!(screen.effects.last(), Some(Effect::Open(_))));
    assert!(screen.text().contains("connecting to"));
}

#[test]
fn enter_opens_the_whole_detail() {
    let mut screen = full(NARROW, Depth::Mono);
    screen.press("enter");

    insta::assert_snapshot!(screen.text());
}

#[test]
fn all_keys_stand_in_a_popup_through_which_nothing_passes() {
    let mut screen = full(WIDE, Depth::True);
    screen.press("?");

    insta::assert_snapshot!(screen.text());
    let before = screen.text();
    screen.press("/ s enter");
    assert_eq!(screen.text(), before);
    screen.press("esc");
    assert!(!screen.text().contains("╭"));
}

#[test]
fn the_cursor_stays_on_its_server_when_others_come() {
    let mut screen = full(WIDE, Depth::Mono);
    let mut more = census();
    more.servers.insert(0, server(6, "a0", ServerState::Up));
    screen.send(Msg::Census(Arc::new(more)));

    let frame = screen.text();
    let line = frame.lines().find(|line| line.starts_with('▌')).unwrap();
    assert!(line.contains(" n1 "), "{frame}");
}

#[test]
fn columns_keep_their_width_when_rows_change() {
    let mut screen = full(WIDE, Depth::Mono);
    let titles = |screen: &mut TestScreen| screen.text().lines().nth(3).unwrap().to_owned();
    let before = titles(&mut screen);
    let mut longer = census();
    longer
        .servers
        .push(server(6, "a-server-with-a-long-name", ServerState::Up));
    screen.send(Msg::Census(Arc::new(longer)));

    assert_eq!(titles(&mut screen), before);
}

#[test]
fn a_wrong_filter_is_said_and_the_old_rows_stay() {
    let mut screen = full(WIDE, Depth::Mono);
    screen.press("/");
    screen.send(Msg::Input(crossterm::event::Event::Paste(
        "nmae:x".to_owned(),
    )));

    let frame = screen.text();
    let bottom = frame.lines().last().unwrap();
    assert!(
        bottom.starts_with(" / nmae:x") && bottom.contains("did you mean name?"),
        "{bottom}"
    );
    assert!(frame.contains("berlin-1"));
    screen.press("enter");
    assert!(
        screen.text().lines().last().unwrap().contains("/ nmae:x"),
        "a filter that is none is not kept"
    );
}

#[test]
fn what_is_pasted_into_the_filter_is_one_line_and_confirms_nothing() {
    let mut screen = full(WIDE, Depth::Mono);
    screen.press("/");
    screen.send(Msg::Input(crossterm::event::Event::Paste(
        "n1\r\n\u{1b}[2Jq".to_owned(),
    )));

    assert!(
        screen
            .text()
            .lines()
            .last()
            .unwrap()
            .starts_with(" / n1[2Jq")
    );
}

#[test]
fn a_column_is_sorted_by_its_letter_and_again_from_the_other_end() {
    let mut screen = full(WIDE, Depth::Mono);
    let first = |screen: &mut TestScreen| {
        let line = screen.text().lines().nth(4).unwrap().to_owned();
        line.chars().skip(3).collect::<String>()
    };
    screen.press("s n");
    assert!(first(&mut screen).starts_with("berlin-1"));

    screen.press("s n");

    assert!(first(&mut screen).starts_with("n3"), "{}", screen.text());
    assert!(screen.text().contains("name▾"));
}

#[test]
fn marks_survive_a_filter_and_are_counted() {
    let mut screen = full(WIDE, Depth::Mono);
    screen.press("space space / ");
    screen.write("name:n3");
    screen.press("enter");
    assert!(screen.text().contains("2 marked"));

    screen.press("esc");

    assert_eq!(
        screen.text().matches('◆').count(),
        3,
        "two rows and the operator"
    );
}

#[test]
fn hesitating_shows_what_may_follow_and_esc_takes_it_back() {
    let mut screen = full(WIDE, Depth::Mono);
    screen.press("g");
    assert!(!screen.text().contains("to the first row"));

    screen.later(SignedDuration::from_millis(300));

    assert!(screen.text().contains("g to the first row"));
    screen.press("esc");
    assert!(!screen.text().contains("to the first row"));
}

#[test]
fn esc_while_connecting_goes_offline() {
    let mut screen = TestScreen::new(WIDE, Depth::Mono);
    screen.press("esc");

    let offline = |effect: &Effect| matches!(effect, Effect::Open(Reach::Offline));
    assert!(screen.effects.iter().any(offline));
}

#[test]
fn a_lost_link_is_said_with_its_time() {
    let mut screen = full(WIDE, Depth::Mono);
    screen.send(Msg::Link(Link::Down));
    assert!(screen.text().contains("✕ link lost at 02:07:00 UTC"));

    screen.send(Msg::Link(Link::Up));

    assert!(screen.text().contains("● live, n3 silent"));
}

#[test]
fn the_screen_rests_when_nothing_is_going_on() {
    let mut screen = full(WIDE, Depth::Mono);
    assert_eq!(screen.app.next_change(screen.now), None);
    assert!(
        screen
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Watch(Interest::Servers)))
    );

    screen.press("c");

    assert!(screen.text().contains("clipboard: N"));
    let end = screen.app.next_change(screen.now).unwrap();
    assert_eq!(end.duration_since(screen.now), SignedDuration::from_secs(6));
    screen.later(SignedDuration::from_secs(6));
    assert!(!screen.text().contains("clipboard"));
}

#[test]
fn the_way_to_all_keys_is_always_among_the_hints() {
    for width in 60..110 {
        let mut screen = TestScreen::open(Size { width, height: 24 }, Depth::Mono, census());
        let frame = screen.text();
        let hints = frame.lines().nth(22).unwrap();

        assert!(hints.ends_with("? help"), "{width}: {hints}");
    }
}

#[test]
fn a_popup_looks_like_one_and_the_page_behind_it_is_dim() {
    let mut screen = full(WIDE, Depth::True);
    screen.press("s");

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    let mut screen = TestScreen::open(
        Size {
            width: 59,
            height: 16,
        },
        Depth::Mono,
        census(),
    );

    assert_eq!(screen.text().trim(), "59x16 is too small: at least 60x16");
}

#[test]
fn a_word_is_looked_for_in_the_columns_that_are_shown_now() {
    let mut screen = full(WIDE, Depth::Mono);
    screen.press("/");
    screen.write("2.15.1");
    screen.press("enter");
    assert!(screen.text().contains(" n1 "), "{}", screen.text());

    screen.press("v");
    let Some(Popup::Pick(pick)) = &screen.app.popup else {
        panic!()
    };
    let version = pick.items.iter().find(|item| item.label == "version");
    screen.write(&version.unwrap().letter.to_string());
    screen.press("esc");

    let rule = screen.text().lines().nth(2).unwrap().to_owned();
    assert!(rule.contains("0 of 5"), "{rule}");
}
