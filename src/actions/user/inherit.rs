//! What a new token takes over from an old one: claims, signer, lifetime. An old token is believed only if its signature holds
//! and, where no store vouches for it, only if a key of the account made it.

use crate::actions::facts::{AccountFacts, Facts, KnownUser};
use crate::actions::plan::PlannedSigner;
use crate::actions::refusal::Refusal;
use crate::actions::when::Expiry;
use crate::jwt::account::Account;
use crate::jwt::edit::with;
use crate::jwt::envelope::TokenKind;
use crate::jwt::json::Node;
use crate::jwt::keys::PublicKey;
use crate::jwt::role::SignerKind;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::jwt::user::User;

/// A user that gets a new token, with what that is made from.
pub(super) struct Heir<'a> {
    pub(super) user: &'a KnownUser,
    pub(super) account: &'a AccountFacts,
    pub(super) old: &'a Token,
}

impl<'a> Heir<'a> {
    /// The only user of the facts, its account, and its token.
    pub(super) fn of(facts: &'a Facts, written: &dyn std::fmt::Display) -> Result<Self, Refusal> {
        let unknown = |what, written: &dyn std::fmt::Display| Refusal::Unknown {
            what,
            written: written.to_string().into(),
        };
        let user = facts
            .users
            .first()
            .ok_or_else(|| unknown("user", written))?;
        let account = facts.account(user.account);
        let account = account.ok_or_else(|| unknown("account", &user.account))?;
        let none = || {
            format!(
                "no token of {} is at hand: no store has it, and no open connection shows it",
                user.shown()
            )
        };
        let old = user
            .token
            .as_ref()
            .ok_or_else(|| Refusal::Unreadable(none().into()))?;
        old.verify().map_err(|error| {
            Refusal::Unreadable(
                format!("the token of {} was altered: {error}", user.shown()).into(),
            )
        })?;
        let is_ours = user.stored || account.account.signer_kind(old.envelope().issuer).is_some();
        if !is_ours {
            return Err(Refusal::Unsound(format!(
                "no key of {} has signed the token of {}, and no store vouches for it",
                account.account.name,
                user.shown()
            )));
        }
        Ok(Self { user, account, old })
    }

    /// Name, tags, permissions and restrictions, without what says whose and when. `signer` is who signs them now: any key but
    /// the account's own has to name the account.
    pub(super) fn claims(&self, signer: PlannedSigner) -> Node {
        let Node::Object(pairs) = self.old.as_read() else {
            return Node::EMPTY_OBJECT;
        };
        let dated = |key: &str| matches!(key, "jti" | "iat" | "exp" | "nbf" | "iss" | "sub");
        let kept = pairs.iter().filter(|(key, _)| !dated(key)).cloned();
        let tree = Node::Object(kept.collect());
        if signer.key == self.old.envelope().issuer {
            return tree;
        }
        let tree = without_issuer_account(tree);
        if signer.kind == SignerKind::Identity {
            return tree;
        }
        let account = Node::from(self.account.account.id.to_string());
        with(tree, TokenKind::User, ["nats", "issuer_account"], account)
    }

    /// The key that signed the old token, if it is held. A user of a role is signed by that role's key or not at all; a plain
    /// one by a plain key or the account's identity.
    pub(super) fn signer(&self, facts: &Facts) -> Result<PlannedSigner, Refusal> {
        let account = &self.account.account;
        let issuer = self.old.envelope().issuer;
        let kind = account.signer_kind(issuer);
        let planned = |key: PublicKey, kind| PlannedSigner { key, kind };
        if let (Some(kind), true) = (kind, facts.held.contains(&issuer)) {
            return Ok(planned(issuer, kind));
        }
        if let Some(role) = self.role(account, kind) {
            return Err(Refusal::NoSigner { key: issuer, role });
        }
        let plain = account.plain_keys().find(|key| facts.held.contains(key));
        let found = plain.map(|key| planned(key, SignerKind::Signing));
        let identity = Some(account.id.key())
            .filter(|key| facts.held.contains(key))
            .map(|key| planned(key, SignerKind::Identity));
        found.or(identity).ok_or_else(|| Refusal::NoSigner {
            key: issuer,
            role: format!("a key that signs users of {}", account.name),
        })
    }

    /// The role that the old token is of, in words. A token that says nothing of rights is a role's even when the account has
    /// that role no more: a plain key would make of it a user who may do everything.
    fn role(&self, account: &Account, kind: Option<SignerKind>) -> Option<String> {
        if let Some(role) = account.role(self.old.envelope().issuer) {
            return Some(format!("the key of role {}:{}", account.name, role.name));
        }
        (kind.is_none() && User::is_bare(self.old))
            .then(|| format!("the key of a role that {} has no more", account.name))
    }

    /// When the new token ends: as asked, else it lives as long as the old one did. No end stays no end.
    pub(super) fn expires_at(
        &self,
        asked: Option<Expiry>,
        now: UnixTime,
    ) -> Result<Option<UnixTime>, Refusal> {
        let end = match asked {
            Some(Expiry::Never) => return Ok(None),
            Some(Expiry::After(when)) => UnixTime::from(when.after(now.timestamp())),
            None => {
                let envelope = self.old.envelope();
                let Some(old_end) = envelope.expires_at else {
                    return Ok(None);
                };
                let begun = envelope.issued_at.ok_or_else(|| self.no_lifetime())?;
                UnixTime(now.0.saturating_add(old_end.0.saturating_sub(begun.0)))
            }
        };
        if end > now {
            Ok(Some(end))
        } else {
            Err(Refusal::Unsound(format!(
                "the new token of {} would have expired already",
                self.user.shown()
            )))
        }
    }

    fn no_lifetime(&self) -> Refusal {
        let what = format!(
            "how long the token of {} was to live is not known: say --expires",
            self.user.shown()
        );
        Refusal::Unsound(what)
    }

    /// Refuses a new token of the same key while a revocation stands that kills the old ones: it would have to be lifted, or
    /// the servers would take the new one for as dead.
    pub(super) fn may_keep_key(&self) -> Result<(), Refusal> {
        let revocations = &self.account.account.revocations;
        if revocations.of_user(self.user.id).is_none() {
            return Ok(());
        }
        Err(Refusal::Unsound(format!(
            "a revocation of {} stands: a new token of the same key is refused while it does",
            self.user.shown()
        )))
    }

    /// The new token has to be younger than this, or it is dead on arrival or takes the place of another of its second.
    pub(super) fn after(&self) -> Option<UnixTime> {
        let revoked = self.account.account.revocations.of_user(self.user.id);
        revoked.max(self.user.issued_at)
    }
}

/// Version 1 had it beside the body.
fn without_issuer_account(tree: Node) -> Node {
    let Node::Object(pairs) = tree else {
        return tree;
    };
    let kept = pairs.into_iter().filter(|(key, _)| key != "issuer_account");
    let stripped = kept.map(|(key, value)| match value {
        body @ Node::Object(_) if key == "nats" => (key, without_issuer_account(body)),
        value => (key, value),
    });
    Node::Object(stripped.collect())
}
