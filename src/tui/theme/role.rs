//! The meanings that a theme gives a look, and the look that each has without any colour. No colour stands here.

use ratatui::style::Modifier;

const PLAIN: Modifier = Modifier::empty();
const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const UNDERLINED: Modifier = Modifier::UNDERLINED;
const REVERSED: Modifier = Modifier::REVERSED;
const CROSSED: Modifier = Modifier::CROSSED_OUT;

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident $name:literal $mono:expr;)*) => {
        /// What a piece of the screen means. Misspelt in code it does not compile, misspelt in a file it is a warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(usize)]
        pub enum Role { $($(#[$doc])* $role,)* }

        impl Role {
            pub const ALL: &'static [Self] = &[$(Self::$role),*];

            /// Its name in a theme's file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$role => $name,)* }
            }

            /// Its look without colour.
            pub fn mono(self) -> Modifier {
                match self { $(Self::$role => $mono,)* }
            }
        }
    };
}

roles! {
    /// The page.
    Surface "surface" PLAIN;
    /// A popup.
    Raised "surface.raised" PLAIN;
    /// The row under the cursor.
    Cursor "surface.cursor" REVERSED;
    /// A marked row.
    Mark "surface.mark" BOLD;
    /// Which context this is: the line under the header.
    FrameNormal "frame.normal" PLAIN;
    FrameProduction "frame.production" REVERSED;
    FrameReadOnly "frame.readonly" UNDERLINED;
    Text "text" PLAIN;
    /// Secondary.
    Muted "text.muted" PLAIN;
    /// Unavailable.
    Faint "text.faint" DIM;
    /// Titles.
    Strong "text.strong" BOLD;
    /// Rules, and the border of a popup.
    Line "line" PLAIN;
    LineFocus "line.focus" BOLD;
    /// Where you are.
    Accent "accent" BOLD;
    AccentOn "accent.on" REVERSED;
    Ok "state.ok" PLAIN;
    Notice "state.notice" PLAIN;
    Warn "state.warn" BOLD;
    Danger "state.danger" BOLD.union(UNDERLINED);
    Operator "kind.operator" PLAIN;
    Account "kind.account" PLAIN;
    RoleName "kind.role" PLAIN;
    User "kind.user" PLAIN;
    KeyName "kind.key" PLAIN;
    Server "kind.server" PLAIN;
    Subject "kind.subject" PLAIN;
    /// The badge of altered text, and the visible glyphs in it.
    Unsafe "unsafe" REVERSED;
    ChangeNew "change.new" BOLD;
    ChangeEdit "change.edit" UNDERLINED;
    ChangeGone "change.gone" CROSSED;
    DiffAdd "diff.add" BOLD;
    DiffRemove "diff.remove" DIM;
    DiffEdit "diff.edit" UNDERLINED;
    /// A hint that looks.
    Key "key" BOLD;
    /// A hint that acts.
    KeyAct "key.act" BOLD.union(UNDERLINED);
    KeyOff "key.off" DIM;
    /// What the filter found.
    Match "match" UNDERLINED;
    Chart "chart" PLAIN;
}

impl Role {
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    /// The meaning that it is a kind of: the name before the last dot.
    pub fn parent(self) -> Option<Self> {
        let (parent, _) = self.name().rsplit_once('.')?;
        Self::of(parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_found_by_its_name_and_knows_its_parent() {
        for role in Role::ALL {
            assert_eq!(Role::of(role.name()), Some(*role));
        }
        assert_eq!(Role::Muted.parent(), Some(Role::Text));
        assert_eq!(Role::KeyAct.parent(), Some(Role::Key));
        assert_eq!(Role::Text.parent(), None);
        assert_eq!(Role::of("text.mutde"), None);
    }

    #[test]
    fn a_popup_a_cursor_and_a_warning_differ_without_colour() {
        let looks = [
            Role::Text,
            Role::Cursor,
            Role::Warn,
            Role::Danger,
            Role::Faint,
        ];

        for (nth, role) in looks.iter().enumerate() {
            for other in &looks[nth + 1..] {
                assert_ne!(role.mono(), other.mono(), "{role:?} {other:?}");
            }
        }
    }
}
