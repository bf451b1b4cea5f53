//! Frames, keys and the loop, without a terminal. [`screen`] is what tests of views stand on.

mod accounts;
mod acting;
mod acts;
mod board;
mod cost;
mod diagnosing;
mod form;
mod frames;
mod keys;
mod live;
mod names;
mod palette;
mod pasting;
mod pictures;
mod reports;
mod running;
pub(crate) mod screen;
mod servers;
mod tables;
mod themes;
mod trail;
pub(crate) mod world;
