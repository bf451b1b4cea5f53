//! What is pasted into a place: whose it is, and the way to its row. Pasted text is data: it confirms nothing, and a seed in it is
//! dropped once its public key is known.
//!
//! ```text
//! text ──> Pasted (a public key) ──> read already? ──> its row, under the cursor
//!                                    └ not yet, or not there ──> read again, once ──> its row, or why there is none
//! ```

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::line::{FilterLine, Typed};
use super::model::World;
use super::msg::{Ask, Effect, Slot};
use super::seen::Seen;
use super::toast::{Toast, Tone};
use super::{App, ViewKind};
use crate::actions::action::{Action as _, SelectedUser};
use crate::actions::given::{Given, Secret, looks_secret};
use crate::actions::user::revoke::RevokeUsers;
use crate::jwt::envelope::TokenKind;
use crate::jwt::keys::{KeyKind, PublicKey, UserId};
use crate::tui::keymap::STRANGER;
use crate::tui::popups::Popup;
use crate::tui::popups::stranger::{Stranger, Whose};
use crate::tui::views::{Found, Place, Sought, Wish};
use crate::tui::widgets::called;

/// What is longer is not looked at. A token may be larger, but nobody pastes one that is.
const MOST_BYTES: usize = 64 * 1024;

/// Why pasted text was not taken where no seed may stand.
const SEED_DROPPED: &str = "a seed was pasted: it was dropped";

/// Whose row is wanted.
#[derive(Clone, Debug)]
pub(super) struct Pasted {
    key: PublicKey,
    /// What a user's token says of whose it is.
    whose: Option<Whose>,
    /// What it was found in.
    form: &'static str,
    seed: Secret,
    reading: Reading,
}

/// Whether what is known is read again for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    NotYet,
    Asked,
}

/// A row, and what is to be said of the way to it.
struct Row {
    sought: Sought,
    label: String,
    remark: &'static str,
}

/// Whether a seed stands in the text, whole or damaged.
fn holds_seed(text: &str) -> bool {
    text.split_whitespace().any(looks_secret)
}

impl Pasted {
    fn read(text: &str) -> Result<Self, String> {
        // Terminals paste a line's end as the key that they would send for it.
        let text = Zeroizing::new(text.replace('\r', "\n"));
        let given = Given::read(text.as_bytes()).ok_or_else(|| nothing_in(&text))?;
        let seed = given.secret();
        let (key, whose, form) = match &given {
            Given::Key(key) => (*key, None, "key"),
            Given::Seed(key) if key.kind == KeyKind::User => (*key, None, "seed"),
            Given::Seed(key) => return Err(heavy_seed(*key)),
            Given::Token(token, _) => {
                if token.verify().is_err() {
                    let what = "the pasted token is not signed by the issuer that it names";
                    return Err(format!("{what}: it says nothing of whose it is"));
                }
                let envelope = token.envelope();
                let form = match (envelope.kind, seed) {
                    (TokenKind::User | TokenKind::Account, Secret::Given) => "creds",
                    (TokenKind::User | TokenKind::Account, Secret::NotGiven) => "token",
                    (_, _) => return Err("the pasted token is no user's and no account's".into()),
                };
                (envelope.subject, Whose::of(token), form)
            }
        };
        if !matches!(key.kind, KeyKind::User | KeyKind::Account) {
            let (of, short) = (key.kind.with_article(), key.short());
            return Err(format!(
                "{short} is the key of {of}: users and accounts are selected by what is pasted"
            ));
        }
        Ok(Self {
            key,
            whose,
            form,
            seed,
            reading: Reading::NotYet,
        })
    }

    fn row(&self, seen: &Seen) -> Option<Row> {
        match self.key.kind {
            KeyKind::User => self.user(self.key.try_into().ok()?, seen),
            KeyKind::Account => self.account(seen),
            KeyKind::Operator | KeyKind::Server | KeyKind::Curve => None,
        }
    }

