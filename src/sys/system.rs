//! The system account of a running deployment: two connections, who we are in it, and who answers.
//!
//! One connection is for a person's acts and short questions, the other for bulk reads and events, so that a kick never
//! waits behind 20,000 connections. The requests themselves live in `accounts`, `connz`, `feed` and `push`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::sync::{broadcast, watch};

use super::census::{Census, Heartbeat, Presence, Round};
use super::connect::{Address, Link, LinkEvent, Login, Ping, lock};
use super::error::SysError;
use super::gather::{Gathered, Patience, Question, collect};
use super::me::Me;
use super::roll_call::RollCall;
use super::subjects;
use super::tally::{Doubts, Expected, Tally, Wanted};
use super::tokens::{Signers, Tokens};
use super::wire::Reply;
use super::wire::server::{UserInfo, Varz};
use crate::inventory::server::{Resolver, ServerLabel};
use crate::jwt::keys::{AccountId, ServerId};
use crate::text::Text;

/// What it takes to reach the servers.
pub struct Setup {
    pub address: Address,
    pub login: Arc<dyn Login>,
    /// Names of servers that were seen before and ought to answer.
    pub roster: Vec<Text>,
    pub signers: Arc<dyn Signers>,
    /// For one question that servers answer at once.
    pub timeout: Duration,
}

/// The servers, through the system account.
pub struct SystemAccount {
    pub(super) acts: Link,
    pub(super) reads: Link,
    pub(super) tokens: Arc<Tokens>,
    /// Accounts that a server has: only of these may connections be asked.
    pub(super) known: Arc<Mutex<HashSet<AccountId>>>,
    pub(super) presence: Arc<Mutex<HashMap<ServerId, Presence>>>,
    me: Me,
    timeout: Duration,
    roster: Mutex<BTreeSet<Text>>,
    doubts: Mutex<Doubts>,
    /// What the texts of update answers told.
    resolvers: Mutex<HashMap<ServerId, Resolver>>,
    census: watch::Sender<Arc<Census>>,
}

impl SystemAccount {
    /// Connects twice, learns who we are, and takes the first census.
    pub async fn connect(setup: Setup) -> Result<Self, SysError> {
        let Setup {
            address,
            login,
            roster,
            signers,
            timeout,
        } = setup;
        let (acts, info, prefix) = open_and_ask(&address, &login, timeout).await?;
        let reads = Link::open(&address, login, &prefix, Ping::Patient).await?;
        acts.takes_along(&reads);
        let (census, _) = watch::channel(Arc::new(Census::before_the_first()));
        let servers = Self {
            acts,
            reads,
            tokens: Arc::new(Tokens::new(signers)),
            known: Arc::default(),
            presence: Arc::default(),
            me: Me::of(info),
            timeout,
            roster: Mutex::new(roster.into_iter().collect()),
            doubts: Mutex::default(),
            resolvers: Mutex::default(),
            census,
        };
        servers.must_be_system().await?;
        Ok(servers)
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) const fn identity(&self) -> &Me {
        &self.me
    }

    pub(super) fn refused(&self) -> Vec<Text> {
        let mut all = self.acts.refused();
        all.extend(self.reads.refused());
        all.sort();
        all.dedup();
        all
    }

    pub(super) fn link_events(&self) -> broadcast::Receiver<LinkEvent> {
        self.acts.events()
    }

    pub(super) fn watch_census(&self) -> watch::Receiver<Arc<Census>> {
        self.census.subscribe()
    }

    pub(super) fn current(&self) -> Arc<Census> {
        Arc::clone(&self.census.borrow())
    }

    pub(super) fn forget_server(&self, name: &Text) {
        lock(&self.roster).remove(name);
    }

    pub(super) fn learn_resolver(&self, server: ServerId, resolver: Resolver) {
        lock(&self.resolvers).insert(server, resolver);
    }

    /// Servers of ours that keep tokens in this way, as far as we know.
    pub(super) fn servers_with(&self, resolver: Resolver) -> usize {
        let census = self.current();
        census.ours().filter(|row| row.resolver == resolver).count()
    }

