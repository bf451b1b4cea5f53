//! New account tokens: pushed to all servers, and then proven on each. A 200 proves nothing, because servers do not check
//! the issuer before they store (`server/accounts.go`); what a server enforces is in its INFO.

use std::time::Duration;

use super::accounts::{Copies, Enforced};
use super::error::SysError;
use super::gather::{Gathered, Patience, Question};
use super::kicks::{Kicked, Kicks};
use super::subjects;
use super::system::{SystemAccount, ask_one};
use super::wire::Reply;
use super::wire::account::Updated;
use crate::inventory::server::{Resolver, ServerLabel};
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, ConnId, ServerId};
use crate::jwt::token::{Revision, Token};
use crate::text::Text;

/// A token to push, with what its application costs a server.
#[derive(Clone, Debug)]
pub struct Update {
    account: AccountId,
    token: Token,
    longest: Duration,
}

impl Update {
    /// `connections`: live ones of the account on the server that has most. A server decodes the tokens of all of them, and
    /// answers when the last victim is closed.
    pub fn new(token: Token, connections: u64) -> Result<Self, SysError> {
        let account = Account::of(&token)?;
        let revocations = u64::try_from(account.revocations.len()).unwrap_or(u64::MAX);
        Ok(Self {
            account: account.id,
            token,
            longest: longest(revocations, connections),
        })
    }

    pub const fn account(&self) -> AccountId {
        self.account
    }

    pub fn revision(&self) -> Revision {
        self.token.revision()
    }

    /// After so long an answer is no longer waited for.
    pub const fn longest(&self) -> Duration {
        self.longest
    }
}

/// Three times what was measured on a slow machine, and two seconds.
fn longest(revocations: u64, connections: u64) -> Duration {
    let micros = 1_000_u64
        .saturating_add(revocations.saturating_mul(65) / 10)
        .saturating_add(connections.saturating_mul(500));
    Duration::from_micros(micros.saturating_mul(3)) + Duration::from_secs(2)
}

/// What a server did with a token that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accepted {
    Stored,
    /// In its cache.
    Cached,
    /// Applied in memory: a restart goes back to what is configured.
    UntilRestart,
    /// It has the account not loaded, and keeps nothing.
    Skipped,
}

/// What a server enforces after a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its INFO shows this very token.
    InForce,
    /// It has the account not loaded, and all resolvers keep this token.
    Stored,
    /// It enforces or will load another. `None`: none that can be read.
    Stale(Option<Revision>),
    /// It has the account not loaded, and it cannot be told what it will load.
    Unknown,
}

impl SystemAccount {
    /// Pushes to every resolver; where none listens on the common subject (MEMORY, URL), on the account's own.
    pub(super) async fn push_update(
        &self,
        update: &Update,
    ) -> Result<Gathered<Accepted>, SysError> {
        let first = self
            .push_on(subjects::CLAIMS_UPDATE.to_owned(), update)
            .await;
        let (told, kept) = match first {
            Err(SysError::NoResponders { .. }) => {
                let subject = subjects::claims_update_of(update.account);
                (self.push_on(subject, update).await?, Resolver::MemoryOrUrl)
            }
            told => (told?, Resolver::Full),
        };
        let told = told.map(|_, updated| accepted(&updated.message, kept));
        for (server, accepted) in told.answers() {
            if let Some(resolver) = resolver_by(*accepted) {
                self.learn_resolver(server.id, resolver);
            }
        }
        if told
            .answers()
            .any(|(_, accepted)| *accepted != Accepted::Skipped)
        {
            super::connect::lock(&self.known).insert(update.account);
        }
        Ok(told)
    }

    async fn push_on(
        &self,
        subject: String,
        update: &Update,
    ) -> Result<Gathered<Updated>, SysError> {
        let body = update.token.text().as_bytes().to_vec();
        // No headers: dir resolvers read those of the account's own subject as a part of the token.
        let question = Question::new(subject, body);
        let patience = Patience::ForAll(update.longest.max(self.timeout()));
        let told = self
            .ask_all::<Updated>(&self.acts, question, patience)
            .await?;
        // An answer with data and a code other than 200 is a no.
        Ok(told.and_then(|_, updated| match updated.code {
            200 => Ok(updated),
            code => Err(format!("{code} {}", updated.message.raw()).into()),
        }))
    }

    /// The kicks leave first and the update right behind them, on one connection, without waiting for an answer.
    ///
    /// A server applies an update in the read loop that brought it, so a kick behind it waits until all connections of the
    /// account are walked, and comes too late; before it, a kick closes in 2 ms. A client that comes back meets the new token,
    /// and whoever slips in before it is applied is closed by the walk.
    ///
    /// What became of each kick is not waited for: whether the users are out, the servers are asked afterwards.
    pub(super) async fn push_and_kick(
        &self,
        update: &Update,
        ids: &[ConnId],
    ) -> Result<Gathered<Accepted>, SysError> {
        let kicks = Kicks::send(&self.acts, ids, self.timeout()).await;
        let pushed = self.push_update(update).await;
        // A server ignores a kick whose answer has no place to go, so the place is kept until here. Kicks that could not be
        // sent are no reason not to push: its walk closes the same connections.
        drop(kicks);
        pushed
    }

