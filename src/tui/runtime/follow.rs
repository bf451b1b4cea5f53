//! Follows the open connections while they are looked at: events first, then a read, so that nothing is missed between the two.
//! Whatever was lost is read again, not more often than servers should be asked. Nobody is woken while something else is on top.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::look;
use super::perform::tell;
use crate::actions::ports::Ports;
use crate::explain::{Code, Explain as _, Explanation};
use crate::sys::{Sys, SysEvent};
use crate::tui::app::msg::{Interest, Msg};
use crate::tui::app::seen::Roll;

/// Between two reads of what was lost, and between two tries to hear anything.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest time to the next try of a read that fails.
const LONGEST: Duration = Duration::from_mins(1);

type Read<'a> = Pin<Box<dyn Future<Output = Result<Box<Roll>, Explanation>> + Send + 'a>>;

/// Listens whenever connections are looked at.
pub(super) async fn follow(
    ports: &Ports,
    sys: &dyn Sys,
    inbox: &mpsc::Sender<Msg>,
    interest: watch::Receiver<Interest>,
) {
    while_looked_at(interest, inbox, || listen(ports, sys, inbox)).await;
}

/// Listens while connections are looked at. What cannot be heard is tried again after a while, and when one comes back.
async fn while_looked_at<F: Future<Output = Explanation>>(
    mut interest: watch::Receiver<Interest>,
    inbox: &mpsc::Sender<Msg>,
    listen: impl Fn() -> F,
) {
    while becomes(&mut interest, Looked::At).await {
        let ended = tokio::select! {
            why = listen() => why,
            _ = becomes(&mut interest, Looked::Away) => continue,
        };
        tell(inbox, Msg::Roll(Err(ended))).await;
        tokio::select! {
            () = sleep(PAUSE) => {}
            _ = becomes(&mut interest, Looked::Away) => {}
        }
    }
}

/// Whether connections are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    At,
    Away,
}

/// Waits for it. `false`: the screen is gone.
async fn becomes(interest: &mut watch::Receiver<Interest>, looked: Looked) -> bool {
    let is_so =
        |interest: &Interest| (*interest == Interest::Connections) == (looked == Looked::At);
    interest.wait_for(is_so).await.is_ok()
}

/// Tells what happens until nobody hears it any more, and why.
async fn listen(ports: &Ports, sys: &dyn Sys, inbox: &mpsc::Sender<Msg>) -> Explanation {
    let events = match sys.events().await {
        Ok(events) => events,
        Err(error) => return error.explain(),
    };
    tell(inbox, Msg::Listening).await;
    relay(events, inbox, || Box::pin(look::roll(ports, sys))).await;
    let (what, so) = ("events ended", "what is listed is as it was read last");
    Explanation::new(Code::NotConnected, what, so)
}

/// Passes events on until they end, and reads at once and whenever something was lost. A read that failed is made again, later
/// each time: whoever looks is told that the list is not followed, until it is.
async fn relay<'a>(
    mut events: BoxStream<'static, Vec<SysEvent>>,
    inbox: &mpsc::Sender<Msg>,
    roll: impl Fn() -> Read<'a>,
) {
    let mut read = roll();
    let (mut due, mut wait) = (Instant::now(), PAUSE);
    loop {
        tokio::select! {
            batch = events.next() => {
                let Some(batch) = batch else { return };
                let is_torn = batch.iter().any(|event| matches!(event, SysEvent::Gap { .. }));
                // A read that has not begun yet will see what was lost now as well.
                if is_torn && due <= Instant::now() {
                    due = Instant::now().max(due + PAUSE);
                    read = later(due, roll());
                }
                tell(inbox, Msg::Happened(batch)).await;
            }
            done = &mut read => {
                if done.is_ok() {
                    wait = PAUSE;
                    read = Box::pin(pending());
                } else {
                    due = Instant::now() + wait;
                    wait = LONGEST.min(wait.saturating_mul(2));
                    read = later(due, roll());
                }
                tell(inbox, Msg::Roll(done)).await;
            }
        }
    }
}

/// A read that begins at a time.
fn later(due: Instant, read: Read<'_>) -> Read<'_> {
    Box::pin(async move {
        sleep_until(due).await;
        read.await
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::Timestamp;

    use super::*;

    /// What the screen is told of reads, and how many seconds after the first question, if so many reads fail.
    async fn told_of(failures: usize) -> Vec<(u64, bool)> {
        let (inbox, mut told) = mpsc::channel(16);
        let (began, reads) = (Instant::now(), AtomicUsize::new(0));
        let roll = || -> Read<'_> {
            Box::pin(async {
                if reads.fetch_add(1, Ordering::Relaxed) < failures {
                    let why = Explanation::new(Code::NotConnected, "nobody answers", "");
                    return Err(why);
                }
                Ok(Box::new(Roll {
                    rows: Vec::new(),
                    begun: Timestamp::UNIX_EPOCH,
                }))
            })
        };
        let mut heard = Vec::new();
        let hear = async {
            while let Some(Msg::Roll(roll)) = told.recv().await {
                heard.push((began.elapsed().as_secs(), roll.is_ok()));
                if roll.is_ok() {
                    return;
                }
            }
        };
        tokio::select! {
            () = relay(futures::stream::pending().boxed(), &inbox, roll) => {}
            () = hear => {}
        }
        heard
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_failed_is_made_again_later_each_time_until_it_works() {
        assert_eq!(told_of(0).await, [(0, true)]);
        assert_eq!(
            told_of(3).await,
            [(0, false), (5, false), (15, false), (35, true)]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_heard_is_tried_again_until_it_can() {
        let (inbox, mut told) = mpsc::channel(16);
        let (_look, interest) = watch::channel(Interest::Connections);
        let (began, tries) = (Instant::now(), AtomicUsize::new(0));
        let heard_at = std::sync::OnceLock::new();
        let listen = async || {
            if tries.fetch_add(1, Ordering::Relaxed) == 2 {
                heard_at.set(began.elapsed().as_secs()).unwrap();
                pending::<()>().await;
            }
            Explanation::new(Code::NotConnected, "the connection is down", "")
        };

        let follow = while_looked_at(interest, &inbox, listen);
        // It never ends by itself.
        let _ = tokio::time::timeout(LONGEST, follow).await;

        assert_eq!(heard_at.get(), Some(&10));
        let failures = std::iter::from_fn(|| told.try_recv().ok());
        assert_eq!(failures.count(), 2);
    }
}
