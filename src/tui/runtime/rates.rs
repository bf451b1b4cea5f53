//! Reads the counters of the connections that are seen, again and again, so that there are rates. No server is asked more than it
//! should be: see [`pause`]. Nobody is asked while no connection is seen.
//!
//! Limits: how long a server works on an answer is not told, so the whole time until the answer counts, with that of the way. A row
//! that was scrolled away and comes back shows its last rate until its server is counted again, mostly within a second.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{BoxFuture, OptionFuture};
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::perform::tell;
use crate::inventory::connection::ConnectionRow;
use crate::jwt::keys::{ConnId, ServerId};
use crate::sys::{ConnQuery, Gathered, Sys};
use crate::tui::app::live::Counted;
use crate::tui::app::msg::Msg;

/// The least time between two questions.
const SECOND: Duration = Duration::from_secs(1);

/// A server may spend 2 % of a core on us: it is left alone for so many times what the last answer took.
const SPARED: u32 = 50;

/// How long a server that did not answer is left alone at most: it did no work for us, and may be back at any time.
const UNHEARD: Duration = Duration::from_secs(10);

/// The connections that are seen.
pub(super) type Shown = Arc<[ConnId]>;

/// What came of a question to one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Answer,
    /// It was silent, broke off, or said no.
    Nothing,
}

/// From one question to a server to the next.
fn pause(took: Duration, heard: Heard) -> Duration {
    let spared = took.saturating_mul(SPARED).max(SECOND);
    match heard {
        Heard::Answer => spared,
        Heard::Nothing => spared.min(UNHEARD),
    }
}

/// Counts until the screen is gone.
pub(super) async fn count(
    sys: &dyn Sys,
    now: fn() -> Timestamp,
    inbox: &mpsc::Sender<Msg>,
    shown: watch::Receiver<Shown>,
) {
    let ask = |server, ids| -> BoxFuture<'_, Heard> {
        Box::pin(async move {
            let told = sys.connections(ConnQuery::Counters(ids)).await;
            let rows = told.ok().and_then(|told| all_of(server, &told));
            let heard = rows.as_ref().map_or(Heard::Nothing, |_| Heard::Answer);
            tell(inbox, Msg::Counted(counted(server, rows, now()))).await;
            heard
        })
    };
    govern(shown, &ask).await;
}

/// What one server told, if it told all that it was asked.
fn all_of(server: ServerId, told: &Gathered<Vec<ConnectionRow>>) -> Option<Vec<ConnectionRow>> {
    let mut whole = told.whole();
    let here = whole.find(|(label, _)| label.id == server);
    here.map(|(_, rows)| rows.clone())
}

/// Of a server that does not answer nothing is known any more: its rates must not stay as they were. That it is silent is told
/// elsewhere.
fn counted(server: ServerId, rows: Option<Vec<ConnectionRow>>, at: Timestamp) -> Counted {
    let rows = rows.unwrap_or_default();
    Counted { server, rows, at }
}

type Ask<'a> = dyn Fn(ServerId, Vec<ConnId>) -> BoxFuture<'a, Heard> + Send + Sync + 'a;

/// Whether a server can be asked.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// It has not answered yet.
    Asked,
    NotBefore(Instant),
}

impl Turn {
    const fn begins(self) -> Option<Instant> {
        match self {
            Self::Asked => None,
            Self::NotBefore(at) => Some(at),
        }
    }
}

/// Asks each server about those of its connections that are seen, no oftener than it may be asked, whatever becomes of the
/// questions to the others.
async fn govern(mut shown: watch::Receiver<Shown>, ask: &Ask<'_>) {
    let mut turns: HashMap<ServerId, Turn> = HashMap::new();
    let mut asked = FuturesUnordered::new();
    loop {
        let seen = by_server(&shown.borrow_and_update());
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for (server, ids) in seen {
            let turn = turns.entry(server).or_insert(Turn::NotBefore(now));
            match turn.begins() {
                None => {}
                Some(at) if at > now => next = Some(next.map_or(at, |next| next.min(at))),
                Some(_) => {
                    *turn = Turn::Asked;
                    asked.push(question(ask, server, ids));
                }
            }
        }
        tokio::select! {
            Some(()) = OptionFuture::from(next.map(sleep_until)) => {}
            Some((server, turn)) = asked.next() => drop(turns.insert(server, turn)),
            changed = shown.changed() => if changed.is_err() { return },
        }
    }
}

