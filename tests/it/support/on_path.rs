//! nsc and the NATS CLI of this machine, where they are new enough to judge ours: then nobody builds the pinned ones, as the demo
//! does with nats-server.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nats_oam::demo::binary::{Version, programs};

/// `NSC=2.15.0 NATS=0.5.1 ..`: what is built, and the oldest that is taken from the `PATH`.
const FETCH: &str = include_str!("../../tools/fetch");

/// The version of a tool that `fetch` pins by its name in capitals; none of what has no version.
pub fn pinned(tool: &str) -> Option<Version> {
    let name = format!("{}=", tool.to_uppercase());
    let written = FETCH.split_whitespace();
    written
        .filter_map(|word| word.strip_prefix(&name))
        .find_map(Version::parse)
}

/// The first program of this name in the folders of a `PATH` that is new enough. Runs each once, for its version.
pub fn on_path(tool: &str, path: &OsString) -> Option<PathBuf> {
    let least = pinned(tool)?;
    let is_new_enough = |program: &PathBuf| version_of(program).is_some_and(|said| said >= least);
    programs(path, tool).find(is_new_enough)
}

/// The first version in what a program says of itself: `nsc version 2.15.0`, `0.5.1`.
pub fn version_of(program: &Path) -> Option<Version> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.split_whitespace()
        .find_map(|word| Version::parse(word.trim_start_matches('v')))
}

mod tests {
    use std::fs;

    use super::*;

    /// A machine whose `PATH` begins with a folder of scripts, with a Go that builds scripts.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            fs::create_dir(machine.0.path().join("bin")).unwrap();
            // `go build -o FILE ..`
            machine.program("go", "echo built >\"$3\"");
            machine
        }

        /// Another process writes it: a file that is open for writing in this one may be inherited by a child of a test beside
        /// us, and cannot be run until that child ends.
        fn program(&self, name: &str, script: &str) {
            let written = Command::new("/bin/sh")
                .args([
                    "-c",
                    "printf '#!/bin/sh\\n%s' \"$2\" >\"$1\" && chmod +x \"$1\"",
                    "sh",
                ])
                .arg(self.0.path().join("bin").join(name))
                .arg(script)
                .status();
            assert!(written.unwrap().success());
        }

        fn path(&self) -> OsString {
            let bin = self.0.path().join("bin");
            std::env::join_paths([bin, "/usr/bin".into(), "/bin".into()]).unwrap()
        }

        /// What `fetch` builds on this machine; the others are links to what is on the `PATH`.
        fn built(&self) -> Vec<&'static str> {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/fetch");
            let output = Command::new(script)
                .arg("go-tools")
                .env("NATS_OAM_TOOLS", self.0.path().join("cache"))
                .env("PATH", self.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            let folder = String::from_utf8(output.stdout).unwrap();
            let folder = Path::new(folder.trim());
            let names = ["nats", "nsc", "oracle"];
            assert!(names.iter().all(|name| folder.join(name).is_file()));
            let is_built = |name: &&str| !folder.join(name).is_symlink();
            names.into_iter().filter(is_built).collect()
        }
    }

    #[test]
    fn a_tool_on_the_path_is_used_instead_of_the_pinned_one_when_it_is_new_enough() {
        for (nsc, is_used) in [
            (Some("echo nsc version 2.15.0"), true),
            (Some("echo nsc version 2.100.1"), true),
            (Some("echo nsc version v3.0.0-beta.1"), true),
            (Some("echo nsc version 2.9.9"), false),
            (Some("echo nsc version 0.0.0-dev"), false),
            (Some("echo it does not run >&2; exit 1"), false),
            (None, false),
        ] {
            let machine = Machine::new();
            if let Some(script) = nsc {
                machine.program("nsc", script);
            }

            let chosen = on_path("nsc", &machine.path());

            let ours = machine.0.path().join("bin/nsc");
            assert_eq!(chosen, is_used.then_some(ours), "{nsc:?}");
            let built = if is_used {
                vec!["nats", "oracle"]
            } else {
                vec!["nats", "nsc", "oracle"]
            };
            assert_eq!(machine.built(), built, "{nsc:?}");
        }
    }

    #[test]
    fn what_has_no_version_is_never_taken_from_the_path() {
        let machine = Machine::new();
        machine.program("oracle", "echo 9.9.9");

        assert_eq!(on_path("oracle", &machine.path()), None);
        assert_eq!(pinned("nats"), Version::parse("0.5.1"));
    }
}
