//! The console: what there is and what can be done about it, on one calm surface. It decides nothing about access; `actions`
//! does, the same as for the command line.
//!
//! ```text
//! runtime   terminal, loop, effects           app       state, update, render
//! keymap    which key does what               views     places: servers ..
//! theme     what a meaning looks like         popups    what stands over a place
//!                                             widgets   tables, rules, the frame
//! ```

pub mod app;
pub mod keymap;
pub mod popups;
pub mod runtime;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod views;
pub mod widgets;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::layout::Size;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use self::app::model::Model;
use self::app::msg::Effect;
use self::app::toast::{Toast, Tone};
use self::app::{App, Looks, Running};
use self::keymap::Keymap;
use self::runtime::event_loop::{EventLoop, INBOX, Perform as _, Stage, draw};
use self::runtime::input;
use self::runtime::perform::{Reopen, Workers};
use self::runtime::screen::Screen;
use self::runtime::terminal::{self, Keys, Modes, Mouse};
use self::theme::{DEFAULT, Depth, Themes};
use self::widgets::glyph::Glyphs;
use crate::actions::opening::{Opening, Reach};
use crate::config::{self, Config};
use crate::explain::Explanation;
use crate::system::{self, Stop};
use crate::text::{Text, without_user};

pub use self::runtime::terminal::is_there;

/// How the console should look, where somebody said so.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// `None`: as the environment says.
    pub depth: Option<Depth>,
    /// By flag or environment; else as the settings say.
    pub theme: Option<String>,
    /// The folder of our settings, with `keys.toml` and `themes/`.
    pub settings: Option<PathBuf>,
}

/// Why the console could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
}

/// How the console ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Quit,
    /// Somebody sent this signal.
    Signal(i32),
}

/// Shows the console until somebody leaves it. `reopen` says where the world is, now and whenever it is opened anew.
///
/// The first frame is drawn before anything is opened, and before there are threads to open it. The screen has this thread; all
/// else runs on others.
pub fn run(
    opening: Opening,
    reopen: impl Fn() -> Result<Opening, Explanation> + Send + Sync + 'static,
    wishes: &Wishes,
) -> Result<Ended, TuiError> {
    let (looks, changeable, warnings) = looks(wishes);
    let mut app = App::new(model(&opening), looks, terminal::size()?);
    app.mouse = changeable.mouse;
    if let [first, more @ ..] = warnings.as_slice() {
        let now = Timestamp::now();
        for warning in more {
            app.greet(Toast::new(Tone::Failure, warning.as_str()), now);
        }
        let more = match more.len() {
            0 => String::new(),
            number => format!(" (and {number} more: `:` log)"),
        };
        app.greet(Toast::new(Tone::Failure, format!("{first}{more}")), now);
    }
    let reach = opening.reach;
    drop(opening);
    let modes = Modes::enter(app.mouse)?;
    let mut screen = Screen::new(io::stdout(), app.size);
    draw(&mut app, &mut screen, Timestamp::now())?;
    let workers = Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .build()?;
    let here = Builder::new_current_thread().enable_all().build()?;
    let ended = here.block_on(show(
        app,
        (screen, modes),
        &workers,
        (Arc::new(reopen), reach),
        changeable.themes,
    ));
    workers.shutdown_background();
    Ok(ended?)
}

async fn show(
    app: App,
    (screen, modes): (Screen<io::Stdout>, Modes),
    workers: &Runtime,
    (reopen, reach): (Reopen, Reach),
    themes: Themes,
) -> io::Result<Ended> {
    let (sender, inbox) = mpsc::channel(INBOX);
    let mut performer = Workers::new(workers.handle().clone(), sender, (reopen, themes));
    performer.perform(Effect::Open(reach));
    let mut event_loop = EventLoop {
        app,
        screen,
        input: input::events()?,
        inbox,
        performer,
        stage: modes,
        now: Timestamp::now,
    };
    let told = system::stops(&[Stop::Terminate, Stop::Hangup, Stop::Interrupt, Stop::Quit])?;
    let ended = tokio::select! {
        done = event_loop.run() => done.map_or_else(ended_by, |()| Ok(Ended::Quit)),
        stop = told => Ok(Ended::Signal(stop.number())),
    };
    // Nobody could be asked: the terminal went away, or we were told to stop.
    let is_cut_off = event_loop.app.state == Running::On;
    let EventLoop {
        performer,
        stage,
        mut inbox,
        ..
    } = event_loop;
    drop(stage); // the terminal is given back at once
    inbox.close();
    if is_cut_off {
        performer.end_acts().await;
    }
    ended
}

/// A terminal that went away fails whoever writes to it, often before the signal that says so is heard.
fn ended_by(error: io::Error) -> io::Result<Ended> {
    if system::is_hangup(&error) {
        Ok(Ended::Signal(Stop::Hangup.number()))
    } else {
        Err(error)
    }
}

impl Stage for Modes {
    fn suspend(&mut self) -> io::Result<Size> {
        Self::suspend(self)
    }

    fn mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        self.set_mouse(mouse)
    }

    fn keys(&mut self, keys: Keys) -> io::Result<()> {
        self.set_keys(keys)
    }
}

fn model(opening: &Opening) -> Model {
    let addresses = opening
        .address
        .urls
        .iter()
        .map(|url| shown_address(url))
        .collect();
    Model::new(
        opening.context.clone(),
        opening.actor.name.clone(),
        addresses,
        Timestamp::now(),
    )
}

/// Host and port: a URL may hold a password, which is shown to nobody.
fn shown_address(url: &str) -> Text {
    let url = without_user(url);
    let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    host.split('/').next().unwrap_or(host).into()
}

/// What can be changed while the console is open.
struct Changeable {
    themes: Themes,
    mouse: Mouse,
}

/// Theme, signs and keys, from flags, environment and settings, and what was wrong with them.
fn looks(wishes: &Wishes) -> (Looks, Changeable, Vec<String>) {
    let variable = |name: &str| std::env::var(name).ok();
    let mut warnings = Vec::new();
    let folder = wishes.settings.as_deref();
    let settings = folder
        .map(Config::read)
        .transpose()
        .unwrap_or_else(|error| {
            warnings.push(error.to_string());
            None
        });
    let settings = settings.unwrap_or_default();
    let depth = wishes.depth.unwrap_or_else(|| Depth::of(variable));
    let name = wishes
        .theme
        .clone()
        .or(settings.theme)
        .unwrap_or_else(|| DEFAULT.to_owned());
    let themes = Themes {
        folder: folder.map(|folder| folder.join("themes")),
        depth,
    };
    let (theme, told) = themes.load(&name);
    warnings.extend(told.iter().map(ToString::to_string));
    let keys = folder.map(|folder| config::read_own(&folder.join("keys.toml")));
    let keys = keys.transpose().unwrap_or_else(|error| {
        warnings.push(error.to_string());
        None
    });
    let keys = keys.flatten();
    let (keymap, told) = Keymap::standard().with("keys.toml", keys.as_deref().unwrap_or_default());
    warnings.extend(told.iter().map(ToString::to_string));
    let glyphs = match settings.glyphs {
        Some(config::Glyphs::Unicode) => Glyphs::Unicode,
        Some(config::Glyphs::Ascii) => Glyphs::Ascii,
        None => Glyphs::of(variable),
    };
    let mouse = if settings.mouse == Some(true) {
        Mouse::Ours
    } else {
        Mouse::Terminals
    };
    (
        Looks {
            theme,
            glyphs,
            keymap,
        },
        Changeable { themes, mouse },
        warnings,
    )
}
