//! Carries out an approved plan: intent on disk, steps, proof, result. No record, no act; a step is never torn, and an act
//! that was cut off leaves an open intent that the next start shows.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::explain::{Explain, Explanation};
use crate::ledger::audit::{self, Change, Detail, Digest, Draft, Ending, Outcome as Word, Tokens};
use crate::ledger::guard::{self, Guard};
use crate::ledger::{LedgerError, RecordId};

use super::certifying::certify_writer;
use super::outcome::{GuardReport, Outcome, Recorded, Report};
use super::plan::{Approved, Plan, Step, Warning};
use super::ports::Ports;
use super::refusal::Refusal;
use super::steps::Steps;

/// How an act is carried out.
pub struct Manner<'a> {
    /// For the whole verification.
    pub wait: Duration,
    /// Obeyed between steps.
    pub cancel: &'a CancellationToken,
    /// Told whenever more is known.
    pub progress: &'a (dyn Fn(&Report) + Send + Sync),
    pub watch: Watch,
}

/// Who watches over a revocation after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// A command ends with its answer.
    Nobody,
    /// A console, or a guard that serves: see [`super::guard`].
    Guard,
}

/// How the steps ended, before it is recorded.
pub(super) struct Ended {
    pub(super) report: Report,
    pub(super) word: Word,
    pub(super) error: Option<Explanation>,
    pub(super) change: Option<Change>,
}

/// Does what was approved. Errors are outcomes: a person is told what is true now.
pub async fn apply(approved: Approved, ports: &Ports, manner: &Manner<'_>) -> Outcome {
    let started = Instant::now();
    // What fails here fails again, and is told, at the first question.
    let _ = ports.freshen_census().await;
    let draft = draft(&approved, ports);
    let intent = match ports
        .record
        .on_disk(move |ledger| ledger.intent(draft))
        .await
    {
        Ok(intent) => intent,
        Err(error) => return not_begun(approved, &error),
    };
    let mut ended = Steps::new(&approved.plan, ports, manner).run().await;
    ended
        .report
        .warnings
        .extend(approved.plan.warnings.iter().cloned());
    watch_over(
        &mut ended.report,
        &approved.plan,
        intent,
        ports,
        manner.watch,
    );
    let ending = ending(&ended, ports);
    let result = ports
        .record
        .on_disk(move |ledger| ledger.result(intent, ending))
        .await;
    if !ended.report.pushed.is_empty() {
        let told = certify_writer(&approved.plan, ports).await;
        ended.report.warnings.extend(told);
    }
    let recorded = Recorded {
        intent: Some(intent),
        result: result.as_ref().ok().copied(),
    };
    if let Err(error) = result {
        ended
            .report
            .warnings
            .push(Warning::new("result_not_recorded", error.to_string()));
    }
    let nothing_done = match ended.word {
        Word::Failed | Word::Stale | Word::Refused => true,
        Word::Cancelled => ended.report.steps_done == 0,
        Word::Verified | Word::Unverified | Word::Partial => false,
    };
    let undo = approved.plan.undo.filter(|_| !nothing_done);
    Outcome {
        action: approved.plan.action,
        word: ended.word,
        targets: approved.plan.targets,
        plan_hash: approved.hash,
        report: ended.report,
        undo,
        audit: recorded,
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        error: ended.error,
    }
}

