//! Proof, server by server: the pushed token is in force, and nobody it keeps out is connected. Asked of the servers, never
//! concluded from what was sent.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerRow;
use crate::jwt::account::Account;
use crate::jwt::keys::ConnId;
use crate::sys::{ConnQuery, Gathered, Proof, Sys, SysError};
use crate::text::Text;

use super::enforce::Pushed;
use super::facts::is_kept_out;
use super::outcome::{ServerReport, ServerVerdict};
use super::prepare::SMALL_ACCOUNT;

/// Between two looks while a server that answers is not clear.
pub(super) const PAUSE: Duration = Duration::from_millis(150);

/// What has to be true of an account on every server.
pub(super) struct Containment<'a> {
    pub(super) sys: &'a dyn Sys,
    pub(super) pushed: &'a Pushed,
    /// The account as the pushed token has it: its revocations tell who is kept out.
    pub(super) account: &'a Account,
    /// Open connections before, with identities.
    pub(super) before: &'a [ConnectionRow],
    /// Connections on the server that has most of them.
    pub(super) connections: u64,
    /// Whether users are to be out: a revocation; not, where rights are only given.
    pub(super) closes: bool,
    /// Hears what each look saw.
    pub(super) seen: &'a (dyn Fn(&[ServerReport]) + Send + Sync),
}

/// What the servers said in the end.
pub(super) struct Proven {
    pub(super) reports: Vec<ServerReport>,
    /// Connections whose user cannot be told, by server and cid.
    pub(super) unreadable: Vec<Text>,
    /// Connections of which nobody asked whose they are.
    pub(super) unasked: usize,
    /// Connections that are to be closed, and are open.
    pub(super) left: Vec<ConnId>,
}

/// When each server was first seen clear, counted from the push or the kick.
pub(super) struct Stopwatch {
    since: Instant,
    clear: BTreeMap<Text, Duration>,
}

impl Stopwatch {
    pub(super) const fn since(since: Instant) -> Self {
        Self {
            since,
            clear: BTreeMap::new(),
        }
    }

    /// Begins anew, if something was pushed after what it was started for.
    pub(super) fn restart(&mut self, since: Instant) {
        if self.since != since {
            *self = Self::since(since);
        }
    }

    /// Notes who is clear now. Whoever is not any more begins anew.
    pub(super) fn read(&mut self, reports: &mut [ServerReport]) {
        let now = self.since.elapsed();
        for report in reports {
            if report.state == ServerVerdict::Clear {
                let took = *self.clear.entry(report.name.clone()).or_insert(now);
                report.proven_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
            } else {
                self.clear.remove(&report.name);
            }
        }
    }
}

/// How long to look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until a server shows a token that the push does not know: there is no use in waiting.
    UntilReplaced,
    /// To the end: whose token that is was looked into.
    ToTheEnd,
}

/// Connections of one look.
#[derive(Default)]
struct Look {
    open: BTreeMap<Text, usize>,
    /// Servers that answered to the end.
    answered: Vec<Text>,
    unreadable: Vec<Text>,
    unasked: usize,
    left: Vec<ConnId>,
}

