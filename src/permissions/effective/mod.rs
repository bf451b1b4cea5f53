//! The permissions and limits that a server holds a connected user to (`buildPermissionsFromJwt` in `server/accounts.go`,
//! `setPermissions` and `applyAccountLimits` in `server/client.go`). What a server's own configuration bounds is not here.
//!
//! Tokens have traps that a reader of [`EffectivePermissions::rules`] need not know, because each list is said in full:
//!
//! ```text
//! token                                   rules for publishing
//! no permissions at all                   allow >    no_rule     (or the account's default permissions)
//! pub deny [a]                            allow >    no_rule     deny a   user
//! pub allow []                            allow >    no_rule     an empty list alone is none
//! pub allow [], deny [a]                  deny  >    server      deny a   user
//! resp {max 1}                            deny  >    server      replies only
//! pub allow [{{tag(x)}}], no such tag     deny  >    server
//! ```
//!
//! Known limit: a version 1 token has its fields elsewhere and is read as one without permissions.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::template::Expansion;
use super::{Effect, Origin, Refusal, Rule, Verb, release};
use crate::jwt::account::Account;
use crate::jwt::limits::Limit;
use crate::jwt::release::Release;
use crate::jwt::role::Role;
use crate::jwt::subject::{SubjectPattern, SubscribeEntry};
use crate::jwt::token::Token;
use crate::jwt::user::{AllowDeny, Permissions, Responses, Restrictions, User};
use crate::text::Text;

/// What a server makes of a user's token, its role and its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectivePermissions {
    /// Publish before subscribe, allow before deny, else as written; none twice. Never empty for a verb: where no rule is
    /// written, one of [`Origin::NoRule`] or [`Origin::Server`] says what that means.
    pub rules: Vec<Rule>,
    /// Publishing beyond the rules, to the reply subjects of requests that were received.
    pub replies: Option<Replies>,
    /// The role's where there is one, with `subscriptions` and `payload_bytes` lowered to the account's.
    pub restrictions: Restrictions,
    /// The server that puts this together, and that decides by it.
    pub release: Release,
}

/// How many replies may be published to one request, and how long after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Replies {
    pub max: Limit,
    /// `None` is for ever.
    #[serde(rename = "ttl_ms", serialize_with = "in_ms")]
    pub ttl: Option<Duration>,
    #[serde(flatten)]
    pub from: Origin,
}

impl EffectivePermissions {
    /// Puts together what a user of this account gets. That the token is signed, in time and not revoked is asked elsewhere.
    pub fn of(account: &Account, token: &Token, release: Release) -> Result<Self, Refusal> {
        let user = User::of(token)?;
        let role = role_of(account, &user, User::is_bare(token))?;
        Self::put_together(account, &user, role, release)
    }

    /// The same of a user whose token is not at hand. Only an empty list that a user of a role carries is not seen so.
    pub fn of_user(account: &Account, user: &User, release: Release) -> Result<Self, Refusal> {
        let is_bare = user.permissions == Permissions::default()
            && user.restrictions == Restrictions::default();
        let role = role_of(account, user, is_bare)?;
        Self::put_together(account, user, role, release)
    }

    fn put_together(
        account: &Account,
        user: &User,
        role: Option<&Role>,
        release: Release,
    ) -> Result<Self, Refusal> {
        let (own, restrictions) = role.map_or((&user.permissions, &user.restrictions), |role| {
            (&role.template.permissions, &role.template.restrictions)
        });
        let (lists, from) = match role {
            _ if is_silent(own) => {
                let defaults = as_taken(&account.default_permissions);
                (defaults, Origin::AccountDefault)
            }
            None => (as_taken(own), Origin::User),
            Some(role) => {
                let expansion = Expansion {
                    account,
                    user,
                    release,
                };
                (expansion.of(&as_taken(own))?, Origin::Role(role.key))
            }
        };
        Ok(Self {
            rules: rules(&lists, from, release),
            replies: lists.responses.map(|written| Replies::of(written, from)),
            restrictions: within(restrictions, account),
            release,
        })
    }

    pub fn rules_of(&self, verb: Verb) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.verb == verb)
    }
}

impl Replies {
    /// Zero means the default, 1 reply and 2 minutes; a negative number bounds nothing (`validateResponsePermissions`).
    fn of(written: Responses, from: Origin) -> Self {
        let max = match written.max {
            0 => Limit::AtMost(1),
            max => Limit::of_token(max),
        };
        let ttl = match written.ttl_ns {
            0 => Some(Duration::from_mins(2)),
            ttl => u64::try_from(ttl).ok().map(Duration::from_nanos),
        };
        Self { max, ttl, from }
    }
}

#[expect(clippy::ref_option, reason = "how serde calls it")]
fn in_ms<S: Serializer>(ttl: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    ttl.map(|ttl| ttl.as_millis()).serialize(serializer)
}

/// The role that signed, or none for a user with permissions of its own.
fn role_of<'a>(
    account: &'a Account,
    user: &User,
    is_bare: bool,
) -> Result<Option<&'a Role>, Refusal> {
    let issuer = user.issuer;
    match account.role(issuer) {
        Some(_) if !is_bare => Err(Refusal::NotBare),
        Some(role) => Ok(Some(role)),
        None if account.signer_kind(issuer).is_none() => Err(Refusal::SignerGone { issuer }),
        None => check_written(&user.permissions).map(|()| None),
    }
}