    /// The first census. To a tenant nobody tells numbers of servers; whoever is told them sees which account is the system's.
    async fn must_be_system(&self) -> Result<(), SysError> {
        let account = self.me.account;
        let census = self.count_servers().await.map_err(|error| match error {
            SysError::NoResponders { .. } => SysError::NotSystem { account },
            error => error,
        })?;
        let told = census.servers.iter().filter_map(|row| row.system_account);
        let told: Vec<AccountId> = told.collect();
        // A leaf that bridges SYS has a system account of its own; one server that has ours is proof.
        if told.is_empty() || told.contains(&account) {
            Ok(())
        } else {
            Err(SysError::NotSystem { account })
        }
    }

    /// Asks all servers how they are, and says who is missing.
    pub(super) async fn count_servers(&self) -> Result<Arc<Census>, SysError> {
        let heartbeats = self.heartbeats().await?;
        let answered = Expected {
            names: heartbeats
                .iter()
                .map(|beat| beat.header.name.clone())
                .collect(),
            doubtful: HashSet::new(),
            foreign: HashSet::new(),
        };
        let mut varz = HashMap::new();
        for said in self.varz(&answered).await?.said {
            if let Ok(answer) = said.answer {
                varz.insert(said.server.id, answer);
            }
        }
        let ours = varz.iter().filter(|(_, varz)| !varz.trust().0.is_empty());
        let ours: Vec<ServerId> = ours.map(|(id, _)| *id).collect();
        let round = Round {
            resolvers: self.resolvers_of(&ours).await?,
            heartbeats,
            varz,
            at: Timestamp::now(),
        };
        let census = self.join(round);
        lock(&self.doubts).clear();
        self.census.send_replace(Arc::clone(&census));
        Ok(census)
    }

