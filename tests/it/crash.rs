//! A revocation whose process dies: before and after each thing that it does to the world. No token is pushed that is not on
//! record, the next start tells what was begun and what of it is true, and the record holds.
//!
//! The process is this test binary, run again: it aborts at the effect that it is told.

use std::collections::HashMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use nats_oam::actions::recovery::{Stands, Unfinished, unfinished};
use nats_oam::demo::sandbox::Description;
use nats_oam::inventory::creds_row::CredsRow;
use nats_oam::jwt::account::Account;
use nats_oam::jwt::keys::{AccountId, PublicKey};
use nats_oam::jwt::signer::Signer;
use nats_oam::jwt::token::{Revision, Token};
use nats_oam::ledger::audit::Record;
use nats_oam::ledger::{
    Draft, Ending, Fact, Fault, Ledger, LedgerError, Listing, Query, RecordId, Verification,
};
use nats_oam::store::keyring::{Held, NewKey};
use nats_oam::store::{CredsPlace, Sink, Store, StoreError, Stored};
use nats_oam::text::Text;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::support::between::{Moment, applied, open_ports, prepared, revoking, with_moments};
use crate::support::ears::Ears;
use crate::support::process::{orders, process};
use crate::support::world::{Admin, Tenant, World, text};

/// Before and after: the intent, the push with its kicks, the store, the result, the certificate of the record's key.
const MOMENTS: usize = 10;

/// Of these the command is run again: nothing was done yet, the servers have it, the store as well.
const RUN_AGAIN: [usize; 3] = [3, 5, 6];

const SIGABRT: i32 = 6;

/// What a process that is to die is told.
#[derive(Serialize, Deserialize)]
struct Orders {
    sandbox: Description,
    home: PathBuf,
    user: String,
    moment: usize,
}

/// Counts what is done to the world, and ends the process at the chosen moment.
#[derive(Clone)]
struct Fate(Arc<AtomicUsize>);

impl Fate {
    fn at(moment: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(moment)))
    }

    fn pass(&self) {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }

    fn around<T>(&self, effect: impl FnOnce() -> T) -> T {
        self.pass();
        let done = effect();
        self.pass();
        done
    }

    fn moment(&self) -> Moment {
        let fate = self.clone();
        Arc::new(move || {
            fate.pass();
            Box::pin(std::future::ready(()))
        })
    }
}

/// The record of a process that may die.
struct MortalLedger(Arc<dyn Ledger>, Fate);

impl Ledger for MortalLedger {
    fn writer(&self) -> PublicKey {
        self.0.writer()
    }

    fn intent(&self, draft: Draft) -> Result<RecordId, LedgerError> {
        self.1.around(|| self.0.intent(draft))
    }

    fn result(&self, of: RecordId, ending: Ending) -> Result<RecordId, LedgerError> {
        self.1.around(|| self.0.result(of, ending))
    }

    fn fact(&self, fact: Fact) -> Result<RecordId, LedgerError> {
        self.1.around(|| self.0.fact(fact))
    }

    fn open_intents(&self) -> Result<Vec<Record>, LedgerError> {
        self.0.open_intents()
    }

    fn records(&self, query: &Query) -> Result<Listing, LedgerError> {
        self.0.records(query)
    }

    fn rollbacks(&self) -> Result<Vec<Fault>, LedgerError> {
        self.0.rollbacks()
    }

    fn verify(&self) -> Result<Verification, LedgerError> {
        self.0.verify()
    }
}

/// The store of a process that may die.
struct MortalStore(Arc<dyn Store>, Fate);

impl Store for MortalStore {
    fn facts(&self, sink: Sink<'_>) {
        self.0.facts(sink);
    }

    fn token(&self, of: &Stored) -> Result<Token, StoreError> {
        self.0.token(of)
    }

    fn write(&self, of: &Stored, token: &Token, base: Option<Revision>) -> Result<(), StoreError> {
        self.1.around(|| self.0.write(of, token, base))
    }

    fn signer(&self, key: PublicKey) -> Result<Arc<dyn Signer>, StoreError> {
        self.0.signer(key)
    }

    fn held(&self) -> Held {
        self.0.held()
    }

    fn key_path(&self, key: PublicKey) -> PathBuf {
        self.0.key_path(key)
    }

    fn keep(&self, key: &NewKey) -> Result<(), StoreError> {
        self.1.around(|| self.0.keep(key))
    }

    fn creds_path(&self, account: AccountId, user: &Text) -> Result<PathBuf, StoreError> {
        self.0.creds_path(account, user)
    }

    fn creds(&self) -> Vec<CredsRow> {
        self.0.creds()
    }

