//! The console, joined to what the command line says of where to open it. It knows no sandbox.

use nats_oam::actions::opening::Opening;
use nats_oam::cli;
use nats_oam::cli::args::{Color, Global};
use nats_oam::explain::Explanation;
use nats_oam::tui::theme::Depth;
use nats_oam::tui::{self, Ended, Wishes};

use super::process;

/// The console, on a terminal. It has this thread to itself. `placed` may move what is opened.
pub(crate) fn run(
    global: &Global,
    placed: impl Fn(Opening) -> Result<Opening, Explanation> + Send + Sync + Clone + 'static,
) -> u8 {
    if !tui::is_there() {
        return needs_a_terminal("name a command, as in `nats-oam status`");
    }
    let again = {
        let (global, placed) = (global.clone(), placed.clone());
        move || cli::opening(&global).and_then(&placed)
    };
    let opening = match cli::opening(global).and_then(placed) {
        Ok(opening) => opening,
        Err(explanation) => return cli::fail(global, "console", &explanation),
    };
    let wishes = Wishes {
        depth: depth(global.color),
        theme: global.theme.clone(),
        settings: process::folders().map(|folders| folders.config),
    };
    match tui::run(opening, again, &wishes) {
        Ok(Ended::Quit) => 0,
        Ok(Ended::Signal(signal)) => u8::try_from(128 + signal).unwrap_or(1),
        Err(error) => {
            cli::tell(&error.to_string());
            1
        }
    }
}

/// One line with what can be done instead, and the code of a command that was not written as it should be.
pub(crate) fn needs_a_terminal(instead: &str) -> u8 {
    cli::tell(&format!("the console needs a terminal: {instead}"));
    2
}

fn depth(color: Color) -> Option<Depth> {
    match color {
        Color::Auto => None,
        Color::Never => Some(Depth::Mono),
        Color::Ansi16 => Some(Depth::Ansi16),
        Color::Ansi256 => Some(Depth::Ansi256),
        Color::True => Some(Depth::True),
    }
}
