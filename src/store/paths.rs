//! Where nsc keeps its things, found exactly as nsc finds them. It reads no tokens and writes nothing.
//!
//! ```text
//! config    flag > NSC_HOME   > ${XDG_CONFIG_HOME:-~/.config}/nats/nsc          else ~/.nsc if nsc.json is only there
//! stores    flag > nsc.json   > ${XDG_DATA_HOME:-~/.local/share}/nats/nsc/stores    else ~/.nsc/nats
//! keys      flag > NKEYS_PATH > ${XDG_DATA_HOME:-~/.local/share}/nats/nsc/keys      else ~/.nkeys
//! ```
//!
//! Source: nsc `home/home.go`, `cmd/defaults.go`, `cmd/contextconfig.go`. Not followed: nsc's habit of taking the operator
//! from the working directory (nothing here depends on where one stands), and `NSC_CWD_ONLY`.

use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::text::Text;

/// The variables that decide where things are. Empty ones count as unset.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub home: Option<PathBuf>,
    pub xdg_config_home: Option<PathBuf>,
    pub xdg_data_home: Option<PathBuf>,
    pub nsc_home: Option<PathBuf>,
    pub nkeys_path: Option<PathBuf>,
    /// The directory that relative paths are meant from.
    pub working_directory: PathBuf,
}

impl Environment {
    /// Takes the variables from a lookup, which in the program is `std::env::var_os`.
    pub fn read(variable: impl Fn(&str) -> Option<OsString>, working_directory: PathBuf) -> Self {
        let path = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        Self {
            home: path("HOME").or_else(|| path("USERPROFILE")),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            xdg_data_home: path("XDG_DATA_HOME"),
            nsc_home: path("NSC_HOME"),
            nkeys_path: path("NKEYS_PATH"),
            working_directory,
        }
    }

    fn home(&self) -> &Path {
        self.home.as_deref().unwrap_or(&self.working_directory)
    }

    /// The folder of the NATS CLI's and nsc's settings.
    fn config_home(&self) -> PathBuf {
        let unset = || self.home().join(".config");
        self.xdg_config_home.clone().unwrap_or_else(unset)
    }

    /// The folder of the NATS CLI: `context/`, `context.txt`, `previous-context.txt`.
    pub fn nats(&self) -> PathBuf {
        self.config_home().join("nats")
    }

    fn data_home(&self) -> PathBuf {
        let unset = || self.home().join(".local/share");
        self.xdg_data_home.clone().unwrap_or_else(unset)
    }

    /// Expands `~` and makes a path absolute, without touching the disk.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        let mut parts = path.components();
        let expanded = match parts.next() {
            Some(Component::Normal(first)) if first == "~" => self.home().join(parts.as_path()),
            _ => path.to_owned(),
        };
        self.working_directory.join(expanded)
    }
}

/// `--data-dir` and `--keystore-dir`, named as in nsc, and `--operator`.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub stores: Option<PathBuf>,
    pub keys: Option<PathBuf>,
    pub operator: Option<String>,
}

/// What nsc.json says, after nsc's own correction. Its other keys are of no use to us.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NscJson {
    store_root: PathBuf,
    operator: String,
    account: String,
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub config: PathBuf,
    pub stores: PathBuf,
    pub keys: PathBuf,
    /// The selected operator, by the name of its directory: asked for, else nsc's current one, else the only one.
    pub operator: Option<Text>,
    /// nsc's current account, by the name of its directory.
    pub account: Option<Text>,
    /// What was wrong with nsc.json, if it is there and could not be used.
    pub problem: Option<Text>,
}

