//! The shape of the tree: which module may use which, and what only few may do. It judges text, and runs none of it.
//!
//! The layers are the table of `docs/ARCHITECTURE.md`; [`reader`] has the other rules.

mod layers;
mod proof;
mod reader;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use layers::Layers;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn layers() -> Layers {
    Layers::read(include_str!("../../../docs/ARCHITECTURE.md"))
}

/// The Rust files below a folder, by their paths in it, with `/` on every system.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name: PathBuf = path.strip_prefix(folder).unwrap().to_owned();
                let name = name.to_str().unwrap().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_tree_keeps_its_shape() {
    let layers = layers();
    let sources = files(&root().join("src"));

    let faults: Vec<String> = sources
        .iter()
        .flat_map(|(file, source)| reader::faults(&layers, file, source))
        .collect();

    assert!(sources.len() > 5, "the tree was not found");
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_test_file_is_longer_than_a_person_reads() {
    let tests = files(&root().join("tests"));

    let faults: Vec<String> = tests
        .iter()
        .filter_map(|(file, source)| reader::too_long(file, source))
        .collect();

    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// What the runner passes over is run all the same, as a process of another story.
#[test]
fn every_ignored_test_is_run_by_a_story() {
    let (program, stories) = (files(&root().join("src")), files(&root().join("tests/it")));
    let ignored = |files: &[(String, String)]| -> Vec<String> {
        let of_file = |(file, source): &(String, String)| reader::ignored(file, source);
        files.iter().flat_map(of_file).collect()
    };
    let is_run = |test: &str| {
        let started = format!("process(\"{test}\"");
        stories.iter().any(|(_, source)| source.contains(&started))
    };

    let of_stories = ignored(&stories);

    assert_eq!(ignored(&program), Vec::<String>::new());
    assert!(!of_stories.is_empty(), "the stories were not found");
    for test in of_stories {
        assert!(is_run(&test), "no story runs {test}");
    }
}

#[test]
fn a_layer_uses_only_layers_above_it_in_the_table() {
    let layers = layers();

    let upward: Vec<_> = layers.uses_of_later_rows();

    assert_eq!(upward, Vec::<String>::new());
}

#[test]
fn the_public_modules_are_those_of_the_table_that_exist() {
    let names = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let in_src: BTreeSet<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| names(&entry.unwrap().path()))
        .filter(|name| !["lib", "main", "test_support"].contains(&name.as_str()))
        .collect();
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();

    let public = reader::public_modules(&library);

    let layers = layers();
    let strangers: Vec<_> = in_src.iter().filter(|name| !layers.has(name)).collect();
    assert_eq!(
        strangers,
        Vec::<&String>::new(),
        "in src, but not in the table"
    );
    assert_eq!(public, in_src);
}
