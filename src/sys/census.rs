//! Who there is: every server that ought to answer, whether it does, what it trusts and what its clock says.
//!
//! Expected are the names of the roster (what earlier runs saw), the names that answered since, and the names that a server
//! has a route to. It keeps no file: the roster's is the caller's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::tally::Expected;
use super::wire::Header;
use super::wire::server::{Cluster, Stats, Varz};
use crate::inventory::server::{Belonging, Resolver, ServerRow, ServerState};
use crate::jwt::keys::{OperatorId, PublicKey, ServerId};
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// A server that was heard so short a time ago is late, not silent: heartbeats come every ten seconds.
const LATE: SignedDuration = SignedDuration::from_secs(15);

/// The servers at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Census {
    /// Every expected name once, and every foreign server, by name.
    pub servers: Vec<ServerRow>,
    /// Cluster addresses in a server's configuration where nobody of ours answers, as far as numbers tell: a first run
    /// cannot know their names.
    pub unheard: Vec<Text>,
    pub at: Timestamp,
}

impl Census {
    pub(super) const fn before_the_first() -> Self {
        Self {
            servers: Vec::new(),
            unheard: Vec::new(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    /// The servers of this operator, and those of which nobody knows whose they are. Leafs that bridge SYS are not among them.
    pub fn ours(&self) -> impl Iterator<Item = &ServerRow> {
        self.servers
            .iter()
            .filter(|server| server.foreign != Belonging::Foreign)
    }

    /// Whether all servers that answered accept accounts signed by `key`; those that do not are named.
    pub fn distrusting(&self, key: PublicKey) -> Vec<&ServerRow> {
        self.ours()
            .filter(|server| {
                server
                    .trust
                    .as_ref()
                    .is_some_and(|trust| !trust.accepts(key))
            })
            .collect()
    }

    /// The operator that the servers trust, if they trust but one.
    pub fn operator(&self) -> Option<OperatorId> {
        let trusted = self
            .ours()
            .filter_map(|server| server.trust.as_ref())
            .flat_map(|trust| &trust.0);
        let mut operators: Vec<OperatorId> = trusted.map(|operator| operator.identity).collect();
        operators.sort_unstable();
        operators.dedup();
        match operators.as_slice() {
            [operator] => Some(*operator),
            _ => None,
        }
    }

    pub fn server(&self, id: ServerId) -> Option<&ServerRow> {
        self.servers.iter().find(|server| server.id == Some(id))
    }

    /// The time by the servers' clocks: ours, moved by the median of their differences.
    pub fn server_time(&self, ours: Timestamp) -> UnixTime {
        let mut skews: Vec<i64> = self.ours().filter_map(|row| row.clock_skew_ms).collect();
        skews.sort_unstable();
        let median = skews.get(skews.len() / 2).copied().unwrap_or_default();
        ours.checked_add(SignedDuration::from_millis(median))
            .unwrap_or(ours)
            .into()
    }

    pub(super) fn expected(&self) -> Expected {
        let foreign = |row: &&ServerRow| row.foreign == Belonging::Foreign;
        let doubtful = |row: &&ServerRow| row.state != ServerState::Up;
        Expected {
            names: self.ours().map(|row| row.name.clone()).collect(),
            doubtful: self
                .ours()
                .filter(doubtful)
                .map(|row| row.name.clone())
                .collect(),
            foreign: self
                .servers
                .iter()
                .filter(foreign)
                .filter_map(|row| row.id)
                .collect(),
        }
    }
}

/// One answer to PING, with the time that it took.
pub(super) struct Heartbeat {
    pub(super) header: Header,
    pub(super) stats: Stats,
    pub(super) asked: Timestamp,
    pub(super) answered: Timestamp,
}

impl Heartbeat {
    /// Their clock against ours half-way between question and answer; 0 when that half is larger than the difference.
    fn skew_ms(&self) -> Option<i64> {
        let half = self.answered.duration_since(self.asked) / 2;
        let middle = self.asked.checked_add(half).ok()?;
        let skew = self.header.time?.duration_since(middle);
        if skew.abs() <= half {
            return Some(0);
        }
        i64::try_from(skew.as_millis()).ok()
    }
}

/// When a server was last heard, and what it said about leaving.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presence {
    pub(super) at: Timestamp,
    pub(super) leaving: Option<ServerState>,
}

/// All that one round learned.
pub(super) struct Round {
    pub(super) heartbeats: Vec<Heartbeat>,
    pub(super) varz: HashMap<ServerId, Varz>,
    pub(super) resolvers: HashMap<ServerId, Resolver>,
    pub(super) at: Timestamp,
}

impl Round {
    /// Names that a server is connected to, so they must be there.
    fn routed(&self) -> impl Iterator<Item = Text> {
        let routes = self.heartbeats.iter().flat_map(|beat| &beat.stats.routes);
        routes.filter_map(|route| route.name.clone())
    }

    /// Joins what was heard with who is expected.
    pub(super) fn census(
        mut self,
        roster: &BTreeSet<Text>,
        presence: &HashMap<ServerId, Presence>,
        before: &Census,
    ) -> Census {
        let mut missing: BTreeSet<Text> = roster.iter().cloned().chain(self.routed()).collect();
        let heartbeats = std::mem::take(&mut self.heartbeats);
        let mut servers: Vec<ServerRow> =
            heartbeats.into_iter().map(|beat| self.row(beat)).collect();
        for row in &servers {
            if row.foreign != Belonging::Foreign {
                missing.remove(&row.name);
            }
        }
        let unheard = self.unheard(missing.len());
        servers.extend(
            missing
                .into_iter()
                .map(|name| absent(name, before, presence, self.at)),
        );
        servers.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Census {
            servers,
            unheard,
            at: self.at,
        }
    }

    fn row(&self, beat: Heartbeat) -> ServerRow {
        let id = beat.header.id;
        let varz = self.varz.get(&id);
        let trust = varz.map(Varz::trust);
        let foreign = match &trust {
            None => Belonging::Unknown,
            Some(trust) if trust.0.is_empty() => Belonging::Foreign,
            Some(_) => Belonging::Ours,
        };
        ServerRow {
            id: Some(id),
            state: ServerState::Up,
            resolver: self
                .resolvers
                .get(&id)
                .copied()
                .unwrap_or(Resolver::Unknown),
            system_account: varz.and_then(Varz::system_account),
            trust: trust.filter(|trust| !trust.0.is_empty()),
            connections: beat.stats.connections,
            subscriptions: beat.stats.subscriptions,
            cpu_percent: beat.stats.cpu,
            mem_bytes: beat.stats.mem,
            started_at: beat.stats.start,
            clock_skew_ms: beat.skew_ms(),
            answered_at: Some(beat.answered),
            foreign,
            name: beat.header.name,
            host: beat.header.host,
            listens: varz.and_then(Varz::listens),
            cluster: beat.header.cluster,
            version: Some(beat.header.ver),
            tags: beat.header.tags,
        }
    }

    /// A cluster whose configuration names more addresses than servers answered, or are missed by name, misses some. Addresses cannot be compared one
    /// by one, since most servers listen on `0.0.0.0`; those that match none that answered are named.
    fn unheard(&self, missed: usize) -> Vec<Text> {
        let mut clusters: BTreeMap<&Text, (usize, BTreeSet<Text>, BTreeSet<Text>)> =
            BTreeMap::new();
        for Cluster {
            name,
            addr,
            port,
            urls,
        } in self.varz.values().filter_map(|varz| varz.cluster.as_ref())
        {
            let Some(name) = name else { continue };
            let (answered, named, ours) = clusters.entry(name).or_default();
            *answered += 1;
            named.extend(urls.iter().cloned());
            if let (Some(addr), Some(port)) = (addr, port) {
                ours.insert(format!("{}:{port}", addr.raw()).into());
            }
        }
        clusters
            .into_values()
            .filter(|(answered, named, _)| named.len() > *answered + missed)
            .flat_map(|(_, named, ours)| named.difference(&ours).cloned().collect::<Vec<_>>())
            .collect()
    }
}

/// A name that ought to answer and did not: what was known of it, and in which way it is away.
fn absent(
    name: Text,
    before: &Census,
    presence: &HashMap<ServerId, Presence>,
    now: Timestamp,
) -> ServerRow {
    let old = before
        .servers
        .iter()
        .find(|row| row.name == name && row.id.is_some());
    let Some(old) = old else {
        return ServerRow::unheard(name);
    };
    let heard = old.id.and_then(|id| presence.get(&id));
    let last = heard
        .map(|heard| heard.at)
        .into_iter()
        .chain(old.answered_at)
        .max();
    let state = match heard.and_then(|heard| heard.leaving) {
        Some(leaving) => leaving,
        None if last.is_some_and(|last| now.duration_since(last) < LATE) => ServerState::Late,
        None => ServerState::Silent,
    };
    ServerRow {
        state,
        ..old.clone()
    }
}

/// How many are enough for a first question: as many as the servers themselves count.
pub(super) fn counted(heartbeats: &[Heartbeat]) -> usize {
    let counts = heartbeats
        .iter()
        .filter_map(|beat| beat.stats.active_servers);
    counts.max().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::tests::{bodies, replies};
    use crate::sys::wire::server::Statsz;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_480_848 + second).unwrap()
    }

