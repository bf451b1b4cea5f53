//! What is counted and not timed, in a binary of its own because the allocator counts: what a frame over many rows costs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod frame;
mod many;
