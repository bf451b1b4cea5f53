//! Why the selected user is refused: asked when somebody wants it, and told in a popup. No login is tried from here.

use jiff::Timestamp;

use super::App;
use super::msg::{Answer, Ask, Effect, Slot};
use super::toast::{Toast, Tone};
use crate::tui::popups::Popup;
use crate::tui::popups::diagnosis::Diagnosing;

impl App {
    /// Asks for the user under the cursor, or of the connection there.
    pub(super) fn explain(&mut self, now: Timestamp) -> Vec<Effect> {
        let selection = self.selection(now).unwrap_or_default();
        let word = match selection.known_users().as_slice() {
            [user] => {
                self.popup = Some(Popup::Diagnosis(Box::new(Diagnosing::reading(now))));
                let (slot, user) = (Slot::Diagnosis, user.to_ref());
                return vec![Effect::Ask(
                    self.jobs.start(slot),
                    slot,
                    Ask::Diagnose(user),
                )];
            }
            [] => "select a user, or a connection whose user is known",
            _ => "one user at a time",
        };
        self.say(Toast::new(Tone::Word, word), now);
        Vec::new()
    }

    /// Whether a sign turns because store and servers are being asked.
    pub(super) fn is_diagnosing(&self) -> bool {
        matches!(&self.popup, Some(Popup::Diagnosis(popup)) if popup.is_reading())
    }

    /// An answer to what no place asked: the palette's names, or a diagnosis. A popup that was closed is told nothing.
    pub(super) fn told_popup(&mut self, slot: Slot, answer: Answer) {
        let Slot::Diagnosis = slot else {
            return self.named(answer);
        };
        let Some(Popup::Diagnosis(popup)) = &mut self.popup else {
            return;
        };
        match answer {
            Answer::Diagnosis(diagnosis) => popup.found(diagnosis),
            Answer::Failed(why) => popup.failed(why),
            Answer::Arranged(_) | Answer::User(_) | Answer::Names(_) | Answer::Nothing => {}
        }
    }
}