    fn heartbeat(name: &str, id: u8, routes: &[&str]) -> Heartbeat {
        let routes: Vec<_> = routes
            .iter()
            .map(|name| serde_json::json!({"rid": 1, "name": name}))
            .collect();
        let json = serde_json::json!({
            "server": {"name": name, "id": ServerId::from_bytes([id; 32]), "ver": "2.15.1", "time": at(0)},
            "statsz": {"connections": 3, "routes": routes, "active_servers": 2},
        });
        let read: Statsz = serde_json::from_value(json).unwrap();
        Heartbeat {
            header: read.server,
            stats: read.statsz,
            asked: at(0),
            answered: at(0),
        }
    }

    fn round(heartbeats: Vec<Heartbeat>) -> Round {
        Round {
            heartbeats,
            varz: HashMap::new(),
            resolvers: HashMap::new(),
            at: at(1),
        }
    }

    fn states(census: &Census) -> Vec<(String, ServerState)> {
        let rows = census.servers.iter();
        rows.map(|row| (row.name.to_string(), row.state)).collect()
    }

    #[test]
    fn a_name_of_the_roster_or_of_a_route_that_does_not_answer_is_silent() {
        let roster = BTreeSet::from(["n3".into()]);

        let census = round(vec![heartbeat("n1", 1, &["n2"])]).census(
            &roster,
            &HashMap::new(),
            &Census::before_the_first(),
        );

        assert_eq!(
            states(&census),
            [
                ("n1".into(), ServerState::Up),
                ("n2".into(), ServerState::Silent),
                ("n3".into(), ServerState::Silent)
            ]
        );
        assert_eq!(census.expected().names.len(), 3);
    }