impl Containment<'_> {
    /// Looks until every server that answers is clear, or the time is over. Servers that are silent are asked each time, and
    /// not waited for. `None`: somebody else's token is in place of ours.
    pub(super) async fn prove(
        &self,
        wait: Duration,
        patience: Patience,
        watch: &mut Stopwatch,
    ) -> Result<Option<Proven>, SysError> {
        let until = Instant::now() + wait;
        loop {
            let proofs = self.sys.prove(&self.pushed.update).await?;
            if patience == Patience::UntilReplaced && self.is_replaced(&proofs) {
                return Ok(None);
            }
            let look = if self.closes {
                self.look().await?
            } else {
                Look::default()
            };
            let mut reports = self.reports(&proofs, &look);
            watch.read(&mut reports);
            (self.seen)(&reports);
            let pending = |report: &ServerReport| {
                report.in_force == Some(false) || report.state == ServerVerdict::Open
            };
            if !reports.iter().any(pending) || Instant::now() >= until {
                return Ok(Some(Proven {
                    reports,
                    unreadable: look.unreadable,
                    unasked: look.unasked,
                    left: look.left,
                }));
            }
            sleep(PAUSE).await;
        }
    }

    fn is_replaced(&self, proofs: &Gathered<Proof>) -> bool {
        proofs.answers().any(|(_, proof)| {
            matches!(proof, Proof::Stale(Some(revision)) if !self.pushed.knows(*revision))
        })
    }

    async fn look(&self) -> Result<Look, SysError> {
        let told = match self.connections_now().await {
            Err(SysError::UnknownAccount(_)) => return Ok(self.nobody_there()),
            told => told?,
        };
        let mut look = Look::default();
        let whole = told.whole().map(|(server, _)| server.name.clone());
        look.answered.extend(whole);
        for (server, rows) in told.answers() {
            let kept_out = rows.iter().filter(|row| is_kept_out(self.account, row));
            let kept_out: Vec<ConnId> = kept_out.map(|row| row.id).collect();
            *look.open.entry(server.name.clone()).or_default() += kept_out.len();
            look.left.extend(kept_out);
            let (asked, unasked): (Vec<_>, Vec<_>) =
                rows.iter().partition(|row| row.holder.is_some());
            let unreadable = asked.into_iter().filter(|row| row.proven_user().is_none());
            look.unreadable
                .extend(unreadable.map(|row| format!("{}/{}", row.server.name, row.id.cid).into()));
            look.unasked += unasked.len();
        }
        Ok(look)
    }

    fn nobody_there(&self) -> Look {
        let names = self
            .sys
            .census()
            .borrow()
            .ours()
            .map(|row| row.name.clone())
            .collect();
        Look {
            answered: names,
            ..Look::default()
        }
    }

    /// All of a small account with identities; of a large one a plain list, and identities only of cids that are new.
    async fn connections_now(&self) -> Result<Gathered<Vec<ConnectionRow>>, SysError> {
        let account = self.pushed.update.account();
        if self.connections <= SMALL_ACCOUNT {
            return self
                .sys
                .connections(ConnQuery::AccountWithAuth(account))
                .await;
        }
        let plain = self.sys.connections(ConnQuery::Account(account)).await?;
        let known: HashMap<ConnId, &ConnectionRow> =
            self.before.iter().map(|row| (row.id, row)).collect();
        let fresh: Vec<ConnId> = plain
            .answers()
            .flat_map(|(_, rows)| rows)
            .map(|row| row.id)
            .filter(|id| !known.contains_key(id))
            .collect();
        let asked = self.sys.connections(ConnQuery::WithAuth(fresh)).await?;
        let identified: HashMap<ConnId, ConnectionRow> = asked
            .answers()
            .flat_map(|(_, rows)| rows)
            .map(|row| (row.id, row.clone()))
            .collect();
        Ok(plain.map(|_, rows| {
            let told = |row: ConnectionRow| {
                identified
                    .get(&row.id)
                    .or(known.get(&row.id).copied())
                    .cloned()
                    .unwrap_or(row)
            };
            rows.into_iter().map(told).collect()
        }))
    }

    fn reports(&self, proofs: &Gathered<Proof>, look: &Look) -> Vec<ServerReport> {
        let census = self.sys.census().borrow().clone();
        // Somebody whose name nobody knows: its address is in the servers' configuration.
        let unheard = census.unheard.iter().cloned();
        census
            .ours()
            .map(|server| self.report(server, proofs, look))
            .chain(unheard.map(|address| ServerReport::unknown(address, None)))
            .collect()
    }

    fn report(&self, server: &ServerRow, proofs: &Gathered<Proof>, look: &Look) -> ServerReport {
        let name = &server.name;
        let pushed = answer(&self.pushed.told, name).map(Result::is_ok);
        let in_force = answer(proofs, name).and_then(|proof| match proof {
            Ok(Proof::InForce | Proof::Stored) => Some(true),
            Ok(Proof::Stale(_)) => Some(false),
            Ok(Proof::Unknown) | Err(_) => None,
        });
        let open = if self.closes {
            let seen = look.open.get(name).copied().unwrap_or_default();
            (seen > 0 || look.answered.contains(name)).then_some(seen)
        } else {
            Some(0)
        };
        let before = self
            .before
            .iter()
            .filter(|row| row.server.name == *name && is_kept_out(self.account, row))
            .count();
        let state = match (in_force, open) {
            (Some(_), Some(open)) if open > 0 => ServerVerdict::Open,
            (Some(true), Some(_)) if pushed.is_some() => ServerVerdict::Clear,
            _ => ServerVerdict::Unknown,
        };
        let closed = open.map_or(0, |open| before.saturating_sub(open));
        ServerReport {
            name: name.clone(),
            id: server.id,
            pushed,
            in_force,
            closed,
            open,
            before: if self.closes { before } else { 0 },
            state,
            proven_ms: None,
        }
    }
}

