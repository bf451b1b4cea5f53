//! Lift revocations: tokens that were dead work again, the leaked one too. The way back from a revocation of the wrong user.

use crate::actions::action::{Action, Bound, Needs, SelectedUser, Selection, Standing};
use crate::actions::facts::{AccountFacts, Facts, KnownUser};
use crate::actions::plan::{Plan, Step, Warning};
use crate::actions::refs::{UserRef, WhomRef};
use crate::actions::refusal::Refusal;
use crate::actions::signing::account_signer;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::jwt::account::Account;
use crate::jwt::edit::Edit;
use crate::jwt::keys::AccountId;

/// Takes revocations of users back.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct LiftRevocations {
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<UserRef>,
}

impl Action for LiftRevocations {
    const SPEC: Spec = Spec {
        id: "user.lift",
        title: "Lift revocation",
        help: "Take a revocation back; what was leaked works again",
        level: Level::Tail,
        direction: Direction::Widens,
        tier: Tier::Change,
    };

    fn bind(on: &Selection, standing: &Standing) -> Bound<Self> {
        if standing.tier < Self::SPEC.tier {
            return Bound::No(Self::SPEC.tier.needs().to_owned());
        }
        let users = on.known_users();
        if users.is_empty() {
            return Bound::No("select a revoked user".to_owned());
        }
        Bound::Ready(Self {
            users: users.into_iter().map(SelectedUser::to_ref).collect(),
        })
    }

    fn needs(&self) -> Needs {
        Needs {
            whom: self.users.iter().cloned().map(WhomRef::User).collect(),
            ..Needs::default()
        }
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let mut plan = Plan::begin(&Self::SPEC, facts);
        for account in facts.accounts.keys() {
            add_account(&mut plan, facts, *account)?;
        }
        if plan.steps.is_empty() {
            return Err(Refusal::Moot("no revocation names these users".to_owned()));
        }
        plan.targets = facts
            .users
            .iter()
            .map(|user| facts.user_target(user))
            .collect();
        plan.confirm_users(facts);
        plan.reach.users = facts.users.len();
        plan.summary = format!("lift the revocation of {}", names(&facts.users));
        plan.undo = Some("user.revoke");
        plan.command = facts
            .users
            .iter()
            .fold("nats-oam user lift".to_owned(), |command, user| {
                format!("{command} {}/{}", user.account, user.id)
            });
        Ok(plan)
    }
}

fn names(users: &[KnownUser]) -> String {
    users
        .iter()
        .map(KnownUser::shown)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether a server's token names a user: also that of one which has not heard of the newest.
fn is_named(known: &AccountFacts, user: &KnownUser) -> bool {
    let mut others = known
        .split
        .iter()
        .filter_map(|(token, _)| Account::of(token).ok());
    let named = |account: &Account| account.revocations.named(user.id).is_some();
    named(&known.account) || others.any(|other| named(&other))
}

fn add_account(plan: &mut Plan, facts: &Facts, account: AccountId) -> Result<(), Refusal> {
    let Some(known) = facts.account(account) else {
        return Ok(());
    };
    let lifted: Vec<&KnownUser> = facts
        .users
        .iter()
        .filter(|user| user.account == account && is_named(known, user))
        .collect();
    if lifted.is_empty() {
        return Ok(());
    }
    let everybody = known.account.revocations.everybody();
    for user in &lifted {
        if let Some(everybody) =
            everybody.filter(|everybody| *everybody >= user.issued_at.unwrap_or_default())
        {
            let what = format!(
                "{} stays out: everybody issued until {everybody} is revoked",
                user.shown()
            );
            plan.warnings.push(Warning::new("still_revoked", what));
        }
    }
    let signer = account_signer(facts, account)?;
    let edits: Vec<Edit> = lifted
        .iter()
        .map(|user| {
            Edit::remove([
                "nats".to_owned(),
                "revocations".to_owned(),
                user.id.to_string(),
            ])
        })
        .collect();
    let keys: Vec<String> = lifted.iter().map(|user| user.id.to_string()).collect();
    let detail = format!("no revocation of {} any more", keys.join(", "));
    plan.sign(known, edits, signer, detail);
    plan.steps.push(Step::Push {
        account,
        name: known.account.name.clone(),
    });
    Ok(())
}
