//! The back side of the sandbox: owns the folder, the servers and the clients, does what it is told on standard input, and
//! takes everything away when that closes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines, Stdin};
use tokio::task::JoinSet;

use super::DemoError;
use super::client::{Client, Habit, Introduction};
use super::cluster::{self, Server};
use super::sandbox::{
    Answer, ClientOrder, Description, OperatorDescription, Options, Order, ServerDescription,
};
use super::tenants::{self, Tenants};
use super::world::{self, OPERATOR, SYSTEM, World};
use crate::jwt::time::UnixTime;
use crate::system::{self, Stop, Told};

/// Runs until standard input closes or SIGTERM comes. Standard output carries answers, one JSON line each.
pub async fn run() -> Result<(), DemoError> {
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    let first = orders.next_line().await?.ok_or(DemoError::Gone)?;
    let options: Options =
        serde_json::from_str(&first).map_err(|error| DemoError::Failed(error.to_string()))?;
    let folder = tempfile::Builder::new()
        .prefix("nats-oam-demo-")
        .tempdir()?;
    match Supervisor::start(folder.path(), options).await {
        Ok(mut supervisor) => {
            tell(&Answer::Ready(Box::new(supervisor.describe()))).await?;
            supervisor.obey(&mut orders).await?;
        }
        Err(error) => tell(&Answer::Failed(error.to_string())).await?,
    }
    // Servers and clients are gone with the supervisor; the folder goes now, and a failure to remove it is said.
    folder.close()?;
    Ok(())
}

struct Supervisor {
    options: Options,
    world: World,
    tenants: Tenants,
    context: PathBuf,
    servers: Vec<Server>,
    leafs: Vec<Server>,
    clients: JoinSet<()>,
}

impl Supervisor {
    async fn start(folder: &Path, options: Options) -> Result<Self, DemoError> {
        let now = UnixTime::from(jiff::Timestamp::now());
        let mut world = world::build(folder, now, options.spare_accounts)?;
        let tenants = tenants::settle(&mut world)?;
        let trust = cluster::Trust {
            operator_token: world.operator_token.text(),
            system_account: &world.id(SYSTEM)?.to_string(),
            accounts: &world.tokens(),
        };
        let mut servers = cluster::lay_out(folder, options.servers, &trust)?;
        for server in &mut servers {
            server.start(&options.program).await?;
        }
        let mut leafs = Vec::new();
        if let (true, Some(hub)) = (options.tenants, servers.first()) {
            let mut leaf = cluster::lay_out_leaf(folder, "berlin-1", hub, &tenants.leaf.creds)?;
            leaf.start(&options.program).await?;
            leafs.push(leaf);
        }
        let urls: Vec<String> = servers.iter().map(|server| server.url.clone()).collect();
        let context = world.write_context(&urls, &tenants.system.creds)?;
        let mut supervisor = Self {
            options,
            world,
            tenants,
            context,
            servers,
            leafs,
            clients: JoinSet::new(),
        };
        if supervisor.options.tenants {
            supervisor.start_tenants();
        }
        Ok(supervisor)
    }

    fn start_tenants(&mut self) {
        let urls: Arc<[String]> = self
            .servers
            .iter()
            .map(|server| server.url.clone())
            .collect();
        for (index, client) in std::mem::take(&mut self.tenants.clients)
            .into_iter()
            .enumerate()
        {
            self.clients.spawn(client.run(Arc::clone(&urls), index));
        }
    }

    fn describe(&self) -> Description {
        Description {
            servers: self.servers.iter().map(describe).collect(),
            leafs: self.leafs.iter().map(describe).collect(),
            operator: OperatorDescription {
                key: self.world.operator.to_string(),
                name: OPERATOR.to_owned(),
            },
            data_dir: self.world.stores(),
            keystore_dir: self.world.keys(),
            creds: self.tenants.system.creds.clone(),
            context: self.context.clone(),
            accounts: self.world.accounts(),
            users: self.world.users,
            clients: self.clients.len(),
        }
    }

    async fn obey(&mut self, orders: &mut Lines<BufReader<Stdin>>) -> Result<(), DemoError> {
        let mut terminated = system::stops(&[Stop::Terminate])?;
        loop {
            let line = tokio::select! {
                line = orders.next_line() => line?,
                _ = &mut terminated => None,
            };
            let Some(line) = line else { return Ok(()) };
            let done = match serde_json::from_str(&line) {
                Ok(order) => self.carry_out(order).await,
                Err(error) => Err(DemoError::Failed(error.to_string())),
            };
            let answer = match done {
                Ok(()) => Answer::Done(self.servers.iter().map(describe).collect()),
                Err(error) => Answer::Failed(error.to_string()),
            };
            tell(&answer).await?;
        }
    }

    async fn carry_out(&mut self, order: Order) -> Result<(), DemoError> {
        match order {
            Order::Stop(name) => self.server(&name)?.end(Told::End).await,
            Order::Kill(name) => self.server(&name)?.end(Told::EndAtOnce).await,
            Order::Freeze(name) => self.server(&name)?.tell(Told::Freeze),
            Order::Thaw(name) => self.server(&name)?.tell(Told::GoOn),
            Order::Start(name) => {
                let program = self.options.program.clone();
                self.server(&name)?.start(&program).await
            }
            Order::Settle(account) => self.world.settle_spare(&account),
            Order::Client(order) => self.add_client(&order),
        }
    }

    fn server(&mut self, name: &str) -> Result<&mut Server, DemoError> {
        let known = self.servers.iter_mut().find(|server| server.name == name);
        known.ok_or_else(|| DemoError::NotRunning(name.to_owned()))
    }

    fn add_client(&mut self, order: &ClientOrder) -> Result<(), DemoError> {
        let introduction = Introduction {
            name: order.name.clone(),
            lang: "rust",
            version: "1.0.0",
            user: order.claims.clone(),
        };
        let client = Client::with_creds(&order.creds, introduction, Habit::Idle)?;
        let urls: Arc<[String]> = match &order.server {
            Some(name) => [self.server(name)?.url.clone()].into(),
            None => self
                .servers
                .iter()
                .map(|server| server.url.clone())
                .collect(),
        };
        self.clients.spawn(client.run(urls, 0));
        Ok(())
    }
}

fn describe(server: &Server) -> ServerDescription {
    ServerDescription {
        name: server.name.clone(),
        id: server.id.clone(),
        url: server.url.clone(),
        pid: server.pid().unwrap_or_default(),
    }
}

async fn tell(answer: &Answer) -> Result<(), DemoError> {
    let mut line =
        serde_json::to_string(answer).map_err(|error| DemoError::Failed(error.to_string()))?;
    line.push('\n');
    let mut stdout = tokio::io::stdout();
    stdout.write_all(line.as_bytes()).await?;
    Ok(stdout.flush().await?)
}
