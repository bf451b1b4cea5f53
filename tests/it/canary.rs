//! Seeds stay where they belong. After acts with keys that the story knows, no stream, record, token or stray file holds one,
//! and neither does the memory of a process that has signed with them, made one and logged in.
//!
//! Limit: memory is read when the acts are done; while a signature is made its seed is there.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use data_encoding::BASE32_NOPAD;
use nats_oam::actions::action::Action;
use nats_oam::actions::ports::Ports;
use nats_oam::actions::user::creds::WriteCreds;
use nats_oam::actions::user::reissue::ReissueUser;
use nats_oam::demo::sandbox::Description;
use nats_oam::jwt::keys::{KeyKind, PublicKey};
use nats_oam::jwt::signer::Signer as _;
use nats_oam::store::keyring::{Keyring, NewKey};
use nats_oam::store::signer::{CredsSigner, CredsSource};
use serde::{Deserialize, Serialize};

use crate::support::between::{applied, open_ports, prepared, revoking};
use crate::support::files::{copy, ends_in, hashes};
use crate::support::process::{orders, process};
use crate::support::world::{Tenant, World};

/// So many bytes of a seed in a row are a leak.
const PART: usize = 16;

/// Parts of seeds, as text and as bytes.
struct Seeds {
    parts: HashSet<[u8; PART]>,
    /// Which two bytes parts begin with: most places are passed over by this.
    begins: Vec<bool>,
    count: usize,
}

impl Seeds {
    /// Those of a keyring.
    fn of(keys: &Path) -> Self {
        let files = hashes(keys);
        let held = files.keys().filter(|path| ends_in(path, "nk"));
        let texts: Vec<Vec<u8>> = held
            .map(|path| fs::read(keys.join(path)).unwrap().trim_ascii().to_vec())
            .collect();
        let mut parts: HashSet<[u8; PART]> = HashSet::new();
        for text in &texts {
            let raw = BASE32_NOPAD.decode(text).unwrap();
            // Behind the prefix, which is the same in all; raw without the checksum.
            parts.extend(text[2..].as_chunks::<PART>().0);
            parts.extend(raw[2..34].as_chunks::<PART>().0);
        }
        let mut begins = vec![false; usize::from(u16::MAX) + 1];
        for part in &parts {
            begins[first_two(part)] = true;
        }
        Self {
            parts,
            begins,
            count: texts.len(),
        }
    }

    /// Where bytes hold a part of a seed.
    fn places_in(&self, bytes: &[u8]) -> Vec<usize> {
        let windows = bytes.array_windows::<PART>().enumerate();
        let candidates = windows.filter(|(_, window)| self.begins[first_two(window)]);
        let found = candidates.filter(|(_, window)| self.parts.contains(*window));
        found.map(|(place, _)| place).collect()
    }

    #[track_caller]
    fn are_not_in(&self, bytes: &[u8], where_: &str) {
        let places = self.places_in(bytes);
        assert!(places.is_empty(), "{where_} holds a seed at {places:?}");
    }

    /// Looks at every file that is no secret by its nature, and tells how many those are.
    #[track_caller]
    fn are_not_below(&self, folder: &Path) -> usize {
        let files = hashes(folder);
        let is_secret = |path: &&String| ends_in(path, "nk") || ends_in(path, "creds");
        let open: Vec<&String> = files.keys().filter(|path| !is_secret(path)).collect();
        for path in &open {
            self.are_not_in(&fs::read(folder.join(path)).unwrap(), path);
        }
        open.len()
    }

