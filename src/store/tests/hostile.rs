//! What nobody should have put into a store: each is a finding with its place, never a crash, a hang or a silence.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Told, copy_of};
use crate::inventory::user::Unread;
use crate::inventory::{Fact, Flaw, Problem};
use crate::jwt::envelope::TokenKind;
use crate::jwt::json::Node;
use crate::jwt::keys::KeyKind;
use crate::jwt::signer::Signer as _;
use crate::store::Store as _;
use crate::test_support::{ByteSigner, token_of, user};

fn users(omega: &Path) -> PathBuf {
    omega.join("stores/OMEGA/accounts/ORDERS/users")
}

fn told(omega: &Path) -> Told {
    Told::of(&omega.join("stores"), "OMEGA")
}

/// The problem of the only file that gave no row.
fn only_unread(told: &Told) -> Unread {
    let [unread] = told.unread()[..] else {
        panic!("{:?}", told.unread())
    };
    unread.clone()
}

#[test]
fn a_file_that_is_no_token_is_named_with_its_account() {
    for (content, expected) in [
        (Vec::new(), Problem::Empty),
        (vec![b'x'; 2 << 20], Problem::TooLarge),
        (
            b"eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJq".to_vec(),
            Problem::Torn { why: "".into() },
        ),
        (vec![0xff, 0xfe, 0], Problem::Torn { why: "".into() }),
    ] {
        let omega = copy_of("omega");
        fs::write(users(omega.path()).join("bad.jwt"), content).unwrap();

        let told = told(omega.path());

        let unread = only_unread(&told);
        let same = std::mem::discriminant(&unread.problem) == std::mem::discriminant(&expected);
        assert!(same, "{:?} is not {expected:?}", unread.problem);
        assert_eq!(
            (unread.directory, unread.file),
            ("ORDERS".into(), "bad".into())
        );
        assert_eq!(told.user_count(), 20);
    }
}

#[test]
fn a_token_whose_signature_is_cut_off_is_a_row_with_a_finding() {
    let omega = copy_of("omega");
    let file = users(omega.path()).join("bob.jwt");
    let token = fs::read_to_string(&file).unwrap();
    fs::write(&file, &token[..token.len() - 9]).unwrap();

    let told = told(omega.path());

    let torn: Vec<_> = told
        .users
        .iter()
        .flat_map(|chunk| chunk.rows())
        .filter(|row| row.problems().count() > 0)
        .collect();
    let [row] = torn.as_slice() else {
        panic!("one row")
    };
    assert_eq!(row.name(), "bob".into());
    assert!(matches!(row.problems().next(), Some(Problem::Torn { .. })));
}

/// The first problem of every row that has one, by file.
fn odd_rows(told: &Told) -> BTreeMap<String, Problem> {
    let rows = told.users.iter().flat_map(|chunk| chunk.rows());
    rows.filter_map(|row| Some((row.file().to_string(), row.problems().next()?.clone())))
        .collect()
}

#[test]
fn tokens_in_the_wrong_place_are_said_to_be_foreign() {
    let omega = copy_of("omega");
    let (accounts, users) = (
        omega.path().join("stores/OMEGA/accounts"),
        users(omega.path()),
    );
    fs::copy(accounts.join("SYS/users/sys.jwt"), users.join("sys.jwt")).unwrap();
    fs::copy(accounts.join("SYS/SYS.jwt"), users.join("account.jwt")).unwrap();
    fs::copy(users.join("alice.jwt"), users.join("copy.jwt")).unwrap();
    let copy = Problem::NameDiffers {
        name: "alice".into(),
        file: "copy".into(),
    };
    let sys = Problem::ForeignAccount {
        account: "ABKOCOU5MJC6YE2QVH5URV2NMAR57PPF7YUC7TZSPCOA52YYJYULFA4Y".into(),
    };

    let told = told(omega.path());

    let unread = only_unread(&told);
    let found = TokenKind::Account;
    assert_eq!(unread.file, "account".into());
    assert_eq!(unread.problem, Problem::WrongKind { found });
    let expected = BTreeMap::from([("copy".into(), copy), ("sys".into(), sys)]);
    assert_eq!(odd_rows(&told), expected);
}

#[test]
fn a_hostile_name_is_a_row_and_cannot_act_on_a_terminal() {
    let omega = copy_of("omega");
    let name = "../../\x1b[31mroot";
    let signer = ByteSigner::new(KeyKind::Account, 2);
    let token = token_of(&user(name, [("subs", Node::from(-1))]), &signer);
    fs::write(users(omega.path()).join("evil\x1b.jwt"), &**token.text()).unwrap();

    let told = told(omega.path());

    let evil: Vec<_> = told
        .users
        .iter()
        .flat_map(|chunk| chunk.rows())
        .filter(|row| row.issuer() == signer.public_key())
        .collect();
    let [row] = evil.as_slice() else {
        panic!("one row")
    };
    assert_eq!(row.name().to_string(), "../../␛[31mroot");
    assert_eq!(row.file().to_string(), "evil␛");
}

