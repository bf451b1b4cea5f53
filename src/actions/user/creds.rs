//! Write the creds of a user: its token and its key in one file. With another end of life the token is signed anew, by the
//! same key and for the same key.

use std::path::PathBuf;

use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::facts::Facts;
use crate::actions::plan::{Plan, Step, WriteOut};
use crate::actions::refs::{UserRef, WhomRef};
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::store::CredsPlace;

/// Writes the creds of a user whose key is in the keyring.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct WriteCreds {
    #[arg(value_name = "USER")]
    pub user: UserRef,
    /// Where they go, instead of the keyring's own place
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
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
        match on.users.as_slice() {
            [user] => Bound::Ready(Self {
                user: user.to_ref(),
                out: None,
            }),
            [] => Bound::No("select a user".to_owned()),
            _ => Bound::No("one user at a time".to_owned()),
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            whom: vec![WhomRef::User(self.user.clone())],
            tokens: true,
            ..Needs::default()
        }
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let user = facts.users.first().ok_or_else(|| Refusal::Unknown {
            what: "user",
            written: self.user.to_string().into(),
        })?;
        let token = user.token.clone().ok_or_else(|| {
            Refusal::Unreadable(format!("no token of {} is in the store", user.shown()).into())
        })?;
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
        let place = self
            .out
            .clone()
            .map_or(CredsPlace::Keyring, CredsPlace::File);
        plan.steps = vec![Step::Deliver(Box::new(WriteOut { token, place }))];
        plan.command = match &self.out {
            Some(out) => format!(
                "nats-oam user creds {}/{} --out {}",
                user.account,
                user.id,
                out.display()
            ),
            None => format!("nats-oam user creds {}/{}", user.account, user.id),
        };
        Ok(plan)
    }
}
