//! The life of an act on the screen: selected, read, shown, consented to, run, told. One at a time; nothing of it happens here.
//!
//! ```text
//! key ──> Effect::Prepare ──> Msg::Prepared ──> consent ──> Effect::Apply ──> Msg::Progress .. ──> Msg::Ended
//! ```

use jiff::Timestamp;

use super::acts::{self, Begun, Intent};
use super::msg::{Effect, JobId};
use super::toast::{Toast, Tone};
use super::told::told;
use super::{App, Running};
use crate::actions::action::Action as _;
use crate::actions::connection::kick::KickConnections;
use crate::actions::guard::Guarded;
use crate::actions::outcome::{Outcome, Report};
use crate::actions::plan::{Approved, Plan, Preview};
use crate::actions::spec::ActionId;
use crate::explain::Explanation;
use crate::jwt::keys::UserId;
use crate::ledger::audit::Outcome as Word;
use crate::tui::keymap::{BOARD, Command, chord};
use crate::tui::popups::Popup;
use crate::tui::popups::board::{Board, BoardKeys, Expected};
use crate::tui::popups::consent::{Consenting, Given};
use crate::tui::popups::form::Filled;
use crate::tui::popups::reading::Reading;

/// The act that is under way, if one is.
#[derive(Default)]
pub(super) struct Acting {
    stage: Stage,
    /// What was asked for last.
    asked: Option<Intent>,
    /// The board from which it was asked for: it comes back unless that is done.
    behind: Option<Box<Board>>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Rest,
    /// What it would do is being found out.
    Reading {
        job: JobId,
        title: &'static str,
        hidden: usize,
    },
    Running {
        job: JobId,
        board: Box<Board>,
        leaving: Leaving,
    },
}

/// Whether somebody wanted to leave while an act runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// Any other end is to be read first.
    WhenVerified,
    /// It was told to stop after its step.
    WhenEnded,
}

impl App {
    /// The first act that the selection allows; else the reason why none can be done.
    pub(super) fn act(&mut self, ids: &[ActionId], now: Timestamp) -> Vec<Effect> {
        if let Stage::Running { board, .. } = &self.acting.stage {
            let word = format!("{} is still running", board.summary());
            self.popup = Some(Popup::Board(board.clone()));
            self.say(Toast::new(Tone::Word, word), now);
            return Vec::new();
        }
        if self.sought.is_some() {
            let word =
                "what was pasted is not selected yet: it is still being read, esc to wait no more";
            self.say(Toast::new(Tone::Word, word), now);
            return Vec::new();
        }
        let Some(selection) = self.selection(now) else {
            return Vec::new();
        };
        let mut reason = None;
        for offer in ids.iter().filter_map(|id| acts::offer(id)) {
            match (offer.bind)(&selection, &self.model.standing) {
                Ok(Begun::Ready(intent)) => return self.prepare(intent, selection.hidden, now),
                Ok(Begun::Ask(form)) => {
                    self.step_to(Popup::Form(Box::new(form)));
                    return Vec::new();
                }
                Err(why) => {
                    reason.get_or_insert_with(|| format!("{}: {why}", offer.spec.title));
                }
            }
        }
        let nothing_left = match &self.popup {
            Some(Popup::Board(board)) => board.nothing_left(),
            Some(_) | None => None,
        };
        let reason = nothing_left.or(reason).unwrap_or_default();
        self.say(Toast::new(Tone::Word, reason), now);
        Vec::new()
    }

    /// The act of the board once more: read anew, shown, and done only on consent.
    pub(super) fn again(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(Popup::Board(board)) = &self.popup else {
            return Vec::new();
        };
        match board.again() {
            Ok(intent) => self.prepare(intent, 0, now),
            Err(why) => {
                self.say(Toast::new(Tone::Word, why), now);
                Vec::new()
            }
        }
    }

    fn prepare(&mut self, intent: Intent, hidden: usize, now: Timestamp) -> Vec<Effect> {
        let (job, title) = (self.jobs.next(), intent.spec().title);
        self.acting.stage = Stage::Reading { job, title, hidden };
        self.step_to(Popup::Reading(Reading { title, since: now }));
        self.acting.asked = Some(intent.clone());
        vec![Effect::Prepare(job, intent)]
    }

