//! The NATS CLI's contexts, read as they are: which there are, which is selected, where each one's credentials lie. Nothing
//! is written, and no program is run: `nsc://` is looked up in the keyring, `op://` is refused with its reason.
//!
//! ```text
//! <config>/nats/context/NAME.json    context.txt: the selected name    previous-context.txt
//! ```
//!
//! Passwords and tokens of a context are never kept: only that there are some. Source: jsm.go `natscontext`, natscli
//! `cli/context_command.go`. A `?store=` or `?keystore=` of an `nsc://` reference is not followed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use zeroize::Zeroizing;

use super::paths::Environment;
use super::read::Reader;
use crate::inventory::Problem;
use crate::text::{Text, without_user};

/// Looks up a variable; in the program `std::env::var_os`.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Why a context cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    #[error("\"{0}\" is not the name of a context")]
    Name(Text),
    #[error("there is no context \"{0}\"")]
    NotFound(Text),
    #[error("context {path} cannot be read: {problem}")]
    Unreadable { path: Text, problem: Problem },
    #[error("context {path} is not what the NATS CLI writes: {why}")]
    Malformed { path: Text, why: Text },
    #[error(
        "{field} of the context is kept in 1Password ({reference}), which is not asked: set a path to a file"
    )]
    OnePassword {
        field: &'static str,
        reference: Text,
    },
    #[error("{field} of the context names the variable {name}, which is not set")]
    Variable { field: &'static str, name: Text },
    #[error("{field} of the context is not a reference that can be read: {why}")]
    Reference {
        field: &'static str,
        why: &'static str,
    },
}

/// One context, without its secrets.
#[derive(Clone, Debug)]
pub struct Context {
    pub name: Text,
    pub path: PathBuf,
    pub description: Text,
    /// URLs in their order, without names and passwords; empty means the library's default, `nats://127.0.0.1:4222`.
    pub servers: Vec<Text>,
    pub login: ContextLogin,
    pub tls: ContextTls,
    pub inbox_prefix: Text,
    pub jetstream_domain: Text,
    pub color_scheme: Text,
    /// Keys that we know nothing of, as they were written.
    pub unknown: Unknown,
}

/// Keys that a newer CLI, or a person, wrote. Their values may be secrets, so `Debug` shows the keys alone.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Unknown(pub BTreeMap<String, Value>);

impl std::fmt::Debug for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = self.0.keys().map(|key| Text::from(key.as_str()));
        f.debug_set().entries(keys).finish()
    }
}

/// How a context logs in, in the order of precedence of the NATS CLI.
#[derive(Clone, Debug)]
pub enum ContextLogin {
    None,
    /// A user name, with a password or alone: not a login to a system account of an operator.
    Password {
        user: Text,
    },
    Creds(Place),
    Nkey(Place),
    /// A token with a seed beside it, or a bearer's alone.
    UserJwt {
        seed: SeedBeside,
    },
    Token,
}

/// Whether a context's `user_jwt` stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedBeside {
    Given,
    Absent,
}

/// Where credentials lie.
#[derive(Clone)]
pub enum Place {
    File(PathBuf),
    /// `nsc://operator/account/user`, to be looked up in the keyring.
    Nsc(NscRef),
    /// The text of the file itself (`data:`, `env://`); never shown.
    Text(Zeroizing<String>),
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({:?})", shown(path)),
            Self::Nsc(reference) => write!(f, "{reference:?}"),
            Self::Text(_) => f.write_str("Text(hidden)"),
        }
    }
}

/// `nsc://operator[/account[/user]]`: names or public keys, compared without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NscRef {
    pub operator: Text,
    pub account: Option<Text>,
    pub user: Option<Text>,
}

impl NscRef {
    /// Reads the part after `nsc://`; a query is ignored, components are not percent-decoded (nsc does neither).
    fn parse(written: &str) -> Option<Self> {
        let path = written.split('?').next()?;
        let mut parts = path
            .split('/')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(Text::from);
        let parsed = Self {
            operator: parts.next()?,
            account: parts.next(),
            user: parts.next(),
        };
        parts.next().is_none().then_some(parsed)
    }
}

/// The TLS files of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextTls {
    pub ca: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub first: bool,
}

