//! How much happens: events by the second, for the last ten of them.

use jiff::{SignedDuration, Timestamp};

/// Seconds that are shown.
const SECONDS: i64 = 10;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Seconds in which something happened, and how often.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    beats: Vec<(i64, u64)>,
}

impl Pulse {
    pub(super) fn beat(&mut self, events: usize, now: Timestamp) {
        let (second, events) = (now.as_second(), u64::try_from(events).unwrap_or(u64::MAX));
        self.beats.retain(|(at, _)| second - at < SECONDS);
        match self.beats.last_mut() {
            Some((at, count)) if *at == second => *count += events,
            _ if events > 0 => self.beats.push((second, events)),
            _ => {}
        }
    }

    fn at(&self, second: i64) -> u64 {
        let of = self.beats.iter().find(|(at, _)| *at == second);
        of.map_or(0, |(_, count)| *count)
    }

    /// `▁▂▂▃▅▃▂▂▃▁ 312/s`, with few events as `3 in 10 s`; empty where none were.
    pub(super) fn words(&self, now: Timestamp) -> String {
        let last = now.as_second();
        let counts: Vec<u64> = (last - SECONDS + 1..=last).map(|at| self.at(at)).collect();
        let most = counts.iter().copied().max().unwrap_or_default();
        if most == 0 {
            return String::new();
        }
        let bar = |count: &u64| {
            let height = (count * 7).div_ceil(most);
            let height = usize::try_from(height).unwrap_or_default();
            BARS.get(height).copied().unwrap_or('█')
        };
        let bars: String = counts.iter().map(bar).collect();
        let all: u64 = counts.iter().sum();
        match all {
            0..20 => format!("events {bars} {all} in 10 s"),
            _ => format!("events {bars} {}/s", all / 10),
        }
    }

    /// When the words change although nothing happens.
    pub(super) fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let last = self.beats.last().map(|(at, _)| *at);
        let is_seen = last.is_some_and(|last| now.as_second() - last < SECONDS);
        let second = Timestamp::from_second(now.as_second()).ok()?;
        let next = second.checked_add(SignedDuration::from_secs(1)).ok()?;
        is_seen.then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    #[test]
    fn the_last_ten_seconds_are_shown_and_then_nothing() {
        let mut pulse = Pulse::default();
        pulse.beat(0, at(0));
        assert_eq!(pulse.next_change(at(0)), None);

        pulse.beat(100, at(0));
        pulse.beat(700, at(1));
        assert_eq!(pulse.words(at(1)), "events ▁▁▁▁▁▁▁▁▂█ 80/s");
        assert_eq!(pulse.words(at(10)), "events █▁▁▁▁▁▁▁▁▁ 70/s");
        assert_eq!(pulse.next_change(at(10)), Some(at(11)));
        assert_eq!(pulse.words(at(11)), "");
        assert_eq!(pulse.next_change(at(11)), None);

        pulse.beat(3, at(20));
        assert_eq!(pulse.words(at(20)), "events ▁▁▁▁▁▁▁▁▁█ 3 in 10 s");
    }
}
