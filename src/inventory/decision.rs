//! The answer to "can this user?": what each server does by its own release and its own copy of the account, and what that comes
//! to. Pure: the caller has read the token and the copies.
//!
//! ```text
//! n1  2.15.1    no    deny orders.*
//! n3  2.11.11   yes   allow >          it forgets `orders.*` beside `orders.eu.>`
//! ```
//!
//! A client chooses its server, so the answer is the widest of those that the servers give.

use serde::Serialize;

use super::connection::Named;
use super::user_line::{UserLine, UserState};
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::release::Release;
use crate::jwt::subject::{Subject, SubjectPattern};
use crate::jwt::token::Token;
use crate::permissions::decide::{Allowed, Question};
use crate::permissions::{EffectivePermissions, Rule, Verb};
use crate::text::Text;

/// Who enforces: a server, or where none was asked, one of the release that everything is held against.
#[derive(Clone, Debug)]
pub struct Enforcer<'a> {
    pub server: Option<Text>,
    /// `None`: it did not say.
    pub release: Option<Release>,
    /// The account as this server has it. `None`: it has none, or did not say.
    pub account: Option<&'a Account>,
}

/// The user of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub key: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    pub account: Named<AccountId>,
}

/// What one server does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enforced {
    pub server: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `null`: it did not say what it is, or what it has of the account.
    pub allowed: Option<Allowed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionItem {
    pub verb: Verb,
    pub subject: SubjectPattern,
    pub queue: Option<Text>,
    pub user: Asked,
    pub allowed: Allowed,
    /// The rule that decides; `null`: none speaks of it, or the login is refused.
    pub by: Option<Rule>,
    pub example: Option<Subject>,
    /// Every rule that shares a subject with what is asked.
    pub path: Vec<Rule>,
    pub note: Option<String>,
    /// Each server's own answer; `null` when none was asked.
    pub enforced: Option<Vec<Enforced>>,
}

/// What one server does, before it is put beside the others.
struct Verdict {
    allowed: Allowed,
    by: Option<Rule>,
    example: Option<Subject>,
    path: Vec<Rule>,
    note: Option<String>,
}

impl Verdict {
    const fn refused(note: String) -> Self {
        Self {
            allowed: Allowed::No,
            by: None,
            example: None,
            path: Vec::new(),
            note: Some(note),
        }
    }

    fn of(question: &Question, token: &Token, account: &Account, release: Release) -> Self {
        let permissions = match EffectivePermissions::of(account, token, release) {
            Ok(permissions) => permissions,
            Err(refusal) => return Self::refused(format!("the login is refused: {refusal}")),
        };
        let decision = permissions.decide(question);
        Self {
            allowed: decision.allowed,
            by: decision.by.cloned(),
            example: decision.example,
            path: decision.path.into_iter().cloned().collect(),
            note: decision.note.map(|note| note.to_string()),
        }
    }

    const fn width(&self) -> u8 {
        match self.allowed {
            Allowed::No => 0,
            Allowed::Some => 1,
            Allowed::Yes => 2,
        }
    }
}

/// Decides for every server that enforces. `None`: none of them has the account.
pub fn decide(
    question: &Question,
    line: &UserLine,
    token: &Token,
    enforcers: &[Enforcer<'_>],
) -> Option<DecisionItem> {
    let verdicts: Vec<(&Enforcer<'_>, Option<Verdict>)> = enforcers
        .iter()
        .map(|enforcer| (enforcer, verdict(question, line, token, enforcer)))
        .collect();
    let enforced = verdicts.iter().filter_map(|(enforcer, verdict)| {
        Some(Enforced {
            server: enforcer.server.clone()?,
            version: enforcer.release.map(|release| release.to_string()),
            allowed: verdict.as_ref().map(|verdict| verdict.allowed),
            note: verdict.as_ref().and_then(|verdict| verdict.note.clone()),
        })
    });
    let enforced: Vec<Enforced> = enforced.collect();
    let verdicts = verdicts.into_iter().filter_map(|(_, verdict)| verdict);
    // Of equals the first: `max_by_key` would give the last.
    let widest = verdicts.rev().max_by_key(Verdict::width)?;
    Some(DecisionItem {
        verb: question.verb,
        subject: question.subject.clone(),
        queue: question.queue.clone(),
        user: Asked {
            key: line.id,
            name: line.name.clone(),
            account: line.account.as_ref().clone(),
        },
        allowed: widest.allowed,
        by: widest.by,
        example: widest.example,
        path: widest.path,
        note: widest.note,
        enforced: (!enforced.is_empty()).then_some(enforced),
    })
}

fn verdict(
    question: &Question,
    line: &UserLine,
    token: &Token,
    enforcer: &Enforcer<'_>,
) -> Option<Verdict> {
    let (account, release) = (enforcer.account?, enforcer.release?);
    Some(match line.state {
        UserState::AccountDisabled
        | UserState::SignerGone
        | UserState::Revoked
        | UserState::Expired
        | UserState::NotYet => {
            let state = line.state.word().replace('_', " ");
            Verdict::refused(format!("the login is refused: {state}"))
        }
        UserState::PartlyRevoked | UserState::Active | UserState::Unknown => {
            Verdict::of(question, token, account, release)
        }
    })
}

impl DecisionItem {
    /// The servers whose answer is another than that of all.
    pub fn differing(&self) -> impl Iterator<Item = &Enforced> {
        let enforced = self.enforced.iter().flatten();
        enforced.filter(|each| each.allowed.is_some_and(|allowed| allowed != self.allowed))
    }
}
