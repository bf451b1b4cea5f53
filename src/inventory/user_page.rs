//! Everything about one user: its row, and what is too much to work out for all of them: permissions with their origin,
//! generations of its token, its creds. Pure: the caller has read the token, the creds and the connections.

use jiff::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::connection::{ConnectionRow, known};
use super::role_line::UserLimits;
use super::user_line::{Bearer, UserLine, UserState};
use crate::jwt::account::Account;
use crate::jwt::keys::UserId;
use crate::jwt::release::Release;
use crate::jwt::revocations::Revocations;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token};
use crate::jwt::user::{Permissions, Restrictions, User};
use crate::permissions::{EffectivePermissions, Refusal};
use crate::text::Text;

/// Where the token of a page comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Store,
    /// An open connection of a user that is in no store; its signature was checked.
    Live,
}

/// What was read of a user, to be put together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Read<'a> {
    pub token: Option<(&'a Token, Origin)>,
    /// The account as it holds.
    pub account: Option<&'a Account>,
    /// Open connections, of which only the user's own count.
    pub open: &'a [ConnectionRow],
    /// The oldest release among the servers that answered.
    pub release: Release,
}

/// Where the creds of a user lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CredsFile {
    pub path: Text,
    /// Whether the token in it is the store's.
    pub current: bool,
    /// The token in it, if it can be read. Not in JSON; the generations have it.
    #[serde(skip)]
    pub token: Option<(Revision, Option<UnixTime>)>,
}

/// Creds, as far as anybody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creds {
    NotLooked,
    None,
    File(CredsFile),
}

/// One token of a user, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Generation {
    /// `None`: only when it was issued is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    pub issued_at: Option<UnixTime>,
    /// `store`, and the connections that use it, as `n1/41207`.
    #[serde(rename = "where")]
    pub places: Vec<Text>,
    pub state: UserState,
}

/// Everything about one user.
#[derive(Clone, Debug)]
pub struct UserPage {
    pub line: UserLine,
    pub revision: Option<Revision>,
    /// As the token says; none of a user of a role.
    pub permissions: Option<Permissions>,
    /// As they hold: the role's where there is one.
    pub restrictions: Option<Restrictions>,
    /// What servers make of it, or why they refuse the login.
    pub effective: Option<Result<EffectivePermissions, Refusal>>,
    pub generations: Vec<Generation>,
    pub last_seen_at: Option<Timestamp>,
    pub creds: Creds,
}

impl UserPage {
    pub fn of(mut line: UserLine, read: &Read<'_>, creds: Creds) -> Self {
        let token = read.token.map(|(token, _)| token);
        let user = token.and_then(|token| User::of(token).ok());
        if let (Some(user), Some((_, Origin::Live))) = (&user, read.token) {
            learn(&mut line, user);
        }
        let together = |token| Some(EffectivePermissions::of(read.account?, token, read.release));
        let effective = token.and_then(together);
        let restrictions = match &effective {
            Some(Ok(effective)) => Some(effective.restrictions.clone()),
            Some(Err(_)) | None => user.as_ref().map(|user| user.restrictions.clone()),
        };
        let own = read
            .open
            .iter()
            .filter(|row| row.proven_user() == Some(line.id));
        Self {
            revision: token.map(Token::revision),
            permissions: user.map(|user| user.permissions),
            restrictions,
            effective,
            generations: generations(&line, read, &creds),
            last_seen_at: own.filter_map(|row| row.last_active_at).max(),
            creds,
            line,
        }
    }
}

/// Completes the row of a user of whom the list knows no token.
fn learn(line: &mut UserLine, user: &User) {
    line.tags = Some(user.tags.clone().into());
    line.expires_at = user.expires_at.into();
    line.not_before = user.not_before.into();
    if line.bearer == Bearer::Unknown {
        line.bearer = Bearer::of(user.restrictions.bearer);
    }
}