    /// One user may be known in two accounts, by a token that moved.
    fn user(&self, user: UserId, seen: &Seen) -> Option<Row> {
        let known = || seen.users.iter().filter(|line| line.id == user);
        let account = self.whose.as_ref().map(Whose::account);
        let named = known().find(|line| Some(line.account.key) == account);
        let line = named.or_else(|| known().next())?;
        let name = called(line.name.as_ref(), line.id.key());
        let account = called(line.account.name.as_ref(), line.account.key.key());
        Some(Row {
            sought: Sought::User(SelectedUser {
                account: line.account.key,
                user,
            }),
            label: format!("{name} in {account}"),
            remark: match known().count() {
                1 => "",
                _ => "; it is known in other accounts as well",
            },
        })
    }

    /// An account, also by one of its signing keys.
    fn account(&self, seen: &Seen) -> Option<Row> {
        let line = seen.tree.accounts.iter().find(|line| {
            let token = line.token.as_ref();
            let signs = token.and_then(|token| token.account.signer_kind(self.key));
            line.id.key() == self.key || signs.is_some()
        })?;
        Some(Row {
            sought: Sought::Account(line.id),
            label: called(line.name(), line.id.key()),
            remark: if line.id.key() == self.key {
                ""
            } else {
                "; the key is one that signs for it"
            },
        })
    }

    fn dropped(&self) -> &'static str {
        match self.seed {
            Secret::Given => "; the seed was dropped",
            Secret::NotGiven => "",
        }
    }
}

/// Says what a text is that names nobody, and repeats nothing of it.
fn nothing_in(text: &str) -> String {
    if holds_seed(text) {
        "what was pasted looks like a seed, and is not whole: it was dropped, and names nobody"
            .into()
    } else {
        "what was pasted is no key, no token and no creds: nothing was selected".into()
    }
}

/// The seed of more than a user: revoking users does not help against whoever has it.
fn heavy_seed(key: PublicKey) -> String {
    let (whose, short) = (key.kind.with_article(), key.short());
    format!("the seed of {whose}, {short}: dropped. That key has to be replaced")
}

impl App {
    /// What is pasted is data: for a line that is open, else to select whom it is about. No line takes a seed.
    pub(super) fn paste(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        if text.len() > MOST_BYTES {
            let word = "more than 64 KiB were pasted, and dropped";
            self.say(Toast::new(Tone::Failure, word), now);
            return Vec::new();
        }
        let is_secret = holds_seed(text);
        match (&mut self.popup, &mut self.line) {
            (Some(Popup::Consent(asked)), _) if is_secret => asked.tell(SEED_DROPPED),
            (Some(Popup::Consent(asked)), _) => asked.paste(text),
            (Some(Popup::Form(form)), _) if !is_secret => form.paste(text),
            (Some(Popup::Palette(palette)), _) if !is_secret => {
                palette.paste(text);
                return self.ask_for_names().into_iter().collect();
            }
            (Some(_), _) => {
                let word = "what was pasted was dropped: esc closes this, then paste it again";
                self.say(Toast::new(Tone::Word, word), now);
            }
            (None, Some(line)) if is_secret => line.error = Some(SEED_DROPPED.to_owned()),
            (None, Some(_)) => {
                let pasted = |line: &mut FilterLine| {
                    line.letters.paste(text);
                    Typed::More
                };
                return self.type_filter(pasted, now);
            }
            (None, None) => return self.paste_into_place(text, now),
        }
        Vec::new()
    }

    /// What is pasted into a place selects whom it is about.
    fn paste_into_place(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        self.sought = None;
        match Pasted::read(text) {
            Ok(pasted) => self.look_for(pasted, now),
            Err(why) => {
                self.say(Toast::new(Tone::Failure, why), now);
                Vec::new()
            }
        }
    }

    /// Everything was read, or could not be. Who is waited for is selected, unless something stands over the place.
    pub(super) fn look_for_sought(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(pasted) = self.sought.take() else {
            return Vec::new();
        };
        if self.popup.is_some() {
            let word = format!(
                "{} is not selected: close this, and paste it again",
                pasted.key.short()
            );
            self.say(Toast::new(Tone::Warning, word), now);
            return Vec::new();
        }
        self.look_for(pasted, now)
    }

