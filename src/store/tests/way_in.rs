//! The way into the system account of a store that nsc made, and every reason not to take one.

use std::fs;
use std::path::Path;

use super::{account, copy_of, store};
use crate::jwt::account::Account;
use crate::jwt::keys::AccountId;
use crate::jwt::signer::Signer as _;
use crate::jwt::time::UnixTime;
use crate::jwt::user::User;
use crate::store::way_in::{Choice, NoSystem, Seen, System, WayIn, WhyNot, choose, mint};
use crate::store::{Store, StoreError, Stored};

const NOW: UnixTime = UnixTime(1_795_600_000);
const SYS_PLAIN: &str = "ABE3B7N7B5OCP2BYQKAPH556H6JOUQTJ4SK5ARBXSF4A75NBFH2YQ4GH";

fn way_in(omega: &tempfile::TempDir, named: Option<&Path>) -> WayIn {
    choose(&store(omega).look_for_way_in(named), NOW)
}

fn chosen(way: &WayIn) -> String {
    match &way.choice {
        Choice::Creds { name, .. } => name.to_string(),
        Choice::Mint { signer, .. } => format!("mint by {signer}"),
        Choice::Offline => "offline".into(),
    }
}

fn reasons(way: &WayIn) -> Vec<&WhyNot> {
    way.passed_over.iter().map(|passed| &passed.why).collect()
}

#[test]
fn the_user_sys_is_preferred_unless_the_context_names_another() {
    let omega = copy_of("omega");
    let ops = omega.path().join("keys/creds/OMEGA/SYS/ops.creds");

    let usual = way_in(&omega, None);
    let named = way_in(&omega, Some(&ops));

    assert_eq!(
        (chosen(&usual), reasons(&usual)),
        ("sys".into(), vec![&WhyNot::Second])
    );
    assert_eq!(
        (chosen(&named), reasons(&named)),
        ("ops".into(), vec![&WhyNot::Second])
    );
}

#[test]
fn a_context_that_names_a_tenant_is_passed_over_and_said() {
    let omega = copy_of("omega");
    let alice = omega.path().join("keys/creds/OMEGA/ORDERS/alice.creds");

    let way = way_in(&omega, Some(&alice));

    assert_eq!(chosen(&way), "sys");
    let Stored::Account(orders) = account(&store(&omega), "ORDERS") else {
        panic!("an account")
    };
    assert_eq!(reasons(&way)[0], &WhyNot::OtherAccount(orders));
}

#[test]
fn without_creds_a_user_is_minted_by_the_first_held_key() {
    let omega = copy_of("omega");
    fs::remove_dir_all(omega.path().join("keys/creds")).unwrap();
    let store = store(&omega);
    let Stored::Account(sys) = account(&store, "SYS") else {
        panic!("an account")
    };

    let by_identity = way_in(&omega, None);
    fs::remove_file(store.keyring().path_of(sys.key())).unwrap();
    let by_signing_key = way_in(&omega, None);
    fs::remove_file(store.keyring().path_of(SYS_PLAIN.parse().unwrap())).unwrap();
    let offline = way_in(&omega, None);

    assert_eq!(chosen(&by_identity), format!("mint by {sys}"));
    assert_eq!(chosen(&by_signing_key), format!("mint by {SYS_PLAIN}"));
    assert_eq!(reasons(&offline), [&WhyNot::NotHeld, &WhyNot::NotHeld]);
    assert_eq!(chosen(&offline), "offline");
}

/// What was read, with one creds file and an account that may be changed.
fn seen(change: impl FnOnce(&mut Account, &mut User)) -> Seen {
    let omega = copy_of("omega");
    let mut seen = store(&omega).look_for_way_in(None);
    seen.creds.retain(|creds| creds.path.ends_with("sys.creds"));
    if let (Ok(system), Ok(user)) = (&mut seen.system, &mut seen.creds[0].user) {
        change(&mut system.account, user);
    }
    seen
}

fn reason(seen: &Seen) -> String {
    let way = choose(seen, NOW);
    way.passed_over
        .first()
        .map(|passed| passed.why.to_string())
        .unwrap_or_default()
}