    /// Shows what an act begins with, over the board from which it was asked for.
    fn step_to(&mut self, popup: Popup) {
        match self.popup.replace(popup) {
            None => self.acting.behind = None,
            Some(Popup::Board(board)) => self.acting.behind = Some(board),
            Some(_) => {} // a step before this one
        }
    }

    /// Nothing comes of the act. A board says what it said: who has not proven it must not be lost with that.
    pub(super) fn step_back(&mut self) {
        self.popup = self.acting.behind.take().map(Popup::Board);
    }

    /// A key made something of a form.
    pub(super) fn filled(&mut self, filled: Filled, now: Timestamp) -> Vec<Effect> {
        match filled {
            Filled::NotYet => Vec::new(),
            Filled::Cancelled => {
                self.step_back();
                self.say(Toast::new(Tone::Word, "cancelled: nothing was done"), now);
                Vec::new()
            }
            Filled::Intent(intent) => self.prepare(*intent, 0, now),
        }
    }

    /// What it would do is known. Nobody waits for it any more if the popup was closed.
    pub(super) fn prepared(
        &mut self,
        answered: JobId,
        preview: Result<Box<Preview>, Explanation>,
        now: Timestamp,
    ) {
        let Stage::Reading { job, title, hidden } = self.acting.stage else {
            return;
        };
        if job != answered {
            return;
        }
        self.acting.stage = Stage::Rest;
        let access = self.model.standing.access;
        let asked = match preview {
            Err(why) => Err(Toast::new(
                Tone::Failure,
                format!("{}; {}", why.what, why.so),
            )),
            Ok(preview) => Consenting::new(title, *preview, hidden, access, now)
                .map_err(|why| Toast::new(Tone::Word, format!("{title}: {why}"))),
        };
        match asked {
            Ok(asked) => self.popup = Some(Popup::Consent(Box::new(asked))),
            Err(toast) => {
                self.step_back();
                self.say(toast, now);
            }
        }
    }

    /// A key made something of the consent.
    pub(super) fn consented(&mut self, given: Given, now: Timestamp) -> Vec<Effect> {
        match given {
            Given::NotYet => Vec::new(),
            Given::Cancelled => {
                self.step_back();
                self.say(Toast::new(Tone::Word, "cancelled: nothing was done"), now);
                Vec::new()
            }
            Given::Consent(approved) => self.begin(approved),
        }
    }

    fn begin(&mut self, approved: Box<Approved>) -> Vec<Effect> {
        let Some(intent) = self.acting.asked.take() else {
            return Vec::new(); // nothing is approved that was not asked for
        };
        let title = match &self.popup {
            Some(Popup::Consent(asked)) => asked.title(),
            Some(_) | None => approved.plan().action,
        };
        let servers = self.expected(approved.plan());
        let keys = self.board_keys();
        let board = Board::new(title, approved.plan(), servers, intent, keys);
        let board = Box::new(board);
        let job = self.jobs.next();
        self.popup = Some(Popup::Board(board.clone()));
        self.acting.stage = Stage::Running {
            job,
            board,
            leaving: Leaving::No,
        };
        vec![Effect::Apply(job, approved)]
    }

    /// The servers that ought to answer, with what was last seen there of those whom a plan is about.
    fn expected(&self, plan: &Plan) -> Vec<Expected> {
        let users = plan.targets.iter().filter(|target| target.kind == "user");
        let users: Vec<UserId> = users.filter_map(|user| user.key.parse().ok()).collect();
        let open = self.model.live.open_of(&users);
        let census = self.model.census.iter();
        let servers = census.flat_map(|census| census.ours());
        let expected = servers.map(|server| Expected {
            name: server.name.clone(),
            open: open.get(&server.name).copied().unwrap_or_default(),
        });
        expected.collect()
    }

    fn board_keys(&self) -> BoardKeys {
        let keymap = &self.looks.keymap;
        let again = keymap.chords_for(&[BOARD], Command::Again);
        BoardKeys {
            again: again.map(chord::written).unwrap_or_default(),
            kick: self.key_of(BOARD, KickConnections::SPEC.id),
        }
    }

    /// The key of an act in a scope, as it is written.
    pub(super) fn key_of(&self, scope: &str, act: ActionId) -> String {
        let mut acts = self.looks.keymap.acts(scope);
        let bound = acts.find(|(_, acts)| acts.contains(&act));
        bound
            .map(|(chords, _)| chord::written(chords))
            .unwrap_or_default()
    }

