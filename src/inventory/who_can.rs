//! The answer to "who can?": every known user that may, by which rule, and through which accounts. Pure: the caller has read store
//! and servers.
//!
//! ```text
//! ORDERS    worker       all    orders.*.done   role worker
//! BILLING   dashboards   some   orders.>        user          via import orders.>
//! ```
//!
//! Servers keep no users, so it knows those of the store; of one that only a connection or a revocation shows, or whose account
//! nobody showed, nobody has the rules, and [`Answer::unread`] counts them.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::connection::Named;
use super::picture::Picture;
use super::told::Told;
use super::user::UserRow;
use super::user_line::UserLine;
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::release::Release;
use crate::jwt::subject::{Subject, SubjectPattern};
use crate::jwt::user::User;
use crate::permissions::decide::Question;
use crate::permissions::reach::{Certainty, Network, Path, StepKind};
use crate::permissions::who_can::{Holder, Rulebook, RulebookBuilder, Scope};
use crate::permissions::{EffectivePermissions, Origin, Verb};
use crate::text::Text;

/// How much of what was asked a user may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    All,
    Some,
}

impl Reached {
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Some => "some",
        }
    }
}

/// The rule that lets a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct By {
    pub subject: SubjectPattern,
    pub from: &'static str,
    pub key: Option<PublicKey>,
    /// The name of the role with that key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Text>,
}

/// One thing on the way from a user's right to the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// `user`, `scope` or `default`, then `export`, `import` and `mapping`.
    pub step: &'static str,
    pub account: Named<AccountId>,
    pub subject: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Live {
    /// Open connections that prove that they are its own; `null`: nobody asked.
    pub connections: Option<u32>,
}

/// One user, by one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoCanLine {
    pub verb: Verb,
    pub subject: SubjectPattern,
    pub scope: Scope,
    pub account: Named<AccountId>,
    pub user: Named<UserId>,
    pub effect: Reached,
    pub by: By,
    pub via: Vec<Way>,
    /// Where it may use a part: a subject of that, as it is in the user's own account.
    pub example: Option<Subject>,
    pub live: Live,
}

/// Everybody who may, and how many nobody could judge.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub lines: Vec<WhoCanLine>,
    /// Users that are known and whose rules are not.
    pub unread: usize,
}

/// The rules of all users that are let in, by their places in the picture.
pub struct Everybody<'a> {
    told: &'a Told,
    picture: &'a Picture,
    books: Vec<Rulebook>,
    unread: usize,
}

impl<'a> Everybody<'a> {
    /// Puts together what each may, for each release that a server has; where none was asked, for the one that everything is
    /// held against.
    pub fn of(told: &'a Told, picture: &'a Picture, releases: &[Release]) -> Self {
        let rows: HashMap<(AccountId, UserId), UserRow<'_>> = told
            .users
            .iter()
            .flat_map(|chunk| chunk.rows())
            .map(|row| ((row.account(), row.key()), row))
            .collect();
        let is_in = |line: &&UserLine| line.state.is_let_in();
        let unread = picture.users.iter().filter(is_in);
        let unread = unread.filter(|line| {
            let account = line.account.key;
            !rows.contains_key(&(account, line.id)) || told.account(account).is_none()
        });
        let latest = [Release::default()];
        let releases = if releases.is_empty() {
            &latest
        } else {
            releases
        };
        let book = |release: &Release| {
            let mut builder = RulebookBuilder::new(*release);
            for line in &picture.users {
                let row = rows.get(&(line.account.key, line.id));
                let row = row.filter(|_| line.state.is_let_in());
                builder.add(
                    row.and_then(|row| permissions(told, row, *release))
                        .as_ref(),
                );
            }
            builder.seal().indexed()
        };
        Self {
            unread: unread.count(),
            books: releases.iter().map(book).collect(),
            told,
            picture,
        }
    }

    /// Everybody who may, in the order of the picture, each by its own account's subject and by every way from another.
    pub fn who_can(&self, question: &Question, scope: Scope, network: &Network) -> Answer {
        let mut lines = self.found(question, question, scope, None);
        for account in network.accounts() {
            for (source, path) in paths(network, account.id, question) {
                let way = Route {
                    source,
                    path: &path,
                };
                lines.extend(self.found(question, &way.question(question), scope, Some(&way)));
            }
        }
        lines.sort_by(|a, b| {
            (&a.account.name, &a.user.name, a.via.len()).cmp(&(
                &b.account.name,
                &b.user.name,
                b.via.len(),
            ))
        });
        Answer {
            lines,
            unread: self.unread,
        }
    }