    #[test]
    fn a_server_that_leaves_says_how_and_stays_expected() {
        let roster = BTreeSet::from(["n1".into(), "n2".into()]);
        let before = round(vec![heartbeat("n1", 1, &[]), heartbeat("n2", 2, &[])]).census(
            &roster,
            &HashMap::new(),
            &Census::before_the_first(),
        );
        for (leaving, later, state) in [
            (Some(ServerState::LameDuck), 1, ServerState::LameDuck),
            (Some(ServerState::Gone), 1, ServerState::Gone),
            (None, 1, ServerState::Late),
            (None, 100, ServerState::Silent),
        ] {
            let id = ServerId::from_bytes([2; 32]);
            let presence = HashMap::from([(id, Presence { at: at(0), leaving })]);
            let mut round = round(vec![heartbeat("n1", 1, &[])]);
            round.at = at(later);

            let census = round.census(&roster, &presence, &before);

            assert_eq!(states(&census)[1], ("n2".into(), state));
            assert!(census.expected().names.contains(&"n2".into()));
        }
    }

    #[test]
    fn a_leaf_that_bridges_sys_is_foreign_and_stands_for_nobody() {
        let varz = replies::<Varz>("ping_varz.json");
        let mut heartbeats = Vec::new();
        let mut map = HashMap::new();
        for (label, varz) in varz {
            let mut beat = heartbeat(label.name.raw(), 1, &[]);
            beat.header.id = label.id;
            heartbeats.push(beat);
            map.insert(label.id, varz.unwrap());
        }
        let mut round = round(heartbeats);
        round.varz = map;

        let census = round.census(
            &BTreeSet::new(),
            &HashMap::new(),
            &Census::before_the_first(),
        );

        for row in &census.servers {
            let is_leaf = row.name.raw().starts_with("leaf");
            assert_eq!(row.foreign == Belonging::Foreign, is_leaf, "{}", row.name);
            assert_eq!(
                row.system_account.is_some(),
                !is_leaf || row.trust.is_some()
            );
        }
        let ours = census.ours().next().unwrap();
        let signing = ours.trust.as_ref().unwrap().0[0].signing_keys[0];
        assert!(census.distrusting(signing).is_empty());
        let stranger = crate::jwt::keys::OperatorId::from_bytes([9; 32]).key();
        assert_eq!(census.distrusting(stranger).len(), census.ours().count());
    }

