//! Revocations of an account: which tokens of which users are dead, and how full the list is.
//!
//! A token is revoked when a time that stands for its key, or for `*`, is at or after its `iat`: by key and time, never by
//! token. Source: nats-server `accounts.go`, nats-io/jwt `revocation_list.go`.

use std::collections::BTreeMap;

use super::json::Node;
use super::keys::UserId;
use super::time::UnixTime;
use crate::text::Text;

/// Stands for every user of the account.
pub const EVERYBODY: &str = "*";

/// The revocation list of an account, or of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations {
    by_user: BTreeMap<UserId, UnixTime>,
    everybody: Option<UnixTime>,
    /// Keys that are no user's; servers take no notice of them, and they take room.
    pub malformed: Vec<Text>,
    /// Bytes that the list takes in the payload.
    pub bytes: usize,
}

impl Revocations {
    pub(super) fn of(map: Option<&Node>) -> Self {
        let mut list = Self {
            bytes: map.map_or(0, |map| map.to_go_json().len()),
            ..Self::default()
        };
        let Some(Node::Object(pairs)) = map else {
            return list;
        };
        for (key, time) in pairs {
            let time = UnixTime(time.as_i64().unwrap_or_default());
            match key.parse() {
                Ok(user) => {
                    list.by_user.insert(user, time);
                }
                Err(_) if key == EVERYBODY => list.everybody = Some(time),
                Err(_) => list.malformed.push(key.as_str().into()),
            }
        }
        list
    }

    /// The time that makes a token of this user dead, if one does. A token without `iat` is dead by any.
    pub fn revoked_at(&self, user: UserId, issued_at: Option<UnixTime>) -> Option<UnixTime> {
        let issued_at = issued_at.unwrap_or_default();
        let named = self.by_user.get(&user).copied();
        named
            .into_iter()
            .chain(self.everybody)
            .filter(|time| *time >= issued_at)
            .max()
    }

    /// The time up to which tokens of this user are dead, whatever tokens there are.
    pub fn of_user(&self, user: UserId) -> Option<UnixTime> {
        self.by_user.get(&user).copied().max(self.everybody)
    }

    /// The entry of this very user, without `*`.
    pub fn named(&self, user: UserId) -> Option<UnixTime> {
        self.by_user.get(&user).copied()
    }

    pub fn everybody(&self) -> Option<UnixTime> {
        self.everybody
    }

    pub fn by_user(&self) -> impl Iterator<Item = (UserId, UnixTime)> {
        self.by_user.iter().map(|(user, time)| (*user, *time))
    }

    pub fn len(&self) -> usize {
        self.by_user.len() + usize::from(self.everybody.is_some()) + self.malformed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
