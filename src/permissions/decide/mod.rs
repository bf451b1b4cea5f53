//! May this user publish or subscribe that? Answered as a server of [`EffectivePermissions::release`] does, with the rule that
//! decides and a subject as proof. It knows no other account: imports and exports are `reach`'s.
//!
//! ```text
//! publish orders.eu.done      yes    allow orders.*.done    role
//! publish orders.>            some   allow orders.*.done    role    orders.x.done, and not orders.x
//! subscribe orders.>          some   deny  orders.debug.>   user    what it denies is kept back
//! ```
//!
//! Known limits: servers let a client of MQTT subscribe below `$MQTT.sub.` and a leaf subscribe and publish below `$MQTT.` (from
//! 2.11.12 and 2.12.3), and a leaf subscribe wider than it may, whatever its rules are; here everybody is a plain client.

mod areas;
mod server;
#[cfg(test)]
mod small_world;
#[cfg(test)]
mod tests;

use serde::Serialize;

use self::areas::{Area, Endless, areas, left_out};
use self::server::Lists;
use super::{Effect, EffectivePermissions, Rule, Verb};
use crate::jwt::subject::{Subject, SubjectPattern};
use crate::text::Text;

/// What is asked of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub verb: Verb,
    pub subject: SubjectPattern,
    /// A subscription in this queue. Publishing knows none.
    pub queue: Option<Text>,
}

/// How much of what is asked is allowed.
/// In the order of how much that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    No,
    /// A part: [`Decision::example`] is in it.
    Some,
    Yes,
}

impl Allowed {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Some => "some",
        }
    }
}

/// What a server does with it, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    pub allowed: Allowed,
    /// The allow that lets it through, the deny that does not. `None`: no entry of its allow list speaks of it.
    pub by: Option<&'a Rule>,
    /// All rules that share a subject with what is asked, as they stand.
    pub path: Vec<&'a Rule>,
    /// Of a part that is allowed, a subject.
    pub example: Option<Subject>,
    pub note: Option<Note>,
}

/// What the answer alone does not say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    #[error("replies to requests that it receives are allowed besides")]
    Replies,
    #[error("a subscription to all of it is refused or brings nothing, one to the part brings it")]
    Narrower,
    #[error("a subscription to it is refused, one to {0} is taken and brings it")]
    Wider(SubjectPattern),
    #[error("the subscription is taken, and messages on subjects that are denied are kept back")]
    KeptBack,
}

impl<'a> Decision<'a> {
    const NO: Self = Self {
        allowed: Allowed::No,
        by: None,
        path: Vec::new(),
        example: None,
        note: None,
    };

    fn all(by: &'a Rule) -> Self {
        Self {
            allowed: Allowed::Yes,
            by: Some(by),
            ..Self::NO
        }
    }

    fn part(by: &'a Rule, example: Subject, note: Option<Note>) -> Self {
        Self {
            allowed: Allowed::Some,
            by: Some(by),
            example: Some(example),
            note,
            ..Self::NO
        }
    }
}

impl EffectivePermissions {
    /// Decides. Takes time in proportion to the text of the rules, and more only where a server forgets some of them.
    pub fn decide(&self, question: &Question) -> Decision<'_> {
        let lists = Lists::of(self, question.verb, question.queue.as_ref());
        let path = self.speaking_of(question);
        let decision = match question.verb {
            Verb::Publish => published(&lists, &question.subject),
            Verb::Subscribe => subscribed(&lists, &question.subject),
        };
        let is_allow = |rule: &&Rule| rule.effect == Effect::Allow;
        let by = match decision.allowed {
            Allowed::Yes | Allowed::Some => decision.by.filter(is_allow),
            Allowed::No => path.iter().find(|rule| !is_allow(rule)).copied(),
        };
        let is_all = decision.allowed == Allowed::Yes;
        let replies = self
            .replies
            .filter(|_| question.verb == Verb::Publish && !is_all);
        Decision {
            by,
            note: decision.note.or(replies.map(|_| Note::Replies)),
            path,
            ..decision
        }
    }

    /// The rules that share a subject with what is asked, and are for its queue.
    fn speaking_of(&self, question: &Question) -> Vec<&Rule> {
        self.rules_of(question.verb)
            .filter(|rule| rule.pattern.overlaps(&question.subject))
            .filter(|rule| match (&rule.queue, &question.queue) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(pattern), Some(queue)) => pattern.admits(queue),
            })
            .collect()
    }
}

/// A connection of a user. A server keeps back what is denied once a subscription has made it look, and then looks for all of
/// the connection.
#[derive(Clone, Debug)]
pub struct Client<'a> {
    permissions: &'a EffectivePermissions,
    filters: bool,
}

impl<'a> Client<'a> {
    pub const fn of(permissions: &'a EffectivePermissions) -> Self {
        Self {
            permissions,
            filters: false,
        }
    }

    /// Whether a server takes a subscription, whatever it then keeps back.
    pub fn subscribe(&mut self, subscribed: &Question) -> bool {
        let lists = Lists::of(self.permissions, Verb::Subscribe, subscribed.queue.as_ref());
        let is_taken = lists.admit(&subscribed.subject);
        self.filters |= is_taken && lists.filters(&subscribed.subject);
        is_taken
    }

    /// Whether a subscription that was taken brings a message that somebody publishes.
    pub fn hears(&self, subscribed: &Question, published: &Subject) -> bool {
        let lists = Lists::of(self.permissions, Verb::Subscribe, subscribed.queue.as_ref());
        let mut held_back = lists.held_back();
        let mut is_held_back = || held_back.any(|rule| rule.pattern.matches(published));
        subscribed.subject.matches(published) && !(self.filters && is_held_back())
    }
}

fn published<'a>(lists: &Lists<'a, '_>, asked: &SubjectPattern) -> Decision<'a> {
    let areas = areas(lists, asked);
    let found = first(&areas);
    let Some((area, example)) = found else {
        return Decision::NO;
    };
    match left_out(asked, &[], &areas) {
        Ok(None) => Decision::all(area.by),
        Ok(Some(_)) | Err(Endless) => Decision::part(area.by, example, None),
    }
}

fn subscribed<'a>(lists: &Lists<'a, '_>, asked: &SubjectPattern) -> Decision<'a> {
    if lists.admit(asked) {
        let by = lists
            .allow
            .iter()
            .find(|rule| rule.pattern.is_found_for(asked));
        let Some(by) = by else {
            return Decision::NO;
        };
        let kept_back: Vec<&SubjectPattern> =
            lists.kept_back(asked).map(|rule| &rule.pattern).collect();
        if !kept_back.iter().any(|pattern| pattern.overlaps(asked)) {
            return Decision::all(by);
        }
        if let Some(example) = asked.outside(kept_back) {
            return Decision::part(by, example, Some(Note::KeptBack));
        }
        // It is taken and brings nothing. A narrower one may make the server look through no denies.
    }
    let areas = areas(lists, asked);
    match first(&areas) {
        None => Decision::NO,
        Some((area, example)) => {
            let note = match &area.through {
                None => Note::Narrower,
                Some(through) => Note::Wider(through.clone()),
            };
            Decision::part(area.by, example, Some(note))
        }
    }
}

/// The first part that is not empty, with a subject in it.
fn first<'s, 'a>(areas: &'s [Area<'a>]) -> Option<(&'s Area<'a>, Subject)> {
    areas.iter().find_map(|area| Some((area, area.example()?)))
}
