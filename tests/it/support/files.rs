//! Folders as a story compares them: copied whole, and told by the hash of every file. And where the shared ones are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// A file of the shared folder: `NATS_OAM_SHARED`, else `../shared` beside the checkout.
pub fn shared(path: &str) -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("NATS_OAM_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join(path)
}

/// Copies a folder with the modes of its files.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The files below a folder, by their paths in it.
pub fn hashes(folder: &Path) -> BTreeMap<String, [u8; 32]> {
    let mut all = BTreeMap::new();
    add(folder, folder, &mut all);
    all
}

fn add(root: &Path, folder: &Path, all: &mut BTreeMap<String, [u8; 32]>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(root, &path, all);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            all.insert(
                name.to_owned(),
                Sha256::digest(fs::read(&path).unwrap()).into(),
            );
        }
    }
}

/// The paths whose file is another one, new, or gone.
pub fn changed(
    before: &BTreeMap<String, [u8; 32]>,
    after: &BTreeMap<String, [u8; 32]>,
) -> Vec<String> {
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let differs = |path: &&String| before.get(*path) != after.get(*path);
    paths.into_iter().filter(differs).cloned().collect()
}

/// Who may do what with a file.
pub fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Whether a path ends like this, without the dot.
pub fn ends_in(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|held| held == extension)
}
