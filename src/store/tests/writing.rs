//! Writing into nsc's tree: only what was asked, only over what was read, and never half.

use std::fs;
use std::path::Path;

use super::{Told, account, copy_of, store};
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, KeyKind, PublicKey, UserId};
use crate::jwt::signer::Signer as _;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::store::keyring::NewKey;
use crate::store::{NscStore, Store, StoreError, Stored};

const OPERATOR_KEY: &str = "OAVVWPPIIJYO24MQZN4UE5GHPGGCXLW7TC2PFWK4UEJDLLH37MA5ELJ7";

/// Every file below a folder with its content.
fn files(below: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((
                path.to_string_lossy().into_owned(),
                fs::read(&path).unwrap(),
            ));
        }
    }
    all.sort();
    all
}

fn operator_key() -> PublicKey {
    OPERATOR_KEY.parse().unwrap()
}

/// The same token, issued anew at another time.
fn edited(store: &NscStore, token: &Token, at: i64) -> Token {
    let signer = store.signer(operator_key()).unwrap();
    Token::issue(token.tree(), &*signer, UnixTime(at)).unwrap()
}

fn new_token(
    store: &NscStore,
    kind: &str,
    name: &str,
    subject: PublicKey,
    signer: PublicKey,
) -> Token {
    let body = [("type", Node::from(kind)), ("version", Node::from(2))];
    let tree = Node::object([
        ("name", Node::from(name)),
        ("sub", Node::from(subject.to_string())),
        ("nats", Node::object(body)),
    ]);
    Token::issue(
        &tree,
        &*store.signer(signer).unwrap(),
        UnixTime(1_800_000_000),
    )
    .unwrap()
}

#[test]
fn a_write_changes_one_file_and_leaves_no_newline() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let orders = account(&store, "ORDERS");
    let before = files(omega.path());
    let old = store.token(&orders).unwrap();
    let new = edited(&store, &old, 1_800_000_000);

    store.write(&orders, &new, Some(old.revision())).unwrap();

    let after = files(omega.path());
    let changed: Vec<_> = after.iter().filter(|file| !before.contains(file)).collect();
    let [(path, content)] = changed[..] else {
        panic!("{} files changed", changed.len())
    };
    assert!(path.ends_with("accounts/ORDERS/ORDERS.jwt"));
    assert_eq!(content, new.text().as_bytes());
    assert_eq!(before.len(), after.len());
}

#[test]
fn what_a_crash_left_is_gone_after_the_next_write_there() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let orders = account(&store, "ORDERS");
    let operator = omega.path().join("stores/OMEGA");
    let left = [
        operator.join(".oam-a"),
        operator.join("accounts/ORDERS/.oam-b"),
    ];
    for path in &left {
        fs::write(path, "half").unwrap();
    }
    let old = store.token(&orders).unwrap();
    let new = edited(&store, &old, 1_800_000_000);

    store.write(&orders, &new, Some(old.revision())).unwrap();

    assert!(left.iter().all(|path| !path.exists()));
}

#[test]
fn a_write_over_somebody_elses_edit_is_stale_and_changes_nothing() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let orders = account(&store, "ORDERS");
    let old = store.token(&orders).unwrap();
    let theirs = edited(&store, &old, 1_800_000_000);
    fs::write(
        omega.path().join("stores/OMEGA/accounts/ORDERS/ORDERS.jwt"),
        &**theirs.text(),
    )
    .unwrap();
    let before = files(omega.path());

    let ours = edited(&store, &old, 1_800_000_001);
    let result = store.write(&orders, &ours, Some(old.revision()));

    let Err(StoreError::Stale { found, .. }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(found, Some(theirs.revision()));
    assert_eq!(files(omega.path()), before);
}