/// The contexts of one folder.
pub struct Contexts<'a> {
    nats: PathBuf,
    environment: &'a Environment,
    variables: Variables<'a>,
}

impl<'a> Contexts<'a> {
    /// Reads below `nats`, the folder of the NATS CLI ([`Environment::nats`]).
    pub fn new(nats: &Path, environment: &'a Environment, variables: Variables<'a>) -> Self {
        Self {
            nats: nats.to_owned(),
            environment,
            variables,
        }
    }

    /// Names of all contexts, sorted: non-empty files that end in exactly `.json`, so none of the CLI's temporary ones.
    pub fn names(&self) -> Vec<Text> {
        let Ok(entries) = fs::read_dir(self.nats.join("context")) else {
            return Vec::new();
        };
        let mut names: Vec<Text> = entries
            .flatten()
            .filter(|entry| entry.metadata().is_ok_and(|about| about.len() > 0))
            .filter_map(|entry| {
                let file = entry.file_name().into_string().ok()?;
                let name = file.strip_suffix(".json")?;
                is_name(name).then(|| name.into())
            })
            .collect();
        names.sort_unstable();
        names
    }

    /// The selected context, which may be missing all the same: then loading it says so.
    pub fn selected(&self) -> Option<Text> {
        self.named_in("context.txt")
    }

    fn named_in(&self, file: &str) -> Option<Text> {
        let text = fs::read_to_string(self.nats.join(file)).ok()?;
        let name = text.trim();
        (!name.is_empty()).then(|| name.into())
    }

    /// Loads a context by its name, or by the path of a `.json` file that exists.
    pub fn load(&self, name_or_path: &str) -> Result<Context, ContextError> {
        let given = self.environment.absolute(Path::new(name_or_path));
        let is_json = given
            .extension()
            .is_some_and(|extension| extension == "json");
        if is_json && given.exists() {
            return self.load_file(&given);
        }
        if !is_name(name_or_path) {
            return Err(ContextError::Name(name_or_path.into()));
        }
        let path = self
            .nats
            .join("context")
            .join(format!("{name_or_path}.json"));
        if path.exists() {
            self.load_file(&path)
        } else {
            Err(ContextError::NotFound(name_or_path.into()))
        }
    }

    fn load_file(&self, path: &Path) -> Result<Context, ContextError> {
        // Whoever names a file may link to it: the link is followed before the careful reading begins.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().unwrap_or(path);
        let mut reader = Reader::below(folder);
        let json = reader
            .read(&target)
            .map_err(|problem| ContextError::Unreadable {
                path: shown(path),
                problem,
            })?;
        let written: Written =
            serde_json::from_slice(json).map_err(|error| ContextError::Malformed {
                path: shown(path),
                why: without_values(&error),
            })?;
        self.understand(path, written)
    }

    fn understand(&self, path: &Path, written: Written) -> Result<Context, ContextError> {
        let file = |value: &str| (!value.is_empty()).then(|| self.file(value));
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let urls = written.url.split(',').map(str::trim);
        let urls = urls.filter(|url| !url.is_empty());
        Ok(Context {
            login: self.login(&written)?,
            name: name.into(),
            path: path.to_owned(),
            servers: urls.map(|url| without_user(url).into()).collect(),
            tls: ContextTls {
                ca: file(&written.ca),
                cert: file(&written.cert),
                key: file(&written.key),
                first: written.tls_first,
            },
            description: written.description,
            inbox_prefix: written.inbox_prefix,
            jetstream_domain: written.jetstream_domain,
            color_scheme: written.color_scheme,
            unknown: written.unknown,
        })
    }

    fn login(&self, written: &Written) -> Result<ContextLogin, ContextError> {
        Ok(if !written.user.is_empty() {
            ContextLogin::Password {
                user: written.user.clone(),
            }
        } else if !written.creds.is_empty() {
            ContextLogin::Creds(self.place("creds", &written.creds)?)
        } else if !written.nkey.is_empty() {
            ContextLogin::Nkey(self.place("nkey", &written.nkey)?)
        } else if !written.nsc.is_empty() {
            let reference = strip_scheme(&written.nsc, "nsc://").unwrap_or(&written.nsc);
            ContextLogin::Creds(nsc_place("nsc", reference)?)
        } else if !written.user_jwt.is_empty() {
            let seed = if written.user_seed.is_empty() {
                SeedBeside::Absent
            } else {
                SeedBeside::Given
            };
            ContextLogin::UserJwt { seed }
        } else if written.token.is_empty() {
            ContextLogin::None
        } else {
            ContextLogin::Token
        })
    }

