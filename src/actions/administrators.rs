//! Who can administrate: the users of the system account that could log in now and push an account's token, as far as the store
//! knows. Whoever cuts off the last of them leaves nobody who could take it back.

use std::collections::BTreeSet;

use crate::inventory::user::UserRow;
use crate::jwt::account::Account;
use crate::jwt::keys::UserId;
use crate::jwt::role::SignerKind;
use crate::jwt::time::UnixTime;
use crate::jwt::user::AllowDeny;
use crate::sys::{Right, Rights};
use crate::text::Text;

use super::stock::Stock;

/// The administrators among the stored users of the system account, as it is in force.
/// Strict operators let nobody in whom an identity key has signed.
pub(super) fn administrators(
    stock: &Stock,
    system: &Account,
    strict: bool,
    now: UnixTime,
) -> BTreeSet<UserId> {
    let users = stock.rows().filter(|row| row.account() == system.id);
    let can = users.filter(|row| may_log_in(row, system, strict, now) && may_push(row, system));
    can.map(|row| row.key()).collect()
}

fn may_log_in(row: &UserRow<'_>, system: &Account, strict: bool, now: UnixTime) -> bool {
    let revoked = system.revocations.revoked_at(row.key(), row.issued_at());
    let signer = system.signer_kind(row.issuer());
    signer.is_some_and(|kind| !(strict && kind == SignerKind::Identity))
        && revoked.is_none()
        && row.expires_at().is_none_or(|end| now <= end)
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
