//! Which file of nsc's tree is which, and which names may become files. It touches no file.
//!
//! ```text
//! <stores>/OP/.nsc   OP/OP.jwt   OP/accounts/ACCT/ACCT.jwt   OP/accounts/ACCT/users/USER.jwt
//! ```
//!
//! Source: nsc `cmd/store/store.go`.

use std::path::{Path, PathBuf};

use crate::text::Text;

/// Temporary files of ours begin so: no suffix that nsc looks for, and hidden.
pub(super) const TEMPORARY: &str = ".oam-";

/// Longest file name that every file system takes, less the longest suffix and a temporary name.
const NAME_BYTES: usize = 230;

/// One operator's part of the stores folder.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) stores: PathBuf,
    /// The operator's directory.
    pub(super) operator: Text,
}

impl Tree {
    pub(super) fn operator_dir(&self) -> PathBuf {
        self.stores.join(self.operator.raw())
    }

    pub(super) fn marker(&self) -> PathBuf {
        self.operator_dir().join(".nsc")
    }

    /// The operator's token, which is called after the store, not after the directory.
    pub(super) fn operator_file(&self, store_name: &Text) -> PathBuf {
        self.operator_dir()
            .join(format!("{}.jwt", store_name.raw()))
    }

    pub(super) fn accounts(&self) -> PathBuf {
        self.operator_dir().join("accounts")
    }

    pub(super) fn account_dir(&self, directory: &Text) -> PathBuf {
        self.accounts().join(directory.raw())
    }

    pub(super) fn account_file(&self, directory: &Text) -> PathBuf {
        self.account_dir(directory)
            .join(format!("{}.jwt", directory.raw()))
    }

    pub(super) fn users(&self, directory: &Text) -> PathBuf {
        self.account_dir(directory).join("users")
    }

    /// A path as findings name it: below the stores folder.
    pub(super) fn shown(&self, path: &Path) -> Text {
        path.strip_prefix(&self.stores)
            .unwrap_or(path)
            .to_string_lossy()
            .as_ref()
            .into()
    }
}

/// The file name, without suffix, of a thing that is called so. nsc trims names and takes them as they are; a name that would
/// lead elsewhere, or hide, is none.
pub(super) fn file_stem(name: &Text) -> Option<&str> {
    let stem = name.raw().trim();
    let fits = !stem.is_empty() && stem.len() <= NAME_BYTES;
    let leads = stem.contains(['/', '\\']) || stem == "." || stem == "..";
    let hides = stem.starts_with(TEMPORARY) || stem.chars().any(char::is_control);
    (fits && !leads && !hides).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_or_hides_is_no_file_name() {
        for bad in [
            "", "  ", ".", "..", "a/b", "../../x", "a\\b", "a\0b", "a\x1bb", "a\nb", ".oam-x",
        ] {
            assert_eq!(file_stem(&bad.into()), None, "{bad:?}");
        }
        assert_eq!(file_stem(&"x".repeat(231).into()), None);
        for good in ["alice", "carol-with-ünïcode", "a b", "..a", "*", ".hidden"] {
            assert_eq!(file_stem(&good.into()), Some(good));
        }
        assert_eq!(file_stem(&" trimmed ".into()), Some("trimmed"));
    }
}
