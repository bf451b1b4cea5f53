//! One edited account on its way: pushed until it stands, proven server by server, then followed by the store; what went out is
//! noted for the record and for the guard, whatever becomes of it. Without servers the store alone is written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::explain::{Code, Explain, Explanation, Next};
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerRow;
use crate::jwt::account::Account;
use crate::jwt::edit;
use crate::jwt::keys::{AccountId, ConnId, ServerId};
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::ledger::audit::{Outcome as Word, Tokens};
use crate::store::{Store, StoreError, Stored};
use crate::sys::{Accepted, ConnQuery, Gathered, Sys};
use crate::text::Text;

use super::account_steps::SignAccount;
use super::enforce::{Edition, EnforceError, Pushed};
use super::keep;
use super::outcome::ServerReport;
use super::plan::{Step, Warning};
use super::prepare::blocking;
use super::steps::{Steps, Stopped};
use super::verify::{Containment, Patience, Proven, Stopwatch};

/// How the servers are asked for proof.
struct Proof<'a> {
    sys: &'a dyn Sys,
    /// Connections that were open before the push.
    before: &'a [ConnectionRow],
    /// How many of them the busiest server had.
    connections: u64,
    patience: Patience,
    wait: Duration,
    watch: Stopwatch,
}

/// How often the store is written when somebody else writes it too.
const STORE_TRIES: usize = 3;