    fn join(&self, round: Round) -> Arc<Census> {
        let before = self.current();
        let presence = lock(&self.presence).clone();
        let mut roster = lock(&self.roster);
        let census = round.census(&roster, &presence, &before);
        roster.extend(
            census
                .ours()
                .filter(|row| row.id.is_some())
                .map(|row| row.name.clone()),
        );
        Arc::new(census)
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, SysError> {
        let mut call = RollCall::new(lock(&self.roster).clone(), Timestamp::now());
        let question = Question::new(subjects::PING_STATSZ, "");
        let patience = Patience::UntilQuiet(self.timeout);
        collect(&self.acts, question, patience, |message| {
            call.answer(&message.payload, Timestamp::now())
        })
        .await?;
        Ok(call.into_heartbeats())
    }

    async fn varz(&self, expected: &Expected) -> Result<Gathered<Varz>, SysError> {
        let mut tally = Tally::new(expected);
        let question = Question::new(subjects::PING_VARZ, "");
        collect(
            &self.acts,
            question,
            Patience::UntilQuiet(self.timeout),
            |message| match read_reply(&message.payload) {
                Some((server, answer)) => tally.add(server, answer),
                None => Wanted::More,
            },
        )
        .await?;
        Ok(tally.finish())
    }

    /// Full resolvers answer a LOOKUP, caches do not, MEMORY and URL have none: one of the system account costs nothing.
    async fn resolvers_of(
        &self,
        ours: &[ServerId],
    ) -> Result<HashMap<ServerId, Resolver>, SysError> {
        let mut answers = 0;
        let question = Question::new(subjects::claims_lookup(self.me.account), "");
        let asked = collect(
            &self.acts,
            question,
            Patience::UntilQuiet(self.timeout),
            |_| {
                answers += 1;
                if answers >= ours.len() {
                    Wanted::Enough
                } else {
                    Wanted::More
                }
            },
        );
        let all = match asked.await {
            Ok(_) if answers >= ours.len() => Resolver::Full,
            Ok(_) | Err(SysError::NotPermitted { .. }) => Resolver::Unknown,
            Err(SysError::NoResponders { .. }) => Resolver::MemoryOrUrl,
            Err(error) => return Err(error),
        };
        let told = lock(&self.resolvers);
        let each = ours
            .iter()
            .map(|id| (*id, told.get(id).copied().unwrap_or(all)));
        Ok(each.collect())
    }

    /// Asks all expected servers for one kind of answer.
    pub(super) async fn ask_all<T: DeserializeOwned>(
        &self,
        link: &Link,
        question: Question,
        patience: Patience,
    ) -> Result<Gathered<T>, SysError> {
        self.ask_all_with(link, question, patience, read_reply)
            .await
    }

    /// The same with a reader of one's own.
    pub(super) async fn ask_all_with<T>(
        &self,
        link: &Link,
        question: Question,
        patience: Patience,
        mut read: impl FnMut(&Bytes) -> Option<(ServerLabel, Result<T, Text>)>,
    ) -> Result<Gathered<T>, SysError> {
        let mut expected = self.current().expected();
        expected
            .doubtful
            .extend(lock(&self.doubts).names().cloned());
        let mut tally = Tally::new(&expected);
        let listened = collect(link, question, patience, |message| {
            match read(&message.payload).or_else(|| unreadable(&message.payload)) {
                Some((server, answer)) => tally.add(server, answer),
                None => Wanted::More,
            }
        })
        .await?;
        let gathered = tally.finish();
        lock(&self.doubts).hear(&gathered, listened);
        Ok(gathered)
    }
}

/// The inbox is private unless the user may only listen on the usual one.
async fn open_and_ask(
    address: &Address,
    login: &Arc<dyn Login>,
    timeout: Duration,
) -> Result<(Link, UserInfo, String), SysError> {
    let private = || format!("_OAM.{}", nuid::next());
    let prefix = address.inbox_prefix.clone().unwrap_or_else(private);
    let link = Link::open(address, Arc::clone(login), &prefix, Ping::Quick).await?;
    match who_am_i(&link, timeout).await {
        Err(SysError::NotPermitted { subject })
            if address.inbox_prefix.is_none() && subject.raw().starts_with(&prefix) =>
        {
            let usual = "_INBOX".to_owned();
            let link = Link::open(address, Arc::clone(login), &usual, Ping::Quick).await?;
            let info = who_am_i(&link, timeout).await?;
            Ok((link, info, usual))
        }
        other => other.map(|info| (link, info, prefix)),
    }
}

async fn who_am_i(link: &Link, timeout: Duration) -> Result<UserInfo, SysError> {
    let question = Question::new(subjects::USER_INFO, "");
    ask_one(link, question, Patience::ForAll(timeout), read_reply).await
}

/// Asks one server; what it refuses is an error.
pub(super) async fn ask_one<T>(
    link: &Link,
    question: Question,
    patience: Patience,
    mut read: impl FnMut(&Bytes) -> Option<(ServerLabel, Result<T, Text>)>,
) -> Result<T, SysError> {
    let subject = question.subject.clone();
    let mut answered = None;
    collect(link, question, patience, |message| {
        answered = read(&message.payload).or_else(|| unreadable(&message.payload));
        Wanted::Enough
    })
    .await?;
    let (_, answer) = answered.ok_or_else(|| SysError::NoAnswer {
        subject: subject.into(),
        after: patience.longest(),
    })?;
    answer.map_err(SysError::Refused)
}

fn read_reply<T: DeserializeOwned>(payload: &Bytes) -> Option<(ServerLabel, Result<T, Text>)> {
    let reply: Reply<T> = serde_json::from_slice(payload).ok()?;
    let (header, answer) = reply.into_data();
    Some((header.label(), answer))
}

/// An answer whose envelope is right and whose data are not: the server has answered, but we do not understand it.
fn unreadable<T>(payload: &[u8]) -> Option<(ServerLabel, Result<T, Text>)> {
    let reply: Reply<IgnoredAny> = serde_json::from_slice(payload).ok()?;
    let (header, answer) = reply.into_answer();
    let why = answer
        .err()
        .unwrap_or_else(|| "its answer cannot be read".into());
    Some((header.label(), Err(why)))
}
