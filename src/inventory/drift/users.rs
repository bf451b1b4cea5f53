//! Users: the store's tokens against what lies in creds files and what connections came with.

use hashbrown::HashMap;

use super::{Drift, DriftLine, PlaceKind, PlaceLine, PlaceState, Sides};
use crate::inventory::connection::ConnectionRow;
use crate::inventory::creds_row::CredsRow;
use crate::inventory::fix::{Connection, Cure, Fix};
use crate::inventory::target::{Target, TargetKind};
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// What the store has of a user.
#[derive(Clone, Copy)]
struct Kept {
    key: UserId,
    issued_at: Option<UnixTime>,
    expires_at: Option<UnixTime>,
}

/// The store's users, by key and by name.
pub(super) struct Stored {
    by_key: HashMap<(AccountId, UserId), Kept>,
    by_name: HashMap<(AccountId, Text), Kept>,
}

impl Stored {
    pub(super) fn of(sides: &Sides<'_>) -> Self {
        let rows = || sides.told.users.iter().flat_map(|users| users.rows());
        let rows = || rows().filter(|row| sides.accounts.contains(&row.account()));
        let kept = |row: &crate::inventory::user::UserRow<'_>| Kept {
            key: row.key(),
            issued_at: row.issued_at(),
            expires_at: row.expires_at(),
        };
        Self {
            by_key: rows()
                .map(|row| ((row.account(), row.key()), kept(&row)))
                .collect(),
            by_name: rows()
                .map(|row| ((row.account(), row.name()), kept(&row)))
                .collect(),
        }
    }
}

/// Whether a token is dead by what holds on the servers, or by the store where none was asked.
fn is_revoked(
    sides: &Sides<'_>,
    account: AccountId,
    user: UserId,
    issued_at: Option<UnixTime>,
) -> bool {
    let row = sides.told.account(account);
    row.is_some_and(|row| {
        let list = &row.account.revocations;
        list.revoked_at(user, issued_at).is_some()
    })
}

fn target(
    sides: &Sides<'_>,
    kind: TargetKind,
    (account, user): (AccountId, UserId),
    name: Option<Text>,
) -> Target {
    Target {
        kind,
        key: user.key(),
        name,
        account: Some(sides.label(account)),
    }
}

/// Creds whose token is not the store's. Dead ones hurt nobody.
pub(super) fn creds(sides: &Sides<'_>, stored: &Stored) -> Vec<DriftLine> {
    if sides.told.stored.is_none() {
        return Vec::new();
    }
    let asked = sides.creds.iter();
    let asked = asked.filter(|row| sides.accounts.contains(&row.account));
    let alive = asked.filter(|row| !is_revoked(sides, row.account, row.user, row.issued_at));
    alive
        .filter_map(|row| creds_line(sides, stored, row))
        .collect()
}

fn creds_line(sides: &Sides<'_>, stored: &Stored, row: &CredsRow) -> Option<DriftLine> {
    let (account, user) = (row.account, row.user);
    let own = stored.by_key.get(&(account, user));
    let heir = stored.by_name.get(&(account, row.name.clone()));
    let (drift, what, fix) = match (own, heir) {
        (Some(own), _) if (own.issued_at, own.expires_at) == (row.issued_at, row.expires_at) => {
            return None;
        }
        (Some(own), _) => (
            Drift::OldCreds,
            "the creds hold another token than the store",
            write(sides, account, own.key),
        ),
        (None, Some(heir)) => (
            Drift::OldCreds,
            "the creds are of a key that the store has replaced",
            write(sides, account, heir.key),
        ),
        (None, None) => (
            Drift::StrayCreds,
            "the creds are of a user that the store does not have, and let it in",
            sides.fix(
                "nobody of the store needs them: cut the key off",
                Cure::RevokeUser { account, user },
            ),
        ),
    };
    let place = |place, name, issued_at, state| PlaceLine {
        place,
        name,
        revision: None,
        issued_at,
        state,
    };
    let kept = own.or(heir);
    let in_store = kept.map_or(PlaceState::Missing, |_| PlaceState::Current);
    Some(DriftLine {
        target: target(
            sides,
            TargetKind::Creds,
            (account, user),
            Some(row.name.clone()),
        ),
        drift,
        what: what.into(),
        places: vec![
            place(
                PlaceKind::Store,
                None,
                kept.and_then(|kept| kept.issued_at),
                in_store,
            ),
            PlaceLine {
                revision: Some(row.revision),
                ..place(
                    PlaceKind::Creds,
                    Some(row.path.clone()),
                    row.issued_at,
                    PlaceState::Other,
                )
            },
        ],
        changes: Vec::new(),
        fix,
    })
}