impl Steps<'_> {
    /// Signs, pushes and proves the edit of one account; then the store follows.
    pub(super) async fn push(
        &mut self,
        account: AccountId,
        kicks: &[ConnId],
    ) -> Result<(), Stopped> {
        let Some(sign) = self.signing.filter(|sign| sign.account == account) else {
            let why = Explanation::new(
                Code::Internal,
                format!("no edit of {account} was planned"),
                "nothing was pushed",
            );
            return Err(Stopped::failed(why));
        };
        let signer = match sign.signing.key() {
            Some(key) => Some(self.signer(key).await?),
            None => None,
        };
        let Some(sys) = self.ports.sys.clone() else {
            return self.store_only(sign, signer).await;
        };
        let before = self.open_before(sys.as_ref(), account, kicks).await;
        let edition = Edition {
            sys: sys.as_ref(),
            sign,
            signer: signer.clone(),
            kicks,
            direction: self.plan.direction,
            connections: busiest(&before),
            now: self.ports.now,
        };
        let (pushed, proven) = self
            .enforce(&edition, &before)
            .await
            .map_err(|error| self.not_enforced(sign, error))?;
        self.note(sign, &pushed);
        self.did_step();
        let proven = proven.map(|proven| self.tell(&sign.name, proven));
        self.follow(sign, pushed, signer).await?;
        proven.map_err(not_proven)
    }

    fn tell(&mut self, account: &Text, proven: Proven) {
        if proven.unasked > 0 {
            let what = format!(
                "{} connections of {account} were not asked whose they are, since there are too many; servers close whom the token keeps out before they answer the push",
                proven.unasked
            );
            self.report
                .warnings
                .push(Warning::new("identity_not_asked", what));
        }
        for report in proven.reports {
            self.report.add(report);
        }
        self.report.unknown.extend(proven.unreadable);
        self.report.left.extend(proven.left);
    }

    /// Pushes until it stands, and asks for proof.
    async fn enforce(
        &self,
        edition: &Edition<'_>,
        before: &[ConnectionRow],
    ) -> Result<(Pushed, Result<Proven, String>), EnforceError> {
        let first = edition.enforce().await?;
        let mut proof = Proof {
            sys: edition.sys,
            before,
            connections: edition.connections,
            patience: Patience::UntilReplaced,
            wait: Duration::ZERO,
            watch: Stopwatch::since(first.at),
        };
        // The first look is for whoever watches: a second later it is looked whether somebody else pushed meanwhile, and what is
        // true then counts. What this one could not see, the next does.
        let _ = self.prove(&first, &mut proof).await;
        proof.wait = self.manner.wait;
        let mut pushed = edition.settle(first).await?;
        loop {
            proof.watch.restart(pushed.at);
            let proven = self.prove(&pushed, &mut proof).await;
            if let Some(proven) = proven.transpose() {
                return Ok((pushed, proven));
            }
            let pushes = pushed.pushes;
            pushed = edition.settle(pushed).await?;
            if pushed.pushes == pushes {
                proof.patience = Patience::ToTheEnd;
            }
        }
    }

    async fn prove(
        &self,
        pushed: &Pushed,
        proof: &mut Proof<'_>,
    ) -> Result<Option<Proven>, String> {
        let account = Account::of(&pushed.token).map_err(|error| error.to_string())?;
        let before = proof.before;
        let containment = Containment {
            sys: proof.sys,
            pushed,
            account: &account,
            before,
            connections: proof.connections,
            closes: self
                .plan
                .steps
                .iter()
                .any(|step| matches!(step, Step::Contain { .. })),
            seen: &|reports| self.tell_so_far(reports),
        };
        let proven = containment.prove(proof.wait, proof.patience, &mut proof.watch);
        proven.await.map_err(|error| error.to_string())
    }

    fn tell_so_far(&self, reports: &[ServerReport]) {
        let mut so_far = self.report.clone();
        for report in reports {
            so_far.add(report.clone());
        }
        (self.manner.progress)(&so_far);
    }

    /// The connections of an account before the push: whom the proof counts as closed.
    async fn open_before(
        &self,
        sys: &dyn Sys,
        account: AccountId,
        kicks: &[ConnId],
    ) -> Vec<ConnectionRow> {
        let queries = [
            ConnQuery::WithAuth(kicks.to_vec()),
            ConnQuery::Account(account),
        ];
        let (mut rows, mut seen) = (Vec::new(), HashSet::new());
        for query in queries {
            // What cannot be listed is not counted; the proof asks again.
            let Ok(told) = sys.connections(query).await else {
                continue;
            };
            for row in told.answers().flat_map(|(_, rows)| rows) {
                if seen.insert(row.id) {
                    rows.push(row.clone());
                }
            }
        }
        rows
    }

    /// What went out, and has to be recorded and guarded whatever becomes of it.
    fn note_token(&mut self, account: AccountId, base: &Token, token: &Token) {
        self.report.pushed.push((account, token.revision()));
        self.note_change(base, token);
    }

    fn note_change(&mut self, base: &Token, token: &Token) {
        self.change.get_or_insert_default().add(Tokens {
            before: Some(base.text().clone().into()),
            after: Some(token.text().clone().into()),
        });
    }

    fn note(&mut self, sign: &SignAccount, pushed: &Pushed) {
        self.note_token(sign.account, &pushed.base, &pushed.token);
        self.report
            .warnings
            .extend(in_memory_only(&sign.name, &pushed.told));
        if pushed.pushes > 1 {
            let what = format!(
                "another admin changed {} at the same moment; it was pushed {} times, and both changes stand",
                sign.name, pushed.pushes
            );
            self.report.warnings.push(Warning::new("raced", what));
        }
    }

    /// Writes the store after the servers. It not being writable makes the act partial: the servers have what was wanted.
    async fn follow(
        &mut self,
        sign: &SignAccount,
        pushed: Pushed,
        signer: Option<Arc<dyn Signer>>,
    ) -> Result<(), Stopped> {
        let Some(store) = self.ports.store.clone() else {
            return Ok(());
        };
        let sign = sign.clone();
        let followed = blocking(store, move |store| {
            follow(store, &sign, &pushed, signer.as_deref())
        })
        .await;
        let stopped = |why: String, next: Vec<Next>| {
            let mut why = Explanation::new(
                Code::Store,
                why,
                "the servers have the change; the store does not",
            );
            why.next = next;
            Stopped::partial(why)
        };
        match followed {
            Ok(Ok(warning)) => {
                self.report.warnings.extend(warning);
                Ok(())
            }
            Ok(Err(error)) => Err(stopped(error.to_string(), error.explain().next)),
            Err(refusal) => Err(stopped(refusal.to_string(), Vec::new())),
        }
    }

    /// Without servers: the edit is made on the store's own token. Nothing is proven.
    async fn store_only(
        &mut self,
        sign: &SignAccount,
        signer: Option<Arc<dyn Signer>>,
    ) -> Result<(), Stopped> {
        let store = self.store()?;
        let not_connected = || {
            let why = "an account is pushed to servers, and none is asked";
            Explanation::new(Code::NotConnected, why, "nothing was done")
        };
        let signer = signer.ok_or_else(|| Stopped::failed(not_connected()))?;
        let (sign, now) = (sign.clone(), UnixTime::from((self.ports.now)()));
        let base = sign.base.clone();
        let written = blocking(store, move |store| {
            write_edit(store, &sign, signer.as_ref(), now)
        })
        .await;
        let token = match written {
            Ok(Ok(token)) => token,
            Ok(Err(error)) => return Err(Stopped::failed(error.explain())),
            Err(refusal) => return Err(Stopped::failed(refusal.explain())),
        };
        self.note_change(&base, &token);
        self.report.warnings.push(Warning::new(
            "offline",
            "only the store was written; no server knows of it",
        ));
        self.report.servers = self.expected_but_not_asked();
        self.did_step();
        Ok(())
    }

    /// The servers of the roster, of which nothing is known. With none known, one that stands for them.
    fn expected_but_not_asked(&self) -> Vec<ServerReport> {
        let roster = self
            .ports
            .record
            .roster()
            .load((self.ports.now)())
            .unwrap_or_default();
        let known: Vec<ServerReport> = roster
            .servers()
            .map(|server| ServerReport::unknown(server.name.clone(), Some(server.id)))
            .collect();
        if known.is_empty() {
            vec![ServerReport::unknown("every server".into(), None)]
        } else {
            known
        }
    }

    fn not_enforced(&mut self, sign: &SignAccount, error: EnforceError) -> Stopped {
        match error {
            EnforceError::Stale { base, now } => {
                let now = now.map_or_else(|| "gone".to_owned(), |now| now.to_string());
                let what = format!(
                    "{} was changed by somebody else: it was {base}, it is {now}",
                    sign.name
                );
                let why = Explanation::new(Code::Stale, what, "nothing was done")
                    .then("look again, then press again");
                Stopped {
                    word: Word::Stale,
                    why,
                }
            }
            EnforceError::NotPushed(error) => Stopped::failed(error.explain()),
            EnforceError::NotSigned(error) => Stopped::failed(Explanation::new(
                Code::Internal,
                error.to_string(),
                "nothing was done",
            )),
            EnforceError::Overwritten(pushed) => {
                self.note(sign, &pushed);
                let what = format!(
                    "somebody put another token of {} in place of what was pushed",
                    sign.name
                );
                Stopped::partial(
                    Explanation::new(Code::Overwritten, what, "the change does not stand")
                        .then("look at what stands now, then run it again"),
                )
            }
            EnforceError::Lost(error, sent) => {
                for sent in sent {
                    self.note_token(sign.account, &sent.base, &sent.token);
                }
                for server in self.silent_servers() {
                    self.report.add(server);
                }
                let so = "it may have been done on some servers, and is not known on any";
                Stopped {
                    word: Word::Unverified,
                    why: Explanation::new(Code::NotConnected, error.to_string(), so)
                        .then("run it again: what is done already is left as it is"),
                }
            }
        }
    }

    fn silent_servers(&self) -> Vec<ServerReport> {
        let Some(census) = super::prepare::census_of(self.ports) else {
            return Vec::new();
        };
        let unknown = |server: &ServerRow| ServerReport::unknown(server.name.clone(), server.id);
        census.ours().map(unknown).collect()
    }
}

