//! The command line: one subcommand, one exit code. It plans nothing and proves nothing itself; `actions` does.

mod act;
pub mod args;
pub mod check;
mod json;
mod looks;
mod output;
mod place;
mod read;

use clap::Parser;
use clap::error::ErrorKind;
use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::act::act;
use self::args::{
    AccountVerb, AuditVerb, Cli, Command, ConnectionVerb, ContextVerb, ExpiryVerb, Flags, Global,
    KeyVerb, OperatorVerb, RoleVerb, ServerVerb, UserVerb,
};
use self::output::{Answer, Output};
use self::read::connection::Which;
use crate::actions::action::Action;
use crate::actions::opening::{self, Opened, Opening};
use crate::actions::refs::{AccountRef, RefError};
use crate::actions::when::Lifetime;
use crate::explain::{Explain, Explanation};
use crate::text::Text;

const USAGE: u8 = 2;

/// Characters of a seed: 36 bytes in base32.
const SEED_CHARS: usize = 58;

/// Reads the arguments that the program was started with. `Err` is the exit code of what clap had to say.
pub fn parse() -> Result<Cli, u8> {
    // Flags alone open the console, whose first frame waits for this: clap copies every flag into every noun, a third of a
    // millisecond that is spent only where a noun was written, or something to be answered.
    if let Ok(Flags { global }) = Flags::try_parse() {
        let command = None;
        return Ok(Cli { global, command });
    }
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
    match command {
        Command::Version => {
            output::out(concat!("nats-oam ", env!("CARGO_PKG_VERSION")));
            0
        }
        Command::Demo(_) => misuse("the sandbox is started by the program itself"),
        Command::Context(verb) => context(&verb, global),
        Command::Status => in_world(global, async |world| world.status().await).await,
        Command::Operator(verb) => in_world(global, async |world| world.operator(verb).await).await,
        Command::Account(verb) => in_world(global, async |world| world.account(verb).await).await,
        Command::User(verb) => in_world(global, async |world| world.user(verb).await).await,
        Command::Role(verb) => in_world(global, async |world| world.role(verb).await).await,
        Command::Key(verb) => in_world(global, async |world| world.key(verb).await).await,
        Command::Connection(verb) => {
            in_world(global, async |world| world.connection(verb).await).await
        }
        Command::Server(verb) => in_world(global, async |world| world.server(verb).await).await,
        Command::Audit(verb) => in_world(global, async |world| world.audit(verb).await).await,
        Command::Drift { accounts } => {
            in_world(global, async |world| world.drift(&accounts).await).await
        }
        Command::Expiry(ExpiryVerb::Ls { within }) => {
            in_world(global, async |world| world.expiry(within).await).await
        }
        Command::Identify { whom } => {
            in_world(global, async |world| world.identify(&whom).await).await
        }
        Command::Reach(asked) => {
            in_world(global, async |world| {
                asked.run(&world.opened, &world.output).await
            })
            .await
        }
        Command::WhoCan(asked) => {
            in_world(global, async |world| {
                asked.run(&world.opened, &world.output).await
            })
            .await
        }
        Command::Can(asked) => {
            in_world(global, async |world| {
                asked.run(&world.opened, &world.output).await
            })
            .await
        }
        Command::Diagnose(asked) => {
            in_world(global, async |world| {
                asked
                    .run(&world.opened, global.timeout.0, &world.output)
                    .await
            })
            .await
        }
    }
}

/// Contexts are read without opening what they name.
fn context(verb: &ContextVerb, global: &Global) -> u8 {
    match place::Surroundings::find(global) {
        Ok(around) => {
            let name = around.current().ok().flatten().unwrap_or_default();
            let output = Output::new(global, name.into(), Timestamp::now());
            read::context::context(verb, &around, &output)
        }
        Err(explanation) => fail(global, "context", &explanation),
    }
}

/// Where the console works: the same as a command would.
pub fn opening(global: &Global) -> Result<Opening, Explanation> {
    place::find(global, Timestamp::now)
}

/// Says that something cannot be done as it was asked for.
fn misuse(what: &str) -> u8 {
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
async fn in_world(global: &Global, command: impl AsyncFnOnce(&World<'_>) -> u8) -> u8 {
    let now = Timestamp::now;
    let opening = match place::find(global, now) {
        Ok(opening) => opening,
        Err(explanation) => return fail(global, "error", &explanation),
    };
    let output = Output::new(global, opening.context.name.clone(), now());
    let opened = match opening::open(opening).await {
        Ok(opened) => opened,
        Err(error) => {
            return read::fail("error", &error.explain(), &output);
        }
    };
    let world = World {
        opened,
        global,
        output,
    };
    command(&world).await
}

/// From here on SIGINT ends the program no more: an act obeys it between two steps, a stream says that it is over.
fn interrupted() -> CancellationToken {
    let cancel = CancellationToken::new();
    let told = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told.cancel();
        }
    });
    cancel
}