#[test]
fn of_many_writers_on_one_base_exactly_one_wins() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let orders = account(&store, "ORDERS");
    let base = store.token(&orders).unwrap();
    let tokens: Vec<_> = (0..6)
        .map(|number| edited(&store, &base, 1_800_000_000 + number))
        .collect();

    let won: Vec<_> = std::thread::scope(|scope| {
        let write = |token| {
            let other_process = NscStore::open(&super::paths(omega.path())).unwrap();
            other_process
                .write(&orders, token, Some(base.revision()))
                .is_ok()
        };
        let threads: Vec<_> = tokens
            .iter()
            .map(|token| scope.spawn(move || write(token)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(
        store.token(&orders).unwrap().revision(),
        tokens[winner].revision()
    );
}

/// Adds an account NEW with a user nina; gives the place of the user.
fn add_account_and_user(store: &NscStore) -> (Token, Stored) {
    let key = NewKey::random(KeyKind::Account).unwrap();
    store.keep(&key).unwrap();
    let id = AccountId::try_from(key.public_key()).unwrap();
    let user_key = NewKey::random(KeyKind::User).unwrap().public_key();
    let token = new_token(store, "account", "NEW", id.key(), operator_key());
    let user_token = new_token(store, "user", "nina", user_key, id.key());
    let user = Stored::User {
        account: id,
        user: user_key.try_into().unwrap(),
        name: None,
    };
    store.write(&Stored::Account(id), &token, None).unwrap();
    store.write(&user, &user_token, None).unwrap();
    (user_token, user)
}

#[test]
fn a_new_account_and_its_user_are_where_nsc_looks_for_them() {
    let omega = copy_of("omega");
    let store = store(&omega);

    let (token, user) = add_account_and_user(&store);

    let file = omega
        .path()
        .join("stores/OMEGA/accounts/NEW/users/nina.jwt");
    assert_eq!(fs::read(file).unwrap(), token.text().as_bytes());
    assert_eq!(store.token(&user).unwrap().revision(), token.revision());
    let told = Told::of(&omega.path().join("stores"), "OMEGA");
    assert_eq!((told.accounts.len(), told.user_count()), (7, 21));
    assert_eq!(told.flaws, []);
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let omega = copy_of("omega");
    let accounts = omega.path().join("stores/OMEGA/accounts");

    add_account_and_user(&store(&omega));

    for (path, expected) in [
        ("NEW", 0o700),
        ("NEW/NEW.jwt", 0o600),
        ("NEW/users", 0o700),
        ("NEW/users/nina.jwt", 0o600),
    ] {
        let mode = accounts.join(path).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{path}");
    }
}

#[test]
fn what_is_there_already_is_not_added_again() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let key = NewKey::random(KeyKind::Account).unwrap();
    let id = AccountId::try_from(key.public_key()).unwrap();
    let orders = account(&store, "ORDERS");
    let old = store.token(&orders).unwrap();
    let before = files(&omega.path().join("stores"));

    let same_name = new_token(&store, "account", "oRdErS", id.key(), operator_key());
    let by_name = store.write(&Stored::Account(id), &same_name, None);
    let by_key = store.write(&orders, &edited(&store, &old, 1_800_000_000), None);

    assert!(
        matches!(by_name, Err(StoreError::Taken { .. })),
        "{by_name:?}"
    );
    assert!(
        matches!(by_key, Err(StoreError::Taken { .. })),
        "{by_key:?}"
    );
    assert_eq!(files(&omega.path().join("stores")), before);
}

#[test]
fn a_hostile_name_is_refused_before_anything_is_made() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let key = NewKey::random(KeyKind::Account).unwrap();
    let id = AccountId::try_from(key.public_key()).unwrap();
    let before = files(omega.path());

    for name in ["../../../escape", "a/b", "..", "", "x\x1b[2J"] {
        let token = new_token(&store, "account", name, id.key(), operator_key());
        assert_eq!(
            store.write(&Stored::Account(id), &token, None),
            Err(StoreError::Name(name.into()))
        );
    }

    assert_eq!(files(omega.path()), before);
}

#[test]
fn a_token_is_written_only_as_what_it_is() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let (orders, billing) = (account(&store, "ORDERS"), account(&store, "BILLING"));
    let token = store.token(&billing).unwrap();
    let base = store.token(&orders).unwrap().revision();
    let mut forged = token.text().to_string();
    forged.replace_range(forged.len() - 4.., "AAAA");

    let elsewhere = store.write(&orders, &token, Some(base));
    let as_operator = store.write(&Stored::Operator, &token, Some(base));
    let unsigned = store.write(
        &billing,
        &Token::decode(&forged).unwrap(),
        Some(token.revision()),
    );

    assert!(
        matches!(elsewhere, Err(StoreError::Unfit { .. })),
        "{elsewhere:?}"
    );
    assert!(
        matches!(as_operator, Err(StoreError::Token(_))),
        "{as_operator:?}"
    );
    assert!(
        matches!(unsigned, Err(StoreError::Token(_))),
        "{unsigned:?}"
    );
}

#[test]
fn a_reissued_user_has_its_place_and_nobody_elses() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let Stored::Account(account) = account(&store, "ORDERS") else {
        panic!("an account")
    };
    let user = |key: PublicKey| Stored::User {
        account,
        user: key.try_into().unwrap(),
        name: Some("alice".into()),
    };
    let alice = "UB3A7EEISQFU2VIJSRJH57PD5YKXGRXKSODZ3XPISU4ZYGBAWK34AHSX";
    let old = store.token(&user(alice.parse().unwrap())).unwrap();
    let new_key = NewKey::random(KeyKind::User).unwrap().public_key();
    let issue = |name| new_token(&store, "user", name, new_key, account.key());
    let of_old = user(old.envelope().subject);

    let renamed = store.write(&of_old, &issue("bob"), Some(old.revision()));
    let written = store.write(&of_old, &issue("alice"), Some(old.revision()));
    let late = store.write(&of_old, &issue("alice"), Some(old.revision()));

    assert!(
        matches!(renamed, Err(StoreError::Unfit { .. })),
        "{renamed:?}"
    );
    assert_eq!(written, Ok(()));
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    assert_eq!(
        store.token(&user(new_key)).unwrap().envelope().subject,
        new_key
    );
}

#[test]
fn a_user_is_found_by_its_key_whatever_its_file_is_called() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let Stored::Account(orders) = account(&store, "ORDERS") else {
        panic!("an account")
    };
    let users = omega.path().join("stores/OMEGA/accounts/ORDERS/users");
    let alice = "UB3A7EEISQFU2VIJSRJH57PD5YKXGRXKSODZ3XPISU4ZYGBAWK34AHSX"
        .parse()
        .unwrap();
    fs::rename(users.join("alice.jwt"), users.join("zoe.jwt")).unwrap();

    for name in [
        None,
        Some("alice".into()),
        Some("bob".into()),
        Some("../x".into()),
    ] {
        let token = store
            .token(&Stored::User {
                account: orders,
                user: alice,
                name,
            })
            .unwrap();
        assert_eq!(token.envelope().name, "alice".into());
    }
    let unknown = Stored::User {
        account: orders,
        user: UserId::from_bytes([9; 32]),
        name: None,
    };
    assert!(matches!(
        store.token(&unknown),
        Err(StoreError::NotFound { .. })
    ));
}
