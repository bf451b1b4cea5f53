//! Things as people write them: `ORDERS/worker`, a key, `@leaked.creds`, `n1/41207`. What they stand for is found in
//! `resolve`; a ref that fits two things is refused there, never guessed.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::jwt::keys::{AccountId, KeyKind, PublicKey, ServerId, UserId};
use crate::text::Text;

/// Characters of a key from which a prefix counts as one.
const PREFIX_CHARS: usize = 6;

/// An account: a name, a key, or the beginning of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRef {
    Key(AccountId),
    /// A name; if no account has it and it is long enough, the beginning of a key.
    Name(String),
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRef {
    Key(UserId),
    /// `ORDERS/worker`
    Named {
        account: AccountRef,
        name: String,
    },
    /// `ORDERS/U…`, for a key that is in no store.
    In {
        account: AccountRef,
        user: UserId,
    },
    /// `@file.creds`
    File(PathBuf),
    /// `-`: creds, a token or a key on standard input.
    Stdin,
}

/// A role: `ORDERS:writer`, or its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleRef {
    Key(PublicKey),
    Named { account: AccountRef, role: String },
}

/// A server: a name or an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerRef {
    Id(ServerId),
    Name(String),
}

/// A connection: `n1/41207`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnRef {
    pub server: ServerRef,
    pub cid: u64,
}

/// Whom to revoke: a user, or whoever holds a connection. `n1/41207` may be either; what exists decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhomRef {
    User(UserRef),
    UserOrConnection(UserRef, ConnRef),
}

/// Why a text is no ref.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    #[error("nothing is named")]
    Empty,
    #[error("\"{written}\" is the key of {found}, not of {wanted}")]
    WrongKey {
        written: Text,
        found: &'static str,
        wanted: &'static str,
    },
    #[error("\"{written}\" is no {wanted}; write {form}")]
    Form {
        written: Text,
        wanted: &'static str,
        form: &'static str,
    },
    #[error("a seed was given; name the public key instead, and treat the seed as leaked")]
    Seed,
}

impl AccountRef {
    /// Whether a key begins so, for a text that is long enough to count.
    pub fn is_prefix_of(&self, key: AccountId) -> bool {
        match self {
            Self::Key(own) => *own == key,
            Self::Name(text) => {
                text.len() >= PREFIX_CHARS && key.to_string().starts_with(text.as_str())
            }
        }
    }
}

impl UserRef {
    /// The account that is named with it.
    pub fn account(&self) -> Option<&AccountRef> {
        match self {
            Self::Named { account, .. } | Self::In { account, .. } => Some(account),
            Self::Key(_) | Self::File(_) | Self::Stdin => None,
        }
    }
}

fn non_empty(written: &str) -> Result<&str, RefError> {
    let is_seed = written.len() == 58
        && ["SO", "SA", "SU", "SX"]
            .iter()
            .any(|prefix| written.starts_with(prefix));
    match written {
        "" => Err(RefError::Empty),
        _ if is_seed => Err(RefError::Seed),
        _ => Ok(written),
    }
}

/// The key, if the text is one of the wanted kind; an error if it is one of another kind.
fn key_of(written: &str, wanted: KeyKind) -> Result<Option<PublicKey>, RefError> {
    match written.parse::<PublicKey>() {
        Ok(key) if key.kind == wanted => Ok(Some(key)),
        Ok(key) => Err(RefError::WrongKey {
            written: written.into(),
            found: key.kind.with_article(),
            wanted: wanted.with_article(),
        }),
        Err(_) => Ok(None),
    }
}

impl FromStr for AccountRef {
    type Err = RefError;

    fn from_str(written: &str) -> Result<Self, RefError> {
        let key = key_of(non_empty(written)?, KeyKind::Account)?;
        let id = key.and_then(|key| AccountId::try_from(key).ok());
        Ok(id.map_or_else(|| Self::Name(written.to_owned()), Self::Key))
    }
}

impl FromStr for UserRef {
    type Err = RefError;

    fn from_str(written: &str) -> Result<Self, RefError> {
        let form = || RefError::Form {
            written: written.into(),
            wanted: "user",
            form: "ACCOUNT/name, its key, @file.creds, or - for standard input",
        };
        if written == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(path) = written.strip_prefix('@') {
            return Ok(Self::File(non_empty(path)?.into()));
        }
        let Some((account, user)) = non_empty(written)?.split_once('/') else {
            let key = key_of(written, KeyKind::User)?.ok_or_else(form)?;
            return UserId::try_from(key).map(Self::Key).map_err(|_| form());
        };
        let account = account.parse()?;
        match user.parse::<UserId>() {
            Ok(user) => Ok(Self::In { account, user }),
            Err(_) if user.is_empty() => Err(form()),
            Err(_) => Ok(Self::Named {
                account,
                name: user.to_owned(),
            }),
        }
    }
}

impl FromStr for RoleRef {
    type Err = RefError;

    fn from_str(written: &str) -> Result<Self, RefError> {
        if let Some(key) = key_of(non_empty(written)?, KeyKind::Account)? {
            return Ok(Self::Key(key));
        }
        match written.split_once(':') {
            Some((account, role)) if !role.is_empty() => Ok(Self::Named {
                account: account.parse()?,
                role: role.to_owned(),
            }),
            _ => Err(RefError::Form {
                written: written.into(),
                wanted: "role",
                form: "ACCOUNT:role, or its key",
            }),
        }
    }
}

impl FromStr for ServerRef {
    type Err = RefError;

