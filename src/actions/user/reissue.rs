//! Reissue a user: the same holder gets a new key and token, with the same name, tags, role or permissions.

use std::path::PathBuf;

use super::inherit::{self, Heir};
use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::facts::{Facts, KnownUser};
use crate::actions::plan::{Issue, IssueKey, Plan, Step, StorePlace};
use crate::actions::refs::UserRef;
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::actions::when::Expiry;
use crate::store::CredsPlace;

/// Makes a new key and token for the holder of a user.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ReissueUser {
    #[arg(value_name = "USER")]
    pub user: UserRef,
    /// The same key: refused while a revocation of it stands
    #[arg(long)]
    pub keep_key: bool,
    /// A duration, or never; without it the new token lives as long as the old one did
    #[arg(long, value_name = "D|never")]
    pub expires: Option<Expiry>,
    /// Where the creds go, instead of the keyring
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Action for ReissueUser {
    const SPEC: Spec = Spec {
        id: "user.reissue",
        title: "Reissue user",
        help: "Make a new key and token for the same holder",
        level: Level::Tail,
        direction: Direction::Widens,
        tier: Tier::Issue,
    };

    fn bind(on: &Selection, standing: &Standing) -> Bound<Self> {
        if standing.tier < Self::SPEC.tier {
            return Bound::No(Self::SPEC.tier.needs().to_owned());
        }
        inherit::asked_of_one(on)
    }

    fn needs(&self) -> Needs {
        inherit::needs(&self.user)
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let heir = Heir::of(facts, &self.user)?;
        if self.keep_key {
            heir.may_keep_key()?;
        }
        let signer = heir.signer(facts)?;
        let (user, account) = (heir.user, &heir.account.account);
        let is_revoked = account
            .revocations
            .revoked_at(user.id, user.issued_at)
            .is_some();
        let mut plan = Plan::begin(&Self::SPEC, facts);
        plan.targets = vec![facts.user_target(user)];
        plan.confirm_users(facts);
        if is_revoked && plan.level == Level::Tail {
            plan.level = Level::Yes;
        }
        let expires_at = heir.expires_at(self.expires, facts.server_time)?;
        heir.warn_of_no_end(expires_at, &mut plan);
        plan.signer = Some(signer);
        plan.summary = format!("reissue user {} in {}", user.shown(), account.name);
        plan.reach.users = 1;
        plan.steps = vec![Step::Issue(Box::new(Issue {
            key: if self.keep_key {
                IssueKey::Keep(user.id)
            } else {
                IssueKey::New
            },
            creds: self.place(is_revoked),
            store: if user.stored {
                StorePlace::Replace {
                    base: heir.old.revision(),
                }
            } else {
                StorePlace::Absent
            },
            replaces: Some(user.id),
            ..heir.issue(signer, expires_at)
        }))];
        plan.command = self.command(user);
        Ok(plan)
    }
}

impl ReissueUser {
    /// A working file is not replaced under a running client.
    fn place(&self, is_revoked: bool) -> CredsPlace {
        match &self.out {
            Some(path) => CredsPlace::File(path.clone()),
            None if is_revoked => CredsPlace::Keyring,
            None => CredsPlace::Beside,
        }
    }

    fn command(&self, user: &KnownUser) -> String {
        let mut command = format!("nats-oam user reissue {}/{}", user.account, user.id);
        if self.keep_key {
            command.push_str(" --keep-key");
        }
        inherit::with_flags(command, self.expires, self.out.as_deref())
    }
}
