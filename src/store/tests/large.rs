//! A store of twenty thousand users is told whole, in batches from the first directory on, and stays small in memory.

use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use tempfile::TempDir;

use super::Told;
use crate::inventory::Fact;
use crate::jwt::keys::{AccountId, UserId};
use crate::store::tree::Tree;
use crate::store::walk::walk;

const ACCOUNTS: u16 = 8;
const USERS: u16 = 2500;

fn id(account: u16, user: u16) -> [u8; 32] {
    let mut bytes = [7; 32];
    bytes[..2].copy_from_slice(&account.to_le_bytes());
    bytes[2..4].copy_from_slice(&user.to_le_bytes());
    bytes
}

/// A user as nsc writes it but for its signature, which a walk does not look at.
fn token(account: u16, user: u16) -> String {
    let issuer = AccountId::from_bytes(id(account, u16::MAX));
    let subject = UserId::from_bytes(id(account, user));
    let payload = format!(
        r#"{{"jti":"X","iat":1700000000,"iss":"{issuer}","name":"user-{account}-{user}","sub":"{subject}","nats":{{"pub":{{"allow":["orders.{account}.{user}.\u003e","audit.{user}.a{account}"]}},"sub":{{"allow":["cmd.{account}.{user}","_INBOX_{user}.\u003e"]}},"subs":-1,"data":-1,"payload":-1,"type":"user","version":2}}}}"#
    );
    let header = BASE64URL_NOPAD.encode(br#"{"typ":"JWT","alg":"ed25519-nkey"}"#);
    format!(
        "{header}.{}.{}",
        BASE64URL_NOPAD.encode(payload.as_bytes()),
        "A".repeat(86)
    )
}

/// In memory where the system has a place for that: twenty thousand files take a disk seconds.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

fn generate(stores: &Path, accounts: u16) {
    for account in 0..accounts {
        let users = stores.join(format!("BIG/accounts/A{account}/users"));
        fs::create_dir_all(&users).unwrap();
        for user in 0..USERS {
            fs::write(
                users.join(format!("user-{account}-{user}.jwt")),
                token(account, user),
            )
            .unwrap();
        }
    }
}

#[test]
fn twenty_thousand_users_are_told_once_each_and_stay_small() {
    let stores = folder();
    generate(stores.path(), ACCOUNTS);

    let told = Told::of(stores.path(), "BIG");

    let keys: HashSet<_> = told
        .users
        .iter()
        .flat_map(|chunk| chunk.rows())
        .map(|row| row.key())
        .collect();
    assert_eq!((told.user_count(), keys.len()), (20_000, 20_000));
    assert!(told.unread().is_empty());
    let row = told
        .users
        .iter()
        .flat_map(|chunk| chunk.rows())
        .find(|row| row.key() == UserId::from_bytes(id(3, 77)))
        .unwrap();
    assert_eq!(
        (row.name(), row.directory()),
        ("user-3-77".into(), "A3".into())
    );
    let terms = row.terms::<String>();
    assert_eq!(
        terms.publish.allow.unwrap(),
        ["orders.3.77.>", "audit.77.a3"]
    );
    assert!(told.batches > 4, "{} batches", told.batches);
    let bytes: usize = told.users.iter().map(|chunk| chunk.heap_bytes()).sum();
    // Every set of permissions is distinct, which is the worst case.
    assert!(bytes / 20_000 <= 300, "{} bytes a user", bytes / 20_000);
}

#[test]
fn a_listener_that_has_enough_ends_the_walk() {
    let stores = folder();
    generate(stores.path(), 2);
    let tree = Tree {
        stores: stores.path().to_owned(),
        operator: "BIG".into(),
    };
    let mut seen = 0;

    walk(&tree, &mut |facts| {
        seen += facts
            .iter()
            .map(|fact| {
                if let Fact::Users(chunk) = fact {
                    chunk.len()
                } else {
                    0
                }
            })
            .sum::<usize>();
        if seen > 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });

    assert!(seen > 0 && seen < 2 * usize::from(USERS), "{seen}");
}
