//! The acts in this process, with the servers reached through a port where a story can step in: before a push leaves, and
//! right after its answers. Everything else goes to the real servers as it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use jiff::Timestamp;
use nats_oam::actions::action::{Access, Action};
use nats_oam::actions::apply::{Manner, Watch, apply};
use nats_oam::actions::opening::{Opening, Reach, open};
use nats_oam::actions::outcome::Outcome;
use nats_oam::actions::plan::{Consent, Preview};
use nats_oam::actions::ports::{Context, Ports};
use nats_oam::actions::prepare::prepare;
use nats_oam::actions::user::revoke::RevokeUsers;
use nats_oam::demo::sandbox::Description;
use nats_oam::inventory::connection::ConnectionRow;
use nats_oam::inventory::stream::StreamRow;
use nats_oam::jwt::keys::{AccountId, ConnId, ServerId};
use nats_oam::jwt::token::Token;
use nats_oam::ledger::audit::Actor;
use nats_oam::store::paths::Paths;
use nats_oam::sys::{
    Accepted, AccountCounts, Address, Census, ConnQuery, Copies, Enforced, Gathered, Kicked,
    LinkEvent, Me, Proof, Sys, SysError, SysEvent, TlsFiles, Update,
};
use nats_oam::text::Text;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::world::{Admin, World};

/// What a story does at a moment of an act.
pub type Moment = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// The real servers, with moments in between.
struct Between {
    servers: Arc<dyn Sys>,
    before_push: Moment,
    after_push: Moment,
    before_proof: Moment,
    before_guard: Moment,
    before_copies: Moment,
}

impl Between {
    fn of(servers: Arc<dyn Sys>) -> Self {
        Self {
            servers,
            before_push: nothing(),
            after_push: nothing(),
            before_proof: nothing(),
            before_guard: nothing(),
            before_copies: nothing(),
        }
    }
}

/// Nothing happens.
pub fn nothing() -> Moment {
    Arc::new(|| Box::pin(std::future::ready(())))
}

/// An act's way to the servers: what the program opens, with two moments of the story's.
pub async fn ports(world: &World, admin: &Admin, before_push: Moment, after_push: Moment) -> Ports {
    let opened = open_ports(&world.description(), admin.home.path()).await;
    with_moments(opened, before_push, after_push)
}

pub fn with_moments(ports: Ports, before_push: Moment, after_push: Moment) -> Ports {
    between(ports, |servers| Between {
        before_push,
        after_push,
        ..Between::of(servers)
    })
}

/// The same, with one moment: before the servers are asked what they enforce.
pub async fn ports_proving(world: &World, admin: &Admin, before_proof: Moment) -> Ports {
    let opened = open_ports(&world.description(), admin.home.path()).await;
    between(opened, |servers| Between {
        before_proof,
        ..Between::of(servers)
    })
}

/// The same, with one moment: before a guard pushes.
pub fn guarding(ports: Ports, before_guard: Moment) -> Ports {
    between(ports, |servers| Between {
        before_guard,
        ..Between::of(servers)
    })
}

/// The same, with one moment: before the servers are asked which copies of an account they keep.
pub fn comparing(ports: Ports, before_copies: Moment) -> Ports {
    between(ports, |servers| Between {
        before_copies,
        ..Between::of(servers)
    })
}

fn between(mut ports: Ports, with: impl FnOnce(Arc<dyn Sys>) -> Between) -> Ports {
    let servers = ports.sys.take().unwrap();
    ports.sys = Some(Arc::new(with(servers)));
    ports
}

/// What the program opens at somebody's home.
pub async fn open_ports(sandbox: &Description, home: &Path) -> Ports {
    let urls = sandbox.servers.iter().map(|server| server.url.clone());
    let opening = Opening {
        paths: Paths {
            config: home.join("nsc"),
            stores: sandbox.data_dir.clone(),
            keys: sandbox.keystore_dir.clone(),
            operator: Some(sandbox.operator.name.as_str().into()),
            account: None,
            problem: None,
        },
        address: Address {
            urls: urls.collect(),
            tls: TlsFiles::default(),
            client_name: "story".to_owned(),
            inbox_prefix: None,
        },
        creds: None,
        context_creds: None,
        reach: Reach::Servers,
        data: home.join("data/nats-oam"),
        state: home.join("state/nats-oam"),
        context: Context {
            name: "story".into(),
            flag: None,
            production: false,
            access: Access::Write,
        },
        actor: Actor::os_user("kim".into(), "laptop".into()),
        timeout: Duration::from_secs(2),
        now: Timestamp::now,
    };
    open(opening).await.unwrap().ports
}

/// The act that revokes one user.
pub fn revoking(whom: &str) -> RevokeUsers {
    RevokeUsers {
        whom: vec![whom.parse().unwrap()],
        all: None,
        before: None,
    }
}

