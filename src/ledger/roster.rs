//! The servers that are expected to answer: who was seen in the last 7 days. Who answers *now* is the census of `sys`.
//!
//! A fresh process must not call two of two servers "all". So every process adds what it has just seen to one file, and none
//! writes back what it read earlier: two processes lose nothing of each other, and a server that was forgotten comes back
//! only by being seen again.
//!
//! A server is known by its name, since its id changes at every start. Names are kept in their safe form, and looked up so:
//! two names that differ only in characters that cannot be shown are one server here.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::LedgerError;
use super::kept::Kept;
use crate::jwt::keys::ServerId;
use crate::text::Text;

/// How long a silent server is still expected to answer.
pub const SILENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A server that is expected to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    pub name: Text,
    /// The newest that was seen under this name.
    pub id: ServerId,
    pub cluster: Option<Text>,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// A server that has just said something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub name: Text,
    pub id: ServerId,
    pub cluster: Option<Text>,
    pub at: Timestamp,
}

/// The servers by name, as `servers.json` has them.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roster {
    servers: BTreeMap<Text, Server>,
}

impl Roster {
    /// Sorted by name.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.values()
    }

    pub fn server(&self, name: &Text) -> Option<&Server> {
        self.servers.get(&shown(name))
    }

    /// Takes a sighting into account, in whatever order sightings come: the newest decides id and cluster.
    pub fn see(&mut self, sighting: &Sighting) {
        let name = shown(&sighting.name);
        let fresh = Server {
            name: name.clone(),
            id: sighting.id,
            cluster: sighting.cluster.as_ref().map(shown),
            first_seen_at: sighting.at,
            last_seen_at: sighting.at,
        };
        let held = self.servers.entry(name).or_insert_with(|| fresh.clone());
        let first_seen_at = held.first_seen_at.min(sighting.at);
        if sighting.at >= held.last_seen_at {
            *held = fresh;
        }
        held.first_seen_at = first_seen_at;
    }

    /// Drops the servers that were silent too long.
    pub fn expire(&mut self, now: Timestamp) {
        self.servers
            .retain(|_, server| now.duration_since(server.last_seen_at) < SILENCE);
    }

    /// Takes a server off the roster; says whether it was there.
    pub fn forget(&mut self, name: &Text) -> Forgotten {
        match self.servers.remove(&shown(name)) {
            Some(server) => Forgotten::Server(server),
            None => Forgotten::Unknown,
        }
    }
}

/// What was forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Forgotten {
    Server(Server),
    Unknown,
}

fn shown(name: &Text) -> Text {
    Text::from(name.to_string())
}

/// The roster of one operator, in `servers.json`.
pub struct RosterFile(Kept);

impl RosterFile {
    /// The roster in the folder of an operator (`<data>/<operator key>`).
    pub fn of(operator: &Path) -> Self {
        Self(Kept::new(operator.join("servers.json")))
    }

    /// Who is expected to answer now.
    pub fn load(&self, now: Timestamp) -> Result<Roster, LedgerError> {
        let mut roster: Roster = self.0.load()?;
        roster.expire(now);
        Ok(roster)
    }

    /// Adds what was just seen to what the file says by now, and gives back both.
    pub fn see(&self, sightings: &[Sighting], now: Timestamp) -> Result<Roster, LedgerError> {
        self.0.update(|roster: &mut Roster| {
            for sighting in sightings {
                roster.see(sighting);
            }
            roster.expire(now);
        })
    }

