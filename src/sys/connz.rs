//! Connections as servers list them: whose they are only for accounts and connections that were named.
//!
//! A question with auth for everybody costs a server 2.3 s of work at 20,000 connections and blocks its other answers, so
//! [`ConnQuery`] cannot say it. Answers are pages by offset into a list that changes; pages overlap, so that none is lost.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt as _, stream};
use serde::de::IgnoredAny;
use tokio::task::spawn_blocking;

use super::error::SysError;
use super::gather::{Gathered, Patience, Question, Said};
use super::rows::{Interner, Rows};
use super::subjects;
use super::system::{SystemAccount, ask_one};
use super::tokens::Tokens;
use super::wire::Reply;
use super::wire::connz::{Body, Connz, PAGE};
use crate::inventory::connection::{ConnectionRow, Identity};
use crate::inventory::server::{ServerLabel, ServerRow};
use crate::jwt::keys::{AccountId, ConnId, ServerId, UserId};
use crate::jwt::token::Token;
use crate::jwt::user::User;
use crate::text::Text;

/// Connections asked one by one at the same time.
const WINDOW: usize = 64;

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
    /// These, with what went through them, and without identities.
    Counters(Vec<ConnId>),
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
            Self::Open | Self::WithAuth(_) | Self::Counters(_) => None,
        }
    }
}

type Answered = Said<Vec<ConnectionRow>>;

/// The question about one connection, by its cid.
type OfOne = fn(u64) -> Body;

