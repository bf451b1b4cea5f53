//! Kick connections: close them now; the clients may come back. Revoking the user is what keeps them out.

use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::closing::written;
use crate::actions::facts::Facts;
use crate::actions::lookup;
use crate::actions::plan::{Plan, Reach, Reference, Step, Target, Warning};
use crate::actions::refs::ConnRef;
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::inventory::connection::{ConnectionKind, ConnectionRow};
use crate::jwt::keys::UserId;

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
        if open.is_empty() {
            return Err(if facts.unheard.is_empty() {
                Refusal::Moot("it is gone already".to_owned())
            } else {
                Refusal::Unheard(facts.unheard.iter().cloned().collect())
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
        plan.warnings.extend(self.missing(facts));
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

impl KickConnections {
    /// What is said of connections that are named and not listed as open: gone only where their server said who is connected.
    fn missing(&self, facts: &Facts) -> Vec<Warning> {
        let census = facts.census.as_deref();
        let is_open = |written: &&ConnRef| {
            let id = lookup::connection(census, written);
            id.is_ok_and(|id| facts.connections.iter().any(|row| row.id == id))
        };
        let missing = self.connections.iter().filter(|written| !is_open(written));
        let (gone, unheard): (Vec<_>, Vec<_>) = missing.partition(|written| {
            let server = lookup::server(census, &written.server);
            server.is_ok_and(|server| !facts.unheard.contains(&server.name))
        });
        let mut warnings = Vec::new();
        if !gone.is_empty() {
            let what = format!("{}: gone already", listed(&gone));
            warnings.push(Warning::new("gone", what));
        }
        if !unheard.is_empty() {
            let what = format!(
                "{}: not closed by this, since the server does not say whether it is open",
                listed(&unheard)
            );
            warnings.push(Warning::new("open_unknown", what));
        }
        warnings
    }
}

fn listed(connections: &[&ConnRef]) -> String {
    let written: Vec<String> = connections.iter().map(ToString::to_string).collect();
    written.join(", ")
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
