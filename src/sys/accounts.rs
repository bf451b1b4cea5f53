//! Accounts as servers keep, enforce and count them. Changing one is `push`.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use serde::Serialize;
use tokio::time::Instant;

use super::connect::lock;
use super::error::SysError;
use super::gather::{Answers, Gathered, Next, Patience, Question, collect};
use super::subjects;
use super::system::SystemAccount;
use super::tally::Wanted;
use super::wire::account::{AccountInfo, AccountStatz, Counts, List};
use crate::inventory::server::Resolver;
use crate::jwt::keys::AccountId;
use crate::jwt::token::Token;
use crate::text::Text;

/// The account as one server has it in memory.
#[derive(Clone, Debug)]
pub enum Enforced {
    /// Nobody of it is there; the server will read the stored token at the next login.
    NotLoaded,
    Loaded(Loaded),
}

/// What a server that has the account loaded enforces.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The token in force. `None`: it tells none, or one that cannot be read.
    pub token: Option<Token>,
    pub validity: Validity,
    pub connections: u64,
    pub leafnodes: u64,
}

/// What a server thinks of an account that it has loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    Valid,
    /// An import of it could not be resolved.
    Incomplete,
    /// Expired or deleted: its users are refused.
    Expired,
}

/// What the resolvers keep. Their answers are anonymous, so they are counted.
#[derive(Clone, Debug, Default)]
pub struct Copies {
    /// Each distinct token, with the servers that keep it.
    pub tokens: Vec<(Token, usize)>,
    /// Servers that keep none.
    pub without: usize,
    /// Servers that keep something that cannot be read.
    pub unreadable: usize,
}

impl Copies {
    pub fn answers(&self) -> usize {
        self.without + self.unreadable + self.tokens.iter().map(|(_, count)| count).sum::<usize>()
    }

    fn add(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        if text.trim().is_empty() {
            self.without += 1;
            return;
        }
        match Token::decode(&text) {
            Err(_) => self.unreadable += 1,
            Ok(token) => {
                let same = |(held, _): &&mut (Token, usize)| held.revision() == token.revision();
                match self.tokens.iter_mut().find(same) {
                    Some((_, count)) => *count += 1,
                    None => self.tokens.push((token, 1)),
                }
            }
        }
    }
}

/// How busy an account is on one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccountCounts {
    pub account: AccountId,
    pub connections: u64,
    pub leafnodes: u64,
    pub subscriptions: u64,
    pub slow_consumers: u64,
}

impl AccountCounts {
    /// `None` for `$G`, where those are that never said who they are.
    pub(super) fn of(counts: &Counts) -> Option<Self> {
        Some(Self {
            account: counts.account()?,
            connections: counts.conns,
            leafnodes: counts.leafnodes,
            subscriptions: counts.num_subscriptions,
            slow_consumers: counts.slow_consumers,
        })
    }
}

impl SystemAccount {
    /// Every server verifies every stored token for this: once at the start, and when a person asks.
    pub(super) async fn list_accounts(&self) -> Result<Gathered<Vec<AccountId>>, SysError> {
        let question = Question::new(subjects::CLAIMS_LIST, "");
        // Servers do it one after the other, and a large one needs seconds.
        let patience = Patience::ForAll(self.timeout() * 5);
        let lists = self
            .ask_all::<List>(&self.reads, question, patience)
            .await?;
        let lists = lists.map(|_, list| parse_keys(&list));
        let mut known = lock(&self.known);
        known.extend(lists.answers().flat_map(|(_, list)| list));
        drop(known);
        Ok(lists)
    }

    /// What the resolvers keep. Instant, also for an account that nobody has.
    pub(super) async fn look_up(&self, account: AccountId) -> Result<Copies, SysError> {
        let question = Question::new(subjects::claims_lookup(account), "");
        let patience = Patience::UntilQuiet(self.timeout());
        let full = self.servers_with(Resolver::Full);
        let mut copies = Copies::default();
        collect(&self.acts, question, patience, |message| {
            copies.add(&message.payload);
            if full > 0 && copies.answers() >= full {
                Wanted::Enough
            } else {
                Wanted::More
            }
        })
        .await?;
        if !copies.tokens.is_empty() {
            lock(&self.known).insert(account);
        }
        Ok(copies)
    }