impl SystemAccount {
    pub(super) async fn ask_connections(
        &self,
        query: ConnQuery,
    ) -> Result<Gathered<Vec<ConnectionRow>>, SysError> {
        if let Some(account) = query.account() {
            self.must_exist(account).await?;
        }
        let body = match query {
            ConnQuery::WithAuth(ids) => return Ok(self.each(ids, Body::one).await),
            ConnQuery::Counters(ids) => return Ok(self.each(ids, Body::counters).await),
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
        let question = Question::new(subjects::PING_CONNZ, body.to_json());
        let patience = Patience::ForAll(self.timeout() * 5);
        let pages = self
            .ask_all_with(&self.reads, question, patience, envelope)
            .await?;
        let mut gathered = self.decode_all(pages, body).await?;
        let read_on = gathered.said.iter_mut().map(|said| async {
            let Ok(rows) = &mut said.answer else {
                return None;
            };
            match self.further_pages(said.server.id, &body, rows).await {
                Ok(()) => None,
                // What it said so far stands, and that there is more is not known any better than of a silent one.
                Err(SysError::NoAnswer { .. } | SysError::Disconnected) => {
                    Some(said.server.name.clone())
                }
                Err(error) => {
                    said.answer = Err(error.to_string().into());
                    None
                }
            }
        });
        let fell_silent = join_all(read_on).await;
        gathered.silent.extend(fell_silent.into_iter().flatten());
        gathered.silent.sort();
        Ok(gathered)
    }

    /// Thousands of rows, each with a signature to check, are no work for a thread that others wait for.
    async fn decode_all(
        &self,
        pages: Gathered<Bytes>,
        asked: Body,
    ) -> Result<Gathered<Vec<ConnectionRow>>, SysError> {
        let tokens = Arc::clone(&self.tokens);
        let decoding = spawn_blocking(move || {
            let mut interner = Interner::default();
            pages.and_then(|_, page| decode(&page, &tokens, &mut interner, &asked))
        });
        decoding.await.map_err(|error| SysError::Malformed {
            subject: subjects::PING_CONNZ.into(),
            why: error.to_string().into(),
        })
    }

    /// Goes on until a short page.
    async fn further_pages(
        &self,
        server: ServerId,
        body: &Body,
        rows: &mut Vec<ConnectionRow>,
    ) -> Result<(), SysError> {
        let mut pages = Pages::after(rows, PAGE);
        while let Some(offset) = pages.next_offset() {
            let further = body.from(offset);
            let question = Question::new(subjects::connz(server), further.to_json());
            let patience = Patience::ForAll(self.timeout() * 5);
            let page = ask_one(&self.reads, question, patience, envelope).await?;
            let page = decode(&page, &self.tokens, &mut Interner::default(), &further);
            rows.extend(pages.take(page.map_err(SysError::Refused)?));
        }
        Ok(())
    }

    /// Each by its cid, which a server answers in a millisecond. All servers at once: one that is silent holds up no other.
    async fn each(&self, ids: Vec<ConnId>, body: OfOne) -> Gathered<Vec<ConnectionRow>> {
        let mut by_server: BTreeMap<ServerId, Vec<ConnId>> = BTreeMap::new();
        for id in ids {
            by_server.entry(id.server).or_default().push(id);
        }
        let asked = by_server
            .into_iter()
            .map(|(server, ids)| self.these_of_one(server, ids, body));
        let mut gathered = Gathered::empty();
        for (said, goes) in join_all(asked).await {
            let has_said = !matches!(&said.answer, Ok(rows) if rows.is_empty());
            if goes == Goes::Silent {
                gathered.silent.push(said.server.name.clone());
            }
            // That a silent one has said nothing so far is no answer.
            if goes == Goes::On || has_said {
                gathered.said.push(said);
            }
        }
        gathered.silent.sort();
        gathered
    }

    /// Connections of one server by their cids. Once it is silent it is asked no more.
    async fn these_of_one(
        &self,
        server: ServerId,
        ids: Vec<ConnId>,
        body: OfOne,
    ) -> (Answered, Goes) {
        let label = self.current().server(server).and_then(ServerRow::label);
        let mut said = Said {
            server: label.unwrap_or_else(|| ServerLabel {
                id: server,
                name: server.to_string().into(),
                cluster: None,
            }),
            answer: Ok(Vec::new()),
        };
        let mut answers = stream::iter(ids)
            .map(|id| self.one(id, body(id.cid)))
            .buffer_unordered(WINDOW);
        while let Some(answer) = answers.next().await {
            if take(&mut said, answer) == Goes::Silent {
                return (said, Goes::Silent);
            }
        }
        (said, Goes::On)
    }

    async fn one(&self, id: ConnId, body: Body) -> Result<Vec<ConnectionRow>, SysError> {
        let page = self.page_of_one(id, body).await?;
        decode(&page, &self.tokens, &mut Interner::default(), &body).map_err(SysError::Refused)
    }

    /// The token of a connection whose holder it proves.
    pub(super) async fn ask_token(&self, id: ConnId) -> Result<Option<Token>, SysError> {
        let body = Body::one(id.cid);
        let page = self.page_of_one(id, body).await?;
        let rows = decode(&page, &self.tokens, &mut Interner::default(), &body);
        let rows = rows.map_err(SysError::Refused)?;
        let proven = rows.iter().any(|row| row.id == id && is_proven(row));
        Ok(token_in(&page, id.cid).filter(|_| proven))
    }

    async fn page_of_one(&self, id: ConnId, body: Body) -> Result<Bytes, SysError> {
        let question = Question::new(subjects::connz(id.server), body.to_json());
        let patience = Patience::ForAll(self.timeout());
        ask_one(&self.reads, question, patience, envelope).await
    }
}

fn is_proven(row: &ConnectionRow) -> bool {
    row.holder
        .as_ref()
        .is_some_and(|holder| match holder.identity {
            Identity::Verified | Identity::Spoofed => true,
            Identity::Unverified | Identity::Callout => false,
        })
}

/// The token of one entry. That of a bearer user is a credential, and stays here even where a server shows it.
fn token_in(page: &[u8], cid: u64) -> Option<Token> {
    let reply: Reply<Connz<'_>> = serde_json::from_slice(page).ok()?;
    let (_, answer) = reply.into_data();
    let entries = answer.ok()?.connections;
    let entry = entries.iter().find(|entry| entry.cid == cid)?;
    let token = Token::decode(entry.jwt.as_deref()?).ok()?;
    let is_bearer = User::of(&token).is_ok_and(|user| user.restrictions.bearer);
    (!is_bearer).then_some(token)
}

/// Whether a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    On,
    Silent,
}

/// Adds one answer to those of its server.
fn take(said: &mut Answered, answer: Result<Vec<ConnectionRow>, SysError>) -> Goes {
    match (answer, &mut said.answer) {
        (Err(SysError::NoAnswer { .. } | SysError::Disconnected), _) => return Goes::Silent,
        (Ok(rows), Ok(known)) => known.extend(rows),
        (Ok(_), Err(_)) => {}
        (Err(SysError::NoResponders { .. }), answer) => {
            *answer = Err(SysError::ServerGone(said.server.id).to_string().into());
        }
        (Err(error), answer) => *answer = Err(error.to_string().into()),
    }
    Goes::On
}

/// Which offset comes next in a list by cid that others shorten while we read it. Pure.
struct Pages {
    seen: HashSet<u64>,
    page: usize,
    /// Where the pages read so far end.
    end: usize,
    /// How far the next page reaches back.
    back: usize,
    is_last: bool,
}

impl Pages {
    fn after(rows: &[ConnectionRow], page: usize) -> Self {
        Self {
            seen: rows.iter().map(|row| row.id.cid).collect(),
            page,
            end: rows.len(),
            back: page / 16,
            is_last: rows.len() < page,
        }
    }

    /// `None`: the last page was short.
    fn next_offset(&self) -> Option<usize> {
        (!self.is_last).then(|| self.end.saturating_sub(self.back))
    }