fn write(sides: &Sides<'_>, account: AccountId, user: UserId) -> Fix {
    sides.fix(
        "the creds are written from the store",
        Cure::WriteCreds { account, user },
    )
}

/// Connections of one user that are in the same case.
type Group<'a> = Vec<&'a ConnectionRow>;

/// Connections that came with another token than the store's, or with a dead one: a line for each user and case.
pub(super) fn connections(sides: &Sides<'_>, stored: &Stored) -> Vec<DriftLine> {
    let mut groups: HashMap<(AccountId, UserId, Drift), Group<'_>> = HashMap::new();
    for row in sides.open {
        let account = row.account.as_ref().map(|account| account.key);
        let Some((account, user)) = account.zip(row.proven_user()) else {
            continue;
        };
        if !sides.accounts.contains(&account) {
            continue;
        }
        let issued_at = row.holder.as_ref().and_then(|holder| holder.issued_at);
        let kept = stored.by_key.get(&(account, user));
        let drift = match kept {
            _ if is_revoked(sides, account, user, issued_at) => Drift::RevokedConnection,
            Some(kept) if issued_at < kept.issued_at => Drift::OldConnection,
            Some(kept) if issued_at > kept.issued_at => Drift::NewConnection,
            Some(_) | None => continue,
        };
        groups.entry((account, user, drift)).or_default().push(row);
    }
    let line = |((account, user, drift), rows): ((AccountId, UserId, Drift), Group<'_>)| {
        let kept = stored.by_key.get(&(account, user)).copied();
        connections_line(sides, (account, user), drift, (&rows, kept))
    };
    groups.into_iter().map(line).collect()
}

fn kicked(row: &ConnectionRow) -> Connection {
    Connection {
        id: row.id,
        written: row.reference(),
    }
}

fn connections_line(
    sides: &Sides<'_>,
    (account, user): (AccountId, UserId),
    drift: Drift,
    (rows, kept): (&[&ConnectionRow], Option<Kept>),
) -> DriftLine {
    let number = rows.len();
    let (what, fix) = match drift {
        Drift::RevokedConnection => (
            format!("open with a token that is revoked: {number}"),
            sides.fix(
                "close them everywhere, and prove it",
                Cure::RevokeUser { account, user },
            ),
        ),
        Drift::NewConnection => (
            format!("open with a younger token than the store's: {number}"),
            sides.fix(
                "the store gets a token of its own again; hand out its creds",
                Cure::ReissueUser { account, user },
            ),
        ),
        _ => (
            format!("open with an older token than the store's: {number}"),
            sides.fix(
                "they come back with the creds that they have now: hand out the new ones first",
                Cure::Kick(rows.iter().map(|row| kicked(row)).collect()),
            ),
        ),
    };
    let holder = rows
        .first()
        .and_then(|row| row.holder.as_ref()?.user.as_ref());
    let store = PlaceLine {
        place: PlaceKind::Store,
        name: None,
        revision: None,
        issued_at: kept.and_then(|kept| kept.issued_at),
        state: kept.map_or(PlaceState::Missing, |_| PlaceState::Current),
    };
    let live = rows.iter().map(|row| PlaceLine {
        place: PlaceKind::Connection,
        name: Some(row.reference().into()),
        revision: None,
        issued_at: row.holder.as_ref().and_then(|holder| holder.issued_at),
        state: PlaceState::Other,
    });
    DriftLine {
        target: target(
            sides,
            TargetKind::User,
            (account, user),
            holder.and_then(|user| user.name.clone()),
        ),
        drift,
        what: what.into(),
        places: std::iter::once(store).chain(live).collect(),
        changes: Vec::new(),
        fix,
    }
}
