//! Every theme can be read and is readable.

mod sight;

use ratatui::style::Modifier;

use self::sight::{EYES, contrast, seen};
use super::depth::Rgb;
use super::*;

fn file(name: &str) -> File {
    let mut warnings = Vec::new();
    let file = inherited(name, None, &mut warnings);
    assert_eq!(warnings, []);
    file
}

/// What a theme is made for.
struct Made {
    theme: &'static str,
    /// What may be below the text where the theme leaves the page to the terminal.
    pages: &'static [Rgb],
    least: f64,
    least_of_unavailable: f64,
}

const DARK: &[Rgb] = &[Rgb(0, 0, 0), Rgb(0x16, 0x18, 0x1d)];
const LIGHT: &[Rgb] = &[Rgb(255, 255, 255), Rgb(0xfa, 0xf8, 0xf5)];

const fn calm(theme: &'static str, pages: &'static [Rgb]) -> Made {
    Made {
        theme,
        pages,
        least: 4.5,
        least_of_unavailable: 3.0,
    }
}

/// Every theme whose colours are its own.
const MADE: [Made; 4] = [
    calm("calm-dark", DARK),
    calm("calm-light", LIGHT),
    calm("colour-blind", DARK),
    Made {
        theme: "contrast",
        pages: &[],
        least: 7.0,
        least_of_unavailable: 7.0,
    },
];

/// The theme that has none: what contrast the terminal's own colours have is its owner's.
const TERMINALS: &str = "terminal-16";

#[test]
fn every_theme_is_held_to_what_it_is_made_for() {
    let held = MADE.iter().map(|made| made.theme).chain([TERMINALS]);

    let mut held: Vec<_> = held.collect();
    let mut ours: Vec<_> = Theme::ours().collect();
    held.sort_unstable();
    ours.sort_unstable();
    assert_eq!(held, ours);
}

#[test]
fn text_of_every_theme_can_be_read_on_every_surface() {
    for made in &MADE {
        let file = file(made.theme);
        let own = [Role::Surface, Role::Raised, Role::Cursor]
            .into_iter()
            .filter_map(|role| look(&file, role)?.bg.as_ref())
            .map(|ground| file.palette[ground]);
        for ground in made.pages.iter().copied().chain(own) {
            assert_readable(made, &file, ground);
        }
    }
}

/// Every role that is text, in full colour and where there are 256.
#[track_caller]
fn assert_readable(made: &Made, file: &File, ground: Rgb) {
    const DECORATION: [Role; 3] = [Role::Line, Role::LineFocus, Role::FrameNormal];
    const UNAVAILABLE: [Role; 3] = [Role::Faint, Role::KeyOff, Role::ChangeGone];
    for role in Role::ALL.iter().filter(|role| !DECORATION.contains(role)) {
        let Some(ink) = look(file, *role).and_then(|look| look.fg.as_ref()) else {
            continue;
        };
        let least = if UNAVAILABLE.contains(role) {
            made.least_of_unavailable
        } else {
            made.least
        };
        let ink = file.palette[ink];
        for (ink, ground) in [(ink, ground), (ink.as_indexed(), ground.as_indexed())] {
            let found = contrast(ink, ground);
            let (theme, role) = (made.theme, role.name());
            assert!(
                found >= least,
                "{theme}: {role}, {ink:?} on {ground:?}, is {found:.1}"
            );
        }
    }
}

#[test]
fn states_differ_for_every_eye_in_the_theme_that_is_made_for_that() {
    const LIGHTER: f64 = 10.0;
    const APART: f64 = 25.0;
    let file = file("colour-blind");
    let ink = |role| file.palette[look(&file, role).unwrap().fg.as_ref().unwrap()];
    for (eye, matrix) in EYES {
        for (one, other) in [
            (Role::Ok, Role::Warn),
            (Role::Ok, Role::Danger),
            (Role::Warn, Role::Danger),
            (Role::DiffAdd, Role::DiffRemove),
        ] {
            let ([l1, a1, b1], [l2, a2, b2]) = (seen(ink(one), matrix), seen(ink(other), matrix));
            let (lighter, apart) = ((l1 - l2).abs(), (l1 - l2).hypot(a1 - a2).hypot(b1 - b2));
            assert!(
                lighter >= LIGHTER && apart >= APART,
                "{eye}: {one:?} and {other:?} are {lighter:.0} and {apart:.0} apart"
            );
        }
    }
}

