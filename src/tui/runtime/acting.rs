//! Acts on the worker threads: prepared, applied, and guarded for as long as the console is open. What they do is `actions`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::actions::apply::{Manner, Watch, apply};
use crate::actions::guard;
use crate::actions::plan::{Approved, Preview};
use crate::actions::ports::Ports;
use crate::actions::refusal::Refusal;
use crate::explain::{Code, Explain as _, Explanation};
use crate::tui::app::acts::Intent;
use crate::tui::app::msg::{JobId, Msg};

/// For the whole verification of an act, as on the command line.
const WAIT: Duration = Duration::from_secs(10);

/// For an act that was told to stop after its step. One whose server is silent takes its whole verification, and what was sent before.
pub(super) const LONGEST: Duration = Duration::from_secs(20);

/// Whether somebody watches over revocations right now.
#[derive(Clone, Debug, Default)]
pub(super) struct Guarding(Arc<AtomicBool>);

impl Guarding {
    fn watch(&self) -> Watch {
        if self.0.load(Ordering::SeqCst) {
            Watch::Guard
        } else {
            Watch::Nobody
        }
    }
}

/// Stops being guarded also where the watch is cancelled.
struct OnWatch<'a>(&'a Guarding);

impl Drop for OnWatch<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::SeqCst);
    }
}

/// What an act would do.
pub(super) async fn prepare(intent: &Intent, ports: Option<Ports>) -> Result<Preview, Explanation> {
    let ports = ports.ok_or_else(nothing_open)?;
    if ports.sys.is_none() && intent.spec().tier.asks_servers() {
        return Err(Refusal::NotConnected("we are offline".into()).explain());
    }
    let preview = intent.prepare(&ports).await;
    preview.map_err(|refusal| refusal.explain())
}

fn nothing_open() -> Explanation {
    Explanation::new(Code::NotConnected, "nothing is open", "nothing was done")
}

/// Does what was approved, and tells how it goes. Nothing tears it: it is told to stop between steps at most.
pub(super) async fn run(
    (job, approved): (JobId, Approved),
    ports: Option<Ports>,
    (guarding, cancel): (Guarding, CancellationToken),
    inbox: mpsc::Sender<Msg>,
) {
    let Some(ports) = ports else {
        let _ = inbox.send(Msg::NoOutcome(job, nothing_open())).await; // a screen that is gone is told nothing
        return;
    };
    let progress = |report: &crate::actions::outcome::Report| {
        // A screen that is behind learns it from the next, and all of it at the end.
        let _ = inbox.try_send(Msg::Progress(job, Box::new(report.clone())));
    };
    let manner = Manner {
        wait: WAIT,
        cancel: &cancel,
        progress: &progress,
        watch: guarding.watch(),
    };
    let outcome = apply(approved, &ports, &manner).await;
    let _ = inbox.send(Msg::Ended(job, Box::new(outcome))).await; // as above
}

/// Guards revocations until the world is closed, and tells what it did.
pub(super) async fn guard(ports: &Ports, guarding: &Guarding, inbox: &mpsc::Sender<Msg>) {
    guarding.0.store(true, Ordering::SeqCst);
    let _on_watch = OnWatch(guarding);
    let told = |guarded| {
        // What a screen that is behind does not hear stands in the record.
        let _ = inbox.try_send(Msg::Guarded(guarded));
    };
    // It ends with the task, which is cancelled with the world.
    let stop = CancellationToken::new();
    if let Err(error) = guard::watch(ports, &told, &stop).await {
        let _ = inbox.send(Msg::GuardEnded(error.explain())).await; // a screen that is gone is told nothing
    }
}
