//! All that can be done from here, as the palette lists it, and what becomes of what was chosen there.

use jiff::Timestamp;

use super::acts::{ACTS, Allowed};
use super::msg::{Answer, Ask, Effect, Slot};
use super::toast::{Toast, Tone};
use super::{App, ViewKind};
use crate::actions::action::Access;
use crate::tui::keymap::{Command, GLOBAL, chord};
use crate::tui::popups::Popup;
use crate::tui::popups::lifting::{self, Lifting, Said};
use crate::tui::popups::log::Log;
use crate::tui::popups::palette::{Chosen, Entry, Palette, Runs, Wants};
use crate::tui::runtime::terminal::Mouse;
use crate::tui::theme::Theme;
use crate::tui::views::Sought;

/// Short names of places, beside the names themselves.
const SHORT: &[(&str, &str)] = &[
    ("acc", "accounts"),
    ("conn", "connections"),
    ("srv", "servers"),
    ("record", "audit"),
];

/// Commands that are worth a line; the others move the cursor.
const COMMANDS: &[Command] = &[
    Command::Filter,
    Command::Sort,
    Command::Columns,
    Command::Copy,
    Command::Explain,
    Command::Refresh,
    Command::LastPlace,
    Command::PlaceBack,
    Command::PlaceForward,
    Command::Log,
    Command::Help,
    Command::Redraw,
    Command::Suspend,
    Command::Quit,
];

impl App {
    /// Acts first, then places, settings, and what else keys do.
    pub(super) fn palette(&self, now: Timestamp) -> Palette {
        let places = ViewKind::ALL.iter().map(|kind| self.place(*kind));
        let commands = COMMANDS.iter().map(|command| self.plain(*command));
        let entries = self
            .acts(now)
            .into_iter()
            .chain(places)
            .chain(self.settings());
        Palette::new(entries.chain(commands).collect())
    }

    fn acts(&self, now: Timestamp) -> Vec<Entry> {
        let selection = self.selection(now).unwrap_or_default();
        let entry = |offer: &super::acts::Offer| Entry {
            title: offer.spec.title.to_owned(),
            aliases: vec![offer.spec.id.to_owned()],
            key: self
                .looks
                .keymap
                .chords_for_act(offer.spec.id)
                .map(chord::written)
                .unwrap_or_default(),
            help: offer.spec.help.to_owned(),
            allowed: offer.allowed(&selection, &self.model.standing),
            runs: Runs::Act(offer.spec.id),
        };
        ACTS.iter().map(entry).collect()
    }

    fn place(&self, kind: ViewKind) -> Entry {
        let name = kind.name();
        let one = name.strip_suffix('s').map(str::to_owned);
        let short = SHORT
            .iter()
            .filter(|(_, of)| *of == name)
            .map(|(short, _)| (*short).to_owned());
        let aliases: Vec<String> = one
            .into_iter()
            .chain(short)
            .chain([name.to_owned()])
            .collect();
        Entry {
            title: format!("to {name}"),
            help: format!(":{}", aliases.join("  :")),
            aliases,
            ..self.plain(Command::Go(kind))
        }
    }

    fn plain(&self, command: Command) -> Entry {
        let scope = self.view().map_or(GLOBAL, |view| view.kind().name());
        let key = self.looks.keymap.chords_for(&[scope, GLOBAL], command);
        Entry {
            title: command.label().to_owned(),
            aliases: Vec::new(),
            key: key.map(chord::written).unwrap_or_default(),
            help: command.help(),
            allowed: Allowed::Yes,
            runs: Runs::Command(command),
        }
    }

    fn settings(&self) -> Vec<Entry> {
        let setting = |title: String, help: &str, runs| Entry {
            title,
            aliases: Vec::new(),
            key: String::new(),
            help: help.to_owned(),
            allowed: Allowed::Yes,
            runs,
        };
        let mut settings = Vec::new();
        match (self.model.standing.access, self.model.lifted_until) {
            (Access::ReadOnly, _) => settings.push(setting(
                "write".into(),
                &format!("lift read-only for {} minutes", lifting::LASTS.as_mins()),
                Runs::Write,
            )),
            (Access::Write, Some(_)) => settings.push(setting(
                "read-only".into(),
                "no more acts that widen",
                Runs::ReadOnly,
            )),
            (Access::Write, None) => {}
        }
        for name in Theme::ours() {
            settings.push(setting(
                format!("theme {name}"),
                "until the console is left",
                Runs::Theme(name),
            ));
        }
        settings.push(match self.mouse {
            Mouse::Ours => setting(
                "mouse off".into(),
                "the terminal selects text again",
                Runs::Mouse(Mouse::Terminals),
            ),
            Mouse::Terminals => setting(
                "mouse on".into(),
                "rows, tabs and acts are clicked",
                Runs::Mouse(Mouse::Ours),
            ),
        });
        settings
    }

