//! The row of a role: its template, and how many were signed with it.

use std::sync::Arc;

use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Serialize, Serializer};

use super::connection::Named;
use crate::jwt::keys::AccountId;
use crate::jwt::limits::Limit;
use crate::jwt::role::Role;
use crate::jwt::user::Restrictions;

/// How many users a role has; `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Members {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
    /// Different users with an open connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u64>,
}

/// The row of a role.
#[derive(Clone, Debug)]
pub struct RoleLine {
    pub role: Role,
    pub account: Arc<Named<AccountId>>,
    pub members: Members,
}

impl Serialize for RoleLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.role.key)?;
        map.serialize_entry("name", &self.role.name)?;
        map.serialize_entry("account", self.account.as_ref())?;
        map.serialize_entry("description", &self.role.description)?;
        map.serialize_entry("template", &Template(&self.role))?;
        map.serialize_entry("members", &self.members)?;
        map.end()
    }
}

struct Template<'a>(&'a Role);

impl Serialize for Template<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let template = &self.0.template;
        let mut fields = serializer.serialize_struct("Template", 4)?;
        fields.serialize_field("permissions", &template.permissions)?;
        fields.serialize_field("limits", &UserLimits::of(&template.restrictions))?;
        fields.serialize_field("networks", &template.restrictions.networks)?;
        let types = &template.restrictions.connection_types;
        fields.serialize_field("connection_types", types)?;
        fields.end()
    }
}

/// The numbers that bound a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UserLimits {
    pub subscriptions: Limit,
    pub payload_bytes: Limit,
    pub data_bytes: Limit,
}

impl UserLimits {
    pub const fn of(restrictions: &Restrictions) -> Self {
        Self {
            subscriptions: restrictions.subscriptions,
            payload_bytes: restrictions.payload_bytes,
            data_bytes: restrictions.data_bytes,
        }
    }
}
