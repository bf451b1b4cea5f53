//! Revocations that are watched over for 24 h: what a console takes up again when it starts. It watches nothing itself.
//!
//! A server that was down lets revoked users in until its next sync. Whoever guards pushes the servers' current token to it;
//! the entry says for which account, since which revision, and whom to close.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::LedgerError;
use super::audit::{Digest, RecordId};
use super::kept::Kept;
use crate::jwt::keys::{AccountId, UserId};

/// How long a revocation is watched over.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// One revocation that is watched over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// The intent of the revocation.
    pub id: RecordId,
    pub account: AccountId,
    /// Who is kept out; none named means all users of the account up to the revision's `*`.
    pub users: Vec<UserId>,
    /// SHA-256 of the token that revoked. A later token is pushed in its place: the servers' current one.
    pub revision: Digest,
    pub since_at: Timestamp,
    pub until_at: Timestamp,
}

/// The guards of one ledger, in `guards.json`; a change reads, changes and replaces the file under a lock.
pub struct Guards(Kept);

impl Guards {
    /// The guards of the ledger in a folder.
    pub fn of(ledger: &Path) -> Self {
        Self(Kept::new(ledger.join("guards.json")))
    }

    /// What is still watched over, the oldest first.
    pub fn list(&self, now: Timestamp) -> Result<Vec<Guard>, LedgerError> {
        let mut guards: Vec<Guard> = self.0.load()?;
        guards.retain(|guard| guard.until_at > now);
        Ok(guards)
    }

    /// Adds a guard, in the place of one of the same intent and account, and drops what has expired.
    pub fn put(&self, guard: Guard, now: Timestamp) -> Result<(), LedgerError> {
        self.0.update(|guards: &mut Vec<Guard>| {
            guards.retain(|held| {
                held.until_at > now && (held.id, held.account) != (guard.id, guard.account)
            });
            guards.push(guard);
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::signer::Signer as _;
    use crate::ledger::tests::{Home, at, writer};

    fn guard(seq: u64, since: i64) -> Guard {
        Guard {
            id: RecordId::new(writer(1).public_key(), seq),
            account: AccountId::from_bytes([3; 32]),
            users: vec![UserId::from_bytes([4; 32])],
            revision: Digest([5; 32]),
            since_at: at(since),
            until_at: at(since) + LIFETIME,
        }
    }

    #[test]
    fn a_guard_is_there_for_another_process_until_it_expires() {
        let home = Home::new();
        let ours = Guards::of(&home.ledger());
        let theirs = Guards::of(&home.ledger());

        ours.put(guard(1, 0), at(0)).unwrap();
        theirs.put(guard(2, 60), at(60)).unwrap();

        assert_eq!(ours.list(at(60)).unwrap(), [guard(1, 0), guard(2, 60)]);
        assert_eq!(ours.list(at(0) + LIFETIME).unwrap(), [guard(2, 60)]);
    }

    #[test]
    fn a_guard_of_the_same_intent_replaces_the_older_one() {
        let home = Home::new();
        let guards = Guards::of(&home.ledger());
        let newer = Guard {
            revision: Digest([6; 32]),
            ..guard(1, 0)
        };

        guards.put(guard(1, 0), at(0)).unwrap();
        guards.put(newer.clone(), at(1)).unwrap();

        assert_eq!(guards.list(at(1)).unwrap(), [newer]);
    }

    #[test]
    fn a_file_that_is_no_list_of_guards_is_an_error_and_not_no_guards() {
        let home = Home::new();
        let guards = Guards::of(&home.ledger());
        guards.put(guard(1, 0), at(0)).unwrap();
        std::fs::write(home.ledger().join("guards.json"), "[{").unwrap();

        assert!(matches!(
            guards.list(at(0)),
            Err(LedgerError::Unreadable { .. })
        ));
        assert!(matches!(
            guards.put(guard(2, 0), at(0)),
            Err(LedgerError::Unreadable { .. })
        ));
        assert_eq!(
            std::fs::read(home.ledger().join("guards.json")).unwrap(),
            b"[{"
        );
    }
}