    fn write_creds(
        &self,
        token: &Token,
        key: Option<&NewKey>,
        place: &CredsPlace,
    ) -> Result<PathBuf, StoreError> {
        self.1.around(|| self.0.write_creds(token, key, place))
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it dies: another story runs it in a process of its own"]
async fn a_process_that_dies() {
    nats_oam::telemetry::seal().unwrap(); // as the program: a core would hold seeds
    let orders: Orders = orders();
    let fate = Fate::at(orders.moment);
    let opened = open_ports(&orders.sandbox, &orders.home).await;
    let mut ports = with_moments(opened, fate.moment(), fate.moment());
    ports.record.ledger = Arc::new(MortalLedger(ports.record.ledger, fate.clone()));
    ports.store = Some(Arc::new(MortalStore(ports.store.unwrap(), fate)));
    let revoke = revoking(&orders.user);

    let preview = prepared(&revoke, &ports).await;
    let outcome = applied(preview, &ports).await;

    assert_eq!(outcome.error, None);
}

/// A process that is to die at a moment, with an account and a home of its own.
struct Mortal {
    moment: usize,
    tenant: Tenant,
    admin: Admin,
    process: Child,
}

impl Mortal {
    fn start(world: &World, homes: &Homes, moment: usize) -> Self {
        let (tenant, admin) = (world.tenant(), world.admin());
        let home = admin.home.path().to_owned();
        homes.lock().unwrap().insert(tenant.id, home.clone());
        let orders = Orders {
            sandbox: world.description(),
            home,
            user: format!("{}/a", tenant.name),
            moment,
        };
        let process = process("crash::a_process_that_dies", &orders)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            moment,
            tenant,
            admin,
            process,
        }
    }

    /// The record of this process's act.
    fn chain(&self) -> PathBuf {
        chain(self.admin.home.path()).unwrap()
    }
}

/// The only chain at a home, once there is one.
fn chain(home: &Path) -> Option<PathBuf> {
    let operators = fs::read_dir(home.join("data/nats-oam")).ok()?;
    let audits = operators
        .flatten()
        .map(|operator| operator.path().join("ledger/audit"));
    let mut files = audits.flat_map(|audit| fs::read_dir(audit).into_iter().flatten().flatten());
    let is_chain = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "jsonl")
    };
    files.find_map(|file| Some(file.path()).filter(is_chain))
}

/// For each push of an account's token, whether its intent was on disk when it was heard.
type Heard = Arc<Mutex<HashMap<AccountId, Vec<bool>>>>;

/// Where the record of each account's process is.
type Homes = Arc<Mutex<HashMap<AccountId, PathBuf>>>;

