//! `role ls|info`.

use super::{answer, counted, fail, item, list as print, look};
use crate::actions::lookup;
use crate::actions::opening::Opened;
use crate::actions::refs::{AccountRef, RoleRef};
use crate::actions::survey::Wanted;
use crate::cli::output::Output;
use crate::explain::Explain;
use crate::inventory::role_line::RoleLine;

pub(in crate::cli) async fn list(accounts: &[AccountRef], opened: &Opened, output: &Output) -> u8 {
    let seen = match look(opened, &counted(accounts)).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("role.list", &explanation, output),
    };
    let is_chosen = |line: &RoleLine| seen.survey.accounts.contains(&line.account.key);
    let lines: Vec<RoleLine> = seen.picture.roles.into_iter().filter(is_chosen).collect();
    print("role", &lines, &answer(&seen.survey, opened), output)
}

pub(in crate::cli) async fn info(role: &RoleRef, opened: &Opened, output: &Output) -> u8 {
    let wanted: Wanted<'_> = match role {
        RoleRef::Named { account, .. } => counted(std::slice::from_ref(account)),
        RoleRef::Key(_) => counted(&[]),
    };
    let seen = match look(opened, &wanted).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("role", &explanation, output),
    };
    match lookup::role(&seen.picture, role) {
        Ok(line) => item("role", line, &answer(&seen.survey, opened), output),
        Err(refusal) => fail("role", &refusal.explain(), output),
    }
}
