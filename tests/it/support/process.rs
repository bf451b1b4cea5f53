//! A process of a story's own: this test binary, run again for one test, with orders. Such a test is ignored by the runner, for
//! it says nothing by itself; that another story runs it is checked in `shape`.

use std::process::Command;
use std::sync::{Once, mpsc};
use std::{env, thread};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

const ORDERS: &str = "NATS_OAM_TEST_ORDERS";

/// Runs an ignored test, by its path below the crate, with what it is told.
pub fn process(test: &str, orders: &impl Serialize) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", test])
        .env(ORDERS, serde_json::to_string(orders).unwrap());
    command
}

/// What this process was told. Without orders it fails: `--ignored` by hand is no pass.
#[track_caller]
pub fn orders<T: DeserializeOwned>() -> T {
    let written = env::var(ORDERS).expect("another story runs this one, with orders");
    serde_json::from_str(&written).unwrap()
}

/// Programs that are started from now on take interrupts, also where whoever runs the tests ignores them, as a shell does for
/// what it puts in the background: a signal that is ignored stays so in a child, one that is caught does not.
pub fn take_interrupts() {
    static CAUGHT: Once = Once::new();
    CAUGHT.call_once(|| {
        let (caught, is_caught) = mpsc::channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let mut interrupt = signal(SignalKind::interrupt()).unwrap();
                caught.send(()).unwrap();
                interrupt.recv().await;
            });
            std::process::exit(130); // what happens to who does not catch it
        });
        is_caught.recv().unwrap();
    });
}
