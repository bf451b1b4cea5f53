//! The servers of the sandbox: three of one cluster with full resolvers, and a leaf beside them. Real processes on
//! 127.0.0.1; who they trust and what they serve is in `world`.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::DemoError;
use super::files::tail;
use crate::system::{self, Told};

/// How long a server may take to greet; they need a fraction of a second each.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// The resolver's own sync must not pass for our guard in a test.
const RESOLVER_INTERVAL: &str = "2m";

/// A server process and what it takes to start it again as the same server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) url: String,
    /// The id of the running process; a restart makes a new one.
    pub(super) id: String,
    leaf_port: u16,
    folder: PathBuf,
    process: Option<Child>,
}

/// What the servers of the cluster are told about the world.
pub(super) struct Trust<'a> {
    pub(super) operator_token: &'a str,
    pub(super) system_account: &'a str,
    /// Account key and token, which each resolver has from the beginning.
    pub(super) accounts: &'a [(String, String)],
}

/// The ports of one server.
#[derive(Clone, Copy, Debug)]
struct Ports {
    client: u16,
    route: u16,
    leaf: u16,
}

/// Where ports are looked for: below those that systems give to outgoing connections, which would take them in between.
const PORTS: Range<u32> = 10_000..32_000;

/// So many for each sandbox, before it meets those of the next process.
const PORTS_OF_ONE: u32 = 16;

/// Finds ports that nobody uses. They are free again when this returns; each process looks in a place of its own, so that two
/// sandboxes that start together do not take each other's. A server that cannot bind all the same says so at its start.
fn free_ports<const N: usize>() -> io::Result<[u16; N]> {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(PORTS_OF_ONE);
    let mut ports = [0; N];
    for port in &mut ports {
        *port = (0..PORTS.end - PORTS.start)
            .map(|_| TAKEN.fetch_add(1, Ordering::Relaxed).wrapping_add(begin))
            .filter_map(|at| u16::try_from(PORTS.start + at % (PORTS.end - PORTS.start)).ok())
            .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
            .ok_or(io::ErrorKind::AddrInUse)?;
    }
    Ok(ports)
}

/// Writes the configuration of `count` servers below a folder; none is started.
pub(super) fn lay_out(
    folder: &Path,
    count: usize,
    trust: &Trust<'_>,
) -> Result<Vec<Server>, DemoError> {
    let ports = (0..count)
        .map(|_| {
            free_ports().map(|[client, route, leaf]| Ports {
                client,
                route,
                leaf,
            })
        })
        .collect::<io::Result<Vec<_>>>()?;
    let routes: Vec<String> = ports
        .iter()
        .map(|ports| format!("nats-route://127.0.0.1:{}", ports.route))
        .collect();
    (1..=count)
        .zip(&ports)
        .map(|(number, ports)| {
            let name = format!("n{number}");
            let home = folder.join(&name);
            let resolver = home.join("jwt");
            fs::create_dir_all(&resolver)?;
            for (key, token) in trust.accounts {
                fs::write(resolver.join(format!("{key}.jwt")), token)?;
            }
            fs::write(
                home.join("server.conf"),
                cluster_config(&name, &home, *ports, &routes, trust),
            )?;
            Ok(Server::at(home, name, *ports))
        })
        .collect()
}

fn cluster_config(
    name: &str,
    home: &Path,
    ports: Ports,
    routes: &[String],
    trust: &Trust<'_>,
) -> String {
    let Ports {
        client,
        route,
        leaf,
    } = ports;
    let (jetstream, resolver) = (home.join("jetstream"), home.join("jwt"));
    let system = trust.system_account;
    let system_token = trust
        .accounts
        .iter()
        .find(|(key, _)| key == system)
        .map_or("", |(_, token)| token);
    format!(
        r#"server_name: {name}
listen: "127.0.0.1:{client}"
server_tags: ["demo"]
operator: "{operator}"
system_account: {system}
resolver: {{ type: full, dir: "{resolver}", allow_delete: true, interval: "{RESOLVER_INTERVAL}", timeout: "1.9s" }}
resolver_preload: {{ {system}: "{system_token}" }}
jetstream: {{ store_dir: "{jetstream}", max_mem: 64MB, max_file: 256MB }}
cluster: {{ name: C1, listen: "127.0.0.1:{route}", routes: [{routes}] }}
leafnodes: {{ listen: "127.0.0.1:{leaf}" }}
"#,
        operator = trust.operator_token,
        resolver = resolver.display(),
        jetstream = jetstream.display(),
        routes = routes.join(", "),
    )
}

