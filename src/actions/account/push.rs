//! Push an account: the store's token to every server, as it is where that can win; proven on each.
//!
//! Servers keep whatever they are told, also an older token. A resolver that was away takes the youngest of its peers, so a
//! token that is no younger than what is out there is pushed under a new signature: as it is, it would not last.

use std::collections::BTreeMap;

use crate::actions::account_steps::{SignAccount, Signing};
use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::closing::written;
use crate::actions::facts::{AccountFacts, Facts, Served, is_kept_out};
use crate::actions::plan::{Plan, PlannedChange, Step, Target, Warning};
use crate::actions::refs::AccountRef;
use crate::actions::refusal::Refusal;
use crate::actions::signing::{account_signer, enforceable};
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::inventory::connection::{ConnectionKind, ConnectionRow};
use crate::inventory::fix::Revocations;
use crate::jwt::account::Account;
use crate::jwt::diff::{Difference, between};
use crate::jwt::edit::{Edit, Value};
use crate::jwt::json::Node;
use crate::jwt::keys::AccountId;
use crate::jwt::limits::Limit;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::text::Text;

/// Users or connections that are named one by one.
const NAMED: usize = 8;

/// Brings the store's token of an account into force.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct PushAccount {
    #[arg(value_name = "ACCOUNT")]
    pub account: AccountRef,
    /// What the servers revoked and the store did not stays revoked: a token of both is signed
    #[arg(long)]
    pub keep_revocations: bool,
}

impl Action for PushAccount {
    const SPEC: Spec = Spec {
        id: "account.push",
        title: "Push account",
        help: "Bring the store's token of an account into force on every server",
        level: Level::Tail,
        direction: Direction::Neutral,
        tier: Tier::Change,
    };

    fn bind(on: &Selection, standing: &Standing) -> Bound<Self> {
        if standing.tier < Self::SPEC.tier {
            return Bound::No(Self::SPEC.tier.needs().to_owned());
        }
        one_account(on).map_or_else(Bound::No, |account| {
            Bound::Ready(Self {
                account,
                keep_revocations: on.revocations == Revocations::OfBoth,
            })
        })
    }

    fn needs(&self) -> Needs {
        Needs {
            accounts: vec![self.account.clone()],
            open: true,
            ..Needs::default()
        }
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let known = the_account(facts)?;
        let stored = stored_of(known)?;
        let missing = missing_revocations(known, stored);
        let (kept, lost) = if self.keep_revocations {
            (missing, Vec::new())
        } else {
            (Vec::new(), missing)
        };
        if kept.is_empty() && is_everywhere(facts, known, stored) {
            return Err(Refusal::Moot(format!(
                "every server has the store's token of {} already",
                known.account.name
            )));
        }
        let mut plan = Plan::begin(&Self::SPEC, facts);
        let signing = signing(facts, known, stored, &kept)?;
        let pushed = Account::of(stored);
        let pushed = pushed.map_err(|error| Refusal::Unreadable(error.to_string().into()))?;
        self.describe(&mut plan, known, &signing);
        tell_changes(&mut plan, known, stored, &kept);
        tell_lost(&mut plan, &known.account.name, &lost);
        let victims = victims(facts, known, &pushed);
        tell_reach(&mut plan, &victims);
        confirm(&mut plan, facts, known);
        let name = known.account.name.clone();
        let account = known.account.id;
        plan.steps.push(Step::Sign(Box::new(SignAccount {
            account,
            name: name.clone(),
            base: known.base.clone(),
            edits: kept,
            detail: detail_of(&signing),
            signing,
        })));
        plan.steps
            .push(push(plan.direction, account, name, &victims, &pushed));
        Ok(plan)
    }
}

impl PushAccount {
    fn describe(&self, plan: &mut Plan, known: &AccountFacts, signing: &Signing) {
        let (account, name) = (known.account.id, &known.account.name);
        plan.targets = vec![target_of(known)];
        plan.summary = match known.served {
            Served::No => format!("push account {name}, which no server has"),
            Served::Yes { .. } => format!("push account {name} as the store has it"),
        };
        plan.command = format!("nats-oam account push {account}");
        if self.keep_revocations {
            plan.command.push_str(" --keep-revocations");
        }
        if let Signing::Anew { signer, .. } = signing {
            plan.signer = Some(*signer);
            let what = format!(
                "servers have a token of {name} that is no older than the store's: it is signed anew, and the store gets what is pushed"
            );
            plan.warnings.push(Warning::new("signed_anew", what));
        }
    }
}