    pub(super) async fn kick_one(&self, id: ConnId) -> Kicked {
        let Ok(kicks) = Kicks::send(&self.acts, &[id], self.timeout()).await else {
            return Kicked::Unknown;
        };
        let outcomes = kicks.outcomes(self.timeout()).await;
        outcomes
            .into_iter()
            .next()
            .map_or(Kicked::Unknown, |(_, kicked)| kicked)
    }

    /// Asks one client to go elsewhere. The server closes nothing.
    pub(super) async fn drain_one(&self, id: ConnId) -> Result<(), SysError> {
        let subject = subjects::lame_duck_client(id.server);
        gone_if_nobody(id.server, self.command(subject, cid_body(id)).await)
    }

    /// Makes a server read its configuration file again.
    pub(super) async fn reload_one(&self, server: ServerId) -> Result<(), SysError> {
        let told = self
            .command(subjects::reload(server), "{}".to_owned())
            .await;
        // The server's text may show configuration, with the values that changed, so it is not passed on.
        match gone_if_nobody(server, told) {
            Err(SysError::Refused(why)) => Err(SysError::Refused(reload_reason(&why))),
            other => other,
        }
    }

    async fn command(&self, subject: String, body: String) -> Result<(), SysError> {
        let question = Question::new(subject, body);
        let patience = Patience::ForAll(self.timeout());
        ask_one(&self.acts, question, patience, |payload| {
            let reply: Reply<serde::de::IgnoredAny> = serde_json::from_slice(payload).ok()?;
            let (header, answer) = reply.into_answer();
            Some((header.label(), answer.map(drop)))
        })
        .await
    }

