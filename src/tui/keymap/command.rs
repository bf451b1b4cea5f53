//! What keys do that acts on nothing outside the screen: moving, looking, choosing. Acts have ids of their own, but for the one
//! that a board does again.

use std::str::FromStr;

use crate::tui::views::ViewKind;

macro_rules! commands {
    ($($command:ident $name:literal $label:literal $help:literal;)*) => {
        /// A thing that a key does to the screen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Command {
            $(#[doc = $help] $command,)*
            /// To a place.
            Go(ViewKind),
        }

        impl Command {
            /// All but the places.
            const PLAIN: &'static [(&'static str, Self)] = &[$(($name, Self::$command)),*];

            /// The word beside its key in the hints.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$command => $label,)* Self::Go(kind) => kind.name() }
            }

            /// What it does, as the page of keys says it.
            pub fn help(self) -> String {
                match self {
                    $(Self::$command => $help.to_owned(),)*
                    Self::Go(kind) => format!("to {}", kind.name()),
                }
            }
        }
    };
}

commands! {
    Down "down" "down" "one row down";
    Up "up" "up" "one row up";
    PageDown "page-down" "page down" "one page down";
    PageUp "page-up" "page up" "one page up";
    First "first" "first" "to the first row";
    Last "last" "last" "to the last row";
    Open "open" "open" "into what is under the cursor";
    Back "back" "back" "clear the filter, else one level up";
    Close "close" "close" "close what is open, else up to what it is in";
    List "list" "list" "list what is in it: an account's users, a user's connections";
    Describe "describe" "describe" "all that is known of what is under the cursor; again to close";
    Filter "filter" "filter" "type a filter, in the language of --where";
    Sort "sort" "sort" "choose the column to sort by; again for the other end";
    Columns "columns" "columns" "choose columns";
    Mark "mark" "mark" "mark or unmark, and move down";
    DetailDown "detail-down" "more" "scroll the detail down";
    DetailUp "detail-up" "less" "scroll the detail up";
    Explain "explain" "why refused" "why the user is refused, or that nothing speaks against it: by the store and every server";
    Copy "copy" "copy" "copy the public key, or else the name";
    Refresh "refresh" "refresh" "ask again";
    Palette "palette" "palette" "everything that can be done from here: acts, places, settings";
    LastPlace "last-place" "last place" "to the place where one was before, and back";
    PlaceBack "place-back" "place back" "one place back on the way that one came";
    PlaceForward "place-forward" "place forward" "one place forward again";
    Again "again" "push again" "the act of the board once more, where a server has not proven it; what is done already stays";
    Log "log" "log" "what was said so far";
    Help "help" "help" "all keys of this place";
    Redraw "redraw" "redraw" "draw the whole screen anew";
    Suspend "suspend" "suspend" "back to the shell, until fg";
    Quit "quit" "quit" "leave";
}

impl Command {
    /// The line that it goes to from another, where it moves by lines: as far as counting goes for the last.
    pub fn moved(self, from: usize, page: usize) -> Option<usize> {
        Some(match self {
            Self::Down => from.saturating_add(1),
            Self::Up => from.saturating_sub(1),
            Self::PageDown => from.saturating_add(page),
            Self::PageUp => from.saturating_sub(page),
            Self::First => 0,
            Self::Last => usize::MAX,
            _ => return None, // the others are many, and move nothing by lines
        })
    }
}

impl FromStr for Command {
    type Err = ();

    fn from_str(written: &str) -> Result<Self, ()> {
        if let Some(place) = written.strip_prefix("go ") {
            return ViewKind::of(place).map(Self::Go).ok_or(());
        }
        let found = Self::PLAIN.iter().find(|(name, _)| *name == written);
        found.map(|(_, command)| *command).ok_or(())
    }
}