/// As it is, if it is younger than all that is out there and nothing is to be added.
fn signing(
    facts: &Facts,
    known: &AccountFacts,
    stored: &Token,
    kept: &[Edit],
) -> Result<Signing, Refusal> {
    let wins = stored.envelope().issued_at > youngest_other(known, stored);
    if facts.asked_signer.is_none() {
        enforceable(facts, stored)?;
    }
    if kept.is_empty() && wins && facts.asked_signer.is_none() {
        // Without a key another admin's push at this moment is told, and not joined.
        let key = account_signer(facts, known.account.id).ok();
        return Ok(Signing::Given {
            token: Box::new(stored.clone()),
            key: key.map(|signer| signer.key),
        });
    }
    Ok(Signing::Anew {
        source: Box::new(stored.clone()),
        signer: account_signer(facts, known.account.id)?,
    })
}

/// The one account that is selected.
pub(super) fn one_account(on: &Selection) -> Result<AccountRef, String> {
    match on.accounts.as_slice() {
        [account] => Ok(AccountRef::Key(*account)),
        [] => Err("select an account".to_owned()),
        _ => Err("select one account".to_owned()),
    }
}

/// The account in question, of which servers have to be asked.
pub(super) fn the_account(facts: &Facts) -> Result<&AccountFacts, Refusal> {
    if facts.census.is_none() {
        return Err(Refusal::NotConnected("offline".into()));
    }
    let known = facts.accounts.values().next();
    known.ok_or_else(|| Refusal::Unknown {
        what: "account",
        written: "".into(),
    })
}

pub(super) fn target_of(known: &AccountFacts) -> Target {
    Target {
        kind: "account",
        key: known.account.id.to_string(),
        name: Some(known.account.name.clone()),
        account: None,
    }
}

/// What takes an account's name or the tail of its key; the system account, always its name.
pub(super) fn confirm(plan: &mut Plan, facts: &Facts, known: &AccountFacts) {
    let operator = facts.operator.as_ref();
    if operator.and_then(|operator| operator.system_account) == Some(known.account.id) {
        plan.level = Level::Name;
    }
    plan.confirm = match plan.level {
        Level::Name => known.account.name.to_string(),
        Level::Free | Level::Yes | Level::Tail => known.account.id.key().tail(),
    };
}

fn stored_of(known: &AccountFacts) -> Result<&Token, Refusal> {
    known.stored.as_ref().ok_or_else(|| {
        Refusal::Moot(format!(
            "the store does not have {}: there is nothing to push",
            known.account.name
        ))
    })
}

/// Whether no server that answered has anything else, and each resolver has it.
fn is_everywhere(facts: &Facts, known: &AccountFacts, stored: &Token) -> bool {
    let agreed = known.split.is_empty() && known.foreign.is_empty();
    known.served == Served::Yes { lacking: 0 }
        && agreed
        && facts.asked_signer.is_none()
        && known.base.revision() == stored.revision()
}

/// All that servers have of an account, trusted or not.
fn all_served(known: &AccountFacts) -> impl Iterator<Item = &Token> {
    let base = match known.served {
        Served::Yes { .. } => Some(&known.base),
        Served::No => None,
    };
    let split = known.split.iter().map(|(token, _)| token);
    base.into_iter().chain(split)
}

/// When the youngest token was issued that servers have and the store has not.
fn youngest_other(known: &AccountFacts, stored: &Token) -> Option<UnixTime> {
    let served = all_served(known).chain(&known.foreign);
    let others = served.filter(|token| token.revision() != stored.revision());
    others.filter_map(|token| token.envelope().issued_at).max()
}

/// The revocations that servers have and the store lacks, or has up to an earlier time.
fn missing_revocations(known: &AccountFacts, stored: &Token) -> Vec<Edit> {
    let mut newest: BTreeMap<String, i64> = BTreeMap::new();
    for token in all_served(known) {
        for lost in between(token, stored)
            .iter()
            .filter(|change| change.lifts())
        {
            let at = lost.before.as_ref().and_then(Node::as_i64);
            if let (Some(user), Some(at)) = (lost.revoked(), at) {
                let newest = newest.entry(user.to_owned()).or_insert(at);
                *newest = at.max(*newest);
            }
        }
    }
    let entry = |(user, at): (String, i64)| {
        Edit::set(
            ["nats", "revocations", user.as_str()],
            Value::Given(Node::from(at)),
        )
    };
    newest.into_iter().map(entry).collect()
}

fn detail_of(signing: &Signing) -> String {
    match signing {
        Signing::Given { token, .. } => {
            format!("the store's token, signed by {}", token.envelope().issuer)
        }
        Signing::Anew { .. } | Signing::Edited(_) => {
            "what the store's token says, under a new signature".to_owned()
        }
    }
}