/// Writes the configuration of a leaf that dials in with a creds file.
pub(super) fn lay_out_leaf(
    folder: &Path,
    name: &str,
    hub: &Server,
    creds: &Path,
) -> Result<Server, DemoError> {
    let [client, route, leaf] = free_ports()?;
    let home = folder.join(name);
    fs::create_dir_all(&home)?;
    let hub_leaf = hub.leaf_port;
    let config = format!(
        r#"server_name: {name}
listen: "127.0.0.1:{client}"
leafnodes: {{ reconnect: "1s", remotes: [{{ urls: ["nats-leaf://127.0.0.1:{hub_leaf}"], credentials: "{creds}" }}] }}
"#,
        creds = creds.display(),
    );
    fs::write(home.join("server.conf"), config)?;
    Ok(Server::at(
        home,
        name.to_owned(),
        Ports {
            client,
            route,
            leaf,
        },
    ))
}

impl Server {
    fn at(folder: PathBuf, name: String, ports: Ports) -> Self {
        let url = format!("nats://127.0.0.1:{}", ports.client);
        Self {
            name,
            url,
            id: String::new(),
            leaf_port: ports.leaf,
            folder,
            process: None,
        }
    }

    /// Starts the process and waits until it greets.
    pub(super) async fn start(&mut self, program: &Path) -> Result<(), DemoError> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.log())?;
        let child = Command::new(program)
            .arg("-c")
            .arg(self.folder.join("server.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| DemoError::Spawn {
                program: program.to_owned(),
                error,
            })?;
        self.process = Some(child);
        tokio::time::timeout(START_DEADLINE, self.greeted())
            .await
            .map_err(|_| self.silent())?
    }

    /// Waits for the first line that a server says to every client.
    async fn greeted(&mut self) -> Result<(), DemoError> {
        let address = self.url.trim_start_matches("nats://").to_owned();
        loop {
            if let Ok(socket) = TcpStream::connect(&address).await {
                let mut line = String::new();
                if BufReader::new(socket).read_line(&mut line).await.is_ok()
                    && let Some(id) = server_id(&line)
                {
                    self.id = id;
                    return Ok(());
                }
            }
            if self
                .process
                .as_mut()
                .is_some_and(|process| matches!(process.try_wait(), Ok(Some(_))))
            {
                return Err(self.silent());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn silent(&self) -> DemoError {
        DemoError::Server {
            name: self.name.clone(),
            said: tail(&self.log(), 3).into(),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The process id while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.process.as_ref().and_then(Child::id)
    }

    /// Tells the process something.
    pub(super) fn tell(&self, told: Told) -> Result<(), DemoError> {
        let pid = self.pid();
        let pid = pid.ok_or_else(|| DemoError::NotRunning(self.name.clone()))?;
        Ok(system::tell(pid, told)?)
    }

    /// Tells the process something that ends it, and waits until it is gone.
    pub(super) async fn end(&mut self, told: Told) -> Result<(), DemoError> {
        self.tell(told)?;
        if let Some(mut process) = self.process.take() {
            process.wait().await?;
        }
        Ok(())
    }
}

/// The id in the line that a server greets with.
fn server_id(line: &str) -> Option<String> {
    let greeting: serde_json::Value = serde_json::from_str(line.strip_prefix("INFO ")?).ok()?;
    Some(greeting.get("server_id")?.as_str()?.to_owned())
}
