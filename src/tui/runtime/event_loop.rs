//! The loop: messages in, frames out. It owns the screen's state and draws it; what effects do is `perform`'s.
//!
//! - A key is drawn at once. Data waits for the frame clock, at most [`FRAME`].
//! - Nothing wakes it at rest: it waits for input, for messages, and for the moment that the screen itself names.

use std::io::{self, Write};
use std::time::Duration;

use crossterm::event::{Event, MouseEventKind};
use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::screen::Screen;
use super::terminal::{Keys, Mouse};
use crate::tui::app::msg::{Effect, Msg};
use crate::tui::app::{App, Running, render, update};
use crate::tui::widgets::Painted;

/// The least time between two frames of data.
pub const FRAME: Duration = Duration::from_millis(16);

/// Messages that are taken in before a frame is considered.
const BATCH: usize = 256;

/// Messages that wait for the screen; whoever has more merges them.
pub const INBOX: usize = 1_024;

/// What performs effects. Those of the terminal are done by the loop's owner through [`Stage`].
pub trait Perform {
    fn perform(&mut self, effect: Effect);
}

/// The terminal beside its frames.
pub trait Stage {
    /// Gives the terminal away and takes it back. It may have another size then.
    fn suspend(&mut self) -> io::Result<Size>;
    /// Takes clicks, or leaves them to the terminal.
    fn mouse(&mut self, mouse: Mouse) -> io::Result<()>;
    /// How keys are told from now on. The same as before changes nothing.
    fn keys(&mut self, keys: Keys) -> io::Result<()>;
}

/// The loop and what it runs on.
pub struct EventLoop<I, W: Write, P, S> {
    pub app: App,
    pub screen: Screen<W>,
    pub input: I,
    pub inbox: mpsc::Receiver<Msg>,
    pub performer: P,
    pub stage: S,
    pub now: fn() -> Timestamp,
}

/// When the next frame is due, if anything changed.
struct Clock {
    dirty: bool,
    next_frame: Instant,
}

impl<I, W, P, S> EventLoop<I, W, P, S>
where
    I: Stream<Item = io::Result<Event>> + Unpin,
    W: Write,
    P: Perform,
    S: Stage,
{
    /// Runs until somebody quits or the input ends.
    pub async fn run(&mut self) -> io::Result<()> {
        let mut asked = Vec::new();
        let ended = self.turn(&mut asked).await;
        // A terminal that is gone takes back nothing: what was consented to is begun, and stands in the record.
        self.perform(&mut asked);
        ended
    }

    /// Turns until nothing more comes. What was asked for last is left in `asked`.
    async fn turn(&mut self, asked: &mut Vec<Effect>) -> io::Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut clock = Clock {
            dirty: true,
            next_frame: Instant::now(),
        };
        while self.app.state == Running::On {
            if clock.dirty && Instant::now() >= clock.next_frame {
                self.draw()?;
                clock = Clock {
                    dirty: false,
                    next_frame: Instant::now() + FRAME,
                };
            }
            // What a key asks for is begun when the key is drawn: whoever does it would take the processor from the frame.
            self.perform(asked);
            let change = self.next_change();
            tokio::select! {
                biased;
                event = self.input.next() => match event {
                    Some(event) => batch.push(taken(event?, &mut clock)),
                    None => break,
                },
                () = tokio::time::sleep_until(clock.next_frame), if clock.dirty => {}
                () = wait_until(change), if change.is_some() => batch.push(Msg::Wake),
                taken = self.inbox.recv_many(&mut batch, BATCH) => if taken == 0 { break },
            }
            for msg in batch.drain(..) {
                clock.dirty |= is_seen(&msg);
                self.take(msg, asked)?;
            }
        }
        Ok(())
    }

    fn perform(&mut self, asked: &mut Vec<Effect>) {
        for effect in asked.drain(..) {
            self.performer.perform(effect);
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.stage.keys(self.app.keys())?;
        draw(&mut self.app, &mut self.screen, (self.now)())
    }

    /// Takes a message in. What it asks of others than the terminal is left in `asked`, also if the terminal fails.
    fn take(&mut self, msg: Msg, asked: &mut Vec<Effect>) -> io::Result<()> {
        if let Msg::Input(Event::Resize(width, height)) = msg {
            self.screen.resize(Size { width, height });
        }
        let mut done = Ok(());
        for effect in update(&mut self.app, msg, (self.now)()) {
            done = done.and(self.part(effect, asked));
        }
        done
    }

    /// Does what is the terminal's, and leaves the rest in `asked`.
    fn part(&mut self, effect: Effect, asked: &mut Vec<Effect>) -> io::Result<()> {
        match effect {
            Effect::Redraw => self.screen.forget(),
            Effect::Suspend => {
                let size = self.stage.suspend()?;
                let resized = Event::Resize(size.width, size.height);
                self.take(Msg::Input(resized), asked)?;
            }
            Effect::Mouse(mouse) => self.stage.mouse(mouse)?,
            Effect::Copy(text) => self.screen.write(copied(&text.to_string())?.as_slice())?,
            Effect::Open(_)
            | Effect::Ask(..)
            | Effect::Watch(_)
            | Effect::Count(_)
            | Effect::Prepare(..)
            | Effect::Apply(..)
            | Effect::StopActs
            | Effect::Theme(_) => asked.push(effect),
        }
        Ok(())
    }

    /// When the screen changes by itself.
    fn next_change(&self) -> Option<Instant> {
        let now = (self.now)();
        let wait = self.app.next_change(now)?.duration_since(now);
        Some(Instant::now() + wait.unsigned_abs().min(Duration::from_mins(1)))
    }
}

