//! `drift [ACCOUNT…]`: what store, servers and connections do not have alike, and what mends it.

use super::{answer, fail, look, verdict};
use crate::actions::opening::Opened;
use crate::actions::refs::AccountRef;
use crate::actions::survey::{Ask, Wanted, divergence, not_compared};
use crate::cli::output::{Answer, Output};
use crate::explain::{Explain, Explanation};
use crate::inventory::drift::DriftLine;

pub(in crate::cli) async fn list(accounts: &[AccountRef], opened: &Opened, output: &Output) -> u8 {
    match lines(accounts, opened).await {
        Ok((lines, answer)) => verdict("drift", &lines, DriftLine::differs, &answer, output),
        Err(explanation) => fail("drift.list", &explanation, output),
    }
}

async fn lines(
    accounts: &[AccountRef],
    opened: &Opened,
) -> Result<(Vec<DriftLine>, Answer), Explanation> {
    let wanted = Wanted {
        accounts,
        copies: Ask::Yes,
        identities: Ask::Yes,
    };
    let survey = look(opened, &wanted).await?.survey;
    let open = survey.told.live.as_ref().map(|live| live.open.as_slice());
    let lines = divergence(&survey, open.unwrap_or_default(), &opened.ports).await;
    let lines = lines.map_err(|refusal| refusal.explain())?;
    let mut answer = answer(&survey, opened);
    answer.warnings.extend(not_compared(&survey));
    // Without servers there is nothing to compare with, and nothing is clear.
    answer.is_cut_off |= survey.told.live.is_none();
    Ok((lines, answer))
}
