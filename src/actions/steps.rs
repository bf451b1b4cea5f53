//! How each step of a plan is carried out, and what is seen of it.

use std::sync::Arc;

use crate::explain::{Code, Explain, Explanation, Next};
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerRow;
use crate::jwt::account::Account;
use crate::jwt::edit;
use crate::jwt::keys::{AccountId, ConnId, PublicKey};
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::ledger::audit::{Change, Outcome as Word};
use crate::store::{Store, StoreError, Stored};
use crate::sys::{ConnQuery, Sys};

use super::apply::{Ended, Manner};
use super::enforce::{Edition, EnforceError, Pushed};
use super::keep;
use super::outcome::{Report, ServerReport};
use super::plan::{Plan, SignAccount, Step, Warning};
use super::ports::Ports;
use super::prepare::blocking;
use super::verify::{Containment, Patience, Proven};

/// How often the store is written when somebody else writes it too.
const STORE_TRIES: usize = 3;

/// A plan on its way.
pub(super) struct Steps<'a> {
    plan: &'a Plan,
    pub(super) ports: &'a Ports,
    pub(super) manner: &'a Manner<'a>,
    pub(super) report: Report,
    change: Option<Change>,
    /// The edit that the next push is about.
    signing: Option<&'a SignAccount>,
}

/// Why a plan stopped. `word` says whether anything was done.
pub(super) struct Stopped {
    pub(super) word: Word,
    pub(super) why: Explanation,
}

impl Stopped {
    pub(super) fn failed(why: Explanation) -> Self {
        Self {
            word: Word::Failed,
            why,
        }
    }

    pub(super) fn partial(why: Explanation) -> Self {
        Self {
            word: Word::Partial,
            why,
        }
    }
}

impl<'a> Steps<'a> {
    pub(super) fn new(plan: &'a Plan, ports: &'a Ports, manner: &'a Manner<'a>) -> Self {
        let report = Report {
            steps_of: plan.steps.len(),
            ..Report::default()
        };
        Self {
            plan,
            ports,
            manner,
            report,
            change: None,
            signing: None,
        }
    }

    pub(super) async fn run(mut self) -> Ended {
        let stopped = self.all().await.err();
        let word = match &stopped {
            // Something was done before it stopped: "failed" would promise that nothing was.
            Some(stopped)
                if self.report.steps_done > 0
                    && matches!(stopped.word, Word::Failed | Word::Stale) =>
            {
                Word::Partial
            }
            Some(stopped) => stopped.word,
            None => self.report.word(),
        };
        Ended {
            report: self.report,
            word,
            error: stopped.map(|stopped| stopped.why),
            change: self.change,
        }
    }

    async fn all(&mut self) -> Result<(), Stopped> {
        for step in &self.plan.steps {
            if self.manner.cancel.is_cancelled() {
                let so = format!(
                    "{} of {} steps are done",
                    self.report.steps_done, self.report.steps_of
                );
                return Err(Stopped {
                    word: Word::Cancelled,
                    why: Explanation::new(Code::Cancelled, "it was cancelled", so),
                });
            }
            match step {
                Step::Sign(sign) => self.signing = Some(sign),
                Step::Contain { account, kicks, .. } => self.push(*account, kicks).await?,
                Step::Push { account, .. } => self.push(*account, &[]).await?,
                Step::Kick { .. } => continue,
                Step::Issue(issue) => {
                    self.issue(issue).await?;
                    self.did_step();
                }
                Step::Deliver(out) => {
                    self.deliver(out).await?;
                    self.did_step();
                }
            }
            (self.manner.progress)(&self.report);
        }
        self.kick_all().await
    }

    /// Counts a step, and the signature that it was about.
    fn did_step(&mut self) {
        self.report.steps_done += if self.signing.take().is_some() { 2 } else { 1 };
    }

