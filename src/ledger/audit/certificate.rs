//! The statement of an operator's key that a writer's key is of the team. It does not say whose key that operator key is:
//! the operator's token does, and the caller has it.
//!
//! The record that carries it is a fact: action [`ACTION`], `effect.certificate` = `{writer, operator, key, sig}`, where `sig`
//! is `key`'s signature (base64url) over the text of [`statement`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Fact, Outcome, Record, Signature, Target};
use crate::jwt::keys::{KeyKind, OperatorId, PublicKey};
use crate::jwt::signer::{SignError, Signer};

/// The action of the record that certifies a writer.
pub const ACTION: &str = "ledger.certify";

#[derive(Serialize, Deserialize)]
struct Effect {
    certificate: Certificate,
}

#[derive(Serialize, Deserialize)]
struct Certificate {
    writer: PublicKey,
    operator: OperatorId,
    key: PublicKey,
    sig: Signature,
}

/// What an operator key signs.
pub fn statement(writer: PublicKey, operator: OperatorId) -> String {
    format!("nats-oam: {writer} writes records for operator {operator}")
}

/// Makes the fact that certifies a writer, for [`Ledger::fact`](crate::ledger::Ledger::fact).
pub fn certify(
    writer: PublicKey,
    operator: OperatorId,
    by: &dyn Signer,
    actor: Actor,
    at: Timestamp,
) -> Result<Fact, SignError> {
    let sig = Signature(by.sign(statement(writer, operator).as_bytes())?);
    let effect = serde_json::json!({"certificate": {"writer": writer, "operator": operator, "key": by.public_key(), "sig": sig}});
    Ok(Fact {
        at,
        action: ACTION.into(),
        actor,
        target: vec![Target {
            kind: "key".into(),
            key: writer.to_string().into(),
            name: None,
            account: None,
        }],
        outcome: Outcome::Verified,
        effect: effect.into(),
    })
}

/// The operator key that certifies the writer of a record, if this is such a record and the signature holds.
pub fn certifier(record: &Record) -> Option<PublicKey> {
    if record.action != ACTION.into() {
        return None;
    }
    let effect = record.effect.as_ref()?.as_value();
    let Effect { certificate } = Effect::deserialize(effect).ok()?;
    let said = statement(certificate.writer, certificate.operator);
    let holds = certificate.writer == record.writer
        && certificate.key.kind == KeyKind::Operator
        && certificate.key.verify(said.as_bytes(), &certificate.sig.0);
    holds.then_some(certificate.key)
}
