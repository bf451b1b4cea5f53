//! How each step of a plan is carried out, and what is seen of it.

use std::sync::Arc;

use crate::explain::{Code, Explain, Explanation};
use crate::jwt::keys::{ConnId, PublicKey};
use crate::jwt::signer::Signer;
use crate::ledger::audit::{Change, Outcome as Word};
use crate::store::Store;

use super::account_steps::SignAccount;
use super::apply::{Ended, Manner};
use super::outcome::Report;
use super::plan::{Plan, Step};
use super::ports::Ports;
use super::prepare::blocking;

/// A plan on its way.
pub(super) struct Steps<'a> {
    pub(super) plan: &'a Plan,
    pub(super) ports: &'a Ports,
    pub(super) manner: &'a Manner<'a>,
    pub(super) report: Report,
    pub(super) change: Option<Change>,
    /// The edit that the next push is about.
    pub(super) signing: Option<&'a SignAccount>,
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
                Step::TakeOver(taken) => {
                    self.take_over(taken).await?;
                    self.did_step();
                }
            }
            (self.manner.progress)(&self.report);
        }
        self.kick_all().await
    }

    /// Counts a step, and the signature that it was about.
    pub(super) fn did_step(&mut self) {
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
                | Step::Deliver(_)
                | Step::TakeOver(_) => None,
            })
            .collect();
        if kicks.is_empty() {
            Ok(())
        } else {
            self.kick(&kicks).await
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
}
