//! Checks of time: from when, until when, revoked, and whether the account itself lives.

use super::{Case, NO_TOKEN, REFUSED};
use crate::actions::diagnose::credential::Unreadable;
use crate::actions::diagnose::said::Said;
use crate::jwt::limits::Limit;

/// Whether the token is valid already.
pub(super) fn not_before(case: &Case<'_>) -> Said {
    let Some(user) = case.user() else {
        return Said::skipped(NO_TOKEN);
    };
    match user.not_before {
        Some(start) if start > case.now() => {
            let said = Said::fail(
                format!("it is valid only from {start}"),
                format!("by the clock it is {}: {REFUSED}", case.now()),
            );
            case.or_reissue(said.then(format!("wait until {start}")))
        }
        Some(start) => Said::ok(format!("it is valid since {start}")),
        None => Said::ok("it names no beginning"),
    }
}

/// Whether the token is valid still. Its last second counts (`now > exp`, jwt `v2/claims.go`).
pub(super) fn expiry(case: &Case<'_>) -> Said {
    let Some(user) = case.user() else {
        return Said::skipped(NO_TOKEN);
    };
    match user.expires_at {
        Some(end) if end < case.now() => {
            let said = Said::fail(
                format!("it expired at {end}"),
                format!("by the clock it is {}: {REFUSED}", case.now()),
            );
            case.or_reissue(said)
        }
        Some(end) => Said::ok(format!("it is valid until {end}")),
        None => Said::ok("it never expires"),
    }
}

/// Whether the account revokes this token: by its key, or by `*`.
pub(super) fn revoked(case: &Case<'_>) -> Said {
    if let (Err(Unreadable::NoToken(user)), Some(account)) = (&case.credential.token, case.account)
    {
        return match account.revocations.of_user(*user) {
            Some(time) => Said::unknown(
                format!("tokens of it that were issued up to {time} are revoked"),
                "when its own was issued is not known",
            ),
            None => Said::ok("no revocation names it"),
        };
    }
    let (user, account) = match case.both() {
        Ok(both) => both,
        Err(said) => return said,
    };
    let Some(time) = account.revocations.revoked_at(user.id, user.issued_at) else {
        return Said::ok("no revocation reaches it");
    };
    let whom = if account
        .revocations
        .named(user.id)
        .is_some_and(|named| named >= time)
    {
        "it is revoked"
    } else {
        "every user of the account is revoked (*)"
    };
    let issued = user.issued_at.map_or_else(
        || "it does not say when it was issued, so that every revocation reaches it".to_owned(),
        |issued| format!("it was issued at {issued}"),
    );
    let said = Said::fail(
        format!("{whom} up to {time}"),
        format!("{issued}: {REFUSED}"),
    );
    let said = case.or_reissue(said);
    match &case.credential.reference {
        Some(user) => said.then_run(
            "or take the revocation back",
            format!("nats-oam user lift {user}"),
        ),
        None => said.then_run(
            "or take the revocation back",
            format!("nats-oam user lift {}/{}", user.account, user.id),
        ),
    }
}

/// Whether the account lets anybody in: its dates, and whether it has connections at all.
pub(super) fn account_state(case: &Case<'_>) -> Said {
    let account = match case.both() {
        Ok((_, account)) => account,
        Err(said) => return said,
    };
    let name = &account.name;
    let nobody = "servers let in none of its users";
    if let Some(end) = account.expires_at.filter(|end| *end < case.now()) {
        return Said::fail(format!("account {name} expired at {end}"), nobody)
            .then("sign the account again with a later end, and push it");
    }
    if let Some(start) = account.not_before.filter(|start| *start > case.now()) {
        return Said::fail(format!("account {name} is valid only from {start}"), nobody)
            .then("sign the account again without that beginning, and push it");
    }
    if account.limits.connections == Limit::NONE {
        return Said::fail(
            format!("account {name} is disabled: it may have no connections"),
            "servers answer \"maximum account active connections exceeded\"",
        )
        .then("give the account connections again, and push it");
    }
    Said::ok(format!("account {name} is active"))
}
