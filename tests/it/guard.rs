//! The guard: a server that was away when a user was revoked lets that user in, and our update throws it out.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use nats_oam::actions::guard::{self, Guarded};
use nats_oam::actions::ports::Ports;
use nats_oam::demo::sandbox::{ClientOrder, Description, Order};
use nats_oam::jwt::keys::AccountId;
use nats_oam::ledger::audit::{Digest, Outcome as Word};
use nats_oam::ledger::guard::{Guard, LIFETIME};
use tokio::runtime::Runtime;
use tokio::sync::Barrier;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::between::{
    Moment, applied_under_guard, comparing, guarding, open_ports, prepared, revoking,
};
use crate::support::patience::{DEADLINE, looked_until};
use crate::support::world::{Tenant, World};

/// What the issue allows the intruder.
const OUT_WITHIN: Duration = Duration::from_secs(2);

#[test]
fn an_intruder_on_a_server_that_comes_late_is_out_by_our_update() {
    let Some(world) = World::own() else { return };
    let sandbox = world.description();
    let worker_night = Tenant::of(&sandbox, "ORDERS").creds("worker-night");
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let ports = runtime.block_on(opened_on_n1(&sandbox, home.path()));
    let heard = Heard::begin(&runtime, &sandbox);
    let guarded = begin_guard(&runtime, &ports);
    world.order(&Order::Client(ClientOrder {
        creds: worker_night,
        server: Some("n3".into()),
        name: "intruder".into(),
        claims: None,
    }));
    heard.wait_for("the client to connect", |line| {
        line.is("CONNECT", "intruder")
    });
    world.order(&Order::Kill("n3".into()));

    let outcome = runtime.block_on(async {
        let revoke = revoking("ORDERS/worker-night");
        applied_under_guard(prepared(&revoke, &ports).await, &ports).await
    });

    assert_eq!(outcome.word, Word::Unverified, "{:#?}", outcome.report);
    assert_eq!(outcome.report.silent(), ["n3".into()]);
    assert!(outcome.report.guard.is_some());
    let before = heard.len();
    world.order(&Order::Start("n3".into()));
    heard.wait_for("the intruder to get in", |line| {
        line.at >= before && line.is("CONNECT", "intruder")
    });
    let out = heard.wait_for("the intruder to be out", |line| {
        line.at >= before && line.is("DISCONNECT", "intruder")
    });
    let entered = heard.wait_for("it came", |line| {
        line.at >= before && line.is("CONNECT", "intruder")
    });
    let update = heard.wait_for("our update", |line| {
        line.at >= before && line.subject == "$SYS.REQ.CLAIMS.UPDATE"
    });
    assert!(update.at < out.at, "our update came before it went");
    assert!(out.body.contains("Credentials Revoked"), "{}", out.body);
    assert!(
        out.seen - entered.seen <= OUT_WITHIN,
        "{:?}",
        out.seen - entered.seen
    );
    let told = looked_until("the guard says what it did", || {
        guarded.lock().unwrap().pop()
    });
    assert_eq!(
        (told.server.to_string().as_str(), &told.problem),
        ("n3", &None)
    );
    assert!(told.record.is_some(), "it is recorded");
    assert!(ports.record.ledger.verify().unwrap().holds());
}

#[test]
fn accounts_are_guarded_on_a_late_server_at_the_same_time() {
    let Some(world) = World::own() else { return };
    let sandbox = world.description();
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let ports = runtime.block_on(opened_on_n1(&sandbox, home.path()));
    let accounts = ["ORDERS", "BILLING", "SHIPPING"].map(|name| Tenant::of(&sandbox, name).id);
    for account in accounts {
        put_under_guard(&ports, account);
    }
    let met = Arc::new(Mutex::new(0));
    let guarded = begin_guard(
        &runtime,
        &guarding(ports, all_at_once(accounts.len(), &met)),
    );
    world.order(&Order::Kill("n3".into()));

    world.order(&Order::Start("n3".into()));

    looked_until("the guard says what it did", || {
        (guarded.lock().unwrap().len() == accounts.len()).then_some(())
    });
    assert_eq!(*met.lock().unwrap(), accounts.len());
}

