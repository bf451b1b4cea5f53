//! What effects do: each is a task on the worker threads, and its answer is a message. The screen's thread never waits for one.
//!
//! A slot holds one job: the next cancels the last. Opening the world ends everything that ran on the old one. What the view on
//! top does not show wakes nobody: it waits in the `watch` that it came from.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::acting::{self, Guarding};
use super::event_loop::Perform;
use super::rates::{self, Shown};
use super::{follow, look, world};
use crate::actions::opening::{Opening, Reach};
use crate::actions::plan::Approved;
use crate::actions::ports::Ports;
use crate::explain::{Code, Explain as _, Explanation};
use crate::inventory::server::ServerState;
use crate::sys::{Census, LinkEvent, Sys};
use crate::text::Text;
use crate::tui::app::acts::Intent;
use crate::tui::app::msg::{Answer, Ask, Effect, Interest, JobId, Link, Msg, Slot, Work};
use crate::tui::app::names;
use crate::tui::app::seen::Seen;
use crate::tui::theme::Themes;

/// Between two countings of the servers while they are shown: their own heartbeat.
const SHOWN: Duration = Duration::from_secs(10);

/// Between two countings while only the header tells of them.
const AT_REST: Duration = Duration::from_mins(1);

/// Says anew where and how the world is to be opened.
pub type Reopen = Arc<dyn Fn() -> Result<Opening, Explanation> + Send + Sync>;

/// Does what the screen wants, on other threads.
pub struct Workers {
    runtime: Handle,
    inbox: mpsc::Sender<Msg>,
    reopen: Reopen,
    themes: Themes,
    ports: Arc<Mutex<Option<Ports>>>,
    /// Ends everything that runs on the world that is open.
    world: CancellationToken,
    jobs: HashMap<Slot, CancellationToken>,
    interest: watch::Sender<Interest>,
    shown: watch::Sender<Shown>,
    guarding: Guarding,
    /// Ends the reading of a preview when another is wanted.
    preview: CancellationToken,
    /// The acts that run.
    acts: TaskTracker,
    /// Tells them to stop after their step.
    stop: CancellationToken,
}

