//! Asking all servers one thing, and telling who answered what. It knows no endpoint.
//!
//! A fan-out has as many answers as there are servers that hear it, and none says "that was the last". So: stop when all
//! that are expected by name have answered, or at a hard end; those that were silent before are given a short while after
//! the others. Then say who is missing.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::{HeaderMap, Message, StatusCode};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout_at};

use super::connect::{Link, LinkEvent};
use super::error::SysError;
use crate::inventory::server::ServerLabel;
use crate::jwt::keys::ServerId;
use crate::text::Text;

/// What one server said.
#[derive(Clone, Debug, PartialEq)]
pub struct Said<T> {
    pub server: ServerLabel,
    /// The error text of a server that said no.
    pub answer: Result<T, Text>,
}

/// What all said by the end. Never collapsed to one bool: "2 of 3 servers" is a sentence.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Gathered<T> {
    /// Each server once, by its first answer, in the order in which they came.
    pub said: Vec<Said<T>>,
    /// Servers that answer but are in no operator's mode: leafs that bridge SYS. They enforce nothing of ours.
    pub foreign: Vec<Said<T>>,
    /// Expected by name, and not heard.
    pub silent: Vec<Text>,
}

impl<T> Gathered<T> {
    pub(super) const fn empty() -> Self {
        Self {
            said: Vec::new(),
            foreign: Vec::new(),
            silent: Vec::new(),
        }
    }

    pub fn is_complete(&self) -> bool {
        self.silent.is_empty()
    }

    /// The answers of those that said yes.
    pub fn answers(&self) -> impl Iterator<Item = (&ServerLabel, &T)> {
        self.said.iter().filter_map(|said| {
            said.answer
                .as_ref()
                .ok()
                .map(|answer| (&said.server, answer))
        })
    }

    /// Whoever did not say what it was asked: silent, or with an error.
    pub fn unheard(&self) -> impl Iterator<Item = &Text> {
        let refused = self.said.iter().filter(|said| said.answer.is_err());
        let refused = refused.map(|said| &said.server.name);
        self.silent.iter().chain(refused)
    }

    /// The same with each answer turned into another.
    pub fn map<U>(self, mut turn: impl FnMut(&ServerLabel, T) -> U) -> Gathered<U> {
        self.and_then(|server, answer| Ok(turn(server, answer)))
    }

    /// The same with each answer turned into another, or into an error.
    pub fn and_then<U>(
        self,
        mut turn: impl FnMut(&ServerLabel, T) -> Result<U, Text>,
    ) -> Gathered<U> {
        let mut each = |said: Said<T>| Said {
            answer: said.answer.and_then(|answer| turn(&said.server, answer)),
            server: said.server,
        };
        Gathered {
            said: self.said.into_iter().map(&mut each).collect(),
            foreign: self.foreign.into_iter().map(&mut each).collect(),
            silent: self.silent,
        }
    }
}

/// A pause after which nothing more is expected from servers that nobody knows to be alive.
const QUIET: Duration = Duration::from_millis(400);

/// Who ought to answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) names: HashSet<Text>,
    /// Of these, the ones that did not answer the last census or the last question. Nobody waits long for them.
    pub(super) doubtful: HashSet<Text>,
    pub(super) foreign: HashSet<ServerId>,
}

/// When to stop listening, beside having heard enough.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// After a quiet while, or at this end: where nobody knows how many will answer.
    UntilQuiet(Duration),
    /// At this end: a busy server answers a second later than its neighbour, and that must not make it silent.
    ForAll(Duration),
}

impl Patience {
    pub(super) const fn longest(self) -> Duration {
        match self {
            Self::UntilQuiet(longest) | Self::ForAll(longest) => longest,
        }
    }

    /// How long to listen on after an answer, if not to the end.
    const fn after(self, wanted: Wanted) -> Option<Duration> {
        match (self, wanted) {
            (Self::UntilQuiet(_), _) | (Self::ForAll(_), Wanted::Stragglers) => Some(QUIET),
            (Self::ForAll(_), Wanted::More | Wanted::Enough) => None,
        }
    }
}

/// One question.
pub(super) struct Question {
    pub(super) subject: String,
    pub(super) body: Bytes,
    pub(super) headers: Option<HeaderMap>,
}

