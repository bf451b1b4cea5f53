//! Keys: those that nsc stored sign, those that are not what they say do not, and no seed is left lying about.

use std::fs;

use super::{copy_of, set_mode, store};
use crate::inventory::{Flaw, Problem};
use crate::jwt::creds::Creds;
use crate::jwt::json::Node;
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::signer::{SignError, Signer};
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::store::keyring::NewKey;
use crate::store::signer::{CredsSigner, CredsSource, FileSigner};
use crate::store::{CredsPlace, Store, StoreError};

const ORDERS: &str = "AAUH2UQO6MFUADESHTO4YBK4E44L2OAPXLWL7O7DBQTH2T257IZINW63";
const READER: &str = "ADO5CI2C3MIHBULPLNOLMK3PCHMQI5ULGTS56IS4XGLLUCRSO3RFYXJZ";
const NOKEY: &str = "UA7Q5DJPIA6KF3TYJQ77NQUFHROB63QFOIVQ2CLJH2P4S4OKBOYLNPVD";

fn key(text: &str) -> PublicKey {
    text.parse().unwrap()
}

#[test]
fn every_key_that_nsc_lists_as_stored_is_held_and_signs() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let list = fs::read_to_string(crate::test_support::shared(
        "fixtures/nsc/omega/says/list-keys.txt",
    ))
    .unwrap();
    let mut listed = Vec::new();
    for line in list.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let [_, _, key, _, "*", _] = cells[..] {
            listed.push(key.parse::<PublicKey>().unwrap());
        }
    }

    let held = store.held();

    assert!(listed.len() > 30);
    assert!(listed.iter().all(|key| held.keys.contains(key)));
    assert_eq!(held.flaws, []);
    for key in held.keys {
        let signature = store.signer(key).unwrap().sign(b"message").unwrap();
        assert!(key.verify(b"message", &signature));
    }
}

#[test]
fn a_key_without_a_private_part_is_not_held() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let path = store.keyring().path_of(key(NOKEY));
    assert_eq!(
        store.signer(key(NOKEY)).err(),
        Some(SignError::NotHeld { key: key(NOKEY) }.into())
    );

    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("{NOKEY}\n")).unwrap();

    assert_eq!(
        store.signer(key(NOKEY)).err(),
        Some(SignError::NotHeld { key: key(NOKEY) }.into())
    );
    fs::write(&path, "nonsense").unwrap();
    assert!(matches!(
        store.signer(key(NOKEY)).err(),
        Some(StoreError::Sign(SignError::Unreadable { .. }))
    ));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(
        store.signer(key(NOKEY)).err(),
        Some(StoreError::Sign(SignError::Unreadable { .. }))
    ));
}

#[test]
fn a_file_that_holds_another_key_does_not_sign_even_when_swapped_later() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let signer = store.signer(key(ORDERS)).unwrap();
    let path = store.keyring().path_of(key(ORDERS));
    let own = fs::read(&path).unwrap();

    fs::copy(store.keyring().path_of(key(READER)), &path).unwrap();

    assert_eq!(
        signer.sign(b"x"),
        Err(SignError::Mismatch { key: key(ORDERS) })
    );
    fs::write(&path, [own, b"\r\n".to_vec()].concat()).unwrap();
    assert!(signer.sign(b"x").is_ok());
    fs::remove_file(&path).unwrap();
    assert_eq!(
        signer.sign(b"x"),
        Err(SignError::NotHeld { key: key(ORDERS) })
    );
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_and_a_key_in_the_wrong_place_are_findings() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let path = store.keyring().path_of(key(ORDERS));
    set_mode(&path, 0o644);
    fs::copy(&path, omega.path().join("keys/keys/U/DX/backup.nk")).unwrap();
    set_mode(&omega.path().join("keys/keys/U/DX/backup.nk"), 0o600);

    let flaws = store.held().flaws;

    let problems: Vec<_> = flaws.iter().map(|flaw| &flaw.problem).collect();
    assert_eq!(
        problems,
        [&Problem::OpenMode { mode: 0o644 }, &Problem::Unexpected]
    );
    assert_eq!(flaws[1].place, "keys/U/DX/backup.nk".into());
}

#[test]
fn what_a_crash_left_of_a_key_is_a_finding() {
    let omega = copy_of("omega");
    fs::write(omega.path().join("keys/keys/U/DX/.oam-dead"), "SU").unwrap();

    let flaws = store(&omega).held().flaws;

    let place = "keys/U/DX/.oam-dead".into();
    let problem = Problem::LeftOver;
    assert_eq!(flaws, [Flaw { place, problem }]);
}

#[test]
fn a_new_key_is_stored_as_nsc_would_and_only_when_asked() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let new = NewKey::random(KeyKind::User).unwrap();
    let path = store.keyring().path_of(new.public_key());
    assert!(!path.exists());

    store.keep(&new).unwrap();
    store.keep(&new).unwrap();

    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(
        nkeys::KeyPair::from_seed(&written).unwrap().public_key(),
        new.public_key().to_string()
    );
    assert_eq!(written.len(), 58);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            path.parent()
                .unwrap()
                .metadata()
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
    }
    let signature = store.signer(new.public_key()).unwrap().sign(b"x").unwrap();
    assert!(new.public_key().verify(b"x", &signature));
    assert!(!format!("{new:?}").contains(&written));
}

