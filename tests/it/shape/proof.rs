//! Proof that the shape test can fail: each rule is broken once, and what is allowed is left alone.

use super::layers::Layers;
use super::reader::{faults, public_modules, too_long};

fn read(file: &str, source: &str) -> Vec<String> {
    faults(&super::layers(), file, source)
}

#[track_caller]
fn assert_fault(file: &str, source: &str, fault: &str) {
    assert_eq!(read(file, source), [fault], "{source}");
}

#[track_caller]
fn assert_fine(file: &str, source: &str) {
    assert_eq!(read(file, source), Vec::<String>::new(), "{source}");
}

#[test]
fn a_use_of_a_higher_layer_is_named_with_its_line() {
    let source = format!("{}use crate::tui::App;", "\n".repeat(23));

    assert_fault("audit/mod.rs", &source, "audit/mod.rs:24: audit uses tui");
}

#[test]
fn a_higher_layer_is_found_wherever_it_is_named() {
    for source in [
        "use crate::{text::Text, tui::{app, theme}};",
        "use {crate::tui};",
        "use crate::tui as screen;",
        "fn f(app: crate::tui::App) {}",
        "fn f() { crate::tui::run(); }",
        "impl crate::tui::View for Key {}",
        "#[error(transparent, crate::tui::App)] struct E;",
        "fn f() { format!(\"{}\", g(crate::tui::NAME)); }",
        "macro_rules! m { () => { $crate::tui::run() } }",
        "mod inner { fn f() { crate::tui::run(); } }",
        "#[cfg(test)] mod tests { use crate::tui; }",
        "fn f() { nats_oam::tui::run(); }",
    ] {
        let found = read("jwt/keys.rs", source);

        assert!(!found.is_empty(), "{source}");
        assert!(
            found
                .iter()
                .all(|fault| fault == "jwt/keys.rs:1: jwt uses tui"),
            "{found:?}"
        );
    }
}

#[test]
fn a_higher_layer_is_found_by_the_way_up() {
    assert_fault(
        "jwt/mod.rs",
        "use super::tui::App;",
        "jwt/mod.rs:1: jwt uses tui",
    );
    assert_fault(
        "text.rs",
        "fn f() { super::tui::run() }",
        "text.rs:1: text uses tui",
    );
    assert_fine("jwt/keys.rs", "use super::tui::App;");
    assert_fine("jwt/mod.rs", "mod inner { use super::*; }");
}

#[test]
fn lower_layers_and_those_for_all_are_fine() {
    assert_fine(
        "store/nsc.rs",
        "use crate::{explain::Explain, inventory::Fact, jwt::keys, store::Stored, text::Text};",
    );
    assert_fine("main.rs", "use nats_oam::{cli, tui, serve};");
    assert_fine(
        "main/console.rs",
        "use nats_oam::{cli, tui}; use super::process;",
    );
    assert_fault(
        "cli/mod.rs",
        "use crate::main::console;",
        "cli/mod.rs:1: cli uses main",
    );
    assert_fault(
        "tui/mod.rs",
        "use crate::cli;",
        "tui/mod.rs:1: tui uses cli",
    );
    assert_fault(
        "text.rs",
        "use crate::explain;",
        "text.rs:1: text uses explain",
    );
}

#[test]
fn the_root_is_not_taken_whole() {
    assert_fault(
        "jwt/mod.rs",
        "use crate::*;",
        "jwt/mod.rs:1: jwt uses everything",
    );
    assert_fault(
        "jwt/mod.rs",
        "use super::*;",
        "jwt/mod.rs:1: jwt uses everything",
    );
    assert_fault(
        "jwt/mod.rs",
        "use super as root;",
        "jwt/mod.rs:1: the root under another name",
    );
    assert_fault(
        "jwt/mod.rs",
        "extern crate nats_oam as me;",
        "jwt/mod.rs:1: extern crate",
    );
}

#[test]
fn super_super_is_refused() {
    for source in [
        "use super::super::mod_of_mine;",
        "fn f() { self::super::super::g() }",
    ] {
        let found = read("jwt/deep/keys.rs", source);

        assert!(
            found
                .iter()
                .any(|fault| fault == "jwt/deep/keys.rs:1: super::super"),
            "{found:?}"
        );
    }
}

#[test]
fn what_belongs_to_another_module_is_not_offered_again() {
    assert_fault(
        "store/mod.rs",
        "pub use crate::jwt::keys;",
        "store/mod.rs:1: pub use crate::",
    );
    assert_fault(
        "store/mod.rs",
        "pub(crate) use crate::jwt::keys;",
        "store/mod.rs:1: pub use crate::",
    );
    assert_fine("store/mod.rs", "pub use nsc::Store;");
}