    fn look_for(&mut self, pasted: Pasted, now: Timestamp) -> Vec<Effect> {
        let (short, dropped) = (pasted.key.short(), pasted.dropped());
        let seen = self.model.seen.last.clone();
        if let Some(row) = seen.as_ref().and_then(|seen| pasted.row(seen)) {
            return self.stand_on_row(&row, &pasted, now);
        }
        let why = match &self.model.world {
            World::Closed(why) => Some(why),
            World::Opening { .. } | World::Open(_) => self.model.seen.problem.as_ref(),
        };
        let is_closed = matches!(self.model.world, World::Closed(_));
        let (toast, wishes) = match (why, seen, pasted.reading) {
            (Some(why), _, reading) if is_closed || reading == Reading::Asked => {
                let word = format!("{short} is not selected{dropped}: {}", why.what);
                (Toast::new(Tone::Failure, word), Vec::new())
            }
            (_, Some(seen), Reading::Asked) => {
                let word = self.nowhere(&pasted, &seen);
                let shown = self.stranger(&pasted, &seen).map(Wish::Show);
                (Toast::new(Tone::Failure, word), shown.into_iter().collect())
            }
            (None, None, _) => {
                let word = format!("{short} is selected as soon as everything is read{dropped}");
                self.sought = Some(pasted);
                (Toast::new(Tone::Word, word), Vec::new())
            }
            (_, _, _) => {
                let word = format!("{short} is not among what was read: reading again{dropped}");
                self.sought = Some(Pasted {
                    reading: Reading::Asked,
                    ..pasted
                });
                let rows = Slot::Rows(Place::top(ViewKind::Users));
                (
                    Toast::new(Tone::Word, word),
                    vec![Wish::Ask(rows, Ask::Survey)],
                )
            }
        };
        self.say(toast, now);
        self.grant(wishes, now)
    }

    /// Why nobody can be selected: where it was looked for.
    fn nowhere(&self, pasted: &Pasted, seen: &Seen) -> String {
        let (whom, short) = (pasted.key.kind.noun(), pasted.key.short());
        format!(
            "{whom} {short} is {}: nothing was selected{}",
            self.looked_at(seen),
            pasted.dropped()
        )
    }

    fn looked_at(&self, seen: &Seen) -> String {
        match (&seen.connections, self.model.unheard()) {
            (None, _) => "in no store, and no server was asked".to_owned(),
            (Some(_), silent) if silent.is_empty() => "in no store and on no connection".to_owned(),
            (Some(_), silent) => format!("in no store and on no connection, {silent}"),
        }
    }

    /// What a token says of a user that is nowhere: enough to revoke it by. A key alone names no account.
    fn stranger(&self, pasted: &Pasted, seen: &Seen) -> Option<Popup> {
        let whose = pasted.whose.clone()?;
        let mut accounts = seen.tree.accounts.iter();
        let line = accounts.find(|line| line.id == whose.account());
        let revoke = self.key_of(STRANGER, RevokeUsers::SPEC.id);
        let stranger = Stranger::new(whose, line, self.looked_at(seen), revoke);
        Some(Popup::Stranger(Box::new(stranger)))
    }

    /// Puts the cursor on the row of a thing, in its own tab, and says what had to go for it. `None`: it is not listed there.
    pub(super) fn seek(&mut self, sought: Sought, now: Timestamp) -> (Vec<Effect>, Option<String>) {
        self.line = None;
        let mut effects = self.go_to_top(sought.kind(), now);
        let found = self
            .scene_mut(now)
            .and_then(|(view, scene)| view.seek(&scene, sought));
        let Some(Found { gave_way, wishes }) = found else {
            return (effects, None);
        };
        effects.extend(self.grant(wishes, now));
        let gone = match gave_way.as_slice() {
            [] => String::new(),
            words => format!("; {} went", words.join(" and ")),
        };
        (effects, Some(gone))
    }

    fn stand_on_row(&mut self, row: &Row, pasted: &Pasted, now: Timestamp) -> Vec<Effect> {
        let (effects, gone) = self.seek(row.sought, now);
        let Some(gone) = gone else {
            return effects;
        };
        let (form, dropped) = (pasted.form, pasted.dropped());
        let word = format!(
            "{} is selected by the pasted {form}{dropped}{gone}{}",
            row.label, row.remark
        );
        let tone = if gone.is_empty() && row.remark.is_empty() {
            Tone::Word
        } else {
            Tone::Warning
        };
        self.say(Toast::new(tone, word), now);
        effects
    }
}
