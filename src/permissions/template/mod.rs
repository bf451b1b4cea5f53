//! The expansion of a role's template for one of its users (`processUserPermissionsTemplate`, `server/auth.go`).
//! What the lists then mean is in `effective`.
//!
//! ```text
//! orders.{{tag(site)}}.{{name()}}      with tags site:eu site:us, name bob
//! orders.eu.bob  orders.us.bob
//! ```
//!
//! Names and tags go in as they are, so a `*` or a `>` in them is a wildcard afterwards. A list in which any entry calls a
//! function is taken for subjects only: an entry with a queue is then invalid, dropped if it allows and fatal if it denies.
//!
//! Known limits: servers before 2.11.14 and 2.12.5 have no cap and expand until the memory ends, here the cap holds for all;
//! and a list that grows over [`MOST_BYTES`] is given up, so that no tenant's names can use up the memory of who reads them.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::{Effect, Refusal, release};
use crate::jwt::account::Account;
use crate::jwt::release::Release;
use crate::jwt::subject::SubjectPattern;
use crate::jwt::user::{AllowDeny, Permissions, User};
use crate::text::Text;

/// The subjects that one list may become (`maxPermTemplateSubjectExpansions`).
const MOST_SUBJECTS: usize = 4096;
/// The text that one list may become here. Servers have no such bound.
const MOST_BYTES: usize = 16 << 20;
/// Stands for a value that is not there: no subject can hold it.
const NO_VALUE: &str = " ";

/// Whose names and tags go into a template, and by the rules of which servers.
pub(super) struct Expansion<'a> {
    pub(super) account: &'a Account,
    pub(super) user: &'a User,
    pub(super) release: Release,
}

/// What a template calls between its braces.
enum Function {
    Name,
    Subject,
    AccountName,
    AccountSubject,
    Tag(String),
    AccountTag(String),
}

impl Function {
    /// Names are compared without case, except that `tag(` in another case is taken for a part of the tag's key.
    fn of(call: &str) -> Option<Self> {
        let folded = call.replace('\u{17F}', "s").to_ascii_lowercase();
        match folded.as_str() {
            "name()" => Some(Self::Name),
            "subject()" => Some(Self::Subject),
            "account-name()" => Some(Self::AccountName),
            "account-subject()" => Some(Self::AccountSubject),
            _ => {
                let key = |opening| {
                    let key = call.strip_suffix(')')?;
                    let key = key.strip_prefix(opening).unwrap_or(key);
                    Some(key.chars().flat_map(char::to_lowercase).collect())
                };
                if folded.starts_with("tag(") {
                    key("tag(").map(Self::Tag)
                } else if folded.starts_with("account-tag(") {
                    key("account-tag(").map(Self::AccountTag)
                } else {
                    None
                }
            }
        }
    }

    fn tag(&self) -> Option<&str> {
        match self {
            Self::Tag(key) | Self::AccountTag(key) => Some(key),
            Self::Name | Self::Subject | Self::AccountName | Self::AccountSubject => None,
        }
    }
}

type Values<'a> = Vec<Cow<'a, str>>;

/// What is left of a list's bounds.
#[derive(Clone, Copy)]
struct Room {
    subjects: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            subjects: MOST_SUBJECTS,
            bytes: MOST_BYTES,
        }
    }
}

impl Room {
    fn shrink(&mut self, bytes: usize) {
        self.subjects = self.subjects.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// The server counts the product of the values of an entry with tags.
    fn check_count(self, entry: &Text, counts: impl Iterator<Item = usize>) -> Result<(), Refusal> {
        let product = counts.fold(1, usize::saturating_mul);
        if product <= self.subjects {
            return Ok(());
        }
        Err(Refusal::TooManySubjects {
            entry: entry.clone(),
            limit: MOST_SUBJECTS,
        })
    }

    fn check_bytes(self, entry: &Text, bytes: usize) -> Result<(), Refusal> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(Refusal::TooLong {
            entry: entry.clone(),
            limit_bytes: MOST_BYTES,
        })
    }
}

