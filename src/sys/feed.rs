//! What happens on the servers, heard as it happens, decoded, merged and handed on in batches.
//!
//! Events are sent once and kept nowhere: whatever was lost is told as a gap, and the reader asks anew. A raw event never
//! leaves this folder and is never logged, since it carries tokens.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Message;
use futures::stream::{self, BoxStream, SelectAll};
use futures::{Stream, StreamExt as _};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::connect::{Link, LinkEvent};
use super::ear::Ear;
use super::error::SysError;
use super::event::{Lost, SysEvent};
use super::pending::Pending;
use super::subjects::EVENTS;
use super::system::SystemAccount;

/// Changes that make a batch at once.
const BATCH: usize = 512;
/// The longest that a change waits for company.
const PAUSE: Duration = Duration::from_millis(50);
/// Batches that wait for a reader; while it lags, changes go on merging.
const INBOX: usize = 2;

impl SystemAccount {
    /// Subscribes before it returns, so that what is read afterwards has no hole before it. Dropping the stream ends it.
    pub(super) async fn hear(&self) -> Result<BoxStream<'static, Vec<SysEvent>>, SysError> {
        self.reads.ready(self.timeout()).await?;
        let mut subscriptions = SelectAll::new();
        for subject in EVENTS {
            if self.reads.may_not_hear(subject) {
                continue;
            }
            let subscription = self.reads.client.subscribe(subject).await;
            subscriptions.push(subscription.map_err(|_| SysError::Disconnected)?);
        }
        // The round trip makes sure that the server has them.
        self.reads
            .client
            .flush()
            .await
            .map_err(|_| SysError::Disconnected)?;
        let (batches, inbox) = mpsc::channel(INBOX);
        let feed = Feed {
            ear: Ear {
                tokens: Arc::clone(&self.tokens),
                presence: Arc::clone(&self.presence),
            },
            pending: Pending::default(),
            batches,
        };
        let trouble = Link::events(&self.reads);
        let task = AbortOnDropHandle::new(tokio::spawn(feed.run(subscriptions, trouble)));
        let stream = stream::unfold((inbox, task), |(mut inbox, task)| async move {
            inbox.recv().await.map(|batch| (batch, (inbox, task)))
        });
        Ok(stream.boxed())
    }
}

/// Hears, merges, and sends when there is enough or when it is time.
struct Feed {
    ear: Ear,
    pending: Pending,
    batches: mpsc::Sender<Vec<SysEvent>>,
}

