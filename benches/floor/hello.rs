//! The floor of a console: one line on an empty screen, drawn anew at every key. `q` leaves.

use std::io;

use crossterm::event::{self, Event, KeyCode};

fn main() -> io::Result<()> {
    let mut terminal = ratatui::init();
    for keys in 0_u64.. {
        let words = format!("hello world, {keys} keys");
        terminal.draw(|frame| frame.render_widget(words, frame.area()))?;
        if let Event::Key(key) = event::read()?
            && key.code == KeyCode::Char('q')
        {
            break;
        }
    }
    ratatui::restore();
    Ok(())
}
