//! Our own settings and folders: `config.toml`, the context in use, where data lies. It decides no precedence between flags,
//! environment and files; the face that was started does.
//!
//! ```text
//! ~/.config/nats-oam/config.toml   settings, contexts of ours       ~/.local/share/nats-oam/<operator key>/   ledger, roster
//! ~/.config/nats-oam/context.txt   the context in use               ~/.local/state/nats-oam/                  log
//! ```
//!
//! Only from the user's own folders, and only if nobody else could have written them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::explain::{Code, Explain, Explanation};
use crate::system::{self, Stranger};
use crate::text::Text;

/// The folders of one user, by the XDG rules on every system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    pub config: PathBuf,
    pub data: PathBuf,
    pub state: PathBuf,
}

impl Folders {
    /// `variable` reads the environment; an empty value counts as none. `None` without a home.
    pub fn find(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<Self> {
        let set = |name| variable(name).filter(|path| !path.as_os_str().is_empty());
        let home = set("HOME");
        let folder = |name, below_home: &str| {
            let base = set(name).or_else(|| Some(home.as_ref()?.join(below_home)))?;
            Some(base.join("nats-oam"))
        };
        Some(Self {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }
}

/// `config.toml`. A key that it does not know is an error with its line, so that a misspelt `production` is not lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub theme: Option<String>,
    pub glyphs: Option<Glyphs>,
    pub mouse: Option<bool>,
    pub context: BTreeMap<String, Context>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Glyphs {
    Unicode,
    Ascii,
}

/// A context of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    pub servers: Vec<String>,
    pub creds: Option<PathBuf>,
    /// Absent counts as production: read-only until lifted.
    pub production: Option<bool>,
    pub operator: Option<String>,
    pub data_dir: Option<PathBuf>,
    pub keystore_dir: Option<PathBuf>,
    pub tls: Tls,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    pub ca: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// Why our settings were not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} cannot be read: {error}")]
    Read { path: Text, error: io::Error },
    #[error("{path} cannot be written: {error}")]
    Write { path: Text, error: io::Error },
    #[error("{path}: {why}")]
    Parse { path: Text, why: Text },
    #[error("{path} belongs to another user")]
    Owner { path: Text },
    #[error("{path} can be written by others (mode {mode:o})")]
    Mode { path: Text, mode: u32 },
}

impl Explain for ConfigError {
    fn explain(&self) -> Explanation {
        let explanation = Explanation::new(
            Code::Usage,
            self.to_string(),
            "no setting was taken, nothing was done",
        );
        match self {
            Self::Read { .. } | Self::Write { .. } => {
                explanation.then("check the file and its folder")
            }
            Self::Parse { .. } => explanation.then("correct the line"),
            Self::Owner { path } => {
                explanation.then_run("make it yours", format!("chown $USER '{path}'"))
            }
            Self::Mode { path, .. } => {
                explanation.then_run("close it", format!("chmod go-w '{path}'"))
            }
        }
    }
}

impl Config {
    /// Reads `config.toml` of a folder; without one everything is as by default.
    pub fn read(folder: &Path) -> Result<Self, ConfigError> {
        let path = folder.join("config.toml");
        match read_own(&path)? {
            Some(text) => toml::from_str(&text).map_err(|error| parse_error(&path, &error)),
            None => Ok(Self::default()),
        }
    }
}

/// The name of the context in use, if one was chosen.
pub fn context_in_use(folder: &Path) -> Result<Option<String>, ConfigError> {
    let text = read_own(&folder.join("context.txt"))?;
    Ok(text
        .map(|text| text.trim().to_owned())
        .filter(|name| !name.is_empty()))
}

/// Puts a context in use.
pub fn use_context(folder: &Path, name: &str) -> Result<(), ConfigError> {
    let path = folder.join("context.txt");
    write_own(&path, name).map_err(|error| ConfigError::Write {
        path: shown(&path),
        error,
    })
}

/// Replaces a file of ours at once, for its owner alone.
fn write_own(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    system::private_folders().create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The text of a file that nobody else could have written. `None`: there is no such file.
pub fn read_own(path: &Path) -> Result<Option<String>, ConfigError> {
    let read = |error| ConfigError::Read {
        path: shown(path),
        error,
    };
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
    };
    match system::stranger(&about) {
        None => fs::read_to_string(path).map(Some).map_err(read),
        Some(Stranger::Owner) => Err(ConfigError::Owner { path: shown(path) }),
        Some(Stranger::Mode(mode)) => Err(ConfigError::Mode {
            path: shown(path),
            mode,
        }),
    }
}

fn parse_error(path: &Path, error: &toml::de::Error) -> ConfigError {
    ConfigError::Parse {
        path: shown(path),
        why: error.to_string().trim_end().replace('\n', " ").into(),
    }
}

fn shown(path: &Path) -> Text {
    path.to_string_lossy().as_ref().into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with settings of that mode, whatever the umask of whoever runs the tests.
    fn settings(text: &str, mode: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    fn config_of(text: &str) -> Result<Config, ConfigError> {
        Config::read(settings(text, 0o600).path())
    }

    #[test]
    fn contexts_are_read_and_say_whether_they_are_production() {
        let config = config_of(
            "theme = 'calm-light'\n[context.prod]\nservers = ['nats://a']\nproduction = true\n",
        )
        .unwrap();

        assert_eq!(config.theme.as_deref(), Some("calm-light"));
        assert_eq!(config.context["prod"].production, Some(true));
        assert_eq!(config_of("").unwrap(), Config::default());
    }

    #[test]
    fn a_misspelt_key_is_said_with_its_line() {
        let error = config_of("[context.prod]\nprodution = false\n").unwrap_err();

        assert!(
            error.to_string().contains("line 2") && error.to_string().contains("prodution"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_others_may_write_is_not_taken() {
        assert!(matches!(
            Config::read(settings("", 0o666).path()),
            Err(ConfigError::Mode { mode: 0o666, .. })
        ));
    }

    #[test]
    fn the_context_in_use_is_remembered() {
        let folder = tempfile::tempdir().unwrap();

        assert_eq!(context_in_use(folder.path()).unwrap(), None);
        use_context(folder.path(), "prod eu").unwrap();

        assert_eq!(
            context_in_use(folder.path()).unwrap().as_deref(),
            Some("prod eu")
        );
    }

    #[test]
    fn folders_follow_xdg_and_else_the_home() {
        let by = |pairs: &'static [(&str, &str)]| {
            Folders::find(|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| PathBuf::from(value))
            })
        };

        assert_eq!(
            by(&[("HOME", "/h")]).unwrap().data,
            Path::new("/h/.local/share/nats-oam")
        );
        assert_eq!(
            by(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]).unwrap().data,
            Path::new("/d/nats-oam")
        );
        assert_eq!(
            by(&[("HOME", "/h"), ("XDG_DATA_HOME", "")]).unwrap().data,
            Path::new("/h/.local/share/nats-oam")
        );
        assert_eq!(by(&[]), None);
    }
}
