//! One view in each theme that the program brings: the tree with what can be in it, and the truth beside it.

use super::screen::WIDE;
use super::tables::{at, tell_user};
use crate::tui::theme::{Depth, Theme};

#[test]
fn a_view_in_every_theme() {
    for name in Theme::ours() {
        let mut screen = at("1", WIDE, Depth::True);
        let (theme, warnings) = Theme::load(name, None, Depth::True);
        screen.app.looks.theme = theme;
        screen.press("down l l l down down");
        tell_user(&mut screen);

        let frame = screen.styled();

        assert_eq!(warnings, []);
        insta::assert_snapshot!(name, frame);
    }
}
