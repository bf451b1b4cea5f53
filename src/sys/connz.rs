//! Connections as servers list them: whose they are only for accounts and connections that were named.
//!
//! A question with auth for everybody costs a server 2.3 s of work at 20,000 connections and blocks its other answers, so
//! [`ConnQuery`] cannot say it. Answers are pages by offset into a list that changes; pages overlap, so that none is lost.

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt as _, stream};

use super::error::SysError;
use super::gather::{Gathered, Patience, Question, Said};
use super::rows::{Interner, Rows};
use super::subjects;
use super::system::SystemAccount;
use super::tokens::Tokens;
use super::wire::connz::{Body, Connz, PAGE};
use super::wire::{Header, Reply};
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::{Release, ServerLabel, ServerRow};
use crate::jwt::keys::{AccountId, ConnId, ServerId, UserId};
use crate::text::Text;

/// Connections asked one by one at the same time.
const WINDOW: usize = 64;

/// How far a page reaches back into the one before: so many connections may leave between two pages.
const OVERLAP: usize = 1_024;

/// What can be asked about connections. There is no way to write the forbidden question: auth for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnQuery {
    /// Open ones of all accounts: addresses and counters, no account, no identity.
    Open,
    /// Open ones of one account, without identities.
    Account(AccountId),
    /// The same with identities. For accounts of few connections: each token is verified by the server.
    AccountWithAuth(AccountId),
    /// These, with identities. What is closed by now is not in the answer.
    WithAuth(Vec<ConnId>),
    /// Closed ones of one account with reasons, as far back as each server remembers (10,000 of all accounts by default).
    Closed(AccountId),
    /// Open ones of an account whose client *claims* to be this user: a hint whom to kick, and never a proof.
    Claiming(AccountId, UserId),
}

impl ConnQuery {
    fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(account)
            | Self::AccountWithAuth(account)
            | Self::Closed(account)
            | Self::Claiming(account, _) => Some(*account),
            Self::Open | Self::WithAuth(_) => None,
        }
    }
}

type Answered = Said<Vec<ConnectionRow>>;

impl SystemAccount {
    pub(super) async fn ask_connections(
        &self,
        query: ConnQuery,
    ) -> Result<Gathered<Vec<ConnectionRow>>, SysError> {
        if let Some(account) = query.account() {
            self.must_exist(account).await?;
        }
        let body = match query {
            ConnQuery::WithAuth(ids) => return Ok(self.each_with_auth(ids).await),
            ConnQuery::Open => Body::everybody(),
            ConnQuery::Account(account) => Body::account(account),
            ConnQuery::AccountWithAuth(account) => Body::account_with_auth(account),
            ConnQuery::Closed(account) => Body::closed(account),
            ConnQuery::Claiming(account, user) => Body::claiming(account, user),
        };
        self.all_pages(body).await
    }

    /// The first page from all servers at once, the rest from those that have more.
    async fn all_pages(&self, body: Body) -> Result<Gathered<Vec<ConnectionRow>>, SysError> {
        let mut interner = Interner::default();
        let question = Question::new(subjects::PING_CONNZ, body.to_json());
        let patience = Patience::question(self.timeout() * 5);
        let mut gathered = self
            .ask_all_with(&self.reads, question, patience, |payload| {
                decode(payload, &self.tokens, &mut interner, &body)
            })
            .await?;
        for said in gathered.said.iter_mut().chain(&mut gathered.foreign) {
            if let Ok(rows) = &mut said.answer
                && rows.len() >= PAGE
                && let Err(error) = self.further_pages(said.server.id, &body, rows).await
            {
                said.answer = Err(error.to_string().into());
            }
        }
        Ok(gathered)
    }

