//! What is typed, pasted and clicked, read by a thread of its own. crossterm never comes back from reading a terminal that
//! went away, and the screen's thread has to hear the signal that says so.

use std::io;
use std::thread;

use crossterm::event::{self, Event};
use futures::{Stream, stream};
use tokio::sync::mpsc;

/// More than anybody types while a frame is drawn; then the terminal keeps what comes.
const BACKLOG: usize = 256;

/// Events as they come, until one cannot be read.
pub fn events() -> io::Result<impl Stream<Item = io::Result<Event>> + Unpin> {
    let (to, mut events) = mpsc::channel(BACKLOG);
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            loop {
                let event = event::read();
                let is_last = event.is_err();
                if to.blocking_send(event).is_err() || is_last {
                    return;
                }
            }
        })?;
    Ok(stream::poll_fn(move |context| events.poll_recv(context)))
}
