//! The row of an operator: what its token says, or as much as the servers tell of it.

use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::account::OperatorRow;
use super::connection::{Named, known};
use super::server::{Strictness, TrustedOperator};
use crate::jwt::keys::{AccountId, OperatorId, PublicKey};
use crate::text::Text;

/// Whether this is the operator that we work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chosen {
    Current,
    Other,
}

/// The row of an operator.
#[derive(Clone, Debug)]
pub struct OperatorLine {
    pub id: OperatorId,
    /// `None`: only the servers told of it.
    pub row: Option<Arc<OperatorRow>>,
    pub signing_keys: Vec<PublicKey>,
    pub strictness: Strictness,
    pub system_account: Option<Named<AccountId>>,
    /// `None`: not counted.
    pub accounts: Option<u64>,
    pub chosen: Chosen,
}

impl OperatorLine {
    /// An operator of a store.
    pub fn of_store(row: Arc<OperatorRow>, chosen: Chosen) -> Self {
        let operator = &row.operator;
        Self {
            id: operator.id,
            signing_keys: operator.signing_keys.clone(),
            strictness: if operator.strict {
                Strictness::SigningKeysOnly
            } else {
                Strictness::IdentityToo
            },
            system_account: operator.system_account.map(Named::unnamed),
            accounts: None,
            chosen,
            row: Some(row),
        }
    }

    /// An operator that servers trust, and that no store here has.
    pub fn of_servers(trusted: &TrustedOperator, system: Option<AccountId>) -> Self {
        Self {
            id: trusted.identity,
            row: None,
            signing_keys: trusted.signing_keys.clone(),
            strictness: trusted.strictness,
            system_account: system.map(Named::unnamed),
            accounts: None,
            chosen: Chosen::Current,
        }
    }

    pub fn name(&self) -> Option<&Text> {
        self.row.as_ref().map(|row| &row.operator.name)
    }
}

impl Serialize for OperatorLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.id)?;
        known(&mut map, "name", self.name())?;
        map.serialize_entry("current", &(self.chosen == Chosen::Current))?;
        if let Some(row) = &self.row {
            let operator = &row.operator;
            map.serialize_entry("store_name", &row.store_name)?;
            map.serialize_entry("issuer", &operator.issuer)?;
            map.serialize_entry("issued_at", &operator.issued_at)?;
            map.serialize_entry("expires_at", &operator.expires_at)?;
            map.serialize_entry("revision", &row.revision)?;
            map.serialize_entry("service_urls", &operator.service_urls)?;
            map.serialize_entry("tags", &operator.tags)?;
        }
        map.serialize_entry("strict", &(self.strictness == Strictness::SigningKeysOnly))?;
        map.serialize_entry("signing_keys", &self.signing_keys)?;
        map.serialize_entry("system_account", &self.system_account)?;
        known(&mut map, "accounts", self.accounts.as_ref())?;
        map.end()
    }
}