    /// What of a page is new. A page that does not reach back to a connection that was seen may have skipped some: more left
    /// the list than pages overlap. It is dropped, and asked again from further back.
    fn take(&mut self, page: Vec<ConnectionRow>) -> Vec<ConnectionRow> {
        let offset = self.end.saturating_sub(self.back);
        let joins = page.iter().any(|row| self.seen.contains(&row.id.cid));
        if !joins && offset > 0 {
            self.back = self.back.saturating_mul(2).max(1);
            return Vec::new();
        }
        self.is_last = page.len() < self.page;
        self.end = offset + page.len();
        self.back = self.page / 16;
        let mut fresh = page;
        fresh.retain(|row| self.seen.insert(row.id.cid));
        fresh
    }
}

/// Who answered, and the bytes of it.
fn envelope(payload: &Bytes) -> Option<(ServerLabel, Result<Bytes, Text>)> {
    let reply: Reply<IgnoredAny> = serde_json::from_slice(payload).ok()?;
    let (header, answer) = reply.into_data();
    Some((header.label(), answer.map(|_| payload.clone())))
}

/// Reads one server's answer into rows.
pub(super) fn decode(
    payload: &[u8],
    tokens: &Tokens,
    interner: &mut Interner,
    asked: &Body,
) -> Result<Vec<ConnectionRow>, Text> {
    let reply: Reply<Connz<'_>> = serde_json::from_slice(payload)
        .map_err(|error| format!("its answer cannot be read: {error}"))?;
    let (header, answer) = reply.into_data();
    let mut rows = Rows {
        server: header.label(),
        release: header.release(),
        tokens,
        interner,
    };
    let entries = answer?.connections;
    Ok(entries.iter().map(|entry| rows.row(entry, asked)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::tests::bodies;
    use crate::sys::tokens::NoSigners;

    /// A connection with nothing but a cid.
    fn row(cid: u64) -> ConnectionRow {
        let body = bodies("connz_noauth.json").remove(0);
        let tokens = Tokens::new(Arc::new(NoSigners));
        let rows = decode(&body, &tokens, &mut Interner::default(), &Body::everybody());
        let mut row = rows.unwrap().remove(0);
        row.id.cid = cid;
        row
    }

    /// Reads a list by pages of 32 while, between two pages, `leave` connections from its start go away.
    fn read_all(count: u64, leave: usize) -> (Vec<u64>, Vec<u64>) {
        let template = row(0);
        let mut list: Vec<u64> = (0..count).collect();
        let page = |list: &[u64], offset: usize| -> Vec<ConnectionRow> {
            let cids = list.iter().skip(offset).take(32);
            cids.map(|cid| {
                let mut row = template.clone();
                row.id.cid = *cid;
                row
            })
            .collect()
        };
        let mut rows = page(&list, 0);
        let mut pages = Pages::after(&rows, 32);
        let mut left = 0;
        while let Some(offset) = pages.next_offset() {
            if left < 200 {
                list.drain(..leave);
                left += leave;
            }
            rows.extend(pages.take(page(&list, offset)));
        }
        (rows.iter().map(|row| row.id.cid).collect(), list)
    }

    #[test]
    fn a_list_that_stands_still_is_read_once_and_whole() {
        for count in [0, 31, 32, 33, 1_000] {
            let (read, list) = read_all(count, 0);

            assert_eq!(read, list, "{count}");
        }
    }

    #[test]
    fn no_connection_that_stays_is_lost_while_others_leave() {
        for leave in [1, 2, 3, 7, 31] {
            let (read, stayed) = read_all(1_000, leave);

            let lost: Vec<_> = stayed.iter().filter(|cid| !read.contains(cid)).collect();
            assert!(lost.is_empty(), "{leave} leave: {lost:?} lost");
        }
    }

    fn nothing_said() -> Answered {
        Said {
            server: ServerLabel {
                id: ServerId::from_bytes([1; 32]),
                name: "n1".into(),
                cluster: None,
            },
            answer: Ok(Vec::new()),
        }
    }

    #[test]
    fn one_silent_question_makes_a_server_silent_and_what_it_said_stands() {
        let mut said = nothing_said();
        let silence = SysError::NoAnswer {
            subject: "x".into(),
            after: std::time::Duration::ZERO,
        };

        assert_eq!(take(&mut said, Ok(vec![row(1)])), Goes::On);
        assert_eq!(take(&mut said, Err(silence)), Goes::Silent);

        assert_eq!(said.answer.unwrap().len(), 1);
    }

    #[test]
    fn a_server_that_is_gone_has_answered_so() {
        let mut said = nothing_said();
        let nobody = SysError::NoResponders {
            subject: "x".into(),
        };

        assert_eq!(take(&mut said, Err(nobody)), Goes::On);

        assert!(said.answer.unwrap_err().raw().contains("not running"));
    }
}
