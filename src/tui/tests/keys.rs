//! How the terminal is to tell keys, and what one that is held does in a popup that waits for a letter.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind};

use super::acts::{applied, asked, kick, ms, revocation, screen_of, selected};
use super::screen::{TestScreen, WIDE};
use crate::actions::action::Access;
use crate::tui::app::msg::Msg;
use crate::tui::runtime::terminal::Keys;
use crate::tui::theme::Depth;

fn y(kind: KeyEventKind) -> Msg {
    let key = KeyEvent::from(KeyCode::Char('y'));
    Msg::Input(Event::Key(KeyEvent { kind, ..key }))
}

fn read_only() -> TestScreen {
    screen_of(WIDE, Depth::True, Access::ReadOnly, selected())
}

#[test]
fn keys_are_told_as_events_only_while_a_letter_confirms() {
    let mut kicks = asked(WIDE, Depth::True, kick());
    assert_eq!(kicks.app.keys(), Keys::Events);
    kicks.press("tab");
    assert_eq!(kicks.app.keys(), Keys::Letters, "a reason is typed");
    kicks.later(ms(90));
    kicks.press("tab");
    assert_eq!(kicks.app.keys(), Keys::Events);
    kicks.press("esc");
    assert_eq!(kicks.app.keys(), Keys::Letters);

    let mut lifts = read_only();
    lifts.press(":");
    lifts.write("write");
    lifts.press("enter");
    assert_eq!(lifts.app.keys(), Keys::Events);

    let typed = asked(WIDE, Depth::True, revocation());
    assert_eq!(typed.app.keys(), Keys::Letters, "words are typed");
}

#[test]
fn a_key_that_is_told_as_held_confirms_nothing_however_slowly_it_repeats() {
    let mut screen = asked(WIDE, Depth::True, kick());
    for _ in 0..20 {
        screen.later(ms(500));
        screen.send(y(KeyEventKind::Repeat));
        screen.send(y(KeyEventKind::Release));
    }
    assert!(applied(&screen).is_none());

    screen.later(ms(500));
    screen.send(y(KeyEventKind::Press));

    assert!(applied(&screen).is_some());
    assert_eq!(screen.app.keys(), Keys::Letters);
}
