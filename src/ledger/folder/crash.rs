//! Crash points: the world ends at the k-th change of the disk, for every k, in four ways; what was acknowledged is there
//! afterwards, the chain holds, and the open intents are right.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::ledger::Order;
use crate::ledger::audit::Phase;
use crate::ledger::tests::{Home, draft, ending, writer};

/// What is on the platter when the world ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The process dies before the change.
    Before,
    /// The process dies with half of the change done.
    Halfway,
    /// The process dies after the change, before anybody hears of it.
    After,
    /// The power goes: files are as long as at their last sync.
    Power,
    /// No end: this one change finds the disk full, half of it written.
    Full,
}

/// A disk that fails once, or for good, at one of its changes.
struct FailingDisk {
    end: End,
    state: Mutex<State>,
}

struct State {
    left: usize,
    dead: bool,
    synced: HashMap<u64, u64>,
}

impl FailingDisk {
    fn new(at: usize, end: End) -> Self {
        let state = State {
            left: at,
            dead: false,
            synced: HashMap::new(),
        };
        Self {
            end,
            state: Mutex::new(state),
        }
    }

    fn change(
        &self,
        whole: impl FnOnce() -> io::Result<()>,
        half: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.dead {
            return Err(io::Error::other("the world has ended"));
        }
        let Some(left) = state.left.checked_sub(1) else {
            return whole();
        };
        state.left = left;
        if left > 0 {
            return whole();
        }
        state.dead = self.end != End::Full;
        match self.end {
            End::Before => {}
            End::After => whole()?,
            End::Halfway | End::Full | End::Power => half()?,
        }
        Err(io::ErrorKind::StorageFull.into())
    }

    fn synced(&self, file: &File) {
        let metadata = file.metadata().unwrap();
        self.state
            .lock()
            .unwrap()
            .synced
            .insert(metadata.ino(), metadata.len());
    }

    /// Takes back what the power took.
    fn settle(&self, chain: &Path) {
        if self.end == End::Power
            && let Ok(metadata) = chain.metadata()
        {
            let synced = self
                .state
                .lock()
                .unwrap()
                .synced
                .get(&metadata.ino())
                .copied();
            File::options()
                .write(true)
                .open(chain)
                .unwrap()
                .set_len(synced.unwrap_or(0))
                .unwrap();
        }
    }

    fn struck(&self) -> bool {
        self.state.lock().unwrap().left == 0
    }
}

impl Disk for FailingDisk {
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let mut again = file.try_clone()?;
        self.change(
            || file.write_all(bytes),
            || again.write_all(&bytes[..bytes.len() / 2]),
        )
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.change(|| file.sync_all(), || Ok(()))?;
        self.synced(file);
        Ok(())
    }

    fn set_len(&self, file: &File, length: u64) -> io::Result<()> {
        self.change(|| file.set_len(length), || Ok(()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|| std::fs::rename(from, to), || Ok(()))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.change(|| SystemDisk.sync_folder(folder), || Ok(()))
    }
}

/// What an earlier crash left in the chain.
const TORN: &[u8] = b"{\"torn\":";

/// What a caller was told.
#[derive(Default)]
struct Told {
    acknowledged: Vec<RecordId>,
    open: Vec<RecordId>,
    errors: usize,
}

/// Three acts, the second without a result, on a chain that begins with a torn line.
fn story(folder: &Folder) -> Told {
    let mut told = Told::default();
    for act in 0..3 {
        let Ok(intent) = folder.intent(draft("user.revoke")) else {
            told.errors += 1;
            continue;
        };
        told.acknowledged.push(intent);
        told.open.push(intent);
        if act == 1 {
            continue;
        }
        match folder.result(intent, ending()) {
            Ok(result) => {
                told.acknowledged.push(result);
                told.open.pop();
            }
            Err(_) => told.errors += 1,
        }
    }
    told
}

/// Runs the story on a disk that fails at its `k`-th change; `None` when the story has fewer.
fn run(home: &Home, k: usize, end: End) -> Option<Told> {
    home.open();
    std::fs::write(home.chain(), TORN).unwrap();
    let disk = Arc::new(FailingDisk::new(k, end));
    disk.synced(&File::open(home.chain()).unwrap());
    let places = Places::new(&home.ledger(), &home.heads());
    let folder = Folder::on(disk.clone(), places, Arc::new(writer(1))).unwrap();
    let told = story(&folder);
    disk.settle(&home.chain());
    disk.struck().then_some(told)
}