impl Paths {
    /// Decides each place on its own, as nsc does: config, stores and keys may be of different ages.
    pub fn find(environment: &Environment, flags: &Flags) -> Self {
        let config = config_dir(environment);
        let (said, problem) = match read_nsc_json(&config) {
            Ok(said) => (said, None),
            Err(problem) => (NscJson::default(), Some(problem)),
        };
        let stores = flags
            .stores
            .clone()
            .or_else(|| Some(said.store_root.clone()).filter(|root| !root.as_os_str().is_empty()))
            .map_or_else(
                || stores_dir(environment),
                |path| environment.absolute(&path),
            );
        let asked = flags.operator.clone().map(Text::from);
        let operator = asked.or_else(|| existing_or_only(&said.operator, &operators(&stores)));
        let account = operator.as_ref().and_then(|operator| {
            let accounts = stores.join(operator.raw()).join("accounts");
            existing_or_only(&said.account, &account_dirs(&accounts))
        });
        Self {
            keys: keys_dir(environment, flags),
            config,
            stores,
            operator,
            account,
            problem,
        }
    }
}

fn config_dir(environment: &Environment) -> PathBuf {
    if let Some(given) = &environment.nsc_home {
        return environment.absolute(given);
    }
    let (new, old) = (
        environment.config_home().join("nats/nsc"),
        environment.home().join(".nsc"),
    );
    let only_old = !new.join("nsc.json").exists() && old.join("nsc.json").exists();
    if only_old { old } else { new }
}

fn stores_dir(environment: &Environment) -> PathBuf {
    new_or_old(
        environment.data_home().join("nats/nsc/stores"),
        environment.home().join(".nsc/nats"),
    )
}

fn keys_dir(environment: &Environment, flags: &Flags) -> PathBuf {
    match flags.keys.as_ref().or(environment.nkeys_path.as_ref()) {
        Some(given) => environment.absolute(given),
        None => new_or_old(
            environment.data_home().join("nats/nsc/keys"),
            environment.home().join(".nkeys"),
        ),
    }
}

fn new_or_old(new: PathBuf, old: PathBuf) -> PathBuf {
    if !new.is_dir() && old.is_dir() {
        old
    } else {
        new
    }
}

/// An absent nsc.json says nothing; a broken one is a problem.
fn read_nsc_json(config: &Path) -> Result<NscJson, Text> {
    match fs::read(config.join("nsc.json")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(NscJson::default()),
        Err(error) => Err(error.to_string().into()),
        Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string().into()),
    }
}

/// nsc's correction on every load: the name if it is there, else the only one there is, else none.
fn existing_or_only(name: &str, there: &[Text]) -> Option<Text> {
    let named = there.iter().find(|candidate| candidate.raw() == name);
    match (named, there) {
        (Some(name), _) | (None, [name]) => Some(name.clone()),
        (None, _) => None,
    }
}

/// Names of the operators of a stores folder: its sub-directories that hold a `.nsc`.
pub fn operators(stores: &Path) -> Vec<Text> {
    sub_directories(stores, |directory, _| directory.join(".nsc").exists())
}

fn account_dirs(accounts: &Path) -> Vec<Text> {
    sub_directories(accounts, |directory, name| {
        directory.join(format!("{name}.jwt")).exists()
    })
}

