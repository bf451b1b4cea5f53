//! `reach`: who hears what is published in an account on a subject, and which streams keep it.
//!
//! ```text
//! orders.eu.created, published in ORDERS, is heard in 3 accounts
//!
//!   ORDERS     orders.eu.created
//!   BILLING    in.orders.eu       export orders.*.created of ORDERS, import in.orders.* of BILLING
//!
//! kept by
//!   ORDERS     TRAIL
//! ```

use clap::Args;

use super::{answer, fail};
use crate::actions::opening::Opened;
use crate::actions::reach::{Delivery, Reach, reach};
use crate::actions::refs::AccountRef;
use crate::cli::output::Output;
use crate::explain::Explain as _;
use crate::inventory::connection::Named;
use crate::jwt::keys::AccountId;
use crate::jwt::subject::SubjectPattern;
use crate::permissions::reach::{Certainty, Part, Step, StepKind};

const KIND: &str = "reach";

/// Who hears a subject?
#[derive(Clone, Debug, Args)]
pub struct AskReach {
    /// Where it is published
    account: AccountRef,
    /// A subject, or a pattern of them
    subject: SubjectPattern,
}

impl AskReach {
    pub(in crate::cli) async fn run(&self, opened: &Opened, output: &Output) -> u8 {
        match reach(&self.account, &self.subject, &opened.ports).await {
            Ok((reach, survey)) => {
                let answer = answer(&survey, opened);
                output.told(KIND, &reach, &answer, &human(&reach));
                answer.exit()
            }
            Err(refusal) => fail(KIND, &refusal.explain(), output),
        }
    }
}

fn human(reach: &Reach) -> String {
    let accounts: std::collections::BTreeSet<AccountId> = reach
        .deliveries
        .iter()
        .map(|delivery| delivery.account.key)
        .collect();
    let count = match accounts.len() {
        0 => "nobody can hear it".to_owned(),
        1 => "it is heard in 1 account".to_owned(),
        count => format!("it is heard in {count} accounts"),
    };
    let published = format!(
        "{}, published in {}: {count}",
        reach.subject,
        name(&reach.account)
    );
    let mut lines = vec![published, String::new()];
    lines.extend(
        reach
            .deliveries
            .iter()
            .map(|delivery| heard(delivery, reach)),
    );
    if !reach.captured.is_empty() {
        lines.extend([String::new(), "kept by".to_owned()]);
    }
    for captured in &reach.captured {
        let account = name(&captured.account);
        lines.push(format!("  {account:<16} {}", captured.stream));
    }
    if !reach.incomplete.is_empty() {
        lines.extend([String::new(), "not known".to_owned()]);
    }
    for gap in &reach.incomplete {
        let whom = gap.account.as_ref().map(name).unwrap_or_default();
        lines.push(format!("  {whom:<16} {}", gap.what.sentence()));
    }
    lines.join("\n")
}

fn heard(delivery: &Delivery, reach: &Reach) -> String {
    let named = |id: AccountId| {
        let all = reach.deliveries.iter().map(|delivery| &delivery.account);
        let known = all
            .chain([&reach.account])
            .find(|account| account.key == id);
        known.map_or_else(|| id.key().short(), name)
    };
    let steps: Vec<String> = delivery.via.iter().map(|step| said(step, &named)).collect();
    let doubt = match (delivery.certainty, delivery.effect) {
        (Certainty::Sometimes, _) => "  (sometimes)".to_owned(),
        (Certainty::Always, Part::Some) => match &delivery.example {
            Some(example) => format!("  (a part: {example})"),
            None => "  (a part)".to_owned(),
        },
        (Certainty::Always, Part::All) => String::new(),
    };
    let shown = delivery.subject.to_string();
    let line = format!(
        "  {:<16} {shown:<32} {}{doubt}",
        name(&delivery.account),
        steps.join(", ")
    );
    line.trim_end().to_owned()
}

fn said(step: &Step, named: &dyn Fn(AccountId) -> String) -> String {
    let account = named(step.account);
    match step.kind {
        StepKind::Export => format!("export {} of {account}", step.from),
        StepKind::Import => format!("import {} -> {} of {account}", step.from, step.to),
        StepKind::Mapping => format!("mapping {} -> {} of {account}", step.from, step.to),
    }
}

fn name(account: &Named<AccountId>) -> String {
    account
        .name
        .as_ref()
        .map_or_else(|| account.key.key().short(), ToString::to_string)
}
