//! What a message changes, and what it makes the screen want. Pure: the same app, message and time give the same.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use jiff::Timestamp;
use ratatui::layout::{Position, Size};
use zeroize::Zeroizing;

use super::line::{FilterLine, Typed};
use super::model::{Found, World};
use super::msg::{Answer, Ask, Effect, Msg, Slot};
use super::toast::{Toast, Tone};
use super::{App, Pressed, Scene, ViewKind};
use crate::actions::opening::Reach;
use crate::explain::Explanation;
use crate::inventory::filter::FilterError;
use crate::tui::keymap::{Binding, Chord, Command, Resolution};
use crate::tui::popups::{Answered, Popup};
use crate::tui::views::{Place, View, Wish};
use crate::tui::widgets::Target;

/// Takes in one message.
pub fn update(app: &mut App, msg: Msg, now: Timestamp) -> Vec<Effect> {
    app.end_lift(now);
    let mut effects = match msg {
        Msg::Input(event) => app.input(event, now),
        Msg::Opened(opened) => app.opened(opened, now),
        Msg::Census(census) => {
            app.model.census = Some(census);
            app.model.census_problem = None;
            app.refresh(now)
        }
        Msg::NoCensus(why) => {
            app.model.census_problem = Some(why);
            app.refresh(now)
        }
        Msg::Seen(seen) => {
            app.model.saw(seen);
            let mut effects = app.refresh(now);
            effects.extend(app.look_for_sought(now));
            effects.extend(app.ask_for_names());
            effects
        }
        Msg::Listening => {
            app.model.live.listening();
            Vec::new()
        }
        Msg::Happened(batch) => {
            app.model.happened(batch, now);
            app.refresh(now)
        }
        Msg::Roll(roll) => {
            app.model.rolled(roll);
            app.refresh(now)
        }
        Msg::Counted(counted) => {
            app.model.counted(&counted);
            app.refresh(now)
        }
        Msg::Trail(trail) => {
            app.model.trail.take(trail);
            app.refresh(now)
        }
        Msg::Reports(reports) => {
            app.model.reports.take(reports);
            app.refresh(now)
        }
        Msg::Unfinished(acts) => {
            app.found_unfinished(&acts, now);
            Vec::new()
        }
        Msg::Link(link) => {
            app.model.heard(link, now);
            Vec::new()
        }
        Msg::Job(id, slot, answer) if app.jobs.end(slot, id) => app.answered(slot, answer, now),
        Msg::Job(..) => Vec::new(),
        Msg::Prepared(job, preview) => {
            app.prepared(job, preview, now);
            Vec::new()
        }
        Msg::Progress(job, report) => {
            app.progressed(job, *report);
            Vec::new()
        }
        Msg::NoOutcome(job, why) => {
            app.no_outcome(job, &why, now);
            app.look_again(now)
        }
        Msg::Ended(job, outcome) => {
            app.ended(job, outcome, now);
            app.look_again(now)
        }
        Msg::Theme(theme, warnings) => {
            app.looks.theme = *theme;
            for warning in warnings {
                app.say(Toast::new(Tone::Failure, warning), now);
            }
            Vec::new()
        }
        Msg::Guarded(guarded) => {
            app.guarded(&guarded, now);
            Vec::new()
        }
        Msg::GuardEnded(why) => {
            app.guard_ended(&why, now);
            Vec::new()
        }
        Msg::Wake => {
            app.end_toast(now);
            if app.model.live.settle(now) {
                app.refresh(now)
            } else {
                Vec::new()
            }
        }
    };
    effects.extend(app.watch(now));
    effects
}