pub async fn prepared<A: Action>(action: &A, ports: &Ports) -> Preview {
    prepare(action, ports, None).await.unwrap()
}

/// Gives the consent that a plan asks for, and applies it.
pub async fn applied(preview: Preview, ports: &Ports) -> Outcome {
    applied_until(&CancellationToken::new(), preview, ports).await
}

/// The same, while somebody may cancel it.
pub async fn applied_until(cancel: &CancellationToken, preview: Preview, ports: &Ports) -> Outcome {
    consented(preview, ports, cancel, Watch::Nobody).await
}

/// The same, where somebody guards what is done.
pub async fn applied_under_guard(preview: Preview, ports: &Ports) -> Outcome {
    consented(preview, ports, &CancellationToken::new(), Watch::Guard).await
}

async fn consented(
    preview: Preview,
    ports: &Ports,
    cancel: &CancellationToken,
    watch: Watch,
) -> Outcome {
    let consent = Consent {
        yes: true,
        typed: Some(preview.plan().confirm.clone()),
        ..Consent::default()
    };
    let approved = preview.approve(consent).unwrap();
    let manner = Manner {
        wait: Duration::from_secs(10),
        cancel,
        progress: &|_| {},
        watch,
    };
    apply(approved, ports, &manner).await
}

impl Sys for Between {
    fn me(&self) -> &Me {
        self.servers.me()
    }

    fn refused(&self) -> Vec<Text> {
        self.servers.refused()
    }

    fn link(&self) -> broadcast::Receiver<LinkEvent> {
        self.servers.link()
    }

    fn census(&self) -> watch::Receiver<Arc<Census>> {
        self.servers.census()
    }

    fn take_census(&self) -> BoxFuture<'_, Result<Arc<Census>, SysError>> {
        self.servers.take_census()
    }

    fn forget(&self, server: &Text) {
        self.servers.forget(server);
    }

    fn list(&self) -> BoxFuture<'_, Result<Gathered<Vec<AccountId>>, SysError>> {
        self.servers.list()
    }

    fn pack(&self) -> BoxFuture<'_, Result<BoxStream<'static, Result<Token, SysError>>, SysError>> {
        self.servers.pack()
    }

    fn lookup(&self, account: AccountId) -> BoxFuture<'_, Result<Copies, SysError>> {
        Box::pin(async move {
            (self.before_copies)().await;
            self.servers.lookup(account).await
        })
    }

    fn account(&self, account: AccountId) -> BoxFuture<'_, Result<Gathered<Enforced>, SysError>> {
        self.servers.account(account)
    }

    fn counts(&self) -> BoxFuture<'_, Result<Gathered<Vec<AccountCounts>>, SysError>> {
        self.servers.counts()
    }

    fn streams(
        &self,
        account: AccountId,
    ) -> BoxFuture<'_, Result<Gathered<Vec<StreamRow>>, SysError>> {
        self.servers.streams(account)
    }

    fn connections(
        &self,
        query: ConnQuery,
    ) -> BoxFuture<'_, Result<Gathered<Vec<ConnectionRow>>, SysError>> {
        self.servers.connections(query)
    }

    fn token_of(&self, id: ConnId) -> BoxFuture<'_, Result<Option<Token>, SysError>> {
        self.servers.token_of(id)
    }

    fn push<'a>(
        &'a self,
        update: &'a Update,
    ) -> BoxFuture<'a, Result<Gathered<Accepted>, SysError>> {
        Box::pin(async move {
            (self.before_guard)().await;
            self.servers.push(update).await
        })
    }

    fn contain<'a>(
        &'a self,
        update: &'a Update,
        kicks: &'a [ConnId],
    ) -> BoxFuture<'a, Result<Gathered<Accepted>, SysError>> {
        Box::pin(async move {
            (self.before_push)().await;
            let told = self.servers.contain(update, kicks).await;
            (self.after_push)().await;
            told
        })
    }

    fn prove<'a>(&'a self, update: &'a Update) -> BoxFuture<'a, Result<Gathered<Proof>, SysError>> {
        Box::pin(async move {
            (self.before_proof)().await;
            self.servers.prove(update).await
        })
    }

    fn kick(&self, id: ConnId) -> BoxFuture<'_, Kicked> {
        self.servers.kick(id)
    }

    fn drain(&self, id: ConnId) -> BoxFuture<'_, Result<(), SysError>> {
        self.servers.drain(id)
    }

    fn reload(&self, server: ServerId) -> BoxFuture<'_, Result<(), SysError>> {
        self.servers.reload(server)
    }

    fn events(&self) -> BoxFuture<'_, Result<BoxStream<'static, Vec<SysEvent>>, SysError>> {
        self.servers.events()
    }
}
