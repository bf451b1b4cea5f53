//! Rings of imports: servers refuse the import that would close one, so which one is missing depends on what a server loaded
//! first (`checkServiceImportsForCycles`, `checkStreamImportsForCycles`, `server/accounts.go`).

use std::collections::BTreeMap;

use super::links::Link;
use crate::jwt::account::{Account, EntryKind, Export};
use crate::jwt::keys::AccountId;
use crate::jwt::subject::SubjectPattern;

/// The imports of each account.
pub(super) type Imports = BTreeMap<AccountId, Vec<Link>>;

/// Accounts that a server looks through before it gives up (`MaxAccountCycleSearchDepth`).
const DEPTH: usize = 1024;

/// Whether a server that has all other imports refuses this one.
pub(super) fn is_closed_by(
    link: &Link,
    imports: &Imports,
    known: &BTreeMap<AccountId, Account>,
) -> bool {
    let finds = |subject: &SubjectPattern| {
        let mut search = Search {
            link,
            imports,
            known,
            visited: vec![link.importer],
        };
        search.finds(link.exporter, subject)
    };
    match link.kind {
        EntryKind::Service => finds(&link.from),
        EntryKind::Stream => finds(&link.to) || finds(&link.from),
        EntryKind::Neither => false,
    }
}

struct Search<'a> {
    link: &'a Link,
    imports: &'a Imports,
    known: &'a BTreeMap<AccountId, Account>,
    /// Accounts that were passed. As in the server one stays, whatever became of its branch.
    visited: Vec<AccountId>,
}

impl Search<'_> {
    fn finds(&mut self, account: AccountId, subject: &SubjectPattern) -> bool {
        if self.visited.len() >= DEPTH {
            return true;
        }
        let imports = self.imports;
        if !self.passes_on(account, subject) {
            return false;
        }
        imports
            .get(&account)
            .into_iter()
            .flatten()
            .filter(|next| next.kind == self.link.kind && !self.is_the_link(next))
            .filter(|next| next.to.overlaps(subject))
            .collect::<Vec<&Link>>()
            .into_iter()
            .any(|next| self.closes(account, next, subject))
    }

    fn closes(&mut self, account: AccountId, next: &Link, subject: &SubjectPattern) -> bool {
        if self.visited.contains(&next.exporter) {
            return true;
        }
        self.visited.push(account);
        // What the message is called on the other side of it.
        let renamed = match next.kind {
            EntryKind::Service => &next.from,
            EntryKind::Stream | EntryKind::Neither => &next.to,
        };
        let narrower = if renamed.is_subset_of(subject) {
            renamed
        } else {
            subject
        };
        self.finds(next.exporter, narrower)
    }

    /// A stream goes on only where it is exported again.
    fn passes_on(&self, account: AccountId, subject: &SubjectPattern) -> bool {
        let holds = |export: &Export| {
            let held = SubjectPattern::try_from(export.subject.clone());
            export.kind == EntryKind::Stream && held.is_ok_and(|held| subject.is_subset_of(&held))
        };
        self.link.kind != EntryKind::Stream
            || self
                .known
                .get(&account)
                .is_some_and(|account| account.exports.iter().any(holds))
    }

    fn is_the_link(&self, other: &Link) -> bool {
        other.importer == self.link.importer && other.place == self.link.place
    }
}