/// The token at hand, and every other that an open connection uses; the youngest first. Servers show when a live token was
/// issued and not its text, so tokens of one second are one.
fn generations(line: &UserLine, read: &Read<'_>, creds: &Creds) -> Vec<Generation> {
    let mut generations: Vec<Generation> = Vec::new();
    if let Some((token, origin)) = read.token {
        let issued_at = token.envelope().issued_at;
        generations.push(Generation {
            revision: Some(token.revision()),
            issued_at,
            places: match origin {
                Origin::Store => vec!["store".into()],
                Origin::Live => Vec::new(),
            },
            state: state(line, issued_at, read, origin == Origin::Store),
        });
    }
    if let Creds::File(file) = creds {
        generations = with_creds(generations, file, |issued_at| {
            state(line, issued_at, read, false)
        });
    }
    for row in read
        .open
        .iter()
        .filter(|row| row.proven_user() == Some(line.id))
    {
        let issued_at = row.holder.as_ref().and_then(|holder| holder.issued_at);
        let place = Text::from(row.reference());
        match generations
            .iter_mut()
            .find(|held| held.issued_at == issued_at)
        {
            Some(held) => held.places.push(place),
            None => generations.push(Generation {
                revision: None,
                issued_at,
                places: vec![place],
                state: state(line, issued_at, read, false),
            }),
        }
    }
    generations.sort_by_key(|held| std::cmp::Reverse(held.issued_at));
    generations
}

/// The state of one token: the row's, unless a revocation tells this one from the others.
/// The same with what lies in the creds file.
fn with_creds(
    mut generations: Vec<Generation>,
    file: &CredsFile,
    state: impl FnOnce(Option<UnixTime>) -> UserState,
) -> Vec<Generation> {
    let Some((revision, issued_at)) = file.token else {
        return generations;
    };
    let same = |held: &&mut Generation| held.revision == Some(revision);
    match generations.iter_mut().find(same) {
        Some(held) => held.places.push("creds".into()),
        None => generations.push(Generation {
            revision: Some(revision),
            issued_at,
            places: vec!["creds".into()],
            state: state(issued_at),
        }),
    }
    generations
}

fn state(
    line: &UserLine,
    issued_at: Option<UnixTime>,
    read: &Read<'_>,
    is_stored: bool,
) -> UserState {
    let dead = |list: &Revocations, user: UserId| list.revoked_at(user, issued_at).is_some();
    let is_dead = read
        .account
        .is_some_and(|account| dead(&account.revocations, line.id));
    match line.state {
        UserState::Unknown | UserState::AccountDisabled | UserState::SignerGone => line.state,
        // What the store's token says of its end says nothing of another.
        UserState::Expired | UserState::NotYet if is_stored && !is_dead => line.state,
        UserState::Revoked
        | UserState::PartlyRevoked
        | UserState::Expired
        | UserState::NotYet
        | UserState::Active => {
            if is_dead {
                UserState::Revoked
            } else {
                UserState::Active
            }
        }
    }
}

impl Serialize for UserPage {
    /// The row of the list with everything else in the contract's order.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.line.write(&mut map)?;
        known(&mut map, "revision", self.revision.as_ref())?;
        if let Some(restrictions) = &self.restrictions {
            map.serialize_entry("networks", &restrictions.networks)?;
            map.serialize_entry("times", &restrictions.times)?;
            map.serialize_entry("connection_types", &restrictions.connection_types)?;
            map.serialize_entry("limits", &UserLimits::of(restrictions))?;
        }
        known(&mut map, "permissions", self.permissions.as_ref())?;
        if let Some(Ok(effective)) = &self.effective {
            map.serialize_entry("effective", &effective.rules)?;
        }
        map.serialize_entry("generations", &self.generations)?;
        known(&mut map, "connections", self.line.connections.as_ref())?;
        known(&mut map, "last_seen_at", self.last_seen_at.as_ref())?;
        match &self.creds {
            Creds::NotLooked => {}
            Creds::None => map.serialize_entry("creds", &())?,
            Creds::File(file) => map.serialize_entry("creds", file)?,
        }
        map.end()
    }
}