    /// What each server enforces.
    pub(super) async fn enforced(
        &self,
        account: AccountId,
    ) -> Result<Gathered<Enforced>, SysError> {
        let question = Question::new(subjects::account_info(account), "");
        let patience = Patience::ForAll(self.timeout());
        let told = self
            .ask_all::<AccountInfo>(&self.acts, question, patience)
            .await?;
        let told = not_loaded_is_an_answer(told.map(|_, info| Enforced::Loaded(loaded(info))));
        if told
            .answers()
            .any(|(_, here)| matches!(here, Enforced::Loaded(_)))
        {
            lock(&self.known).insert(account);
        }
        Ok(told)
    }

    /// Counts of all accounts that have connections, by server.
    pub(super) async fn count_accounts(&self) -> Result<Gathered<Vec<AccountCounts>>, SysError> {
        // Without `include_unused` a server without connections would be silent, which we could not tell from a dead one.
        let question = Question::new(subjects::PING_STATZ, r#"{"include_unused":true}"#);
        let patience = Patience::ForAll(self.timeout());
        let told = self
            .ask_all::<AccountStatz>(&self.reads, question, patience)
            .await?;
        Ok(told.map(|_, statz| {
            let counts = statz.account_statz.iter();
            counts.filter_map(AccountCounts::of).collect()
        }))
    }

    /// All stored tokens from one full resolver, as they come.
    pub(super) async fn pack(
        &self,
    ) -> Result<BoxStream<'static, Result<Token, SysError>>, SysError> {
        let pause = self.timeout() * 5;
        let question = Question::new(subjects::CLAIMS_PACK, "");
        let answers = Answers::ask(&self.reads, question, self.timeout()).await?;
        let known = Arc::clone(&self.known);
        let tokens = stream::unfold(Some(answers), move |answers| async move {
            let mut answers = answers?;
            let item = match answers.next(Instant::now() + pause).await {
                Ok(Next::Answer(message)) if message.payload.is_empty() => return None,
                Ok(Next::Answer(message)) => split_packed(&message.payload),
                Ok(Next::Cut) => Err(SysError::Disconnected),
                Ok(Next::Silence) => Err(SysError::NoAnswer {
                    subject: subjects::CLAIMS_PACK.into(),
                    after: pause,
                }),
                Err(error) => Err(error),
            };
            // One token that cannot be read does not end the others.
            let goes_on = matches!(item, Ok(_) | Err(SysError::Token(_)));
            Some((item, goes_on.then_some(answers)))
        });
        let tokens = tokens.inspect(move |token| {
            if let Ok(token) = token
                && let Ok(account) = AccountId::try_from(token.envelope().subject)
            {
                lock(&known).insert(account);
            }
        });
        Ok(tokens.boxed())
    }

    /// Asking servers about connections of an account that they do not have makes them stall while they look for it.
    pub(super) async fn must_exist(&self, account: AccountId) -> Result<(), SysError> {
        if lock(&self.known).contains(&account) {
            return Ok(());
        }
        match self.look_up(account).await {
            Ok(copies) if !copies.tokens.is_empty() => return Ok(()),
            Ok(_) | Err(SysError::NoResponders { .. }) => {}
            Err(error) => return Err(error),
        }
        // Whoever has it loaded makes it known; what else it says is not needed here.
        let _ = self.enforced(account).await?;
        if lock(&self.known).contains(&account) {
            Ok(())
        } else {
            Err(SysError::UnknownAccount(account))
        }
    }
}

/// The token in a message of PACK, which stands behind the account's key and a bar.
fn split_packed(body: &[u8]) -> Result<Token, SysError> {
    let text = String::from_utf8_lossy(body);
    let token = text.split_once('|').map_or(&*text, |(_, token)| token);
    Ok(Token::decode(token)?)
}

fn parse_keys(list: &[Text]) -> Vec<AccountId> {
    list.iter()
        .filter_map(|key| key.raw().parse().ok())
        .collect()
}

fn loaded(info: AccountInfo) -> Loaded {
    Loaded {
        token: info.jwt.and_then(|text| Token::decode(&text).ok()),
        validity: match (info.expired, info.complete) {
            (true, _) => Validity::Expired,
            (false, false) => Validity::Incomplete,
            (false, true) => Validity::Valid,
        },
        connections: info.client_connections,
        leafnodes: info.leafnode_connections,
    }
}

