//! The lists of one verb as a server keeps them, and how it looks into them: for a publish `pubAllowedFullCheck`, for a SUB
//! `canSubscribe`, for a message on its way to a subscription `checkDenySub` (`server/client.go`).

use crate::jwt::release::Release;
use crate::jwt::subject::SubjectPattern;
use crate::permissions::{Effect, EffectivePermissions, Origin, Rule, Verb, release};
use crate::text::Text;

/// What is asked about, said once: the rules of a verb, and the queue of the subscription.
pub(super) struct Lists<'a, 'q> {
    pub(super) verb: Verb,
    pub(super) release: Release,
    pub(super) allow: Vec<&'a Rule>,
    pub(super) deny: Vec<&'a Rule>,
    pub(super) queue: Option<&'q Text>,
}

impl<'a, 'q> Lists<'a, 'q> {
    pub(super) fn of(
        permissions: &'a EffectivePermissions,
        verb: Verb,
        queue: Option<&'q Text>,
    ) -> Self {
        let (mut allow, deny): (Vec<&Rule>, Vec<&Rule>) = permissions
            .rules_of(verb)
            .partition(|rule| rule.effect == Effect::Allow);
        if allow.is_empty() && verb == Verb::Subscribe {
            // Of a list that its templates emptied a server keeps no allows, which lets through everything, and denies `>`. That
            // comes to nothing, but where a release passes a plain deny beside one of a queue.
            allow.extend(deny.iter().filter(|rule| rule.from == Origin::Server));
        }
        Self {
            verb,
            release: permissions.release,
            allow,
            deny,
            queue,
        }
    }

    /// Whether an entry is for this queue; `None`: it speaks of every subscription.
    pub(super) fn names_queue(&self, rule: &Rule) -> Option<bool> {
        let pattern = rule.queue.as_ref()?;
        Some(self.queue.is_some_and(|queue| pattern.admits(queue)))
    }

    /// Whether a server takes a SUB.
    pub(super) fn admit(&self, asked: &SubjectPattern) -> bool {
        let (plain, queued) = self.found(&self.allow, asked);
        let allowed = queued.unwrap_or(plain);
        let (plain, queued) = self.found(&self.deny, asked);
        let denied = if release::holds_denies_that_overlap(self.release) {
            plain || queued.unwrap_or(false)
        } else {
            queued.unwrap_or(plain)
        };
        allowed && !denied
    }

    /// Whether a server finds a plain entry for what is asked, and if it finds entries with a queue and was told one, whether
    /// any is for it.
    fn found(&self, rules: &[&Rule], asked: &SubjectPattern) -> (bool, Option<bool>) {
        let (mut plain, mut queued) = (false, None);
        for rule in rules.iter().filter(|rule| rule.pattern.is_found_for(asked)) {
            match (self.names_queue(rule), self.queue) {
                (None, _) => plain = true,
                (Some(_), None) => {}
                (Some(is_named), Some(_)) => queued = Some(queued.unwrap_or(false) || is_named),
            }
        }
        (plain, queued)
    }

    /// Whether taking this subscription makes a server look through the denies for each message.
    pub(super) fn filters(&self, subscribed: &SubjectPattern) -> bool {
        let holds_of_queues = release::holds_denies_of_queues(self.release);
        let is_wild = !subscribed.is_literal();
        if !(is_wild || holds_of_queues && self.queue.is_some()) {
            return false;
        }
        let mut denies = self
            .deny
            .iter()
            .filter(|rule| holds_of_queues || rule.queue.is_none());
        if release::holds_denies_that_overlap(self.release) {
            denies.any(|rule| rule.pattern.overlaps(subscribed))
        } else {
            denies.any(|rule| rule.pattern.is_subset_of(subscribed))
        }
    }

    /// The denies that hold back messages to a subscription that was taken, on a connection that has no other.
    pub(super) fn kept_back(&self, subscribed: &SubjectPattern) -> impl Iterator<Item = &'a Rule> {
        let filters = self.filters(subscribed);
        self.held_back().filter(move |_| filters)
    }

    /// The denies that hold back messages where a server looks through them.
    pub(super) fn held_back(&self) -> impl Iterator<Item = &'a Rule> {
        let holds_of_queues = release::holds_denies_of_queues(self.release);
        let holds = move |rule: &&Rule| match self.names_queue(rule) {
            None => true,
            Some(is_named) => holds_of_queues && is_named,
        };
        self.deny.iter().copied().filter(holds)
    }

    /// Of an entry of a publish list, the sets that a server forgets it for, because another entry of the list goes on behind
    /// the word that its last `*` stands for.
    pub(super) fn forgotten(&self, rule: &Rule, list: &[&Rule]) -> Vec<SubjectPattern> {
        let forgets = self.verb == Verb::Publish && release::forgets_a_last_star(self.release);
        let before = rule.pattern.raw().strip_suffix('*');
        let before = before.filter(|before| before.is_empty() || before.ends_with('.'));
        let Some(before) = before.filter(|_| forgets) else {
            return Vec::new();
        };
        let longer = list.iter().filter_map(|other| {
            let (word, _) = other.pattern.raw().strip_prefix(before)?.split_once('.')?;
            (word != "*").then(|| format!("{before}{word}"))
        });
        longer.filter_map(|hole| hole.parse().ok()).collect()
    }
}
