//! `account ls|info`.

use super::{Seen, answer, fail, item, list as print, look};
use crate::actions::lookup;
use crate::actions::opening::Opened;
use crate::actions::refs::AccountRef;
use crate::actions::survey::{Ask, Wanted};
use crate::cli::output::Output;
use crate::explain::{Explain, Explanation};
use crate::inventory::account_line::AccountLine;

pub(in crate::cli) async fn list(accounts: &[AccountRef], opened: &Opened, output: &Output) -> u8 {
    let wanted = Wanted {
        accounts,
        copies: Ask::Yes,
        identities: Ask::No,
    };
    let seen = match look(opened, &wanted).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("account.list", &explanation, output),
    };
    let Seen { survey, picture } = seen;
    let is_chosen = |line: &AccountLine| survey.accounts.contains(&line.id);
    let lines: Vec<AccountLine> = picture.accounts.into_iter().filter(is_chosen).collect();
    print("account", &lines, &answer(&survey, opened), output)
}

pub(in crate::cli) async fn info(account: &AccountRef, opened: &Opened, output: &Output) -> u8 {
    let seen = match everything(account, opened).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("account", &explanation, output),
    };
    match lookup::account(&seen.picture, account) {
        Ok(line) => item("account", line, &answer(&seen.survey, opened), output),
        Err(refusal) => fail("account", &refusal.explain(), output),
    }
}

async fn everything(account: &AccountRef, opened: &Opened) -> Result<Seen, Explanation> {
    let wanted = Wanted {
        accounts: std::slice::from_ref(account),
        copies: Ask::Yes,
        identities: Ask::Yes,
    };
    look(opened, &wanted).await
}
