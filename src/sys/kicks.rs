//! Closing connections, many at once: all requests leave before the first answer is read. What to close is decided elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use futures::StreamExt as _;
use serde::de::IgnoredAny;
use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, timeout_at};

use super::connect::{Link, LinkEvent};
use super::error::SysError;
use super::subjects;
use super::wire::Reply;
use crate::jwt::keys::ConnId;
use crate::text::Text;

/// What became of a kick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kicked {
    Closed,
    /// It was gone before.
    NotThere,
    /// Its server is not running any more.
    ServerGone,
    /// No answer: it may be closed or not.
    Unknown,
    Refused(Text),
}

/// Kicks that were sent and not yet answered.
pub(super) struct Kicks {
    ids: Vec<ConnId>,
    answers: Subscriber,
    trouble: Receiver<LinkEvent>,
}

impl Kicks {
    /// Sends all; a connection that is just coming back is waited for. A server ignores a kick without a reply subject, so each has
    /// one of its own: `<inbox>.<n>`.
    pub(super) async fn send(
        link: &Link,
        ids: &[ConnId],
        within: Duration,
    ) -> Result<Self, SysError> {
        link.ready(within).await?;
        let trouble = link.events();
        let inbox = link.client.new_inbox();
        let lost = |_| SysError::Disconnected;
        let answers = link
            .client
            .subscribe(format!("{inbox}.*"))
            .await
            .map_err(lost)?;
        for (n, id) in ids.iter().enumerate() {
            let body = format!("{{\"cid\":{}}}", id.cid);
            let subject = subjects::kick(id.server);
            let sent = link
                .client
                .publish_with_reply(subject, format!("{inbox}.{n}"), body.into());
            sent.await.map_err(|_| SysError::Disconnected)?;
        }
        Ok(Self {
            ids: ids.to_vec(),
            answers,
            trouble,
        })
    }

    /// Waits for the answers, in the order of the ids. Who has not answered by then is unknown.
    pub(super) async fn outcomes(mut self, longest: Duration) -> Vec<(ConnId, Kicked)> {
        let end = Instant::now() + longest;
        let mut known: HashMap<usize, Kicked> = HashMap::new();
        while known.len() < self.ids.len() {
            let answer = tokio::select! {
                biased;
                answer = timeout_at(end, self.answers.next()) => answer,
                event = self.trouble.recv() => match event {
                    Ok(LinkEvent::RefusedPublish { subject }) => {
                        self.refuse(&subject, &mut known);
                        continue;
                    }
                    Ok(LinkEvent::Disconnected) => break,
                    Ok(
                        LinkEvent::Connected
                        | LinkEvent::LameDuck
                        | LinkEvent::SlowConsumer
                        | LinkEvent::RefusedSubscribe { .. }
                        | LinkEvent::Problem(_)
                        | LinkEvent::Missed(_),
                    )
                    | Err(_) => continue,
                },
            };
            let Ok(Some(message)) = answer else { break };
            if let Some(n) = place(&message) {
                known.insert(n, outcome(&message));
            }
        }
        let each = self.ids.into_iter().enumerate();
        each.map(|(n, id)| (id, known.remove(&n).unwrap_or(Kicked::Unknown)))
            .collect()
    }

    /// The server refused our user this subject: every kick on that server.
    fn refuse(&self, subject: &Text, known: &mut HashMap<usize, Kicked>) {
        for (n, id) in self.ids.iter().enumerate() {
            if subject.raw() == subjects::kick(id.server) {
                let why = SysError::NotPermitted {
                    subject: subject.clone(),
                };
                known.insert(n, Kicked::Refused(why.to_string().into()));
            }
        }
    }
}

fn place(message: &Message) -> Option<usize> {
    message.subject.rsplit_once('.')?.1.parse().ok()
}

fn outcome(message: &Message) -> Kicked {
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        return Kicked::ServerGone;
    }
    let Ok(reply) = serde_json::from_slice::<Reply<IgnoredAny>>(&message.payload) else {
        return Kicked::Unknown;
    };
    match reply.into_answer().1 {
        Ok(_) => Kicked::Closed,
        Err(why) if why.raw().contains("no such client") => Kicked::NotThere,
        Err(why) => Kicked::Refused(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::tests::capture;

    fn answer(status: Option<StatusCode>, body: &serde_json::Value) -> Message {
        let payload = serde_json::to_vec(body).unwrap();
        Message {
            subject: "_OAM.x.7".into(),
            reply: None,
            length: payload.len(),
            payload: payload.into(),
            headers: None,
            status,
            description: None,
        }
    }

    #[test]
    fn each_answer_says_what_became_of_its_kick() {
        let closed = capture("kick_reply.json");
        let refused = |description: &str| {
            let mut reply = closed.clone();
            reply["error"] = serde_json::json!({"code": 500, "description": description});
            reply
        };

        for (body, kicked) in [
            (closed.clone(), Kicked::Closed),
            (refused("no such client or leafnode id"), Kicked::NotThere),
            (refused("busy"), Kicked::Refused("500 busy".into())),
            (serde_json::Value::Null, Kicked::Unknown),
        ] {
            assert_eq!(outcome(&answer(None, &body)), kicked);
        }
        let nobody = answer(Some(StatusCode::NO_RESPONDERS), &serde_json::Value::Null);
        assert_eq!(outcome(&nobody), Kicked::ServerGone);
        assert_eq!(place(&nobody), Some(7));
    }
}