/// Whether a server finds no permissions here, so that the account's defaults hold. An empty list is none.
fn is_silent(written: &Permissions) -> bool {
    let says_nothing = |lists: &AllowDeny| !has_allow(lists) && lists.deny.is_empty();
    written.responses.is_none()
        && says_nothing(&written.publish)
        && says_nothing(&written.subscribe)
}

fn has_allow(lists: &AllowDeny) -> bool {
    lists.allow.as_ref().is_some_and(|allow| !allow.is_empty())
}

/// The lists without their traps: afterwards no `allow` list is everything, and one without entries is nothing.
fn as_taken(written: &Permissions) -> Permissions {
    let mut taken = written.clone();
    let publish = &mut taken.publish;
    if written.responses.is_some() {
        publish.allow.get_or_insert_default();
    } else if !has_allow(publish) && publish.deny.is_empty() {
        publish.allow = None;
    }
    if !has_allow(&taken.subscribe) {
        taken.subscribe.allow = None;
    }
    taken
}

/// Servers refuse a token with an entry that the token library calls an error (`checkPermission`, jwt `v2/types.go`). It is
/// laxer than what they then keep: `a.>.b` passes here and is dropped there.
fn check_written(own: &Permissions) -> Result<(), Refusal> {
    let entries = |lists: &AllowDeny, verb| {
        let allow = lists.allow.iter().flatten();
        allow
            .chain(&lists.deny)
            .find(|entry| !is_admissible(entry, verb))
            .map_or(Ok(()), |entry| {
                let entry = entry.clone();
                Err(Refusal::InvalidEntry { verb, entry })
            })
    };
    entries(&own.subscribe, Verb::Subscribe)?;
    entries(&own.publish, Verb::Publish)
}

fn is_admissible(entry: &Text, verb: Verb) -> bool {
    let most_words = match verb {
        Verb::Publish => 1,
        Verb::Subscribe => 2,
    };
    let has_tokens = |word: &str| !word.split('.').any(str::is_empty);
    entry.raw().split(' ').count() <= most_words && entry.raw().split(' ').all(has_tokens)
}

fn rules(lists: &Permissions, from: Origin, release: Release) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (verb, lists) in [
        (Verb::Publish, &lists.publish),
        (Verb::Subscribe, &lists.subscribe),
    ] {
        let start = rules.len();
        let usable = |list: &[Text], effect| -> Vec<Rule> {
            list.iter()
                .filter_map(|entry| kept(entry, verb, effect, release))
                .map(|entry| rule(verb, effect, entry, from))
                .collect()
        };
        rules.extend(usable(
            lists.allow.as_deref().unwrap_or_default(),
            Effect::Allow,
        ));
        if rules.len() == start {
            let (effect, from) = match lists.allow {
                None => (Effect::Allow, Origin::NoRule),
                Some(_) => (Effect::Deny, Origin::Server),
            };
            rules.push(rule(verb, effect, everything().into(), from));
        }
        rules.extend(usable(&lists.deny, Effect::Deny));
    }
    without_repeats(rules)
}

fn rule(verb: Verb, effect: Effect, entry: SubscribeEntry, from: Origin) -> Rule {
    Rule {
        verb,
        pattern: entry.pattern,
        queue: entry.queue,
        effect,
        from,
    }
}

/// What a server keeps of an entry, if anything. Queues mean something to subscriptions only.
fn kept(entry: &Text, verb: Verb, effect: Effect, release: Release) -> Option<SubscribeEntry> {
    let whole = || {
        SubjectPattern::try_from(entry.clone())
            .ok()
            .map(SubscribeEntry::from)
    };
    let split = || SubscribeEntry::try_from(entry.clone()).ok();
    match (verb, effect) {
        (Verb::Subscribe, _) if entry.raw().contains(char::is_whitespace) => split(),
        (Verb::Subscribe, _) | (Verb::Publish, Effect::Allow) => whole(),
        (Verb::Publish, Effect::Deny) if !release::reads_queues_in_publish_denies(release) => {
            whole()
        }
        (Verb::Publish, Effect::Deny) => {
            whole().or_else(|| split().map(|entry| entry.pattern.into()))
        }
    }
}

/// Two tags of one value, or a tag twice in an entry, expand to the same subject more than once.
fn without_repeats(mut rules: Vec<Rule>) -> Vec<Rule> {
    let mut seen = HashSet::new();
    let firsts: Vec<bool> = rules
        .iter()
        .map(|rule| seen.insert((rule.verb, &rule.pattern, &rule.queue, rule.effect)))
        .collect();
    let mut firsts = firsts.into_iter();
    rules.retain(|_| firsts.next().unwrap_or(true));
    rules
}

#[expect(clippy::expect_used, reason = "a literal")]
fn everything() -> SubjectPattern {
    ">".parse().expect("`>` is a pattern")
}

/// The lower of the two holds (`minLimit`, `server/client.go`); an account does not bound the rest.
fn within(restrictions: &Restrictions, account: &Account) -> Restrictions {
    let limits = &account.limits;
    Restrictions {
        subscriptions: restrictions.subscriptions.min(limits.subscriptions),
        payload_bytes: restrictions.payload_bytes.min(limits.payload_bytes),
        ..restrictions.clone()
    }
}
