//! `key ls|info`.

use super::{answer, counted, fail, item, list as print, look};
use crate::actions::lookup;
use crate::actions::opening::Opened;
use crate::actions::refusal::Refusal;
use crate::cli::output::Output;
use crate::explain::Explain;
use crate::inventory::key_line::KeyLine;
use crate::inventory::picture::Picture;

pub(in crate::cli) async fn list(owner: Option<&str>, opened: &Opened, output: &Output) -> u8 {
    let found = |picture: &Picture| match owner {
        Some(owner) => lookup::keys_of(picture, owner),
        None => Ok(picture.keys.clone()),
    };
    let seen = match look(opened, &counted(&[])).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("key.list", &explanation, output),
    };
    let lines: Result<Vec<KeyLine>, Refusal> = found(&seen.picture);
    match lines {
        Ok(lines) => print("key", &lines, &answer(&seen.survey, opened), output),
        Err(refusal) => fail("key.list", &refusal.explain(), output),
    }
}

pub(in crate::cli) async fn info(key: &str, opened: &Opened, output: &Output) -> u8 {
    let seen = match look(opened, &counted(&[])).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("key", &explanation, output),
    };
    match lookup::key(&seen.picture, key) {
        Ok(line) => item("key", line, &answer(&seen.survey, opened), output),
        Err(refusal) => fail("key", &refusal.explain(), output),
    }
}