fn answer<'a, T>(told: &'a Gathered<T>, name: &Text) -> Option<&'a Result<T, Text>> {
    told.said
        .iter()
        .find(|said| said.server.name == *name)
        .map(|said| &said.answer)
}

/// Whether these connections are gone, by server, and which are not.
pub(super) async fn closed(
    sys: &dyn Sys,
    kicked: &[ConnectionRow],
) -> Result<(Vec<ServerReport>, Vec<ConnId>), SysError> {
    let told = sys
        .connections(ConnQuery::WithAuth(
            kicked.iter().map(|row| row.id).collect(),
        ))
        .await?;
    let mut by_server: BTreeMap<Text, Vec<&ConnectionRow>> = BTreeMap::new();
    for row in kicked {
        by_server
            .entry(row.server.name.clone())
            .or_default()
            .push(row);
    }
    let report = |(name, rows): (Text, Vec<&ConnectionRow>)| {
        let open = answer(&told, &name)
            .and_then(|answer| answer.as_ref().ok())
            .map(Vec::len)
            .filter(|open| *open > 0 || told.whole().any(|(server, _)| server.name == name));
        let state = match open {
            Some(0) => ServerVerdict::Clear,
            Some(_) => ServerVerdict::Open,
            None => ServerVerdict::Unknown,
        };
        let closed = open.map_or(0, |open| rows.len().saturating_sub(open));
        ServerReport {
            name,
            id: rows.first().map(|row| row.id.server),
            pushed: None,
            in_force: None,
            closed,
            open,
            before: rows.len(),
            state,
            proven_ms: None,
        }
    };
    let left = told.answers().flat_map(|(_, rows)| rows).map(|row| row.id);
    Ok((by_server.into_iter().map(report).collect(), left.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_is_proven_at_the_first_look_that_saw_it_clear_and_saw_it_so_ever_since() {
        let report = |name: &str, state| ServerReport {
            state,
            ..ServerReport::unknown(name.into(), None)
        };
        let mut watch = Stopwatch::since(Instant::now());
        let mut took = Vec::new();
        for n2 in [
            ServerVerdict::Clear,
            ServerVerdict::Open,
            ServerVerdict::Clear,
        ] {
            tokio::time::advance(Duration::from_millis(30)).await;
            let mut reports = [report("n1", ServerVerdict::Clear), report("n2", n2)];
            watch.read(&mut reports);
            took.push(reports.map(|report| report.proven_ms));
        }

        let expected = [[Some(30), Some(30)], [Some(30), None], [Some(30), Some(90)]];
        assert_eq!(took, expected);
        watch.restart(Instant::now());
        let mut again = [report("n1", ServerVerdict::Clear)];
        watch.read(&mut again);
        assert_eq!(again[0].proven_ms, Some(0));
    }
}
