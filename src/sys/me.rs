//! Who we are to the servers, and what they let us do, as they themselves say. The screen's tier is made of it elsewhere.

use std::time::Duration;

use super::subjects;
use super::wire::server::{Lists, UserInfo};
use crate::jwt::keys::{AccountId, ConnId, PublicKey, ServerId};
use crate::jwt::subject::{Subject, SubjectPattern};
use crate::jwt::user::AllowDeny;
use crate::text::Text;

/// The answer to USER.INFO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    pub account: AccountId,
    /// What the server calls us: our key.
    pub user: Text,
    pub user_name: Option<Text>,
    /// How long this login lasts, whole seconds.
    pub expires_in: Option<Duration>,
    pub rights: Rights,
}

/// What our user may publish, by the lists that the server applies.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rights {
    /// `None`: all that is not denied.
    allow: Option<Vec<SubjectPattern>>,
    deny: Vec<SubjectPattern>,
}

/// An act that a read-only system user may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Questions about servers and connections.
    Look,
    Push,
    Kick,
    Drain,
    Reload,
}

impl Right {
    /// The subject that the act needs, for no server and no account in particular.
    fn subject(self) -> String {
        let server = ServerId::from_bytes([0; 32]);
        match self {
            Self::Look => subjects::PING_CONNZ.to_owned(),
            Self::Push => subjects::CLAIMS_UPDATE.to_owned(),
            Self::Kick => subjects::kick(server),
            Self::Drain => subjects::lame_duck_client(server),
            Self::Reload => subjects::reload(server),
        }
    }
}

impl Me {
    pub(super) fn of(info: UserInfo) -> Self {
        let publish = info.permissions.unwrap_or_default().publish;
        Self {
            account: info.account,
            user: info.user,
            user_name: info.user_name,
            expires_in: info.expires.map(Duration::from_nanos),
            rights: Rights::of(publish.unwrap_or_default()),
        }
    }

    /// Our own user's key, where the server calls us by it.
    pub fn key(&self) -> Option<PublicKey> {
        self.user.raw().parse().ok()
    }

    /// Whether a connection may be our own: one does not kick oneself unasked.
    pub fn is_named(&self, key: PublicKey) -> bool {
        self.user.raw() == key.to_string()
    }
}

impl Rights {
    fn of(lists: Lists) -> Self {
        Self::of_publish(&AllowDeny {
            allow: lists.allow,
            deny: lists.deny,
        })
    }

    /// What somebody with these lists for publishing may.
    pub fn of_publish(lists: &AllowDeny) -> Self {
        // A pattern that is none matches nothing, on the server as here.
        let parse = |list: &[Text]| {
            let patterns = list.iter().map(|pattern| pattern.raw().parse());
            patterns.filter_map(Result::ok).collect()
        };
        let allow = lists.allow.as_deref().filter(|allow| !allow.is_empty());
        Self {
            allow: allow.map(parse),
            deny: parse(&lists.deny),
        }
    }

    /// What the lists say; a refusal that the server sends anyway is in `Sys::refused`.
    pub fn has(&self, right: Right) -> bool {
        self.may_publish(&right.subject())
    }

    /// Whether the server lets us close this connection.
    pub fn may_kick(&self, id: ConnId) -> bool {
        self.may_publish(&subjects::kick(id.server))
    }

    fn may_publish(&self, subject: &str) -> bool {
        let Ok(subject) = subject.parse::<Subject>() else {
            return false;
        };
        let covers = |pattern: &SubjectPattern| pattern.matches(&subject);
        self.allow
            .as_ref()
            .is_none_or(|allow| allow.iter().any(covers))
            && !self.deny.iter().any(covers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::tests::{capture, replies};

    fn me(permissions: serde_json::Value) -> Me {
        let mut info = capture("user_info_system.json")["data"].clone();
        info["permissions"] = permissions;
        Me::of(serde_json::from_value(info).unwrap())
    }

    #[test]
    fn a_system_user_without_lists_may_do_all() {
        let told = replies::<UserInfo>("user_info_system.json");
        let (_, info) = told.into_iter().next().unwrap();

        let me = Me::of(info.unwrap());

        assert_eq!(me.user_name, Some("admin".into()));
        for right in [
            Right::Look,
            Right::Push,
            Right::Kick,
            Right::Drain,
            Right::Reload,
        ] {
            assert!(me.rights.has(right), "{right:?}");
        }
    }

    #[test]
    fn a_read_only_system_user_is_known_before_it_is_refused() {
        let me = me(serde_json::json!({"publish": {
            "allow": ["$SYS.REQ.SERVER.PING.>", "$SYS.REQ.ACCOUNT.*.INFO", "$SYS.REQ.SERVER.*.RELOAD"],
            "deny": ["$SYS.REQ.SERVER.*.RELOAD"]
        }}));

        assert!(me.rights.has(Right::Look));
        for right in [Right::Push, Right::Kick, Right::Drain, Right::Reload] {
            assert!(!me.rights.has(right), "{right:?}");
        }
    }

    #[test]
    fn the_rest_of_a_login_is_told_in_nanoseconds() {
        for file in [
            "user_info.json",
            "user_info_callout.json",
            "user_info_expiring.json",
        ] {
            let (_, info) = replies::<UserInfo>(file).into_iter().next().unwrap();
            let me = Me::of(info.unwrap());

            let has_end = file == "user_info_expiring.json" || me.expires_in.is_some();
            assert_eq!(me.expires_in.is_some(), has_end, "{file}");
        }
    }
}
