//! Every view as it looks: empty, loading, full and failed, in both sizes, with colour and without. What was looked at in each
//! picture stands in `frames.md`, a sentence for every snapshot of this folder.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ratatui::layout::Size;

use super::reports::reports;
use super::screen::{NARROW, TestScreen, WIDE, found, start, unreachable};
use super::servers::census;
use super::tables::tell_user;
use super::trail::trail;
use super::world::{connections, nothing, seen};
use crate::explain::{Code, Explanation};
use crate::sys::Census;
use crate::tui::app::msg::Msg;
use crate::tui::app::seen::{Reports, Roll, Trail};
use crate::tui::theme::Depth;
use crate::tui::views::ViewKind;

/// How much is known.
#[derive(Clone, Copy, Debug)]
enum Known {
    Empty,
    Loading,
    Full,
    Failed,
}

/// The keys that lead to something worth a picture.
const fn keys(view: ViewKind) -> &'static str {
    match view {
        ViewKind::Accounts => "down l l l down down",
        ViewKind::Connections => "down down",
        ViewKind::Users => "home",
        ViewKind::Servers | ViewKind::Audit | ViewKind::Drift | ViewKind::Expiry => "down",
    }
}

fn why() -> Explanation {
    Explanation::new(
        Code::Store,
        "the store cannot be read: permission denied",
        "what is in it is not shown",
    )
    .then_run("look at the folder", "ls -l ~/.local/share/nats/nsc")
}

fn picture(view: ViewKind, known: Known, size: Size, depth: Depth) -> TestScreen {
    let mut screen = TestScreen::new(size, depth);
    let tell = |screen: &mut TestScreen, census| {
        screen.send(Msg::Opened(Ok(Box::new(found(Some(census))))));
    };
    match known {
        Known::Loading => {}
        Known::Empty => {
            let census = Census {
                servers: Vec::new(),
                unheard: Vec::new(),
                at: start(),
            };
            tell(&mut screen, census);
            let seen = Arc::new(nothing());
            screen.send(Msg::Seen(Ok(Arc::clone(&seen))));
            screen.send(Msg::Reports(Ok(Arc::new(Reports {
                of: seen,
                drift: Arc::default(),
                expiry: Arc::default(),
            }))));
            screen.send(Msg::Trail(Ok(Arc::new(Trail {
                records: Arc::default(),
                unreadable: 0,
                at: start(),
            }))));
        }
        Known::Full => {
            tell(&mut screen, census());
            let seen = Arc::new(seen());
            screen.send(Msg::Seen(Ok(Arc::clone(&seen))));
            screen.send(Msg::Reports(Ok(Arc::new(reports(seen)))));
            screen.send(Msg::Trail(Ok(Arc::new(trail()))));
        }
        Known::Failed => {
            screen.send(Msg::Opened(Ok(Box::new(unreachable(why())))));
            screen.send(Msg::Seen(Err(why())));
            screen.send(Msg::Trail(Err(why())));
            screen.send(Msg::Reports(Err(why())));
        }
    }
    let goes = view.digit().map_or_else(
        || format!("g {}", if view == ViewKind::Drift { "d" } else { "x" }),
        String::from,
    );
    screen.press(&goes);
    if let (Known::Full, ViewKind::Connections) = (known, view) {
        screen.send(Msg::Listening);
        let (rows, begun) = (connections(), start());
        screen.send(Msg::Roll(Ok(Box::new(Roll { rows, begun }))));
    }
    screen.press(keys(view));
    tell_user(&mut screen);
    screen
}

#[test]
fn every_view_empty_loading_full_and_failed() {
    for view in ViewKind::ALL {
        for known in [Known::Empty, Known::Loading, Known::Full, Known::Failed] {
            let mut written = String::new();
            for size in [WIDE, NARROW] {
                let mut coloured = picture(*view, known, size, Depth::True);
                let mut plain = picture(*view, known, size, Depth::Mono);
                let text = coloured.text();
                assert_eq!(text, plain.text(), "colour says nothing alone");
                write!(
                    written,
                    "{size}\n\n{text}\n\nin colour\n{}\nwithout colour\n{}\n",
                    coloured.styles(),
                    plain.styles()
                )
                .unwrap();
            }
            let name = format!("{}_{known:?}", view.name()).to_lowercase();
            insta::assert_snapshot!(name, written);
        }
    }
}

#[test]
fn every_snapshot_has_its_sentence_and_every_sentence_its_snapshot() {
    const PREFIX: &str = "nats_oam__tui__tests__";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui/tests");
    let files = fs::read_dir(folder.join("snapshots")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let snapshots: BTreeSet<String> = names
        .filter_map(|name| Some(name.strip_prefix(PREFIX)?.strip_suffix(".snap")?.to_owned()))
        .collect();
    let index = fs::read_to_string(folder.join("frames.md")).unwrap();
    let lines = index.lines().filter_map(|line| line.strip_prefix("- `"));
    let (told, sentences): (Vec<&str>, Vec<&str>) =
        lines.map(|line| line.split_once("`: ").unwrap()).unzip();

    assert!(
        sentences.iter().all(|words| words.split(' ').count() > 4),
        "{sentences:?}"
    );
    assert_eq!(
        told.iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>(),
        snapshots
    );
    assert_eq!(told.len(), snapshots.len(), "a name stands there once");
}
