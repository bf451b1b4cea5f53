//! Every theme can be read and is readable.

use ratatui::style::Modifier;

use super::depth::Rgb;
use super::*;

/// Contrast of two colours (WCAG 2.2, relative luminance).
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let channel = |byte: u8| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    let luminance = |Rgb(r, g, b)| 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn file(name: &str) -> File {
    let mut warnings = Vec::new();
    let file = inherited(name, None, &mut warnings);
    assert_eq!(warnings, []);
    file
}

#[test]
fn text_of_every_theme_can_be_read_on_every_surface() {
    const DECORATION: [Role; 3] = [Role::Line, Role::LineFocus, Role::FrameNormal];
    const UNAVAILABLE: [Role; 3] = [Role::Faint, Role::KeyOff, Role::ChangeGone];
    for (name, pages) in [
        ("calm-dark", [Rgb(0, 0, 0), Rgb(0x16, 0x18, 0x1d)]),
        ("calm-light", [Rgb(255, 255, 255), Rgb(0xfa, 0xf8, 0xf5)]),
    ] {
        let file = file(name);
        let grounds = pages
            .into_iter()
            .chain([file.palette["raised"], file.palette["cursor"]]);
        for ground in grounds {
            for role in Role::ALL.iter().filter(|role| !DECORATION.contains(role)) {
                let Some(ink) = look(&file, *role).and_then(|look| look.fg.as_ref()) else {
                    continue;
                };
                let least = if UNAVAILABLE.contains(role) { 3.0 } else { 4.5 };
                let found = contrast(file.palette[ink], ground);
                assert!(
                    found >= least,
                    "{name}: {} on {ground:?} is {found:.1}",
                    role.name()
                );
            }
        }
    }
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
