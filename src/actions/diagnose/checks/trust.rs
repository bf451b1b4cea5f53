//! Checks of the chain from the token up: signer, account, operator.

use super::{Case, NO_ACCOUNT, NO_TOKEN, REFUSED};
use crate::actions::diagnose::said::Said;
use crate::inventory::server::{Strictness, TrustedOperator};
use crate::jwt::account::Account;
use crate::jwt::role::SignerKind;

/// Whether the account has the key that signed the user.
pub(super) fn issuer_in_account(case: &Case<'_>) -> Said {
    let (user, account) = match case.both() {
        Ok(both) => both,
        Err(said) => return said,
    };
    let (name, issuer) = (&account.name, user.issuer);
    match account.signer_kind(issuer) {
        Some(SignerKind::Identity) => Said::ok(format!("its signer is the identity key of {name}")),
        Some(SignerKind::Signing) => Said::ok(format!("its signer is a signing key of {name}")),
        Some(SignerKind::Scoped) => {
            let role = account.role(issuer).map(|role| role.name.clone());
            let role = role.unwrap_or_default();
            Said::ok(format!("its signer is the key of role {role} of {name}"))
        }
        None => {
            let said = Said::fail(
                format!("its signer {issuer} is no key of {name}"),
                format!("the key was never there, or was taken out or rotated: {REFUSED}"),
            );
            case.or_reissue(said)
        }
    }
}

/// Whether servers trust whoever signed the account.
pub(super) fn account_in_operator(case: &Case<'_>) -> Said {
    let account = match case.both() {
        Ok((_, account)) => account,
        Err(said) => return said,
    };
    let Some(trust) = &case.at.trust else {
        return Said::unknown(
            "whom the servers trust is not known",
            "whether they take the account is not known",
        );
    };
    let issuer = account.issuer;
    let signed = trust.0.iter().find(|operator| knows(operator, account));
    match signed {
        Some(operator) if operator.identity.key() == issuer => Said::ok(format!(
            "{} is signed by the identity key of the operator",
            account.name
        )),
        Some(_) => Said::ok(format!(
            "{} is signed by a signing key of the operator",
            account.name
        )),
        None => Said::fail(
            format!(
                "{} is signed by {issuer}, which is no key of an operator that is trusted",
                account.name
            ),
            "servers take none of its users",
        )
        .then("sign the account again with a key that every server trusts, and push it"),
    }
}

fn knows(operator: &TrustedOperator, account: &Account) -> bool {
    operator.identity.key() == account.issuer || operator.signing_keys.contains(&account.issuer)
}

/// Whether a strict operator would have had signing keys sign. Strictness reaches users as well: under it an account loses its
/// identity key as a signer (`updateAccountClaimsWithRefresh`, nats-server `server/accounts.go`).
pub(super) fn strict(case: &Case<'_>) -> Said {
    let Some(trust) = &case.at.trust else {
        return Said::unknown(
            "whether the operator is strict is not known",
            "what may sign is not known",
        );
    };
    let is_strict =
        |operator: &&TrustedOperator| operator.strictness == Strictness::SigningKeysOnly;
    if !trust.0.iter().any(|operator| is_strict(&operator)) {
        return Said::ok("the operator is not strict: identity keys may sign");
    }
    let Some(user) = case.user() else {
        return Said::skipped(NO_TOKEN);
    };
    let Some(account) = case.account else {
        return Said::unknown(NO_ACCOUNT, "what signed it is not known");
    };
    let Some(_) = trust
        .0
        .iter()
        .filter(is_strict)
        .find(|operator| knows(operator, account))
    else {
        return Said::ok("the operator that signed its account is not strict");
    };
    if !trust.accepts(account.issuer) {
        return Said::fail(
            format!(
                "the operator is strict, and its identity key signed {}",
                account.name
            ),
            "servers take none of its users",
        )
        .then("sign the account again with a signing key of the operator, and push it");
    }
    if user.issuer == account.id.key() {
        let said = Said::fail(
            format!(
                "the operator is strict, and the identity key of {} signed the user",
                account.name
            ),
            REFUSED,
        );
        return case.or_reissue(said.then("sign users with a signing key of the account"));
    }
    Said::ok("the operator is strict, and signing keys signed both")
}
