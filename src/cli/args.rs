//! What can be written on the command line: global flags with their environment, nouns and verbs. What each does is beside it:
//! acts in `act`, questions in `read`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::read::can::Can;
use super::read::diagnose::Diagnose;
use super::read::reach::AskReach;
use super::read::who_can::WhoCan;
use crate::actions::account::pull::PullAccount;
use crate::actions::account::push::PushAccount;
use crate::actions::connection::kick::KickConnections;
use crate::actions::refs::{AccountRef, ConnRef, RoleRef, ServerRef, UserRef};
use crate::actions::user::creds::WriteCreds;
use crate::actions::user::lift::LiftRevocations;
use crate::actions::user::reissue::ReissueUser;
use crate::actions::user::revoke::RevokeUsers;
use crate::actions::when::{Lifetime, When};

/// Operational access management for NATS: who may connect, what they may do, who let them, and how to stop them.
#[derive(Debug, Parser)]
#[command(
    name = "nats-oam",
    version,
    infer_subcommands = false,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    /// Without one, the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags and nothing else. It answers no question and tells no mistake: what it cannot read is for [`Cli`].
#[derive(Debug, Parser)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub(super) struct Flags {
    #[command(flatten)]
    pub(super) global: Global,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Global {
    /// A context of ours or of the NATS CLI, or the path of a context file
    #[arg(long, global = true, value_name = "NAME", env = "NATS_OAM_CONTEXT")]
    pub context: Option<String>,
    /// Servers, instead of the context's
    #[arg(
        short,
        long,
        global = true,
        value_name = "URL",
        value_delimiter = ',',
        env = "NATS_URL"
    )]
    pub server: Vec<String>,
    /// Creds of a user of the system account
    #[arg(long, global = true, value_name = "FILE", env = "NATS_CREDS")]
    pub creds: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", env = "NATS_CA")]
    pub tlsca: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "NATS_CERT",
        requires = "tlskey"
    )]
    pub tlscert: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "NATS_KEY",
        requires = "tlscert"
    )]
    pub tlskey: Option<PathBuf>,
    /// The folder of nsc's stores
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The folder of nsc's keys and creds
    #[arg(long, global = true, value_name = "DIR")]
    pub keystore_dir: Option<PathBuf>,
    /// The operator, where the store has several
    #[arg(long, global = true, value_name = "NAME")]
    pub operator: Option<String>,
    /// Who signs
    #[arg(long, global = true, value_name = "REF")]
    pub key: Option<String>,
    /// Where acts are recorded
    #[arg(
        long,
        global = true,
        value_name = "folder[:DIR]",
        env = "NATS_OAM_LEDGER"
    )]
    pub ledger: Option<String>,
    /// One JSON object
    #[arg(long, global = true, group = "format")]
    pub json: bool,
    /// One JSON object a line
    #[arg(long, global = true, group = "format")]
    pub jsonl: bool,
    #[arg(long, global = true, group = "format")]
    pub csv: bool,
    /// Which rows of a list
    #[arg(long = "where", global = true, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Which columns of a list
    #[arg(long, global = true, value_name = "A,B", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// By which column, `-` for descending
    #[arg(
        long,
        global = true,
        value_name = "[-]FIELD",
        allow_hyphen_values = true
    )]
    pub sort: Option<String>,
    #[arg(long, global = true, value_name = "N")]
    pub limit: Option<usize>,
    /// Show the plan, change nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Consent to an act of level 1
    #[arg(long, global = true)]
    pub yes: bool,
    /// Consent to an act of level 2 or 3: what its plan asks to be typed
    #[arg(long, global = true, value_name = "TEXT")]
    pub confirm: Option<String>,
    /// Recorded with the act
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    #[arg(long, global = true, value_name = "ID")]
    pub ticket: Option<String>,
    /// For the whole verification
    #[arg(long, global = true, value_name = "D", default_value = "10s")]
    pub wait: Lifetime,
    /// For one request
    #[arg(long, global = true, value_name = "D", default_value = "2s")]
    pub timeout: Lifetime,
    #[arg(
        long,
        global = true,
        env = "NATS_OAM_READ_ONLY",
        value_parser = clap::builder::FalseyValueParser::new(),
        conflicts_with = "write"
    )]
    pub read_only: bool,
    /// Act in a context that is read-only by default
    #[arg(long, global = true)]
    pub write: bool,
    /// Touch no server
    #[arg(long, global = true)]
    pub offline: bool,
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: Color,
    #[arg(long, global = true, value_name = "NAME", env = "NATS_OAM_THEME")]
    pub theme: Option<String>,
    /// Nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More into the log
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[arg(long, global = true, value_name = "FILE", env = "NATS_OAM_LOG")]
    pub log: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Never,
    #[value(name = "16")]
    Ansi16,
    #[value(name = "256")]
    Ansi256,
    True,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// A private cluster with busy tenants
    Demo(Demo),
    /// What I hold, who answers, what I can do and why not more
    Status,
    /// Contexts, ours and the NATS CLI's
    #[command(subcommand, visible_alias = "contexts")]
    Context(ContextVerb),
    /// The operator
    #[command(subcommand, alias = "operators")]
    Operator(OperatorVerb),
    /// Accounts
    #[command(subcommand, alias = "accounts")]
    Account(AccountVerb),
    /// Users
    #[command(subcommand, alias = "users")]
    User(UserVerb),
    /// Scoped signing keys
    #[command(subcommand, alias = "roles")]
    Role(RoleVerb),
    /// Every other key
    #[command(subcommand, alias = "keys")]
    Key(KeyVerb),
    /// Live connections
    #[command(subcommand, visible_alias = "conn", alias = "connections")]
    Connection(ConnectionVerb),
    /// Servers
    #[command(subcommand, alias = "servers")]
    Server(ServerVerb),
    /// The record of acts
    #[command(subcommand)]
    Audit(AuditVerb),
    /// What store, servers and connections do not have alike, and what mends it; ends with 7 where something differs
    Drift {
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<AccountRef>,
    },
    /// What stops working, and when
    #[command(subcommand, alias = "expiries")]
    Expiry(ExpiryVerb),
    /// Whose a key, a token or a creds file is
    Identify {
        #[arg(value_name = "REF")]
        whom: String,
    },
    /// Why a credential is refused
    Diagnose(Diagnose),
    /// Who hears a subject, through exports, imports and mappings
    Reach(AskReach),
    /// Who may publish or subscribe something, by which rule and through which accounts
    WhoCan(WhoCan),
    /// Whether a user may publish or subscribe something, and by which rule
    Can(Can),
    Version,
}