/// What a command works in.
struct World<'a> {
    opened: Opened,
    global: &'a Global,
    output: Output,
}

impl World<'_> {
    async fn act<A: Action>(&self, action: &A) -> u8 {
        let cancel = interrupted();
        act(action, &self.opened, self.global, &self.output, &cancel).await
    }

    async fn status(&self) -> u8 {
        read::status::status(&self.opened, &self.output).await
    }

    async fn identify(&self, whom: &str) -> u8 {
        read::identify::identify(whom, &self.opened, &self.output).await
    }

    async fn drift(&self, accounts: &[AccountRef]) -> u8 {
        read::drift::list(accounts, &self.opened, &self.output).await
    }

    async fn expiry(&self, within: Option<Lifetime>) -> u8 {
        read::expiry::list(within, &self.opened, &self.output).await
    }

    async fn operator(&self, verb: OperatorVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            OperatorVerb::Ls => read::operator::list(opened, output).await,
            OperatorVerb::Info { name } => {
                read::operator::info(name.as_deref(), opened, output).await
            }
        }
    }

    async fn account(&self, verb: AccountVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            AccountVerb::Ls { accounts } => read::account::list(&accounts, opened, output).await,
            AccountVerb::Info { account } => read::account::info(&account, opened, output).await,
            AccountVerb::Push(action) => self.act(&action).await,
            AccountVerb::Pull(action) => self.act(&action).await,
        }
    }

    async fn user(&self, verb: UserVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            UserVerb::Ls { accounts } => read::user::list(&accounts, opened, output).await,
            UserVerb::Info { user } => read::user::info(&user, opened, output).await,
            UserVerb::Revoke(action) => self.act(&action).await,
            UserVerb::Lift(action) => self.act(&action).await,
            UserVerb::Reissue(action) => self.act(&action).await,
            UserVerb::Creds(action) => self.act(&action).await,
        }
    }

    async fn role(&self, verb: RoleVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            RoleVerb::Ls { accounts } => read::role::list(&accounts, opened, output).await,
            RoleVerb::Info { role } => read::role::info(&role, opened, output).await,
        }
    }

    async fn key(&self, verb: KeyVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            KeyVerb::Ls { owner } => read::key::list(owner.as_deref(), opened, output).await,
            KeyVerb::Info { key } => read::key::info(&key, opened, output).await,
        }
    }

    async fn connection(&self, verb: ConnectionVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            ConnectionVerb::Ls {
                accounts,
                closed,
                watch,
            } => {
                if watch {
                    return read::watch::list_and_watch(&accounts, opened, output, interrupted())
                        .await;
                }
                let which = if closed { Which::Closed } else { Which::Open };
                read::connection::list(&accounts, which, opened, output).await
            }
            ConnectionVerb::Info { connection } => {
                read::connection::info(&connection, opened, output).await
            }
            ConnectionVerb::Watch { accounts } => {
                read::watch::watch(&accounts, opened, output, interrupted()).await
            }
            ConnectionVerb::Kick(action) => self.act(&action).await,
        }
    }

    async fn server(&self, verb: ServerVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            ServerVerb::Ls => read::server::list(opened, output).await,
            ServerVerb::Info { server } => read::server::info(&server, opened, output).await,
            ServerVerb::Forget { server } => read::server::forget(&server, opened, output),
        }
    }

    async fn audit(&self, verb: AuditVerb) -> u8 {
        let (opened, output) = (&self.opened, &self.output);
        match verb {
            AuditVerb::Ls {
                since,
                actor,
                action,
                target,
            } => {
                let asked = read::audit::Asked {
                    since,
                    actor,
                    action,
                    target,
                };
                read::audit::list(asked, opened, output).await
            }
            AuditVerb::Info { record } => read::audit::info(&record, opened, output).await,
            AuditVerb::Verify => read::audit::verify(opened, output).await,
        }
    }
}

/// Says why another face could not start, and gives the exit code.
pub fn fail(global: &Global, kind: &str, explanation: &Explanation) -> u8 {
    let output = Output::new(global, Text::default(), Timestamp::now());
    read::fail(kind, explanation, &output)
}
