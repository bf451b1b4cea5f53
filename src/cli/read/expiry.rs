//! `expiry ls`: what stops working, the first outage first.

use super::{answer, counted, fail, look, verdict};
use crate::actions::opening::Opened;
use crate::actions::survey::{USUAL_WINDOW, calendar};
use crate::actions::when::Lifetime;
use crate::cli::output::{Answer, Output};
use crate::explain::{Explain, Explanation};
use crate::inventory::expiry::{ExpiryLine, ExpiryState};

pub(in crate::cli) async fn list(within: Option<Lifetime>, opened: &Opened, output: &Output) -> u8 {
    match lines(within, opened).await {
        Ok((lines, answer)) => {
            let ends = |line: &ExpiryLine| line.state != ExpiryState::Later;
            verdict("expiry", &lines, ends, &answer, output)
        }
        Err(explanation) => fail("expiry.list", &explanation, output),
    }
}

/// All that ends; of a window that was asked for, only what ends in it.
async fn lines(
    within: Option<Lifetime>,
    opened: &Opened,
) -> Result<(Vec<ExpiryLine>, Answer), Explanation> {
    let seen = look(opened, &counted(&[])).await?;
    let window = within.map_or(USUAL_WINDOW, |Lifetime(window)| window);
    let (told, picture) = (&seen.survey.told, &seen.picture);
    let us = (&opened.ports, &opened.login);
    let lines = calendar(told, &picture.accounts, &picture.users, us, window).await;
    let mut lines = lines.map_err(|refusal| refusal.explain())?;
    if within.is_some() {
        lines.retain(|line| line.state != ExpiryState::Later);
    }
    Ok((lines, answer(&seen.survey, opened)))
}
