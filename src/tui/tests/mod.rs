//! Frames, keys and the loop, without a terminal. [`screen`] is what tests of views stand on.

pub mod screen;