impl Question {
    pub(super) fn new(subject: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            subject: subject.into(),
            body: body.into(),
            headers: None,
        }
    }
}

/// Whether more answers are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    More,
    /// All have answered that were known to be alive.
    Stragglers,
    Enough,
}

/// Asks, and hands every answer to `take` until that has enough or patience ends. `Ok` also when nobody answered.
#[tracing::instrument(level = "debug", skip_all, fields(subject = %question.subject))]
pub(super) async fn collect(
    link: &Link,
    question: Question,
    patience: Patience,
    mut take: impl FnMut(&Message) -> Wanted,
) -> Result<(), SysError> {
    if !link.is_connected() {
        // async-nats would keep the question and send it whenever it comes back, long after we gave up.
        return Err(SysError::Disconnected);
    }
    let subject = question.subject.clone();
    if link.may_not_publish(&subject) {
        return Err(not_permitted(&subject));
    }
    let mut trouble = link.events();
    let inbox = link.client.new_inbox();
    let mut answers = link
        .client
        .subscribe(inbox.clone())
        .await
        .map_err(|_| SysError::Disconnected)?;
    send(link, inbox.clone(), question).await?;
    let hard = Instant::now() + patience.longest();
    let mut end = hard;
    loop {
        let next = tokio::select! {
            biased;
            next = timeout_at(end, answers.next()) => next,
            event = trouble.recv() => match verdict(event, &subject, &inbox) {
                Trouble::None => continue,
                Trouble::Refused(subject) => return Err(SysError::NotPermitted { subject }),
                // It was sent, so it may be done: whoever has not answered stays silent, which is unknown.
                Trouble::Lost => return Ok(()),
            },
        };
        let Ok(Some(message)) = next else {
            return Ok(());
        };
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            return Err(SysError::NoResponders {
                subject: subject.into(),
            });
        }
        let wanted = take(&message);
        if wanted == Wanted::Enough {
            return Ok(());
        }
        if let Some(pause) = patience.after(wanted) {
            end = hard.min(Instant::now() + pause);
        }
    }
}

async fn send(link: &Link, inbox: String, question: Question) -> Result<(), SysError> {
    let Question {
        subject,
        body,
        headers,
    } = question;
    let sent = match headers {
        None => link.client.publish_with_reply(subject, inbox, body).await,
        Some(headers) => {
            link.client
                .publish_with_reply_and_headers(subject, inbox, headers, body)
                .await
        }
    };
    sent.map_err(|error| SysError::Refused(error.to_string().into()))
}

/// What happened to the connection, as far as it concerns one question.
enum Trouble {
    None,
    Refused(Text),
    Lost,
}

fn verdict(
    event: Result<LinkEvent, broadcast::error::RecvError>,
    subject: &str,
    inbox: &str,
) -> Trouble {
    match event {
        Ok(LinkEvent::RefusedPublish { subject: refused }) if refused.raw() == subject => {
            Trouble::Refused(refused)
        }
        Ok(LinkEvent::RefusedSubscribe { subject: refused }) if refused.raw() == inbox => {
            Trouble::Refused(refused)
        }
        Ok(LinkEvent::Disconnected) => Trouble::Lost,
        Ok(
            LinkEvent::Connected
            | LinkEvent::LameDuck
            | LinkEvent::SlowConsumer
            | LinkEvent::RefusedPublish { .. }
            | LinkEvent::RefusedSubscribe { .. }
            | LinkEvent::Problem(_)
            | LinkEvent::Missed(_),
        )
        | Err(_) => Trouble::None,
    }
}

fn not_permitted(subject: &str) -> SysError {
    SysError::NotPermitted {
        subject: subject.into(),
    }
}

/// Sorts answers by server as they come. Pure.
pub(super) struct Tally<'a, T> {
    expected: &'a Expected,
    missing: HashSet<Text>,
    heard: HashSet<ServerId>,
    gathered: Gathered<T>,
}

impl<'a, T> Tally<'a, T> {
    pub(super) fn new(expected: &'a Expected) -> Self {
        Self {
            expected,
            missing: expected.names.clone(),
            heard: HashSet::new(),
            gathered: Gathered::empty(),
        }
    }

