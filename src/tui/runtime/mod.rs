//! Where the screen meets the world: the terminal, the loop, and what effects do. It decides nothing about what is shown.

mod acting;
mod changes;
pub mod event_loop;
mod follow;
pub mod input;
mod look;
mod page;
pub mod perform;
mod rates;
pub mod screen;
pub mod terminal;
mod world;