/// What a restart would undo: servers whose resolver keeps nothing.
fn in_memory_only(account: &Text, told: &Gathered<Accepted>) -> Option<Warning> {
    let in_memory = told.answers();
    let in_memory = in_memory.filter(|(_, accepted)| **accepted == Accepted::UntilRestart);
    let names: Vec<String> = in_memory
        .map(|(server, _)| server.name.to_string())
        .collect();
    (!names.is_empty()).then(|| {
        let what = format!(
            "{account} is so on {} until restart: a MEMORY or URL resolver then goes back to what it is configured with",
            names.join(", ")
        );
        Warning::new("until_restart", what)
    })
}

/// Connections on the server that has most of them.
fn busiest(open: &[ConnectionRow]) -> u64 {
    let mut on_each: HashMap<ServerId, u64> = HashMap::new();
    for row in open {
        *on_each.entry(row.id.server).or_default() += 1;
    }
    on_each.into_values().max().unwrap_or_default()
}

fn not_proven(error: String) -> Stopped {
    let why = Explanation::new(
        Code::NotConnected,
        error,
        "the push went out; what the servers did with it is not known",
    )
    .then("run it again: what is done already is left as it is");
    Stopped {
        word: Word::Unverified,
        why,
    }
}

/// Writes the store. Another admin's act may write the same account at this moment; then it is read again.
fn follow(
    store: &dyn Store,
    sign: &SignAccount,
    pushed: &Pushed,
    signer: Option<&dyn Signer>,
) -> Result<Option<Warning>, StoreError> {
    for _ in 1..STORE_TRIES {
        match keep::follow(store, sign, pushed, &sign.edits, signer) {
            Err(StoreError::Stale { .. }) => {}
            done => return done,
        }
    }
    keep::follow(store, sign, pushed, &sign.edits, signer)
}

fn write_edit(
    store: &dyn Store,
    sign: &SignAccount,
    signer: &dyn Signer,
    now: UnixTime,
) -> Result<Token, StoreError> {
    let base_at = sign.base.envelope().issued_at.unwrap_or_default();
    let at = now.max(UnixTime(base_at.0.saturating_add(1)));
    let tree = edit::apply(&sign.base, &sign.edits, at);
    let token = Token::issue(&tree, signer, at)?;
    store.write(
        &Stored::Account(sign.account),
        &token,
        Some(sign.base.revision()),
    )?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::server::ServerLabel;
    use crate::sys::Said;

    #[test]
    fn what_a_restart_undoes_is_said_with_the_servers_names() {
        let said = |byte: u8, accepted| Said {
            server: ServerLabel {
                id: ServerId::from_bytes([byte; 32]),
                name: format!("n{byte}").into(),
                cluster: None,
            },
            answer: Ok(accepted),
        };
        let told = |said| Gathered {
            said,
            foreign: Vec::new(),
            silent: Vec::new(),
        };

        let kept = in_memory_only(&"ORDERS".into(), &told(vec![said(1, Accepted::Stored)]));
        let lost = told(vec![
            said(1, Accepted::Stored),
            said(2, Accepted::UntilRestart),
        ]);
        let lost = in_memory_only(&"ORDERS".into(), &lost).unwrap();

        assert_eq!(kept, None);
        assert_eq!(lost.code, "until_restart");
        assert!(lost.what.contains("on n2 until restart"), "{}", lost.what);
    }
}
