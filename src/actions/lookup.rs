//! Finds rows of the joined picture by what people write. What fits two rows is refused with both; acts resolve by themselves,
//! in `resolve`, since they must not guess from a picture.

use super::given::{self, Given};
use super::refs::{AccountRef, ConnRef, RoleRef, ServerRef, UserRef};
use super::refusal::Refusal;
use super::resolve::{only, unknown};
use crate::inventory::account_line::AccountLine;
use crate::inventory::key_line::KeyLine;
use crate::inventory::picture::Picture;
use crate::inventory::role_line::RoleLine;
use crate::inventory::server::ServerRow;
use crate::inventory::user_line::UserLine;
use crate::jwt::keys::{AccountId, ConnId, PublicKey, UserId};
use crate::sys::{Census, Gathered};
use crate::text::Text;

/// Characters of a key from which a prefix counts as one.
const PREFIX_CHARS: usize = 6;

pub fn account<'a>(picture: &'a Picture, written: &AccountRef) -> Result<&'a AccountLine, Refusal> {
    let id = account_id(picture, written)?;
    // A key that somebody wrote is no account yet: nobody may have a token of it.
    picture
        .account(id)
        .filter(|line| line.token.is_some() || line.connections.unwrap_or_default() > 0)
        .ok_or_else(|| unknown("account", written))
}

fn account_id(picture: &Picture, written: &AccountRef) -> Result<AccountId, Refusal> {
    let name = match written {
        AccountRef::Key(id) => return Ok(*id),
        AccountRef::Name(name) => Text::from(name.as_str()),
    };
    let ids = |fits: &dyn Fn(&AccountLine) -> bool| -> Vec<AccountId> {
        let lines = picture.accounts.iter().filter(|line| fits(line));
        lines.map(|line| line.id).collect()
    };
    let named = ids(&|line| line.name() == Some(&name));
    if named.is_empty() {
        only(
            "account",
            written,
            &ids(&|line| written.is_prefix_of(line.id)),
        )
    } else {
        only("account", written, &named)
    }
}

/// Reads what a user is named by, if it is a file or standard input.
pub async fn read(written: &UserRef) -> Result<UserRef, Refusal> {
    let text = match written {
        UserRef::File(path) => given::of_file(path).await?,
        UserRef::Stdin => given::of_stdin().await?,
        UserRef::Key(_) | UserRef::Named { .. } | UserRef::In { .. } => return Ok(written.clone()),
    };
    user_of(&text).map(UserRef::Key)
}

/// A user, also one that only a live connection or a revocation shows. A file is read before.
pub fn user<'a>(picture: &'a Picture, written: &UserRef) -> Result<&'a UserLine, Refusal> {
    let id = match written {
        UserRef::Key(id) => *id,
        UserRef::In { account, user } => {
            let account = account_id(picture, account)?;
            let is = |line: &&UserLine| line.id == *user && line.account.key == account;
            let line = picture.users.iter().find(is);
            return line.ok_or_else(|| unknown("user", written));
        }
        UserRef::Named { account, name } => {
            let account = account_id(picture, account)?;
            let name = Text::from(name.as_str());
            let is =
                |line: &&UserLine| line.account.key == account && line.name.as_ref() == Some(&name);
            let ids: Vec<UserId> = picture
                .users
                .iter()
                .filter(is)
                .map(|line| line.id)
                .collect();
            only("user", written, &ids)?
        }
        UserRef::File(_) | UserRef::Stdin => return Err(unknown("user", written)),
    };
    picture.user(id).ok_or_else(|| unknown("user", id))
}

/// Whose creds, token or key this is. A token counts only with its signature.
fn user_of(text: &[u8]) -> Result<UserId, Refusal> {
    let nothing = || Refusal::Unreadable("it holds no creds, no token and no key".into());
    let given = Given::read(text).ok_or_else(nothing)?;
    if let Given::Token(token, _) = &given {
        let checked = token.verify();
        checked.map_err(|error| Refusal::Unreadable(error.to_string().into()))?;
    }
    given
        .subject()
        .try_into()
        .map_err(|_| Refusal::Unreadable(format!("{} is no user", given.subject()).into()))
}

