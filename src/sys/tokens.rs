//! User tokens that servers show us: read once, remembered by hash, never passed on. Account tokens are `accounts` and `push`.
//!
//! A bearer user's token is a credential, so what leaves here is whose it is, when and by whom it was signed, and whether
//! the signature holds. Tokens of users that come and go are read once: a repeated one costs a hash.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::connect::lock;
use crate::inventory::connection::{Holder, Identity, Named, SignedBy};
use crate::jwt::account::Account;
use crate::jwt::envelope::TokenKind;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::role::SignerKind;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token};
use crate::text::Text;

/// Tokens remembered before all are forgotten: about 12 MB.
const REMEMBERED: usize = 65_536;

/// What the caller knows of the keys of accounts.
pub trait Signers: Send + Sync {
    fn standing(&self, account: AccountId, key: PublicKey) -> Standing;
}

impl<F: Fn(AccountId, PublicKey) -> Standing + Send + Sync> Signers for F {
    fn standing(&self, account: AccountId, key: PublicKey) -> Standing {
        self(account, key)
    }
}

/// What a key is to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The account's token is not at hand.
    NotKnown,
    /// The account has no such key.
    Stranger,
    Signer {
        kind: SignerKind,
        role: Option<Text>,
    },
}

impl Standing {
    /// What a key is to an account whose token is at hand.
    pub fn of(account: &Account, key: PublicKey) -> Self {
        match account.signer_kind(key) {
            None => Self::Stranger,
            Some(kind) => Self::Signer {
                kind,
                role: account.role(key).map(|role| role.name.clone()),
            },
        }
    }
}

/// Knows no account: identities then rest on signatures alone.
#[derive(Clone, Copy, Debug)]
pub struct NoSigners;

impl Signers for NoSigners {
    fn standing(&self, _: AccountId, _: PublicKey) -> Standing {
        Standing::NotKnown
    }
}

/// What a user token said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) user: UserId,
    pub(super) account: AccountId,
    pub(super) name: Text,
    issuer: PublicKey,
    issued_at: Option<UnixTime>,
    signature: Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    Holds,
    Broken,
}

impl Seen {
    fn of(text: &str) -> Option<Self> {
        let token = Token::decode(text).ok()?;
        let envelope = token.envelope();
        if envelope.kind != TokenKind::User {
            return None;
        }
        // A signing key names the account that it signs for; the account's own key needs not.
        let written = token
            .body()
            .get("issuer_account")
            .and_then(|node| node.as_str());
        let account = match written {
            Some(key) if !key.is_empty() => key.parse().ok()?,
            _ => AccountId::try_from(envelope.issuer).ok()?,
        };
        Some(Self {
            user: UserId::try_from(envelope.subject).ok()?,
            account,
            name: envelope.name.clone(),
            issuer: envelope.issuer,
            issued_at: envelope.issued_at,
            signature: match token.verify() {
                Ok(()) => Signature::Holds,
                Err(_) => Signature::Broken,
            },
        })
    }

    pub(super) fn is_signed(&self) -> bool {
        self.signature == Signature::Holds
    }
}

/// Reads tokens, each text once.
pub(super) struct Tokens {
    seen: Mutex<HashMap<Revision, Option<Arc<Seen>>>>,
    signers: Arc<dyn Signers>,
}

/// What a server tells of whose a connection is.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) token: Option<&'a str>,
    /// What the client wrote into its CONNECT, else the key of its token.
    pub(super) user: Option<&'a str>,
    pub(super) issuer_key: Option<&'a str>,
    pub(super) account: Option<AccountId>,
    pub(super) speaks_mqtt: bool,
}

impl Tokens {
    pub(super) fn new(signers: Arc<dyn Signers>) -> Self {
        Self {
            seen: Mutex::default(),
            signers,
        }
    }

    pub(super) fn read(&self, text: &str) -> Option<Arc<Seen>> {
        let revision = Revision::of(text);
        if let Some(known) = lock(&self.seen).get(&revision) {
            return known.clone();
        }
        let seen = Seen::of(text).map(Arc::new);
        let mut all = lock(&self.seen);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(revision, seen.clone());
        seen
    }