/// Its rule, which stands at the top of its file: no background, the terminal's own ink, and of the 16 only the hues that are
/// the page in hardly any palette.
#[test]
fn the_theme_of_the_terminals_own_colours_names_only_those_that_hardly_any_terminal_has_as_its_page()
 {
    const HUES: [Color; 6] = [
        Color::Reset,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Magenta,
        Color::Cyan,
    ];
    const READ: [Role; 4] = [Role::Text, Role::Muted, Role::Faint, Role::Strong];
    let load = |depth| Theme::load(TERMINALS, None, depth).0;
    let theme = load(Depth::Ansi16);

    assert_eq!(theme.0, load(Depth::Ansi256).0);
    assert_eq!(theme.0, load(Depth::True).0);
    for role in Role::ALL {
        let style = theme.style(*role);
        assert_eq!(style.bg, None, "{role:?}");
        assert!(style.fg.is_none_or(|hue| HUES.contains(&hue)), "{role:?}");
    }
    for role in READ {
        assert_eq!(theme.style(role).fg, Some(Color::Reset), "{role:?}");
    }
    assert_eq!(load(Depth::Mono).0, Theme::standard(Depth::Mono).0);
}

#[test]
fn every_colour_that_a_role_names_is_in_the_palette_and_among_the_sixteen() {
    for name in Theme::ours() {
        let file = file(name);
        let named = file
            .roles
            .values()
            .flat_map(|look| look.fg.iter().chain(&look.bg));
        for colour in named {
            assert!(file.palette.contains_key(colour), "{name}: {colour}");
            assert!(file.ansi.contains_key(colour), "{name}: {colour}");
        }
    }
}

#[test]
fn a_misspelt_role_is_a_warning_with_its_line() {
    let (file, warnings) = file::read(
        "mine",
        "[roles]\ntext = \"ink\"\n\"text.mutde\" = \"dim\"\n",
    );

    assert_eq!(
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["theme mine, line 3: \"text.mutde\" is no role"]
    );
    assert_eq!(file.roles[&Role::Text].fg.as_deref(), Some("ink"));
}

#[test]
fn what_cannot_be_read_is_told_and_is_as_by_default() {
    for (source, why) in [
        ("[palette]\nink = 3", "line 2: a colour is written as"),
        (
            "[ansi]\nink = \"mauve\"",
            "line 2: it is none of the terminal's 16",
        ),
        (
            "[roles]\ntext = { bald = true }",
            "line 2: \"bald\" is no look",
        ),
        (
            "color = \"some\"",
            "line 1: how many colours are used is never, 16",
        ),
        ("colours = 1", "line 1: \"colours\" is no part of a theme"),
        ("\n[roles", "line 2:"),
    ] {
        let (_, warnings) = file::read("mine", source);
        assert!(warnings[0].to_string().contains(why), "{}", warnings[0]);
    }
    let (theme, warnings) = Theme::load("nowhere", None, Depth::True);
    assert_eq!(
        warnings[0].to_string(),
        "theme nowhere, line 1: there is no theme of this name"
    );
    assert_eq!(theme.0, Theme::standard(Depth::True).0);
}

#[test]
fn a_theme_of_the_users_own_stands_on_another_and_before_ours() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "mine.toml",
        "inherits = \"calm-light\"\n[palette]\nink = \"#010203\"",
    );
    write("loop.toml", "inherits = \"loop\"");

    let (theme, warnings) = Theme::load("mine", Some(folder.path()), Depth::True);

    assert_eq!(warnings, []);
    assert_eq!(theme.style(Role::Text).fg, Some(Color::Rgb(1, 2, 3)));
    assert_eq!(
        theme.style(Role::Muted).fg,
        Some(Color::Rgb(0x57, 0x60, 0x6a))
    );
    assert_eq!(
        Theme::load("loop", Some(folder.path()), Depth::True).0.0,
        Theme::standard(Depth::True).0
    );
    let outside = Theme::load("../mine", Some(folder.path()), Depth::True);
    assert_eq!(outside.1.len(), 1);
}

#[test]
fn a_background_that_sixteen_colours_lack_becomes_a_look() {
    let sixteen = Theme::standard(Depth::Ansi16);

    assert_eq!(
        sixteen.style(Role::Cursor),
        Style::new().add_modifier(Modifier::REVERSED)
    );
    assert_eq!(sixteen.style(Role::Warn).fg, Some(Color::Yellow));
    assert_eq!(sixteen.style(Role::Text), Style::new().fg(Color::Reset));
}

#[test]
fn without_colour_only_looks_are_left() {
    let mono = Theme::standard(Depth::Mono);

    for role in Role::ALL {
        assert_eq!(
            mono.style(*role),
            Style::new().add_modifier(role.mono()),
            "{role:?}"
        );
    }
}