    /// What each server enforces of an update.
    pub(super) async fn prove_update(&self, update: &Update) -> Result<Gathered<Proof>, SysError> {
        let told = self.enforced(update.account).await?;
        let not_loaded = |here: &Enforced| matches!(here, Enforced::NotLoaded);
        let copies = if told.answers().any(|(_, here)| not_loaded(here)) {
            match self.look_up(update.account).await {
                Ok(copies) => Some(copies),
                Err(SysError::NoResponders { .. } | SysError::NotPermitted { .. }) => None,
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        let keepers = self.servers_with(Resolver::Full);
        let stored = stored(update.revision(), copies.as_ref(), keepers);
        Ok(told.map(|_: &ServerLabel, here| proof(update.revision(), &here, stored)))
    }
}

/// What servers that have the account not loaded will read.
fn stored(wanted: Revision, copies: Option<&Copies>, keepers: usize) -> Proof {
    let Some(copies) = copies else {
        return Proof::Unknown;
    };
    let other = copies
        .tokens
        .iter()
        .find(|(token, _)| token.revision() != wanted);
    let same = copies
        .tokens
        .iter()
        .find(|(token, _)| token.revision() == wanted);
    match (same, other) {
        (None, Some((token, _))) => Proof::Stale(Some(token.revision())),
        (None, None) if copies.answers() > 0 => Proof::Stale(None),
        (Some((_, count)), None) if *count >= keepers.max(1) && *count == copies.answers() => {
            Proof::Stored
        }
        _ => Proof::Unknown,
    }
}

fn proof(wanted: Revision, here: &Enforced, stored: Proof) -> Proof {
    match here {
        Enforced::NotLoaded => stored,
        Enforced::Loaded(loaded) => match loaded.token.as_ref().map(Token::revision) {
            Some(revision) if revision == wanted => Proof::InForce,
            other => Proof::Stale(other),
        },
    }
}

/// By the words of `server/accounts.go`.
fn accepted(message: &Text, kept: Resolver) -> Accepted {
    let message = message.raw();
    if message.contains("skipped") {
        Accepted::Skipped
    } else if message.contains("cache") {
        Accepted::Cached
    } else {
        match kept {
            Resolver::MemoryOrUrl => Accepted::UntilRestart,
            Resolver::Full | Resolver::Cache | Resolver::Unknown => Accepted::Stored,
        }
    }
}

const fn resolver_by(accepted: Accepted) -> Option<Resolver> {
    match accepted {
        Accepted::Stored => Some(Resolver::Full),
        Accepted::Cached => Some(Resolver::Cache),
        Accepted::UntilRestart => Some(Resolver::MemoryOrUrl),
        Accepted::Skipped => None,
    }
}

fn cid_body(id: ConnId) -> String {
    format!("{{\"cid\":{}}}", id.cid)
}

fn gone_if_nobody(server: ServerId, told: Result<(), SysError>) -> Result<(), SysError> {
    match told {
        Err(SysError::NoResponders { .. }) => Err(SysError::ServerGone(server)),
        other => other,
    }
}

/// `config reload not supported for X: old=..., new=...` without what stands behind X.
fn reload_reason(why: &Text) -> Text {
    let shown = why.raw();
    shown
        .split_once(": old=")
        .map_or(shown, |(reason, _)| reason)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::accounts::{Loaded, Validity};
    use crate::sys::tests::{capture, replies};

    fn token() -> Token {
        let text = capture("claims_lookup.json")["reply_is_raw_jwt"].clone();
        Token::decode(text.as_str().unwrap()).unwrap()
    }

    fn loaded(token: Option<Token>) -> Enforced {
        Enforced::Loaded(Loaded {
            token,
            validity: Validity::Valid,
            connections: 0,
            leafnodes: 0,
        })
    }

    #[test]
    fn the_wait_grows_with_what_the_server_must_do() {
        assert_eq!(longest(0, 0), Duration::from_millis(2_003));
        assert_eq!(longest(10_000, 0), Duration::from_millis(2_198));
        assert_eq!(longest(0, 10_000), Duration::from_millis(17_003));
        assert!(longest(u64::MAX, u64::MAX) > Duration::from_hours(1));
    }

    #[test]
    fn a_push_that_all_took_is_stored() {
        for (server, answer) in replies::<Updated>("claims_update_ok.json") {
            let updated = answer.unwrap();

            assert_eq!(updated.code, 200, "{}", server.name);
            assert_eq!(accepted(&updated.message, Resolver::Full), Accepted::Stored);
        }
    }

    #[test]
    fn the_words_of_every_resolver_are_understood() {
        for (message, kept, expected) in [
            ("jwt updated", Resolver::Full, Accepted::Stored),
            ("jwt updated cache", Resolver::Full, Accepted::Cached),
            (
                "jwt update cache skipped",
                Resolver::Full,
                Accepted::Skipped,
            ),
            ("jwt updated", Resolver::MemoryOrUrl, Accepted::UntilRestart),
            (
                "jwt update skipped",
                Resolver::MemoryOrUrl,
                Accepted::Skipped,
            ),
        ] {
            assert_eq!(accepted(&message.into(), kept), expected, "{message}");
        }
    }

    #[test]
    fn every_refusal_of_a_push_is_a_no_with_its_reason() {
        let cases = capture("claims_update_errors.json");
        let mut refusals = 0;
        for (case, replies) in cases.as_object().unwrap() {
            for reply in replies.as_array().unwrap() {
                let Ok(reply) = serde_json::from_value::<Reply<Updated>>(reply.clone()) else {
                    continue;
                };
                match reply.into_data().1 {
                    Ok(updated) => assert_eq!(updated.code, 200, "{case}"),
                    Err(why) => {
                        assert!(why.raw().starts_with("500 "), "{case}: {why}");
                        refusals += 1;
                    }
                }
            }
        }
        assert!(refusals > 10, "{refusals}");
    }

    #[test]
    fn only_the_very_token_in_force_is_proof() {
        let (wanted, unknown) = (token(), Proof::Unknown);
        let other = Revision::of("another");

        assert_eq!(
            proof(wanted.revision(), &loaded(Some(wanted.clone())), unknown),
            Proof::InForce
        );
        assert_eq!(
            proof(other, &loaded(Some(wanted.clone())), unknown),
            Proof::Stale(Some(wanted.revision()))
        );
        assert_eq!(proof(other, &loaded(None), unknown), Proof::Stale(None));
        assert_eq!(proof(other, &Enforced::NotLoaded, unknown), Proof::Unknown);
    }

    #[test]
    fn a_stored_token_counts_only_when_every_resolver_keeps_it() {
        let token = token();
        let wanted = token.revision();
        let copies = |count, without| Copies {
            tokens: vec![(token.clone(), count)],
            without,
            unreadable: 0,
        };
        let nobody = Copies {
            without: 3,
            ..Copies::default()
        };

        assert_eq!(stored(wanted, Some(&copies(3, 0)), 3), Proof::Stored);
        assert_eq!(stored(wanted, Some(&copies(2, 0)), 3), Proof::Unknown);
        assert_eq!(stored(wanted, Some(&copies(2, 1)), 3), Proof::Unknown);
        assert_eq!(
            stored(Revision::of("x"), Some(&copies(3, 0)), 3),
            Proof::Stale(Some(wanted))
        );
        assert_eq!(stored(wanted, Some(&nobody), 3), Proof::Stale(None));
        assert_eq!(stored(wanted, None, 3), Proof::Unknown);
    }

    #[test]
    fn an_empty_success_has_no_data() {
        let reply: Reply<serde::de::IgnoredAny> =
            serde_json::from_value(capture("reload_reply.json")).unwrap();

        assert!(matches!(reply.into_answer().1, Ok(None)));
    }

    #[test]
    fn a_refused_reload_does_not_show_configuration() {
        let why =
            "500 config reload not supported for TrustedOperators: old=[secret], new=[secret]";

        let shown = reload_reason(&why.into());

        assert_eq!(
            shown.raw(),
            "500 config reload not supported for TrustedOperators"
        );
    }

    #[test]
    fn only_account_tokens_can_be_pushed() {
        let user = capture("event_connect.json")["client"]["jwt"].clone();
        let user = Token::decode(user.as_str().unwrap()).unwrap();

        assert!(matches!(Update::new(user, 0), Err(SysError::Token(_))));
        assert!(Update::new(token(), 0).is_ok());
    }
}