/// Draws a frame, and remembers where things landed.
pub fn draw<W: Write>(app: &mut App, screen: &mut Screen<W>, now: Timestamp) -> io::Result<()> {
    let mut painted = Painted::default();
    screen.draw(|buf| {
        painted = render(app, buf, now);
        painted.caret
    })?;
    app.painted = painted;
    Ok(())
}

async fn wait_until(change: Option<Instant>) {
    if let Some(change) = change {
        tokio::time::sleep_until(change).await;
    }
}

/// A key is drawn at once; motions of the mouse wait like data.
fn taken(event: Event, clock: &mut Clock) -> Msg {
    if !matches!(event, Event::Mouse(_)) {
        clock.next_frame = Instant::now();
    }
    Msg::Input(event)
}

/// Whether a message can change what is seen.
fn is_seen(msg: &Msg) -> bool {
    match msg {
        Msg::Input(Event::Mouse(mouse)) => mouse.kind != MouseEventKind::Moved,
        Msg::Input(Event::FocusGained | Event::FocusLost) => false,
        Msg::Input(Event::Key(_) | Event::Paste(_) | Event::Resize(..)) => true,
        Msg::Opened(_)
        | Msg::Census(_)
        | Msg::NoCensus(_)
        | Msg::Seen(_)
        | Msg::Listening
        | Msg::Happened(_)
        | Msg::Roll(_)
        | Msg::Counted(_)
        | Msg::Trail(_)
        | Msg::Reports(_)
        | Msg::Link(_)
        | Msg::Job(..)
        | Msg::Prepared(..)
        | Msg::Progress(..)
        | Msg::NoOutcome(..)
        | Msg::Ended(..)
        | Msg::Theme(..)
        | Msg::Guarded(_)
        | Msg::GuardEnded(_)
        | Msg::Unfinished(_)
        | Msg::Wake => true,
    }
}

/// The sequence that puts a text into the clipboard, also through ssh (OSC 52).
fn copied(text: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    crossterm::queue!(
        bytes,
        crossterm::clipboard::CopyToClipboard::to_clipboard_from(text)
    )?;
    Ok(bytes)
}