    /// Whose a connection is, and how sure that is. The identity is the token's subject, never what the client says.
    pub(super) fn holder(&self, claim: Claim<'_>) -> Holder {
        match claim.token.map(|text| self.read(text)) {
            Some(Some(seen)) if claim.account.is_none_or(|account| account == seen.account) => {
                self.by_token(&seen, claim)
            }
            // Only a callout lets the holder of one account's token (its sentinel) into another account.
            Some(Some(_)) => self.by_claim(claim, Identity::Callout),
            Some(None) => self.by_claim(claim, Identity::Unverified),
            None => self.by_claim(claim, without_token(claim)),
        }
    }

    fn by_token(&self, seen: &Seen, claim: Claim<'_>) -> Holder {
        let standing = self.signers.standing(seen.account, seen.issuer);
        let claimed = claim.user.filter(|user| *user != seen.user.to_string());
        let proven = seen.is_signed() && standing != Standing::Stranger;
        let identity = match claimed {
            _ if !proven => Identity::Unverified,
            None => Identity::Verified,
            // An MQTT client always says some name: only another user's key is a pretence.
            Some(user) if claim.speaks_mqtt && user.parse::<UserId>().is_err() => {
                Identity::Verified
            }
            Some(_) => Identity::Spoofed,
        };
        Holder {
            user: Some(Named {
                key: seen.user,
                name: Some(seen.name.clone()),
            }),
            identity,
            claimed_user: claimed.map(Text::from),
            signer: Some(signed_by(seen.issuer, standing)),
            issued_at: seen.issued_at,
        }
    }

    fn by_claim(&self, claim: Claim<'_>, identity: Identity) -> Holder {
        let signer = claim
            .issuer_key
            .and_then(|key| key.parse().ok())
            .map(|key| {
                let standing = match claim.account {
                    Some(account) => self.signers.standing(account, key),
                    None => Standing::NotKnown,
                };
                signed_by(key, standing)
            });
        Holder {
            user: None,
            identity,
            claimed_user: claim.user.map(Text::from),
            signer,
            issued_at: None,
        }
    }
}

/// Servers hide the tokens of bearer users, and callout users have none. A bearer user is shown by its key unless its client
/// says something else; MQTT clients are bearer users and always do. So "callout" is a likeness that our grants confirm.
fn without_token(claim: Claim<'_>) -> Identity {
    match claim.user {
        Some(user) if !claim.speaks_mqtt && user.parse::<UserId>().is_err() => Identity::Callout,
        Some(_) | None => Identity::Unverified,
    }
}

