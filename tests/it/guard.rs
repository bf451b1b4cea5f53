//! The guard: a server that was away when a user was revoked lets that user in, and our update throws it out.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use jiff::Timestamp;
use nats_oam::actions::action::Access;
use nats_oam::actions::apply::{Manner, Watch, apply};
use nats_oam::actions::guard::{self, Guarded};
use nats_oam::actions::opening::{self, Opened, Opening, Reach};
use nats_oam::actions::plan::Consent;
use nats_oam::actions::ports::Context;
use nats_oam::actions::prepare::prepare;
use nats_oam::actions::user::revoke::RevokeUsers;
use nats_oam::demo::sandbox::{ClientOrder, Description, Options, Order, Sandbox};
use nats_oam::ledger::audit::{Actor, Outcome as Word};
use nats_oam::store::paths::Paths;
use nats_oam::store::signer::CredsSource;
use nats_oam::sys::{Address, TlsFiles};
use tokio_util::sync::CancellationToken;

use crate::support::skip::needs;
use crate::support::tools::Tool;

const DEADLINE: Duration = Duration::from_secs(20);

/// What the issue allows the intruder.
const OUT_WITHIN: Duration = Duration::from_secs(2);

#[test]
fn an_intruder_on_a_server_that_comes_late_is_out_by_our_update() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let mut sandbox = start(tools.path(Tool::NatsServer));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let opened = runtime.block_on(open(sandbox.description(), home.path()));
    let heard = Heard::begin(&runtime, sandbox.description());
    let guarded = begin_guard(&runtime, &opened);
    let intruder = creds_of(sandbox.description(), "ORDERS", "worker-night");
    let client = ClientOrder {
        creds: intruder,
        server: Some("n3".into()),
        name: "intruder".into(),
        claims: None,
    };
    sandbox.order(&Order::Client(client)).unwrap();
    heard.wait_for("the client to connect", |line| {
        line.is("CONNECT", "intruder")
    });
    sandbox.order(&Order::Kill("n3".into())).unwrap();

    let outcome = runtime.block_on(revoke(&opened, "ORDERS/worker-night"));

    assert_eq!(outcome.word, Word::Unverified, "{:#?}", outcome.report);
    assert_eq!(outcome.report.silent(), ["n3".into()]);
    assert!(outcome.report.guard.is_some());
    let before = heard.len();
    sandbox.order(&Order::Start("n3".into())).unwrap();
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
    until("the guard to say what it did", || {
        !guarded.lock().unwrap().is_empty()
    });
    let told = guarded.lock().unwrap().remove(0);
    assert_eq!(
        (told.server.to_string().as_str(), &told.problem),
        ("n3", &None)
    );
    assert!(told.record.is_some(), "it is recorded");
    assert!(opened.ports.record.ledger.verify().unwrap().holds());
}

fn start(program: &Path) -> Sandbox {
    let options = Options {
        program: program.to_owned(),
        servers: 3,
        tenants: false,
        spare_accounts: 0,
    };
    Sandbox::start(Path::new(env!("CARGO_BIN_EXE_nats-oam")), &options).unwrap()
}

fn creds_of(world: &Description, account: &str, user: &str) -> PathBuf {
    world
        .keystore_dir
        .join("creds")
        .join(&world.operator.name)
        .join(account)
        .join(format!("{user}.creds"))
}

async fn open(world: &Description, home: &Path) -> Opened {
    // Where the story listens, so that it hears our update before what n3 makes of it; and not on n3, which it kills.
    let urls = vec![world.servers[0].url.clone()];
    let opening = Opening {
        paths: Paths {
            config: home.join("nsc"),
            stores: world.data_dir.clone(),
            keys: world.keystore_dir.clone(),
            nats: home.join("nats"),
            operator: Some(world.operator.name.as_str().into()),
            account: None,
            problem: None,
        },
        address: Address {
            urls,
            tls: TlsFiles::default(),
            client_name: "guard story".into(),
            inbox_prefix: None,
        },
        creds: Some(CredsSource::File(world.creds.clone())),
        context_creds: None,
        reach: Reach::Servers,
        data: home.join("data"),
        state: home.join("state"),
        context: Context {
            name: "sandbox".into(),
            flag: None,
            production: false,
            access: Access::Write,
        },
        actor: Actor::os_user("story".into(), "here".into()),
        timeout: Duration::from_secs(2),
        now: Timestamp::now,
    };
    opening::open(opening).await.unwrap()
}

fn begin_guard(runtime: &tokio::runtime::Runtime, opened: &Opened) -> Arc<Mutex<Vec<Guarded>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (ports, heard) = (opened.ports.clone(), Arc::clone(&told));
    runtime.spawn(async move {
        let tell = move |guarded| heard.lock().unwrap().push(guarded);
        guard::watch(&ports, &tell, &CancellationToken::new())
            .await
            .unwrap();
    });
    told
}

async fn revoke(opened: &Opened, user: &str) -> nats_oam::actions::outcome::Outcome {
    let action = RevokeUsers {
        whom: vec![user.parse().unwrap()],
        all: None,
        before: None,
    };
    let preview = prepare(&action, &opened.ports, None).await.unwrap();
    let typed = Some(preview.plan().confirm.clone());
    let approved = preview
        .approve(Consent {
            typed,
            ..Consent::default()
        })
        .unwrap();
    let cancel = CancellationToken::new();
    let manner = Manner {
        wait: Duration::from_secs(10),
        cancel: &cancel,
        progress: &|_| {},
        watch: Watch::Guard,
    };
    apply(approved, &opened.ports, &manner).await
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
    fn begin(runtime: &tokio::runtime::Runtime, world: &Description) -> Self {
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
        let find = || {
            self.0
                .lock()
                .unwrap()
                .iter()
                .find(|line| wanted(line))
                .cloned()
        };
        until(what, || find().is_some());
        find().unwrap()
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
