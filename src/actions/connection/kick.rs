//! Kick connections: close them now; the clients may come back. Revoking the user is what keeps them out.

use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::closing::written;
use crate::actions::facts::Facts;
use crate::actions::plan::{Plan, Reach, Reference, Step, Target, Warning};
use crate::actions::refs::ConnRef;
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::inventory::connection::{ConnectionKind, ConnectionRow};
use crate::jwt::keys::UserId;
use crate::text::Text;

/// Closes live connections. Servers do not forbid a return.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct KickConnections {
    /// Connections, as server/cid
    #[arg(required = true, value_name = "CONNECTION")]
    pub connections: Vec<ConnRef>,
}

impl Action for KickConnections {
    const SPEC: Spec = Spec {
        id: "connection.kick",
        title: "Kick connection",
        help: "Close this connection now; the client may come back",
        level: Level::Yes,
        direction: Direction::Narrows,
        tier: Tier::Kick,
    };

    fn bind(on: &Selection, standing: &Standing) -> Bound<Self> {
        if standing.tier < Self::SPEC.tier {
            return Bound::No(Self::SPEC.tier.needs().to_owned());
        }
        match on.connections.as_slice() {
            [] => Bound::No("select a connection".to_owned()),
            connections => Bound::Ready(Self {
                connections: connections
                    .iter()
                    .map(|selected| selected.written.clone())
                    .collect(),
            }),
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            connections: self.connections.clone(),
            ..Needs::default()
        }
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let open = facts.connections.as_slice();
        let mut plan = Plan::begin(&Self::SPEC, facts);
        let unheard: Vec<String> = facts.unheard.iter().map(Text::to_string).collect();
        if open.is_empty() {
            return Err(if unheard.is_empty() {
                Refusal::Moot("it is gone already".to_owned())
            } else {
                let why = format!("{} does not say whether it is open", unheard.join(", "));
                Refusal::NotConnected(why.into())
            });
        }
        if open.len() > 1 {
            plan.level = Level::Tail;
            plan.confirm = open.len().to_string();
        }
        let is_own = |row: &ConnectionRow| row.proven_user().map(UserId::key) == facts.me;
        if let Some(me) = facts.me.filter(|_| open.iter().any(is_own)) {
            plan.level = Level::Tail;
            plan.confirm = me.to_string();
            plan.warnings.push(Warning::new(
                "oneself",
                "one of these is this program's own user",
            ));
        }
        if open.len() < self.connections.len() {
            let missing = self.connections.len() - open.len();
            plan.warnings.push(if unheard.is_empty() {
                Warning::new("gone", format!("{missing} of them are gone already"))
            } else {
                let what = format!(
                    "{missing} of them are gone, or on {}, which does not say",
                    unheard.join(", ")
                );
                Warning::new("gone", what)
            });
        }
        plan.targets = open.iter().map(target).collect();
        plan.reach = Reach {
            connections: open.len(),
            leafnodes: open
                .iter()
                .filter(|row| row.kind == ConnectionKind::Leafnode)
                .count(),
            names: open.iter().map(|row| row.name.clone()).collect(),
            ..plan.reach
        };
        plan.summary = match open {
            [one] => format!("kick {} ({})", written(one), one.name),
            several => format!("kick {} connections", several.len()),
        };
        plan.steps = open
            .iter()
            .map(|row| Step::Kick {
                connection: row.id,
                label: written(row),
            })
            .collect();
        plan.command = open
            .iter()
            .fold("nats-oam connection kick".to_owned(), |command, row| {
                format!("{command} {}/{}", row.id.server, row.id.cid)
            });
        Ok(plan)
    }
}

fn target(row: &ConnectionRow) -> Target {
    let account = row.account.as_ref().map(|account| Reference {
        key: account.key.to_string(),
        name: account.name.clone(),
    });
    Target {
        kind: "connection",
        key: written(row),
        name: Some(row.name.clone()),
        account,
    }
}
