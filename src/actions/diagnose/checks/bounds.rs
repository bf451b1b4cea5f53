//! Checks of what the token, or its role, bounds: permissions that can be put together, from where, when, by what, and whether a
//! bearer may come at all.

use super::{Case, NO_TOKEN, REFUSED};
use crate::actions::diagnose::attempt::ConnectionType;
use crate::actions::diagnose::hours::Hours;
use crate::actions::diagnose::network::Network;
use crate::actions::diagnose::said::Said;
use crate::explain::Explain as _;
use crate::permissions::{EffectivePermissions, Refusal};
use crate::text::Text;

/// Whether servers can put the user's permissions together.
pub(super) fn role_rules(case: &Case<'_>) -> Said {
    let Ok(read) = &case.credential.token else {
        return Said::skipped(NO_TOKEN);
    };
    let account = match case.both() {
        Ok((_, account)) => account,
        Err(said) => return said,
    };
    match EffectivePermissions::of(account, &read.token, case.at.release) {
        Ok(_) => match account.role(read.user.issuer) {
            Some(role) => Said::ok(format!("the template of role {} fits it", role.name)),
            None => Said::ok("its permissions can be read"),
        },
        Err(Refusal::SignerGone { .. }) => Said::skipped("its signer is no key of the account"),
        Err(why) => {
            let told = why.explain();
            let mut said = match why {
                Refusal::TooLong { .. } => Said::unknown(told.what, told.so),
                _ => Said::fail(told.what, told.so),
            };
            said.next = told.next;
            case.or_reissue(said)
        }
    }
}

/// Whether it may come from where it comes from.
pub(super) fn source(case: &Case<'_>) -> Said {
    let Some(restrictions) = case.restrictions() else {
        return Said::skipped(NO_TOKEN);
    };
    let written = &restrictions.networks;
    let mut networks = Vec::new();
    for network in written {
        match network.to_string().parse::<Network>() {
            Ok(network) => networks.push(network),
            Err(_) => return no_network(case, network),
        }
    }
    if networks.is_empty() {
        return Said::ok("it may come from anywhere");
    }
    let only = format!("it may come only from {}", listed(written));
    match case.attempt.from {
        None => Said::unknown(only, "from where it comes is not known")
            .then("say from where: diagnose … --from IP"),
        Some(from) if networks.iter().any(|network| network.contains(from)) => {
            Said::ok(format!("{from} is in {}", listed(written)))
        }
        Some(from) => {
            let said = Said::fail(only, format!("from {from}, {REFUSED}"));
            case.or_reissue(said.then("connect from one of these networks"))
        }
    }
}

/// Servers refuse the whole token for one of its own entries, and every address for one of a role's.
fn no_network(case: &Case<'_>, network: &Text) -> Said {
    let said = Said::fail(
        format!(
            "\"{network}\" among its sources is no network: write 127.0.0.1/32 for one address"
        ),
        REFUSED,
    );
    case.or_reissue(said)
}

/// Whether it may come now.
pub(super) fn times(case: &Case<'_>) -> Said {
    let Some(restrictions) = case.restrictions() else {
        return Said::skipped(NO_TOKEN);
    };
    let place = &restrictions.times_location;
    let zone = if place.is_empty() {
        String::new()
    } else {
        format!(" ({place})")
    };
    let windows = restrictions.times.iter();
    let windows: Vec<String> = windows
        .map(|range| format!("{} to {}", range.start, range.end))
        .collect();
    let only = format!("it may come only from {}{zone}", windows.join(", "));
    let clock = case.now();
    let said = match Hours::at(restrictions, case.at.now) {
        Hours::Unbound => return Said::ok("it may come at any hour"),
        Hours::Inside => return Said::ok(format!("{clock} is within its hours")),
        Hours::Outside => Said::fail(only, format!("by the clock it is {clock}: {REFUSED}"))
            .then("wait for its hours"),
        Hours::Malformed(range) => Said::fail(
            format!("\"{}\" to \"{}\" are no hours", range.start, range.end),
            REFUSED,
        ),
        Hours::ZoneOfServer { inside_by_utc } => {
            let side = if inside_by_utc { "within" } else { "outside" };
            return Said::unknown(
                only,
                format!("the hours are those of each server's own zone, which no server tells; by UTC it is {side} them"),
            )
            .then("issue the user again with a place for its hours");
        }
        Hours::UnknownZone(zone) => {
            return Said::unknown(
                only,
                format!(
                    "this machine does not know the zone {zone}; a server that does not either refuses the token"
                ),
            );
        }
    };
    case.or_reissue(said)
}

/// Whether it may come by this kind of connection.
pub(super) fn connection_type(case: &Case<'_>) -> Said {
    let Some(restrictions) = case.restrictions() else {
        return Said::skipped(NO_TOKEN);
    };
    let written = &restrictions.connection_types;
    // Servers leave out what they do not know, unless they know none of it.
    let known = written
        .iter()
        .filter_map(|kind| kind.to_string().parse().ok());
    let known: Vec<ConnectionType> = known.collect();
    let by = case.attempt.by;
    if !written.is_empty() && !known.contains(&by) {
        let said = Said::fail(
            format!("it may come only as {}", listed(written)),
            format!("as {by}, {REFUSED}"),
        );
        let said = match known.first() {
            Some(kind) => said.then(format!("connect as {kind}, and diagnose … --type {kind}")),
            None => said,
        };
        return case.or_reissue(said);
    }
    if restrictions.proxy_required {
        return Said::unknown(
            "it may come only through a proxy that the server trusts",
            "whether it does is not seen from here",
        )
        .then("connect through the proxy");
    }
    if written.is_empty() {
        return Said::ok("it may come by every kind of connection");
    }
    Said::ok(format!("it may come as {by}"))
}

/// Whether the account lets in bearers, if it is one.
pub(super) fn bearer_policy(case: &Case<'_>) -> Said {
    let account = match case.both() {
        Ok((_, account)) => account,
        Err(said) => return said,
    };
    let is_bearer = case
        .restrictions()
        .is_some_and(|restrictions| restrictions.bearer);
    match (is_bearer, account.limits.disallow_bearer) {
        (false, _) => Said::ok("it is no bearer token"),
        (true, false) => Said::ok(format!("account {} lets in bearer tokens", account.name)),
        (true, true) => {
            let said = Said::fail(
                format!(
                    "it is a bearer token, and account {} lets in none",
                    account.name
                ),
                REFUSED,
            );
            case.or_reissue(said.then("issue the user without bearer, with a seed of its own"))
        }
    }
}

fn listed(written: &[Text]) -> String {
    let written: Vec<String> = written.iter().map(ToString::to_string).collect();
    written.join(", ")
}
