//! Which key signs an account: the rules that keep a push from killing it. Servers answer 200 to a token that nobody trusts.

use crate::jwt::keys::{AccountId, KeyKind, PublicKey};
use crate::jwt::role::SignerKind;
use crate::jwt::token::Token;

use super::facts::Facts;
use super::plan::PlannedSigner;
use super::refusal::Refusal;

/// Chooses, in this order: the asked key, the current issuer, any held signing key that every answering server trusts, the
/// operator's identity unless it is strict.
pub fn account_signer(facts: &Facts, account: AccountId) -> Result<PlannedSigner, Refusal> {
    let issuer = facts
        .account(account)
        .map(|facts| facts.base.envelope().issuer);
    if let Some(asked) = facts.asked_signer {
        return usable(facts, asked).map(|()| planned(facts, asked));
    }
    let operator = facts.operator.iter();
    let signing_keys = operator
        .clone()
        .flat_map(|operator| operator.signing_keys.iter().copied());
    let identity = operator
        .filter(|operator| !operator.strict)
        .map(|operator| operator.id.key());
    let candidates: Vec<PublicKey> = issuer
        .into_iter()
        .chain(signing_keys)
        .chain(identity)
        .collect();
    let found = candidates
        .iter()
        .copied()
        .find(|key| usable(facts, *key).is_ok());
    if let Some(key) = found {
        return Ok(planned(facts, key));
    }
    // The refusal of the first held one says more than that of one which nobody holds.
    let told = candidates
        .iter()
        .find(|key| facts.held.contains(key))
        .or(candidates.first());
    let no_operator = || Refusal::Unknown {
        what: "operator",
        written: "in the store".into(),
    };
    let key = told.ok_or_else(no_operator)?;
    usable(facts, *key).map(|()| planned(facts, *key))
}

/// Whether a key may sign accounts here and now: held, an operator's, and trusted by every server that answered.
fn usable(facts: &Facts, key: PublicKey) -> Result<(), Refusal> {
    signs_accounts(key)?;
    if !facts.held.contains(&key) {
        let role = "an operator key, which signs accounts".to_owned();
        return Err(Refusal::NoSigner { key, role });
    }
    trusted(facts, key)
}

/// Servers answer 200 to what an account has signed for itself, and let nobody of it in.
fn signs_accounts(key: PublicKey) -> Result<(), Refusal> {
    if key.kind == KeyKind::Operator {
        return Ok(());
    }
    Err(Refusal::Untrusted {
        key,
        servers: vec!["any server: an account that signs itself dies".into()],
    })
}

/// Whether a token of an account, as it is, comes into force wherever it is pushed: signed as it says, by a key that every
/// server that answered trusts with accounts.
pub fn enforceable(facts: &Facts, token: &Token) -> Result<(), Refusal> {
    let issuer = token.envelope().issuer;
    signs_accounts(issuer)?;
    trusted(facts, issuer)?;
    let signed = token.verify();
    signed.map_err(|error| Refusal::Unsound(format!("no server takes the store's token: {error}")))
}

fn trusted(facts: &Facts, key: PublicKey) -> Result<(), Refusal> {
    let distrusting: Vec<String> = match &facts.census {
        Some(census) => census
            .distrusting(key)
            .into_iter()
            .map(|server| server.name.to_string())
            .collect(),
        None if facts
            .operator
            .as_ref()
            .is_some_and(|operator| operator.may_sign_accounts(key)) =>
        {
            Vec::new()
        }
        None => vec!["the operator in the store".into()],
    };
    if distrusting.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Untrusted {
            key,
            servers: distrusting,
        })
    }
}

fn planned(facts: &Facts, key: PublicKey) -> PlannedSigner {
    let is_identity = facts
        .operator
        .as_ref()
        .is_some_and(|operator| operator.id.key() == key);
    PlannedSigner {
        key,
        kind: if is_identity {
            SignerKind::Identity
        } else {
            SignerKind::Signing
        },
    }
}