impl App {
    fn input(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(key, now),
            Event::Paste(text) => self.paste(&Zeroizing::new(text), now),
            Event::Resize(width, height) => {
                self.size = Size { width, height };
                self.refresh(now)
            }
            Event::Mouse(mouse) => self.mouse(mouse, now),
            Event::FocusGained => {
                match &mut self.popup {
                    Some(Popup::Consent(asked)) => asked.look_again(now),
                    Some(Popup::Lifting(asked)) => asked.look_again(now),
                    Some(_) | None => {}
                }
                Vec::new()
            }
            Event::Key(_) | Event::FocusLost => Vec::new(),
        }
    }

    fn key(&mut self, key: KeyEvent, now: Timestamp) -> Vec<Effect> {
        self.toast = None;
        let is_at_place = self.popup.is_none() && self.line.is_none();
        if key.code == KeyCode::Esc && is_at_place && self.sought.take().is_some() {
            let word = "what was pasted is not waited for any more";
            self.say(Toast::new(Tone::Word, word), now);
            return Vec::new();
        }
        if self.line.is_some() {
            return self.type_filter(|line| line.key(key), now);
        }
        let chord = Chord::from(key);
        // Only what has a modifier passes a consent: to leave, to draw anew.
        if !chord.modifiers.contains(KeyModifiers::CONTROL)
            && let Some(effects) = self.answer_popup(key, now)
        {
            return effects;
        }
        // Esc takes back what was begun.
        if key.code == KeyCode::Esc && !self.pressed.chords.is_empty() {
            self.pressed = Pressed::default();
            return Vec::new();
        }
        if let Some(Popup::Pick(pick)) = &mut self.popup
            && let Some(choice) = pick.key(chord)
        {
            return self.chosen(choice, now);
        }
        self.pressed.chords.push(chord);
        let scopes = self.scopes();
        let binding = match self.looks.keymap.resolve(&scopes, &self.pressed.chords) {
            Resolution::Pending(_) => {
                self.pressed.since.get_or_insert(now);
                return Vec::new();
            }
            Resolution::Unbound => None,
            Resolution::Run(binding) => Some(binding.clone()),
        };
        self.pressed = Pressed::default();
        match binding {
            None => Vec::new(),
            Some(Binding::Command(command)) => self.command(command, now),
            Some(Binding::Act(ids)) => self.act(&ids, now),
        }
    }

    /// A popup in which letters are typed, or answer, takes every key.
    fn answer_popup(&mut self, key: KeyEvent, now: Timestamp) -> Option<Vec<Effect>> {
        match &mut self.popup {
            Some(Popup::Consent(asked)) => {
                let given = asked.key(key, now);
                Some(self.consented(given, now))
            }
            Some(Popup::Lifting(asked)) => {
                let said = asked.key(key, now);
                Some(self.lift(said, now))
            }
            Some(Popup::Form(form)) => {
                let filled = form.key(key);
                Some(self.filled(filled, now))
            }
            Some(Popup::Palette(palette)) => {
                let chosen = palette.key(key);
                let mut effects = self.choose(chosen, now);
                effects.extend(self.ask_for_names());
                Some(effects)
            }
            Some(_) | None => None,
        }
    }

    pub(super) fn command(&mut self, command: Command, now: Timestamp) -> Vec<Effect> {
        match command {
            Command::Quit => self.quit(now),
            Command::Suspend => vec![Effect::Suspend],
            Command::Redraw => vec![Effect::Redraw],
            Command::Again => self.again(now),
            _ if self.popup.is_some() => self.popup_command(command, now),
            Command::Help => {
                self.popup = Some(Popup::keys(&self.looks.keymap, &self.scopes()));
                Vec::new()
            }
            Command::Filter => {
                self.line = self.view().map(|view| FilterLine::new(view.filter()));
                Vec::new()
            }
            Command::Palette => {
                self.popup = Some(Popup::Palette(self.palette(now)));
                Vec::new()
            }
            Command::Log => {
                self.popup = Some(Popup::Log(self.log()));
                Vec::new()
            }
            Command::Explain => self.explain(now),
            Command::Go(kind) => self.go(kind, now),
            Command::LastPlace => self.go_back_to(self.visited.last(), now),
            Command::PlaceBack => {
                let place = self.visited.back();
                self.go_back_to(place, now)
            }
            Command::PlaceForward => {
                let place = self.visited.forward();
                self.go_back_to(place, now)
            }
            Command::Refresh if self.model.link.is_none() && !self.model.is_opening() => {
                self.open(Reach::Servers, now)
            }
            Command::Back if self.model.is_opening() => self.open(Reach::Offline, now),
            other => self.ask_view(now, |view, scene| view.command(scene, other)),
        }
    }

    fn opened(&mut self, opened: Result<Box<Found>, Explanation>, now: Timestamp) -> Vec<Effect> {
        let is_closed = opened.is_err();
        self.model.opened(opened);
        self.tell_problems(now);
        let mut effects = self.refresh(now);
        if is_closed {
            effects.extend(self.look_for_sought(now)); // nothing will be read
        }
        effects
    }

    /// What could not be opened beside the servers: those tell it themselves.
    fn tell_problems(&mut self, now: Timestamp) {
        if let World::Open(found) = &self.model.world
            && self.model.link.is_some()
            && let Some(problem) = found.problems.first()
        {
            let toast = Toast::new(Tone::Failure, problem.what.clone());
            self.say(toast, now);
        }
    }

    /// Opens the world anew, whatever was open or being opened.
    fn open(&mut self, reach: Reach, now: Timestamp) -> Vec<Effect> {
        self.model.world = World::Opening { since: now };
        let mut effects = self.refresh(now);
        effects.push(Effect::Open(reach));
        effects
    }

    fn popup_command(&mut self, command: Command, now: Timestamp) -> Vec<Effect> {
        let Some(popup) = &mut self.popup else {
            return Vec::new();
        };
        match popup.command(command, self.size) {
            Answered::Open => Vec::new(),
            Answered::Closed => {
                self.close_popup();
                self.refresh(now)
            }
        }
    }

    fn chosen(&mut self, choice: crate::tui::popups::pick::Choice, now: Timestamp) -> Vec<Effect> {
        self.popup = None;
        self.ask_view(now, |view, scene| view.choose(scene, choice))
    }

    /// To the place of a tab as it was left; a second time to its beginning.
    fn go(&mut self, kind: ViewKind, now: Timestamp) -> Vec<Effect> {
        let tab = self.tab_of(kind);
        if tab == self.tab {
            return self.go_to_top(kind, now);
        }
        self.tab = tab;
        self.visited.go(kind);
        self.refresh(now)
    }

    /// To a place where one was, as it was left.
    fn go_back_to(&mut self, place: Option<ViewKind>, now: Timestamp) -> Vec<Effect> {
        let Some(place) = place else {
            self.say(
                Toast::new(Tone::Word, "no other place was visited that way"),
                now,
            );
            return Vec::new();
        };
        self.tab = self.tab_of(place);
        self.visited.go(place);
        self.refresh(now)
    }

    /// To the beginning of a tab.
    pub(super) fn go_to_top(&mut self, kind: ViewKind, now: Timestamp) -> Vec<Effect> {
        self.tab = self.tab_of(kind);
        self.visited.go(kind);
        if let Some(stack) = self.tabs.get_mut(self.tab) {
            stack.truncate(1);
        }
        self.refresh(now)
    }

    /// The number of a tab, which is opened if nobody has been there.
    fn tab_of(&mut self, kind: ViewKind) -> usize {
        let is_of =
            |stack: &Vec<Box<dyn View>>| stack.first().is_some_and(|view| view.kind() == kind);
        self.tabs.iter().position(is_of).unwrap_or_else(|| {
            self.tabs.push(vec![kind.open()]);
            self.tabs.len() - 1
        })
    }

    fn refresh(&mut self, now: Timestamp) -> Vec<Effect> {
        self.ask_view(now, |view, scene| view.refresh(scene))
    }

    /// Asks again for what an act changes, whatever is shown: it must not stand anywhere as it was.
    fn look_again(&mut self, now: Timestamp) -> Vec<Effect> {
        let changed = [
            (ViewKind::Users, Ask::Survey),
            (ViewKind::Audit, Ask::Trail),
        ];
        let asks = changed.map(|(view, ask)| Wish::Ask(Slot::Rows(Place::top(view)), ask));
        self.grant(asks.into(), now)
    }

    /// An answer goes to the place that asked, also while another is on top.
    fn answered(&mut self, slot: Slot, answer: Answer, now: Timestamp) -> Vec<Effect> {
        let Some(place) = slot.place() else {
            self.told_popup(slot, answer);
            return Vec::new();
        };
        let scene = Scene {
            model: &self.model,
            size: super::body(self.size),
            now,
        };
        let mut places = self.tabs.iter_mut().flatten();
        let asked = places.find(|view| view.place() == place);
        let wishes = asked.map(|view| view.answer(&scene, answer));
        self.grant(wishes.unwrap_or_default(), now)
    }

    fn ask_view(
        &mut self,
        now: Timestamp,
        ask: impl FnOnce(&mut dyn View, &Scene<'_>) -> Vec<Wish>,
    ) -> Vec<Effect> {
        let Some((view, scene)) = self.scene_mut(now) else {
            return Vec::new();
        };
        let wishes = ask(view.as_mut(), &scene);
        self.grant(wishes, now)
    }

    pub(super) fn grant(&mut self, wishes: Vec<Wish>, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        for wish in wishes {
            match wish {
                Wish::Ask(slot, ask) => effects.push(Effect::Ask(self.jobs.start(slot), slot, ask)),
                Wish::Show(popup) => self.popup = Some(popup),
                Wish::Say(toast) => self.say(toast, now),
                Wish::Copy(text) => {
                    let word = format!("sent to the terminal's clipboard: {text}");
                    self.say(Toast::new(Tone::Word, word), now);
                    effects.push(Effect::Copy(text.into()));
                }
                Wish::Enter(view) => {
                    if let Some(stack) = self.tabs.get_mut(self.tab) {
                        stack.push(view);
                    }
                    effects.extend(self.refresh(now));
                }
                Wish::Leave => effects.extend(self.leave(now)),
            }
        }
        effects
    }

    fn leave(&mut self, now: Timestamp) -> Vec<Effect> {
        match self.tabs.get_mut(self.tab) {
            Some(stack) if stack.len() > 1 => {
                stack.pop();
                self.refresh(now)
            }
            Some(_) | None => Vec::new(),
        }
    }

    pub(super) fn type_filter(
        &mut self,
        key: impl FnOnce(&mut FilterLine) -> Typed,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(mut line) = self.line.take() else {
            return Vec::new();
        };
        match key(&mut line) {
            Typed::More => {
                let (effects, error) = self.filter_by(line.letters.text(), now);
                line.error = error.map(|error| error.to_string());
                self.line = Some(line);
                effects
            }
            Typed::Kept if line.error.is_some() => {
                self.line = Some(line);
                Vec::new()
            }
            Typed::Kept => Vec::new(),
            Typed::Dropped => self.filter_by(&line.before, now).0,
        }
    }

    fn filter_by(&mut self, written: &str, now: Timestamp) -> (Vec<Effect>, Option<FilterError>) {
        let Some((view, scene)) = self.scene_mut(now) else {
            return (Vec::new(), None);
        };
        match view.set_filter(&scene, written) {
            Ok(wishes) => (self.grant(wishes, now), None),
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, now: Timestamp) -> Vec<Effect> {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.command(Command::Down, now),
            MouseEventKind::ScrollUp => self.command(Command::Up, now),
            MouseEventKind::Down(MouseButton::Left)
                if self.popup.is_none() && self.line.is_none() =>
            {
                let at = Position::new(mouse.column, mouse.row);
                let hit = self
                    .painted
                    .targets
                    .iter()
                    .find(|(area, _)| area.contains(at))
                    .map(|(_, target)| *target);
                match hit {
                    Some(Target::Row(row)) => {
                        self.ask_view(now, |view, scene| view.point(scene, row))
                    }
                    Some(Target::Tab(kind)) => self.go(kind, now),
                    Some(Target::Act(id)) => self.act(&[id], now),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(), // crossterm's own: buttons and motions that mean nothing here
        }
    }

    fn end_toast(&mut self, now: Timestamp) {
        let ended =
            |(toast, said): &(Toast, Timestamp)| toast.ends_at(*said).is_some_and(|end| end <= now);
        if self.toast.as_ref().is_some_and(ended) {
            self.toast = None;
        }
    }
}