/// A server, by its name as it is shown or as it is, or by its id.
pub fn server<'a>(
    census: Option<&'a Census>,
    written: &ServerRef,
) -> Result<&'a ServerRow, Refusal> {
    let fits = |row: &&ServerRow| match written {
        ServerRef::Id(id) => row.id == Some(*id),
        ServerRef::Name(name) => {
            row.name.to_string() == *name || row.name == Text::from(name.as_str())
        }
    };
    let servers = census.into_iter().flat_map(|census| &census.servers);
    let found: Vec<&ServerRow> = servers.filter(fits).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(unknown("server", written)),
        several => Err(Refusal::Ambiguous {
            written: written.to_string().into(),
            fits: several
                .iter()
                .map(|row| {
                    row.id
                        .map_or_else(|| row.name.to_string(), |id| id.to_string())
                })
                .collect(),
        }),
    }
}

/// A connection, whether or not it is open. Its server has to answer, since nobody else knows it.
pub fn connection(census: Option<&Census>, written: &ConnRef) -> Result<ConnId, Refusal> {
    let row = server(census, &written.server)?;
    let silent = || Refusal::Unheard(vec![row.name.clone()]);
    Ok(ConnId {
        server: row.id.ok_or_else(silent)?,
        cid: written.cid,
    })
}

/// Why a connection is not among those that servers told of.
pub fn not_open<T>(told: &Gathered<T>, written: &ConnRef) -> Refusal {
    let unheard: Vec<Text> = told.unheard().cloned().collect();
    if unheard.is_empty() {
        unknown("open connection", written)
    } else {
        Refusal::Unheard(unheard)
    }
}

pub fn role<'a>(picture: &'a Picture, written: &RoleRef) -> Result<&'a RoleLine, Refusal> {
    let key = match written {
        RoleRef::Key(key) => *key,
        RoleRef::Named { account, role } => {
            let account = account_id(picture, account)?;
            let name = Text::from(role.as_str());
            let is = |line: &&RoleLine| line.account.key == account && line.role.name == name;
            let keys = picture.roles.iter().filter(is).map(|line| line.role.key);
            only("role", written, &keys.collect::<Vec<_>>())?
        }
    };
    let found = picture.roles.iter().find(|line| line.role.key == key);
    found.ok_or_else(|| unknown("role", written))
}

/// A key: whole, its beginning, or the role that it is.
pub fn key<'a>(picture: &'a Picture, written: &str) -> Result<&'a KeyLine, Refusal> {
    let key = match written.parse::<PublicKey>() {
        Ok(key) => key,
        Err(_) if written.contains(':') => role(picture, &written.parse()?)?.role.key,
        Err(_) => {
            let is = |line: &&KeyLine| {
                written.len() >= PREFIX_CHARS && line.key.to_string().starts_with(written)
            };
            let keys = picture.keys.iter().filter(is).map(|line| line.key);
            only("key", written, &keys.collect::<Vec<_>>())?
        }
    };
    let found = picture.keys.iter().find(|line| line.key == key);
    found.ok_or_else(|| unknown("key", written))
}

/// The keys whose owner is written so: an account, the operator, or a role, which is a key itself.
pub fn keys_of(picture: &Picture, written: &str) -> Result<Vec<KeyLine>, Refusal> {
    let of_owner = |owner: PublicKey| {
        let is = |line: &&KeyLine| line.owner.as_ref().is_some_and(|held| held.key == owner);
        picture.keys.iter().filter(is).cloned().collect::<Vec<_>>()
    };
    if written.contains(':') {
        return key(picture, written).map(|line| vec![line.clone()]);
    }
    let operator = picture
        .operator
        .as_ref()
        .filter(|line| line.id.to_string() == written || line.name() == Some(&Text::from(written)));
    if let Some(line) = operator {
        return Ok(of_owner(line.id.key()));
    }
    let owned = written.parse::<PublicKey>().map(of_owner);
    match owned {
        Ok(keys) if !keys.is_empty() => Ok(keys),
        Ok(_) => key(picture, written).map(|line| vec![line.clone()]),
        Err(_) => Ok(of_owner(account_id(picture, &written.parse()?)?.key())),
    }
}
