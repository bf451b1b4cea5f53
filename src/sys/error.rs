//! What can go wrong between us and the servers, and what a person is told. A server that merely did not answer is no error:
//! it stands in `Gathered::silent`.

use std::time::Duration;

use crate::explain::{Code, Explain, Explanation};
use crate::jwt::keys::{AccountId, ServerId};
use crate::jwt::signer::SignError;
use crate::jwt::token::TokenError;
use crate::text::Text;

/// Why a question or an act did not get through.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SysError {
    #[error("no server reached at {servers}: {why}")]
    Unreachable { servers: Text, why: Text },
    #[error("{servers} refused the login: {why}")]
    LoginRefused { servers: Text, why: Text },
    #[error("cannot log in: {0}")]
    Login(#[from] SignError),
    #[error("the connection to the servers is down")]
    Disconnected,
    #[error("this user belongs to account {account}, not to the system account")]
    NotSystem { account: AccountId },
    #[error("not permitted: {subject}")]
    NotPermitted { subject: Text },
    #[error("nobody serves {subject}")]
    NoResponders { subject: Text },
    #[error("no answer on {subject} within {after:?}")]
    NoAnswer { subject: Text, after: Duration },
    #[error("no server has account {0}")]
    UnknownAccount(AccountId),
    #[error("server {0} is not running any more")]
    ServerGone(ServerId),
    #[error("answer on {subject} cannot be read: {why}")]
    Malformed { subject: Text, why: Text },
    #[error("server said: {0}")]
    Refused(Text),
    #[error("no account token: {0}")]
    Token(#[from] TokenError),
}

impl Explain for SysError {
    fn explain(&self) -> Explanation {
        let tell = |code, so| Explanation::new(code, self.to_string(), so);
        match self {
            Self::Unreachable { .. } | Self::Disconnected => tell(
                Code::NotConnected,
                "nothing is known about the servers, and nothing was sent",
            )
            .then("check the address, then the network")
            .then_run("work on the store alone", "nats-oam --offline status"),
            Self::LoginRefused { .. } => tell(
                Code::NotConnected,
                "the servers gave no reason; they say the same for an expired, revoked or foreign user",
            )
            .then("check the creds: nats-oam diagnose @FILE tells which it is"),
            Self::Login(_) => tell(Code::NoSigner, "no login was tried")
                .then("give a creds file of the system account with --creds"),
            Self::NotSystem { .. } => tell(
                Code::NotPermitted,
                "only this account itself can be looked at",
            )
            .then("log in with a user of the system account"),
            Self::NotPermitted { .. } => tell(
                Code::NotPermitted,
                "the server refused our user this subject; nothing was done",
            )
            .then("use a system user that may publish it"),
            Self::NoResponders { .. } => tell(
                Code::NotFound,
                "no server offers this: it is older, gone, or keeps no tokens",
            ),
            Self::NoAnswer { .. } => tell(
                Code::Timeout,
                "unknown: it may have been done all the same",
            )
            .then_run("see who answers", "nats-oam server ls"),
            Self::UnknownAccount(_) => tell(
                Code::NotFound,
                "it was not asked further: servers stall while they look for unknown accounts",
            )
            .then_run("see the accounts", "nats-oam account ls"),
            Self::ServerGone(_) => tell(
                Code::NotFound,
                "a restarted server has a new id, and none of its old connections",
            ),
            Self::Malformed { .. } => tell(Code::Internal, "the answer was dropped"),
            Self::Refused(_) => tell(Code::Internal, "nothing was done there"),
            Self::Token(_) => tell(Code::Usage, "nothing was pushed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_told_as_not_done() {
        let error = SysError::NoAnswer {
            subject: "$SYS.REQ.CLAIMS.UPDATE".into(),
            after: Duration::from_secs(2),
        };

        let told = error.explain();

        assert_eq!(told.code, Code::Timeout);
        assert!(told.so.contains("may have been done"), "{}", told.so);
    }

    #[test]
    fn a_refusal_names_the_subject() {
        let error = SysError::NotPermitted {
            subject: "$SYS.REQ.CLAIMS.UPDATE".into(),
        };

        assert_eq!(error.explain().code, Code::NotPermitted);
        assert!(error.explain().what.ends_with("$SYS.REQ.CLAIMS.UPDATE"));
    }
}
