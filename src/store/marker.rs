//! `.nsc`, which makes a directory an operator's: what nsc calls the store. Never written here.
//!
//! ```text
//! {"managed":false,"name":"OP","kind":"operator","version":"1"}
//! ```
//!
//! The name is that of the operator's file and of the creds folder, and may differ from the directory's when somebody moved it.

use serde::Deserialize;

use super::read::Reader;
use super::tree::{Tree, file_stem};
use crate::inventory::Problem;
use crate::text::Text;

/// What the file says; its other keys do nothing (nsc `cmd/store/store.go`).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    name: Text,
}

/// What was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    /// Fit for a file name: the directory's, where the file has none that is.
    pub(super) store_name: Text,
    pub(super) problem: Option<Problem>,
}

impl Marker {
    pub(super) fn read(tree: &Tree, reader: &mut Reader) -> Self {
        let read = reader.read(&tree.marker()).and_then(|json| {
            serde_json::from_slice(json).map_err(|error| Problem::Torn {
                why: error.to_string().into(),
            })
        });
        let (written, problem) = match read {
            Ok(written) => (written, None),
            Err(problem) => (Written::default(), Some(problem)),
        };
        let named = file_stem(&written.name).map(Text::from);
        Self {
            store_name: named.unwrap_or_else(|| tree.operator.clone()),
            problem,
        }
    }
}