    /// Where the memory of a process holds a part of a seed: the region's name, and how many there are.
    fn in_memory_of(&self, process: &Child) -> Vec<String> {
        let proc = Path::new("/proc").join(process.id().to_string());
        let memory = File::open(proc.join("mem")).unwrap();
        let maps = fs::read_to_string(proc.join("maps")).unwrap();
        let mut found = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            let address = |written: &str| u64::from_str_radix(written, 16).unwrap();
            let (start, end) = range
                .split_once('-')
                .map(|(a, b)| (address(a), address(b)))
                .unwrap();
            if !rights.starts_with("rw") {
                continue;
            }
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            if memory.read_exact_at(&mut bytes, start).is_ok() {
                let places = self.places_in(&bytes);
                found.extend(places.iter().map(|place| format!("{line} +{place:#x}")));
            }
        }
        found
    }
}

fn first_two(part: &[u8; PART]) -> usize {
    usize::from(u16::from_be_bytes([part[0], part[1]]))
}

/// What a process of a story does before it is looked at.
#[derive(Serialize, Deserialize)]
enum Orders {
    /// Revokes a user, reissues it and writes creds of another; stays connected.
    Act {
        sandbox: Box<Description>,
        home: PathBuf,
        account: String,
        leaked: PathBuf,
    },
    /// Signs with a key and with creds, makes a key, and does nothing more that could wipe what those left.
    Sign {
        keys: PathBuf,
        key: PublicKey,
        creds: PathBuf,
    },
    /// Keeps what a file holds: the proof that a leak would be found.
    Hold(PathBuf),
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "another story runs it in a process of its own, and looks into that"]
async fn a_process_that_is_looked_at() {
    match orders() {
        Orders::Act {
            sandbox,
            home,
            account,
            leaked,
        } => {
            let ports = open_ports(&sandbox, &home).await;
            act_on(&ports, &account, &leaked).await;
            wait_to_be_looked_at();
            assert!(ports.sys.is_some());
        }
        Orders::Sign { keys, key, creds } => {
            sign_with(&Keyring::new(keys), key, creds);
            wait_to_be_looked_at();
        }
        Orders::Hold(path) => {
            let held = fs::read(path).unwrap();
            wait_to_be_looked_at();
            assert!(!held.is_empty());
        }
    }
}

fn sign_with(keyring: &Keyring, key: PublicKey, creds: PathBuf) {
    let made = NewKey::random(KeyKind::User).unwrap();
    keyring.keep(&made).unwrap();
    assert!(made.public_key().verify(b"x", &made.sign(b"x").unwrap()));
    let (by_creds, token) = CredsSigner::open(CredsSource::File(creds)).unwrap();
    let (_, signature) = by_creds.answer(b"x").unwrap();
    assert!(token.envelope().subject.verify(b"x", &signature));
    let signer = keyring.signer(key).unwrap();
    assert!(key.verify(b"x", &signer.sign(b"x").unwrap()));
}

async fn act_on(ports: &Ports, account: &str, leaked: &Path) {
    let a = format!("{account}/a");
    let revoke = revoking(&a);
    let reissue = ReissueUser {
        user: a.parse().unwrap(),
        keep_key: false,
        expires: None,
        out: None,
    };
    let creds = WriteCreds {
        user: format!("{account}/b").parse().unwrap(),
        out: None,
        expires: None,
    };
    done(&revoke, ports).await;
    done(&reissue, ports).await;
    done(&creds, ports).await;
    let leaked = revoking(&format!("@{}", leaked.display()));
    prepared(&leaked, ports).await;
}

async fn done<A: Action>(action: &A, ports: &Ports) {
    let outcome = applied(prepared(action, ports).await, ports).await;
    assert_eq!(outcome.error, None);
}

fn wait_to_be_looked_at() {
    let mut stderr = std::io::stderr();
    stderr.write_all(b"look\n").unwrap();
    let _ = std::io::stdin().read(&mut [0]).unwrap();
}

/// Starts the process, and waits until it can be looked at.
fn started(orders: &Orders) -> Child {
    let mut child = process("canary::a_process_that_is_looked_at", orders)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| line != "look")
        .collect();
    assert!(child.try_wait().unwrap().is_none(), "{told:?}");
    child
}