impl Workers {
    pub fn new(
        runtime: Handle,
        inbox: mpsc::Sender<Msg>,
        (reopen, themes): (Reopen, Themes),
    ) -> Self {
        Self {
            runtime,
            inbox,
            reopen,
            themes,
            ports: Arc::default(),
            world: CancellationToken::new(),
            jobs: HashMap::new(),
            interest: watch::Sender::default(),
            shown: watch::Sender::new(Shown::default()),
            guarding: Guarding::default(),
            preview: CancellationToken::new(),
            acts: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Tells acts to stop, and waits until they have, no longer than the longest of them takes.
    pub async fn end_acts(&self) {
        self.stop.cancel();
        self.acts.close();
        let _ = timeout(acting::LONGEST, self.acts.wait()).await; // the record of one that goes on stays open
    }

    /// Runs a task until it ends or `until` is cancelled. One that breaks off is told as failed: else it would be waited for.
    fn spawn(
        &self,
        until: CancellationToken,
        task: impl Future<Output = ()> + Send + 'static,
        broken: impl FnOnce(Explanation) -> Msg + Send + 'static,
    ) {
        let inbox = self.inbox.clone();
        self.runtime
            .spawn(until.run_until_cancelled_owned(async move {
                if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                    let so = "nothing was done";
                    tell(&inbox, broken(broke_off(so))).await;
                }
            }));
    }

    /// Opens the world, then tells what happens in it.
    fn open(&mut self, reach: Reach) {
        self.world.cancel();
        self.world = CancellationToken::new();
        let (ports, inbox, reopen) = (
            Arc::clone(&self.ports),
            self.inbox.clone(),
            Arc::clone(&self.reopen),
        );
        let (interest, shown) = (self.interest.subscribe(), self.shown.subscribe());
        let guarding = self.guarding.clone();
        let task = async move {
            *ports.lock().unwrap_or_else(PoisonError::into_inner) = None;
            let found = match reopen() {
                Err(why) => Err(why),
                Ok(mut opening) => {
                    if reach == Reach::Offline {
                        opening.reach = reach;
                    }
                    world::find(opening).await
                }
            };
            let (opened, found) = match found {
                Ok((opened, found)) => (Some(opened), Ok(Box::new(found))),
                Err(why) => (None, Err(why)),
            };
            let sys = opened.as_ref().and_then(|ports| ports.sys.clone());
            let (read, watched) = (opened.clone(), opened.clone());
            *ports.lock().unwrap_or_else(PoisonError::into_inner) = opened;
            tell(&inbox, Msg::Opened(found)).await;
            let first_look = look_at_all(read, &inbox);
            let (Some(sys), Some(watched)) = (sys, watched) else {
                first_look.await;
                return;
            };
            tokio::join!(
                first_look,
                acting::guard(&watched, &guarding, &inbox),
                tell_of_link(sys.as_ref(), &inbox),
                tell_of_servers(sys.as_ref(), &inbox, interest.clone()),
                count_servers(sys.as_ref(), &inbox, interest.clone()),
                follow::follow(&watched, sys.as_ref(), &inbox, interest),
                rates::count(sys.as_ref(), watched.now, &inbox, shown),
            );
        };
        self.spawn(self.world.clone(), task, |why| Msg::Opened(Err(why)));
    }

    fn ask(&mut self, id: JobId, slot: Slot, ask: Ask) {
        let token = self.world.child_token();
        if let Some(last) = self.jobs.insert(slot, token.clone()) {
            last.cancel();
        }
        let (ports, inbox) = (Arc::clone(&self.ports), self.inbox.clone());
        let stopped = token.clone();
        let task = async move {
            let ports = held(&ports);
            let answer = match ask {
                Ask::Arrange(work) => arrange(work, stopped).await,
                Ask::Names(seen, wanted) => named(seen, wanted, stopped).await,
                Ask::Census => census(ports).await,
                Ask::Survey => {
                    tell(&inbox, Msg::Seen(look::survey(ports).await)).await;
                    Answer::Nothing
                }
                Ask::Trail => {
                    tell(&inbox, Msg::Trail(look::trail(ports).await)).await;
                    Answer::Nothing
                }
                Ask::Reports(seen, login) => {
                    let reports = look::reports(ports, seen, &login).await;
                    tell(&inbox, Msg::Reports(reports)).await;
                    Answer::Nothing
                }
                Ask::User(seen, line) => {
                    Answer::User(Box::new(look::user(ports, &seen, *line).await))
                }
                Ask::Diagnose(user) => match look::diagnosis(ports, &user).await {
                    Ok(diagnosis) => Answer::Diagnosis(Box::new(diagnosis)),
                    Err(why) => Answer::Failed(why),
                },
            };
            tell(&inbox, Msg::Job(id, slot, answer)).await;
        };
        self.spawn(token, task, move |why| {
            Msg::Job(id, slot, Answer::Failed(why))
        });
    }
}

impl Workers {
    fn prepare(&mut self, job: JobId, intent: Intent) {
        self.preview.cancel();
        self.preview = self.world.child_token();
        let (ports, inbox) = (held(&self.ports), self.inbox.clone());
        let task = async move {
            let preview = acting::prepare(&intent, ports).await;
            tell(&inbox, Msg::Prepared(job, preview.map(Box::new))).await;
        };
        self.spawn(self.preview.clone(), task, move |why| {
            Msg::Prepared(job, Err(why))
        });
    }

    fn read_theme(&self, name: String) {
        let (themes, inbox) = (self.themes.clone(), self.inbox.clone());
        self.runtime.spawn_blocking(move || {
            let (theme, told) = themes.load(&name);
            let told = told.iter().map(ToString::to_string).collect();
            let _ = inbox.blocking_send(Msg::Theme(Box::new(theme), told)); // a screen that is gone is told nothing
        });
    }