    /// Takes one answer; a second one of the same server is dropped.
    pub(super) fn add(&mut self, server: ServerLabel, answer: Result<T, Text>) -> Wanted {
        if self.heard.insert(server.id) {
            if self.expected.foreign.contains(&server.id) {
                self.gathered.foreign.push(Said { server, answer });
            } else {
                self.missing.remove(&server.name);
                self.gathered.said.push(Said { server, answer });
            }
        }
        if self.expected.names.is_empty() {
            Wanted::More
        } else if self.missing.is_empty() {
            Wanted::Enough
        } else if self.missing.is_subset(&self.expected.doubtful) {
            Wanted::Stragglers
        } else {
            Wanted::More
        }
    }

    pub(super) fn finish(mut self) -> Gathered<T> {
        self.gathered.silent = self.missing.into_iter().collect();
        self.gathered.silent.sort();
        self.gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, id: u8) -> ServerLabel {
        ServerLabel {
            id: ServerId::from_bytes([id; 32]),
            name: name.into(),
            cluster: None,
        }
    }

    fn expected(names: &[&str], foreign: &[u8]) -> Expected {
        Expected {
            names: names.iter().map(|name| (*name).into()).collect(),
            doubtful: HashSet::new(),
            foreign: foreign
                .iter()
                .map(|id| ServerId::from_bytes([*id; 32]))
                .collect(),
        }
    }

    #[test]
    fn all_expected_by_name_is_enough() {
        let expected = expected(&["n1", "n2"], &[]);
        let mut tally = Tally::new(&expected);

        assert_eq!(tally.add(label("n1", 1), Ok(())), Wanted::More);
        assert_eq!(tally.add(label("n2", 2), Err("no".into())), Wanted::Enough);

        let gathered = tally.finish();
        assert!(gathered.is_complete());
        assert_eq!(gathered.said.len(), 2);
        assert_eq!(gathered.answers().count(), 1);
    }

    #[test]
    fn a_name_from_before_that_does_not_answer_is_silent() {
        let expected = expected(&["n3", "n1", "n2"], &[]);
        let mut tally = Tally::new(&expected);

        tally.add(label("n1", 1), Ok(()));

        assert_eq!(tally.finish().silent, [Text::from("n2"), Text::from("n3")]);
    }

    #[test]
    fn nobody_waits_long_for_a_server_that_was_silent_before() {
        let mut expected = expected(&["n1", "n2", "n3"], &[]);
        expected.doubtful.insert("n3".into());
        let mut tally = Tally::new(&expected);

        assert_eq!(tally.add(label("n1", 1), Ok(())), Wanted::More);
        assert_eq!(tally.add(label("n2", 2), Ok(())), Wanted::Stragglers);
        assert_eq!(tally.add(label("n3", 3), Ok(())), Wanted::Enough);

        let all = Patience::ForAll(Duration::from_secs(2));
        assert_eq!(all.after(Wanted::More), None);
        assert_eq!(all.after(Wanted::Stragglers), Some(QUIET));
    }

    #[test]
    fn a_leaf_that_bridges_sys_stands_for_nobody() {
        let expected = expected(&["n1"], &[9]);
        let mut tally = Tally::new(&expected);

        // A foreign server may even carry the name of one of ours.
        assert_eq!(tally.add(label("n1", 9), Ok(())), Wanted::More);

        let gathered = tally.finish();
        assert!(gathered.said.is_empty());
        assert_eq!(gathered.foreign.len(), 1);
        assert_eq!(gathered.silent, [Text::from("n1")]);
    }

    #[test]
    fn a_server_that_answers_twice_counts_once() {
        let expected = expected(&["n1", "n2"], &[]);
        let mut tally = Tally::new(&expected);

        tally.add(label("n1", 1), Ok(1));
        tally.add(label("n1", 1), Ok(2));

        let gathered = tally.finish();
        assert_eq!(gathered.said.len(), 1);
        assert_eq!(gathered.said.first().unwrap().answer, Ok(1));
        assert_eq!(gathered.silent, [Text::from("n2")]);
    }

    #[test]
    fn a_first_census_expects_nobody_and_is_never_enough() {
        let expected = Expected::default();
        let mut tally = Tally::new(&expected);

        assert_eq!(tally.add(label("n1", 1), Ok(())), Wanted::More);
    }
}
