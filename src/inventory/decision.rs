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
use super::user_line::UserLine;
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::limits::Limit;
use crate::jwt::release::Release;
use crate::jwt::subject::{Subject, SubjectPattern};
use crate::jwt::time::UnixTime;
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
}

/// Decides for every server that enforces. `None`: none of them has the account.
pub fn decide(
    question: &Question,
    line: &UserLine,
    (token, now): (&Token, UnixTime),
    enforcers: &[Enforcer<'_>],
) -> Option<DecisionItem> {
    let verdicts: Vec<(&Enforcer<'_>, Option<Verdict>)> = enforcers
        .iter()
        .map(|enforcer| (enforcer, verdict(question, token, now, enforcer)))
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
    let widest = verdicts.rev().max_by_key(|verdict| verdict.allowed)?;
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
    token: &Token,
    now: UnixTime,
    enforcer: &Enforcer<'_>,
) -> Option<Verdict> {
    let (account, release) = (enforcer.account?, enforcer.release?);
    Some(match refused(account, token, now) {
        Some(why) => Verdict::refused(format!("the login is refused: {why}")),
        None => Verdict::of(question, token, account, release),
    })
}

/// Why a server with this copy of the account refuses the login, apart from what it makes of the rules.
fn refused(account: &Account, token: &Token, now: UnixTime) -> Option<&'static str> {
    let envelope = token.envelope();
    let user = UserId::try_from(envelope.subject).ok()?;
    let revocations = &account.revocations;
    let ended = |end: Option<UnixTime>| end.is_some_and(|end| end <= now);
    let causes = [
        (
            account.limits.connections == Limit::NONE,
            "account disabled",
        ),
        (ended(account.expires_at), "account expired"),
        (
            revocations.revoked_at(user, envelope.issued_at).is_some(),
            "revoked",
        ),
        (ended(envelope.expires_at), "expired"),
        (
            envelope.not_before.is_some_and(|from| from > now),
            "not yet",
        ),
    ];
    let mut holding = causes.into_iter().filter(|(holds, _)| *holds);
    holding.next().map(|(_, why)| why)
}

impl DecisionItem {
    /// The servers whose answer is another than that of all.
    pub fn differing(&self) -> impl Iterator<Item = &Enforced> {
        let enforced = self.enforced.iter().flatten();
        enforced.filter(|each| each.allowed.is_some_and(|allowed| allowed != self.allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::user_line::{Bearer, Sources, Stamp, UserState};
    use crate::jwt::json::Node;
    use crate::jwt::signer::Signer as _;
    use crate::test_support::{account, account_signer, operator_signer, token_of, user};

    fn token() -> Token {
        token_of(&user("worker", []), &account_signer())
    }

    /// A copy of the account, in which these users are revoked.
    fn copy(revocations: Node) -> Account {
        let limits = Node::object([("conn", Node::from(-1)), ("subs", Node::from(-1))]);
        let tree = account("ORDERS", [("limits", limits), ("revocations", revocations)]);
        Account::of(&token_of(&tree, &operator_signer())).unwrap()
    }

    fn line() -> UserLine {
        let id = account_signer().public_key().try_into().unwrap();
        UserLine {
            id: token().envelope().subject.try_into().unwrap(),
            account: std::sync::Arc::new(Named::unnamed(id)),
            name: Some("worker".into()),
            signer: None,
            tags: None,
            issued_at: Stamp::default(),
            expires_at: Stamp::default(),
            not_before: Stamp::default(),
            revoked_at: Stamp::default(),
            connections: None,
            state: UserState::Revoked,
            sources: Sources::STORE,
            bearer: Bearer::No,
        }
    }

    #[test]
    fn a_server_with_an_older_copy_answers_by_that() {
        let revoked = Node::object([("*", Node::from(1_800_000_000))]);
        let (new, old) = (copy(revoked), copy(Node::EMPTY_OBJECT));
        let enforcer = |server: &str, account| Enforcer {
            server: Some(server.into()),
            release: Some(Release::default()),
            account,
        };
        let question = Question {
            verb: Verb::Publish,
            subject: "orders".parse().unwrap(),
            queue: None,
        };
        let now = UnixTime(1_800_000_001);
        let answer =
            |enforcers: &[Enforcer<'_>]| decide(&question, &line(), (&token(), now), enforcers);

        let all = answer(&[enforcer("n1", Some(&new))]).unwrap();
        let one_is_behind = [
            enforcer("n1", Some(&new)),
            enforcer("n2", Some(&old)),
            enforcer("n3", None),
        ];
        let one_is_behind = answer(&one_is_behind).unwrap();

        assert_eq!(all.allowed, Allowed::No);
        assert_eq!(all.note.as_deref(), Some("the login is refused: revoked"));
        assert_eq!(one_is_behind.allowed, Allowed::Yes);
        let said = one_is_behind.enforced.iter().flatten();
        let said: Vec<Option<Allowed>> = said.map(|each| each.allowed).collect();
        assert_eq!(said, [Some(Allowed::No), Some(Allowed::Yes), None]);
        assert_eq!(one_is_behind.differing().count(), 1);
        assert!(answer(&[enforcer("n3", None)]).is_none());
    }
}
