//! Makes a user's token, keeps it in the store and writes its creds. The key that signs is of the account or the role; no
//! server is asked, since servers keep no users.

use std::path::PathBuf;
use std::sync::Arc;

use crate::explain::Explain;
use crate::jwt::edit::with;
use crate::jwt::envelope::TokenKind;
use crate::jwt::json::Node;
use crate::jwt::keys::{KeyKind, UserId};
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::store::keyring::NewKey;
use crate::store::{Store, StoreError, Stored};

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
        match blocking(store, move |store| make(store, &issue, &signer, now)).await {
            Ok(Ok(made)) => {
                self.report.new = Some(made);
                Ok(())
            }
            Ok(Err(error)) => Err(Stopped::failed(error.explain())),
            Err(refusal) => Err(Stopped::failed(refusal.explain())),
        }
    }

    pub(super) async fn deliver(&mut self, out: &WriteOut) -> Result<(), Stopped> {
        let (store, out) = (self.store()?, out.clone());
        let written = blocking(store, move |store| {
            store
                .write_creds(&out.token, None, &out.place)
                .map(|path| written(&out.token, path))
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
fn written(token: &Token, path: PathBuf) -> NewUser {
    let envelope = token.envelope();
    NewUser {
        key: envelope.subject.to_string(),
        name: envelope.name.clone(),
        creds_path: Some(path),
        expires_at: envelope.expires_at,
    }
}

/// Key first, then creds, then the store: what is written last is what others look at.
fn make(
    store: &dyn Store,
    issue: &Issue,
    signer: &Arc<dyn Signer>,
    now: UnixTime,
) -> Result<NewUser, StoreError> {
    let new_key = match issue.key {
        IssueKey::New => Some(NewKey::random(KeyKind::User)?),
        IssueKey::Keep(_) => None,
    };
    let user = match (&new_key, issue.key) {
        (Some(key), _) => key.public_key().to_string(),
        (None, IssueKey::Keep(user)) => user.to_string(),
        (None, IssueKey::New) => String::new(),
    };
    // A token of the second of its revocation is dead on arrival.
    let at = issue
        .after
        .map_or(now, |after| now.max(UnixTime(after.0.saturating_add(1))));
    let mut tree = with(
        issue.tree.clone(),
        TokenKind::User,
        ["sub"],
        Node::from(user),
    );
    if let Some(expires_at) = issue.expires_at {
        tree = with(tree, TokenKind::User, ["exp"], Node::from(expires_at.0));
    }
    let token = Token::issue(&tree, signer.as_ref(), at)?;
    if let Some(key) = &new_key {
        store.keep(key)?;
    }
    let creds_path = store.write_creds(&token, new_key.as_ref(), &issue.creds)?;
    if let StorePlace::Replace { base } = issue.store {
        let user = UserId::try_from(token.envelope().subject).map_err(|_| StoreError::Unfit {
            why: "it is no user".into(),
        })?;
        let of = Stored::User {
            account: issue.account,
            user: issue.replaces.unwrap_or(user),
            name: Some(issue.name.clone()),
        };
        store.write(&of, &token, Some(base))?;
    }
    Ok(written(&token, creds_path))
}