    fn from_str(written: &str) -> Result<Self, RefError> {
        let key = key_of(non_empty(written)?, KeyKind::Server)?;
        let id = key.and_then(|key| ServerId::try_from(key).ok());
        Ok(id.map_or_else(|| Self::Name(written.to_owned()), Self::Id))
    }
}

impl FromStr for ConnRef {
    type Err = RefError;

    fn from_str(written: &str) -> Result<Self, RefError> {
        let form = || RefError::Form {
            written: written.into(),
            wanted: "connection",
            form: "server/cid, as in n1/41207",
        };
        let (server, cid) = written.rsplit_once('/').ok_or_else(form)?;
        let cid = cid.parse().map_err(|_| form())?;
        Ok(Self {
            server: server.parse()?,
            cid,
        })
    }
}

impl FromStr for WhomRef {
    type Err = RefError;

    fn from_str(written: &str) -> Result<Self, RefError> {
        // A file may have any name, also one that ends in digits.
        if !written.starts_with('@')
            && let Ok(connection) = written.parse::<ConnRef>()
        {
            return Ok(match written.parse() {
                Ok(user) => Self::UserOrConnection(user, connection),
                Err(_) => Self::from(connection),
            });
        }
        written.parse().map(Self::User)
    }
}

/// Whoever holds a connection. Its text would name a user as well, if there were an account of that name.
impl From<ConnRef> for WhomRef {
    fn from(connection: ConnRef) -> Self {
        let user = UserRef::Named {
            account: AccountRef::Name(connection.server.to_string()),
            name: connection.cid.to_string(),
        };
        Self::UserOrConnection(user, connection)
    }
}

impl fmt::Display for AccountRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => fmt::Display::fmt(id, f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => fmt::Display::fmt(id, f),
            Self::Named { account, name } => write!(f, "{account}/{name}"),
            Self::In { account, user } => write!(f, "{account}/{user}"),
            Self::File(path) => write!(f, "@{}", path.display()),
            Self::Stdin => f.write_str("-"),
        }
    }
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => fmt::Display::fmt(key, f),
            Self::Named { account, role } => write!(f, "{account}:{role}"),
        }
    }
}

impl fmt::Display for ServerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => fmt::Display::fmt(id, f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for ConnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.server, self.cid)
    }
}

impl fmt::Display for WhomRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => fmt::Display::fmt(user, f),
            Self::UserOrConnection(_, connection) => fmt::Display::fmt(connection, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "UDWUSKGGFDI4FRXK5EBTRECZSVQSSWJHHJOGH6JWG3AUMFFMQ435C2U4";
    const ACCOUNT: &str = "ACATS5YOVB6ROX2WUNKGNQ2MP3GMXDMKSG2O4N5CLX3A6W4PZGZZIL2R";

    #[test]
    fn every_form_of_a_user_is_read_and_written_back() {
        let in_account = format!("ORDERS/{USER}");
        for written in [
            "ORDERS/worker",
            USER,
            in_account.as_str(),
            "@leaked.creds",
            "-",
            "ORDERS/a/b",
        ] {
            assert_eq!(written.parse::<UserRef>().unwrap().to_string(), written);
        }
        assert!(matches!(in_account.parse(), Ok(UserRef::In { .. })));
        assert!(matches!("ORDERS/worker".parse(), Ok(UserRef::Named { .. })));
    }

    #[test]
    fn a_key_of_another_kind_is_said_to_be_one() {
        assert_eq!(
            ACCOUNT.parse::<UserRef>().unwrap_err().to_string(),
            format!("\"{ACCOUNT}\" is the key of an account, not of a user")
        );
        assert!(matches!(
            USER.parse::<AccountRef>(),
            Err(RefError::WrongKey { .. })
        ));
    }

    #[test]
    fn a_seed_is_never_taken_and_never_repeated() {
        let seed = "SUAAGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGA6BEM";

        let error = seed.parse::<UserRef>().unwrap_err();

        assert_eq!(error, RefError::Seed);
        assert!(!error.to_string().contains(seed));
    }

    #[test]
    fn a_number_behind_a_slash_may_be_a_connection() {
        assert!(matches!(
            "n1/41207".parse(),
            Ok(WhomRef::UserOrConnection(..))
        ));
        assert!(matches!("ORDERS/worker".parse(), Ok(WhomRef::User(_))));
        assert!(matches!(
            "@a/41".parse(),
            Ok(WhomRef::User(UserRef::File(_)))
        ));
        assert_eq!(
            "n1/41207".parse::<ConnRef>().unwrap(),
            ConnRef {
                server: ServerRef::Name("n1".into()),
                cid: 41207
            }
        );
    }

    #[test]
    fn a_prefix_of_a_key_counts_from_six_characters() {
        let id = ACCOUNT.parse().unwrap();

        assert!("ACATS5".parse::<AccountRef>().unwrap().is_prefix_of(id));
        assert!(!"ACATS".parse::<AccountRef>().unwrap().is_prefix_of(id));
        assert!(!"ORDERS".parse::<AccountRef>().unwrap().is_prefix_of(id));
    }

    #[test]
    fn roles_are_written_with_a_colon() {
        assert_eq!(
            "ORDERS:writer".parse::<RoleRef>().unwrap().to_string(),
            "ORDERS:writer"
        );
        assert!(matches!(ACCOUNT.parse(), Ok(RoleRef::Key(_))));
        assert!("ORDERS".parse::<RoleRef>().is_err());
    }
}