    /// Goes on until a short page. Lists are by cid, so a page that does not reach back to a known cid may have skipped some.
    async fn further_pages(
        &self,
        server: ServerId,
        body: &Body,
        rows: &mut Vec<ConnectionRow>,
    ) -> Result<(), SysError> {
        let mut seen: HashSet<u64> = rows.iter().map(|row| row.id.cid).collect();
        let mut interner = Interner::default();
        let (mut end, mut back) = (PAGE, OVERLAP);
        loop {
            let offset = end.saturating_sub(back);
            let further = body.from(offset);
            let question = Question::new(subjects::connz(server), further.to_json());
            let patience = Patience::question(self.timeout() * 5);
            let page = self
                .ask_one_with(&self.reads, question, patience, |payload| {
                    decode(payload, &self.tokens, &mut interner, &further)
                })
                .await?;
            let joins = page.iter().any(|row| seen.contains(&row.id.cid));
            if !joins && offset > 0 && !page.is_empty() {
                back = back.saturating_mul(2);
                continue;
            }
            let is_last = page.len() < PAGE;
            end = offset + page.len();
            back = OVERLAP;
            rows.extend(page.into_iter().filter(|row| seen.insert(row.id.cid)));
            if is_last {
                return Ok(());
            }
        }
    }

    /// Each by its cid, which a server answers in a millisecond.
    async fn each_with_auth(&self, ids: Vec<ConnId>) -> Gathered<Vec<ConnectionRow>> {
        let census = self.current();
        let label = |id: ServerId| census.server(id).and_then(ServerRow::label);
        let answers = stream::iter(ids)
            .map(|id| async move { (id.server, self.one_with_auth(id).await) })
            .buffer_unordered(WINDOW)
            .collect::<Vec<_>>()
            .await;
        let mut by_server: BTreeMap<ServerId, Result<Answered, Text>> = BTreeMap::new();
        for (id, answer) in answers {
            merge(&mut by_server, id, label(id), answer);
        }
        let mut gathered = Gathered::empty();
        for answered in by_server.into_values() {
            match answered {
                Ok(said) => gathered.said.push(said),
                Err(silent) => gathered.silent.push(silent),
            }
        }
        gathered
    }

    async fn one_with_auth(&self, id: ConnId) -> Result<Vec<ConnectionRow>, SysError> {
        let body = Body::one(id.cid);
        let question = Question::new(subjects::connz(id.server), body.to_json());
        let patience = Patience::question(self.timeout());
        self.ask_one_with(&self.acts, question, patience, |payload| {
            decode(payload, &self.tokens, &mut Interner::default(), &body)
        })
        .await
    }
}

/// Adds one answer to those of its server. `Err` holds the name of a server that was silent to any question.
fn merge(
    by_server: &mut BTreeMap<ServerId, Result<Answered, Text>>,
    id: ServerId,
    label: Option<ServerLabel>,
    answer: Result<Vec<ConnectionRow>, SysError>,
) {
    let label = label.unwrap_or_else(|| ServerLabel {
        id,
        name: id.to_string().into(),
        cluster: None,
    });
    let name = label.name.clone();
    let entry = by_server.entry(id).or_insert_with(|| {
        Ok(Said {
            server: label,
            answer: Ok(Vec::new()),
        })
    });
    match (answer, &mut *entry) {
        (Err(SysError::NoAnswer { .. } | SysError::Disconnected), _) => *entry = Err(name),
        (_, Err(_)) => {}
        (Ok(rows), Ok(said)) => {
            if let Ok(known) = &mut said.answer {
                known.extend(rows);
            }
        }
        (Err(SysError::NoResponders { .. }), Ok(said)) => {
            said.answer = Err(SysError::ServerGone(id).to_string().into());
        }
        (Err(error), Ok(said)) => said.answer = Err(error.to_string().into()),
    }
}

/// Reads one server's answer into rows. `None`: it is no answer to CONNZ.
pub(super) fn decode(
    payload: &[u8],
    tokens: &Tokens,
    interner: &mut Interner,
    asked: &Body,
) -> Option<(ServerLabel, Result<Vec<ConnectionRow>, Text>)> {
    let reply: Reply<Connz<'_>> = serde_json::from_slice(payload).ok()?;
    let (header, answer) = reply.into_data();
    let release: Option<Release> = Header::release(&header);
    let server = header.label();
    let mut rows = Rows {
        server: server.clone(),
        release,
        tokens,
        interner,
    };
    let answer = answer.map(|connz| {
        let entries = connz.connections.iter();
        entries.map(|entry| rows.row(entry, asked)).collect()
    });
    Some((server, answer))
}