    /// Takes a server off the roster for all processes, until one sees it again.
    pub fn forget(&self, name: &Text) -> Result<Forgotten, LedgerError> {
        let mut forgotten = Forgotten::Unknown;
        self.0
            .update(|roster: &mut Roster| forgotten = roster.forget(name))?;
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{Home, at};
    use proptest::prelude::*;

    fn sighting(name: &str, id: u8, second: i64) -> Sighting {
        Sighting {
            name: name.into(),
            id: ServerId::from_bytes([id; 32]),
            cluster: Some("C1".into()),
            at: at(second),
        }
    }

    fn names(roster: &Roster) -> Vec<String> {
        roster
            .servers()
            .map(|server| server.name.to_string())
            .collect()
    }

    #[test]
    fn two_processes_lose_nothing_of_each_other() {
        let home = Home::new();
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let file = RosterFile::of(&home.ledger());
                std::thread::spawn(move || {
                    file.see(&[sighting(&format!("n{n}"), n, 0)], at(0))
                        .unwrap()
                })
            })
            .collect();

        for thread in threads {
            thread.join().unwrap();
        }

        let roster = RosterFile::of(&home.ledger()).load(at(0)).unwrap();
        assert_eq!(
            names(&roster),
            ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"]
        );
    }

    #[test]
    fn a_server_that_restarts_keeps_its_place_under_a_new_id() {
        let home = Home::new();
        let file = RosterFile::of(&home.ledger());
        file.see(&[sighting("n1", 1, 0)], at(0)).unwrap();

        let roster = file.see(&[sighting("n1", 2, 60)], at(60)).unwrap();

        let server = roster.server(&"n1".into()).unwrap();
        assert_eq!(
            (server.id, server.first_seen_at, server.last_seen_at),
            (ServerId::from_bytes([2; 32]), at(0), at(60))
        );
    }

    #[test]
    fn a_server_leaves_after_seven_days_of_silence_and_not_a_second_before() {
        let home = Home::new();
        let file = RosterFile::of(&home.ledger());
        file.see(&[sighting("n1", 1, 0)], at(0)).unwrap();

        assert_eq!(names(&file.load(at(7 * 86_400 - 1)).unwrap()), ["n1"]);
        assert_eq!(names(&file.load(at(7 * 86_400)).unwrap()), [""; 0]);
    }

    #[test]
    fn a_forgotten_server_comes_back_only_by_being_seen() {
        let home = Home::new();
        let file = RosterFile::of(&home.ledger());
        file.see(&[sighting("n1", 1, 0), sighting("n2", 2, 0)], at(0))
            .unwrap();

        assert!(matches!(
            file.forget(&"n1".into()).unwrap(),
            Forgotten::Server(_)
        ));
        assert_eq!(file.forget(&"n1".into()).unwrap(), Forgotten::Unknown);

        assert_eq!(
            names(&file.see(&[sighting("n2", 2, 1)], at(1)).unwrap()),
            ["n2"]
        );
        assert_eq!(
            names(&file.see(&[sighting("n1", 1, 2)], at(2)).unwrap()),
            ["n1", "n2"]
        );
    }

    #[test]
    fn a_name_that_was_altered_to_be_shown_is_the_same_server_after_a_restart() {
        let home = Home::new();
        let hostile = "n\u{1b}[2J1";
        RosterFile::of(&home.ledger())
            .see(&[sighting(hostile, 1, 0)], at(0))
            .unwrap();

        let roster = RosterFile::of(&home.ledger())
            .see(&[sighting(hostile, 2, 1)], at(1))
            .unwrap();

        assert_eq!(names(&roster), ["n␛[2J1"]);
        assert!(roster.server(&hostile.into()).is_some());
    }

    proptest! {
        #[test]
        fn the_order_in_which_sightings_arrive_does_not_matter(seen in prop::collection::vec((0..3_u8, 0..50_i64), 1..12)) {
            let sightings: Vec<Sighting> = seen.iter().map(|(n, second)| sighting(&format!("n{n}"), u8::try_from(*second).unwrap(), *second)).collect();
            let mut ahead = Roster::default();
            let mut back = Roster::default();

            for one in &sightings {
                ahead.see(one);
            }
            for one in sightings.iter().rev() {
                back.see(one);
            }

            prop_assert_eq!(ahead, back);
        }
    }
}
