//! Where a command works: flags before environment before context before config before defaults. It opens nothing.

use std::path::PathBuf;

use jiff::Timestamp;

use super::args::Global;
use crate::actions::action::Access;
use crate::actions::opening::{Opening, Reach};
use crate::actions::ports::Context;
use crate::config::{self, Config, Folders};
use crate::explain::{Code, Explain, Explanation};
use crate::ledger::audit::Actor;
use crate::store::contexts::{
    Context as NatsContext, ContextLogin, Contexts, Place as CredsWhere, Unknown,
};
use crate::store::nsc_ref::creds_file;
use crate::store::paths::{Environment, Flags, Paths};
use crate::store::signer::CredsSource;
use crate::sys::{Address, TlsFiles};
use crate::system;
use crate::text::Text;

/// What a context says, ours or the NATS CLI's.
#[derive(Debug, Default)]
struct Said {
    name: Text,
    flag: Option<String>,
    servers: Vec<String>,
    creds: Option<CredsWhere>,
    production: Option<bool>,
    operator: Option<String>,
    data_dir: Option<PathBuf>,
    keystore_dir: Option<PathBuf>,
    tls: TlsFiles,
}

/// Where contexts are looked for.
pub(super) struct Surroundings {
    pub(super) folders: Folders,
    pub(super) config: Config,
    environment: Environment,
    nats: PathBuf,
    named: Option<String>,
}

impl Surroundings {
    pub(super) fn find(global: &Global) -> Result<Self, Explanation> {
        let here = std::env::current_dir().unwrap_or_default();
        let environment = Environment::read(variable, here);
        let folders =
            Folders::find(|name| variable(name).map(PathBuf::from)).ok_or_else(no_home)?;
        let config = Config::read(&folders.config).map_err(|error| error.explain())?;
        Ok(Self {
            nats: environment.nats(),
            named: named(global),
            folders,
            config,
            environment,
        })
    }

    /// The NATS CLI's.
    pub(super) fn contexts(&self) -> Contexts<'_> {
        Contexts::new(&self.nats, &self.environment, &variable)
    }

    /// The name of the context in which commands work: named, else ours in use, else the NATS CLI's selected one.
    pub(super) fn current(&self) -> Result<Option<String>, Explanation> {
        if self.named.is_some() {
            return Ok(self.named.clone());
        }
        let ours = config::context_in_use(&self.folders.config);
        let ours = ours.map_err(|error| error.explain())?;
        Ok(ours.or_else(|| self.contexts().selected().map(|name| name.to_string())))
    }
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn named(global: &Global) -> Option<String> {
    let is_named = |name: &String| !name.is_empty();
    let environment = || std::env::var("NATS_CONTEXT").ok().filter(is_named);
    let given = global.context.clone().filter(is_named);
    given.or_else(environment)
}

/// What a context of the NATS CLI says in a key of ours.
pub(super) fn production(context: &NatsContext) -> Option<bool> {
    let Unknown(extra) = &context.unknown;
    extra.get("production").and_then(serde_json::Value::as_bool)
}

/// Everything that has to be known before the world is opened.
pub(super) fn find(global: &Global, now: fn() -> Timestamp) -> Result<Opening, Explanation> {
    let around = Surroundings::find(global)?;
    let said = context(&around)?;
    let Surroundings {
        folders,
        environment,
        ..
    } = around;
    let flags = Flags {
        stores: global.data_dir.clone().or_else(|| said.data_dir.clone()),
        keys: global
            .keystore_dir
            .clone()
            .or_else(|| said.keystore_dir.clone()),
        operator: global.operator.clone().or_else(|| said.operator.clone()),
    };
    let paths = Paths::find(&environment, &flags);
    let context_creds = said.creds.as_ref().and_then(|creds| source(creds, &paths));
    let urls = if global.server.is_empty() {
        said.servers
    } else {
        global.server.clone()
    };
    let tls = TlsFiles {
        ca: global.tlsca.clone().or(said.tls.ca),
        client: global
            .tlscert
            .clone()
            .zip(global.tlskey.clone())
            .or(said.tls.client),
        first: said.tls.first,
    };
    let actor = actor();
    Ok(Opening {
        address: Address {
            urls,
            tls,
            client_name: format!("nats-oam {}", actor.name),
            inbox_prefix: None,
        },
        creds: global.creds.clone().map(CredsSource::File),
        context_creds,
        reach: if global.offline {
            Reach::Offline
        } else {
            Reach::Servers
        },
        data: ledger_root(global.ledger.as_deref(), &folders)?,
        state: folders.state,
        context: Context {
            name: said.name,
            flag: said.flag,
            production: said.production != Some(false),
            access: access(global, said.production),
        },
        actor,
        timeout: global.timeout.0,
        paths,
        now,
    })
}