/// Puts a revocation under guard, or says that nobody watches over it.
fn watch_over(report: &mut Report, plan: &Plan, intent: RecordId, ports: &Ports, watch: Watch) {
    if plan.action != "user.revoke" || report.pushed.is_empty() {
        return;
    }
    if watch == Watch::Nobody {
        let what = "no console and no guard is watching: a server that returns with an old token lets the user in until it syncs";
        report.warnings.push(Warning::new("nobody_guards", what));
        return;
    }
    let now = (ports.now)();
    let until_at = now.checked_add(guard::LIFETIME).unwrap_or(now);
    let users = plan
        .targets
        .iter()
        .filter(|target| target.kind == "user")
        .filter_map(|target| target.key.parse().ok());
    let users: Vec<_> = users.collect();
    for (account, revision) in report.pushed.clone() {
        let revision = Digest(revision.bytes());
        let guard = Guard {
            id: intent,
            account,
            users: users.clone(),
            revision,
            since_at: now,
            until_at,
        };
        match ports.record.guards().put(guard, now) {
            Ok(()) => {
                report.guard = Some(GuardReport {
                    id: intent,
                    until_at,
                });
            }
            Err(error) => report
                .warnings
                .push(Warning::new("guard_not_kept", error.to_string())),
        }
    }
}

/// The outcome of an act that could not be recorded, and so was not begun.
fn not_begun(approved: Approved, error: &LedgerError) -> Outcome {
    let refusal = Refusal::NoRecord(error.to_string().into());
    let mut explanation = refusal.explain();
    explanation.next = error.explain().next;
    Outcome {
        action: approved.plan.action,
        word: Word::Refused,
        targets: approved.plan.targets,
        plan_hash: approved.hash,
        report: Report {
            steps_of: approved.plan.steps.len(),
            ..Report::default()
        },
        undo: None,
        audit: Recorded::default(),
        took_ms: 0,
        error: Some(explanation),
    }
}

fn draft(approved: &Approved, ports: &Ports) -> Draft {
    let now = (ports.now)();
    Draft {
        at: now,
        server_at: server_time(ports),
        action: approved.plan.action.into(),
        actor: ports.actor.clone(),
        authority: None,
        target: approved.plan.targets.iter().map(record_target).collect(),
        reason: approved.consent.reason.clone(),
        ticket: approved.consent.ticket.clone(),
        change: planned_change(&approved.plan),
        policy: None,
    }
}

/// What is going to change: the account tokens before, and the lines of the diff. A user's token may be a credential.
fn planned_change(plan: &Plan) -> Option<Change> {
    let changes = plan.changes.iter();
    let mut change = Change {
        diff: changes
            .filter_map(|change| serde_json::to_value(change).ok())
            .map(Detail::from)
            .collect(),
        ..Change::default()
    };
    for step in &plan.steps {
        match step {
            Step::Sign(sign) => change.add(Tokens {
                before: Some(sign.base.text().clone().into()),
                after: None,
            }),
            Step::TakeOver(taken) => change.add(Tokens {
                before: taken
                    .replaces
                    .as_ref()
                    .map(|held| held.text().clone().into()),
                after: None,
            }),
            Step::Contain { .. }
            | Step::Push { .. }
            | Step::Kick { .. }
            | Step::Issue(_)
            | Step::Deliver(_) => {}
        }
    }
    (change != Change::default()).then_some(change)
}

fn record_target(target: &super::plan::Target) -> audit::Target {
    audit::Target {
        kind: target.kind.into(),
        key: target.key.as_str().into(),
        name: target.name.clone(),
        account: target.account.as_ref().map(|account| audit::Reference {
            key: account.key.as_str().into(),
            name: account.name.clone().unwrap_or_default(),
        }),
    }
}

fn ending(ended: &Ended, ports: &Ports) -> Ending {
    let effect = serde_json::json!({
        "servers": ended.report.servers,
        "closed": ended.report.closed(),
        "open": ended.report.open(),
        "came_back": ended.report.came_back,
        "new": ended.report.new,
    });
    Ending {
        at: (ports.now)(),
        server_at: server_time(ports),
        outcome: ended.word,
        effect: Some(effect.into()),
        error: ended
            .error
            .as_ref()
            .and_then(|error| serde_json::to_value(error).ok())
            .map(Detail::from),
        change: ended.change.clone(),
    }
}

fn server_time(ports: &Ports) -> Option<jiff::Timestamp> {
    let census = super::prepare::census_of(ports)?;
    Some(census.server_time((ports.now)()).timestamp())
}
