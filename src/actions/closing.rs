//! Kicks and what comes of them. A kick is never sold as containment: a client may come back, and then that is said.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::explain::{Code, Explain, Explanation};
use crate::inventory::connection::ConnectionRow;
use crate::jwt::keys::{ConnId, UserId};
use crate::sys::{ConnQuery, Kicked, SysEvent};

use super::outcome::{CameBack, ServerReport};
use super::steps::{Steps, Stopped};
use super::verify::{self, Stopwatch};

/// How long a kicked client is watched for. Libraries come back within a fraction of it.
const WATCHED: Duration = Duration::from_secs(2);

/// Kicks under way at the same time.
const WINDOW: usize = 64;

impl Steps<'_> {
    /// Closes connections, proves that they are gone, and tells who came back, and where.
    pub(super) async fn kick(&mut self, ids: &[ConnId]) -> Result<(), Stopped> {
        let Some(sys) = self.ports.sys.clone() else {
            let why = Explanation::new(
                Code::NotConnected,
                "no server can be asked",
                "nothing was done",
            );
            return Err(Stopped::failed(why));
        };
        let failed = |error: crate::sys::SysError| Stopped::failed(error.explain());
        // Whoever returns is heard only if somebody listens before the kick.
        let events = sys.events().await.map_err(failed)?;
        let told = sys
            .connections(ConnQuery::WithAuth(ids.to_vec()))
            .await
            .map_err(failed)?;
        let open: Vec<ConnectionRow> = told
            .answers()
            .flat_map(|(_, rows)| rows.iter().cloned())
            .collect();
        let kicked_at = (self.ports.now)();
        let mut watch = Stopwatch::since(Instant::now());
        let kicks: Vec<(ConnId, Kicked)> = stream::iter(ids.iter().copied())
            .map(|id| {
                let sys = &sys;
                async move { (id, sys.kick(id).await) }
            })
            .buffer_unordered(WINDOW)
            .collect()
            .await;
        let refused = kicks.iter().find_map(|(_, kicked)| match kicked {
            Kicked::Refused(why) => Some(why.clone()),
            Kicked::Closed | Kicked::NotThere | Kicked::ServerGone | Kicked::Unknown => None,
        });
        self.report.steps_done += kicks
            .iter()
            .filter(|(_, kicked)| {
                matches!(
                    kicked,
                    Kicked::Closed | Kicked::NotThere | Kicked::ServerGone
                )
            })
            .count();
        let (mut proven, left) = verify::closed(sys.as_ref(), &open)
            .await
            .map_err(|error| Stopped::partial(error.explain()))?;
        watch.read(&mut proven);
        self.report.servers.extend(proven);
        self.report.left.extend(left);
        // A list that a silent server is not in says nothing of what was kicked there.
        let unknown = kicks
            .iter()
            .filter(|(id, kicked)| {
                *kicked == Kicked::Unknown && !open.iter().any(|row| row.id == *id)
            })
            .map(|(id, _)| id.server);
        let census = sys.census().borrow().clone();
        for server in unknown.collect::<BTreeSet<_>>() {
            let row = census.ours().find(|row| row.id == Some(server));
            let name = row.map_or_else(|| server.to_string().into(), |row| row.name.clone());
            self.report.add(ServerReport::unknown(name, Some(server)));
        }
        self.report.came_back =
            returned(events, &open, kicked_at, self.manner.wait.min(WATCHED)).await;
        match refused {
            Some(why) => Err(Stopped::partial(Explanation::new(
                Code::NotPermitted,
                why.to_string(),
                "a server did not close what it was told to",
            ))),
            None => Ok(()),
        }
    }
}

/// Users of closed connections who connect again while we watch, each connection once.
async fn returned(
    mut events: BoxStream<'static, Vec<SysEvent>>,
    closed: &[ConnectionRow],
    kicked_at: Timestamp,
    watched: Duration,
) -> Vec<CameBack> {
    let mut waiting: HashMap<UserId, Vec<&ConnectionRow>> = HashMap::new();
    for row in closed {
        if let Some(user) = row.proven_user() {
            waiting.entry(user).or_default().push(row);
        }
    }
    let until = Instant::now() + watched;
    let mut back = Vec::new();
    while waiting.values().any(|rows| !rows.is_empty())
        && let Ok(Some(batch)) = timeout_at(until, events.next()).await
    {
        for event in batch {
            let SysEvent::Connected(row) = event else {
                continue;
            };
            let Some(left) = row
                .proven_user()
                .and_then(|user| waiting.get_mut(&user)?.pop())
            else {
                continue;
            };
            let after = row
                .connected_at
                .map_or(0, |at| at.duration_since(kicked_at).as_millis().max(0));
            back.push(CameBack {
                from: written(left),
                to: written(&row),
                after_ms: u64::try_from(after).unwrap_or(u64::MAX),
            });
        }
    }
    back
}

/// `n1/41`, as the command line takes it.
pub(super) fn written(row: &ConnectionRow) -> String {
    format!("{}/{}", row.server.name, row.id.cid)
}