fn recorded(folder: &Folder) -> Vec<Record> {
    let oldest_first = Query {
        order: Order::OldestFirst,
        ..Query::default()
    };
    folder.records(&oldest_first).unwrap().records
}

fn ids(records: &[Record]) -> Vec<RecordId> {
    let mut ids: Vec<RecordId> = records.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    ids
}

/// Intents that no recorded result names, told by the records alone.
fn truly_open(records: &[Record]) -> Vec<RecordId> {
    let ended = |id| {
        records
            .iter()
            .any(|record| record.phase == Phase::Result && record.op == id)
    };
    let open: Vec<Record> = records
        .iter()
        .filter(|record| record.phase == Phase::Intent && !ended(record.id))
        .cloned()
        .collect();
    ids(&open)
}

fn check(home: &Home, told: &Told, point: &str) {
    let folder = home.open();
    // The next act of the next process: it sets aside what was torn.
    folder.intent(draft("account.push")).unwrap();

    let verification = folder.verify().unwrap();
    assert!(verification.holds(), "{point}: {verification:?}");
    let kept = files(&folder.places.aside).unwrap();
    assert!(
        kept.iter().any(|path| std::fs::read(path).unwrap() == TORN),
        "{point}: the torn line is gone"
    );
    let records = recorded(&folder);
    let found = ids(&records);
    for id in &told.acknowledged {
        assert!(
            found.contains(id),
            "{point}: {id} was acknowledged and is gone"
        );
    }
    // The next act, and at most the one record that was interrupted: written, and nobody heard of it.
    assert!(
        found.len() <= told.acknowledged.len() + 2,
        "{point}: {found:?}"
    );
    let open = truly_open(&records);
    assert_eq!(ids(&folder.open_intents().unwrap()), open, "{point}");
    assert_eq!(
        verification
            .chains
            .iter()
            .flat_map(|chain| chain.open.clone())
            .collect::<Vec<_>>(),
        open,
        "{point}"
    );
    let ended_unheard = told.open.iter().filter(|id| !open.contains(id)).count();
    assert!(
        ended_unheard <= told.errors.min(1),
        "{point}: {ended_unheard} open intents are not listed"
    );
}

#[test]
fn no_acknowledged_record_is_lost_wherever_the_world_ends() {
    let mut points = 0;
    for end in [End::Before, End::Halfway, End::After, End::Power] {
        for k in 1.. {
            let home = Home::new();
            let Some(told) = run(&home, k, end) else {
                break;
            };
            check(&home, &told, &format!("{end:?} at change {k}"));
            points += 1;
        }
    }
    // 5 appends of 2 changes and 4 for the memory of each, and what the torn line takes: fewer means that it was not counted.
    assert!(points > 4 * 30, "only {points} crash points");
}

#[test]
fn a_full_disk_says_that_nothing_was_recorded_and_leaves_the_chain_whole() {
    let home = Home::new();
    home.open().intent(draft("user.revoke")).unwrap();
    let before = std::fs::read(home.chain()).unwrap();
    let disk = Arc::new(FailingDisk::new(1, End::Full));
    let places = Places::new(&home.ledger(), &home.heads());
    let folder = Folder::on(disk, places, Arc::new(writer(1))).unwrap();

    let error = folder.intent(draft("user.revoke")).unwrap_err();

    assert!(matches!(error, LedgerError::NotRecorded { .. }), "{error}");
    assert!(error.to_string().contains("nothing was recorded"));
    assert_eq!(std::fs::read(home.chain()).unwrap(), before);
    folder.intent(draft("user.revoke")).unwrap();
    assert!(folder.verify().unwrap().holds());
}

#[test]
fn a_disk_that_is_full_at_any_change_loses_nothing_and_leaves_nothing_behind() {
    for k in 1.. {
        let home = Home::new();
        let Some(told) = run(&home, k, End::Full) else {
            assert!(k > 30, "only {k} changes");
            break;
        };
        assert_eq!(
            ids(&recorded(&home.open())),
            told.acknowledged,
            "full at change {k}"
        );
        check(&home, &told, &format!("full at change {k}"));
    }
}
