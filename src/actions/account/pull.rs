//! Pull an account: the servers' token into the store, as it is. Nothing is signed, and no server is told anything.

use super::push::{confirm, one_account, target_of, the_account};
use crate::actions::account_steps::TakeOver;
use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::facts::{AccountFacts, Facts, Served};
use crate::actions::plan::{Plan, PlannedChange, Step, Warning};
use crate::actions::refs::AccountRef;
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::jwt::diff::{Difference, between};
use crate::jwt::token::Token;

/// Brings what the servers have of an account into the store.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct PullAccount {
    #[arg(value_name = "ACCOUNT")]
    pub account: AccountRef,
}

impl Action for PullAccount {
    const SPEC: Spec = Spec {
        id: "account.pull",
        title: "Pull account",
        help: "Write the servers' token of an account into the store",
        level: Level::Tail,
        direction: Direction::Neutral,
        tier: Tier::Look,
    };

    fn bind(on: &Selection, standing: &Standing) -> Bound<Self> {
        if standing.tier < Self::SPEC.tier {
            return Bound::No(Self::SPEC.tier.needs().to_owned());
        }
        one_account(on).map_or_else(Bound::No, |account| Bound::Ready(Self { account }))
    }

    fn needs(&self) -> Needs {
        Needs {
            accounts: vec![self.account.clone()],
            ..Needs::default()
        }
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let known = the_account(facts)?;
        let name = &known.account.name;
        if known.served == Served::No {
            let what = format!("no server has {name}, or none that is trusted: nothing is pulled");
            return Err(Refusal::Moot(what));
        }
        let stored = known.stored.as_ref();
        if stored.is_some_and(|stored| stored.revision() == known.base.revision()) {
            let what = format!("the store has the servers' token of {name} already");
            return Err(Refusal::Moot(what));
        }
        let mut plan = Plan::begin(&Self::SPEC, facts);
        plan.targets = vec![target_of(known)];
        plan.summary = match stored {
            Some(_) => format!("pull account {name}: the store gets what the servers have"),
            None => format!("pull account {name}, which the store does not have"),
        };
        plan.command = format!("nats-oam account pull {}", known.account.id);
        tell_changes(&mut plan, known, stored);
        confirm(&mut plan, facts, known);
        plan.steps.push(Step::TakeOver(Box::new(TakeOver {
            account: known.account.id,
            name: name.clone(),
            token: known.base.clone(),
            replaces: stored.cloned(),
        })));
        Ok(plan)
    }
}

/// The diff of the store, and what of its own it loses.
fn tell_changes(plan: &mut Plan, known: &AccountFacts, stored: Option<&Token>) {
    let Some(stored) = stored else {
        plan.changes = vec![PlannedChange {
            path: String::new(),
            op: "add",
            before: None,
            after: Some(known.base.as_read().clone()),
        }];
        return;
    };
    let changes = between(stored, &known.base);
    let lost = changes.iter().filter(|change| change.before.is_some());
    let lost: Vec<String> = lost.map(Difference::pointer).collect();
    if !lost.is_empty() {
        let what = format!(
            "the store's {} says otherwise, and loses it: {}; the record keeps the whole token",
            known.account.name,
            lost.join(", ")
        );
        plan.warnings.push(Warning::new("store_edits_lost", what));
    }
    if changes.iter().any(Difference::lifts) {
        // A revocation that never reached a server is forgotten.
        plan.level = Level::Name;
    }
    plan.changes = changes.into_iter().map(PlannedChange::from).collect();
}
