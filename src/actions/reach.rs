//! Who hears a subject, and which streams keep it: accounts read from store and servers, links by `permissions::reach`, streams
//! asked of the servers. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::lookup;
use super::ports::Ports;
use super::refs::AccountRef;
use super::refusal::Refusal;
use super::survey::{Ask, Survey, Wanted, survey};
use crate::inventory::connection::Named;
use crate::inventory::picture::Picture;
use crate::inventory::stream::StreamRow;
use crate::inventory::told::Told;
use crate::jwt::keys::AccountId;
use crate::jwt::limits::JetStream;
use crate::jwt::subject::{Subject, SubjectPattern};
use crate::permissions::reach::{
    Certainty, MOST_WAYS, Network, Part, Path, Rules, Signers, Standing, Step, part,
};
use crate::sys::Sys;
use crate::text::Text;

/// Who hears a subject (`reach` in `docs/CLI.md`).
#[derive(Clone, Debug, Serialize)]
pub struct Reach {
    pub account: Named<AccountId>,
    pub subject: SubjectPattern,
    pub deliveries: Vec<Delivery>,
    /// Streams that keep some of it, each under the account that it is in.
    pub captured: Vec<Captured>,
    /// What is not known. Empty: this is all.
    pub incomplete: Vec<Gap>,
}

/// One account that hears it, by one way.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    pub account: Named<AccountId>,
    /// As what it is heard there.
    pub subject: SubjectPattern,
    /// How much of what was asked for takes this way.
    pub effect: Part,
    pub certainty: Certainty,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Subject>,
    pub via: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Captured {
    pub account: Named<AccountId>,
    pub stream: Text,
}

/// Something that would have to be known for a whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    pub what: GapKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Named<AccountId>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// Nobody showed the token of this account; what it imports and exports is not known.
    TokenUnknown,
    /// Not all servers said which streams it has.
    StreamsUnknown,
    /// There are more ways than are followed.
    TooManyWays,
}

impl GapKind {
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TokenUnknown => {
                "nobody showed its token: what it imports and exports is not known"
            }
            Self::StreamsUnknown => "not every server said which streams it has",
            Self::TooManyWays => "there are more ways than are followed",
        }
    }
}

/// The accounts of a survey and what joins them, as servers have it at their time.
pub fn network(told: &Told) -> Network {
    let is_strict = told
        .operator
        .as_ref()
        .is_some_and(|row| row.operator.strict);
    let rules = Rules {
        signers: if is_strict {
            Signers::SigningKeysOnly
        } else {
            Signers::All
        },
        at: told.now,
    };
    let known = told
        .accounts()
        .into_iter()
        .filter_map(|id| told.account(id));
    Network::of(known.map(|row| row.account.clone()), rules)
}

/// Asks who hears what is published in an account on this subject, or on the subjects of this pattern.
pub async fn reach(
    account: &AccountRef,
    subject: &SubjectPattern,
    ports: &Ports,
) -> Result<(Reach, Survey), Refusal> {
    let wanted = Wanted {
        accounts: &[],
        copies: Ask::Yes,
        identities: Ask::No,
    };
    let mut survey = survey(ports, &wanted).await?;
    let picture = Picture::of(&survey.told);
    let publisher = lookup::account(&picture, account)?.id;
    let network = network(&survey.told);
    let paths = network.publish(publisher, subject);
    let mut incomplete = unknown(&network, &survey.told);
    if paths.len() >= MOST_WAYS {
        incomplete.push(Gap {
            what: GapKind::TooManyWays,
            account: None,
        });
    }
    let captured = captured(
        &paths,
        &network,
        ports.sys.as_deref(),
        &mut survey,
        &mut incomplete,
    )
    .await;
    let reach = Reach {
        account: named(publisher, &network),
        subject: subject.clone(),
        deliveries: paths
            .into_iter()
            .map(|path| delivery(path, subject, &network))
            .collect(),
        captured,
        incomplete,
    };
    Ok((reach, survey))
}

fn delivery(path: Path, asked: &SubjectPattern, network: &Network) -> Delivery {
    Delivery {
        account: named(path.account, network),
        effect: part(asked, &[&path]),
        example: (!asked.is_literal()).then(|| path.example()).flatten(),
        subject: path.heard,
        certainty: path.certainty,
        via: path.via,
    }
}

fn named(id: AccountId, network: &Network) -> Named<AccountId> {
    Named {
        key: id,
        name: network.account(id).map(|account| account.name.clone()),
    }
}

/// Accounts that somebody named and whose token nobody showed.
fn unknown(network: &Network, told: &Told) -> Vec<Gap> {
    let imported = network.accounts().flat_map(|account| {
        let standings = network.standings(account.id).iter().zip(&account.imports);
        let unknown = standings.filter(|(standing, _)| **standing == Standing::Unknown);
        unknown.filter_map(|(_, import)| import.exporter())
    });
    let all: BTreeSet<AccountId> = told.accounts().into_iter().chain(imported).collect();
    all.into_iter()
        .filter(|id| network.account(*id).is_none())
        .map(|id| Gap {
            what: GapKind::TokenUnknown,
            account: Some(Named::unnamed(id)),
        })
        .collect()
}

/// The streams that keep what these accounts hear. Without servers nobody knows of any.
async fn captured(
    paths: &[Path],
    network: &Network,
    sys: Option<&dyn Sys>,
    survey: &mut Survey,
    incomplete: &mut Vec<Gap>,
) -> Vec<Captured> {
    let mut heard: BTreeMap<AccountId, Vec<&SubjectPattern>> = BTreeMap::new();
    for path in paths {
        heard.entry(path.account).or_default().push(&path.heard);
    }
    let mut found = BTreeSet::new();
    for (account, subjects) in heard {
        let (streams, is_whole) = streams_of(account, sys, survey).await;
        if !is_whole {
            incomplete.push(Gap {
                what: GapKind::StreamsUnknown,
                account: Some(named(account, network)),
            });
        }
        let keeping = subjects
            .iter()
            .flat_map(|heard| StreamRow::keeping(&streams, heard));
        found.extend(keeping.map(|stream| Captured {
            account: named(account, network),
            stream: stream.name.clone(),
        }));
    }
    found.into_iter().collect()
}

/// The streams of an account, each once, and whether that is all of them.
async fn streams_of(
    account: AccountId,
    sys: Option<&dyn Sys>,
    survey: &mut Survey,
) -> (Vec<StreamRow>, bool) {
    let jetstream = survey
        .account(account)
        .map(|account| account.limits.jetstream());
    if jetstream == Some(JetStream::Off) {
        return (Vec::new(), true);
    }
    let Some(sys) = sys else {
        return (Vec::new(), false);
    };
    let Ok(told) = sys.streams(account).await else {
        return (Vec::new(), false);
    };
    survey.silent.extend(told.unheard().cloned());
    let streams: BTreeSet<StreamRow> = told
        .answers()
        .flat_map(|(_, streams)| streams.iter().cloned())
        .collect();
    (
        streams.into_iter().collect(),
        told.unheard().next().is_none(),
    )
}
