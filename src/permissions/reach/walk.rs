//! The ways of a message: through the mappings of the account where it is published, to whom that account exports streams, and
//! through its service imports into other accounts, where mappings count again.
//!
//! ```text
//! publish in A -> mappings of A -> heard in A -> stream imports of others       ends there: their exports see none of it
//!                                            \-> service imports of A -> mappings of B -> heard in B -> service imports of B ...
//! ```
//!
//! Source: `processInboundClientMsg`, `processServiceImport`, `processMsgResults`, `server/client.go`.

use super::flow::{Certainty, Flow};
use super::links::Link;
use super::mappings;
use super::{Network, Path, Step, StepKind};
use crate::jwt::account::EntryKind;
use crate::jwt::keys::AccountId;
use crate::jwt::subject::SubjectPattern;

/// Service imports in a row that are followed. Rings end by themselves; this bounds what a hostile web of accounts costs.
const DEPTH: usize = 64;
/// Ways that are followed for one question: more than this are not looked for, and so many paths are not all.
pub const MOST_WAYS: usize = 200_000;

/// Who is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Everybody,
    Only(AccountId),
}

pub(super) struct Walk<'a> {
    network: &'a Network,
    wanted: Wanted,
    found: Vec<(Flow, Path)>,
    ways: usize,
}

/// Where a message is, and how it came.
#[derive(Clone)]
struct Here<'a> {
    account: AccountId,
    flow: Flow,
    via: Vec<Step>,
    /// The exports that it came through: a server does not send a message twice through one.
    through: Vec<(AccountId, &'a SubjectPattern)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(network: &'a Network, wanted: Wanted) -> Self {
        Self {
            network,
            wanted,
            found: Vec::new(),
            ways: 0,
        }
    }

    /// Every way of a message that a client publishes.
    pub(super) fn published(mut self, account: AccountId, flow: Flow) -> Vec<(Flow, Path)> {
        self.mapped(&Here {
            account,
            flow,
            via: Vec::new(),
            through: Vec::new(),
        });
        self.found
    }

    /// Every way of a message that is on this subject there, whoever sent it.
    pub(super) fn present(mut self, account: AccountId, flow: Flow) -> Vec<(Flow, Path)> {
        self.heard(&Here {
            account,
            flow,
            via: Vec::new(),
            through: Vec::new(),
        });
        self.found
    }

    fn mapped(&mut self, here: &Here<'a>) {
        for mapped in mappings::applied(self.network.mappings_of(here.account), &here.flow) {
            let mut next = Here {
                flow: mapped.flow,
                ..here.clone()
            };
            if let Some((source, target)) = mapped.by {
                next.via.push(Step {
                    kind: StepKind::Mapping,
                    account: here.account,
                    from: source.text().clone(),
                    to: target,
                });
            }
            self.heard(&next);
        }
    }

    fn heard(&mut self, here: &Here<'a>) {
        self.ways += 1;
        if self.ways > MOST_WAYS {
            return;
        }
        self.keep(here);
        // What came through a service is not exported again as a stream.
        if here.through.is_empty() {
            let network = self.network;
            for link in network.listeners_of(here.account) {
                self.listened(here, link);
            }
        }
        if here.through.len() < DEPTH {
            let network = self.network;
            for link in network.imports_of(here.account) {
                self.called(here, link);
            }
        }
    }

    /// A stream of this account that another imports.
    fn listened(&mut self, here: &Here<'a>, link: &'a Link) {
        if let Wanted::Only(wanted) = self.wanted
            && wanted != link.importer
        {
            return;
        }
        if let Some(next) = over(here, link, link.importer) {
            self.ways += 1;
            self.keep(&next);
        }
    }

    /// A service of another account that this one imports.
    fn called(&mut self, here: &Here<'a>, link: &'a Link) {
        let export = (link.exporter, &link.export);
        if link.kind != EntryKind::Service || here.through.contains(&export) {
            return;
        }
        if let Some(mut next) = over(here, link, link.exporter) {
            next.through.push(export);
            self.mapped(&next);
        }
    }

    fn keep(&mut self, here: &Here) {
        if let Wanted::Only(wanted) = self.wanted
            && wanted != here.account
        {
            return;
        }
        let (Some(published), Some(heard)) = (here.flow.published(), here.flow.heard()) else {
            return;
        };
        let path = Path {
            account: here.account,
            heard,
            published,
            except: here.flow.except.clone(),
            certainty: here.flow.certainty,
            via: here.via.clone(),
        };
        self.found.push((here.flow.clone(), path));
    }
}

/// What of a message goes over a link, and how it is called there.
fn over<'a>(here: &Here<'a>, link: &Link, to: AccountId) -> Option<Here<'a>> {
    let mut flow = link
        .transform
        .applied(here.flow.narrowed(link.from.tokens())?)?;
    if link.is_contested {
        flow.certainty = Certainty::Sometimes;
    }
    if !flow.is_live() {
        return None;
    }
    let mut via = here.via.clone();
    via.extend(link.steps());
    Some(Here {
        account: to,
        flow,
        via,
        through: here.through.clone(),
    })
}
