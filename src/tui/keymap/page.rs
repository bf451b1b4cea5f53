//! The page of keys, `docs/KEYS.md`, written from the keymap and the acts, so that they cannot differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Binding, Keymap, chord};
use crate::tui::app::acts;

/// The page as it should be on disk.
pub fn page(keymap: &Keymap) -> String {
    let mut page = String::from(
        "# Keys\n\nWritten by a test from `src/tui/keymap/default.toml` and the acts; `NATS_OAM_WRITE=1 cargo test --lib keys_page` \
         writes it anew. Small letters look, capitals act.\nA `keys.toml` in the configuration folder, in the same form, stands over these.\n",
    );
    let mut scopes: Vec<&str> = keymap
        .bound
        .iter()
        .map(|bound| bound.scope.as_str())
        .collect();
    scopes.dedup();
    for scope in scopes {
        // A `String` takes everything.
        let _ = write!(page, "\n## {scope}\n\n| key | does |\n| --- | --- |\n");
        for (does, keys) in lines(keymap, scope) {
            let _ = writeln!(page, "| {} | {does} |", keys.join(", "));
        }
    }
    let _ = writeln!(page, "\n## without a key\n");
    for act in &keymap.unbound {
        let _ = writeln!(page, "- {}", said(act));
    }
    page
}

/// What a scope's keys do, in the order of the file, several keys of one thing together.
fn lines<'k>(keymap: &'k Keymap, scope: &'k str) -> Vec<(String, Vec<String>)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for bound in keymap.scope(scope) {
        let does = match &bound.binding {
            Binding::Command(command) => command.help(),
            Binding::Act(acts) => acts
                .iter()
                .map(|act| said(act))
                .collect::<Vec<_>>()
                .join("; else "),
        };
        let key = format!("`{}`", chord::written(&bound.chords));
        let place = *places.entry(does.clone()).or_insert(lines.len());
        match lines.get_mut(place) {
            Some((_, keys)) => keys.push(key),
            None => lines.push((does, vec![key])),
        }
    }
    lines
}

fn said(act: &str) -> String {
    acts::offer(act).map_or_else(
        || act.to_owned(),
        |offer| format!("`{act}`: {}", offer.spec.help),
    )
}
