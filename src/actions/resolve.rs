//! From refs as people write them to keys. What fits two things is refused with both; what fits none is refused as it was
//! written. Reads creds files and standard input; asks servers only for whom a connection is.

use crate::jwt::creds::Creds;
use crate::jwt::keys::{AccountId, ConnId, UserId};
use crate::jwt::token::Token;
use crate::jwt::user::User;
use crate::sys::{Census, ConnQuery, Sys};
use crate::text::Text;

use super::facts::KnownUser;
use super::given::{self, bare_key};
use super::lookup;
use super::refs::{AccountRef, ConnRef, UserRef, WhomRef};
use super::refusal::Refusal;
use super::stock::Stock;

/// Looks refs up in what was read.
pub(super) struct Resolver<'a> {
    pub(super) stock: &'a Stock,
    pub(super) sys: Option<&'a dyn Sys>,
    pub(super) census: Option<&'a Census>,
    /// Accounts that only the servers have: key and name.
    pub(super) elsewhere: &'a [(AccountId, Text)],
}

impl Resolver<'_> {
    pub(super) fn account(&self, written: &AccountRef) -> Result<AccountId, Refusal> {
        let name = match written {
            AccountRef::Key(id) => return Ok(*id),
            AccountRef::Name(name) => name,
        };
        let stored = self
            .stock
            .accounts
            .values()
            .map(|row| (row.account.id, row.account.name.clone()));
        let known: Vec<(AccountId, Text)> = stored.chain(self.elsewhere.iter().cloned()).collect();
        let named: Vec<AccountId> = known
            .iter()
            .filter(|(_, held)| *held == Text::from(name.as_str()))
            .map(|(id, _)| *id)
            .collect();
        let fits = if named.is_empty() {
            known
                .iter()
                .map(|(id, _)| *id)
                .filter(|id| written.is_prefix_of(*id))
                .collect()
        } else {
            named
        };
        only("account", written, &dedup(fits))
    }

    pub(super) async fn whom(&self, written: &WhomRef) -> Result<KnownUser, Refusal> {
        let (user, connection) = match written {
            WhomRef::User(UserRef::File(path)) => {
                return self.user_of_text(&given::of_file(path).await?);
            }
            WhomRef::User(UserRef::Stdin) => return self.user_of_text(&given::of_stdin().await?),
            WhomRef::User(user) => return self.user(user),
            WhomRef::UserOrConnection(user, connection) => (user, connection),
        };
        let as_user = self.user(user);
        let as_connection = self.connection(connection).ok();
        match (as_user, as_connection) {
            (Ok(user), None) => Ok(user),
            (Err(_), Some(id)) => self.holder(id, connection).await,
            (Err(refusal), None) => Err(refusal),
            (Ok(user), Some(_)) => Err(Refusal::Ambiguous {
                written: written.to_string().into(),
                fits: vec![user.id.to_string(), format!("connection {connection}")],
            }),
        }
    }

    fn user(&self, written: &UserRef) -> Result<KnownUser, Refusal> {
        match written {
            UserRef::Key(key) => self
                .user_by_key(*key)
                .ok_or_else(|| unknown("user", written)),
            UserRef::Named { account, name } => {
                let account = self.account(account)?;
                let name = Text::from(name.as_str());
                let rows = self.stock.named(account, &name);
                let key = only(
                    "user",
                    written,
                    &rows.map(|row| row.key()).collect::<Vec<_>>(),
                )?;
                self.user_by_key(key)
                    .ok_or_else(|| unknown("user", written))
            }
            UserRef::In { account, user } => {
                let account = self.account(account)?;
                match self.user_by_key(*user) {
                    Some(known) if known.account == account => Ok(known),
                    Some(_) | None => Ok(KnownUser {
                        id: *user,
                        account,
                        name: None,
                        issued_at: None,
                        stored: false,
                        token: None,
                    }),
                }
            }
            // What has to be read is read in `whom`.
            UserRef::File(_) | UserRef::Stdin => Err(unknown("user", written)),
        }
    }

    fn user_by_key(&self, key: UserId) -> Option<KnownUser> {
        let row = self.stock.user(key)?;
        Some(KnownUser {
            id: key,
            account: row.account(),
            name: Some(row.name()),
            issued_at: row.issued_at(),
            stored: true,
            token: None,
        })
    }

    /// Whoever creds, a token or a key belong to. The signature is checked: a forged file names nobody.
    fn user_of_text(&self, text: &[u8]) -> Result<KnownUser, Refusal> {
        let bare = str::from_utf8(text.trim_ascii()).ok().and_then(bare_key);
        if let Some(key) = bare.and_then(|key| UserId::try_from(key).ok()) {
            return self.user_by_key(key).ok_or_else(|| unknown("user", key));
        }
        let unreadable = |why: String| Refusal::Unreadable(why.into());
        let creds = Creds::parse(text).map_err(|error| unreadable(error.to_string()))?;
        let token = Token::of_creds(&creds).map_err(|error| unreadable(error.to_string()))?;
        token
            .verify()
            .map_err(|error| unreadable(error.to_string()))?;
        let user = User::of(&token).map_err(|error| unreadable(error.to_string()))?;
        let held = self.user_by_key(user.id);
        Ok(KnownUser {
            id: user.id,
            account: user.account,
            name: Some(user.name),
            issued_at: user
                .issued_at
                .max(held.as_ref().and_then(|held| held.issued_at)),
            stored: held.is_some(),
            token: Some(token),
        })
    }

    /// The id of a connection; whether it is open is another question.
    pub(super) fn connection(&self, written: &ConnRef) -> Result<ConnId, Refusal> {
        lookup::connection(self.census, written)
    }

    async fn holder(&self, id: ConnId, written: &ConnRef) -> Result<KnownUser, Refusal> {
        let sys = self
            .sys
            .ok_or_else(|| Refusal::NotConnected("offline".into()))?;
        let told = sys.connections(ConnQuery::WithAuth(vec![id])).await;
        let told = told.map_err(|error| Refusal::NotConnected(error.to_string().into()))?;
        let row = told
            .answers()
            .flat_map(|(_, rows)| rows)
            .find(|row| row.id == id)
            .cloned();
        let row = row.ok_or_else(|| lookup::not_open(&told, written))?;
        let user = row.proven_user().ok_or_else(|| {
            Refusal::Unreadable(
                format!("whose {written} is cannot be read: its token is hidden").into(),
            )
        })?;
        let account = row
            .account
            .as_ref()
            .map(|account| account.key)
            .ok_or_else(|| unknown("account of", written))?;
        let holder = row.holder.as_ref();
        let known = self.user_by_key(user);
        Ok(KnownUser {
            id: user,
            account,
            name: known
                .as_ref()
                .and_then(|known| known.name.clone())
                .or_else(|| holder?.user.as_ref()?.name.clone()),
            issued_at: holder
                .and_then(|holder| holder.issued_at)
                .max(known.as_ref().and_then(|known| known.issued_at)),
            stored: known.is_some(),
            token: None,
        })
    }
}

pub(super) fn unknown(what: &'static str, written: impl std::fmt::Display) -> Refusal {
    Refusal::Unknown {
        what,
        written: written.to_string().into(),
    }
}

fn dedup<T: Ord>(mut fits: Vec<T>) -> Vec<T> {
    fits.sort_unstable();
    fits.dedup();
    fits
}

/// The only thing that fits.
pub(super) fn only<T: Copy + std::fmt::Display>(
    what: &'static str,
    written: impl std::fmt::Display,
    fits: &[T],
) -> Result<T, Refusal> {
    match fits {
        [] => Err(unknown(what, written)),
        [only] => Ok(*only),
        several => Err(Refusal::Ambiguous {
            written: written.to_string().into(),
            fits: several.iter().map(ToString::to_string).collect(),
        }),
    }
}
