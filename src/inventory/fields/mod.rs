//! The fields of each kind of row that is listed: leaf names of the command line's JSON, titles and widths of its columns, and
//! which leave first where there is no room. The screen and the command line show the same.

mod account;
mod connection;
mod drift;
mod expiry;
mod key;
mod operator;
mod role;
mod server;
#[cfg(test)]
mod tests;
mod user;
mod who_can;

use super::cell::Cell;
use super::user_line::Stamp;
use crate::jwt::time::UnixTime;

/// A time that is known; none is none.
fn time<'a>(time: Option<UnixTime>) -> Cell<'a> {
    Cell::or_null(time, |time| Cell::Time(time.timestamp()))
}

fn stamp<'a>(stamp: Stamp) -> Cell<'a> {
    time(stamp.time())
}
