//! Asking all servers one thing, and telling who answered what. It knows no endpoint.
//!
//! A fan-out has as many answers as there are servers that hear it, and none says "that was the last". So: stop when all
//! that are expected by name have answered, or at a hard end; those that were silent before are given a short while after
//! the others. Then say who is missing.

use std::time::Duration;

use async_nats::{HeaderMap, Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout_at};

use super::connect::{Link, LinkEvent};
use super::error::SysError;
use super::tally::Wanted;
use crate::inventory::server::ServerLabel;
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
    /// Expected by name, and not heard to the end: one that said a part of a long answer stands in `said` as well.
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

    /// The answers of those that said yes, as far as they came.
    pub fn answers(&self) -> impl Iterator<Item = (&ServerLabel, &T)> {
        self.said.iter().filter_map(|said| {
            said.answer
                .as_ref()
                .ok()
                .map(|answer| (&said.server, answer))
        })
    }

    /// The answers of those that said all of it. A part of a list shows what is there, never that nothing else is.
    pub fn whole(&self) -> impl Iterator<Item = (&ServerLabel, &T)> {
        let answers = self.answers();
        answers.filter(|(server, _)| !self.silent.contains(&server.name))
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

/// How listening came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listened {
    ToTheEnd,
    /// Our connection fell while we listened: who did not answer until then may have.
    UntilCut,
}

/// Asks, and hands every answer to `take` until that has enough or patience ends. `Ok` also when nobody answered.
#[tracing::instrument(level = "debug", skip_all, fields(subject = %question.subject))]
pub(super) async fn collect(
    link: &Link,
    question: Question,
    patience: Patience,
    mut take: impl FnMut(&Message) -> Wanted,
) -> Result<Listened, SysError> {
    let mut answers = Answers::ask(link, question, patience.longest()).await?;
    let hard = Instant::now() + patience.longest();
    let mut end = hard;
    loop {
        let message = match answers.next(end).await? {
            Next::Answer(message) => message,
            Next::Silence => return Ok(Listened::ToTheEnd),
            // It was sent, so it may be done: whoever has not answered stays silent, which is unknown.
            Next::Cut => return Ok(Listened::UntilCut),
        };
        let wanted = take(&message);
        if wanted == Wanted::Enough {
            return Ok(Listened::ToTheEnd);
        }
        if let Some(pause) = patience.after(wanted) {
            end = hard.min(Instant::now() + pause);
        }
    }
}

/// A question that was asked, and where its answers come.
pub(super) struct Answers {
    subject: String,
    inbox: String,
    messages: Subscriber,
    trouble: broadcast::Receiver<LinkEvent>,
}

/// What comes next.
pub(super) enum Next {
    Answer(Message),
    /// Nothing, by the time that was given.
    Silence,
    /// Our connection fell.
    Cut,
}

impl Answers {
    /// Asks. A connection that is just coming back is waited for.
    pub(super) async fn ask(
        link: &Link,
        question: Question,
        within: Duration,
    ) -> Result<Self, SysError> {
        link.ready(within).await?;
        let subject = question.subject.clone();
        if link.may_not_publish(&subject) {
            return Err(not_permitted(&subject));
        }
        let trouble = link.events();
        let inbox = link.client.new_inbox();
        let messages = link.client.subscribe(inbox.clone()).await;
        let messages = messages.map_err(|_| SysError::Disconnected)?;
        send(link, inbox.clone(), question).await?;
        Ok(Self {
            subject,
            inbox,
            messages,
            trouble,
        })
    }

    /// Waits for the next answer. That nobody serves the question, or that we may not ask it, is an error.
    pub(super) async fn next(&mut self, until: Instant) -> Result<Next, SysError> {
        loop {
            let next = tokio::select! {
                biased;
                next = timeout_at(until, self.messages.next()) => next,
                event = self.trouble.recv() => match verdict(event, &self.subject, &self.inbox) {
                    Trouble::None => continue,
                    Trouble::Refused(subject) => return Err(SysError::NotPermitted { subject }),
                    Trouble::Lost => return Ok(Next::Cut),
                },
            };
            return match next {
                Ok(Some(message)) if message.status == Some(StatusCode::NO_RESPONDERS) => {
                    Err(SysError::NoResponders {
                        subject: self.subject.as_str().into(),
                    })
                }
                Ok(Some(message)) => Ok(Next::Answer(message)),
                Ok(None) | Err(_) => Ok(Next::Silence),
            };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stragglers_are_given_a_short_while_and_others_the_whole_time() {
        let all = Patience::ForAll(Duration::from_secs(2));

        assert_eq!(all.after(Wanted::More), None);
        assert_eq!(all.after(Wanted::Stragglers), Some(QUIET));
    }
}