async fn question(ask: &Ask<'_>, server: ServerId, ids: Vec<ConnId>) -> (ServerId, Turn) {
    let begun = Instant::now();
    let heard = ask(server, ids).await;
    let at = begun + pause(begun.elapsed(), heard);
    (server, Turn::NotBefore(at))
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

    use futures::FutureExt as _;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::inventory::server::ServerLabel;
    use crate::sys::Said;
    use crate::text::Text;
    use crate::tui::tests::world::connection;

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
            takes: impl Fn(&[ConnId]) -> (Duration, Heard) + Send + Sync,
        ) -> Vec<(u128, Vec<ConnId>)> {
            let asked = Self {
                begun: Instant::now(),
                questions: Mutex::default(),
            };
            let ask = |_, ids: Vec<ConnId>| -> BoxFuture<'_, Heard> {
                let at = asked.begun.elapsed().as_millis();
                let (took, heard) = takes(&ids);
                asked.questions.lock().unwrap().push((at, ids));
                Box::pin(sleep(took).map(move |()| heard))
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
            let took = answers.lock().unwrap().next();
            (took.unwrap_or_default(), Heard::Answer)
        });

        let times: Vec<u128> = asked.await.into_iter().map(|(at, _)| at).collect();
        assert_eq!(times, [0, 1_000, 6_000, 8_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_answer_is_asked_again_soon() {
        let (_screen, shown) = watch::channel(Shown::from([id(1, 7)]));

        let asked = Asked::within(ms(25_000), shown, |_| (ms(2_000), Heard::Nothing)).await;

        let times: Vec<u128> = asked.into_iter().map(|(at, _)| at).collect();
        assert_eq!(times, [0, 10_000, 20_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_server_spares_itself_and_no_other() {
        let (_screen, shown) = watch::channel(Shown::from([id(1, 7), id(2, 8)]));
        let slow = id(2, 8);

        let asked = Asked::within(ms(5_500), shown, |ids| {
            let took = if ids.contains(&slow) { 3_000 } else { 1 };
            (ms(took), Heard::Answer)
        });

        let asked = asked.await;
        let times = |id: ConnId| {
            let of_it = asked.iter().filter(|(_, ids)| ids.contains(&id));
            of_it.map(|(at, _)| *at).collect::<Vec<_>>()
        };
        assert_eq!(times(slow), [0]);
        assert_eq!(times(id(1, 7)), [0, 1_000, 2_000, 3_000, 4_000, 5_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_scrolled_to_is_asked_about_while_a_slow_server_works_on_its_answer() {
        let (screen, shown) = watch::channel(Shown::from([id(2, 8)]));
        let person = async {
            sleep(ms(500)).await;
            screen.send_replace([id(2, 9), id(3, 1)].into());
            sleep(ms(2_000)).await;
        };

        let asked = Asked::within(ms(1_000), shown, |_| (ms(3_000), Heard::Answer));
        let (asked, ()) = tokio::join!(asked, person);

        assert_eq!(asked, [(0, vec![id(2, 8)]), (500, vec![id(3, 1)])]);
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

        let asked = Asked::within(ms(15_000), shown, |_| (ms(60), Heard::Answer));
        let (asked, ()) = tokio::join!(asked, person);

        assert_eq!(asked, [(3_000, vec![id(1, 7)]), (6_000, vec![id(1, 9)])]);
    }

    /// What is told of a connection that was asked about, where its server said this, and was silent or not.
    fn told(
        answer: Option<Result<Vec<ConnectionRow>, Text>>,
        silent: &[&str],
    ) -> Option<Vec<ConnectionRow>> {
        let server = ServerLabel {
            id: id(1, 7).server,
            name: "n1".into(),
            cluster: None,
        };
        let said = answer.map(|answer| Said { server, answer });
        let gathered = Gathered {
            said: said.into_iter().collect(),
            foreign: Vec::new(),
            silent: silent.iter().map(|name| Text::from(*name)).collect(),
        };
        all_of(id(1, 7).server, &gathered)
    }

    #[test]
    fn a_server_that_is_silent_or_says_no_or_breaks_off_has_not_answered() {
        let row = connection(7, "a", None);

        assert_eq!(told(None, &["n1"]), None);
        assert_eq!(told(Some(Err("busy".into())), &[]), None);
        assert_eq!(told(Some(Ok(vec![row.clone()])), &["n1"]), None);
        assert_eq!(told(Some(Ok(vec![row.clone()])), &[]), Some(vec![row]));
    }

    #[test]
    fn of_a_server_that_does_not_answer_no_connection_is_counted() {
        let counted = counted(id(1, 7).server, None, Timestamp::UNIX_EPOCH);

        assert_eq!(counted.server, id(1, 7).server);
        assert_eq!(counted.rows, []);
    }
}
