//! The command line: one subcommand, one exit code. It plans nothing and proves nothing itself; `actions` does.

mod act;
pub mod args;
pub mod check;
mod output;
mod place;
mod read;

use clap::Parser;
use clap::error::ErrorKind;
use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::act::act;
use self::args::{Cli, Command, ConnectionVerb, Global, ServerVerb, UserVerb};
use self::output::{Answer, Output};
use crate::actions::opening::{self, Opened};
use crate::actions::refs::RefError;
use crate::explain::{Code, Explain, Explanation};
use crate::text::Text;

const USAGE: u8 = 2;
const FAILED: u8 = 1;

/// Characters of a seed: 36 bytes in base32.
const SEED_CHARS: usize = 58;

/// Reads the arguments that the program was started with. `Err` is the exit code of what clap had to say.
pub fn parse() -> Result<Cli, u8> {
    Cli::try_parse().map_err(|error| misused(&error))
}

/// Prints what clap says. `list users` is nsc's order, and is answered with ours.
fn misused(error: &clap::Error) -> u8 {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    if let (ErrorKind::InvalidSubcommand, [verb, noun, ..]) = (error.kind(), words.as_slice())
        && let Some(ours) = turned(verb, noun)
    {
        output::usage(&format!(
            "\"{verb} {noun}\" is not how it is written here: did you mean `{ours}`?"
        ));
        return USAGE;
    }
    if std::env::args().any(|word| holds_seed(&word)) {
        // What clap says would repeat it.
        output::usage(&RefError::Seed.to_string());
        return USAGE;
    }
    let is_question = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let _ = error.print();
    if is_question { 0 } else { USAGE }
}

/// Whether a seed stands in a text, whatever it is the seed of.
fn holds_seed(text: &str) -> bool {
    let is_base32 = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    text.split(|c| !is_base32(c))
        .any(|word| word.len() == SEED_CHARS && word.starts_with('S'))
}

/// A verb before its noun, turned round.
fn turned(verb: &str, noun: &str) -> Option<String> {
    const VERBS: &[(&str, &str)] = &[
        ("list", "ls"),
        ("ls", "ls"),
        ("describe", "info"),
        ("show", "info"),
        ("get", "info"),
        ("info", "info"),
        ("revoke", "revoke"),
    ];
    const NOUNS: &[&str] = &[
        "context",
        "operator",
        "account",
        "user",
        "role",
        "key",
        "connection",
        "server",
    ];
    let (_, verb) = VERBS.iter().find(|(written, _)| *written == verb)?;
    let noun = NOUNS
        .iter()
        .find(|known| **known == noun.trim_end_matches('s'))?;
    Some(format!("{noun} {verb}"))
}

/// Runs one command, and gives its exit code.
pub async fn run(command: Command, global: &Global) -> u8 {
    if let Command::Version = command {
        output::out(concat!("nats-oam ", env!("CARGO_PKG_VERSION")));
        return 0;
    }
    with_world(command, global).await
}

/// Says that something cannot be done as it was asked for.
pub fn misuse(what: &str) -> u8 {
    output::usage(what);
    USAGE
}

/// Prints one thing that another face found out.
pub fn print_item(kind: &str, item: &impl Serialize, global: &Global) {
    Output::new(global, Text::default(), Timestamp::now()).item(kind, item, &Answer::default());
}

/// Says for a person what is going on.
pub fn tell(line: &str) {
    output::tell(line);
}

/// Opens the world, does one thing in it, and gives its code.
async fn with_world(command: Command, global: &Global) -> u8 {
    let now = Timestamp::now;
    let opening = match place::find(global, now) {
        Ok(opening) => opening,
        Err(explanation) => return fail(global, "error", &explanation),
    };
    let output = Output::new(global, opening.context.name.clone(), now());
    let opened = match opening::open(opening).await {
        Ok(opened) => opened,
        Err(error) => {
            output.failure("error", &error.explain());
            return 3;
        }
    };
    let cancel = CancellationToken::new();
    stop_on_interrupt(cancel.clone());
    run_command(command, &opened, global, &output, &cancel).await
}

/// SIGINT is obeyed between two steps of an act.
fn stop_on_interrupt(cancel: CancellationToken) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
}

async fn run_command(
    command: Command,
    opened: &Opened,
    global: &Global,
    output: &Output,
    cancel: &CancellationToken,
) -> u8 {
    match command {
        Command::User(UserVerb::Revoke(action)) => {
            act(&action, opened, global, output, cancel).await
        }
        Command::User(UserVerb::Lift(action)) => act(&action, opened, global, output, cancel).await,
        Command::User(UserVerb::Reissue(action)) => {
            act(&action, opened, global, output, cancel).await
        }
        Command::User(UserVerb::Creds(action)) => {
            act(&action, opened, global, output, cancel).await
        }
        Command::Connection(ConnectionVerb::Kick(action)) => {
            act(&action, opened, global, output, cancel).await
        }
        Command::Server(ServerVerb::Ls) => read::server::list(opened, output).await,
        Command::Server(ServerVerb::Info { server }) => {
            read::server::info(&server, opened, output).await
        }
        Command::Server(ServerVerb::Forget { server }) => {
            read::server::forget(&server, opened, output)
        }
        other => {
            output.failure(
                "error",
                &Explanation::new(
                    Code::Usage,
                    format!("{other:?} is not there yet"),
                    "nothing was done",
                ),
            );
            USAGE
        }
    }
}

/// Says why another face could not start, and gives the exit code.
pub fn fail(global: &Global, kind: &str, explanation: &Explanation) -> u8 {
    Output::new(global, Text::default(), Timestamp::now()).failure(kind, explanation);
    match explanation.code {
        Code::Usage | Code::NotFound => USAGE,
        _ => FAILED,
    }
}