#[test]
fn an_account_of_another_operator_and_an_account_without_a_token_are_findings() {
    let (omega, sigma) = (copy_of("omega"), copy_of("sigma"));
    let accounts = omega.path().join("stores/OMEGA/accounts");
    let foreign = sigma.path().join("stores/SIGMA/accounts/APP/APP.jwt");
    fs::create_dir(accounts.join("APP")).unwrap();
    fs::copy(foreign, accounts.join("APP/APP.jwt")).unwrap();
    fs::create_dir_all(accounts.join("HOLLOW/users")).unwrap();
    fs::copy(
        users(omega.path()).join("bob.jwt"),
        accounts.join("HOLLOW/users/bob.jwt"),
    )
    .unwrap();
    fs::write(accounts.join("note.txt"), "x").unwrap();
    fs::write(accounts.join("EMPTY/backup"), "x").unwrap();

    let told = told(omega.path());

    assert!(matches!(
        told.flaw_at("OMEGA/accounts/APP/APP.jwt")[..],
        [Problem::ForeignIssuer { .. }]
    ));
    assert_eq!(told.flaw_at("OMEGA/accounts/HOLLOW"), [&Problem::NoToken]);
    assert_eq!(
        told.flaw_at("OMEGA/accounts/note.txt"),
        [&Problem::Unexpected]
    );
    assert_eq!(
        told.flaw_at("OMEGA/accounts/EMPTY/backup"),
        [&Problem::Unexpected]
    );
    assert_eq!((told.accounts.len(), told.user_count()), (7, 21));
}

#[test]
fn a_broken_operator_or_account_token_hides_nothing_below_it() {
    let omega = copy_of("omega");
    let operator = omega.path().join("stores/OMEGA");
    fs::write(operator.join("OMEGA.jwt"), "torn").unwrap();
    fs::write(operator.join(".nsc"), "{\"name\":").unwrap();
    fs::write(operator.join("accounts/ORDERS/ORDERS.jwt"), "torn").unwrap();

    let told = told(omega.path());

    assert!(matches!(
        told.flaw_at("OMEGA/OMEGA.jwt")[..],
        [Problem::Torn { .. }]
    ));
    assert!(matches!(
        told.flaw_at("OMEGA/.nsc")[..],
        [Problem::Torn { .. }]
    ));
    assert!(matches!(
        told.flaw_at("OMEGA/accounts/ORDERS/ORDERS.jwt")[..],
        [Problem::Torn { .. }]
    ));
    assert_eq!((told.accounts.len(), told.user_count()), (5, 20));
}

#[test]
fn a_marker_cannot_name_a_file_elsewhere() {
    let omega = copy_of("omega");
    let operator = omega.path().join("stores/OMEGA");
    fs::write(
        operator.join(".nsc"),
        r#"{"managed":true,"name":"../../../etc/x","kind":"operator"}"#,
    )
    .unwrap();

    let told = told(omega.path());

    assert_eq!(told.operators.len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn links_and_pipes_are_findings_and_nothing_hangs() {
    use std::os::unix::fs::symlink;
    let omega = copy_of("omega");
    let users = users(omega.path());
    symlink("/etc/hostname", users.join("out.jwt")).unwrap();
    symlink(users.join("alice.jwt"), users.join("linked.jwt")).unwrap();
    symlink("/etc", omega.path().join("stores/OMEGA/accounts/ETC")).unwrap();
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(
        rustix::fs::CWD,
        users.join("pipe.jwt"),
        rustix::fs::FileType::Fifo,
        mode,
        0,
    )
    .unwrap();

    let told = told(omega.path());

    let problems: Vec<_> = told
        .unread()
        .into_iter()
        .map(|unread| (unread.file.to_string(), unread.problem.clone()))
        .collect();
    assert_eq!(
        problems,
        [
            ("out".into(), Problem::LeadsOut),
            ("pipe".into(), Problem::NotAFile)
        ]
    );
    assert_eq!(told.flaw_at("OMEGA/accounts/ETC"), [&Problem::LeadsOut]);
    assert_eq!(told.user_count(), 21);
}

#[cfg(unix)]
#[test]
fn directories_that_lead_out_of_the_store_are_neither_read_nor_written() {
    use crate::jwt::keys::{AccountId, UserId};
    use crate::store::{Store, StoreError, Stored};
    let omega = copy_of("omega");
    let outside = tempfile::tempdir().unwrap();
    let users = users(omega.path());
    fs::rename(&users, outside.path().join("users")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("users"), &users).unwrap();
    let store = super::store(&omega);
    let orders: AccountId = "AAUH2UQO6MFUADESHTO4YBK4E44L2OAPXLWL7O7DBQTH2T257IZINW63"
        .parse()
        .unwrap();
    let alice: UserId = "UB3A7EEISQFU2VIJSRJH57PD5YKXGRXKSODZ3XPISU4ZYGBAWK34AHSX"
        .parse()
        .unwrap();

    let told = told(omega.path());
    let read = store.token(&Stored::User {
        account: orders,
        user: alice,
        name: Some("alice".into()),
    });

    assert_eq!(
        told.flaw_at("OMEGA/accounts/ORDERS/users"),
        [&Problem::LeadsOut]
    );
    assert_eq!(told.user_count(), 8);
    assert!(
        matches!(
            read,
            Err(StoreError::File {
                problem: Problem::LeadsOut,
                ..
            })
        ),
        "{read:?}"
    );
}

#[test]
fn a_folder_between_the_operators_without_a_marker_is_said() {
    let omega = copy_of("omega");
    fs::create_dir(omega.path().join("stores/backup")).unwrap();

    let mut flaws = Vec::new();
    super::store(&omega).facts(&mut |facts| {
        for fact in facts {
            if let Fact::Flaw(flaw) = fact {
                flaws.push(flaw);
            }
        }
        ControlFlow::Continue(())
    });

    let beside = Flaw {
        place: "backup".into(),
        problem: Problem::NoMarker,
    };
    flaws.retain(|flaw| matches!(flaw.problem, Problem::NoMarker));
    assert_eq!(flaws, [beside]);
}
