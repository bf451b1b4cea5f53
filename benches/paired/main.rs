//! Ours against a floor or a peer, in turns and in the same run: what is told is the ratio, for milliseconds are this machine's.
//! It is no test: a target that is missed is said, and ends with 0. `docs/BENCHMARKS.md` says what each line is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot go on fails"
)]
#![expect(clippy::print_stdout, reason = "what was measured is printed")]
#![allow(
    unreachable_pub,
    reason = "nothing is reachable from outside a bench; `pub` says what a module offers to the others"
)]

mod crowd;
mod functions;
#[path = "../../tests/gates/many.rs"]
mod many;
mod processes;
mod terminal;

use std::time::{Duration, Instant};

use crowd::Crowd;

/// What a ratio, or the time of ours, ought to be.
#[derive(Clone, Copy)]
enum Target {
    /// Ours takes at most so many times as long.
    AtMost(f64),
    /// The other takes at least so many times as long.
    Faster(f64),
    /// Ours takes at most so many milliseconds; the floor tells how busy the machine is.
    Millis(f64),
}

/// Ours and the other's, and how one compares with the other.
struct Pair {
    what: &'static str,
    against: &'static str,
    target: Target,
    /// Of every round.
    times: Vec<(Duration, Duration)>,
}

impl Pair {
    /// Takes both times in turns, the first once more than is counted.
    fn measure(
        (what, against): (&'static str, &'static str),
        target: Target,
        rounds: usize,
        mut ours: impl FnMut() -> Duration,
        mut theirs: impl FnMut() -> Duration,
    ) -> Self {
        let _ = (ours(), theirs()); // caches are warm after the first
        let round = |nth: usize| {
            if nth.is_multiple_of(2) {
                let ours = ours();
                (ours, theirs())
            } else {
                let theirs = theirs();
                (ours(), theirs)
            }
        };
        Self {
            what,
            against,
            target,
            times: (0..rounds).map(round).collect(),
        }
    }

    fn print(&self) {
        let middle = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let all = self.times.iter();
        let ours = middle(all.clone().map(|(ours, _)| millis(*ours)).collect());
        let theirs = middle(all.clone().map(|(_, theirs)| millis(*theirs)).collect());
        let ratio = middle(
            all.map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64())
                .collect(),
        );
        let (is_met, target, shown) = match self.target {
            Target::AtMost(most) => (ratio <= most, format!("at most {most} x"), ratio),
            Target::Faster(least) => {
                let faster = 1.0 / ratio;
                (faster >= least, format!("{least} x faster"), faster)
            }
            Target::Millis(most) => (ours <= most, format!("at most {most} ms"), ratio),
        };
        let verdict = if is_met { "MET" } else { "MISSED" };
        println!(
            "{:<38} {ours:>9.3} ms   {:<26} {theirs:>9.3} ms   {shown:>6.2} x   {target:<15} {verdict}",
            self.what, self.against
        );
    }
}

/// How long it takes.
fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    let done = work();
    let took = begin.elapsed();
    drop(done);
    took
}

fn main() {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let crowd = Crowd::find();
    for (name, bench) in processes::ALL.iter().chain(functions::ALL) {
        if wanted
            .as_ref()
            .is_none_or(|word| name.contains(word.as_str()))
        {
            bench(&crowd).print();
        }
    }
}

type Bench = (&'static str, fn(&Crowd) -> Pair);
