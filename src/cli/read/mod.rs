//! Questions from the command line, a file a noun. Each reads, lists, and says who was silent.

pub(super) mod account;
pub(super) mod audit;
pub(super) mod can;
pub(super) mod connection;
pub(super) mod context;
pub(super) mod diagnose;
pub(super) mod drift;
pub(super) mod expiry;
pub(super) mod identify;
pub(super) mod key;
pub(super) mod operator;
pub(super) mod reach;
pub(super) mod role;
pub(super) mod server;
pub(super) mod status;
pub(super) mod user;
pub(super) mod watch;
pub(super) mod who_can;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::output::{Answer, Asked, Output};
use crate::actions::opening::{Opened, Servers};
use crate::actions::plan::Warning;
use crate::actions::refs::AccountRef;
use crate::actions::survey::{Ask, Survey, Wanted, survey};
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::columns::Row;
use crate::inventory::picture::Picture;
use crate::sys::Census;
use crate::text::Text;

/// What was read for a question, and joined.
struct Seen {
    survey: Survey,
    picture: Picture,
}

/// Reads and joins.
async fn look(opened: &Opened, wanted: &Wanted<'_>) -> Result<Seen, Explanation> {
    let survey = survey(&opened.ports, wanted).await;
    let survey = survey.map_err(|refusal| refusal.explain())?;
    let picture = Picture::of(&survey.told);
    Ok(Seen { survey, picture })
}

/// Names and counts of all accounts: enough to find something by its name.
const NAMES: Wanted<'static> = Wanted {
    accounts: &[],
    copies: Ask::No,
    identities: Ask::No,
};

/// Rows, and the connections that they count.
const fn counted(accounts: &[AccountRef]) -> Wanted<'_> {
    Wanted {
        accounts,
        copies: Ask::No,
        identities: Ask::Yes,
    }
}

/// The envelope's part of what was read.
fn answer(survey: &Survey, opened: &Opened) -> Answer {
    let mut answer = answer_of(survey.census.as_deref(), &survey.silent, opened);
    answer.warnings.extend(survey.warnings.iter().cloned());
    answer
}

/// The same where something else was read than a survey.
fn answer_of(census: Option<&Census>, silent: &BTreeSet<Text>, opened: &Opened) -> Answer {
    let asked = census.map(|census| {
        let expected: Vec<Text> = census.ours().map(|row| row.name.clone()).collect();
        let answers = |name: &&Text| !silent.contains(*name);
        Asked {
            answered: expected.iter().filter(answers).cloned().collect(),
            silent: silent.iter().cloned().collect(),
            expected,
        }
    });
    let mut answer = unasked(opened);
    answer.asked = asked.or(answer.asked);
    answer
}

/// What is to be said where no server was asked: who would have answered, and why nobody was.
fn unasked(opened: &Opened) -> Answer {
    let mut answer = Answer::default();
    if opened.servers == Servers::Unreachable {
        let now = Timestamp::now();
        let roster = opened.ports.record.roster().load(now).unwrap_or_default();
        let names: Vec<Text> = roster.servers().map(|server| server.name.clone()).collect();
        answer.asked = Some(Asked {
            expected: names.clone(),
            answered: Vec::new(),
            silent: names,
        });
        answer.is_cut_off = true;
    }
    if matches!(opened.servers, Servers::Unreachable | Servers::NoWayIn) {
        let problems = opened.problems.iter();
        let problems = problems.filter(|problem| problem.code != Code::Store);
        let warning = |problem: &Explanation| Warning::new("not_connected", problem.what.clone());
        answer.warnings.extend(problems.map(warning));
    }
    answer
}

/// Prints a list, and gives the exit code.
fn list<R: Row + Serialize + Sync>(kind: &str, rows: &[R], answer: &Answer, output: &Output) -> u8 {
    match output.list(kind, rows, answer) {
        Ok(()) => answer.exit(),
        Err(explanation) => fail(&format!("{kind}.list"), &explanation, output),
    }
}

/// Exit code of an answer that is no.
const NO: u8 = 7;

/// Prints a list that is also an answer: no, if a row that was asked for is `bad`. What was found is certain, whoever was silent.
fn verdict<R: Row + Serialize + Sync>(
    kind: &str,
    rows: &[R],
    bad: impl Fn(&R) -> bool,
    answer: &Answer,
    output: &Output,
) -> u8 {
    let printed = list(kind, rows, answer, output);
    let asked_for = output.asked_for(rows).unwrap_or_default();
    let mut asked_for = asked_for.into_iter().filter_map(|at| rows.get(at));
    if matches!(printed, 0 | 5) && asked_for.any(bad) {
        NO
    } else {
        printed
    }
}

/// Prints one thing, and gives the exit code.
fn item(kind: &str, item: &impl Serialize, answer: &Answer, output: &Output) -> u8 {
    output.item(kind, item, answer);
    answer.exit()
}

/// Says why there is no answer, and gives the exit code.
pub(super) fn fail(kind: &str, explanation: &Explanation, output: &Output) -> u8 {
    output.failure(kind, explanation);
    exit_of(explanation)
}

/// The exit code of a question that has no answer.
fn exit_of(explanation: &Explanation) -> u8 {
    match explanation.code {
        Code::Usage => 2,
        Code::NotFound | Code::Ambiguous | Code::Moot | Code::NotPermitted | Code::Record => 3,
        Code::Cancelled => 130,
        _ => 1,
    }
}
