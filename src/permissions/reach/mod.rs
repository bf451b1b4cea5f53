//! Who hears a subject: through exports, imports and mappings, as nats-server 2.15.1 decides it. Not who may: that is asked of a
//! user's rules.
//!
//! ```text
//! ORDERS exports stream orders.>, SHIPPING imports it as ext.>;  SHIPPING maps ext.* to in.*   (which nobody sees: a stream that
//!                                                                comes in is not published there)
//! publish orders.eu in ORDERS  ->  ORDERS orders.eu   via -
//!                                  SHIPPING ext.eu    via export orders.>, import ext.>
//! ```
//!
//! Literal subjects are answered exactly; of patterns it is said which of their subjects take a way. What servers themselves
//! leave open (weights, random tokens, the order in which they loaded accounts) is [`Certainty::Sometimes`].
//!
//! Known limits: what every account imports from the system account (`$SYS.REQ...`, `$JS.API.>`) is not in a token and not here,
//! nor what a leaf node or a gateway carries.

mod activation;
mod call;
mod cover;
mod flow;
mod links;
mod mappings;
mod ring;
#[cfg(test)]
mod tests;
mod transform;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::activation::ActivationFault;
pub use self::cover::{Part, part};
pub use self::flow::Certainty;
use self::flow::Flow;
use self::links::Link;
pub use self::links::{Ignored, Standing};
pub use self::mappings::is_taken;
pub use self::walk::MOST_WAYS;
use self::walk::{Walk, Wanted};
use crate::jwt::account::{Account, EntryKind};
use crate::jwt::keys::AccountId;
use crate::jwt::subject::SubjectPattern;
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// Who may sign for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signers {
    /// Its signing keys and its identity key.
    All,
    /// Its signing keys alone: the operator is strict.
    SigningKeysOnly,
}

/// What imports are judged by, beside the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub signers: Signers,
    pub at: UnixTime,
}

impl Rules {
    fn is_strict(self) -> bool {
        self.signers == Signers::SigningKeysOnly
    }

    fn is_in_time(self, account: &Account) -> bool {
        account.not_before.is_none_or(|begin| begin <= self.at)
            && account.expires_at.is_none_or(|end| self.at < end)
    }
}

/// One thing that a message went through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Step {
    #[serde(rename = "step")]
    pub kind: StepKind,
    /// Whose token says so.
    pub account: AccountId,
    /// The subject of the export, what the import takes, or the source of the mapping.
    #[serde(rename = "subject")]
    pub from: Text,
    /// What it becomes: the local subject of a stream, the exporter's of a service, the target of a mapping.
    pub to: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Export,
    Import,
    Mapping,
}

/// One way from a publisher to an account that hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Who hears it.
    pub account: AccountId,
    /// As what. None is left out; where [`Self::certainty`] is not `Always`, a pattern may hold some that never come.
    pub heard: SubjectPattern,
    /// The published subjects that go this way, but for [`Self::except`].
    pub published: SubjectPattern,
    pub except: Vec<SubjectPattern>,
    pub certainty: Certainty,
    pub via: Vec<Step>,
}

/// The accounts of an operator, as far as they are known, and what joins them.
#[derive(Clone, Debug)]
pub struct Network {
    known: BTreeMap<AccountId, Account>,
    mappings: BTreeMap<AccountId, Vec<mappings::Source>>,
    /// By importer, those that work.
    imports: BTreeMap<AccountId, Vec<Link>>,
    /// By exporter, the streams that work.
    listeners: BTreeMap<AccountId, Vec<Link>>,
    standings: BTreeMap<AccountId, Vec<Standing>>,
}

