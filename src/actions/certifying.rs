//! The certificate of the record's key: the first act that an operator's key signs and that reaches servers also says, in the
//! record and by that key, that this writer is of the team. It comes after the result, and the act does not depend on it.

use std::sync::Arc;

use crate::jwt::keys::{KeyKind, OperatorId, PublicKey};
use crate::jwt::operator::Operator;
use crate::ledger::audit::certificate::{ACTION, certifier, certify};
use crate::ledger::{Ledger, Order, Query};
use crate::store::{Store, Stored};

use super::plan::{Plan, Warning};
use super::ports::Ports;
use super::prepare::blocking;

/// Writes the certificate if an operator's key has signed the act and none has certified the writer yet. A failure is told:
/// the next act tries again.
pub(super) async fn certify_writer(plan: &Plan, ports: &Ports) -> Option<Warning> {
    let by = plan.signer?.key;
    let store = ports.store.clone()?;
    if by.kind != KeyKind::Operator {
        return None;
    }
    let learned = ports
        .sys
        .as_ref()
        .and_then(|sys| sys.census().borrow().operator());
    let ports = ports.clone();
    let done = blocking(store, move |store| {
        let operator = operator_of(store).or(learned);
        operator.map_or(Ok(()), |operator| write(&ports, store, operator, by))
    });
    let why = match done.await {
        Ok(Ok(())) => return None,
        Ok(Err(why)) => why,
        Err(refusal) => refusal.to_string(),
    };
    let what = format!("the key of the record is not certified by {by}: {why}");
    Some(Warning::new("not_certified", what))
}

fn operator_of(store: &dyn Store) -> Option<OperatorId> {
    let token = store.token(&Stored::Operator).ok()?;
    Some(Operator::of(&token).ok()?.id)
}

/// The writer's first certificate stands near the beginning of its chain, so it is looked for from there.
fn write(
    ports: &Ports,
    store: &dyn Store,
    operator: OperatorId,
    by: PublicKey,
) -> Result<(), String> {
    let ledger: &Arc<dyn Ledger> = &ports.record.ledger;
    let writer = ledger.writer();
    let first = Query {
        order: Order::OldestFirst,
        action: Some(ACTION.into()),
        target: Some(writer.to_string().into()),
        limit: Some(1),
        ..Query::default()
    };
    let held = ledger.records(&first).map_err(|error| error.to_string())?;
    if held
        .records
        .iter()
        .any(|record| certifier(record).is_some())
    {
        return Ok(());
    }
    let signer = store.signer(by).map_err(|error| error.to_string())?;
    let at = (ports.now)();
    let made = certify(writer, operator, signer.as_ref(), ports.actor.clone(), at);
    let kept = ledger.fact(made.map_err(|error| error.to_string())?);
    kept.map(drop).map_err(|error| error.to_string())
}