impl<'a> Expansion<'a> {
    /// The permissions with every function replaced. The first fault is the one that the server meets first. An `allow`
    /// list that loses all of its entries stays, empty.
    pub(super) fn of(&self, template: &Permissions) -> Result<Permissions, Refusal> {
        Ok(Permissions {
            subscribe: self.lists(&template.subscribe)?,
            publish: self.lists(&template.publish)?,
            responses: template.responses,
        })
    }

    fn lists(&self, lists: &AllowDeny) -> Result<AllowDeny, Refusal> {
        let allow = lists.allow.as_deref();
        Ok(AllowDeny {
            allow: allow
                .map(|allow| self.list(allow, Effect::Allow))
                .transpose()?,
            deny: self.list(&lists.deny, Effect::Deny)?,
        })
    }

    fn list(&self, list: &[Text], effect: Effect) -> Result<Vec<Text>, Refusal> {
        let anywhere = release::calls_functions_anywhere(self.release);
        let has_call = |entry: &Text| {
            if anywhere {
                calls(entry.raw()).next().is_some()
            } else {
                entry.raw().split('.').any(|token| call_of(token).is_some())
            }
        };
        if !list.iter().any(has_call) {
            return Ok(list.to_vec());
        }
        let mut subjects = Vec::with_capacity(list.len());
        let mut room = Room::default();
        for entry in list {
            let expanded = if anywhere {
                self.anywhere(entry, effect, room)?
            } else {
                self.whole_tokens(entry, room)?
            };
            for subject in expanded {
                let bytes = subject.len();
                match (SubjectPattern::try_from(Text::from(subject)), effect) {
                    (Ok(subject), _) => {
                        room.shrink(bytes);
                        subjects.push(subject.text().clone());
                    }
                    (Err(_), Effect::Allow) => {}
                    (Err(error), Effect::Deny) => {
                        let entry = entry.clone();
                        return Err(Refusal::InvalidDeny { entry, error });
                    }
                }
            }
        }
        Ok(subjects)
    }

    /// Every combination of values, put in one call after the other. A call that stands twice is replaced at both places
    /// by the first of its values, so the same tag twice gives the diagonal.
    fn anywhere(&self, entry: &Text, effect: Effect, room: Room) -> Result<Vec<String>, Refusal> {
        let mut slots = Vec::new();
        let mut has_tags = false;
        for source in calls(entry.raw()) {
            let call = call_of(source).unwrap_or_default().trim();
            let function = Function::of(call).ok_or_else(|| Refusal::UnknownFunction {
                entry: entry.clone(),
                function: call.into(),
            })?;
            has_tags |= function.tag().is_some();
            slots.push((source, self.values_or_none(&function, entry, effect)?));
        }
        if has_tags {
            room.check_count(entry, slots.iter().map(|(_, values)| values.len()))?;
        }
        let mut subjects = vec![entry.raw().to_owned()];
        for (source, values) in &slots {
            room.check_bytes(entry, replaced_bytes(&subjects, source, values))?;
            subjects = subjects
                .iter()
                .flat_map(|subject| values.iter().map(|value| subject.replace(source, value)))
                .collect();
        }
        Ok(subjects)
    }

