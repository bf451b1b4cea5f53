//! `operator ls|info`: the operators of the stores folder; without one, whom the servers trust.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{NAMES, answer, fail, item, list as print, look};
use crate::actions::opening::Opened;
use crate::actions::refusal::Refusal;
use crate::cli::output::{Answer, Output};
use crate::explain::{Explain, Explanation};
use crate::inventory::Fact;
use crate::inventory::account::OperatorRow;
use crate::inventory::operator_line::{Chosen, OperatorLine};
use crate::store::paths::{Paths, operators};
use crate::store::{NscStore, Store};
use crate::text::Text;

pub(in crate::cli) async fn list(opened: &Opened, output: &Output) -> u8 {
    match lines(opened).await {
        Ok((lines, answer)) => print("operator", &lines, &answer, output),
        Err(explanation) => fail("operator.list", &explanation, output),
    }
}

pub(in crate::cli) async fn info(name: Option<&str>, opened: &Opened, output: &Output) -> u8 {
    let (lines, answer) = match lines(opened).await {
        Ok(found) => found,
        Err(explanation) => return fail("operator", &explanation, output),
    };
    let is_wanted = |line: &&OperatorLine| match name {
        Some(name) => is_called(line, name),
        None => line.chosen == Chosen::Current,
    };
    if let Some(line) = lines.iter().find(is_wanted) {
        return item("operator", line, &answer, output);
    }
    let refusal = Refusal::Unknown {
        what: "operator",
        written: name.unwrap_or_default().into(),
    };
    fail("operator", &refusal.explain(), output)
}

fn is_called(line: &OperatorLine, written: &str) -> bool {
    let name = Text::from(written);
    let store_name = line.row.as_ref().map(|row| &row.store_name);
    line.name() == Some(&name) || store_name == Some(&name) || line.id.to_string() == written
}

async fn lines(opened: &Opened) -> Result<(Vec<OperatorLine>, Answer), Explanation> {
    let seen = look(opened, &NAMES).await?;
    let current = seen.picture.operator.clone();
    let mut lines: Vec<OperatorLine> = current.into_iter().collect();
    let paths = opened.paths.clone();
    let others = tokio::task::spawn_blocking(move || others(&paths));
    let others = others.await.unwrap_or_default();
    let is_new = |row: &Arc<OperatorRow>| lines.iter().all(|line| line.id != row.operator.id);
    let others: Vec<_> = others.into_iter().filter(is_new).collect();
    let others = others.into_iter();
    lines.extend(others.map(|row| OperatorLine::of_store(row, Chosen::Other)));
    Ok((lines, answer(&seen.survey, opened)))
}

/// Every operator of the stores folder; one that cannot be read is none.
fn others(paths: &Paths) -> Vec<Arc<OperatorRow>> {
    let open = |name: Text| {
        let paths = Paths {
            operator: Some(name),
            ..paths.clone()
        };
        NscStore::open(&paths).ok()
    };
    let stores = operators(&paths.stores).into_iter().filter_map(open);
    stores.filter_map(|store| operator_of(&store)).collect()
}

/// The operator is the first thing that a store tells.
fn operator_of(store: &NscStore) -> Option<Arc<OperatorRow>> {
    let mut found = None;
    store.facts(&mut |facts| {
        for fact in facts {
            if let Fact::Operator(row) = fact {
                found = Some(row);
            }
        }
        if found.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found
}