fn signed_by(key: PublicKey, standing: Standing) -> SignedBy {
    let (kind, role) = match standing {
        Standing::Signer { kind, role } => (Some(kind), role),
        Standing::NotKnown | Standing::Stranger => (None, None),
    };
    SignedBy { key, kind, role }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::tests::capture;

    /// A real user token, with its subject and issuer, of the account's own key.
    fn real() -> (String, UserId, AccountId) {
        let client = capture("event_connect.json")["client"].clone();
        let text = |field: &str| client[field].as_str().unwrap().to_owned();
        (
            text("jwt"),
            text("user").parse().unwrap(),
            text("acc").parse().unwrap(),
        )
    }

    struct Says(Standing);

    impl Signers for Says {
        fn standing(&self, _: AccountId, _: PublicKey) -> Standing {
            self.0.clone()
        }
    }

    fn judge(claim: Claim<'_>, standing: Standing) -> Holder {
        Tokens::new(Arc::new(Says(standing))).holder(claim)
    }

    fn claim(
        token: Option<&str>,
        user: Option<&'static str>,
        account: AccountId,
    ) -> Claim<'static> {
        Claim {
            token: token.map(|token| &*Box::leak(token.to_owned().into_boxed_str())),
            user,
            issuer_key: None,
            account: Some(account),
            speaks_mqtt: false,
        }
    }

    const OTHER: &str = "UAO4J3EUCGGNAUKY5UGBXVRCALZK6OXPJRVR7AYLT4PPYSZ4PMEZEUBJ";

    #[test]
    fn a_client_that_claims_to_be_another_is_spoofed_and_stays_itself() {
        let (token, user, account) = real();

        let holder = judge(
            claim(Some(&token), Some(OTHER), account),
            Standing::NotKnown,
        );

        assert_eq!(holder.identity, Identity::Spoofed);
        assert_eq!(holder.user.unwrap().key, user);
        assert_eq!(holder.claimed_user, Some(OTHER.into()));
        assert!(holder.issued_at.is_some());
    }

    #[test]
    fn a_signature_that_does_not_hold_proves_nobody() {
        let (token, _, account) = real();
        let (rest, signature) = token.rsplit_once('.').unwrap();
        let forged = format!("{rest}.{}", signature.chars().rev().collect::<String>());

        let holder = judge(claim(Some(&forged), None, account), Standing::NotKnown);

        assert_eq!(holder.identity, Identity::Unverified);
    }

    #[test]
    fn a_signer_that_the_account_does_not_know_proves_nobody() {
        let (token, _, account) = real();
        let scoped = Standing::Signer {
            kind: SignerKind::Scoped,
            role: Some("writer".into()),
        };

        let stranger = judge(claim(Some(&token), None, account), Standing::Stranger);
        let known = judge(claim(Some(&token), None, account), scoped);

        assert_eq!(stranger.identity, Identity::Unverified);
        assert_eq!(known.identity, Identity::Verified);
        assert_eq!(known.signer.unwrap().role, Some("writer".into()));
    }

    #[test]
    fn without_a_token_a_key_is_a_hidden_bearer_and_a_name_a_callout() {
        let account = AccountId::from_bytes([1; 32]);
        for (user, mqtt, identity) in [
            (Some(OTHER), false, Identity::Unverified),
            (Some("alice"), false, Identity::Callout),
            (Some("anything"), true, Identity::Unverified),
            (None, false, Identity::Unverified),
        ] {
            let mut claim = claim(None, user, account);
            claim.speaks_mqtt = mqtt;

            let holder = judge(claim, Standing::NotKnown);

            assert_eq!(holder.identity, identity, "{user:?}");
            assert_eq!(holder.user, None);
        }
    }

    #[test]
    fn the_sentinel_of_a_callout_is_not_the_user_that_it_let_in() {
        let (sentinel, ..) = real();
        let target = AccountId::from_bytes([1; 32]);

        let holder = judge(
            claim(Some(&sentinel), Some("alice"), target),
            Standing::NotKnown,
        );

        assert_eq!(holder.identity, Identity::Callout);
        assert_eq!(holder.user, None);
    }

    #[test]
    fn an_mqtt_name_is_no_pretence_unless_it_is_a_key() {
        let (token, _, account) = real();
        for (user, identity) in [("anything", Identity::Verified), (OTHER, Identity::Spoofed)] {
            let mut claim = claim(Some(&token), Some(user), account);
            claim.speaks_mqtt = true;

            assert_eq!(
                judge(claim, Standing::NotKnown).identity,
                identity,
                "{user}"
            );
        }
    }

    #[test]
    fn a_signing_key_signs_for_the_account_that_it_names() {
        let connections = capture("connz_auth_subs_detail.json")["data"]["connections"].clone();
        let scoped = connections
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == "scoped")
            .unwrap();

        let seen = Seen::of(scoped["jwt"].as_str().unwrap()).unwrap();

        assert_eq!(
            seen.account.to_string(),
            scoped["account"].as_str().unwrap()
        );
        assert_eq!(
            seen.issuer.to_string(),
            scoped["issuer_key"].as_str().unwrap()
        );
        assert_ne!(seen.issuer, seen.account.key());
        assert!(seen.is_signed());
    }

    #[test]
    fn a_token_of_another_kind_is_no_user() {
        let account = capture("claims_lookup.json")["reply_is_raw_jwt"].clone();

        assert_eq!(Seen::of(account.as_str().unwrap()), None);
        assert_eq!(Seen::of("junk"), None);
    }
}
