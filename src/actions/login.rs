//! How we log in to the system account: creds that are read again at every connect, or a user that is minted for each.
//! Here, since it is the lowest place that sees both `store` and `sys`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::jwt::keys::{AccountId, KeyKind, PublicKey};
use crate::jwt::signer::{SignError, Signer};
use crate::ledger::audit::{Actor, Fact, Outcome, Reference, Target};
use crate::ledger::{Ledger, LedgerError};
use crate::store::StoreError;
use crate::store::signer::{CredsSigner, CredsSource};
use crate::store::way_in::{Minted, mint};
use crate::sys::{Address, Answer, Login, SysError, TlsFiles, probe};
use crate::text::Text;

/// Whether a server lets the holder of a creds file in now.
pub async fn try_creds(creds: &Path, url: &str, patience: Duration) -> Result<(), SysError> {
    let (signer, _) = CredsSigner::open(CredsSource::File(creds.to_owned())).map_err(|error| {
        unreadable(
            PublicKey {
                kind: KeyKind::User,
                bytes: [0; 32],
            },
            &error,
        )
    })?;
    let address = Address {
        urls: vec![url.to_owned()],
        tls: TlsFiles::default(),
        client_name: "nats-oam".to_owned(),
        inbox_prefix: None,
    };
    probe(&address, Arc::new(CredsLogin(signer)), patience).await
}

/// Logs in with a creds file: a renewed one works at the next connect.
pub(super) struct CredsLogin(pub(super) CredsSigner);

/// The action of the record of such a user.
const MINT: &str = "login.mint";

/// Logs in as a user of the system account that lives in memory and is made anew for each connect. None is made that is not
/// on record.
#[derive(Clone)]
pub(super) struct MintedLogin {
    pub(super) account: AccountId,
    pub(super) signer: Arc<dyn Signer>,
    pub(super) admin: Text,
    pub(super) now: fn() -> Timestamp,
    pub(super) actor: Actor,
    pub(super) ledger: Arc<dyn Ledger>,
}

impl MintedLogin {
    /// A user who is in no store is known from the record alone.
    fn record(&self, minted: &Minted) -> Result<(), LedgerError> {
        let envelope = minted.token.envelope();
        let effect =
            serde_json::json!({"issuer": envelope.issuer, "expires_at": envelope.expires_at});
        let fact = Fact {
            at: (self.now)(),
            action: MINT.into(),
            actor: self.actor.clone(),
            target: vec![Target {
                kind: "user".into(),
                key: envelope.subject.to_string().into(),
                name: Some(envelope.name.clone()),
                account: Some(Reference {
                    key: self.account.to_string().into(),
                    name: Text::default(),
                }),
            }],
            outcome: Outcome::Verified,
            effect: effect.into(),
        };
        self.ledger.fact(fact).map(drop)
    }
}

impl Login for CredsLogin {
    fn answer(&self, nonce: Vec<u8>) -> BoxFuture<'static, Result<Answer, SignError>> {
        let creds = self.0.clone();
        beside(move || {
            let (token, signature) = creds
                .answer(&nonce)
                .map_err(|error| unreadable(creds.public_key(), &error))?;
            Ok(Answer {
                jwt: token.text().to_string(),
                signature: Some(signature),
            })
        })
    }
}

impl Login for MintedLogin {
    fn answer(&self, nonce: Vec<u8>) -> BoxFuture<'static, Result<Answer, SignError>> {
        let me = self.clone();
        beside(move || {
            let key = me.signer.public_key();
            let minted = mint(me.account, me.signer.as_ref(), &me.admin, (me.now)().into())
                .map_err(|error| unreadable(key, &error))?;
            let unrecorded = |error: LedgerError| SignError::Unwilling {
                why: error.to_string().into(),
            };
            me.record(&minted).map_err(unrecorded)?;
            let signature = minted.key.sign(&nonce)?;
            Ok(Answer {
                jwt: minted.token.text().to_string(),
                signature: Some(signature),
            })
        })
    }
}

fn unreadable(key: PublicKey, error: &StoreError) -> SignError {
    match error {
        StoreError::Sign(error) => error.clone(),
        error => SignError::Unreadable {
            key,
            why: error.to_string().into(),
        },
    }
}

/// Reads and signs beside the runtime: it blocks on the disk.
fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SignError> + Send + 'static,
) -> BoxFuture<'static, Result<T, SignError>> {
    Box::pin(async move {
        let key = PublicKey {
            kind: KeyKind::User,
            bytes: [0; 32],
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| {
            Err(SignError::Unreadable {
                key,
                why: error.to_string().into(),
            })
        })
    })
}