impl Feed {
    async fn run(
        mut self,
        mut messages: impl Stream<Item = Message> + Unpin,
        mut trouble: broadcast::Receiver<LinkEvent>,
    ) {
        let mut due = Instant::now() + PAUSE;
        loop {
            let waits = !self.pending.is_empty();
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.ear.hear(&message, &mut self.pending),
                    None => return,
                },
                event = trouble.recv() => self.note(&event),
                () = sleep_until(due), if waits => {
                    due = Instant::now() + PAUSE;
                    if self.flush().is_err() {
                        return;
                    }
                }
                () = self.batches.closed() => return,
            }
            if !waits {
                // The first change of a batch starts its clock.
                due = Instant::now() + PAUSE;
            }
            if self.pending.len() >= BATCH && self.flush().is_err() {
                return;
            }
        }
    }

    /// Hands the batch over if the reader has room. `Err`: there is no reader.
    fn flush(&mut self) -> Result<(), ()> {
        match self.batches.try_reserve() {
            Ok(place) => place.send(self.pending.take()),
            Err(mpsc::error::TrySendError::Full(())) => {}
            Err(mpsc::error::TrySendError::Closed(())) => return Err(()),
        }
        Ok(())
    }

    fn note(&mut self, event: &Result<LinkEvent, broadcast::error::RecvError>) {
        match event {
            Ok(LinkEvent::Connected) => self.pending.gap(Lost::Reconnected),
            Ok(LinkEvent::SlowConsumer) => self.pending.gap(Lost::SlowConsumer(1)),
            Ok(LinkEvent::Missed(count)) | Err(broadcast::error::RecvError::Lagged(count)) => {
                self.pending.gap(Lost::SlowConsumer(*count));
            }
            Ok(
                LinkEvent::Disconnected
                | LinkEvent::LameDuck
                | LinkEvent::RefusedPublish { .. }
                | LinkEvent::RefusedSubscribe { .. }
                | LinkEvent::Problem(_),
            )
            | Err(broadcast::error::RecvError::Closed) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::tests::capture;
    use crate::sys::tokens::{NoSigners, Tokens};

    fn ear() -> Ear {
        Ear {
            tokens: Arc::new(Tokens::new(Arc::new(NoSigners))),
            presence: Arc::default(),
        }
    }

    fn message(subject: &str, body: Vec<u8>) -> Message {
        Message {
            subject: subject.into(),
            reply: None,
            length: body.len(),
            payload: body.into(),
            headers: None,
            status: None,
            description: None,
        }
    }

    /// A feed over messages that we hand in, and what its reader gets.
    struct Line {
        messages: mpsc::UnboundedSender<Message>,
        trouble: broadcast::Sender<LinkEvent>,
        batches: mpsc::Receiver<Vec<SysEvent>>,
    }

    fn line() -> Line {
        let (messages, mut inbox) = mpsc::unbounded_channel();
        let (trouble, events) = broadcast::channel(16);
        let (sender, batches) = mpsc::channel(INBOX);
        let feed = Feed {
            ear: ear(),
            pending: Pending::default(),
            batches: sender,
        };
        let stream = stream::poll_fn(move |context| inbox.poll_recv(context));
        tokio::spawn(feed.run(stream, events));
        Line {
            messages,
            trouble,
            batches,
        }
    }

    /// The event of a captured connection under another cid.
    fn event(file: &str, subject: &str, cid: u64) -> Message {
        let mut event = capture(file);
        event["client"]["id"] = cid.into();
        message(subject, serde_json::to_vec(&event).unwrap())
    }

    fn connect(cid: u64) -> Message {
        event("event_connect.json", "$SYS.ACCOUNT.A.CONNECT", cid)
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_waits_for_company_and_no_longer_than_50_ms() {
        let mut line = line();
        let start = Instant::now();
        line.messages.send(connect(1)).unwrap();
        line.messages.send(connect(2)).unwrap();

        let batch = line.batches.recv().await.unwrap();

        assert_eq!(batch.len(), 2);
        assert!(
            start.elapsed() >= PAUSE && start.elapsed() < PAUSE * 2,
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_batch_waits_for_nothing() {
        let mut line = line();
        let start = Instant::now();
        for cid in 0..u64::try_from(BATCH).unwrap() {
            line.messages.send(connect(cid)).unwrap();
        }

        let batch = line.batches.recv().await.unwrap();

        assert_eq!(batch.len(), BATCH);
        assert!(start.elapsed() < PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_reader_lags_changes_go_on_merging() {
        let mut line = line();
        // Two batches fill the inbox; what comes after waits here.
        for cid in 1..=2 {
            line.messages.send(connect(cid)).unwrap();
            tokio::time::sleep(PAUSE * 2).await;
        }
        line.messages.send(connect(3)).unwrap();
        tokio::time::sleep(PAUSE * 3).await;
        let disconnect = |cid| event("event_disconnect.json", "$SYS.ACCOUNT.A.DISCONNECT", cid);
        let gone = disconnect(9);
        line.messages.send(gone).unwrap();
        tokio::time::sleep(PAUSE * 3).await;

        let mut sizes = Vec::new();
        for _ in 0..3 {
            sizes.push(line.batches.recv().await.unwrap().len());
        }

        assert_eq!(sizes, [1, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reconnect_and_a_slow_consumer_are_gaps() {
        for (event, lost) in [
            (LinkEvent::Connected, Lost::Reconnected),
            (LinkEvent::SlowConsumer, Lost::SlowConsumer(1)),
        ] {
            let mut line = line();
            line.trouble.send(event).unwrap();

            assert_eq!(line.batches.recv().await.unwrap(), [SysEvent::Gap { lost }]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_feed_without_a_reader_ends() {
        let line = line();
        drop(line.batches);

        line.messages.closed().await;

        assert!(line.messages.send(connect(1)).is_err());
    }
}
