//! The part of a survey that lies on this machine: the store, the keyring, and what our own record says was issued.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::Survey;
use crate::actions::ports::{Ports, Record};
use crate::actions::prepare::blocking;
use crate::actions::refusal::Refusal;
use crate::actions::stock::Stock;
use crate::inventory::told::Told;
use crate::jwt::keys::{KeyKind, PublicKey, UserId};
use crate::store::Store;
use crate::text::Text;

pub(super) async fn read(ports: &Ports) -> Result<Survey, Refusal> {
    let mut survey = Survey {
        told: Told {
            now: (ports.now)().into(),
            issued: issued(&ports.record).await?,
            ..Told::default()
        },
        ..Survey::default()
    };
    let Some(store) = &ports.store else {
        return Ok(survey);
    };
    let read = |store: &dyn Store| (Stock::read(store), store.held());
    let (mut stock, held) = blocking(Arc::clone(store), read).await?;
    stock.flaws.extend(held.flaws);
    for row in stock.accounts.values() {
        ports.book.learn(row.account.clone());
    }
    survey.told.system_account = stock
        .operator
        .as_ref()
        .and_then(|row| row.operator.system_account);
    survey.told.operator = stock.operator.clone();
    survey.told.stored = Some(stock.accounts.clone());
    survey.told.users = stock.users.clone();
    survey.told.held = with_paths(store.as_ref(), held.keys);
    survey.stock = stock;
    Ok(survey)
}

/// Keys of operators, accounts and callouts; there may be 100,000 of users, of which nobody asks here.
fn with_paths(store: &dyn Store, held: Vec<PublicKey>) -> BTreeMap<PublicKey, Text> {
    let keys = held.into_iter().filter(|key| {
        matches!(
            key.kind,
            KeyKind::Operator | KeyKind::Account | KeyKind::Curve
        )
    });
    keys.map(|key| (key, store.key_path(key).to_string_lossy().as_ref().into()))
        .collect()
}

/// Users that our acts made. A record that cannot be read is no reason not to look at users.
async fn issued(record: &Record) -> Result<HashSet<UserId>, Refusal> {
    let issued = Arc::clone(&record.issued);
    let read = record.on_disk(move |ledger| Ok(issued.learn(ledger))).await;
    read.map_err(|error| Refusal::Unreadable(error.to_string().into()))
}