/// A server that has not loaded an account says `500 Account A... does not exist`, whether or not it keeps its token.
fn not_loaded_is_an_answer(mut told: Gathered<Enforced>) -> Gathered<Enforced> {
    for said in told.said.iter_mut().chain(&mut told.foreign) {
        if let Err(error) = &said.answer
            && error.raw().ends_with("does not exist")
        {
            said.answer = Ok(Enforced::NotLoaded);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::gather::Said;
    use crate::sys::tests::{capture, replies};

    #[test]
    fn lookups_are_counted_by_what_they_hold() {
        let token = capture("claims_lookup.json")["reply_is_raw_jwt"].clone();
        let token = token.as_str().unwrap().as_bytes().to_vec();
        let mut copies = Copies::default();

        for body in [&token[..], &token, b"", b"junk"] {
            copies.add(body);
        }

        assert_eq!(copies.tokens.len(), 1);
        assert_eq!(copies.tokens.first().unwrap().1, 2);
        assert_eq!((copies.without, copies.unreadable), (1, 1));
        assert_eq!(copies.answers(), 4);
    }

    #[test]
    fn each_message_of_a_pack_is_a_token_of_its_account() {
        let messages = capture("claims_pack.json")["messages"].clone();
        let messages: Vec<String> = serde_json::from_value(messages).unwrap();

        let read = messages
            .iter()
            .filter(|message| !message.is_empty())
            .map(|message| {
                let token = split_packed(message.as_bytes()).unwrap();
                assert!(message.starts_with(&token.envelope().subject.to_string()));
                token
            });

        assert!(read.count() >= 4);
    }

    #[test]
    fn every_server_lists_the_accounts_that_it_keeps() {
        let told = replies::<List>("claims_list.json");

        assert_eq!(told.len(), 3);
        for (_, list) in told {
            assert_eq!(parse_keys(&list.unwrap()).len(), 2);
        }
    }

    #[test]
    fn a_server_without_the_account_loaded_has_answered() {
        let told = replies::<AccountInfo>("account_info.json");
        let said = told.into_iter().map(|(server, answer)| Said {
            server,
            answer: answer.map(|info| Enforced::Loaded(loaded(info))),
        });
        let mut gathered = Gathered::empty();
        gathered.said.extend(said);

        let gathered = not_loaded_is_an_answer(gathered);

        let loaded = gathered
            .answers()
            .filter(|(_, here)| matches!(here, Enforced::Loaded(Loaded { token: Some(_), .. })));
        assert!(loaded.count() >= 3);
        assert!(gathered.said.iter().all(|said| said.answer.is_ok()));
    }

    #[test]
    fn a_deleted_account_that_is_still_loaded_is_expired() {
        let told = replies::<AccountInfo>("account_info_importer_revoked.json");
        let (_, info) = told.into_iter().next().unwrap();

        let loaded = loaded(info.unwrap());

        assert_eq!(loaded.validity, Validity::Expired);
        assert!(loaded.token.is_none());
    }

    #[test]
    fn the_account_in_force_is_read_with_its_token() {
        let (_, info) = replies::<AccountInfo>("account_info_exporter.json").remove(0);

        let loaded = loaded(info.unwrap());

        assert_eq!(loaded.validity, Validity::Valid);
        assert_eq!(loaded.connections, 1);
        let token = loaded.token.unwrap();
        assert!(token.verify().is_ok());
    }

    #[test]
    fn the_counts_of_one_account_are_read_as_those_of_all() {
        let mut connections = 0;
        for (server, statz) in replies::<AccountStatz>("account_statz.json") {
            for counts in &statz.unwrap().account_statz {
                let counts = AccountCounts::of(counts).unwrap();
                connections += counts.connections + counts.leafnodes;
                assert!(counts.subscriptions > 0, "{}", server.name);
            }
        }

        assert!(connections >= 2);
    }

    #[test]
    fn counts_of_those_that_never_said_who_they_are_belong_to_no_account() {
        let told = replies::<AccountStatz>("account_ping_statz_unused.json");

        let (_, statz) = told.into_iter().next().unwrap();
        let statz = statz.unwrap();
        let counts = statz.account_statz.iter().filter_map(AccountCounts::of);

        assert!(
            statz
                .account_statz
                .iter()
                .any(|counts| counts.acc.raw() == "$G")
        );
        assert_eq!(counts.count(), statz.account_statz.len() - 1);
    }
}
