//! What is known about the world, for all views. Views read it; only messages change it.

use std::sync::Arc;

use jiff::Timestamp;

use super::live::{Counted, Live};
use super::msg::Link;
use super::seen::{Learned, Reports, Roll, Seen, Trail};
use crate::actions::action::{Access, Standing};
use crate::actions::opening::{How, LoginState};
use crate::actions::ports::Context;
use crate::actions::spec::Tier;
use crate::explain::Explanation;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerState;
use crate::sys::{Census, SysEvent};
use crate::text::Text;
use crate::tui::widgets::counted;

/// The world as far as it is known.
#[derive(Debug)]
pub struct Model {
    pub context: Context,
    pub actor: Text,
    /// The servers that we connect to, for whoever waits.
    pub addresses: Vec<Text>,
    pub world: World,
    pub census: Option<Arc<Census>>,
    /// Why there is no census, or none that is new.
    pub census_problem: Option<Explanation>,
    /// Accounts, users and connections.
    pub seen: Learned<Seen>,
    pub trail: Learned<Trail>,
    /// What differs and what ends; worked out when somebody looks.
    pub reports: Learned<Reports>,
    /// The open connections, as they are now.
    pub live: Live,
    pub link: Option<LinkState>,
    pub standing: Standing,
    /// Until when read-only is lifted; nothing where it never was.
    pub lifted_until: Option<Timestamp>,
}

/// Whether the world is open.
#[derive(Clone, Debug)]
pub enum World {
    Opening {
        since: Timestamp,
    },
    Open(Box<Found>),
    /// Not even the record could be opened: nothing can be done.
    Closed(Explanation),
}

/// What opening found.
#[derive(Clone, Debug)]
pub struct Found {
    pub operator: Option<Text>,
    pub login: LoginState,
    pub tier: Tier,
    pub census: Option<Arc<Census>>,
    /// What could not be opened, and why.
    pub problems: Vec<Explanation>,
}

/// The link to the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    Live,
    Lost { since: Timestamp },
}

impl Model {
    /// Before anything is opened.
    pub fn new(context: Context, actor: Text, addresses: Vec<Text>, now: Timestamp) -> Self {
        let standing = Standing {
            tier: Tier::Offline,
            access: context.access,
        };
        Self {
            context,
            actor,
            addresses,
            world: World::Opening { since: now },
            census: None,
            census_problem: None,
            seen: Learned::default(),
            trail: Learned::default(),
            reports: Learned::default(),
            live: Live::default(),
            link: None,
            standing,
            lifted_until: None,
        }
    }

    pub fn is_opening(&self) -> bool {
        matches!(self.world, World::Opening { .. })
    }

    /// Why the servers cannot be asked, where they cannot.
    pub fn problem(&self) -> Option<&Explanation> {
        match &self.world {
            World::Opening { .. } => None,
            World::Closed(why) => Some(why),
            World::Open(found) => self
                .census_problem
                .as_ref()
                .or_else(|| found.problems.last()),
        }
    }

    /// How we are logged in.
    pub fn login(&self) -> LoginState {
        match &self.world {
            World::Open(found) => found.login.clone(),
            World::Opening { .. } | World::Closed(_) => LoginState {
                how: How::Offline,
                expires_at: None,
                passed_over: Vec::new(),
            },
        }
    }

    /// How many servers did not answer when they were last read; empty where all did.
    pub fn unheard(&self) -> String {
        let silent = self.seen.last.as_ref();
        match silent.map_or(0, |seen| seen.survey.silent.len()) {
            0 => String::new(),
            number => format!("{} silent", counted(number, "server")),
        }
    }

    /// Whether it is read-only until somebody lifts it.
    pub fn is_read_only(&self) -> bool {
        self.standing.access == Access::ReadOnly
    }

    /// Servers of this operator that answered, and those that ought to.
    pub fn answered(&self) -> Option<(usize, usize)> {
        let census = self.census.as_ref()?;
        let up = census
            .ours()
            .filter(|server| server.state == ServerState::Up)
            .count();
        Some((up, census.ours().count()))
    }

    pub(super) fn opened(&mut self, opened: Result<Box<Found>, Explanation>) {
        self.census_problem = None;
        match opened {
            Ok(found) => {
                self.standing.tier = found.tier;
                self.census.clone_from(&found.census);
                self.link = found.census.is_some().then_some(LinkState::Live);
                self.world = World::Open(found);
            }
            Err(why) => {
                self.link = None;
                self.world = World::Closed(why);
            }
        }
    }

    /// Everything was read, or why not.
    pub(super) fn saw(&mut self, seen: Result<Arc<Seen>, Explanation>) {
        if let Ok(seen) = &seen {
            let rows = seen.connections.as_ref().map(|rows| rows.to_vec());
            self.live.take(rows, seen.begun);
        }
        self.seen.take(seen);
    }

    /// The open connections were read, or are not followed.
    pub(super) fn rolled(&mut self, roll: Result<Box<Roll>, Explanation>) {
        match roll {
            Ok(roll) => self.live.catch_up(roll.rows, roll.begun),
            Err(why) => self.live.failed(why),
        }
    }

    /// Counters were read of connections that are seen.
    pub(super) fn counted(&mut self, counted: &Counted) {
        self.live.counted(counted);
    }

    /// Something happened on the servers.
    pub(super) fn happened(&mut self, batch: Vec<SysEvent>, now: Timestamp) {
        let seen = self.seen.last.as_ref();
        let named = |row: &mut ConnectionRow| {
            if let Some(seen) = seen {
                seen.survey.name_accounts(std::slice::from_mut(row));
            }
        };
        self.live.hear(batch, named, now);
    }

    pub(super) fn heard(&mut self, link: Link, now: Timestamp) {
        self.link = Some(match (link, self.link) {
            (Link::Up, _) => LinkState::Live,
            (Link::Down, Some(LinkState::Lost { since })) => LinkState::Lost { since },
            (Link::Down, Some(LinkState::Live) | None) => LinkState::Lost { since: now },
        });
    }
}
