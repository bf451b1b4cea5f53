//! Whose pasted creds or token it is that is nowhere known: what the token itself says, and who signed it. It revokes nothing;
//! its key begins the act on the key and the account that the token names.
//!
//! ```text
//! ╭─ A user that nobody knows here ─────────────────────────────╮
//! │ user     UDX3..7KQ2   worker, by its own word               │
//! │ account  ORDERS                                             │
//! │ signed   by a signing key of ORDERS                         │
//! │ where    in no store and on no connection                   │
//! ╰───────────────────────────────────── R revoke   esc close ─╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::wording::Wording;
use super::{WIDEST, centred, frame};
use crate::actions::action::{SelectedUser, Selection};
use crate::inventory::account_line::AccountLine;
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::jwt::role::SignerKind;
use crate::jwt::token::Token;
use crate::jwt::user::User;
use crate::text::Text;
use crate::tui::theme::Role;
use crate::tui::widgets::{Paint, called, line_of};

/// What a user's token says of whose it is.
#[derive(Clone, Debug)]
pub struct Whose {
    pub user: SelectedUser,
    name: Text,
    issuer: PublicKey,
    issued: String,
    expires: String,
}

/// What the key that signed it is to the account that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signer {
    Known(SignerKind),
    /// The account's token was read, and names no such key.
    NotOne,
    /// The account's token was not read: which keys sign for it is not known.
    AccountNotRead,
}

/// A user that is nowhere known.
#[derive(Clone, Debug)]
pub struct Stranger {
    whose: Whose,
    /// What its account is called here. `None`: nobody knows its account either.
    account: Option<String>,
    signer: Signer,
    /// Where it was looked for.
    nowhere: String,
    /// The key that revokes, as it is bound.
    revoke: String,
}

impl Whose {
    /// `None`: it is no user's.
    pub fn of(token: &Token) -> Option<Self> {
        let user = User::of(token).ok()?;
        let envelope = token.envelope();
        let day = |at: crate::jwt::time::UnixTime| {
            let at = at.timestamp();
            at.strftime("%Y-%m-%d %H:%M UTC").to_string()
        };
        Some(Self {
            user: SelectedUser {
                account: user.account,
                user: envelope.subject.try_into().ok()?,
            },
            name: envelope.name.clone(),
            issuer: envelope.issuer,
            issued: envelope
                .issued_at
                .map_or_else(|| "nobody knows when".to_owned(), day),
            expires: envelope.expires_at.map_or_else(|| "never".to_owned(), day),
        })
    }

    pub const fn account(&self) -> AccountId {
        self.user.account
    }

    /// The account's own key is known without its token.
    fn signer(&self, account: Option<&Account>) -> Signer {
        if self.issuer == self.account().key() {
            return Signer::Known(SignerKind::Identity);
        }
        let kind = account.map(|account| account.signer_kind(self.issuer));
        kind.map_or(Signer::AccountNotRead, |kind| {
            kind.map_or(Signer::NotOne, Signer::Known)
        })
    }
}

impl Stranger {
    pub fn new(whose: Whose, line: Option<&AccountLine>, nowhere: String, revoke: String) -> Self {
        let token = line.and_then(|line| line.token.as_ref());
        Self {
            signer: whose.signer(token.map(|token| &token.account)),
            account: line.map(|line| called(line.name(), line.id.key())),
            whose,
            nowhere,
            revoke,
        }
    }

    /// Whom an act is about.
    pub(in crate::tui) fn selection(&self) -> Selection {
        Selection {
            users: vec![self.whose.user],
            ..Selection::default()
        }
    }

    fn words(&self, width: u16) -> Wording {
        let mut words = Wording::new(width);
        let short = self.whose.user.user.key().short();
        let user = format!("{short}   {}, by its own word", self.whose.name);
        words.say("user", &user, Role::Strong);
        let key = self.whose.user.account.key().short();
        if let Some(name) = &self.account {
            words.say("account", name, Role::Account);
        } else {
            let word = format!("{key}, which nobody knows here");
            words.say("account", &word, Role::Warn);
        }
        let (by, role) = self.signed(self.account.as_ref().unwrap_or(&key));
        words.say("signed", &by, role);
        let span = format!("{}, expires: {}", self.whose.issued, self.whose.expires);
        words.say("issued", &span, Role::Text);
        words.say("where", &self.nowhere, Role::Text);
        words
    }

    /// By whom it is signed, and what follows from that. That nobody lets it in is said only of what was read.
    fn signed(&self, of: &str) -> (String, Role) {
        let by = self.whose.issuer.short();
        match self.signer {
            Signer::Known(SignerKind::Identity) => (format!("by {of} itself"), Role::Text),
            Signer::Known(SignerKind::Signing) => (format!("by a signing key of {of}"), Role::Text),
            Signer::Known(SignerKind::Scoped) => {
                (format!("by the key of a role of {of}"), Role::Text)
            }
            Signer::NotOne => {
                let word = format!("by {by}, which is no key of {of}");
                let so = "no server that enforces the account's token as it was read lets it in";
                (format!("{word}: {so}"), Role::Warn)
            }
            Signer::AccountNotRead => {
                let word = format!("by {by}; whether that is one of the keys of {of} is not known");
                (word, Role::Warn)
            }
        }
    }

    pub(super) fn paint(&self, paint: &Paint<'_>, screen: Rect, buf: &mut Buffer) {
        let width = centred(screen, WIDEST, 0).width;
        let words = self.words(width.saturating_sub(4));
        let height = u16::try_from(words.lines.len() + 2).unwrap_or(u16::MAX);
        let area = centred(screen, WIDEST, height);
        let foot = format!("{} revoke   esc close", self.revoke);
        let title = "A user that nobody knows here";
        let inside = frame(paint, area, (title, &foot), buf);
        for (line, nth) in words.lines.iter().zip(0..inside.height) {
            line.paint(paint, line_of(inside, nth), buf);
        }
    }
}
