//! What is fixed about an act: its id, its words, the least consent it takes and in which direction it moves rights.

use serde::Serialize;

/// The id of an act, `noun.verb`: the same in the record, the palette, the keymap and on the command line.
pub type ActionId = &'static str;

/// What everybody may know about an act before anybody asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    pub id: ActionId,
    pub title: &'static str,
    pub help: &'static str,
    /// A plan may raise it, never lower it.
    pub level: Level,
    pub direction: Direction,
    /// The least that one must hold for it.
    pub tier: Tier,
}

/// What consent takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// A read takes nothing.
    Free = 0,
    /// `y`, `--yes`: one target that can be undone or comes back by itself.
    Yes = 1,
    /// The last four characters of the target's key, or how many targets there are.
    Tail = 2,
    /// The account's name.
    Name = 3,
}

impl Serialize for Level {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

/// Narrowing waits for nothing but the local disk; widening waits for the shared ledger where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Narrows,
    Widens,
    Neutral,
}

/// What one can do depends on what one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// No servers: browse, sign and write the store.
    Offline,
    /// A user of the system account.
    Look,
    /// The same with the right to kick.
    Kick,
    /// A key that signs users of an account or of a role.
    Issue,
    /// An operator signing key, and the system account.
    Change,
    /// The operator's identity key.
    Operator,
}

impl Tier {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Look => "look",
            Self::Kick => "kick",
            Self::Issue => "issue",
            Self::Change => "change",
            Self::Operator => "operator",
        }
    }

    /// Whether acts of it are about what servers do. The others make tokens and files.
    pub const fn asks_servers(self) -> bool {
        match self {
            Self::Offline | Self::Issue => false,
            Self::Look | Self::Kick | Self::Change | Self::Operator => true,
        }
    }

    /// What is missing for it, for a dim key.
    pub const fn needs(self) -> &'static str {
        match self {
            Self::Offline => "needs nothing",
            Self::Look => "needs a user of the system account",
            Self::Kick => "needs the right to kick in the system account",
            Self::Issue => "needs a signing key of the account or role",
            Self::Change => "needs an operator signing key and the system account",
            Self::Operator => "needs the operator's identity key",
        }
    }
}