/// The diff against what is in force, and what would be lost by it.
fn tell_changes(plan: &mut Plan, known: &AccountFacts, stored: &Token, kept: &[Edit]) {
    let name = &known.account.name;
    let is_kept = |change: &Difference| {
        let path = change.path.as_slice();
        kept.iter().any(|edit| edit.path == path)
    };
    let mut changes: Vec<Difference> = match known.served {
        Served::Yes { .. } => between(&known.base, stored),
        Served::No => Vec::new(),
    };
    changes.retain(|change| !is_kept(change));
    plan.direction = if !changes.is_empty() && changes.iter().all(Difference::only_revokes) {
        Direction::Narrows
    } else {
        Direction::Neutral
    };
    if plan.direction == Direction::Narrows {
        plan.undo = Some("user.lift");
    }
    plan.warnings.extend(ended(name, stored));
    plan.changes = match known.served {
        Served::Yes { .. } => changes.into_iter().map(PlannedChange::from).collect(),
        Served::No => vec![PlannedChange {
            path: String::new(),
            op: "add",
            before: None,
            after: Some(stored.as_read().clone()),
        }],
    };
}

/// Revocations that would be lost, whichever server has them: whoever holds those tokens gets in again.
fn tell_lost(plan: &mut Plan, name: &Text, lost: &[Edit]) {
    if lost.is_empty() {
        return;
    }
    plan.level = Level::Name;
    plan.direction = Direction::Widens;
    plan.undo = None;
    let users = lost.iter().filter_map(|edit| edit.path.last());
    let named: Vec<&str> = users.map(String::as_str).take(NAMED).collect();
    let what = format!(
        "{} revocations that servers have are not in the store's {name}, and would be lost: whoever holds those tokens gets in again: {}; --keep-revocations keeps them",
        lost.len(),
        named.join(", ")
    );
    plan.warnings.push(Warning::new("revocation_lost", what));
}

fn ended(name: &Text, stored: &Token) -> Option<Warning> {
    let end = stored.envelope().expires_at?;
    let what = format!(
        "the store's token of {name} ends at {end}: resolvers drop it then, and its users are refused"
    );
    Some(Warning::new("expires", what))
}

/// Open connections that servers close when they take the token.
fn victims<'a>(facts: &'a Facts, known: &AccountFacts, pushed: &Account) -> Vec<&'a ConnectionRow> {
    let is_in =
        |row: &ConnectionRow| row.account.as_ref().map(|account| account.key) == Some(pushed.id);
    let open = facts.open.iter();
    open.filter(|row| is_in(row) && is_closed(row, &known.account, pushed))
        .collect()
}

fn tell_reach(plan: &mut Plan, victims: &[&ConnectionRow]) {
    let reach = &mut plan.reach;
    reach.connections = victims.len();
    let leafnodes = victims
        .iter()
        .filter(|row| row.kind == ConnectionKind::Leafnode);
    reach.leafnodes = leafnodes.count();
    for user in victims
        .iter()
        .filter_map(|row| row.holder.as_ref()?.user.as_ref())
    {
        let key = || user.key.to_string().into();
        let name = user.name.clone().unwrap_or_else(key);
        if !reach.names.contains(&name) {
            reach.names.push(name);
        }
    }
    reach.users = reach.names.len();
}

/// A push that only revokes kicks beside it whom it keeps out, and proves that they are: a kick closes at once, the walk of a
/// server through a large account does not.
fn push(
    direction: Direction,
    account: AccountId,
    name: Text,
    victims: &[&ConnectionRow],
    pushed: &Account,
) -> Step {
    if direction != Direction::Narrows {
        return Step::Push { account, name };
    }
    let out: Vec<&ConnectionRow> = victims
        .iter()
        .copied()
        .filter(|row| is_kept_out(pushed, row))
        .collect();
    let detail = match out.as_slice() {
        [] => "push to every server".to_owned(),
        out => {
            let named = out.iter().take(NAMED).map(|row| written(row));
            let named = named.collect::<Vec<_>>().join(" ");
            format!(
                "push to every server, kick {} connections: {named}",
                out.len()
            )
        }
    };
    Step::Contain {
        account,
        name,
        kicks: out.iter().map(|row| row.id).collect(),
        detail,
    }
}

/// Whether servers close a connection when they take a token: its user is revoked, its signer gone or its role another, or the
/// account disabled (`nats-control-plane` section 8).
fn is_closed(row: &ConnectionRow, before: &Account, after: &Account) -> bool {
    let signer = row
        .holder
        .as_ref()
        .and_then(|holder| holder.signer.as_ref());
    let signer_differs = signer.is_some_and(|signer| {
        let key = signer.key;
        after.signer_kind(key) != before.signer_kind(key) || after.role(key) != before.role(key)
    });
    after.limits.connections == Limit::NONE || is_kept_out(after, row) || signer_differs
}
