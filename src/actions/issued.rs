//! The users that our acts made, by the record. The whole record is read once, then what was written since the last time.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::jwt::keys::UserId;
use crate::ledger::{Ledger, Query};

/// The act that makes users, and says in its effect which.
const ISSUING: &str = "user.reissue";

/// A record may land later than one that is younger by its clock; what is read twice is known once.
const SLACK: SignedDuration = SignedDuration::from_hours(24);

/// Users that were made, as far as the record was read.
#[derive(Debug, Default)]
pub struct Issued(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    users: HashSet<UserId>,
    /// The time of the newest record that was read.
    until: Option<Timestamp>,
}

impl Issued {
    /// Reads on, and tells all. A record that cannot be read adds nobody. Blocks on the disk.
    pub(super) fn learn(&self, ledger: &dyn Ledger) -> HashSet<UserId> {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = Query {
            limit: Some(1),
            ..Query::default()
        };
        let newest = ledger.records(&newest).unwrap_or_default().records;
        let query = Query {
            action: Some(ISSUING.into()),
            since: read
                .until
                .map(|until| until.saturating_sub(SLACK).unwrap_or(Timestamp::MIN)),
            ..Query::default()
        };
        let records = ledger.records(&query).unwrap_or_default().records;
        read.until = newest.first().map(|record| record.at).max(read.until);
        let effects = records.iter().filter_map(|record| record.effect.as_ref());
        let made = effects.filter_map(|effect| effect.as_value()["new"]["key"].as_str());
        let made: Vec<UserId> = made.filter_map(|key| key.parse().ok()).collect();
        read.users.extend(made);
        read.users.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::jwt::keys::KeyKind;
    use crate::ledger::Folder;
    use crate::ledger::audit::{Actor, Fact, Outcome};
    use crate::test_support::ByteSigner;

    fn record(ledger: &Folder, action: &str, day: i64, made: UserId) {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let effect = serde_json::json!({"new": {"key": made.to_string()}});
        let fact = Fact {
            at,
            action: action.into(),
            actor: Actor::os_user("kim".into(), "laptop".into()),
            target: Vec::new(),
            outcome: Outcome::Verified,
            effect: effect.into(),
        };
        Ledger::fact(ledger, fact).unwrap();
    }

    #[test]
    fn what_was_issued_since_the_last_time_is_added_to_what_is_known() {
        let home = tempfile::tempdir().unwrap();
        let (ledger, heads) = (home.path().join("ledger"), home.path().join("heads"));
        let writer = Arc::new(ByteSigner::new(KeyKind::User, 1));
        let ledger = Folder::open(&ledger, &heads, writer).unwrap();
        let [first, second, other] = [1, 2, 3].map(|byte| UserId::from_bytes([byte; 32]));
        let issued = Issued::default();
        record(&ledger, ISSUING, 1, first);
        record(&ledger, "user.lift", 9, other);

        assert_eq!(issued.learn(&ledger), HashSet::from([first]));
        record(&ledger, ISSUING, 9, second);

        assert_eq!(issued.learn(&ledger), HashSet::from([first, second]));
        let read = issued.0.lock().unwrap();
        assert_eq!(read.until.unwrap().to_string(), "1970-01-10T00:00:00Z");
    }
}
