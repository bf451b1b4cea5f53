//! `audit ls|info|verify`. The record is read from local disk; no server is asked for it.

use serde::Serialize;

use super::{fail, item, list as print};
use crate::actions::opening::Opened;
use crate::actions::plan::Warning;
use crate::actions::record_fields::RecordLine;
use crate::actions::recovery::begun;
use crate::actions::refusal::Refusal;
use crate::actions::when::When;
use crate::cli::output::{Answer, Output};
use crate::explain::{Explain, Explanation};
use crate::jwt::keys::PublicKey;
use crate::jwt::operator::Operator;
use crate::ledger::audit::Digest;
use crate::ledger::audit::verification::ChainCheck;
use crate::ledger::{Listing, Query, Record, RecordId, Verification, Warning as Noticed};
use crate::store::Stored;
use crate::text::Text;

/// Which records are wanted, as it was written.
pub(in crate::cli) struct Asked {
    pub(in crate::cli) since: Option<When>,
    pub(in crate::cli) actor: Option<String>,
    pub(in crate::cli) action: Option<String>,
    pub(in crate::cli) target: Option<String>,
}

pub(in crate::cli) async fn list(asked: Asked, opened: &Opened, output: &Output) -> u8 {
    let text = |written: Option<String>| written.map(Text::from);
    let query = Query {
        since: asked.since.map(|since| since.before((opened.ports.now)())),
        actor: text(asked.actor),
        action: text(asked.action),
        target: text(asked.target),
        // Reading stops early only where nothing is left out after it.
        limit: output.limit().filter(|_| output.is_plain_list()),
        ..Query::default()
    };
    let read = opened
        .ports
        .record
        .on_disk(move |ledger| Ok((ledger.records(&query)?, ledger.open_intents()?)));
    match read.await {
        Ok((listing, open)) => {
            let mut answer = answer(&listing);
            answer.warnings.extend(open.iter().map(unfinished));
            let lines = RecordLine::of(listing.records, &open);
            print("audit", &lines, &answer, output)
        }
        Err(error) => fail("audit.list", &error.explain(), output),
    }
}

fn answer(listing: &Listing) -> Answer {
    let mut answer = Answer::default();
    if listing.unreadable > 0 {
        let what = format!(
            "{} lines could not be read as records; see `nats-oam audit verify`",
            listing.unreadable
        );
        answer
            .warnings
            .push(Warning::new("unreadable_records", what));
    }
    answer
}

/// Of an act without a result. What is true of it the servers know, and they are not asked here.
fn unfinished(intent: &Record) -> Warning {
    let what = format!(
        "{}; `nats-oam status` tells what is true of it",
        begun(intent)
    );
    Warning::new("open_intent", what)
}

pub(in crate::cli) async fn info(written: &str, opened: &Opened, output: &Output) -> u8 {
    match found(written, opened).await {
        Ok((record, answer)) => item("audit", &record, &answer, output),
        Err(explanation) => fail("audit", &explanation, output),
    }
}

async fn found(written: &str, opened: &Opened) -> Result<(Record, Answer), Explanation> {
    let unknown = || {
        let what = "record";
        let written = written.into();
        Refusal::Unknown { what, written }.explain()
    };
    let id: RecordId = written.parse().map_err(|_| unknown())?;
    let record = &opened.ports.record;
    let listing = record.on_disk(|ledger| ledger.records(&Query::default()));
    let listing = listing.await.map_err(|error| error.explain())?;
    let answer = answer(&listing);
    let record = listing.records.into_iter().find(|record| record.id == id);
    Ok((record.ok_or_else(unknown)?, answer))
}

#[derive(Serialize)]
struct Checked {
    holds: bool,
    chains: Vec<Chain>,
}

#[derive(Serialize)]
struct Chain {
    writer: PublicKey,
    records: u64,
    head: Option<HeadLine>,
    certified_by: Option<PublicKey>,
    open: Vec<RecordId>,
    faults: Vec<Text>,
}

#[derive(Serialize)]
struct HeadLine {
    id: RecordId,
    hash: Digest,
}

impl From<&ChainCheck> for Chain {
    fn from(chain: &ChainCheck) -> Self {
        Self {
            writer: chain.writer,
            records: chain.records,
            head: chain.head.map(|head| HeadLine {
                id: head.id,
                hash: head.hash,
            }),
            certified_by: chain.certified_by,
            open: chain.open.clone(),
            faults: chain
                .faults
                .iter()
                .map(|fault| fault.to_string().into())
                .collect(),
        }
    }
}

/// Checks every byte of the record: 7 where it is not whole.
pub(in crate::cli) async fn verify(opened: &Opened, output: &Output) -> u8 {
    let record = &opened.ports.record;
    let checked = match record.on_disk(|ledger| ledger.verify()).await {
        Ok(checked) => checked,
        Err(error) => return fail("audit.verify", &error.explain(), output),
    };
    let answer = Answer {
        warnings: warnings(&checked, operator(opened).as_ref()),
        ..Answer::default()
    };
    let holds = checked.holds();
    let chains = checked.chains.iter().map(Chain::from).collect();
    output.item("audit.verify", &Checked { holds, chains }, &answer);
    if holds { 0 } else { 7 }
}

/// What somebody should know of a record that holds. A certificate of a key that is none of the operator's is none.
fn warnings(checked: &Verification, operator: Option<&Operator>) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = checked
        .warnings
        .iter()
        .map(|warning| Warning::new(warning.code(), warning.to_string()))
        .collect();
    for chain in &checked.chains {
        let is_ours = |key: PublicKey| {
            operator.is_none_or(|operator| {
                key == operator.id.key() || operator.signing_keys.contains(&key)
            })
        };
        if chain.certified_by.is_some_and(|key| !is_ours(key)) {
            let writer = chain.writer;
            let stranger = Noticed::Uncertified { writer };
            warnings.push(Warning::new(stranger.code(), stranger.to_string()));
        }
    }
    warnings
}

fn operator(opened: &Opened) -> Option<Operator> {
    let store = opened.ports.store.as_ref()?;
    Operator::of(&store.token(&Stored::Operator).ok()?).ok()
}
