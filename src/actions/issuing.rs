//! Makes a user's token, keeps it in the store and writes its creds. The key that signs is of the account or the role; no
//! server is asked, since servers keep no users.

use std::path::PathBuf;
use std::sync::Arc;

use crate::explain::Explain;
use crate::jwt::edit::with;
use crate::jwt::envelope::TokenKind;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, KeyKind, PublicKey};
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Token, TokenError};
use crate::ledger::audit::Outcome as Word;
use crate::store::keyring::NewKey;
use crate::store::{CredsPlace, Store, StoreError, Stored};

use super::outcome::NewUser;
use super::plan::{Issue, IssueKey, StorePlace, WriteOut};
use super::prepare::{blocking, census_of};
use super::steps::{Steps, Stopped};

impl Steps<'_> {
    pub(super) async fn issue(&mut self, issue: &Issue) -> Result<(), Stopped> {
        let signer = self.signer(issue.signer).await?;
        let now = (self.ports.now)();
        let now = census_of(self.ports)
            .map_or_else(|| UnixTime::from(now), |census| census.server_time(now));
        let (store, issue) = (self.store()?, issue.clone());
        let account = issue.account;
        match blocking(store, move |store| make(store, &issue, &signer, now)).await {
            Ok(Ok(made)) => self.told(account, made),
            Ok(Err(error)) => Err(not_made(&error)),
            Err(refusal) => Err(Stopped::failed(refusal.explain())),
        }
    }

    fn told(&mut self, account: AccountId, made: Made) -> Result<(), Stopped> {
        let run = format!("nats-oam user creds {account}/{}", made.user.key);
        self.report.new = Some(made.user);
        let Some(error) = made.no_creds else {
            return Ok(());
        };
        let mut why = error.explain();
        "the store has the new token, and its creds are not written".clone_into(&mut why.so);
        Err(Stopped::partial(
            why.then_run("make room, then write the creds", run),
        ))
    }

    pub(super) async fn deliver(&mut self, out: &WriteOut) -> Result<(), Stopped> {
        let (store, out) = (self.store()?, out.clone());
        let written = blocking(store, move |store| {
            store
                .write_creds(&out.token, None, &out.place)
                .map(|path| written(&out.token, Some(path)))
        })
        .await;
        match written {
            Ok(Ok(written)) => {
                self.report.new = Some(written);
                Ok(())
            }
            Ok(Err(error)) => Err(Stopped::failed(error.explain())),
            Err(refusal) => Err(Stopped::failed(refusal.explain())),
        }
    }
}

/// Where creds were written, for the outcome.
fn written(token: &Token, creds_path: Option<PathBuf>) -> NewUser {
    let envelope = token.envelope();
    NewUser {
        key: envelope.subject.to_string(),
        name: envelope.name.clone(),
        creds_path,
        expires_at: envelope.expires_at,
    }
}

/// A user that was made.
struct Made {
    user: NewUser,
    /// Why the store has its token, and there are no creds of it.
    no_creds: Option<StoreError>,
}

fn not_made(error: &StoreError) -> Stopped {
    let why = error.explain();
    if matches!(error, StoreError::Stale { .. }) {
        let word = Word::Stale;
        Stopped { word, why }
    } else if matches!(error, StoreError::NotSynced { .. }) {
        Stopped::partial(why)
    } else {
        Stopped::failed(why)
    }
}

/// Key first, then the store, then the creds: whatever fails, no credential is out there that the store does not know.
fn make(
    store: &dyn Store,
    issue: &Issue,
    signer: &Arc<dyn Signer>,
    now: UnixTime,
) -> Result<Made, StoreError> {
    if !matches!(issue.creds, CredsPlace::File(_)) {
        // A name that can be no file's is refused before anything is made.
        store.creds_path(issue.account, &issue.name)?;
    }
    let (new_key, user) = match issue.key {
        IssueKey::New => {
            let key = NewKey::random(KeyKind::User)?;
            let user = key.public_key();
            (Some(key), user)
        }
        IssueKey::Keep(user) => (None, user.key()),
    };
    let token = sign(issue, user, signer, now)?;
    if let Some(key) = &new_key {
        store.keep(key)?;
    }
    if let (StorePlace::Replace { base }, Some(user)) = (issue.store, issue.replaces) {
        let of = Stored::User {
            account: issue.account,
            user,
            name: Some(issue.name.clone()),
        };
        store.write(&of, &token, Some(base))?;
    }
    let creds = store.write_creds(&token, new_key.as_ref(), &issue.creds);
    if issue.store == StorePlace::Absent {
        creds.as_ref().map_err(Clone::clone)?;
    }
    Ok(Made {
        user: written(&token, creds.as_ref().ok().cloned()),
        no_creds: creds.err(),
    })
}

/// The token of the new user. One of the second of its revocation would be dead on arrival.
fn sign(
    issue: &Issue,
    user: PublicKey,
    signer: &Arc<dyn Signer>,
    now: UnixTime,
) -> Result<Token, TokenError> {
    let at = issue
        .after
        .map_or(now, |after| now.max(UnixTime(after.0.saturating_add(1))));
    let subject = Node::from(user.to_string());
    let mut tree = with(issue.tree.clone(), TokenKind::User, ["sub"], subject);
    if let Some(expires_at) = issue.expires_at {
        tree = with(tree, TokenKind::User, ["exp"], Node::from(expires_at.0));
    }
    Token::issue(&tree, signer.as_ref(), at)
}