    /// More is known of the act that runs.
    pub(super) fn progressed(&mut self, of: JobId, report: Report) {
        if let Stage::Running { job, board, .. } = &mut self.acting.stage
            && *job == of
        {
            board.progress(report);
            if let Some(Popup::Board(shown)) = &mut self.popup {
                shown.show(board);
            }
        }
    }

    /// The act has ended. Its board stays if it is looked at; the bottom line says it in any case. Who wanted to leave does, if
    /// there is nothing left to know.
    pub(super) fn ended(&mut self, of: JobId, outcome: Box<Outcome>, now: Timestamp) {
        let Stage::Running {
            job,
            board,
            leaving,
        } = &mut self.acting.stage
        else {
            return;
        };
        if *job != of {
            return;
        }
        let leaves = match leaving {
            Leaving::No => false,
            Leaving::WhenVerified => outcome.word == Word::Verified,
            Leaving::WhenEnded => true,
        };
        let toast = told(&outcome);
        board.end(outcome);
        if let Some(Popup::Board(shown)) = &mut self.popup {
            shown.show(board);
        }
        self.acting.stage = Stage::Rest;
        self.acting.behind = None;
        self.say(toast, now);
        if leaves {
            self.state = Running::Quit;
        }
    }

    /// The act that was consented to came to no outcome: it could not be begun, or it broke off.
    pub(super) fn no_outcome(&mut self, of: JobId, why: &Explanation, now: Timestamp) {
        if let Stage::Running { job, leaving, .. } = &self.acting.stage
            && *job == of
        {
            if *leaving == Leaving::WhenEnded {
                self.state = Running::Quit;
            }
            self.acting.stage = Stage::Rest;
            // Whoever let it run has opened something else meanwhile.
            if matches!(self.popup, Some(Popup::Board(_))) {
                self.step_back();
            } else {
                self.acting.behind = None;
            }
            let word = format!("{}; {}", why.what, why.so);
            self.say(Toast::new(Tone::Failure, word), now);
        }
    }

    /// A popup was closed. What was being read for it is not waited for; what runs goes on.
    pub(super) fn close_popup(&mut self) {
        match self.acting.stage {
            Stage::Running { .. } => self.popup = None,
            Stage::Rest | Stage::Reading { .. } => {
                self.acting.stage = Stage::Rest;
                self.step_back();
            }
        }
    }

    /// Leaves, but not from under an act that runs: it is let end, then told to stop after its step, and torn only if somebody
    /// insists even then.
    pub(super) fn quit(&mut self, now: Timestamp) -> Vec<Effect> {
        let Stage::Running { board, leaving, .. } = &mut self.acting.stage else {
            self.state = Running::Quit;
            return Vec::new();
        };
        let act = board.summary();
        let (next, word, effects) = match leaving {
            Leaving::No => {
                let word = format!(
                    "{act} is running: leaving when it is verified; again to stop it after its step"
                );
                (Leaving::WhenVerified, word, Vec::new())
            }
            Leaving::WhenVerified => {
                let word = format!(
                    "{act} stops after its step, then we leave; again to leave now, its record stays open"
                );
                (Leaving::WhenEnded, word, vec![Effect::StopActs])
            }
            Leaving::WhenEnded => {
                self.state = Running::Quit;
                return Vec::new();
            }
        };
        *leaving = next;
        self.say(Toast::new(Tone::Warning, word), now);
        effects
    }

    /// The guard met a server that came late.
    pub(super) fn guarded(&mut self, guarded: &Guarded, now: Timestamp) {
        self.say(super::told::guarded(guarded), now);
    }

    /// Acts that somebody else, or a crash, left without a result.
    pub(super) fn found_unfinished(&mut self, acts: &[Explanation], now: Timestamp) {
        let Some(first) = acts.first() else { return };
        let more = match acts.len() {
            1 => String::new(),
            several => format!(", and {} more", several - 1),
        };
        let word = format!("{}{more}; {}", first.what, first.so);
        self.say(Toast::new(Tone::Failure, word), now);
    }

    /// Nobody watches over revocations any more.
    pub(super) fn guard_ended(&mut self, why: &Explanation, now: Timestamp) {
        let word = format!("nobody guards revocations here: {}", why.what);
        self.say(Toast::new(Tone::Failure, word), now);
    }

    /// Whether the screen turns a sign because it waits for an answer.
    pub(super) const fn is_reading(&self) -> bool {
        matches!(self.acting.stage, Stage::Reading { .. })
    }
}
