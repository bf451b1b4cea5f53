//! What steps do with the token of an account: how it comes about, and where it goes. Data; `enforce` and `taking` carry it out.

use crate::jwt::edit::Edit;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::jwt::token::Token;
use crate::text::Text;

use super::plan::PlannedSigner;

/// A token that is to be in force.
#[derive(Clone, Debug)]
pub struct SignAccount {
    pub account: AccountId,
    pub name: Text,
    /// What the servers have, and what it is to replace.
    pub base: Token,
    pub edits: Vec<Edit>,
    pub signing: Signing,
    pub detail: String,
}

/// How a token comes about.
#[derive(Clone, Debug)]
pub enum Signing {
    /// The base with the edits; the base itself, where it says all of it already.
    Edited(PublicKey),
    /// Another token with the edits, under a signature of its own.
    Anew {
        source: Box<Token>,
        signer: PlannedSigner,
    },
    /// A token that is signed already, as it is. The key, where it is held, joins it with what another admin pushes meanwhile.
    Given {
        token: Box<Token>,
        key: Option<PublicKey>,
    },
}

impl Signing {
    /// The key that has to sign, or may have to.
    pub const fn key(&self) -> Option<PublicKey> {
        match self {
            Self::Edited(key) => Some(*key),
            Self::Anew { signer, .. } => Some(signer.key),
            Self::Given { key, .. } => *key,
        }
    }

    /// The word of the step.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Edited(_) | Self::Anew { .. } => "sign",
            Self::Given { .. } => "take",
        }
    }
}

/// The servers' token of an account, for the store.
#[derive(Clone, Debug)]
pub struct TakeOver {
    pub account: AccountId,
    pub name: Text,
    pub token: Token,
    /// What gives way to it. `None`: the store does not have the account.
    pub replaces: Option<Token>,
}

impl TakeOver {
    pub(super) fn detail(&self) -> String {
        match self.replaces {
            Some(_) => "the servers' token in place of the store's".to_owned(),
            None => "the servers' token, which the store does not have".to_owned(),
        }
    }
}
