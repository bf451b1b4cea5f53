//! The row of a user: what the store, the live tokens and the revocations of its account say together. It keeps no token and
//! no permissions; `user_page` works those out for one user.

use std::num::NonZeroI64;
use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::connection::{Named, SignedBy, known};
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// Whether a user can connect. The first that holds, in this order, from `AccountDisabled` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Its account has no token at hand.
    Unknown,
    /// Nobody of the account gets in.
    AccountDisabled,
    /// The account has the signer's key no more.
    SignerGone,
    /// Every token of it that is known is dead.
    Revoked,
    Expired,
    NotYet,
    /// Older tokens of it are dead, the newest is not.
    PartlyRevoked,
    Active,
}

impl UserState {
    /// Whether a login can be let in, as far as is known.
    pub const fn is_let_in(self) -> bool {
        match self {
            Self::Unknown | Self::PartlyRevoked | Self::Active => true,
            Self::AccountDisabled
            | Self::SignerGone
            | Self::Revoked
            | Self::Expired
            | Self::NotYet => false,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::AccountDisabled => "account_disabled",
            Self::SignerGone => "signer_gone",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::PartlyRevoked => "partly_revoked",
            Self::Active => "active",
        }
    }
}

/// Who told of a user: any of five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sources(u8);

impl Sources {
    pub const STORE: Self = Self(1);
    pub const LIVE: Self = Self(2);
    pub const ISSUED: Self = Self(4);
    pub const CALLOUT: Self = Self(8);
    pub const REVOCATION: Self = Self(16);

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub fn and_if(self, holds: bool, other: Self) -> Self {
        if holds { self.and(other) } else { self }
    }

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The words of the contract, in its order.
    pub fn words(self) -> &'static [&'static str] {
        let words = WORDS.get(usize::from(self.0));
        let count = self.0.count_ones() as usize;
        words
            .and_then(|words| words.get(..count))
            .unwrap_or_default()
    }
}

/// For every combination, its words in front.
static WORDS: [[&str; 5]; 32] = words();

const fn words() -> [[&'static str; 5]; 32] {
    const ALL: [&str; 5] = ["store", "live", "issued", "callout", "revocation"];
    let mut table = [[""; 5]; 32];
    let mut combination = 0;
    while combination < 32 {
        let (mut bit, mut place) = (0, 0);
        while bit < 5 {
            if combination & (1 << bit) != 0 {
                table[combination][place] = ALL[bit];
                place += 1;
            }
            bit += 1;
        }
        combination += 1;
    }
    table
}

/// Whether the text of the token alone is enough to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bearer {
    Yes,
    No,
    /// Nobody showed the token.
    Unknown,
}

impl Bearer {
    pub const fn of(is_bearer: bool) -> Self {
        if is_bearer { Self::Yes } else { Self::No }
    }
}

/// Seconds since 1970, or none, in eight bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Option<NonZeroI64>);

impl From<Option<UnixTime>> for Stamp {
    fn from(time: Option<UnixTime>) -> Self {
        Self(time.and_then(|UnixTime(seconds)| NonZeroI64::new(seconds)))
    }
}

impl Stamp {
    pub fn time(self) -> Option<UnixTime> {
        self.0.map(|seconds| UnixTime(seconds.get()))
    }
}

/// The row of a user.
#[derive(Clone, Debug)]
pub struct UserLine {
    pub id: UserId,
    pub account: Arc<Named<AccountId>>,
    pub name: Option<Text>,
    pub signer: Option<Arc<SignedBy>>,
    pub tags: Option<Arc<[Text]>>,
    /// Of the newest token that is known.
    pub issued_at: Stamp,
    /// Of the store's token: none is never.
    pub expires_at: Stamp,
    pub not_before: Stamp,
    /// When its tokens were revoked, the dead and the older ones.
    pub revoked_at: Stamp,
    /// Open connections whose token proves that they are its own. `None`: nobody asked.
    pub connections: Option<u32>,
    pub state: UserState,
    pub sources: Sources,
    pub bearer: Bearer,
}

impl UserLine {
    pub const fn is_stored(&self) -> bool {
        self.sources.has(Sources::STORE)
    }

    /// Writes the fields that a list has, in the contract's order, up to the sources.
    pub(super) fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("key", &self.id)?;
        known(map, "name", self.name.as_ref())?;
        map.serialize_entry("account", self.account.as_ref())?;
        known(map, "signer", self.signer.as_deref())?;
        map.serialize_entry("state", &self.state)?;
        if self.state != UserState::Unknown {
            map.serialize_entry("revoked_at", &self.revoked_at.time())?;
        }
        known(map, "issued_at", self.issued_at.time().as_ref())?;
        // Whoever has read the token knows its tags.
        if self.tags.is_some() {
            map.serialize_entry("not_before_at", &self.not_before.time())?;
            map.serialize_entry("expires_at", &self.expires_at.time())?;
        }
        match self.bearer {
            Bearer::Yes => map.serialize_entry("bearer", &true)?,
            Bearer::No => map.serialize_entry("bearer", &false)?,
            Bearer::Unknown => {}
        }
        known(map, "tags", self.tags.as_deref())?;
        map.serialize_entry("sources", self.sources.words())
    }
}

impl Serialize for UserLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        known(&mut map, "connections", self.connections.as_ref())?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_in_the_order_of_the_contract() {
        let all = [
            Sources::STORE,
            Sources::LIVE,
            Sources::ISSUED,
            Sources::CALLOUT,
            Sources::REVOCATION,
        ];
        let every = all.into_iter().fold(Sources::default(), Sources::and);

        assert_eq!(
            every.words(),
            ["store", "live", "issued", "callout", "revocation"]
        );
        assert_eq!(
            Sources::REVOCATION.and(Sources::STORE).words(),
            ["store", "revocation"]
        );
        assert!(Sources::default().words().is_empty());
    }

    #[test]
    fn a_row_is_small_enough_for_a_hundred_thousand() {
        assert!(size_of::<UserLine>() <= 136, "{}", size_of::<UserLine>());
    }
}
