//! The keys hold what the page of the screen promises.

use super::*;
use crate::actions::spec::Level;
use crate::tui::app::acts;

fn chords(written: &str) -> Vec<Chord> {
    Chord::sequence(written).unwrap()
}

#[test]
fn our_own_keys_are_read_without_a_warning() {
    let (keymap, warnings) = Keymap::empty().with("default.toml", DEFAULT);

    assert_eq!(warnings, []);
    assert!(keymap.bound.len() > 30);
}

#[test]
fn every_act_has_a_key_or_has_none_on_purpose() {
    let keymap = Keymap::standard();

    for offer in acts::ACTS {
        let id = offer.spec.id;
        let bound = keymap.chords_for_act(id).is_some();
        assert!(bound != keymap.unbound.contains(&id), "{id}");
    }
}

#[test]
fn small_letters_look_and_capitals_act() {
    for bound in Keymap::standard().bound {
        let acts = match &bound.binding {
            Binding::Command(command) => *command == Command::Again,
            Binding::Act(acts) => acts
                .iter()
                .all(|act| acts::offer(act).unwrap().spec.level > Level::Free),
        };
        assert_eq!(bound.chords.last().unwrap().is_capital(), acts, "{bound:?}");
    }
}

#[test]
fn no_key_is_the_beginning_of_another_in_its_scope() {
    let keymap = Keymap::standard();

    for (nth, bound) in keymap.bound.iter().enumerate() {
        for other in &keymap.bound[nth + 1..] {
            let clash =
                other.chords.starts_with(&bound.chords) || bound.chords.starts_with(&other.chords);
            assert!(bound.scope != other.scope || !clash, "{bound:?} {other:?}");
        }
    }
}

#[test]
fn the_inner_scope_is_asked_first_and_a_beginning_waits() {
    let keymap = Keymap::standard();

    let revoke = keymap.resolve(&["connections", GLOBAL], &chords("R"));
    let pending = keymap.resolve(&["connections", GLOBAL], &chords("g"));

    assert_eq!(revoke, Resolution::Run(&Binding::Act(vec!["user.revoke"])));
    assert_eq!(
        keymap.resolve(&["servers", GLOBAL], &chords("R")),
        Resolution::Unbound
    );
    assert_eq!(keymap.resolve(&[POPUP], &chords("/")), Resolution::Unbound);
    let Resolution::Pending(next) = pending else {
        panic!("{pending:?}")
    };
    assert!(next.iter().any(|bound| bound.chords == chords("g g")));
}

#[test]
fn a_keymap_of_the_users_own_stands_over_ours() {
    let (keymap, warnings) =
        Keymap::standard().with("keys.toml", "[global]\ng = \"last\"\nw = \"down\"");

    assert_eq!(warnings, []);
    let last = Binding::Command(Command::Last);
    assert_eq!(
        keymap.resolve(&[GLOBAL], &chords("g")),
        Resolution::Run(&last)
    );
    assert_eq!(
        keymap.chords_for(&[GLOBAL], Command::Down),
        Some(chords("j").as_slice())
    );
}

#[test]
fn a_wrong_line_is_told_with_its_number_and_changes_nothing() {
    for (source, why) in [
        (
            "[users]\nx = \"user.revoke\"",
            "line 2: user.revoke cuts somebody off or grants something: its key is a capital letter",
        ),
        (
            "[global]\n\n\"shift-x\" = \"down\"",
            "line 3: \"shift-x\" is no key",
        ),
        (
            "[global]\nx = \"user.explode\"",
            "line 2: \"user.explode\" is neither a command nor an act",
        ),
        ("x = 1", "line 1: keys stand in a scope"),
        (
            "[global]\nx = \"go nowhere\"",
            "line 2: \"go nowhere\" is neither",
        ),
        ("[glo", "line 1:"),
    ] {
        let (keymap, warnings) = Keymap::standard().with("keys.toml", source);

        assert!(warnings[0].to_string().contains(why), "{}", warnings[0]);
        assert_eq!(keymap.bound, Keymap::standard().bound);
    }
}

#[test]
fn the_keys_page_is_what_the_keymap_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/KEYS.md");
    let page = page(&Keymap::standard());
    if std::env::var_os("NATS_OAM_WRITE").is_some() {
        std::fs::write(path, &page).unwrap();
    }

    pretty_assertions::assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page);
}