#[test]
fn the_terminal_is_the_screens_alone() {
    assert_fault(
        "cli/mod.rs",
        "use ratatui::Frame;",
        "cli/mod.rs:1: ratatui belongs to tui",
    );
    assert_fault(
        "cli/mod.rs",
        "fn f() { crossterm::terminal::size(); }",
        "cli/mod.rs:1: crossterm belongs to tui",
    );
    assert_fine("tui/mod.rs", "use crossterm::event; use ratatui::Frame;");
}

#[test]
fn what_only_unix_has_stands_behind_one_module() {
    for source in [
        "use std::os::unix::fs::MetadataExt;",
        "use std::os::fd::AsFd as _;",
        "use tokio::{signal::unix::signal, sync};",
        "fn f() { rustix::system::uname(); }",
    ] {
        assert_fault(
            "tui/mod.rs",
            source,
            "tui/mod.rs:1: what only Unix has belongs to system",
        );
        assert_fine("system/unix.rs", source);
        assert_fine("store/read.rs", source);
        assert_fine(
            "tui/mod.rs",
            &format!("#[cfg(test)] mod tests {{ {source} }}"),
        );
    }
}

#[test]
fn raw_text_is_read_only_below() {
    for source in [
        "fn f() { x.raw(); }",
        "fn f() { x.map(Text::raw); }",
        "fn f() { format!(\"{}\", x.raw()); }",
    ] {
        assert_fault("tui/mod.rs", source, "tui/mod.rs:1: tui reads raw text");
        assert_fine("sys/wire.rs", source);
        assert_fine("text.rs", source);
        assert_fine(
            "tui/mod.rs",
            &format!("#[cfg(test)] mod tests {{ {source} }}"),
        );
    }
}

#[test]
fn seeds_are_seen_only_where_they_are_read() {
    assert_fault(
        "jwt/user.rs",
        "fn f() { x.expose_seed(); }",
        "jwt/user.rs:1: jwt sees a seed",
    );
    assert_fine("jwt/creds.rs", "fn f() { x.expose_seed(); }");
    assert_fine("jwt/creds/mod.rs", "fn f() { x.expose_seed(); }");
    assert_fine("jwt/creds/tests.rs", "fn f() { x.expose_seed(); }");
    assert_fine("store/keyring.rs", "fn f() { x.expose_seed(); }");
}

#[test]
fn printing_is_for_one_file() {
    let source = "fn f() { println!(); }";
    assert_fault(
        "sys/mod.rs",
        source,
        "sys/mod.rs:1: println! belongs to cli/output.rs",
    );
    assert_fine("cli/output.rs", source);

    let inside = "fn f() { select! { x => eprintln!(\"x\") } }";
    assert_fault(
        "sys/mod.rs",
        inside,
        "sys/mod.rs:1: eprintln! belongs to cli/output.rs",
    );
}

#[test]
fn a_long_file_is_refused() {
    assert_eq!(too_long("a.rs", &"\n".repeat(500)), None);
    assert_fault(
        "jwt/mod.rs",
        &"\n".repeat(501),
        "jwt/mod.rs:501: more than 500 lines",
    );
}

#[test]
fn test_support_is_for_tests() {
    assert_fault(
        "jwt/mod.rs",
        "use crate::test_support::store;",
        "jwt/mod.rs:1: jwt uses test_support",
    );
    assert_fault(
        "jwt/mod.rs",
        "#[cfg(not(test))] mod code { use crate::test_support::store; }",
        "jwt/mod.rs:1: jwt uses test_support",
    );
    for condition in ["test", "all(test, unix)"] {
        let source = format!("#[cfg({condition})] mod tests {{ use crate::test_support::store; }}");
        assert_fine("jwt/mod.rs", &source);
    }
}

#[test]
fn tests_are_compiled_for_tests_alone() {
    assert_fault(
        "jwt/mod.rs",
        "mod tests;",
        "jwt/mod.rs:1: tests without #[cfg(test)]",
    );
    assert_fine("jwt/mod.rs", "#[cfg(test)] mod tests;");
    assert_fault(
        "jwt/tests.rs",
        "use crate::tui;",
        "jwt/tests.rs:1: jwt uses tui",
    );
}

#[test]
fn a_file_that_is_no_rust_is_a_fault() {
    assert_eq!(read("jwt/mod.rs", "fn").len(), 1);
}

#[test]
fn the_table_is_read_as_a_person_reads_it() {
    let layers = Layers::read(
        "| module | may use |\n| --- | --- |\n| `a` | - | x |\n| `b`, `c` | `a`, `d` | `e` |",
    );

    assert!(layers.allow("b", "a") && layers.allow("c", "d") && layers.allow("a", "text"));
    assert!(!layers.allow("a", "b") && !layers.allow("b", "c") && !layers.allow("b", "e"));
    assert_eq!(layers.uses_of_later_rows(), ["b uses d", "c uses d"]);
}

#[test]
fn a_private_module_of_the_library_counts_as_no_layer() {
    let public = public_modules("pub mod jwt; #[cfg(test)] mod test_support;");

    assert_eq!(public.into_iter().collect::<Vec<_>>(), ["jwt"]);
}
