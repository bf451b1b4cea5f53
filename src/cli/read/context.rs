//! `context ls|info|use`: ours, and the NATS CLI's as they are. It opens no store and asks no server.

use serde::Serialize;

use super::{fail, item, list as print};
use crate::cli::args::ContextVerb;
use crate::cli::output::{Answer, Output};
use crate::cli::place::{Surroundings, production};
use crate::config::{self, Context as Ours};
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::cell::{Cell, Kind, Null};
use crate::inventory::columns::{Field, Row};
use crate::store::contexts::{Context as Theirs, ContextLogin, Place};
use crate::text::{Text, without_user};

/// Whose settings a context is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Owner {
    #[serde(rename = "nats_oam")]
    Ours,
    #[serde(rename = "nats")]
    NatsCli,
}

impl Owner {
    const fn word(self) -> &'static str {
        match self {
            Self::Ours => "nats_oam",
            Self::NatsCli => "nats",
        }
    }
}

/// The row of a context. Of its login only the kind is told, and never a password, a token or a seed.
#[derive(Clone, Debug, Serialize)]
pub(in crate::cli) struct ContextLine {
    name: Text,
    source: Owner,
    current: bool,
    production: bool,
    description: Text,
    servers: Vec<Text>,
    login: &'static str,
    creds: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Text>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Text>,
}

type F = Field<ContextLine>;

impl Row for ContextLine {
    const FIELDS: &'static [F] = &[
        F::new("name", Kind::Text, |row| Cell::Text(&row.name))
            .titled("context")
            .wide(7, 24)
            .always(),
        F::new("current", Kind::Bool, |row| Cell::Bool(row.current))
            .wide(7, 7)
            .always(),
        F::new("production", Kind::Bool, |row| Cell::Bool(row.production))
            .wide(10, 10)
            .always(),
        F::new("source", Kind::Word, |row| Cell::Word(row.source.word()))
            .wide(6, 8)
            .leaves(2),
        F::new("servers", Kind::List, |row| Cell::Texts(&row.servers))
            .wide(12, 40)
            .leaves(1),
        F::new("login", Kind::Word, |row| Cell::Word(row.login))
            .wide(5, 8)
            .leaves(3),
        F::new("description", Kind::Text, |row| {
            Cell::Text(&row.description)
        })
        .wide(8, 32)
        .leaves(4),
        F::new("creds", Kind::Text, |row| {
            Cell::or_null(row.creds.as_ref(), Cell::Text)
        })
        .null(Null::Nothing("none"))
        .wide(8, 60),
    ];
}

pub(in crate::cli) fn context(verb: &ContextVerb, around: &Surroundings, output: &Output) -> u8 {
    let (kind, done) = match verb {
        ContextVerb::Ls => {
            let lines = match lines(around) {
                Ok(lines) => lines,
                Err(explanation) => return fail("context.list", &explanation, output),
            };
            return print("context", &lines, &Answer::default(), output);
        }
        ContextVerb::Info { name } => ("context", found(name.as_deref(), around)),
        ContextVerb::Use { name } => ("context", put_in_use(name, around)),
    };
    match done {
        Ok(line) => item(kind, &line, &Answer::default(), output),
        Err(explanation) => fail(kind, &explanation, output),
    }
}

fn found(name: Option<&str>, around: &Surroundings) -> Result<ContextLine, Explanation> {
    let mut lines = lines(around)?.into_iter();
    match name {
        Some(name) => lines
            .find(|line| line.name == Text::from(name))
            .map_or_else(|| by_path(name, around), Ok),
        None => lines.find(|line| line.current).ok_or_else(|| {
            let what = "no context is in use";
            Explanation::new(Code::NotFound, what, "the defaults hold")
                .then_run("see what there is", "nats-oam context ls")
        }),
    }
}

/// A file of the NATS CLI's form that was named by its path.
fn by_path(name: &str, around: &Surroundings) -> Result<ContextLine, Explanation> {
    let theirs = around.contexts().load(name);
    let theirs = theirs.map_err(|error| Explanation {
        code: Code::NotFound,
        ..error.explain()
    })?;
    Ok(of_theirs(theirs, None))
}

fn put_in_use(name: &str, around: &Surroundings) -> Result<ContextLine, Explanation> {
    let mut line = found(Some(name), around)?;
    config::use_context(&around.folders.config, name).map_err(|error| error.explain())?;
    line.current = true;
    Ok(line)
}

/// Ours first. One of the NATS CLI's that is called like one of ours is hidden by it, here as everywhere.
fn lines(around: &Surroundings) -> Result<Vec<ContextLine>, Explanation> {
    let current = around.current()?;
    let mut lines: Vec<ContextLine> = around
        .config
        .context
        .iter()
        .map(|(name, ours)| of_ours(name, ours, current.as_deref()))
        .collect();
    let contexts = around.contexts();
    for name in contexts.names() {
        if lines.iter().any(|line| line.name == name) {
            continue;
        }
        lines.push(match contexts.load(&name.to_string()) {
            Ok(theirs) => of_theirs(theirs, current.as_deref()),
            Err(error) => ContextLine {
                problem: Some(error.to_string().into()),
                ..bare(name, Owner::NatsCli)
            },
        });
    }
    Ok(lines)
}

fn bare(name: Text, source: Owner) -> ContextLine {
    ContextLine {
        name,
        source,
        current: false,
        production: true,
        description: Text::default(),
        servers: Vec::new(),
        login: "none",
        creds: None,
        operator: None,
        path: None,
        problem: None,
    }
}

fn of_ours(name: &str, ours: &Ours, current: Option<&str>) -> ContextLine {
    let creds = ours.creds.as_ref();
    ContextLine {
        current: current == Some(name),
        production: ours.production != Some(false),
        servers: ours
            .servers
            .iter()
            .map(|url| without_user(url).into())
            .collect(),
        login: if creds.is_some() { "creds" } else { "none" },
        creds: creds.map(|path| shown(path)),
        operator: ours.operator.as_deref().map(Text::from),
        ..bare(name.into(), Owner::Ours)
    }
}

fn of_theirs(theirs: Theirs, current: Option<&str>) -> ContextLine {
    let creds = match &theirs.login {
        ContextLogin::Creds(Place::File(path)) => Some(shown(path)),
        ContextLogin::Creds(Place::Text(_) | Place::Nsc(_))
        | ContextLogin::None
        | ContextLogin::Password { .. }
        | ContextLogin::Nkey(_)
        | ContextLogin::UserJwt { .. }
        | ContextLogin::Token => None,
    };
    ContextLine {
        current: current.is_some_and(|name| theirs.name == Text::from(name)),
        production: production(&theirs) != Some(false),
        description: theirs.description.clone(),
        servers: theirs.servers.clone(),
        login: login_word(&theirs.login),
        creds,
        path: Some(shown(&theirs.path)),
        ..bare(theirs.name, Owner::NatsCli)
    }
}

const fn login_word(login: &ContextLogin) -> &'static str {
    match login {
        ContextLogin::None => "none",
        ContextLogin::Creds(_) => "creds",
        ContextLogin::Password { .. } => "password",
        ContextLogin::Nkey(_) => "nkey",
        ContextLogin::UserJwt { .. } => "user_jwt",
        ContextLogin::Token => "token",
    }
}

fn shown(path: &std::path::Path) -> Text {
    path.to_string_lossy().as_ref().into()
}
