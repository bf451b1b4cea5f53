//! A sandbox for the stories of acts, the people in it, and the program as those people run it. Who listens in is in `ears`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use nats_oam::demo::sandbox::{ClientOrder, Description, Options, Order, Sandbox};
use nats_oam::jwt::keys::{AccountId, UserId};
use nats_oam::jwt::token::Token;
use serde_json::Value;

use super::skip::needs;
use super::tools::Tool;

const PROGRAM: &str = env!("CARGO_BIN_EXE_nats-oam");

/// More than there are stories that share a sandbox.
const SPARE_ACCOUNTS: usize = 99;

/// A running sandbox.
pub struct World {
    sandbox: Mutex<Sandbox>,
    given: AtomicUsize,
}

/// A sandbox that a story may break. There is one at a time.
pub struct OwnWorld {
    world: World,
    _turn: MutexGuard<'static, ()>,
}

impl std::ops::Deref for OwnWorld {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// Three servers, with busy tenants or with accounts to spare.
pub fn sandbox(program: &Path, spare_accounts: usize, tenants: bool) -> Sandbox {
    let options = Options {
        program: program.to_owned(),
        servers: 3,
        tenants,
        spare_accounts,
    };
    Sandbox::start(Path::new(PROGRAM), &options).unwrap()
}

impl World {
    /// The sandbox that all stories share, one account each. `None`: there is no nats-server, and that was said.
    #[track_caller]
    pub fn shared() -> Option<&'static Self> {
        static WORLD: OnceLock<World> = OnceLock::new();
        let tools = needs(&[Tool::NatsServer])?;
        let start = || Self::start(tools.path(Tool::NatsServer), SPARE_ACCOUNTS, false);
        Some(WORLD.get_or_init(start))
    }

    /// The sandbox whose tenants are busy, for stories that only look.
    #[track_caller]
    pub fn busy() -> Option<&'static Self> {
        static WORLD: OnceLock<World> = OnceLock::new();
        let tools = needs(&[Tool::NatsServer])?;
        let start = || Self::start(tools.path(Tool::NatsServer), 0, true);
        Some(WORLD.get_or_init(start))
    }

    /// A sandbox for one story.
    #[track_caller]
    pub fn own() -> Option<OwnWorld> {
        Self::own_with(2, false)
    }

    /// A sandbox for one story, with busy tenants and a leaf.
    #[track_caller]
    pub fn own_busy() -> Option<OwnWorld> {
        Self::own_with(0, true)
    }

    #[track_caller]
    fn own_with(spare_accounts: usize, tenants: bool) -> Option<OwnWorld> {
        static TURN: Mutex<()> = Mutex::new(());
        let tools = needs(&[Tool::NatsServer])?;
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Some(OwnWorld {
            world: Self::start(tools.path(Tool::NatsServer), spare_accounts, tenants),
            _turn: turn,
        })
    }

    fn start(program: &Path, spare_accounts: usize, tenants: bool) -> Self {
        Self {
            sandbox: Mutex::new(sandbox(program, spare_accounts, tenants)),
            given: AtomicUsize::new(0),
        }
    }

    fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn description(&self) -> Description {
        self.sandbox().description().clone()
    }

    pub fn order(&self, order: &Order) {
        self.sandbox().order(order).unwrap();
    }

    /// An account that no other story has.
    pub fn tenant(&self) -> Tenant {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(number <= SPARE_ACCOUNTS, "more stories than spare accounts");
        let name = format!("TEST{number:02}");
        self.order(&Order::Settle(name.clone()));
        Tenant::of(&self.description(), &name)
    }

    /// The system account; its users are `sys` and `readonly`.
    pub fn system(&self) -> Tenant {
        Tenant::of(&self.description(), "SYS")
    }

    /// A client that comes back for ever, to one server.
    pub fn client(&self, tenant: &Tenant, user: &str, server: &str) {
        self.client_claiming(tenant, user, server, None);
    }

    /// The same, saying that it is somebody else.
    pub fn client_claiming(
        &self,
        tenant: &Tenant,
        user: &str,
        server: &str,
        claimed: Option<UserId>,
    ) {
        self.order(&Order::Client(ClientOrder {
            creds: tenant.creds(user),
            server: Some(server.to_owned()),
            name: format!("{user}-on-{server}"),
            claims: claimed.map(|user| user.to_string()),
        }));
    }

    /// Where a server keeps a token that it was given.
    pub fn resolver_file(&self, server: &str, account: AccountId) -> PathBuf {
        let data = self.description().data_dir;
        let home = data.parent().unwrap().join(server);
        home.join("jwt").join(format!("{account}.jwt"))
    }

    /// Somebody at a machine of their own, who never ran the program before.
    pub fn admin(&self) -> Admin {
        Admin {
            home: tempfile::tempdir().unwrap(),
            context: self.description().context,
        }
    }
}