/// A token that was read before a wait for the disk could be older than what somebody pushed meanwhile.
#[test]
fn a_guard_reads_what_it_pushes_when_its_intent_is_on_disk() {
    let Some(world) = World::own() else { return };
    let sandbox = world.description();
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let ports = runtime.block_on(opened_on_n1(&sandbox, home.path()));
    put_under_guard(&ports, Tenant::of(&sandbox, "ORDERS").id);
    let (record, seen) = (ports.record.clone(), Arc::new(Mutex::new(Vec::new())));
    let before_copies: Moment = {
        let seen = Arc::clone(&seen);
        Arc::new(move || {
            let open = record.ledger.open_intents().unwrap();
            seen.lock().unwrap().push(open.len());
            Box::pin(std::future::ready(()))
        })
    };
    let guarded = begin_guard(&runtime, &comparing(ports, before_copies));
    world.order(&Order::Kill("n3".into()));

    world.order(&Order::Start("n3".into()));

    let told = looked_until("the guard says what it did", || {
        guarded.lock().unwrap().pop()
    });
    assert_eq!(told.problem, None);
    assert_eq!(*seen.lock().unwrap(), [1]);
}

fn put_under_guard(ports: &Ports, account: AccountId) {
    let now = (ports.now)();
    let guard = Guard {
        id: "AAAAAAAA-1".parse().unwrap(),
        account,
        users: Vec::new(),
        revision: Digest([0; 32]),
        since_at: now,
        until_at: now + LIFETIME,
    };
    ports.record.guards().put(guard, now).unwrap();
}

/// A push waits until so many want to push, and counts those that were not left alone.
fn all_at_once(count: usize, met: &Arc<Mutex<usize>>) -> Moment {
    let (here, met) = (Arc::new(Barrier::new(count)), Arc::clone(met));
    Arc::new(move || {
        let (here, met) = (Arc::clone(&here), Arc::clone(&met));
        Box::pin(async move {
            let together = timeout(Duration::from_secs(5), here.wait()).await;
            *met.lock().unwrap() += usize::from(together.is_ok());
        })
    })
}

/// Opened where the story listens, so that it hears our update before what n3 makes of it; and not on n3, which it kills.
async fn opened_on_n1(sandbox: &Description, home: &Path) -> Ports {
    let mut near = sandbox.clone();
    near.servers.truncate(1);
    open_ports(&near, home).await
}

fn begin_guard(runtime: &Runtime, ports: &Ports) -> Arc<Mutex<Vec<Guarded>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (ports, heard) = (ports.clone(), Arc::clone(&told));
    runtime.spawn(async move {
        let tell = move |guarded| heard.lock().unwrap().push(guarded);
        guard::watch(&ports, &tell, &CancellationToken::new())
            .await
            .unwrap();
    });
    told
}

/// Everything that is said on `$SYS.>`, in the order in which one server passed it on.
struct Heard(Arc<Mutex<Vec<Line>>>);

#[derive(Clone)]
struct Line {
    at: usize,
    seen: Instant,
    subject: String,
    body: String,
}

impl Line {
    fn is(&self, event: &str, client: &str) -> bool {
        self.subject.ends_with(event) && self.body.contains(&format!("\"name\":\"{client}\""))
    }
}

impl Heard {
    fn begin(runtime: &Runtime, world: &Description) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (to, url, creds) = (
            Arc::clone(&lines),
            world.servers[0].url.clone(),
            world.creds.clone(),
        );
        let (ready, is_ready) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            let client = async_nats::ConnectOptions::with_credentials_file(creds)
                .await
                .unwrap()
                .connect(url)
                .await
                .unwrap();
            let mut said = client.subscribe("$SYS.>").await.unwrap();
            client.flush().await.unwrap();
            ready.send(()).unwrap();
            while let Some(message) = said.next().await {
                let mut lines = to.lock().unwrap();
                let body = String::from_utf8_lossy(&message.payload).into_owned();
                let at = lines.len();
                lines.push(Line {
                    at,
                    seen: Instant::now(),
                    subject: message.subject.to_string(),
                    body,
                });
            }
        });
        is_ready.recv_timeout(DEADLINE).unwrap();
        Self(lines)
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn wait_for(&self, what: &str, wanted: impl Fn(&Line) -> bool) -> Line {
        looked_until(what, || {
            let lines = self.0.lock().unwrap();
            lines.iter().find(|line| wanted(line)).cloned()
        })
    }
}