    fn found(
        &self,
        asked: &Question,
        there: &Question,
        scope: Scope,
        way: Option<&Route<'_>>,
    ) -> Vec<WhoCanLine> {
        let mut widest: BTreeMap<u32, (Holder, &Rulebook)> = BTreeMap::new();
        for book in &self.books {
            for holder in book.who_can(there, Scope::Any) {
                let known = widest.entry(holder.place).or_insert((holder, book));
                if holder.is_all && !known.0.is_all {
                    *known = (holder, book);
                }
            }
        }
        let whole = way.is_none_or(|way| way.is_whole(asked));
        widest
            .into_values()
            .filter(|(holder, _)| scope == Scope::Any || (holder.is_all && whole))
            .filter_map(|(holder, book)| {
                let line = self.picture.users.get(holder.place as usize)?;
                if way.is_some_and(|way| way.source != line.account.key) {
                    return None;
                }
                let reason = book.reason(holder, there)?;
                let by = self.by(line.account.key, &reason.by.pattern, reason.by.from);
                let is_all = holder.is_all && whole;
                Some(WhoCanLine {
                    verb: asked.verb,
                    subject: asked.subject.clone(),
                    scope,
                    account: line.account.as_ref().clone(),
                    user: Named {
                        key: line.id,
                        name: line.name.clone(),
                    },
                    effect: if is_all { Reached::All } else { Reached::Some },
                    via: self.via(line, &by, way),
                    by,
                    example: reason.example,
                    live: Live {
                        connections: line.connections,
                    },
                })
            })
            .collect()
    }

    fn by(&self, account: AccountId, subject: &SubjectPattern, from: Origin) -> By {
        let key = from.role();
        let account = self.told.account(account).map(|row| &row.account);
        let role = key.and_then(|key| account?.role(key));
        By {
            subject: subject.clone(),
            from: from.word(),
            key,
            role: role.map(|role| role.name.clone()),
        }
    }

    fn via(&self, line: &UserLine, by: &By, way: Option<&Route<'_>>) -> Vec<Way> {
        let Some(way) = way else {
            return Vec::new();
        };
        let first = Way {
            step: match by.from {
                "role" => "scope",
                "account_default" => "default",
                _ => "user",
            },
            account: line.account.as_ref().clone(),
            subject: by.subject.text().clone(),
        };
        let steps = way.path.via.iter().map(|step| Way {
            step: match step.kind {
                StepKind::Export => "export",
                StepKind::Import => "import",
                StepKind::Mapping => "mapping",
            },
            account: self.named(step.account),
            subject: step.from.clone(),
        });
        std::iter::once(first).chain(steps).collect()
    }

    fn named(&self, id: AccountId) -> Named<AccountId> {
        Named {
            key: id,
            name: self.told.account(id).map(|row| row.account.name.clone()),
        }
    }
}

/// What a stored user gets from a server of a release; `None`: its login is refused, or its account is not known.
fn permissions(told: &Told, row: &UserRow<'_>, release: Release) -> Option<EffectivePermissions> {
    let account: &Account = &told.account(row.account())?.account;
    let terms = row.terms::<Text>();
    let user = User {
        id: row.key(),
        name: row.name(),
        account: row.account(),
        issuer: row.issuer(),
        issued_at: row.issued_at(),
        expires_at: row.expires_at(),
        not_before: terms.not_before,
        permissions: terms.permissions(),
        restrictions: terms.restrictions(),
        tags: terms.tags,
    };
    EffectivePermissions::of_user(account, &user, release).ok()
}

/// A way between two accounts, or through a mapping of one.
struct Route<'a> {
    source: AccountId,
    path: &'a Path,
}

impl Route<'_> {
    /// What has to be asked of a user at its end of the way.
    fn question(&self, asked: &Question) -> Question {
        let subject = match asked.verb {
            Verb::Publish => self.path.published.clone(),
            Verb::Subscribe => self.path.heard.clone(),
        };
        Question {
            subject,
            ..asked.clone()
        }
    }

    /// Whether all of what is asked goes this way, always.
    fn is_whole(&self, asked: &Question) -> bool {
        let there = match asked.verb {
            Verb::Publish => &self.path.heard,
            Verb::Subscribe => &self.path.published,
        };
        self.path.certainty == Certainty::Always
            && self.path.except.is_empty()
            && asked.subject.is_subset_of(there)
    }
}

/// The ways by which a publish from elsewhere becomes a message on the subject in an account, or a message on it there is heard
/// elsewhere.
fn paths(network: &Network, account: AccountId, asked: &Question) -> Vec<(AccountId, Path)> {
    let all = match asked.verb {
        Verb::Publish => network.publishers(account, &asked.subject),
        Verb::Subscribe => network
            .subscribers(account, &asked.subject)
            .into_iter()
            .map(|path| (path.account, path))
            .collect(),
    };
    let goes_on = |(_, path): &(AccountId, Path)| !path.via.is_empty();
    all.into_iter().filter(goes_on).collect()
}
