//! Checks of the token and its seed alone.

use super::{Case, NO_TOKEN, REFUSED};
use crate::actions::diagnose::credential::{Seed, Unreadable};
use crate::actions::diagnose::said::Said;

/// Whether there is a user's token that a server can read.
pub(super) fn format(case: &Case<'_>) -> Said {
    match &case.credential.token {
        Ok(read) => Said::ok(format!("it is the token of user {}", read.user.name)),
        Err(why @ Unreadable::NoToken(_)) => {
            Said::unknown(why.to_string(), "what it would log in with is not known")
                .then("give the creds themselves: diagnose @FILE")
        }
        Err(why) => {
            let said = Said::fail(
                why.to_string(),
                "servers cannot read it, and refuse the login",
            );
            let said =
                said.then("fetch the file again from where it came: it may be cut or changed");
            case.or_reissue(said)
        }
    }
}

/// Whether the token is signed by whom it names.
pub(super) fn signature(case: &Case<'_>) -> Said {
    let Ok(read) = &case.credential.token else {
        return Said::skipped(NO_TOKEN);
    };
    match read.token.verify() {
        Ok(()) => Said::ok(format!("it is signed by {}", read.user.issuer)),
        Err(why) => {
            let said = Said::fail(
                format!("its signature does not hold: {why}"),
                "somebody changed the token, or it was damaged on its way; servers refuse the login",
            );
            case.or_reissue(said.then("fetch the file again from where it came"))
        }
    }
}

/// Whether the private part is the token's own.
pub(super) fn seed_matches(case: &Case<'_>) -> Said {
    let Ok(read) = &case.credential.token else {
        return Said::skipped(NO_TOKEN);
    };
    if case
        .restrictions()
        .is_some_and(|restrictions| restrictions.bearer)
    {
        return Said::skipped("a bearer token needs no seed: whoever has it is let in");
    }
    let subject = read.token.envelope().subject;
    let cannot_sign = "a client cannot answer the server's challenge, and servers refuse the login";
    let said = match &case.credential.seed {
        Seed::Of(key) if *key == subject => {
            return Said::ok(format!("its seed is that of {subject}"));
        }
        Seed::Elsewhere => {
            return Said::skipped(
                "whoever uses the token has its seed, or not: it is not seen here",
            );
        }
        Seed::None => return Said::skipped("only the token was given, without a seed"),
        Seed::NotHeld => {
            return Said::skipped(format!("the keyring has no seed of {subject}"));
        }
        Seed::Of(key) => Said::fail(
            format!("its seed is that of {key}, and the token is that of {subject}"),
            format!("what it signs does not prove that key: {REFUSED}"),
        ),
        Seed::Damaged => Said::fail("its seed is damaged", cannot_sign),
    };
    match &case.credential.reference {
        Some(user) => said.then_run(
            "write the creds anew",
            format!("nats-oam user creds {user}"),
        ),
        None => said.then("put the token and the seed of one user together"),
    }
}