    fn values_or_none(
        &self,
        function: &Function,
        entry: &Text,
        effect: Effect,
    ) -> Result<Values<'a>, Refusal> {
        let values = self.values(function);
        match (function.tag(), effect) {
            (Some(key), Effect::Deny) if values.is_empty() => Err(Refusal::TagMissing {
                entry: entry.clone(),
                tag: key.into(),
            }),
            (Some(_), Effect::Allow) if values.is_empty() => Ok(vec![NO_VALUE.into()]),
            _ => Ok(values),
        }
    }

    /// The rules before 2.11: tags fill the empty tokens from left to right, and the same tag twice gives the full product.
    fn whole_tokens(&self, entry: &Text, room: Room) -> Result<Vec<String>, Refusal> {
        let mut tokens: Vec<Cow<'_, str>> = Vec::new();
        let mut tags = Vec::new();
        for token in entry.raw().split('.') {
            let Some(call) = call_of(token) else {
                tokens.push(token.into());
                continue;
            };
            let function = Function::of(&call.to_lowercase());
            let mut values = function
                .as_ref()
                .map_or_else(|| vec![NO_VALUE.into()], |function| self.values(function));
            if function.is_some_and(|function| function.tag().is_some()) {
                tokens.push("".into());
                tags.extend((!values.is_empty()).then_some(values));
            } else {
                tokens.append(&mut values);
            }
        }
        if !tags.is_empty() {
            room.check_count(entry, tags.iter().map(Vec::len))?;
        }
        room.check_bytes(entry, filled_bytes(&tokens, &tags))?;
        let choices = tags.iter().fold(vec![Vec::new()], |choices, values| {
            choices
                .iter()
                .flat_map(|chosen| {
                    values
                        .iter()
                        .map(|value| [chosen.as_slice(), &[value]].concat())
                })
                .collect()
        });
        Ok(choices
            .into_iter()
            .map(|chosen| fill(&tokens, chosen))
            .collect())
    }

    /// None for a tag that is not there, else at least one.
    fn values(&self, function: &Function) -> Values<'a> {
        let of_tag = |tags: &'a [Text], key: &str| {
            let prefix = format!("{key}:");
            tags.iter()
                .filter_map(|tag| tag.raw().strip_prefix(&prefix))
                .map(Cow::from)
                .collect()
        };
        match function {
            Function::Name => vec![self.user.name.raw().into()],
            Function::Subject => vec![self.user.id.to_string().into()],
            Function::AccountName => vec![self.account.name.raw().into()],
            Function::AccountSubject => vec![self.user.account.to_string().into()],
            Function::Tag(key) => of_tag(&self.user.tags, key),
            Function::AccountTag(key) => of_tag(&self.account.tags, key),
        }
    }
}

/// What stands between the braces of a text that is one call.
fn call_of(source: &str) -> Option<&str> {
    source.strip_prefix("{{")?.strip_suffix("}}")
}

/// The calls in an entry, braces included: what `{{[^}]+}}` matches.
fn calls(entry: &str) -> impl Iterator<Item = &str> {
    let mut rest = entry;
    std::iter::from_fn(move || {
        loop {
            let opened = rest.get(rest.find("{{")?..)?;
            let inner = opened.get(2..)?;
            let length = inner.find('}')?;
            let closed = length > 0 && inner.get(length..)?.starts_with("}}");
            if !closed {
                rest = opened.get(1..)?;
                continue;
            }
            let (call, after) = opened.split_at_checked(length + 4)?;
            rest = after;
            return Some(call);
        }
    })
}

/// The text of the subjects after one more call is replaced. A value may hold a later call, so only counting tells.
fn replaced_bytes(subjects: &[String], source: &str, values: &Values<'_>) -> usize {
    let bytes_of = |subject: &String| {
        let places = subject.matches(source).count();
        let each = values.iter().map(|value| {
            value
                .len()
                .saturating_mul(places)
                .saturating_add(subject.len())
        });
        each.fold(0, usize::saturating_add)
    };
    subjects.iter().map(bytes_of).fold(0, usize::saturating_add)
}

/// The most text that the choices of tags can fill into the tokens.
fn filled_bytes(tokens: &[Cow<'_, str>], tags: &[Values<'_>]) -> usize {
    let longest = |values: &Values<'_>| values.iter().map(|value| value.len()).max().unwrap_or(0);
    let fixed = tokens.iter().map(|token| token.len() + 1);
    let subject = fixed
        .chain(tags.iter().map(longest))
        .fold(0, usize::saturating_add);
    tags.iter()
        .map(Vec::len)
        .fold(subject, usize::saturating_mul)
}

/// Puts values into the empty tokens, as far as they go.
fn fill(tokens: &[Cow<'_, str>], values: Vec<&Cow<'_, str>>) -> String {
    let mut values = values.into_iter();
    let filled: Vec<&str> = tokens
        .iter()
        .map(|token| {
            if token.is_empty() {
                values.next().map_or("", |value| value)
            } else {
                token
            }
        })
        .collect();
    filled.join(".")
}
