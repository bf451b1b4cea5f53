//! What mends something that a report shows: the act, and the command that does it. It is chosen here and done elsewhere.

use serde::Serialize;

use crate::jwt::keys::{AccountId, ConnId, UserId};

/// Something that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cure {
    /// The store's token to all servers.
    PushAccount {
        account: AccountId,
        revocations: Revocations,
    },
    /// The servers' token into the store.
    PullAccount(AccountId),
    ReissueUser {
        account: AccountId,
        user: UserId,
    },
    /// The creds of a user from its token in the store.
    WriteCreds {
        account: AccountId,
        user: UserId,
    },
    /// The key and all that is connected by it.
    RevokeUser {
        account: AccountId,
        user: UserId,
    },
    /// These connections, which come back.
    Kick(Vec<Connection>),
    /// Nothing that this program does.
    Advice,
}

/// A connection, and how people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub id: ConnId,
    pub written: String,
}

/// What becomes of revocations that only the servers have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revocations {
    #[default]
    AsStored,
    /// Those of both stand.
    OfBoth,
}

/// What helps, said and written as a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The id of the act.
    pub act: Option<&'static str>,
    pub say: &'static str,
    /// The command, which asks for the consent that it takes.
    pub run: Option<String>,
    #[serde(skip)]
    pub cure: Cure,
}

impl Fix {
    /// `place` is what a command has to say of where we are: ` --write --context NAME`.
    pub fn new(say: &'static str, cure: Cure, place: &str) -> Self {
        Self {
            act: cure.act(),
            run: cure
                .command()
                .map(|command| format!("nats-oam {command}{place}")),
            say,
            cure,
        }
    }

    pub fn advice(say: &'static str) -> Self {
        Self::new(say, Cure::Advice, "")
    }
}

impl Cure {
    const fn act(&self) -> Option<&'static str> {
        match self {
            Self::PushAccount { .. } => Some("account.push"),
            Self::PullAccount(_) => Some("account.pull"),
            Self::ReissueUser { .. } => Some("user.reissue"),
            Self::WriteCreds { .. } => Some("user.creds"),
            Self::RevokeUser { .. } => Some("user.revoke"),
            Self::Kick(_) => Some("connection.kick"),
            Self::Advice => None,
        }
    }

    fn command(&self) -> Option<String> {
        match self {
            Self::PushAccount {
                account,
                revocations,
            } => {
                let keep = match revocations {
                    Revocations::AsStored => "",
                    Revocations::OfBoth => " --keep-revocations",
                };
                Some(format!("account push {account}{keep}"))
            }
            Self::PullAccount(account) => Some(format!("account pull {account}")),
            Self::ReissueUser { account, user } => Some(format!("user reissue {account}/{user}")),
            Self::WriteCreds { account, user } => Some(format!("user creds {account}/{user}")),
            Self::RevokeUser { account, user } => Some(format!("user revoke {account}/{user}")),
            Self::Kick(connections) => {
                let written = connections.iter().map(|one| one.written.as_str());
                let written: Vec<&str> = written.collect();
                Some(format!("connection kick {}", written.join(" ")))
            }
            Self::Advice => None,
        }
    }
}
