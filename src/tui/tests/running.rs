//! The loop, without a terminal: keys are drawn at once, data is coalesced, and at rest nothing is written.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures::channel::mpsc as feed;
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::acts::{asked, kick};
use super::screen::{TestScreen, WIDE, found, start};
use super::servers::census;
use crate::actions::opening::Reach;
use crate::tui::app::App;
use crate::tui::app::msg::{Effect, Msg};
use crate::tui::keymap::Resolution;
use crate::tui::runtime::event_loop::{EventLoop, INBOX, Perform, Stage};
use crate::tui::runtime::perform::Workers;
use crate::tui::runtime::screen::Screen;
use crate::tui::runtime::terminal::{Keys, Mouse};
use crate::tui::theme::{Depth, Themes};
use crate::tui::{Wishes, looks};

/// Keeps each write.
#[derive(Clone, Default)]
struct Tape(Rc<RefCell<Vec<Vec<u8>>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tape {
    fn frames(&self) -> usize {
        self.0.borrow().len()
    }

    /// What a terminal shows after all of it.
    fn shown(&self) -> String {
        let mut parser = vt100::Parser::new(
            WIDE.height.try_into().unwrap(),
            WIDE.width.try_into().unwrap(),
            0,
        );
        self.0
            .borrow()
            .iter()
            .for_each(|bytes| parser.process(bytes));
        let lines = parser.screen().rows(0, WIDE.width);
        lines
            .map(|line| line.trim_end().to_owned() + "\n")
            .collect()
    }
}

struct Nobody;

impl Perform for Nobody {
    fn perform(&mut self, _: Effect) {}
}

impl Stage for Nobody {
    fn suspend(&mut self) -> io::Result<Size> {
        Ok(WIDE)
    }

    fn mouse(&mut self, _: Mouse) -> io::Result<()> {
        Ok(())
    }

    fn keys(&mut self, _: Keys) -> io::Result<()> {
        Ok(())
    }
}

/// A loop that runs, and the ends that feed it.
struct Rig {
    keys: feed::UnboundedSender<io::Result<Event>>,
    inbox: mpsc::Sender<Msg>,
    tape: Tape,
    running: tokio::task::JoinHandle<io::Result<()>>,
}

fn rig() -> Rig {
    let (keys, input) = feed::unbounded();
    let (inbox, messages) = mpsc::channel(INBOX);
    let tape = Tape::default();
    let app: App = TestScreen::new(WIDE, Depth::True).app;
    let screen = Screen::new(tape.clone(), WIDE);
    let mut event_loop = EventLoop {
        app,
        screen,
        input,
        inbox: messages,
        performer: Nobody,
        stage: Nobody,
        now: start as fn() -> Timestamp,
    };
    let running = tokio::task::spawn_local(async move { event_loop.run().await });
    Rig {
        keys,
        inbox,
        tape,
        running,
    }
}

fn key(letter: char) -> Event {
    Event::Key(KeyEvent::from(KeyCode::Char(letter)))
}

/// Runs on time that passes only when everybody waits.
fn on_stopped_time(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// Lets everything happen that can happen in so many milliseconds.
async fn pass(millis: u64) {
    tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
}

async fn open(rig: &Rig) {
    rig.inbox
        .send(Msg::Opened(Ok(Box::new(found(Some(census()))))))
        .await
        .unwrap();
    pass(100).await;
}

#[test]
fn a_storm_of_data_costs_a_frame_every_sixteen_milliseconds_and_a_key_is_drawn_at_once() {
    on_stopped_time(async {
        let rig = rig();
        open(&rig).await;
        let before = rig.tape.frames();
        for _ in 0..100 {
            for _ in 0..20 {
                rig.inbox
                    .send(Msg::Census(Arc::new(census())))
                    .await
                    .unwrap();
            }
            pass(1).await;
        }
        let frames = rig.tape.frames() - before;
        assert!((5..=8).contains(&frames), "{frames} frames in 100 ms");

        let before = rig.tape.frames();
        rig.keys.unbounded_send(Ok(key('?'))).unwrap();
        tokio::task::yield_now().await;
        pass(0).await;

        assert_eq!(rig.tape.frames(), before + 1);
        assert!(rig.tape.shown().contains("one row down"));
    });
}

#[test]
fn at_rest_no_byte_is_written() {
    on_stopped_time(async {
        let rig = rig();
        open(&rig).await;
        let before = rig.tape.frames();

        pass(3_600_000).await;

        assert_eq!(rig.tape.frames(), before);
        assert!(rig.tape.shown().contains("berlin-1"));
    });
}

#[test]
fn a_screen_is_drawn_anew_without_asking_the_terminal() {
    on_stopped_time(async {
        let rig = rig();
        open(&rig).await;
        let before = rig.tape.shown();
        for letter in ['l', 'z'] {
            let frames = rig.tape.frames();
            let chord = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);

            rig.keys.unbounded_send(Ok(Event::Key(chord))).unwrap();
            pass(100).await;

            assert!(!rig.running.is_finished(), "ctrl-{letter}");
            assert_eq!(rig.tape.frames(), frames + 1);
            let drawn = rig.tape.0.borrow().last().unwrap().clone();
            assert!(String::from_utf8(drawn).unwrap().contains("berlin-1"));
        }
        assert_eq!(rig.tape.shown(), before);
    });
}

#[test]
fn q_ends_the_loop_and_so_does_the_end_of_the_input() {
    on_stopped_time(async {
        let rig = rig();
        rig.keys.unbounded_send(Ok(key('q'))).unwrap();
        rig.running.await.unwrap().unwrap();

        let other = self::rig();
        drop(other.keys);
        other.running.await.unwrap().unwrap();
    });
}

/// Takes one frame, then fails like a terminal that went away.
#[derive(Default)]
struct Leaving {
    is_gone: bool,
}

impl Write for Leaving {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.is_gone, true) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what it is to do.
#[derive(Default)]
struct Kept(Vec<Effect>);

impl Perform for Kept {
    fn perform(&mut self, effect: Effect) {
        self.0.push(effect);
    }
}

#[test]
fn what_was_consented_to_as_the_terminal_went_away_is_begun() {
    on_stopped_time(async {
        let (keys, input) = feed::unbounded();
        let (_inbox, messages) = mpsc::channel(INBOX);
        let mut event_loop = EventLoop {
            app: asked(WIDE, Depth::True, kick()).app,
            screen: Screen::new(Leaving::default(), WIDE),
            input,
            inbox: messages,
            performer: Kept::default(),
            stage: Nobody,
            now: || start() + SignedDuration::from_secs(5),
        };
        keys.unbounded_send(Ok(key('y'))).unwrap();

        let ended = event_loop.run().await;

        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let begun = |effect: &Effect| matches!(effect, Effect::Apply(..));
        assert!(event_loop.performer.0.iter().any(begun));
    });
}

#[test]
fn every_frame_is_whole_for_the_terminal_and_one_write() {
    on_stopped_time(async {
        let rig = rig();
        open(&rig).await;
        rig.keys.unbounded_send(Ok(key('j'))).unwrap();
        pass(50).await;

        for frame in rig.tape.0.borrow().iter() {
            assert!(frame.starts_with(b"\x1b[?2026h") && frame.ends_with(b"\x1b[?2026l"));
        }
    });
}

#[test]
fn a_worker_that_breaks_off_is_told_and_not_waited_for() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (inbox, mut messages) = mpsc::channel(INBOX);
    let broken = || panic!("it is found out how a panic is told");
    let themes = Themes {
        folder: None,
        depth: Depth::True,
    };
    let mut workers = Workers::new(runtime.handle().clone(), inbox, (Arc::new(broken), themes));

    workers.perform(Effect::Open(Reach::Offline));

    let told = runtime.block_on(messages.recv());
    let Some(Msg::Opened(Err(why))) = told else {
        panic!("{told:?}")
    };
    assert!(why.what.contains("a defect of this program"), "{why:?}");
}

#[test]
fn settings_that_others_could_have_written_are_not_taken_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let themes = folder.path().join("themes");
    std::fs::create_dir(&themes).unwrap();
    for (path, text) in [
        (folder.path().join("keys.toml"), "[global]\nx = \"quit\"\n"),
        (themes.join("mine.toml"), "inherits = \"calm-light\"\n"),
    ] {
        std::fs::write(&path, text).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o622);
        std::fs::set_permissions(&path, open).unwrap();
    }
    let wishes = Wishes {
        theme: Some("mine".to_owned()),
        settings: Some(folder.path().to_owned()),
        ..Wishes::default()
    };

    let (looks, _, warnings) = looks(&wishes);

    let pressed = ["x".parse().unwrap()];
    assert_eq!(
        looks.keymap.resolve(&["global"], &pressed),
        Resolution::Unbound
    );
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let says = |warning: &String| warning.contains("can be written by others (mode 622)");
    assert!(warnings.iter().all(says), "{warnings:?}");
}