/// An account with its users: `a b c`, `r` of a role, `k` with a bearer token.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub name: String,
    pub id: AccountId,
    creds: PathBuf,
    /// The store's token.
    pub stored: PathBuf,
}

impl Tenant {
    pub fn of(description: &Description, name: &str) -> Self {
        let operator = &description.operator.name;
        let accounts = description.data_dir.join(operator).join("accounts");
        let stored = accounts.join(name).join(format!("{name}.jwt"));
        Self {
            name: name.to_owned(),
            id: decoded(&stored).envelope().subject.try_into().unwrap(),
            creds: description
                .keystore_dir
                .join("creds")
                .join(operator)
                .join(name),
            stored,
        }
    }

    pub fn creds(&self, user: &str) -> PathBuf {
        self.creds.join(format!("{user}.creds"))
    }

    /// The token in the creds of a user.
    pub fn token(&self, user: &str) -> Token {
        let creds = fs::read_to_string(self.creds(user)).unwrap();
        Token::decode(creds.lines().nth(1).unwrap()).unwrap()
    }

    pub fn user(&self, user: &str) -> UserId {
        self.token(user).envelope().subject.try_into().unwrap()
    }

    /// What a revocation of this user asks to be typed.
    pub fn tail(&self, user: &str) -> String {
        self.user(user).key().tail()
    }

    pub fn token_in_store(&self) -> Token {
        decoded(&self.stored)
    }
}

fn decoded(path: &Path) -> Token {
    Token::decode(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Somebody who runs the program: home, roster and record are theirs alone.
pub struct Admin {
    pub home: tempfile::TempDir,
    /// What `--context` is given.
    pub context: PathBuf,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The one object on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The codes of its warnings.
    pub fn warnings(&self) -> Vec<String> {
        codes(&self.json()["warnings"])
    }
}

/// The codes in a list of warnings.
pub fn codes(warnings: &Value) -> Vec<String> {
    let warnings = warnings.as_array().unwrap().iter();
    warnings.map(|said| text(&said["code"])).collect()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Admin {
    /// The folder of the record: below it a folder for each operator.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data/nats-oam")
    }

    /// The program in the context of this admin, for JSON.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare(&["--json", "--context"]);
        command.arg(&self.context).args(args);
        command
    }

    /// The variables that say where the folders of this admin are.
    pub fn folders(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
        ]
        .map(|(variable, folder)| (variable, self.home.path().join(folder)))
    }

    /// The program, with nothing of the caller's own settings.
    pub fn bare(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.folders())
            .env("USER", "kim")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// Runs with something on standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        ran(child.wait_with_output().unwrap())
    }
}

/// Runs a command line as it stands, with `--json`.
pub fn run_as_shown(admin: &Admin, shown: &str) -> Ran {
    let words: Vec<&str> = shown.split(' ').collect();
    assert_eq!(words.first(), Some(&"nats-oam"));
    let mut command = admin.bare(words.get(1..).unwrap());
    ran(command.arg("--json").output().unwrap())
}

/// What a process that was started came to.
pub fn finished(child: Child) -> Ran {
    ran(child.wait_with_output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
