//! When a PING has been answered by all: nobody says how many there are, so the answers themselves are asked. What the
//! answers mean is `census`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::census::{Heartbeat, counted};
use super::tally::Wanted;
use super::wire::server::Statsz;
use crate::text::Text;

/// The answers so far, and the names that are still awaited.
pub(super) struct RollCall {
    asked: Timestamp,
    awaited: BTreeSet<Text>,
    heard: Vec<Heartbeat>,
}

impl RollCall {
    pub(super) const fn new(roster: BTreeSet<Text>, asked: Timestamp) -> Self {
        Self {
            asked,
            awaited: roster,
            heard: Vec::new(),
        }
    }

    /// Enough is when all names of the roster and of every route have answered, and as many as the servers count.
    ///
    /// Either alone is not: a leaf that has just bridged SYS answers before the others count it, and a server behind a gateway
    /// has no route to us.
    pub(super) fn answer(&mut self, body: &[u8], at: Timestamp) -> Wanted {
        if let Ok(Statsz { server, statsz }) = serde_json::from_slice(body)
            && self.heard.iter().all(|beat| beat.header.id != server.id)
        {
            let routed = statsz.routes.iter().filter_map(|route| route.name.clone());
            self.awaited.extend(routed);
            self.heard.push(Heartbeat {
                header: server,
                stats: statsz,
                asked: self.asked,
                answered: at,
            });
            for beat in &self.heard {
                self.awaited.remove(&beat.header.name);
            }
        }
        if self.awaited.is_empty() && self.heard.len() >= counted(&self.heard) {
            Wanted::Enough
        } else {
            Wanted::More
        }
    }

    pub(super) fn into_heartbeats(self) -> Vec<Heartbeat> {
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::keys::ServerId;

    fn answer(id: u8, routes: &[&str], active: usize) -> Vec<u8> {
        let routes: Vec<_> = routes
            .iter()
            .map(|name| serde_json::json!({"rid": 1, "name": name}))
            .collect();
        let body = serde_json::json!({
            "server": {"name": format!("n{id}"), "id": ServerId::from_bytes([id; 32]), "ver": "2.15.1"},
            "statsz": {"routes": routes, "active_servers": active},
        });
        serde_json::to_vec(&body).unwrap()
    }

    fn call(roster: &[&str], answers: &[Vec<u8>]) -> Vec<Wanted> {
        let roster = roster.iter().map(|name| (*name).into()).collect();
        let mut call = RollCall::new(roster, Timestamp::UNIX_EPOCH);
        let each = answers.iter();
        each.map(|body| call.answer(body, Timestamp::UNIX_EPOCH))
            .collect()
    }

    #[test]
    fn as_many_as_the_servers_count_is_enough() {
        let answers = [answer(1, &["n2"], 2), answer(2, &["n1"], 2)];

        assert_eq!(call(&[], &answers), [Wanted::More, Wanted::Enough]);
    }

    #[test]
    fn a_new_leaf_does_not_stand_for_a_server_with_a_route() {
        // The leaf (n9) is not counted yet, so two answers would do by number.
        let answers = [
            answer(1, &["n2"], 2),
            answer(9, &[], 2),
            answer(2, &["n1"], 3),
        ];

        assert_eq!(
            call(&[], &answers),
            [Wanted::More, Wanted::More, Wanted::Enough]
        );
    }

    #[test]
    fn a_name_of_the_roster_is_waited_for() {
        let answers = [answer(1, &[], 1)];

        assert_eq!(call(&["n2"], &answers), [Wanted::More]);
        assert_eq!(call(&["n1"], &answers), [Wanted::Enough]);
    }

    #[test]
    fn the_same_answer_twice_is_one() {
        let answers = [answer(1, &[], 2), answer(1, &[], 2)];

        assert_eq!(call(&[], &answers), [Wanted::More, Wanted::More]);
    }
}
