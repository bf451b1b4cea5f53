//! The integration tests, one binary: what the library promises at its edges, held against real servers and tools.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]
#![allow(
    unreachable_pub,
    reason = "nothing is reachable from outside a test binary; `pub` says what a module offers to the others"
)]

mod administrators;
mod canary;
mod compatible;
mod console;
mod console_acts;
mod console_board;
mod console_drift;
mod console_ends;
mod console_keys;
mod console_rates;
mod console_strangers;
mod crash;
mod crowd;
mod diagnose;
mod drift;
mod exits;
mod guard;
mod identity;
mod kick;
mod leaf;
mod lone;
mod push_pull;
mod races;
mod reads;
mod reissue;
mod requests;
mod rest;
mod revoke;
mod shape;
mod silence;
mod store;
mod support;
mod sys;
mod tokens;
mod verdicts;