impl Network {
    pub fn of(accounts: impl IntoIterator<Item = Account>, rules: Rules) -> Self {
        let known: BTreeMap<AccountId, Account> = accounts
            .into_iter()
            .map(|account| (account.id, account))
            .collect();
        let mut network = Self {
            mappings: known
                .iter()
                .map(|(id, account)| (*id, mappings::of(account)))
                .collect(),
            imports: BTreeMap::new(),
            listeners: BTreeMap::new(),
            standings: BTreeMap::new(),
            known,
        };
        let in_time: Vec<&Account> = network
            .known
            .values()
            .filter(|account| rules.is_in_time(account))
            .collect();
        for account in in_time {
            let (links, standings) = read_imports(account, &network.known, rules);
            network.imports.insert(account.id, links);
            network.standings.insert(account.id, standings);
        }
        network.mark_rings();
        for link in network.imports.values().flatten() {
            if link.kind == EntryKind::Stream {
                network
                    .listeners
                    .entry(link.exporter)
                    .or_default()
                    .push(link.clone());
            }
        }
        network
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.known.get(&id)
    }

    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.known.values()
    }

    /// What servers make of the imports of an account, in the order of its token. Empty for an account out of its time.
    pub fn standings(&self, account: AccountId) -> &[Standing] {
        self.standings.get(&account).map_or(&[], Vec::as_slice)
    }

    /// Where a message that a client publishes in an account on one of these subjects is heard.
    pub fn publish(&self, account: AccountId, subjects: &SubjectPattern) -> Vec<Path> {
        let found = Walk::new(self, Wanted::Everybody).published(account, Flow::of(subjects));
        found.into_iter().map(|(_, path)| path).collect()
    }

    /// Where a message that is on one of these subjects in an account, whatever its mappings made it, is heard: there, where its
    /// streams are imported, and by the services that it imports. A subscription hears it if it overlaps [`Path::heard`].
    pub fn subscribers(&self, account: AccountId, subjects: &SubjectPattern) -> Vec<Path> {
        let found = Walk::new(self, Wanted::Everybody).present(account, Flow::of(subjects));
        found.into_iter().map(|(_, path)| path).collect()
    }

    /// From where a publish is heard in an account on one of these subjects: the account of the publisher, and the path, whose
    /// [`Path::published`] are the subjects to publish there and whose [`Path::heard`] is the part of the wanted ones that they become.
    pub fn publishers(
        &self,
        account: AccountId,
        subjects: &SubjectPattern,
    ) -> Vec<(AccountId, Path)> {
        let mut found = Vec::new();
        let Ok(anything) = ">".parse::<SubjectPattern>() else {
            return found;
        };
        for source in self.sources(account) {
            let walk = Walk::new(self, Wanted::Only(account));
            for (flow, path) in walk.published(source, Flow::of(&anything)) {
                let Some(flow) = flow.narrowed(subjects.tokens()).filter(Flow::is_live) else {
                    continue;
                };
                if let (Some(published), Some(heard)) = (flow.published(), flow.heard()) {
                    let certainty = flow.certainty;
                    found.push((
                        source,
                        Path {
                            heard,
                            published,
                            certainty,
                            ..path
                        },
                    ));
                }
            }
        }
        found
    }

    /// The accounts whose messages can come here at all.
    fn sources(&self, account: AccountId) -> BTreeSet<AccountId> {
        let mut found = BTreeSet::from([account]);
        let mut asked = vec![account];
        while let Some(exporter) = asked.pop() {
            for link in self.imports.values().flatten() {
                let calls = link.kind == EntryKind::Service && link.exporter == exporter;
                if calls && found.insert(link.importer) {
                    asked.push(link.importer);
                }
            }
        }
        let streams = self
            .imports_of(account)
            .iter()
            .filter(|link| link.kind == EntryKind::Stream);
        found.extend(streams.map(|link| link.exporter));
        found
    }

    fn mappings_of(&self, account: AccountId) -> &[mappings::Source] {
        self.mappings.get(&account).map_or(&[], Vec::as_slice)
    }

    fn imports_of(&self, account: AccountId) -> &[Link] {
        self.imports.get(&account).map_or(&[], Vec::as_slice)
    }

    fn listeners_of(&self, account: AccountId) -> &[Link] {
        self.listeners.get(&account).map_or(&[], Vec::as_slice)
    }

    fn mark_rings(&mut self) {
        let contested: Vec<(AccountId, usize)> = self
            .imports
            .values()
            .flatten()
            .filter(|link| ring::is_closed_by(link, &self.imports, &self.known))
            .map(|link| (link.importer, link.place))
            .collect();
        for (importer, place) in contested {
            let links = self.imports.get_mut(&importer).into_iter().flatten();
            for link in links.filter(|link| link.place == place) {
                link.is_contested = true;
            }
            let standings = self.standings.get_mut(&importer);
            if let Some(standing) = standings.and_then(|all| all.get_mut(place))
                && let Standing::InForce { until } = *standing
            {
                *standing = Standing::Contested { until };
            }
        }
    }
}

/// The imports of an account that work by themselves, and what becomes of each.
fn read_imports(
    account: &Account,
    known: &BTreeMap<AccountId, Account>,
    rules: Rules,
) -> (Vec<Link>, Vec<Standing>) {
    let mut links: Vec<Link> = Vec::new();
    let mut standings = Vec::new();
    for (place, import) in account.imports.iter().enumerate() {
        let read = links::read(account.id, place, import, known, rules);
        standings.push(match read {
            Err(standing) => standing,
            Ok(link) if links.iter().any(|before| before.is_taken_by(&link)) => {
                Standing::Ignored(Ignored::Duplicate)
            }
            Ok(link) => {
                let until = link.until;
                links.push(link);
                Standing::InForce { until }
            }
        });
    }
    (links, standings)
}
