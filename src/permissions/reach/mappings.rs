//! What an account makes of a subject before anybody hears it: its mappings, with their odds.
//!
//! Servers take the first mapping that fits, of a list whose order Go's maps decide anew each time: where two fit, either may
//! be taken. Source: `AddWeightedMappings`, `selectMappedSubject`, `server/accounts.go`.

use std::collections::{BTreeMap, BTreeSet};

use super::call;
use super::flow::{Certainty, Flow};
use super::transform::{self, Piece, Transform, Use};
use crate::jwt::account::{Account, Mapping};
use crate::jwt::subject::SubjectPattern;
use crate::text::Text;

/// A mapping that servers take.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) subject: SubjectPattern,
    /// What it catches; longer tokens that begin with `*` catch any, as `isSubsetMatch` reads them.
    caught: Vec<String>,
    targets: Vec<Target>,
    /// Whether a cluster, a weight or a loss decides between them.
    certainty: Certainty,
}

/// One way on.
#[derive(Clone, Debug)]
struct Target {
    subject: Text,
    transform: Transform,
}

/// A message after the mappings of its account.
pub(super) struct Mapped {
    pub(super) flow: Flow,
    /// The mapping and the target that were taken.
    pub(super) by: Option<(SubjectPattern, Text)>,
}

/// The mappings of an account that servers take.
pub(super) fn of(account: &Account) -> Vec<Source> {
    let sources: Vec<Source> = account
        .mappings
        .iter()
        .filter_map(|(source, targets)| Source::of(source, targets))
        .collect();
    let is_alone = sources.len() == 1;
    sources
        .into_iter()
        .map(|source| source.with_bare_keys(is_alone))
        .collect()
}

/// Whether servers take a mapping: they refuse all of it for one target that cannot be.
pub fn is_taken(source: &Text, targets: &[Mapping]) -> bool {
    Source::of(source, targets).is_some()
}

impl Source {
    fn of(written: &Text, targets: &[Mapping]) -> Option<Self> {
        let subject = SubjectPattern::try_from(written.clone()).ok()?;
        let mut named = BTreeSet::new();
        let mut weights: BTreeMap<&str, u16> = BTreeMap::new();
        let mut ways = Vec::new();
        for target in targets {
            let weight = match target.weight {
                0 => 100,
                weight => u16::from(weight),
            };
            let total = weights.entry(target.cluster.raw()).or_default();
            *total += weight;
            if !named.insert(target.subject.raw()) || *total > 100 {
                return None;
            }
            let transform = Transform::new(written.raw(), target.subject.raw(), Use::Mapping);
            ways.push(Target {
                subject: target.subject.clone(),
                transform: transform.ok()?,
            });
        }
        let has_clusters = weights.keys().any(|cluster| !cluster.is_empty());
        let falls_short = weights.values().any(|total| *total < 100) || !weights.contains_key("");
        if falls_short && !named.contains(written.raw()) {
            ways.push(Target::unmapped(written)?);
        }
        let is_one = ways.len() == 1 && !falls_short && !has_clusters;
        Some(Self {
            caught: caught(&subject),
            subject,
            targets: ways,
            certainty: if is_one || targets.is_empty() {
                Certainty::Always
            } else {
                Certainty::Sometimes
            },
        })
    }

    /// For a literal source servers take the bucket of nothing instead of that of the subject, unless they have looked at another
    /// mapping before.
    fn with_bare_keys(mut self, is_alone: bool) -> Self {
        if !self.subject.is_literal() {
            return self;
        }
        let bare: Vec<Target> = self
            .targets
            .iter()
            .filter_map(Target::with_bare_keys)
            .collect();
        if bare.is_empty() {
            return self;
        }
        if is_alone {
            self.targets
                .retain(|target| target.with_bare_keys().is_none());
        } else {
            self.certainty = Certainty::Sometimes;
        }
        self.targets.extend(bare);
        self
    }

    /// Where a caught message goes.
    fn spread(&self, caught: &Flow) -> impl Iterator<Item = Mapped> {
        self.targets.iter().filter_map(move |target| {
            let mut flow = target.transform.applied(caught.clone())?;
            flow.certainty = flow.certainty.max(self.certainty);
            Some(Mapped {
                flow,
                by: Some((self.subject.clone(), target.subject.clone())),
            })
        })
    }

    fn narrowed(&self, flow: &Flow) -> Option<Flow> {
        flow.narrowed(self.caught.iter().map(String::as_str))
    }
}

impl Target {
    /// What weight is left keeps the subject.
    fn unmapped(source: &Text) -> Option<Self> {
        let target = transform::numbered(source.raw());
        Some(Self {
            transform: Transform::new(source.raw(), &target, Use::Mapping).ok()?,
            subject: source.clone(),
        })
    }

    fn with_bare_keys(&self) -> Option<Self> {
        let Transform::Rewrite { pieces, tail } = &self.transform else {
            return None;
        };
        let of_nothing = |piece: &Piece| match piece {
            Piece::Partition {
                tokens: None,
                buckets,
            } => Piece::Word(call::bucket(&[], *buckets).to_string().into()),
            Piece::Partition { .. }
            | Piece::Word(_)
            | Piece::Token(_)
            | Piece::Cut(..)
            | Piece::Random(_) => piece.clone(),
        };
        let bare: Vec<Piece> = pieces.iter().map(of_nothing).collect();
        (bare != *pieces).then(|| Self {
            subject: self.subject.clone(),
            transform: Transform::Rewrite {
                pieces: bare,
                tail: *tail,
            },
        })
    }
}

fn caught(subject: &SubjectPattern) -> Vec<String> {
    subject
        .tokens()
        .map(|token| if token.starts_with('*') { "*" } else { token }.to_owned())
        .collect()
}

/// Everything that can become of a message in an account with these mappings.
pub(super) fn applied(sources: &[Source], flow: &Flow) -> Vec<Mapped> {
    let mut out = Vec::new();
    let mut rest = flow.clone();
    for (at, source) in sources.iter().enumerate() {
        let Some(caught) = source.narrowed(flow) else {
            continue;
        };
        if caught.certainty == flow.certainty {
            rest.except.extend(caught.published());
        } else {
            rest.certainty = Certainty::Sometimes;
        }
        let rivals = sources.iter().enumerate().filter(|(other, _)| *other != at);
        for mut part in contested(&caught, rivals.map(|(_, rival)| rival)) {
            part.certainty = part.certainty.max(caught.certainty);
            out.extend(source.spread(&part));
        }
    }
    out.push(Mapped {
        flow: rest,
        by: None,
    });
    out.retain(|mapped| mapped.flow.is_live());
    out
}

/// What one mapping caught: the part that is its own, and the parts that others could take as well.
fn contested<'a>(caught: &Flow, rivals: impl Iterator<Item = &'a Source>) -> Vec<Flow> {
    let mut own = caught.clone();
    let mut parts = Vec::new();
    for rival in rivals {
        let Some(mut both) = rival.narrowed(caught) else {
            continue;
        };
        own.except.extend(both.published());
        both.certainty = Certainty::Sometimes;
        parts.push(both);
    }
    parts.push(own);
    parts.retain(Flow::is_live);
    parts
}
