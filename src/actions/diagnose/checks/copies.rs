//! The check of all servers at once: whether each has the account as it holds, and whether that makes a difference to this user.

use std::sync::Arc;

use super::Case;
use crate::actions::diagnose::attempt::Attempt;
use crate::actions::diagnose::credential::Credential;
use crate::actions::diagnose::ground::{Ground, Server, Standpoint};
use crate::actions::diagnose::said::{Check, CheckResult, Said};
use crate::inventory::account::AccountRow;
use crate::inventory::account_line::{Content, CopyLine, CopyState};
use crate::inventory::told::Here;

/// Everything that is judged.
#[derive(Clone, Copy)]
pub(in crate::actions::diagnose) struct Whole<'a> {
    pub(in crate::actions::diagnose) credential: &'a Credential,
    pub(in crate::actions::diagnose) ground: &'a Ground,
    pub(in crate::actions::diagnose) attempt: &'a Attempt,
}

impl<'a> Whole<'a> {
    /// The case at one place, by one token of the account.
    pub(in crate::actions::diagnose) fn case(
        &self,
        at: &'a Standpoint,
        row: Option<&'a Arc<AccountRow>>,
    ) -> Case<'a> {
        Case {
            credential: self.credential,
            account: row.map(|row| &row.account),
            at,
            attempt: self.attempt,
        }
    }

    /// What keeps the user out at one place, by one token of the account.
    fn objection(&self, at: &'a Standpoint, row: &'a Arc<AccountRow>) -> Option<Check> {
        let case = self.case(at, Some(row));
        let fails = |check: &Check| case.says(*check).result == CheckResult::Fail;
        Check::ALL.into_iter().find(fails)
    }

    /// How a server that answered judges by the token that it has.
    pub(in crate::actions::diagnose) fn at_server(
        &self,
        server: &'a Server,
    ) -> (CheckResult, Option<Check>) {
        let case = self.case(&server.at, server.here.row());
        let mut result = CheckResult::Ok;
        for check in Check::ALL {
            let said = match (check, &server.here) {
                (Check::AccountCopies, Here::Missing) => CheckResult::Fail,
                (Check::AccountCopies, Here::Unknown) => CheckResult::Unknown,
                _ => case.says(check).result,
            };
            if said == CheckResult::Fail {
                return (said, Some(check));
            }
            result = result.max(said);
        }
        (result, None)
    }
}

/// How a server's token of the account stands to the one that holds.
pub(in crate::actions::diagnose) fn copy(
    server: &Server,
    best: Option<&Arc<AccountRow>>,
) -> CopyLine {
    let row = server.here.row();
    let holds = row
        .zip(best)
        .is_some_and(|(row, best)| row.revision == best.revision);
    CopyLine {
        place: "server",
        server: Some(server.name.clone()),
        revision: row.map(|row| row.revision),
        issued_at: row.and_then(|row| row.account.issued_at),
        state: match &server.here {
            Here::Enforced(_) if holds => CopyState::InForce,
            Here::Kept(_) if holds => CopyState::Stored,
            Here::Enforced(_) | Here::Kept(_) => CopyState::Stale,
            Here::Missing => CopyState::Missing,
            Here::Unknown => CopyState::Unknown,
        },
        content: row.zip(best).map(|(row, best)| Content::of(row, best)),
    }
}

/// Whether every server has the account as it holds.
pub(in crate::actions::diagnose) fn account_copies(whole: &Whole<'_>) -> Said {
    if whole.ground.servers.is_none() {
        return Said::skipped("no server was asked");
    }
    if whole.credential.user().is_none() {
        return Said::skipped(super::NO_TOKEN);
    }
    let servers = whole.ground.servers();
    let is =
        |server: &&Server, state: CopyState| copy(server, whole.ground.account()).state == state;
    let of =
        |state| -> Vec<&Server> { servers.iter().filter(|server| is(server, state)).collect() };
    let (missing, stale, unknown) = (
        of(CopyState::Missing),
        of(CopyState::Stale),
        of(CopyState::Unknown),
    );
    if !missing.is_empty() {
        return Said::fail(
            format!("{} no token of the account", have(&missing)),
            "no user of the account is let in there",
        )
        .pushed(whole);
    }
    let differing = stale.iter().copied();
    let differing: Vec<&Server> = differing.filter(|server| differs(whole, server)).collect();
    if let Some(first) = differing.first() {
        return by_an_old_token(whole, &differing, first);
    }
    if let Some(said) = unpushed(whole) {
        return said;
    }
    if !unknown.is_empty() {
        return Said::unknown(
            format!(
                "{} did not say which token of the account they have",
                names(&unknown)
            ),
            "whether the user is let in there is not known",
        )
        .then_run("see who answers", "nats-oam server ls");
    }
    if !stale.is_empty() {
        return Said::ok(format!(
            "{} an older token of the account, which says the same of this user",
            have(&stale)
        ));
    }
    Said::ok("every server has the same token of the account")
}

/// Whether a server's own token of the account decides otherwise over this user than the one that holds.
fn differs(whole: &Whole<'_>, server: &Server) -> bool {
    let (Some(own), Some(best)) = (server.here.row(), whole.ground.account()) else {
        return false;
    };
    whole.objection(&server.at, own) != whole.objection(&server.at, best)
}

fn by_an_old_token(whole: &Whole<'_>, servers: &[&Server], first: &Server) -> Said {
    let own = first.here.row();
    let issued = own.and_then(|row| row.account.issued_at);
    let of = issued.map_or_else(String::new, |issued| format!(" of {issued}"));
    let so = match own.and_then(|row| whole.objection(&first.at, row)) {
        Some(check) => format!("by it the user is refused there: {}", check.word()),
        None => "by it the user is let in there".to_owned(),
    };
    Said::fail(
        format!("{} an older token of the account{of}", have(servers)),
        so,
    )
    .pushed(whole)
}

/// The store's token, where no server has it and it would let in whom the servers' refuses.
fn unpushed(whole: &Whole<'_>) -> Option<Said> {
    let (stored, best) = (whole.ground.stored.as_ref()?, whole.ground.account()?);
    let at = *whole.ground.standpoints().first()?;
    let is_younger = stored.account.issued_at > best.account.issued_at;
    let objection = whole.objection(at, best)?;
    let heals = is_younger && whole.objection(at, stored).is_none();
    heals.then(|| {
        Said::fail(
            "the store has a younger token of the account, which no server has",
            format!(
                "by it the user would be let in; by the servers' it fails {}",
                objection.word()
            ),
        )
        .pushed(whole)
    })
}

impl Said {
    /// Adds the act that gives every server the store's token of the account, where there is one.
    fn pushed(self, whole: &Whole<'_>) -> Self {
        let say = "push the account's token to every server";
        match &whole.ground.stored {
            Some(stored) => {
                let run = format!("nats-oam account push {}", stored.account.id);
                self.then_run(say, run)
            }
            None => self.then(say),
        }
    }
}

fn names(servers: &[&Server]) -> String {
    let names: Vec<String> = servers
        .iter()
        .map(|server| server.name.to_string())
        .collect();
    names.join(", ")
}

/// `n3 has`, or `n2, n3 have`.
fn have(servers: &[&Server]) -> String {
    let verb = if servers.len() == 1 { "has" } else { "have" };
    format!("{} {verb}", names(servers))
}
