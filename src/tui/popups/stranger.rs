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
use crate::jwt::keys::{AccountId, PublicKey};
use crate::jwt::role::SignerKind;
use crate::jwt::token::Token;
use crate::jwt::user::User;
use crate::text::Text;
use crate::tui::theme::Role;
use crate::tui::widgets::{Paint, line_of};

/// What a user's token says of whose it is.
#[derive(Clone, Debug)]
pub struct Whose {
    pub user: SelectedUser,
    name: Text,
    issuer: PublicKey,
    issued: String,
    expires: String,
}

/// What is known here of the account that the token names.
#[derive(Clone, Debug)]
pub struct Known {
    pub name: Option<Text>,
    /// As what the account knows the key that signed it; `None`: as nothing.
    pub signer: Option<SignerKind>,
}

/// A user that is nowhere known.
#[derive(Clone, Debug)]
pub struct Stranger {
    whose: Whose,
    /// `None`: nobody knows its account either.
    account: Option<Known>,
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

    pub const fn issuer(&self) -> PublicKey {
        self.issuer
    }
}

impl Stranger {
    pub const fn new(
        whose: Whose,
        account: Option<Known>,
        nowhere: String,
        revoke: String,
    ) -> Self {
        Self {
            whose,
            account,
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
        let account = self.account.as_ref();
        let name = account.map(|known| match &known.name {
            Some(name) => name.to_string(),
            None => key.clone(),
        });
        if let Some(name) = &name {
            words.say("account", name, Role::Account);
        } else {
            let word = format!("{key}, which nobody knows here");
            words.say("account", &word, Role::Warn);
        }
        let of = name.unwrap_or(key);
        let (by, role) = match account.and_then(|known| known.signer) {
            Some(SignerKind::Identity) => (format!("by {of} itself"), Role::Text),
            Some(SignerKind::Signing) => (format!("by a signing key of {of}"), Role::Text),
            Some(SignerKind::Scoped) => (format!("by the key of a role of {of}"), Role::Text),
            None => {
                let signer = self.whose.issuer.short();
                let word = format!("by {signer}, which is no key of {of}: no server lets it in");
                (word, Role::Warn)
            }
        };
        words.say("signed", &by, role);
        let span = format!("{}, expires: {}", self.whose.issued, self.whose.expires);
        words.say("issued", &span, Role::Text);
        words.say("where", &self.nowhere, Role::Text);
        words
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