    /// An act is not dropped half-way, also if the world is opened anew under it.
    fn apply(&self, job: JobId, approved: Approved) {
        let ports = held(&self.ports);
        let manner = (self.guarding.clone(), self.stop.clone());
        let (inbox, told) = (self.inbox.clone(), self.inbox.clone());
        let act = acting::run((job, approved), ports, manner, inbox);
        let task = async move {
            if AssertUnwindSafe(act).catch_unwind().await.is_err() {
                let so = "what was done is not known: its record is open, and the servers say what is true";
                tell(&told, Msg::NoOutcome(job, broke_off(so))).await;
            }
        };
        self.runtime.spawn(self.acts.track_future(task));
    }
}

fn held(ports: &Mutex<Option<Ports>>) -> Option<Ports> {
    ports.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Perform for Workers {
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Open(reach) => self.open(reach),
            Effect::Ask(id, slot, ask) => self.ask(id, slot, ask),
            Effect::Prepare(job, intent) => self.prepare(job, intent),
            Effect::Apply(job, approved) => self.apply(job, *approved),
            Effect::StopActs => self.stop.cancel(),
            Effect::Theme(name) => self.read_theme(name),
            Effect::Watch(interest) => drop(self.interest.send_replace(interest)),
            Effect::Count(shown) => drop(self.shown.send_replace(shown)),
            Effect::Copy(_) | Effect::Mouse(_) | Effect::Suspend | Effect::Redraw => {} // the loop's, which has the terminal
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.world.cancel();
        self.stop.cancel();
    }
}

/// A task panicked. What it said of it is in the log.
fn broke_off(so: &str) -> Explanation {
    Explanation::new(
        Code::Internal,
        "it broke off, which is a defect of this program",
        so,
    )
}

/// A screen that is gone is told nothing.
pub(super) async fn tell(inbox: &mpsc::Sender<Msg>, msg: Msg) {
    let _ = inbox.send(msg).await;
}

/// Reads everything once, when the world was opened. Afterwards somebody has to ask.
async fn look_at_all(ports: Option<Ports>, inbox: &mpsc::Sender<Msg>) {
    if ports.is_none() {
        return; // why, the opening tells
    }
    let trail = async { tell(inbox, Msg::Trail(look::trail(ports.clone()).await)).await };
    let seen = async { tell(inbox, Msg::Seen(look::survey(ports.clone()).await)).await };
    let unfinished = async {
        let acts = look::unfinished(ports.as_ref()).await;
        if !acts.is_empty() {
            tell(inbox, Msg::Unfinished(acts)).await;
        }
    };
    tokio::join!(trail, seen, unfinished);
}

/// Sorts beside the screen.
async fn arrange(Work(work): Work, stopped: CancellationToken) -> Answer {
    let sort = move || work(&|| stopped.is_cancelled()).map(Answer::Arranged);
    let broken = ("the rows could not be put in order", "the old order stands");
    beside(sort, broken).await
}

/// Looks through all names beside the screen.
async fn named(seen: Arc<Seen>, wanted: String, stopped: CancellationToken) -> Answer {
    let find = move || {
        let found = names::find(&seen, &wanted, &|| stopped.is_cancelled());
        found.map(Answer::Names)
    };
    let broken = ("users and accounts were not looked for", "nothing was done");
    beside(find, broken).await
}

/// Works on a thread for work that blocks. Work that was stopped answers nothing; a panic there is an answer like any other.
async fn beside(
    work: impl FnOnce() -> Option<Answer> + Send + 'static,
    (what, so): (&str, &'static str),
) -> Answer {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer.unwrap_or(Answer::Nothing),
        Err(error) => {
            let what = format!("{what}: {}", Text::from(error.to_string()));
            Answer::Failed(Explanation::new(Code::Internal, what, so))
        }
    }
}

/// The census itself comes by the watch.
async fn census(ports: Option<Ports>) -> Answer {
    let Some(sys) = ports.and_then(|ports| ports.sys) else {
        return Answer::Failed(Explanation::new(
            Code::NotConnected,
            "no server can be asked: we are offline",
            "nothing was asked",
        ));
    };
    match sys.take_census().await {
        Ok(_) => Answer::Nothing,
        Err(error) => Answer::Failed(error.explain()),
    }
}

/// Up and down, as the connection tells it. What was missed is told by the next.
async fn tell_of_link(sys: &dyn Sys, inbox: &mpsc::Sender<Msg>) {
    let mut link = sys.link();
    loop {
        match link.recv().await {
            Ok(LinkEvent::Connected) => tell(inbox, Msg::Link(Link::Up)).await,
            Ok(LinkEvent::Disconnected) => tell(inbox, Msg::Link(Link::Down)).await,
            Ok(_) | Err(RecvError::Lagged(_)) => {} // told elsewhere: refusals by the acts, gaps by the feed
            Err(RecvError::Closed) => return,
        }
    }
}

/// Each census while the servers are shown; else only one in which somebody came, went or fell silent.
async fn tell_of_servers(
    sys: &dyn Sys,
    inbox: &mpsc::Sender<Msg>,
    mut interest: watch::Receiver<Interest>,
) {
    let mut taken = sys.census();
    let mut told = Arc::clone(&taken.borrow_and_update());
    loop {
        let changed = tokio::select! {
            changed = taken.changed() => changed,
            changed = interest.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
        let now = Arc::clone(&taken.borrow_and_update());
        let shown = *interest.borrow() == Interest::Servers;
        if !Arc::ptr_eq(&now, &told) && (shown || states(&now) != states(&told)) {
            told = Arc::clone(&now);
            tell(inbox, Msg::Census(now)).await;
        }
    }
}

fn states(census: &Census) -> Vec<(&Text, ServerState)> {
    census
        .servers
        .iter()
        .map(|server| (&server.name, server.state))
        .collect()
}

/// Counts the servers again and again.
async fn count_servers(
    sys: &dyn Sys,
    inbox: &mpsc::Sender<Msg>,
    mut interest: watch::Receiver<Interest>,
) {
    loop {
        let pause = match *interest.borrow_and_update() {
            Interest::Servers => SHOWN,
            Interest::Rest | Interest::Connections => AT_REST,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = interest.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        if let Err(error) = sys.take_census().await {
            tell(inbox, Msg::NoCensus(error.explain())).await;
        }
    }
}
