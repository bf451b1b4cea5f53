//! The servers' token of an account on its way into the store: read again, written on the base that was planned, and read back;
//! then each server says whether it has the same.

use crate::explain::{Code, Explain, Explanation};
use crate::jwt::token::Token;
use crate::ledger::audit::{Outcome as Word, Tokens};
use crate::store::{Store, StoreError, Stored};
use crate::sys::{Gathered, Proof, Sys, SysError, Update};

use super::account_steps::TakeOver;
use super::copies::ServerCopies;
use super::outcome::{ServerReport, ServerVerdict};
use super::prepare::blocking;
use super::steps::{Steps, Stopped};

impl Steps<'_> {
    /// Writes the servers' token into the store.
    pub(super) async fn take_over(&mut self, taken: &TakeOver) -> Result<(), Stopped> {
        let store = self.store()?;
        let Some(sys) = self.ports.sys.clone() else {
            let why = "an account is pulled from servers, and none is asked";
            let why = Explanation::new(Code::NotConnected, why, "nothing was done");
            return Err(Stopped::failed(why));
        };
        still_theirs(sys.as_ref(), taken).await?;
        let written = taken.clone();
        let written = blocking(store, move |store| write(store, &written)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error @ StoreError::Stale { .. })) => return Err(stale(error.to_string())),
            Ok(Err(error)) => return Err(Stopped::failed(error.explain())),
            Err(refusal) => return Err(Stopped::failed(refusal.explain())),
        }
        self.change.get_or_insert_default().add(Tokens {
            before: taken
                .replaces
                .as_ref()
                .map(|held| held.text().clone().into()),
            after: Some(taken.token.text().clone().into()),
        });
        let reports = ask(sys.as_ref(), &taken.token)
            .await
            .map_err(|error| not_asked(&error))?;
        for report in reports {
            self.report.add(report);
        }
        Ok(())
    }
}

fn stale(what: String) -> Stopped {
    let why = Explanation::new(Code::Stale, what, "nothing was done");
    Stopped {
        word: Word::Stale,
        why: why.then("look again, then press again"),
    }
}

fn not_asked(error: &SysError) -> Stopped {
    let so = "the store has the token; whether the servers still do is not known";
    Stopped {
        word: Word::Unverified,
        why: Explanation::new(Code::NotConnected, error.to_string(), so),
    }
}

/// Refuses what somebody replaced since the plan.
async fn still_theirs(sys: &dyn Sys, taken: &TakeOver) -> Result<(), Stopped> {
    let copies = ServerCopies::read(sys, taken.account).await;
    let copies = copies.map_err(|error| Stopped::failed(error.explain()))?;
    let planned = taken.token.revision();
    match copies.best().map(Token::revision) {
        Some(now) if now == planned => Ok(()),
        now => {
            let now = now.map_or_else(|| "gone".to_owned(), |now| now.to_string());
            let name = &taken.name;
            Err(stale(format!(
                "{name} was changed by somebody else: it was {planned}, it is {now}"
            )))
        }
    }
}

fn write(store: &dyn Store, taken: &TakeOver) -> Result<(), StoreError> {
    let of = Stored::Account(taken.account);
    let base = taken.replaces.as_ref().map(Token::revision);
    store.write(&of, &taken.token, base)?;
    let held = store.token(&of)?.revision();
    if held == taken.token.revision() {
        Ok(())
    } else {
        Err(StoreError::Stale {
            place: taken.name.clone(),
            found: Some(held),
        })
    }
}

/// Which servers have the token that the store has now.
async fn ask(sys: &dyn Sys, token: &Token) -> Result<Vec<ServerReport>, SysError> {
    let proofs = sys.prove(&Update::new(token.clone(), 0)?).await?;
    let census = sys.census().borrow().clone();
    let report = |server: &crate::inventory::server::ServerRow| {
        let has = has(&proofs, &server.name);
        let unknown = ServerReport::unknown(server.name.clone(), server.id);
        match has {
            None => unknown,
            Some(has) => ServerReport {
                in_force: Some(has),
                open: Some(0),
                state: ServerVerdict::Clear,
                ..unknown
            },
        }
    };
    Ok(census.ours().map(report).collect())
}

fn has(proofs: &Gathered<Proof>, server: &crate::text::Text) -> Option<bool> {
    let mut answers = proofs.answers();
    let (_, proof) = answers.find(|(told, _)| told.name == *server)?;
    match proof {
        Proof::InForce | Proof::Stored => Some(true),
        Proof::Stale(_) => Some(false),
        Proof::Unknown => None,
    }
}
