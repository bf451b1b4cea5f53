//! Waiting: a condition with a deadline, never a pause.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

/// Nothing here takes so long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks.
const AGAIN: Duration = Duration::from_millis(20);

/// Asks again until it is so.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "waited in vain: {what}");
        tokio::time::sleep(AGAIN).await;
    }
}

/// The same, for who has no runtime.
#[track_caller]
pub fn looked_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    tried_until(what, || look().ok_or("not yet"))
}

/// The same, where what is still wrong can be told.
#[track_caller]
pub fn tried_until<T, E: Debug>(what: &str, mut attempt: impl FnMut() -> Result<T, E>) -> T {
    let start = Instant::now();
    loop {
        match attempt() {
            Ok(found) => return found,
            Err(wrong) => assert!(
                start.elapsed() < DEADLINE,
                "waited in vain: {what}: {wrong:?}"
            ),
        }
        std::thread::sleep(AGAIN);
    }
}