#[derive(Clone, Debug, Args)]
pub struct Demo {
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
    pub servers: u8,
    /// Start, test itself, print, stop
    #[arg(long, conflicts_with = "no_screen")]
    pub check: bool,
    /// Stay until SIGINT or SIGTERM
    #[arg(long)]
    pub no_screen: bool,
    /// Accounts TEST01 and on, for tests
    #[arg(long, value_name = "N", default_value_t = 0, hide = true)]
    pub spare_accounts: usize,
    /// Own the servers; started by the other forms
    #[arg(long, hide = true)]
    pub supervise: bool,
}

impl Demo {
    /// Whether the sandbox is for a console, and for nothing else.
    pub const fn wants_a_screen(&self) -> bool {
        !(self.check || self.no_screen || self.supervise)
    }
}

#[derive(Debug, Subcommand)]
pub enum ContextVerb {
    #[command(visible_alias = "list")]
    Ls,
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info { name: Option<String> },
    /// Put a context in use
    Use { name: String },
}

#[derive(Debug, Subcommand)]
pub enum OperatorVerb {
    #[command(visible_alias = "list")]
    Ls,
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info { name: Option<String> },
}

#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    #[command(visible_alias = "list")]
    Ls {
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<AccountRef>,
    },
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info { account: AccountRef },
    /// Bring the store's token into force on every server
    Push(PushAccount),
    /// Write the servers' token into the store
    Pull(PullAccount),
}

#[derive(Debug, Subcommand)]
pub enum UserVerb {
    #[command(visible_alias = "list")]
    Ls {
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<AccountRef>,
    },
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info { user: UserRef },
    /// Cut a user off everywhere, and prove it
    Revoke(RevokeUsers),
    /// Take a revocation back
    Lift(LiftRevocations),
    /// A new key and token for the same holder
    Reissue(ReissueUser),
    /// Write the creds of a user
    Creds(WriteCreds),
}

