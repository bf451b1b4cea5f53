//! A process of a story's own: this test binary, run again for one test, with orders. Such a test is ignored by the runner, for
//! it says nothing by itself; that another story runs it is checked in `shape`.

use std::env;
use std::process::Command;

use serde::Serialize;
use serde::de::DeserializeOwned;

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