#[test]
fn creds_that_the_servers_would_refuse_are_not_taken() {
    let expired = seen(|_, user| user.expires_at = Some(UnixTime(NOW.0 - 1)));
    let last_second = seen(|_, user| user.expires_at = Some(NOW));
    let early = seen(|_, user| user.not_before = Some(UnixTime(NOW.0 + 1)));
    let orphan = seen(|account, _| account.signing_keys.clear());
    let elsewhere = seen(|_, user| user.account = AccountId::from_bytes([3; 32]));

    assert!(reason(&expired).starts_with("it expired at"));
    assert_eq!(reason(&last_second), "");
    assert!(reason(&early).starts_with("it is valid from"));
    assert!(reason(&orphan).contains("is no key of the system account any more"));
    assert!(reason(&elsewhere).contains("not of the system account"));
}

#[test]
fn under_a_strict_operator_creds_by_the_identity_let_nobody_in() {
    let mut seen = seen(|account, user| user.issuer = account.id.key());
    assert_eq!(chosen(&choose(&seen, NOW)), "sys");
    if let Ok(System { strict, .. }) = &mut seen.system {
        *strict = true;
    }

    let way = choose(&seen, NOW);

    assert_eq!(reasons(&way).first(), Some(&&WhyNot::Strict));
    assert_ne!(chosen(&way), "sys");
}

#[test]
fn under_a_strict_operator_the_identity_mints_nobody_and_a_role_never_does() {
    let mut seen = seen(|_, _| ());
    seen.creds.clear();
    if let Ok(System { strict, .. }) = &mut seen.system {
        *strict = true;
    }

    let way = choose(&seen, NOW);

    assert_eq!(chosen(&way), format!("mint by {SYS_PLAIN}"));
    assert_eq!(reasons(&way), [&WhyNot::Strict]);
}

#[test]
fn damaged_creds_are_a_reason_and_not_the_end() {
    let omega = copy_of("omega");
    fs::write(omega.path().join("keys/creds/OMEGA/SYS/sys.creds"), "torn").unwrap();

    let way = way_in(&omega, None);

    assert_eq!(chosen(&way), "ops");
    assert!(matches!(reasons(&way)[..], [WhyNot::Unusable(_)]));
}

#[test]
fn a_store_without_its_system_account_says_what_is_missing() {
    let omega = copy_of("omega");
    fs::remove_dir_all(omega.path().join("stores/OMEGA/accounts/SYS")).unwrap();
    let sigma = copy_of("sigma");
    fs::write(sigma.path().join("stores/SIGMA/SIGMA.jwt"), "torn").unwrap();

    let not_stored = way_in(&omega, None);
    let unreadable = way_in(&sigma, None);

    assert!(matches!(
        reasons(&not_stored)[..],
        [WhyNot::NoSystem(NoSystem::NotStored { .. })]
    ));
    assert!(matches!(
        reasons(&unreadable)[..],
        [WhyNot::NoSystem(NoSystem::Operator(
            StoreError::File { .. }
        ))]
    ));
}

#[test]
fn a_minted_user_is_new_each_time_and_lives_fifteen_minutes() {
    let omega = copy_of("omega");
    let store = store(&omega);
    let Stored::Account(sys) = account(&store, "SYS") else {
        panic!("an account")
    };
    let plain = store.signer(SYS_PLAIN.parse().unwrap()).unwrap();
    let identity = store.signer(sys.key()).unwrap();

    let first = mint(sys, &*plain, &"ada\x1b@acme".into(), NOW).unwrap();
    let second = mint(sys, &*identity, &"ada".into(), NOW).unwrap();

    for minted in [&first, &second] {
        let user = User::of(&minted.token).unwrap();
        minted.token.verify().unwrap();
        assert_eq!(
            (user.account, user.id.key()),
            (sys, minted.key.public_key())
        );
        assert_eq!(user.expires_at, Some(UnixTime(NOW.0 + 900)));
    }
    assert_ne!(first.key.public_key(), second.key.public_key());
    assert_eq!(
        first.token.envelope().name.to_string(),
        "nats-oam ada␛@acme"
    );
    assert!(first.token.body().get("issuer_account").is_some());
    assert!(second.token.body().get("issuer_account").is_none());
}
