//! Follows the open connections while they are looked at: events first, then a read, so that nothing is missed between the two.
//! Whatever was lost is read again, not more often than servers should be asked. Nobody is woken while something else is on top.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::look;
use super::perform::tell;
use crate::actions::ports::Ports;
use crate::explain::{Code, Explain as _, Explanation};
use crate::sys::{Sys, SysEvent};
use crate::tui::app::msg::{Interest, Msg};
use crate::tui::app::seen::Roll;

/// Between two reads of what was lost.
const PAUSE: Duration = Duration::from_secs(5);

type Read<'a> = Pin<Box<dyn Future<Output = Result<Box<Roll>, Explanation>> + Send + 'a>>;

/// Listens whenever connections are looked at.
pub(super) async fn follow(
    ports: &Ports,
    sys: &dyn Sys,
    inbox: &mpsc::Sender<Msg>,
    mut interest: watch::Receiver<Interest>,
) {
    while becomes(&mut interest, Looked::At).await {
        let ended = tokio::select! {
            why = listen(ports, sys, inbox) => Some(why),
            is_there = becomes(&mut interest, Looked::Away) => if is_there { None } else { return },
        };
        if let Some(why) = ended {
            tell(inbox, Msg::Roll(Err(why))).await;
            // What cannot be heard is tried again when one comes back.
            becomes(&mut interest, Looked::Away).await;
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
    let mut events: BoxStream<'static, Vec<SysEvent>> = match sys.events().await {
        Ok(events) => events,
        Err(error) => return error.explain(),
    };
    tell(inbox, Msg::Listening).await;
    let mut read: Read<'_> = Box::pin(look::roll(ports, sys));
    let mut due = Instant::now();
    loop {
        tokio::select! {
            batch = events.next() => {
                let Some(batch) = batch else { break };
                let is_torn = batch.iter().any(|event| matches!(event, SysEvent::Gap { .. }));
                // A read that has not begun yet will see what was lost now as well.
                if is_torn && due <= Instant::now() {
                    due = Instant::now().max(due + PAUSE);
                    read = Box::pin(async move {
                        sleep_until(due).await;
                        look::roll(ports, sys).await
                    });
                }
                tell(inbox, Msg::Happened(batch)).await;
            }
            roll = &mut read => {
                tell(inbox, Msg::Roll(roll)).await;
                read = Box::pin(pending());
            }
        }
    }
    let (what, so) = ("events ended", "what is listed is as it was read last");
    Explanation::new(Code::NotConnected, what, so)
}
