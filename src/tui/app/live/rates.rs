//! What goes through connections by the second, from two reads of their counters, one right after the other. It asks nothing.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::inventory::connection::{ConnectionRow, Rate, Traffic};
use crate::jwt::keys::{ConnId, ServerId};

/// What lies further back says nothing of now: the machine slept, or the server was away.
const LONGEST: SignedDuration = SignedDuration::from_mins(2);

/// The counters of the connections of one server that were asked for, as they were then. One that is closed is not there.
#[derive(Debug)]
pub struct Counted {
    pub server: ServerId,
    pub rows: Vec<ConnectionRow>,
    pub at: Timestamp,
}

/// The last read of each connection that was in the last read of its server.
#[derive(Debug, Default)]
pub(super) struct Rates {
    last: HashMap<ConnId, (Timestamp, Traffic)>,
}

impl Rates {
    /// Takes a read: the rate of each of its rows, and the connections of that server of which none is known any more.
    pub(super) fn take(&mut self, counted: &Counted) -> (Vec<Option<Rate>>, Vec<ConnId>) {
        let read = |row: &ConnectionRow| Some((row.id, (counted.at, row.traffic?)));
        let newer: HashMap<_, _> = counted.rows.iter().filter_map(read).collect();
        let rates = counted.rows.iter().map(|row| {
            let older = self.last.get(&row.id)?;
            rate(*older, *newer.get(&row.id)?)
        });
        let rates = rates.collect();
        let forgotten = self.forget(|id| id.server == counted.server && !newer.contains_key(&id));
        self.last.extend(newer);
        (rates, forgotten)
    }

    /// Nobody reads any more.
    pub(super) fn forget_all(&mut self) -> Vec<ConnId> {
        self.forget(|_| true)
    }

    fn forget(&mut self, is_meant: impl Fn(ConnId) -> bool) -> Vec<ConnId> {
        self.last
            .extract_if(|id, _| is_meant(*id))
            .map(|(id, _)| id)
            .collect()
    }
}

/// `None`: they are too far apart, or not one after the other, or the counters began anew.
fn rate(older: (Timestamp, Traffic), newer: (Timestamp, Traffic)) -> Option<Rate> {
    let took = newer.0.duration_since(older.0);
    if took > LONGEST {
        return None;
    }
    let ms = u64::try_from(took.as_millis()).ok().filter(|ms| *ms > 0)?;
    let (older, newer) = (older.1, newer.1);
    let by_second =
        |older: u64, newer: u64| Some(newer.checked_sub(older)?.saturating_mul(1_000) / ms);
    Some(Rate {
        in_msgs: by_second(older.in_msgs, newer.in_msgs)?,
        out_msgs: by_second(older.out_msgs, newer.out_msgs)?,
        in_bytes: by_second(older.in_bytes, newer.in_bytes)?,
        out_bytes: by_second(older.out_bytes, newer.out_bytes)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::world::connection;

    fn read(ms: i64, counts: &[(u64, u64)]) -> Counted {
        let row = |(cid, in_msgs): &(u64, u64)| ConnectionRow {
            traffic: Some(Traffic {
                in_msgs: *in_msgs,
                ..Traffic::default()
            }),
            ..connection(*cid, "a", None)
        };
        Counted {
            server: connection(1, "a", None).id.server,
            rows: counts.iter().map(row).collect(),
            at: Timestamp::from_millisecond(ms).unwrap(),
        }
    }

    fn in_msgs(rates: &mut Rates, counted: &Counted) -> Vec<Option<u64>> {
        let (rates, _) = rates.take(counted);
        rates
            .iter()
            .map(|rate| rate.map(|rate| rate.in_msgs))
            .collect()
    }

    #[test]
    fn two_reads_make_a_rate_by_the_second_and_one_does_not() {
        let mut rates = Rates::default();

        assert_eq!(
            in_msgs(&mut rates, &read(0, &[(7, 100), (8, 5)])),
            [None, None]
        );
        assert_eq!(
            in_msgs(&mut rates, &read(2_000, &[(7, 720), (8, 5)])),
            [Some(310), Some(0)]
        );
    }

    #[test]
    fn a_counter_that_began_anew_has_no_rate_until_it_was_read_again() {
        let mut rates = Rates::default();
        rates.take(&read(0, &[(7, 100)]));

        assert_eq!(in_msgs(&mut rates, &read(1_000, &[(7, 10)])), [None]);
        assert_eq!(in_msgs(&mut rates, &read(2_000, &[(7, 30)])), [Some(20)]);
    }

    #[test]
    fn who_connects_again_is_another_and_begins_anew() {
        let mut rates = Rates::default();
        rates.take(&read(0, &[(7, 100)]));

        let (of_new, gone) = rates.take(&read(1_000, &[(8, 200)]));

        assert_eq!(of_new, [None]);
        assert_eq!(gone, [connection(7, "a", None).id]);
        assert_eq!(in_msgs(&mut rates, &read(2_000, &[(8, 260)])), [Some(60)]);
    }

    #[test]
    fn over_a_gap_nothing_is_known() {
        let mut rates = Rates::default();
        rates.take(&read(0, &[(7, 0)]));
        rates.take(&read(1_000, &[])); // scrolled away
        assert_eq!(in_msgs(&mut rates, &read(2_000, &[(7, 900)])), [None]);

        assert_eq!(in_msgs(&mut rates, &read(200_000, &[(7, 999)])), [None]); // slept
        assert_eq!(in_msgs(&mut rates, &read(200_000, &[(7, 999)])), [None]); // no time between
        assert_eq!(rates.forget_all(), [connection(7, "a", None).id]);
        assert_eq!(in_msgs(&mut rates, &read(201_000, &[(7, 999)])), [None]); // looked elsewhere
    }
}