    #[test]
    fn a_clock_is_wrong_only_by_more_than_the_question_took() {
        for (asked, answered, skew) in [(0, 0, 0), (-3, 3, 0), (-11, -9, 10_000), (4, 6, -5_000)] {
            let mut beat = heartbeat("n1", 1, &[]);
            (beat.asked, beat.answered) = (at(asked), at(answered));

            assert_eq!(beat.skew_ms(), Some(skew), "{asked}..{answered}");
        }
    }

    #[test]
    fn the_servers_clock_decides_what_time_it_is() {
        let ahead = |ms| {
            let mut row = ServerRow::unheard("n".into());
            row.clock_skew_ms = Some(ms);
            row
        };
        let census = Census {
            servers: vec![ahead(0), ahead(60_000), ahead(61_000)],
            unheard: Vec::new(),
            at: at(0),
        };

        assert_eq!(census.server_time(at(0)), UnixTime(at(60).as_second()));
    }

    #[test]
    fn a_cluster_that_names_more_addresses_than_answered_misses_some() {
        let varz = |port: u16| -> Varz {
            serde_json::from_value(serde_json::json!({"cluster": {
                "name": "C1", "addr": "127.0.0.1", "cluster_port": port,
                "urls": ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]
            }}))
            .unwrap()
        };
        let mut two = round(Vec::new());
        two.varz = (1..=2)
            .map(|n| (ServerId::from_bytes([n; 32]), varz(n.into())))
            .collect();
        let mut three = round(Vec::new());
        three.varz = (1..=3)
            .map(|n| (ServerId::from_bytes([n; 32]), varz(n.into())))
            .collect();

        assert_eq!(two.unheard(0), [Text::from("127.0.0.1:3")]);
        assert!(two.unheard(1).is_empty());
        assert!(three.unheard(0).is_empty());
    }

    #[test]
    fn heartbeats_of_real_servers_are_read() {
        for file in ["ping_statsz.json", "event_statsz.json"] {
            for body in bodies(file) {
                let read: Statsz = serde_json::from_slice(&body).unwrap();

                assert!(read.statsz.start.is_some(), "{file}");
                assert!(read.statsz.connections.is_some(), "{file}");
                assert!(read.statsz.active_servers.is_some(), "{file}");
                assert!(read.statsz.routes.iter().all(|route| route.name.is_some()));
            }
        }
    }
}
