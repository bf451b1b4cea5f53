//! Who can administrate: the users of the system account that could log in now and push an account's token, as far as the store
//! knows. Whoever cuts off the last of them leaves nobody who could take it back.

use std::collections::BTreeSet;

use crate::inventory::user::UserRow;
use crate::jwt::account::Account;
use crate::jwt::keys::UserId;
use crate::jwt::time::UnixTime;
use crate::jwt::user::AllowDeny;
use crate::store::way_in::{Pass, System};
use crate::sys::{Right, Rights};
use crate::text::Text;

use super::stock::Stock;

/// The administrators among the stored users of the system account, as it is in force.
pub(super) fn administrators(stock: &Stock, system: &System, now: UnixTime) -> BTreeSet<UserId> {
    let users = stock
        .rows()
        .filter(|row| row.account() == system.account.id);
    let can = users
        .filter(|row| system.lets_in(&pass(row), now).is_ok() && may_push(row, &system.account));
    can.map(|row| row.key()).collect()
}

fn pass(row: &UserRow<'_>) -> Pass {
    Pass {
        user: row.key(),
        issuer: row.issuer(),
        issued_at: row.issued_at(),
        not_before: row.terms::<Text>().not_before,
        expires_at: row.expires_at(),
    }
}

fn may_push(row: &UserRow<'_>, system: &Account) -> bool {
    let rights = if let Some(role) = system.role(row.issuer()) {
        Rights::of_publish(&role.template.permissions.publish)
    } else {
        let rules = row.terms::<Text>().publish;
        Rights::of_publish(&AllowDeny {
            allow: rules.allow,
            deny: rules.deny,
        })
    };
    rights.has(Right::Push)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::inventory::terms::Terms;
    use crate::inventory::user::{UserEntry, UsersBuilder};
    use crate::jwt::keys::KeyKind;
    use crate::jwt::signer::Signer as _;
    use crate::test_support::{ByteSigner, account, operator_signer, token_of};

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn in_an_hour() -> UnixTime {
        UnixTime(NOW.0 + 3_600)
    }

    fn an_hour_ago() -> UnixTime {
        UnixTime(NOW.0 - 3_600)
    }

    fn is_administrator(change: impl FnOnce(&mut UserEntry<'_, String>)) -> bool {
        let token = token_of(&account("SYS", []), &operator_signer());
        let system = System {
            account: Account::of(&token).unwrap(),
            strict: false,
        };
        let mut entry = UserEntry {
            key: UserId::from_bytes([3; 32]),
            name: "sys".into(),
            account: system.account.id,
            issuer: system.account.id.key(),
            issued_at: Some(an_hour_ago()),
            expires_at: None,
            terms: Terms::default(),
        };
        change(&mut entry);
        let mut users = UsersBuilder::default();
        users.push(&"SYS".into(), &entry, Vec::new());
        let stock = Stock {
            users: vec![Arc::new(users.seal())],
            ..Stock::default()
        };
        !administrators(&stock, &system, NOW).is_empty()
    }

    #[test]
    fn whoever_is_let_in_now_and_may_push_can_administrate() {
        let stranger = ByteSigner::new(KeyKind::Account, 9).public_key();

        assert!(is_administrator(|_| ()));
        assert!(!is_administrator(
            |user| user.expires_at = Some(an_hour_ago())
        ));
        assert!(!is_administrator(
            |user| user.terms.not_before = Some(in_an_hour())
        ));
        assert!(!is_administrator(|user| user.issuer = stranger));
    }
}