    /// A key made something of the palette.
    pub(super) fn choose(&mut self, chosen: Chosen, now: Timestamp) -> Vec<Effect> {
        match chosen {
            Chosen::NotYet => Vec::new(),
            Chosen::Closed => {
                self.popup = None;
                Vec::new()
            }
            Chosen::Run(runs) => {
                self.popup = None;
                self.run(runs, now)
            }
        }
    }

    /// Asks who is called as was typed, if others are wanted than before or more was read. Whom nobody wants any more is not
    /// waited for.
    pub(super) fn ask_for_names(&mut self) -> Option<Effect> {
        let wants = match &mut self.popup {
            Some(Popup::Palette(palette)) => palette.wants_names(self.model.seen.last.as_ref()),
            Some(_) | None => Wants::Nobody,
        };
        match wants {
            Wants::Same => None,
            Wants::Nobody => {
                self.jobs.forget(Slot::Names);
                None
            }
            Wants::Called(wanted, seen) => {
                let job = self.jobs.start(Slot::Names);
                Some(Effect::Ask(job, Slot::Names, Ask::Names(seen, wanted)))
            }
        }
    }

    /// Users and accounts were found by their names, or could not be.
    pub(super) fn named(&mut self, answer: Answer) {
        let Some(Popup::Palette(palette)) = &mut self.popup else {
            return;
        };
        match answer {
            Answer::Names(found) => palette.list_names(found),
            Answer::Failed(why) => palette.list_no_names(why.what),
            Answer::Arranged(_) | Answer::User(_) | Answer::Diagnosis(_) | Answer::Nothing => {}
        }
    }

    fn jump(&mut self, sought: Sought, now: Timestamp) -> Vec<Effect> {
        let (effects, gone) = self.seek(sought, now);
        let word = match gone {
            None => "it is not listed any more".to_owned(),
            Some(gone) => gone.trim_start_matches("; ").to_owned(),
        };
        if !word.is_empty() {
            self.say(Toast::new(Tone::Warning, word), now);
        }
        effects
    }

    fn run(&mut self, runs: Runs, now: Timestamp) -> Vec<Effect> {
        match runs {
            Runs::Seek(sought) => self.jump(sought, now),
            Runs::Act(id) => self.act(&[id], now),
            Runs::Command(command) => self.command(command, now),
            Runs::Theme(name) => vec![Effect::Theme(name.to_owned())],
            Runs::Mouse(mouse) => {
                self.mouse = mouse;
                vec![Effect::Mouse(mouse)]
            }
            Runs::Write => {
                let context = self.model.context.name.clone();
                let lifting = Lifting::new(context, now);
                self.popup = Some(Popup::Lifting(lifting));
                Vec::new()
            }
            Runs::ReadOnly => {
                self.fall_back(now);
                Vec::new()
            }
        }
    }

    /// Whether read-only is lifted was answered.
    pub(super) fn lift(&mut self, said: Said, now: Timestamp) -> Vec<Effect> {
        let word = match said {
            Said::NotYet => return Vec::new(),
            Said::No => "it stays read-only".to_owned(),
            Said::Yes => {
                let until = now.checked_add(lifting::LASTS).unwrap_or(now);
                self.model.standing.access = Access::Write;
                self.model.lifted_until = Some(until);
                format!(
                    "read-only is lifted until {}",
                    until.strftime("%H:%M:%S UTC")
                )
            }
        };
        self.popup = None;
        self.say(Toast::new(Tone::Warning, word), now);
        Vec::new()
    }

    /// Read-only again when its time has come.
    pub(super) fn end_lift(&mut self, now: Timestamp) {
        if self.model.lifted_until.is_some_and(|until| until <= now) {
            self.fall_back(now);
        }
    }

    /// Read-only again. A consent that was asked for while it was lifted is given no more, unless it would be asked for anyway.
    fn fall_back(&mut self, now: Timestamp) {
        self.model.lifted_until = None;
        self.model.standing.access = Access::ReadOnly;
        let mut word = "read-only again".to_owned();
        if let Some(Popup::Consent(asked)) = &self.popup
            && !asked.holds_read_only()
        {
            self.step_back();
            word.push_str(": the act that was asked about was not begun");
        }
        self.say(Toast::new(Tone::Warning, word), now);
    }

    /// What the bottom line said, the newest first.
    pub(super) fn log(&self) -> Log {
        Log::new(self.said.iter().rev().cloned().collect())
    }
}