fn sub_directories(of: &Path, counts: impl Fn(&Path, &str) -> bool) -> Vec<Text> {
    let Ok(entries) = fs::read_dir(of) else {
        return Vec::new();
    };
    let mut names: Vec<Text> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            counts(&entry.path(), &name).then(|| Text::from(name))
        })
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(home: &Path) -> Environment {
        Environment {
            home: Some(home.to_owned()),
            working_directory: home.join("cwd"),
            ..Environment::default()
        }
    }

    fn operator(stores: &Path, name: &str, accounts: &[&str]) {
        let dir = stores.join(name);
        fs::create_dir_all(dir.join("accounts")).unwrap();
        fs::write(dir.join(".nsc"), "{}").unwrap();
        for account in accounts {
            let dir = dir.join("accounts").join(account);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join(format!("{account}.jwt")), "x").unwrap();
        }
    }

    fn nsc_json(dir: &Path, text: &str) {
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("nsc.json"), text).unwrap();
    }

    #[test]
    fn nothing_there_means_the_new_places() {
        let home = tempfile::tempdir().unwrap();

        let paths = Paths::find(&at(home.path()), &Flags::default());

        assert_eq!(paths.config, home.path().join(".config/nats/nsc"));
        assert_eq!(
            paths.stores,
            home.path().join(".local/share/nats/nsc/stores")
        );
        assert_eq!(paths.keys, home.path().join(".local/share/nats/nsc/keys"));
        assert_eq!(
            (paths.operator, paths.account, paths.problem),
            (None, None, None)
        );
    }

    #[test]
    fn each_old_place_is_taken_on_its_own_and_only_while_the_new_one_is_missing() {
        let home = tempfile::tempdir().unwrap();
        nsc_json(&home.path().join(".nsc"), "{}");
        fs::create_dir_all(home.path().join(".nsc/nats")).unwrap();
        fs::create_dir_all(home.path().join(".nkeys")).unwrap();
        fs::create_dir_all(home.path().join(".local/share/nats/nsc/keys")).unwrap();

        let paths = Paths::find(&at(home.path()), &Flags::default());

        assert_eq!(paths.config, home.path().join(".nsc"));
        assert_eq!(paths.stores, home.path().join(".nsc/nats"));
        assert_eq!(paths.keys, home.path().join(".local/share/nats/nsc/keys"));
    }

    #[test]
    fn flags_beat_variables_and_variables_beat_the_file() {
        let home = tempfile::tempdir().unwrap();
        let conf = home.path().join("conf");
        nsc_json(
            &conf,
            r#"{"store_root":"~/elsewhere","operator":"","account":""}"#,
        );
        let mut environment = at(home.path());
        environment.nsc_home = Some("~/conf".into());
        environment.nkeys_path = Some("keys".into());
        environment.xdg_data_home = Some(home.path().join("data"));

        let said = Paths::find(&environment, &Flags::default());
        let flags = Flags {
            stores: Some("s".into()),
            keys: Some("/k".into()),
            operator: Some("O".into()),
        };
        let told = Paths::find(&environment, &flags);

        assert_eq!(said.config, conf);
        assert_eq!(said.stores, home.path().join("elsewhere"));
        assert_eq!(said.keys, home.path().join("cwd/keys"));
        assert_eq!(told.stores, home.path().join("cwd/s"));
        assert_eq!(told.keys, Path::new("/k"));
        assert_eq!(told.operator, Some("O".into()));
    }

    #[test]
    fn the_only_operator_and_account_are_selected_whatever_the_file_says() {
        let home = tempfile::tempdir().unwrap();
        let stores = home.path().join("stores");
        nsc_json(
            &home.path().join(".config/nats/nsc"),
            &format!(r#"{{"store_root":{stores:?},"operator":"GONE","account":"GONE"}}"#),
        );
        operator(&stores, "ONE", &["A"]);
        fs::create_dir_all(stores.join("no-operator")).unwrap();

        let one = Paths::find(&at(home.path()), &Flags::default());
        operator(&stores, "TWO", &["A", "B"]);
        let two = Paths::find(&at(home.path()), &Flags::default());
        let named = Flags {
            operator: Some("TWO".into()),
            ..Flags::default()
        };
        let asked = Paths::find(&at(home.path()), &named);

        assert_eq!(
            (one.operator, one.account),
            (Some("ONE".into()), Some("A".into()))
        );
        assert_eq!((two.operator, two.account), (None, None));
        assert_eq!((asked.operator, asked.account), (Some("TWO".into()), None));
    }

    #[test]
    fn a_broken_nsc_json_is_a_problem_and_the_defaults_hold() {
        let home = tempfile::tempdir().unwrap();
        nsc_json(&home.path().join(".config/nats/nsc"), "{\"store_root\":");

        let paths = Paths::find(&at(home.path()), &Flags::default());

        assert!(paths.problem.is_some());
        assert_eq!(
            paths.stores,
            home.path().join(".local/share/nats/nsc/stores")
        );
    }

    #[test]
    fn empty_variables_count_as_unset() {
        let environment = Environment::read(
            |name| match name {
                "HOME" => Some("/h".into()),
                "XDG_CONFIG_HOME" | "NSC_HOME" => Some(OsString::new()),
                _ => None,
            },
            "/w".into(),
        );

        assert_eq!(environment.config_home(), Path::new("/h/.config"));
        assert_eq!(environment.nsc_home, None);
    }
}
