//! `user ls|info`.

use super::{NAMES, Seen, answer, counted, fail, item, list as print, look};
use crate::actions::lookup;
use crate::actions::opening::Opened;
use crate::actions::plan::Warning;
use crate::actions::refs::{AccountRef, UserRef};
use crate::actions::survey::{Ask, Wanted, read_page};
use crate::cli::output::Output;
use crate::explain::{Explain, Explanation};
use crate::inventory::user_line::UserLine;
use crate::inventory::user_page::UserPage;

pub(in crate::cli) async fn list(accounts: &[AccountRef], opened: &Opened, output: &Output) -> u8 {
    let seen = match look(opened, &counted(accounts)).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("user.list", &explanation, output),
    };
    let Seen { survey, picture } = seen;
    let is_chosen = |line: &UserLine| survey.accounts.contains(&line.account.key);
    let lines: Vec<UserLine> = picture.users.into_iter().filter(is_chosen).collect();
    let mut answer = answer(&survey, opened);
    let asked = (!accounts.is_empty()).then_some(&survey.accounts);
    let flaws = survey.stock.user_flaws(asked).into_iter();
    answer
        .warnings
        .extend(flaws.map(|flaw| Warning::new("store", flaw.to_string())));
    print("user", &lines, &answer, output)
}

pub(in crate::cli) async fn info(user: &UserRef, opened: &Opened, output: &Output) -> u8 {
    match found(user, opened).await {
        Ok((page, seen)) => {
            let mut answer = answer(&seen.survey, opened);
            if let Some(Err(why)) = &page.effective {
                let what = format!("servers refuse its login: {why}");
                answer.warnings.push(Warning::new("login_refused", what));
            }
            item("user", &page, &answer, output)
        }
        Err(explanation) => fail("user", &explanation, output),
    }
}

async fn found(user: &UserRef, opened: &Opened) -> Result<(UserPage, Seen), Explanation> {
    let user = lookup::read(user).await;
    let user = user.map_err(|refusal| refusal.explain())?;
    let first = look(opened, &NAMES).await?;
    let line = lookup::user(&first.picture, &user);
    let (user, account) = match (line, user.account()) {
        (Ok(line), _) => {
            let account = AccountRef::Key(line.account.key);
            let user = UserRef::In {
                account: account.clone(),
                user: line.id,
            };
            (user, Some(account))
        }
        // Perhaps only a connection shows it.
        (Err(_), named) => (user.clone(), named.cloned()),
    };
    let accounts = account.as_slice();
    let wanted = Wanted {
        accounts,
        copies: if accounts.is_empty() {
            Ask::No
        } else {
            Ask::Yes
        },
        identities: Ask::Yes,
    };
    let seen = look(opened, &wanted).await?;
    let line = lookup::user(&seen.picture, &user).map_err(|refusal| refusal.explain())?;
    let live = seen.survey.told.live.as_ref();
    let open = live.map(|live| live.open.as_slice()).unwrap_or_default();
    let page = read_page(line.clone(), &seen.survey, open, &opened.ports).await;
    Ok((page, seen))
}
