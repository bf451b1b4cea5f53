//! The front side of the sandbox: starts the supervisor, knows what it runs, gives it orders, and ends it by letting go.
//!
//! The supervisor is this very program, run again. It ends everything when its standard input closes, so a killed console or
//! a killed test leaves no server and no file behind.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::DemoError;
use crate::system;

/// The argument that makes this program a supervisor.
pub const SUPERVISE: &str = "--supervise";

/// From nothing to a greeting of every server, on a slow machine; the fetch of a server is done before.
const READY_DEADLINE: Duration = Duration::from_secs(90);
const ORDER_DEADLINE: Duration = Duration::from_secs(30);

/// What a sandbox is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    /// The nats-server to run.
    pub program: PathBuf,
    /// Servers of the cluster.
    pub servers: usize,
    /// Whether the tenants' clients run.
    pub tenants: bool,
    /// Accounts that nobody uses, `TEST01` and on, each with a role: one for a test.
    pub spare_accounts: usize,
}

/// What runs, as `demo --no-screen` prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    pub servers: Vec<ServerDescription>,
    pub leafs: Vec<ServerDescription>,
    pub operator: OperatorDescription,
    pub data_dir: PathBuf,
    pub keystore_dir: PathBuf,
    /// Creds of a user of the system account.
    pub creds: PathBuf,
    /// A context file, for `--context`.
    pub context: PathBuf,
    pub accounts: usize,
    pub users: usize,
    pub clients: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerDescription {
    pub name: String,
    pub id: String,
    pub url: String,
    pub pid: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OperatorDescription {
    pub key: String,
    pub name: String,
}

/// What a supervisor does for tests while it runs, one line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Ends a server with SIGTERM.
    Stop(String),
    /// Ends a server with SIGKILL.
    Kill(String),
    /// Starts a server again, with the files that it left.
    Start(String),
    /// Stops a server in its tracks: it holds its connections and answers nothing.
    Freeze(String),
    Thaw(String),
    /// Makes the users of a spare account: `a b c`, `r` of its role, `k` with a bearer token.
    Settle(String),
    /// One more client that comes back for ever.
    Client(ClientOrder),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientOrder {
    pub creds: PathBuf,
    /// The only server that it knows; without one it goes round all.
    pub server: Option<String>,
    pub name: String,
    /// Whose public key it claims to be.
    pub claims: Option<String>,
}

/// The answer to an order: the servers as they are now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Ready(Box<Description>),
    Done(Vec<ServerDescription>),
    Failed(String),
}

/// A running sandbox. Dropping it ends it and waits for that.
pub struct Sandbox {
    supervisor: Child,
    orders: Option<ChildStdin>,
    answers: mpsc::Receiver<Answer>,
    description: Description,
}

impl Sandbox {
    /// Starts `supervisor`, an executable of this program, and waits until every server greets.
    pub fn start(supervisor: &Path, options: &Options) -> Result<Self, DemoError> {
        let mut command = Command::new(supervisor);
        command
            .args(["demo", SUPERVISE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        // Ctrl-C is for the console; the supervisor ends when the console lets go.
        let mut child = system::apart(&mut command)
            .spawn()
            .map_err(|error| DemoError::Spawn {
                program: supervisor.to_owned(),
                error,
            })?;
        let mut orders = child.stdin.take().ok_or(DemoError::Gone)?;
        let answers = listen(child.stdout.take().ok_or(DemoError::Gone)?);
        send(&mut orders, options)?;
        let description = match answers.recv_timeout(READY_DEADLINE) {
            Ok(Answer::Ready(description)) => *description,
            Ok(Answer::Failed(why)) => return Err(DemoError::Failed(why)),
            Ok(Answer::Done(_)) | Err(_) => return Err(DemoError::Gone),
        };
        Ok(Self {
            supervisor: child,
            orders: Some(orders),
            answers,
            description,
        })
    }

    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Has something done, and tells how the servers are after it.
    pub fn order(&mut self, order: &Order) -> Result<&Description, DemoError> {
        send(self.orders.as_mut().ok_or(DemoError::Gone)?, order)?;
        match self.answers.recv_timeout(ORDER_DEADLINE) {
            Ok(Answer::Done(servers)) => {
                self.description.servers = servers;
                Ok(&self.description)
            }
            Ok(Answer::Failed(why)) => Err(DemoError::Failed(why)),
            Ok(Answer::Ready(_)) | Err(_) => Err(DemoError::Gone),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.orders.take());
        // It ends by itself now; a failure to wait leaves nothing to do.
        let _ = self.supervisor.wait();
    }
}

fn send(orders: &mut ChildStdin, order: &impl Serialize) -> Result<(), DemoError> {
    let mut line =
        serde_json::to_string(order).map_err(|error| DemoError::Failed(error.to_string()))?;
    line.push('\n');
    Ok(orders.write_all(line.as_bytes())?)
}

/// Reads answers on a thread of its own, so that a deadline can be kept. It ends with the supervisor.
fn listen(stdout: std::process::ChildStdout) -> mpsc::Receiver<Answer> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let answer = serde_json::from_str(&line)
                .unwrap_or_else(|error| Answer::Failed(format!("{error}: {line}")));
            if sender.send(answer).is_err() {
                return;
            }
        }
    });
    receiver
}
