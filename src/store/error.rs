//! Why something of the store could not be read or written, in words that say whether anything was changed.

use crate::inventory::Problem;
use crate::jwt::creds::CredsError;
use crate::jwt::signer::SignError;
use crate::jwt::token::{Revision, TokenError};
use crate::text::Text;

/// What the store could not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("there is no operator in {stores}")]
    NoOperator { stores: Text },
    #[error("there are several operators in {stores}, and none is selected: {}", names(.there))]
    WhichOperator { stores: Text, there: Vec<Text> },
    #[error("there is no operator \"{wanted}\" in {stores}")]
    UnknownOperator { stores: Text, wanted: Text },
    #[error("{what} is not in the store")]
    NotFound { what: Text },
    #[error("{place}: {problem}")]
    File { place: Text, problem: Problem },
    #[error("{place} was changed by somebody else; nothing was written")]
    Stale {
        place: Text,
        found: Option<Revision>,
    },
    #[error("another program has been writing to {place} for 5 s; nothing was written")]
    Busy { place: Text },
    #[error("\"{0}\" cannot be the name of a file; nothing was written")]
    Name(Text),
    #[error("{place} is there already; nothing was written")]
    Taken { place: Text },
    #[error("the token is not what it should be written as: {why}; nothing was written")]
    Unfit { why: Text },
    #[error("{place} could not be written: {why}; nothing was changed")]
    NotWritten { place: Text, why: Text },
    #[error("{place} is written, but the disk did not confirm it: {why}")]
    NotSynced { place: Text, why: Text },
    #[error("the system gave no randomness: {0}")]
    NoRandomness(Text),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Creds(#[from] CredsError),
    #[error(transparent)]
    Sign(#[from] SignError),
}

fn names(texts: &[Text]) -> String {
    texts
        .iter()
        .map(Text::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
