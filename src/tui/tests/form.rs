//! Forms: what a selection does not say of an act is asked for, by the act's own arguments.

use crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::layout::Size;

use super::acts::{screen_of, selected, user};
use super::screen::{NARROW, TestScreen, WIDE};
use crate::actions::action::Access;
use crate::tui::app::acts::Intent;
use crate::tui::app::msg::{Effect, Msg};
use crate::tui::popups::Popup;
use crate::tui::theme::Depth;

fn press(screen: &mut TestScreen, code: KeyCode) {
    screen.send(Msg::Input(Event::Key(KeyEvent::from(code))));
}

/// The form of `user.creds`, as the palette opens it.
fn form(size: Size, depth: Depth) -> TestScreen {
    let mut screen = screen_of(size, depth, Access::Write, selected());
    press(&mut screen, KeyCode::Char(':'));
    screen.write("user.creds");
    press(&mut screen, KeyCode::Enter);
    screen
}

#[test]
fn a_form_in_colour() {
    let mut screen = form(WIDE, Depth::True);
    screen.write("out.creds");

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn what_is_wrong_in_a_form_is_told_on_a_small_terminal() {
    let mut screen = form(NARROW, Depth::Mono);
    press(&mut screen, KeyCode::Tab);
    screen.write("soon");
    press(&mut screen, KeyCode::Enter);

    insta::assert_snapshot!(screen.styled());
    assert!(screen.effects.is_empty(), "{:?}", screen.effects);
}

#[test]
fn what_was_written_goes_with_the_act_and_its_user_is_the_selected_one() {
    let mut screen = form(WIDE, Depth::Mono);
    screen.write("--out.creds"); // no value passes for a flag
    press(&mut screen, KeyCode::Tab);
    screen.write("1h");
    press(&mut screen, KeyCode::Enter);

    let [Effect::Prepare(_, Intent::Creds(act))] = screen.effects.as_slice() else {
        panic!("{:?}", screen.effects)
    };
    assert_eq!(act.out.as_deref(), Some("--out.creds".as_ref()));
    assert!(act.expires.is_some());
    assert!(act.user.to_string().ends_with(&user().key().to_string()));
    assert!(matches!(screen.app.popup, Some(Popup::Reading(_))));
}

#[test]
fn what_is_left_empty_is_as_by_default_and_esc_cancels() {
    let mut screen = form(WIDE, Depth::Mono);
    press(&mut screen, KeyCode::Enter);
    let [Effect::Prepare(_, Intent::Creds(act))] = screen.effects.as_slice() else {
        panic!("{:?}", screen.effects)
    };
    assert_eq!((&act.out, &act.expires), (&None, &None));

    let mut screen = form(WIDE, Depth::Mono);
    press(&mut screen, KeyCode::Esc);
    assert!(screen.app.popup.is_none());
    assert!(screen.text().contains("cancelled: nothing was done"));
}

#[test]
fn what_is_pasted_into_a_form_is_text() {
    let mut screen = form(WIDE, Depth::Mono);

    screen.send(Msg::Input(Event::Paste("/tmp/x.creds\r\n".to_owned())));

    assert!(matches!(screen.app.popup, Some(Popup::Form(_))));
    assert!(screen.text().contains("/tmp/x.creds"), "{}", screen.text());
}

#[test]
fn the_key_of_an_act_opens_its_form_and_a_switch_is_turned_by_the_blank() {
    let mut screen = screen_of(WIDE, Depth::Mono, Access::Write, selected());
    screen.press("I");
    press(&mut screen, KeyCode::Char(' '));
    screen.write("x"); // no letter writes into a switch
    screen.send(Msg::Input(Event::Paste("no".to_owned())));
    assert!(
        screen.text().contains("--keep-key         yes"),
        "{}",
        screen.text()
    );
    press(&mut screen, KeyCode::Tab);
    screen.write("1h");
    press(&mut screen, KeyCode::Enter);

    let [Effect::Prepare(_, Intent::Reissue(act))] = screen.effects.as_slice() else {
        panic!("{:?}", screen.effects)
    };
    assert!(act.keep_key && act.expires.is_some() && act.out.is_none());
    assert!(act.user.to_string().ends_with(&user().key().to_string()));
}

#[test]
fn a_form_with_a_switch_on_a_small_terminal() {
    let mut screen = screen_of(NARROW, Depth::Mono, Access::Write, selected());
    screen.press("I");

    insta::assert_snapshot!(screen.styled());
    press(&mut screen, KeyCode::Char(' '));
    press(&mut screen, KeyCode::Char(' '));
    press(&mut screen, KeyCode::Enter);
    let [Effect::Prepare(_, Intent::Reissue(act))] = screen.effects.as_slice() else {
        panic!("{:?}", screen.effects)
    };
    assert!(!act.keep_key);
}