fn no_home() -> Explanation {
    Explanation::new(
        Code::Usage,
        "neither HOME nor the XDG folders are set",
        "nothing was read",
    )
    .then("set HOME")
}

/// A production context, or none at all, is read-only until somebody says `--write`.
fn access(global: &Global, production: Option<bool>) -> Access {
    match (global.read_only, global.write, production) {
        (true, _, _) => Access::ReadOnly,
        (false, true, _) | (false, false, Some(false)) => Access::Write,
        (false, false, Some(true) | None) => Access::ReadOnly,
    }
}

/// `--ledger folder:DIR` moves the record; its folders stay named by operator.
fn ledger_root(ledger: Option<&str>, folders: &Folders) -> Result<PathBuf, Explanation> {
    let written = ledger.unwrap_or("folder");
    match written.split_once(':') {
        None if matches!(written, "" | "folder") => Ok(folders.data.clone()),
        Some(("folder", dir)) if !dir.is_empty() => Ok(dir.into()),
        _ => Err(Explanation::new(
            Code::Usage,
            format!("there is no record of the kind {written:?}"),
            "nothing was done",
        )
        .then("write folder, or folder:DIR")),
    }
}

/// The user of this machine. Nobody vouches for the name.
fn actor() -> Actor {
    let name = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "unknown".to_owned());
    Actor::os_user(name.into(), system::host_name().into())
}

fn context(around: &Surroundings) -> Result<Said, Explanation> {
    let load = |name: &str| {
        if let Some(ours) = around.config.context.get(name) {
            return Ok(of_ours(name, ours));
        }
        let theirs = around.contexts().load(name);
        theirs.map(of_nats).map_err(|error| error.explain())
    };
    let Some(name) = around.current()? else {
        return Ok(Said::default());
    };
    Ok(Said {
        flag: around.named.clone(),
        ..load(&name)?
    })
}

fn of_ours(name: &str, ours: &config::Context) -> Said {
    Said {
        name: name.into(),
        flag: None,
        servers: ours.servers.clone(),
        creds: ours.creds.clone().map(CredsWhere::File),
        production: ours.production,
        operator: ours.operator.clone(),
        data_dir: ours.data_dir.clone(),
        keystore_dir: ours.keystore_dir.clone(),
        tls: TlsFiles {
            ca: ours.tls.ca.clone(),
            client: ours.tls.cert.clone().zip(ours.tls.key.clone()),
            first: false,
        },
    }
}

/// The NATS CLI's context, with the keys that only we know where somebody wrote them.
fn of_nats(context: NatsContext) -> Said {
    let Unknown(extra) = &context.unknown;
    let text = |key: &str| {
        extra
            .get(key)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    Said {
        production: production(&context),
        operator: text("operator"),
        data_dir: text("data_dir").map(PathBuf::from),
        keystore_dir: text("keystore_dir").map(PathBuf::from),
        servers: context.servers.iter().map(ToString::to_string).collect(),
        creds: match context.login {
            ContextLogin::Creds(place) => Some(place),
            ContextLogin::None | ContextLogin::Password { .. } | ContextLogin::Nkey(_) => None,
            ContextLogin::UserJwt { .. } | ContextLogin::Token => None,
        },
        tls: TlsFiles {
            ca: context.tls.ca,
            client: context.tls.cert.zip(context.tls.key),
            first: context.tls.first,
        },
        name: context.name,
        flag: None,
    }
}

fn source(creds: &CredsWhere, paths: &Paths) -> Option<CredsSource> {
    match creds {
        CredsWhere::File(path) => Some(CredsSource::File(path.clone())),
        CredsWhere::Text(text) => Some(CredsSource::Text(text.clone())),
        CredsWhere::Nsc(reference) => creds_file(paths, reference).ok().map(CredsSource::File),
    }
}