#[derive(Debug, Subcommand)]
pub enum RoleVerb {
    #[command(visible_alias = "list")]
    Ls {
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<AccountRef>,
    },
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info { role: RoleRef },
}

#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    #[command(visible_alias = "list")]
    Ls {
        /// Keys of this account, role or operator
        #[arg(long, value_name = "REF")]
        owner: Option<String>,
    },
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info {
        #[arg(id = "KEY")]
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConnectionVerb {
    #[command(visible_alias = "list")]
    Ls {
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<AccountRef>,
        /// Those that are gone, with reasons
        #[arg(long)]
        closed: bool,
        /// Stay, and print what happens
        #[arg(long, conflicts_with = "closed")]
        watch: bool,
    },
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info { connection: ConnRef },
    /// Close now; the client may come back
    Kick(KickConnections),
    /// Print connects and disconnects as they happen
    Watch {
        #[arg(value_name = "ACCOUNT")]
        accounts: Vec<AccountRef>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ServerVerb {
    #[command(visible_alias = "list")]
    Ls,
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info {
        #[arg(id = "SERVER")]
        server: ServerRef,
    },
    /// Take a name off the roster: it is not expected any more
    Forget {
        #[arg(id = "SERVER")]
        server: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    #[command(visible_alias = "list")]
    Ls {
        #[arg(long, value_name = "D|TIME")]
        since: Option<When>,
        #[arg(long)]
        actor: Option<String>,
        #[arg(long, value_name = "ID")]
        action: Option<String>,
        #[arg(long, value_name = "REF")]
        target: Option<String>,
    },
    #[command(visible_aliases = ["show", "get", "describe"])]
    Info { record: String },
    /// Check every byte of the record
    Verify,
}

#[derive(Debug, Subcommand)]
pub enum ExpiryVerb {
    /// All that ends, the first outage first; ends with 7 where something is past or ends soon
    #[command(visible_alias = "list")]
    Ls {
        /// Only what ends by then, or is past; without it all is listed, and 30 days are soon
        #[arg(long, value_name = "D")]
        within: Option<Lifetime>,
    },
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Command, CommandFactory as _, Parser as _};

    use super::{Cli, Flags};

    /// Arguments of a command and those below it that are called like a flag of every command.
    fn clashing(command: &Command, everywhere: &BTreeSet<String>) -> Vec<String> {
        command
            .get_subcommands()
            .flat_map(|below| {
                let own = below.get_arguments().map(|arg| arg.get_id().to_string());
                let own = own.filter(|id| everywhere.contains(id));
                let named = own.map(|id| format!("{}: {id}", below.get_name()));
                named.chain(clashing(below, everywhere)).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn no_argument_takes_the_place_of_a_flag_of_every_command() {
        let command = Cli::command();
        let everywhere = command.get_arguments().map(|arg| arg.get_id().to_string());

        let clashing = clashing(&command, &everywhere.collect());

        assert_eq!(clashing, Vec::<String>::new());
    }

    #[test]
    fn flags_alone_are_read_as_beside_a_noun() {
        let lines: [&[&str]; 5] = [
            &[],
            &["--server", "a,b", "-qvv", "--theme", "calm-light"],
            &["--context=prod", "--read-only", "--color", "256"],
            &["--sort", "-name", "--where", "name=x", "--limit", "3"],
            &["--json", "--timeout", "7s"],
        ];
        for line in lines {
            let line = ["nats-oam"].iter().chain(line);

            let alone = Flags::try_parse_from(line.clone()).unwrap();

            let beside = Cli::try_parse_from(line).unwrap();
            assert!(beside.command.is_none());
            assert_eq!(
                format!("{:?}", alone.global),
                format!("{:?}", beside.global)
            );
        }
    }

    #[test]
    fn what_is_more_than_flags_is_left_to_the_whole_reading() {
        for line in [
            "user ls",
            "--help",
            "-h",
            "--version",
            "--nonsense",
            "nonsense",
            "--json --csv",
        ] {
            let line = std::iter::once("nats-oam").chain(line.split(' '));

            assert!(Flags::try_parse_from(line).is_err());
        }
    }
}
