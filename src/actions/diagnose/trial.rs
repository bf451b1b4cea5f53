//! The real try: the credential as it is, at every server, each by its own address. What signs stays in `store`.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::attempt::ConnectionType;
use super::credential::{Credential, Seed, Unreadable};
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::signer::{SignError, Signer};
use crate::store::signer::CredsSource;
use crate::sys::{Address, Answer, Census, Login, Tried, try_everywhere};

/// Whether a login is to be tried.
#[derive(Clone, Copy, Debug)]
pub enum Connect<'a> {
    No,
    /// `--offline`: no server is to be touched.
    Forbidden,
    Everywhere {
        address: &'a Address,
        patience: Duration,
    },
}

/// What can be presented to a server.
#[derive(Clone)]
pub(super) enum Means {
    /// Creds as they were given.
    Creds(CredsSource),
    /// The store's token, and its key in the keyring.
    Stored(Arc<dyn Signer>),
    /// Nothing signs.
    TokenAlone,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nobody wanted it, or there was nothing to try; why.
    NotTried(&'static str),
    Tried(Vec<Tried>),
}

/// Tries a credential at every server, if that is wanted and possible.
pub(super) async fn try_out(
    credential: &Credential,
    means: &Means,
    by: ConnectionType,
    connect: Connect<'_>,
    census: Option<&Census>,
) -> Outcome {
    let (address, patience) = match connect {
        Connect::No => {
            return Outcome::NotTried("no login was tried: --connect tries one at every server");
        }
        Connect::Forbidden => {
            return Outcome::NotTried("no login was tried: --offline touches no server");
        }
        Connect::Everywhere { address, patience } => (address, patience),
    };
    if let Some(why) = obstacle(credential, means, by) {
        return Outcome::NotTried(why);
    }
    let login: Arc<dyn Login> = Arc::new(AsItIs {
        means: means.clone(),
        token_text: credential
            .token
            .as_ref()
            .ok()
            .map(|read| read.token.text().to_string()),
    });
    Outcome::Tried(try_everywhere(address, census, &login, patience).await)
}

/// Why a try would say nothing about this credential.
fn obstacle(credential: &Credential, means: &Means, by: ConnectionType) -> Option<&'static str> {
    if by != ConnectionType::Standard {
        return Some("no login was tried: one is tried by NATS' own protocol, STANDARD, alone");
    }
    let user = match &credential.token {
        Ok(read) => &read.user,
        Err(Unreadable::Token(_)) => return None,
        Err(Unreadable::Creds(_) | Unreadable::NoToken(_)) => {
            return Some("no login was tried: there is no token to present");
        }
    };
    let may_sign = match (means, &credential.seed) {
        (Means::Creds(_), Seed::Of(_) | Seed::Damaged) | (Means::Stored(_), _) => true,
        (Means::Creds(_), Seed::NotHeld | Seed::None | Seed::Elsewhere)
        | (Means::TokenAlone, _) => false,
    };
    let is_bearer = user.restrictions.bearer;
    (!may_sign && !is_bearer).then_some("no login was tried: the seed of the user is not at hand")
}

/// Logs in with what there is, whatever it is worth.
struct AsItIs {
    means: Means,
    token_text: Option<String>,
}

impl Login for AsItIs {
    fn answer(&self, nonce: Vec<u8>) -> BoxFuture<'static, Result<Answer, SignError>> {
        let (means, token_text) = (self.means.clone(), self.token_text.clone());
        let nobody = PublicKey {
            kind: KeyKind::User,
            bytes: [0; 32],
        };
        let unreadable = move |why: String| SignError::Unreadable {
            key: nobody,
            why: why.into(),
        };
        Box::pin(async move {
            let answer = tokio::task::spawn_blocking(move || match means {
                Means::Creds(source) => {
                    let presented = source.present(&nonce);
                    let presented = presented.map_err(|error| unreadable(error.to_string()))?;
                    Ok(Answer {
                        jwt: presented.token_text.to_string(),
                        signature: presented.signature,
                    })
                }
                Means::Stored(signer) => Ok(Answer {
                    jwt: token_text.unwrap_or_default(),
                    signature: Some(signer.sign(&nonce)?),
                }),
                Means::TokenAlone => Ok(Answer {
                    jwt: token_text.unwrap_or_default(),
                    signature: None,
                }),
            });
            answer
                .await
                .unwrap_or_else(|error| Err(unreadable(error.to_string())))
        })
    }
}
