//! Write the creds of a user: its token and its key in one file. With another end of life the token is signed anew, by the
//! same key and for the same key; the store keeps its own.

use std::path::PathBuf;

use super::inherit::{self, Heir};
use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::facts::{Facts, KnownUser};
use crate::actions::plan::{Issue, Plan, Step, WriteOut};
use crate::actions::refs::UserRef;
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::actions::when::Expiry;
use crate::store::CredsPlace;

/// Writes the creds of a user whose key is in the keyring.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct WriteCreds {
    #[arg(value_name = "USER")]
    pub user: UserRef,
    /// Where they go, instead of the keyring's own place
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A duration, or never: a token of its own with this end, instead of the store's
    #[arg(long, value_name = "D|never")]
    pub expires: Option<Expiry>,
}

impl Action for WriteCreds {
    const SPEC: Spec = Spec {
        id: "user.creds",
        title: "Write creds",
        help: "Write the creds file of a user",
        level: Level::Yes,
        direction: Direction::Widens,
        tier: Tier::Offline,
    };

    fn bind(on: &Selection, _: &Standing) -> Bound<Self> {
        inherit::asked_of_one(on)
    }

    fn needs(&self) -> Needs {
        inherit::needs(&self.user)
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let heir = Heir::of(facts, &self.user)?;
        let user = heir.user;
        if !facts.held.contains(&user.id.key()) {
            return Err(Refusal::NoSigner {
                key: user.id.key(),
                role: format!("the key of {}", user.shown()),
            });
        }
        let mut plan = Plan::begin(&Self::SPEC, facts);
        plan.targets = vec![facts.user_target(user)];
        plan.confirm_users(facts);
        plan.level = Self::SPEC.level;
        plan.reach.users = 1;
        plan.summary = format!("write the creds of {}", user.shown());
        let step = match self.expires {
            Some(expires) => self.signed_anew(&heir, expires, facts, &mut plan)?,
            None => Step::Deliver(Box::new(WriteOut {
                token: heir.old.clone(),
                place: self.place(),
            })),
        };
        plan.steps = vec![step];
        plan.command = self.command(user);
        Ok(plan)
    }
}

impl WriteCreds {
    /// The same user with another end, in the creds alone.
    fn signed_anew(
        &self,
        heir: &Heir<'_>,
        expires: Expiry,
        facts: &Facts,
        plan: &mut Plan,
    ) -> Result<Step, Refusal> {
        heir.may_keep_key()?;
        let signer = heir.signer(facts)?;
        let expires_at = heir.expires_at(Some(expires), facts.server_time)?;
        heir.warn_of_no_end(expires_at, plan);
        plan.signer = Some(signer);
        Ok(Step::Issue(Box::new(Issue {
            creds: self.place(),
            ..heir.issue(signer, expires_at)
        })))
    }

    fn place(&self) -> CredsPlace {
        self.out
            .clone()
            .map_or(CredsPlace::Keyring, CredsPlace::File)
    }

    fn command(&self, user: &KnownUser) -> String {
        let command = format!("nats-oam user creds {}/{}", user.account, user.id);
        inherit::with_flags(command, self.expires, self.out.as_deref())
    }
}