/// Listens to pushes. An intent is looked for in the moment in which a push is heard.
async fn listen(ears: &Ears, homes: Homes, heard: Heard) -> JoinHandle<()> {
    let mut pushes = ears.pushes().await;
    tokio::spawn(async move {
        while let Some(push) = pushes.next().await {
            let token = Token::decode(std::str::from_utf8(&push.payload).unwrap()).unwrap();
            let account = token.envelope().subject.try_into().unwrap();
            let home = homes.lock().unwrap().get(&account).cloned();
            let Some(home) = home else { continue };
            let record = chain(&home).map(|chain| fs::read_to_string(chain).unwrap());
            let is_recorded = record.is_some_and(|record| record.contains(r#""phase":"intent""#));
            heard
                .lock()
                .unwrap()
                .entry(account)
                .or_default()
                .push(is_recorded);
        }
    })
}

/// What the next start finds.
async fn found_after(world: &World, mortal: &Mortal) -> Vec<Unfinished> {
    let ports = open_ports(&world.description(), mortal.admin.home.path()).await;
    let verification = ports.record.ledger.verify().unwrap();
    assert!(verification.holds(), "{}: {verification:?}", mortal.moment);
    unfinished(&ports).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_revocation_is_cut_off_the_next_start_tells_what_is_true() {
    let Some(world) = World::shared() else { return };
    let ears = world.ears().await;
    let heard = Heard::default();
    let homes = Homes::default();
    let listening = listen(&ears, Arc::clone(&homes), Arc::clone(&heard)).await;
    // The last one is told to die later than it lives.
    let moments = 1..=MOMENTS + 1;
    let mut mortals: Vec<Mortal> = moments
        .map(|moment| Mortal::start(world, &homes, moment))
        .collect();

    for mortal in &mut mortals {
        let status = mortal.process.wait().unwrap();
        let survives = mortal.moment > MOMENTS;
        assert_eq!(status.success(), survives, "{}: {status}", mortal.moment);
        assert_eq!(status.signal(), (!survives).then_some(SIGABRT));
    }

    for mortal in &mortals {
        check(world, mortal, &heard).await;
    }
    listening.abort();
}

async fn check(world: &World, mortal: &Mortal, heard: &Heard) {
    let (moment, tenant) = (mortal.moment, &mortal.tenant);
    let (is_recorded, is_pushed, is_stored, has_result) =
        (moment >= 2, moment >= 4, moment >= 6, moment >= 8);
    let pushes = heard
        .lock()
        .unwrap()
        .get(&tenant.id)
        .cloned()
        .unwrap_or_default();
    assert_eq!(pushes, vec![true; usize::from(is_pushed)], "{moment}");
    let user = tenant.user("a");
    let stored = Account::of(&tenant.token_in_store()).unwrap();
    assert_eq!(
        stored.revocations.named(user).is_some(),
        is_stored,
        "{moment}"
    );

    let open = found_after(world, mortal).await;

    assert_eq!(
        open.len(),
        usize::from(is_recorded && !has_result),
        "{moment}: {open:?}"
    );
    for act in &open {
        assert_eq!(act.intent.action, "user.revoke".into());
        let [edit] = act.edits.as_slice() else {
            panic!("{:?}", act.edits)
        };
        assert_eq!(
            (edit.account, &edit.path),
            (tenant.id, &format!("/nats/revocations/{user}"))
        );
        let truth = if is_pushed { Stands::Yes } else { Stands::No };
        let servers: Vec<_> = edit
            .servers
            .iter()
            .map(|server| (server.name.to_string(), server.stands))
            .collect();
        let expected = ["n1", "n2", "n3"].map(|name| (name.to_owned(), truth));
        assert_eq!(servers, expected, "{moment}");
    }
    the_next_start_says_so(mortal, &open);
    if RUN_AGAIN.contains(&moment) {
        running_it_again_ends_it(mortal, is_stored);
    }
    if is_recorded {
        one_flipped_byte_is_noticed(world, mortal).await;
    }
}

/// The program from outside: what was begun, what of it is true on each server, and where to look.
fn the_next_start_says_so(mortal: &Mortal, open: &[Unfinished]) {
    let status = mortal.admin.run(&["status"]).json();
    let listed = mortal.admin.run(&["audit", "ls", "--limit", "1"]);

    let problems = status["item"]["problems"].as_array().unwrap();
    let told: Vec<_> = problems
        .iter()
        .filter(|problem| problem["code"] == "open_intent")
        .collect();
    assert_eq!(told.len(), open.len(), "{}: {status:#}", mortal.moment);
    let warned = listed.warnings().contains(&"open_intent".to_owned());
    assert_eq!(warned, !open.is_empty(), "{}: {listed:?}", mortal.moment);
    for (problem, act) in told.iter().zip(open) {
        let id = act.intent.id;
        let (what, so) = (text(&problem["what"]), text(&problem["so"]));
        assert!(what.starts_with(&id.to_string()), "{what}");
        let stands = if mortal.moment >= 4 {
            "in force on n1, n2, n3"
        } else {
            "not in force on n1, n2, n3"
        };
        assert!(so.contains(&format!("is {stands}")), "{so}");
        let look = format!("nats-oam audit info {id}");
        assert_eq!(problem["next"][0]["run"], look.as_str());
        let info = mortal.admin.run(&["audit", "info", &id.to_string()]);
        assert_eq!(info.json()["item"]["phase"], "intent", "{info:?}");
    }
}

/// What was cut off before the store had it is done by the same command; what is done already is left as it is.
fn running_it_again_ends_it(mortal: &Mortal, is_done: bool) {
    let (tenant, user) = (&mortal.tenant, format!("{}/a", mortal.tenant.name));
    let before = tenant.token_in_store();

    let ran = mortal
        .admin
        .run(&["user", "revoke", &user, "--confirm", &tenant.tail("a")]);

    let after = tenant.token_in_store();
    if is_done {
        assert_eq!(ran.json()["error"]["code"], "moot", "{ran:?}");
        assert_eq!(after.revision(), before.revision());
    } else {
        assert_eq!(ran.json()["outcome"], "verified", "{ran:?}");
        assert_eq!(ran.warnings(), ["nobody_guards"]);
        let revocations = Account::of(&after).unwrap().revocations;
        assert!(revocations.named(tenant.user("a")).is_some());
    }
}

async fn one_flipped_byte_is_noticed(world: &World, mortal: &Mortal) {
    let chain = mortal.chain();
    let mut bytes = fs::read(&chain).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&chain, bytes).unwrap();

    let ports = open_ports(&world.description(), mortal.admin.home.path()).await;

    assert!(
        !ports.record.ledger.verify().unwrap().holds(),
        "{}",
        mortal.moment
    );
}
