//! Reads the counters of the connections that are seen, again and again, so that there are rates. No server is asked more than it
//! should be: see [`pause`]. Nobody is asked while no connection is seen.
//!
//! Limit: how long a server works on an answer is not told, so the whole time until the answer counts, with that of the way.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::perform::tell;
use crate::jwt::keys::{ConnId, ServerId};
use crate::sys::{ConnQuery, Sys};
use crate::tui::app::live::Counted;
use crate::tui::app::msg::Msg;

/// The least time between two questions.
const SECOND: Duration = Duration::from_secs(1);

/// A server may spend 2 % of a core on us: it is left alone for so many times what the last answer took.
const SPARED: u32 = 50;

/// The connections that are seen.
pub(super) type Shown = Arc<[ConnId]>;

/// From one question to a server to the next.
fn pause(took: Duration) -> Duration {
    took.saturating_mul(SPARED).max(SECOND)
}

/// Counts until the screen is gone.
pub(super) async fn count(
    sys: &dyn Sys,
    now: fn() -> Timestamp,
    inbox: &mpsc::Sender<Msg>,
    shown: watch::Receiver<Shown>,
) {
    let ask = |ids| -> BoxFuture<'_, ()> { Box::pin(count_once(sys, now, inbox, ids)) };
    govern(shown, &ask).await;
}

async fn count_once(
    sys: &dyn Sys,
    now: fn() -> Timestamp,
    inbox: &mpsc::Sender<Msg>,
    ids: Vec<ConnId>,
) {
    // A server that does not answer has no rates; that it is silent is told elsewhere.
    let Ok(told) = sys.connections(ConnQuery::Counters(ids)).await else {
        return;
    };
    let at = now();
    for said in told.said {
        let Ok(rows) = said.answer else { continue };
        let server = said.server.id;
        tell(inbox, Msg::Counted(Counted { server, rows, at })).await;
    }
}

type Ask<'a> = dyn Fn(Vec<ConnId>) -> BoxFuture<'a, ()> + Send + Sync + 'a;

/// Asks each server about those of its connections that are seen, no oftener than it may be asked.
async fn govern(mut shown: watch::Receiver<Shown>, ask: &Ask<'_>) {
    let mut due: HashMap<ServerId, Instant> = HashMap::new();
    while shown.wait_for(|ids| !ids.is_empty()).await.is_ok() {
        let seen = by_server(&shown.borrow_and_update());
        let never_asked = Instant::now();
        let due_at = |server: &ServerId| due.get(server).copied().unwrap_or(never_asked);
        let Some(next) = seen.keys().map(due_at).min() else {
            continue;
        };
        tokio::select! {
            () = sleep_until(next) => {}
            changed = shown.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        let now = Instant::now();
        let asked = seen.into_iter().filter(|(server, _)| due_at(server) <= now);
        let asked = asked.map(|(server, ids)| async move {
            let begun = Instant::now();
            ask(ids).await;
            (server, begun + pause(begun.elapsed()))
        });
        let done = join_all(asked).await;
        due.extend(done);
    }
}

fn by_server(ids: &[ConnId]) -> BTreeMap<ServerId, Vec<ConnId>> {
    let mut by_server: BTreeMap<ServerId, Vec<ConnId>> = BTreeMap::new();
    for id in ids {
        by_server.entry(id.server).or_default().push(*id);
    }
    by_server
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::{sleep, timeout};

    use super::*;

    fn id(server: u8, cid: u64) -> ConnId {
        ConnId {
            server: ServerId::from_bytes([server; 32]),
            cid,
        }
    }

    /// When which server was asked, in milliseconds, where each answer takes its time.
    struct Asked {
        begun: Instant,
        questions: Mutex<Vec<(u128, Vec<ConnId>)>>,
    }

    impl Asked {
        async fn within(
            limit: Duration,
            shown: watch::Receiver<Shown>,
            takes: impl Fn(&[ConnId]) -> Duration + Send + Sync,
        ) -> Vec<(u128, Vec<ConnId>)> {
            let asked = Self {
                begun: Instant::now(),
                questions: Mutex::default(),
            };
            let ask = |ids: Vec<ConnId>| -> BoxFuture<'_, ()> {
                let at = asked.begun.elapsed().as_millis();
                let answered = sleep(takes(&ids));
                asked.questions.lock().unwrap().push((at, ids));
                Box::pin(answered)
            };
            let _ = timeout(limit, govern(shown, &ask)).await;
            asked.questions.into_inner().unwrap()
        }
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_left_alone_for_fifty_times_what_its_answer_took_and_never_less_than_a_second()
     {
        let (_screen, shown) = watch::channel(Shown::from([id(1, 7)]));
        let mut answers = [ms(10), ms(100), ms(40)].into_iter();
        let answers = Mutex::new(&mut answers);

        let asked = Asked::within(ms(8_500), shown, |_| {
            answers.lock().unwrap().next().unwrap_or_default()
        });

        let times: Vec<u128> = asked.await.into_iter().map(|(at, _)| at).collect();
        assert_eq!(times, [0, 1_000, 6_000, 8_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_server_spares_itself_and_no_other() {
        let (_screen, shown) = watch::channel(Shown::from([id(1, 7), id(2, 8)]));
        let slow = id(2, 8);

        let asked = Asked::within(ms(5_500), shown, |ids| {
            if ids.contains(&slow) { ms(100) } else { ms(1) }
        });

        let asked = asked.await;
        let times = |id: ConnId| {
            let of_it = asked.iter().filter(|(_, ids)| ids.contains(&id));
            of_it.map(|(at, _)| *at).collect::<Vec<_>>()
        };
        assert_eq!(times(slow), [0, 5_000]);
        assert_eq!(times(id(1, 7)), [0, 1_000, 2_000, 3_000, 4_000, 5_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_asked_about_what_is_not_seen_and_looking_away_does_not_hurry() {
        let (screen, shown) = watch::channel(Shown::from([]));
        let person = async {
            for (after, ids) in [
                (3_000, vec![id(1, 7)]),
                (100, vec![]),
                (100, vec![id(1, 9)]),
                (5_000, vec![]),
            ] {
                sleep(ms(after)).await;
                screen.send_replace(ids.into());
            }
            sleep(ms(10_000)).await;
        };

        let asked = Asked::within(ms(15_000), shown, |_| ms(60));
        let (asked, ()) = tokio::join!(asked, person);

        assert_eq!(asked, [(3_000, vec![id(1, 7)]), (6_000, vec![id(1, 9)])]);
    }
}