    /// The connections that the plan closes, all at once.
    async fn kick_all(&mut self) -> Result<(), Stopped> {
        let kicks: Vec<ConnId> = self
            .plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Kick { connection, .. } => Some(*connection),
                Step::Sign(_)
                | Step::Contain { .. }
                | Step::Push { .. }
                | Step::Issue(_)
                | Step::Deliver(_) => None,
            })
            .collect();
        if kicks.is_empty() {
            Ok(())
        } else {
            self.kick(&kicks).await
        }
    }

    /// Signs, pushes and proves the edit of one account; then the store follows.
    async fn push(&mut self, account: AccountId, kicks: &[ConnId]) -> Result<(), Stopped> {
        let Some(sign) = self.signing.filter(|sign| sign.account == account) else {
            let why = Explanation::new(
                Code::Internal,
                format!("no edit of {account} was planned"),
                "nothing was pushed",
            );
            return Err(Stopped::failed(why));
        };
        let signer = self.signer(sign.signer).await?;
        let Some(sys) = self.ports.sys.clone() else {
            return self.store_only(sign, signer).await;
        };
        let before = self.open_before(sys.as_ref(), account, kicks).await;
        let edition = Edition {
            sys: sys.as_ref(),
            sign,
            signer: Arc::clone(&signer),
            kicks,
            direction: self.plan.direction,
            connections: u64::try_from(before.len()).unwrap_or(u64::MAX),
            now: self.ports.now,
        };
        let (pushed, proven) = self
            .enforce(&edition, &before)
            .await
            .map_err(|error| self.not_enforced(sign, error))?;
        self.note(sign, &pushed);
        self.did_step();
        let proven = proven.map(|proven| self.tell(proven));
        self.follow(sign, pushed, signer).await?;
        proven.map_err(not_proven)
    }

    fn tell(&mut self, proven: Proven) {
        for report in proven.reports {
            self.report.add(report);
        }
        self.report.unknown.extend(proven.unreadable);
    }

    /// Pushes until it stands, and asks for proof.
    async fn enforce(
        &self,
        edition: &Edition<'_>,
        before: &[ConnectionRow],
    ) -> Result<(Pushed, Result<Proven, String>), EnforceError> {
        let mut pushed = edition.enforce().await?;
        let mut patience = Patience::UntilReplaced;
        loop {
            let proven = self.prove(edition.sys, &pushed, before, patience).await;
            if let Some(proven) = proven.transpose() {
                return Ok((pushed, proven));
            }
            let pushes = pushed.pushes;
            pushed = edition.settle(pushed).await?;
            if pushed.pushes == pushes {
                patience = Patience::ToTheEnd;
            }
        }
    }

    async fn prove(
        &self,
        sys: &dyn Sys,
        pushed: &Pushed,
        before: &[ConnectionRow],
        patience: Patience,
    ) -> Result<Option<Proven>, String> {
        let account = Account::of(&pushed.token).map_err(|error| error.to_string())?;
        let containment = Containment {
            sys,
            pushed,
            account: &account,
            before,
            connections: u64::try_from(before.len()).unwrap_or(u64::MAX),
            closes: self
                .plan
                .steps
                .iter()
                .any(|step| matches!(step, Step::Contain { .. })),
        };
        let proven = containment.prove(self.manner.wait, patience).await;
        proven.map_err(|error| error.to_string())
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
        let mut rows: Vec<ConnectionRow> = Vec::new();
        for query in queries {
            // What cannot be listed is not counted; the proof asks again.
            let Ok(told) = sys.connections(query).await else {
                continue;
            };
            for row in told.answers().flat_map(|(_, rows)| rows) {
                if !rows.iter().any(|held| held.id == row.id) {
                    rows.push(row.clone());
                }
            }
        }
        rows
    }

    fn note(&mut self, sign: &SignAccount, pushed: &Pushed) {
        self.report
            .pushed
            .push((sign.account, pushed.token.revision()));
        self.change = Some(Change {
            before: Some(pushed.base.text().clone().into()),
            after: Some(pushed.token.text().clone().into()),
            ..Change::default()
        });
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
        signer: Arc<dyn Signer>,
    ) -> Result<(), Stopped> {
        let Some(store) = self.ports.store.clone() else {
            return Ok(());
        };
        let sign = sign.clone();
        let followed = blocking(store, move |store| {
            follow(store, &sign, &pushed, signer.as_ref())
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
        signer: Arc<dyn Signer>,
    ) -> Result<(), Stopped> {
        let store = self.store()?;
        let (sign, now) = (sign.clone(), UnixTime::from((self.ports.now)()));
        let written = blocking(store, move |store| {
            write_edit(store, &sign, signer.as_ref(), now)
        })
        .await;
        let token = match written {
            Ok(Ok(token)) => token,
            Ok(Err(error)) => return Err(Stopped::failed(error.explain())),
            Err(refusal) => return Err(Stopped::failed(refusal.explain())),
        };
        self.change = Some(Change {
            after: Some(token.text().clone().into()),
            ..Change::default()
        });
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

    pub(super) fn store(&self) -> Result<Arc<dyn Store>, Stopped> {
        let missing = || {
            Explanation::new(Code::Store, "there is no store", "nothing was done")
                .then("name one with --data-dir")
        };
        self.ports
            .store
            .clone()
            .ok_or_else(|| Stopped::failed(missing()))
    }

    pub(super) async fn signer(&self, key: PublicKey) -> Result<Arc<dyn Signer>, Stopped> {
        let store = self.store()?;
        match blocking(store, move |store| store.signer(key)).await {
            Ok(Ok(signer)) => Ok(signer),
            Ok(Err(error)) => Err(Stopped::failed(error.explain())),
            Err(refusal) => Err(Stopped::failed(refusal.explain())),
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
            EnforceError::Token(error) => Stopped::failed(Explanation::new(
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
            EnforceError::Lost(error) => {
                self.report.servers = self.silent_servers();
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
    signer: &dyn Signer,
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