    /// A bare path, or one of the schemes of the NATS CLI, in any case.
    fn place(&self, field: &'static str, value: &str) -> Result<Place, ContextError> {
        if let Some(path) = strip_scheme(value, "file://") {
            return Ok(Place::File(self.file(path)));
        }
        if strip_scheme(value, "op://").is_some() {
            return Err(ContextError::OnePassword {
                field,
                reference: value.into(),
            });
        }
        if let Some(reference) = strip_scheme(value, "nsc://") {
            return nsc_place(field, reference);
        }
        if let Some(name) = strip_scheme(value, "env://") {
            let unset = || ContextError::Variable {
                field,
                name: name.into(),
            };
            let text = (self.variables)(name)
                .and_then(|value| value.into_string().ok())
                .map(Zeroizing::new);
            return text
                .filter(|text| !text.is_empty())
                .map(Place::Text)
                .ok_or_else(unset);
        }
        match strip_scheme(value, "data:") {
            Some(data) => decode_data(field, data),
            None => Ok(Place::File(self.file(value))),
        }
    }

    /// Expands `$VAR`, `${VAR}` and `~`, as the NATS CLI does on load.
    fn file(&self, written: &str) -> PathBuf {
        self.environment
            .absolute(Path::new(&expand(written, self.variables)))
    }
}

/// A field that may be a secret: cleared when dropped.
#[derive(Default)]
struct Secret(Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl std::ops::Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The file as it is written; older ones lack fields, hand-written ones most.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    description: Text,
    url: Secret,
    token: Secret,
    user: Text,
    #[serde(rename = "password")]
    _password: Secret,
    creds: Secret,
    nkey: Secret,
    nsc: String,
    cert: String,
    key: String,
    ca: String,
    jetstream_domain: Text,
    inbox_prefix: Text,
    user_jwt: Secret,
    user_seed: Secret,
    color_scheme: Text,
    tls_first: bool,
    #[serde(flatten)]
    unknown: Unknown,
}

fn nsc_place(field: &'static str, reference: &str) -> Result<Place, ContextError> {
    let why = "expected nsc://operator/account/user";
    NscRef::parse(reference)
        .map(Place::Nsc)
        .ok_or(ContextError::Reference { field, why })
}

/// `[mime];base64,<standard base64>`.
fn decode_data(field: &'static str, data: &str) -> Result<Place, ContextError> {
    let refused = |why| ContextError::Reference { field, why };
    let (mime, encoded) = data
        .split_once(',')
        .ok_or(refused("expected data:[type];base64,..."))?;
    if !mime.ends_with(";base64") {
        return Err(refused("only base64 data is understood"));
    }
    let bytes = BASE64
        .decode(encoded.trim_end().as_bytes())
        .map_err(|_| refused("not base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("not text"))?;
    Ok(Place::Text(Zeroizing::new(text)))
}

/// The rest of a value after its scheme, which is compared without case.
fn strip_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = value.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Go's `os.ExpandEnv` for plain names; a variable that is not set becomes nothing.
fn expand(written: &str, variables: Variables<'_>) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'));
        let end = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(after.len());
        let (name, tail) = braced.unwrap_or_else(|| after.split_at(end));
        if name.is_empty() {
            out.push('$');
        } else if let Some(value) = variables(name) {
            out.push_str(&value.to_string_lossy());
        }
        rest = tail;
    }
    out + rest
}

/// The name rule of the NATS CLI: no separators and no `..`; anything else is allowed.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains("..") && !name.contains(['/', '\\'])
}

fn shown(path: &Path) -> Text {
    path.to_string_lossy().as_ref().into()
}

/// Where a JSON error is; its own words may quote a secret.
fn without_values(error: &serde_json::Error) -> Text {
    let kind = if error.is_data() {
        "a field of another type"
    } else {
        "no JSON"
    };
    format!("{kind} at line {} column {}", error.line(), error.column()).into()
}