#[test]
fn the_writers_key_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("OABC/writer.nk");

    let keys: Vec<_> = std::thread::scope(|scope| {
        let open = || FileSigner::create_or_open(&path).unwrap().public_key();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    assert!(
        keys.iter()
            .all(|key| *key == keys[0] && key.kind == KeyKind::User)
    );
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

/// A user of ORDERS, signed by its identity key in the keyring.
fn user(store: &impl Store, name: &str, subject: PublicKey) -> Token {
    let body = [
        ("subs", Node::from(-1)),
        ("type", Node::from("user")),
        ("version", Node::from(2)),
    ];
    let tree = Node::object([
        ("name", Node::from(name)),
        ("sub", Node::from(subject.to_string())),
        ("nats", Node::object(body)),
    ]);
    Token::issue(
        &tree,
        &*store.signer(key(ORDERS)).unwrap(),
        UnixTime(1_800_000_000),
    )
    .unwrap()
}

#[test]
fn creds_of_a_new_key_go_to_the_keyring_beside_it_or_to_a_file() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let new = NewKey::random(KeyKind::User).unwrap();
    let token = user(&store, "alice", new.public_key());
    let old = fs::read(omega.path().join("keys/creds/OMEGA/ORDERS/alice.creds")).unwrap();

    let beside = store
        .write_creds(&token, Some(&new), &CredsPlace::Beside)
        .unwrap();
    let kept = fs::read(omega.path().join("keys/creds/OMEGA/ORDERS/alice.creds")).unwrap();
    let own = store
        .write_creds(&token, Some(&new), &CredsPlace::Keyring)
        .unwrap();
    let out = omega.path().join("out.creds");
    store
        .write_creds(&token, Some(&new), &CredsPlace::File(out.clone()))
        .unwrap();

    assert_eq!(
        beside,
        omega.path().join("keys/creds/OMEGA/ORDERS/alice.new.creds")
    );
    assert_eq!(
        own,
        omega.path().join("keys/creds/OMEGA/ORDERS/alice.creds")
    );
    assert_eq!(kept, old);
    for path in [beside, own, out] {
        let creds = Creds::parse(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(creds.token_text.raw(), &**token.text());
        assert_eq!(creds.seed.unwrap().public_key().unwrap(), new.public_key());
    }
}

#[test]
fn creds_of_a_stored_key_equal_those_that_nsc_wrote() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let path = omega.path().join("keys/creds/OMEGA/ORDERS/bob.creds");
    let by_nsc = fs::read(&path).unwrap();
    let token = fs::read_to_string(
        omega
            .path()
            .join("stores/OMEGA/accounts/ORDERS/users/bob.jwt"),
    )
    .unwrap();

    fs::remove_file(&path).unwrap();
    store
        .write_creds(&Token::decode(&token).unwrap(), None, &CredsPlace::Keyring)
        .unwrap();

    assert_eq!(fs::read(&path).unwrap(), by_nsc);
}

#[test]
fn creds_with_a_foreign_key_or_a_hostile_name_are_not_written() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let (new, other) = (
        NewKey::random(KeyKind::User).unwrap(),
        NewKey::random(KeyKind::User).unwrap(),
    );
    let token = user(&store, "alice", new.public_key());
    let hostile = user(&store, "../../../x", new.public_key());

    let foreign = store.write_creds(&token, Some(&other), &CredsPlace::Beside);
    let outside = store.write_creds(&hostile, Some(&new), &CredsPlace::Keyring);

    assert_eq!(
        foreign,
        Err(SignError::Mismatch {
            key: new.public_key()
        }
        .into())
    );
    assert_eq!(outside, Err(StoreError::Name("../../../x".into())));
    assert!(
        !omega
            .path()
            .join("keys/creds/OMEGA/ORDERS/alice.new.creds")
            .exists()
    );
}

#[test]
fn a_creds_signer_reads_its_file_each_time() {
    let omega = copy_of("omega");
    let creds = omega.path().join("keys/creds/OMEGA/SYS");
    let path = creds.join("sys.creds");
    let (signer, token) = CredsSigner::open(CredsSource::File(path.clone())).unwrap();
    let (_, signature) = signer.answer(b"nonce").unwrap();
    assert!(token.envelope().subject.verify(b"nonce", &signature));
    assert_eq!(token.envelope().name, "sys".into());

    fs::copy(creds.join("ops.creds"), &path).unwrap();

    let (renewed, signature) = signer.answer(b"nonce").unwrap();
    assert_eq!(renewed.envelope().name, "ops".into());
    assert!(renewed.envelope().subject.verify(b"nonce", &signature));
    assert!(matches!(
        signer.sign(b"nonce"),
        Err(SignError::Mismatch { .. })
    ));
}

#[test]
fn creds_whose_seed_is_another_users_are_refused() {
    let omega = copy_of("omega");
    let creds = omega.path().join("keys/creds/OMEGA/SYS");
    let read = |name: &str| fs::read_to_string(creds.join(name)).unwrap();
    let (sys, ops) = (read("sys.creds"), read("ops.creds"));
    let seed = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("SU"))
            .unwrap()
            .to_owned()
    };

    let mixed = sys.replace(&seed(&sys), &seed(&ops));
    let opened = CredsSigner::open(CredsSource::Text(zeroize::Zeroizing::new(mixed)));

    assert!(matches!(
        opened,
        Err(StoreError::Sign(SignError::Mismatch { .. }))
    ));
}