fn ended(mut child: Child) {
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_process_that_has_signed_remembers_no_seed() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, sandbox) = (world.tenant(), world.admin(), world.description());
    let child = started(&Orders::Act {
        sandbox: Box::new(sandbox.clone()),
        home: admin.home.path().to_owned(),
        leaked: tenant.creds("c"),
        account: tenant.name,
    });
    // Those that the process made are in the keyring by now.
    let seeds = Seeds::of(&sandbox.keystore_dir);

    let found = seeds.in_memory_of(&child);

    assert!(seeds.count > 100);
    assert!(found.is_empty(), "{found:#?}");
    ended(child);
}

#[test]
fn nothing_is_left_of_a_seed_right_after_a_signature() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let keys = admin.home.path().join("keys");
    copy(&world.description().keystore_dir, &keys);
    let child = started(&Orders::Sign {
        keys: keys.clone(),
        key: tenant.token_in_store().envelope().issuer,
        creds: tenant.creds("a"),
    });

    let found = Seeds::of(&keys).in_memory_of(&child);

    assert!(found.is_empty(), "{found:#?}");
    ended(child);
}

#[test]
fn a_process_that_keeps_a_seed_would_be_found_out() {
    let Some(world) = World::shared() else { return };
    let (tenant, sandbox) = (world.tenant(), world.description());
    let child = started(&Orders::Hold(tenant.creds("a")));

    let found = Seeds::of(&sandbox.keystore_dir).in_memory_of(&child);

    assert!(!found.is_empty());
    ended(child);
}

#[test]
fn no_output_record_or_token_holds_a_seed() {
    // Nobody else writes below it while it is searched.
    let Some(world) = World::own() else { return };
    let (tenant, admin, sandbox) = (world.tenant(), world.admin(), world.description());
    let user = |name: &str| format!("{}/{name}", tenant.name);
    let tail = |name: &str| tenant.tail(name);
    let (a, b, c) = (user("a"), user("b"), user("c"));
    let temporary = admin.home.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let acts: [&[&str]; 9] = [
        &["user", "revoke", &a, "--dry-run"],
        &["user", "revoke", &a, "--confirm", &tail("a"), "-vv"],
        &["user", "reissue", &a, "--yes", "-vv"],
        &[
            "user",
            "reissue",
            &b,
            "--confirm",
            &tail("b"),
            "--expires",
            "2h",
        ],
        &["user", "reissue", &c, "--confirm", "nope"],
        &["user", "creds", &c, "--yes"],
        &["user", "creds", &c, "--yes", "--expires", "1h"],
        &["user", "creds", &c, "--yes", "--out", "/proc/none/x.creds"],
        &[
            "user",
            "revoke",
            &format!("@{}", tenant.creds("c").display()),
            "--dry-run",
        ],
    ];

    let outputs: Vec<Vec<u8>> = acts
        .iter()
        .map(|args| {
            let output = admin
                .command(args)
                .env("TMPDIR", &temporary)
                .output()
                .unwrap();
            [output.stdout, output.stderr].concat()
        })
        .collect();

    let seeds = Seeds::of(&sandbox.keystore_dir);
    for (args, output) in acts.iter().zip(&outputs) {
        assert!(!output.is_empty(), "{args:?}");
        seeds.are_not_in(output, &format!("{args:?}"));
    }
    assert!(
        seeds.are_not_below(admin.home.path()) >= 3,
        "there is no record"
    );
    assert!(seeds.are_not_below(&sandbox.data_dir) > 30);
    seeds.are_not_below(&sandbox.keystore_dir);
    assert!(hashes(&temporary).is_empty());
    a_seed_would_be_found(&seeds, &tenant);
}

/// The proof that the search finds what it looks for.
fn a_seed_would_be_found(seeds: &Seeds, tenant: &Tenant) {
    let creds = fs::read(tenant.creds("c")).unwrap();
    assert!(!seeds.places_in(&creds).is_empty());
}
