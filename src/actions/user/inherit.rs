//! What a new token takes over from an old one: claims, signer, lifetime; and what acts that make one ask for. An old token is believed only if its signature holds
//! and, where no store vouches for it, only if a key of the account made it.

use std::path::Path;

use crate::actions::action::{Bound, Needs, Selection};
use crate::actions::facts::{AccountFacts, Facts, KnownUser};
use crate::actions::plan::{Issue, IssueKey, Plan, PlannedSigner, StorePlace, Warning};
use crate::actions::prepare::quoted;
use crate::actions::refs::{UserRef, WhomRef};
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
use crate::store::CredsPlace;

/// A user that gets a new token, with what that is made from.
pub(super) struct Heir<'a> {
    pub(super) user: &'a KnownUser,
    pub(super) account: &'a AccountFacts,
    pub(super) old: &'a Token,
}

/// Asks for what the selection of one user leaves open: how long its token lives and where its creds go is nobody's to guess.
pub(super) fn asked_of_one<A>(on: &Selection) -> Bound<A> {
    match on.known_users().as_slice() {
        [user] => Bound::Ask(vec![("user", user.to_ref().to_string())]),
        [] => Bound::No("select a user, or a connection whose user is known".to_owned()),
        _ => Bound::No("one user at a time".to_owned()),
    }
}

/// What has to be known of the one whose token is inherited.
pub(super) fn needs(user: &UserRef) -> Needs {
    Needs {
        whom: vec![WhomRef::User(user.clone())],
        tokens: true,
        ..Needs::default()
    }
}

/// A command with what was said of the end and of the place.
pub(super) fn with_flags(
    mut command: String,
    expires: Option<Expiry>,
    out: Option<&Path>,
) -> String {
    if let Some(expires) = expires {
        command = format!("{command} --expires {expires}");
    }
    if let Some(out) = out {
        command = format!("{command} --out {}", quoted(&out.to_string_lossy()));
    }
    command
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
    fn claims(&self, signer: PlannedSigner) -> Node {
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

    /// The new token with the old key, for its creds alone.
    pub(super) fn issue(&self, signer: PlannedSigner, expires_at: Option<UnixTime>) -> Issue {
        Issue {
            account: self.user.account,
            account_name: self.account.account.name.clone(),
            name: self.old.envelope().name.clone(),
            tree: self.claims(signer),
            key: IssueKey::Keep(self.user.id),
            signer: signer.key,
            after: self.after(),
            expires_at,
            creds: CredsPlace::Keyring,
            store: StorePlace::Absent,
            replaces: None,
        }
    }

    /// A token without an end is worth a word.
    pub(super) fn warn_of_no_end(&self, expires_at: Option<UnixTime>, plan: &mut Plan) {
        if expires_at.is_none() {
            let what = format!("the new token of {} never expires", self.user.shown());
            plan.warnings.push(Warning::new("no_expiry", what));
        }
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
    fn after(&self) -> Option<UnixTime> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::facts::Served;
    use crate::jwt::fresh;
    use crate::jwt::keys::{AccountId, KeyKind, UserId};
    use crate::jwt::signer::Signer as _;
    use crate::store::keyring::NewKey;

    const NOW: UnixTime = UnixTime(1_000_000);

    fn key(kind: KeyKind) -> NewKey {
        NewKey::random(kind).unwrap()
    }

    /// An account with a plain key, both held, and one user.
    struct Scene {
        identity: NewKey,
        plain: NewKey,
        user: UserId,
        facts: Facts,
    }

    impl Scene {
        fn new() -> Self {
            let [identity, plain] = [key(KeyKind::Account), key(KeyKind::Account)];
            let id = AccountId::try_from(identity.public_key()).unwrap();
            let keys = Node::strings([plain.public_key().to_string()]);
            let path = ["nats", "signing_keys"];
            let tree = with(
                fresh::account(&"A".into(), id),
                TokenKind::Account,
                path,
                keys,
            );
            let base = Token::issue(&tree, &key(KeyKind::Operator), NOW).unwrap();
            let account = AccountFacts {
                account: Account::of(&base).unwrap(),
                base,
                split: Vec::new(),
                foreign: Vec::new(),
                stored: None,
                served: Served::Yes { lacking: 0 },
                most_connections: 0,
            };
            let facts = Facts {
                accounts: [(id, account)].into(),
                held: [identity.public_key(), plain.public_key()].into(),
                server_time: NOW,
                ..Facts::default()
            };
            let user = key(KeyKind::User).public_key().try_into().unwrap();
            Self {
                identity,
                plain,
                user,
                facts,
            }
        }

        fn account(&self) -> AccountId {
            self.identity.public_key().try_into().unwrap()
        }

        fn signed_by(&self, signer: &NewKey, shape: impl FnOnce(Node) -> Node) -> Token {
            let tree = fresh::user(&"u".into(), self.user, Some(self.account()));
            Token::issue(&shape(tree), signer, NOW).unwrap()
        }

        fn with_user(mut self, token: Token, stored: bool) -> Self {
            self.facts.users = vec![KnownUser {
                id: self.user,
                account: self.account(),
                name: Some("u".into()),
                issued_at: token.envelope().issued_at,
                stored,
                token: Some(token),
            }];
            self
        }

        fn heir(&self) -> Result<Heir<'_>, Refusal> {
            Heir::of(&self.facts, &"u")
        }
    }

    #[test]
    fn a_token_that_no_key_of_the_account_signed_gives_nothing_to_its_heir() {
        let scene = Scene::new();
        let forged = scene.signed_by(&key(KeyKind::Account), |tree| tree);
        let honest = scene.signed_by(&scene.plain, |tree| tree);

        let by_forger = scene.with_user(forged, false);
        assert!(matches!(by_forger.heir(), Err(Refusal::Unsound(_))));
        let by_account = by_forger.with_user(honest, false);
        assert!(by_account.heir().is_ok());
    }

    #[test]
    fn a_stored_token_that_was_altered_gives_nothing_to_its_heir() {
        let scene = Scene::new();
        let token = scene.signed_by(&scene.plain, |tree| tree);
        let (claims, signature) = token.text().rsplit_once('.').unwrap();
        let swapped: String = signature.chars().rev().collect();
        let altered = Token::decode(&format!("{claims}.{swapped}")).unwrap();

        let scene = scene.with_user(altered, true);

        assert!(matches!(scene.heir(), Err(Refusal::Unreadable(_))));
    }

    #[test]
    fn the_key_that_signs_instead_names_the_account_and_the_identity_does_not() {
        let scene = Scene::new();
        let account = scene.account().to_string();
        let (plain, identity) = (scene.plain.public_key(), scene.identity.public_key());
        let named = |tree: &Node| {
            let issuer = tree.at(&["nats", "issuer_account"]);
            issuer.and_then(Node::as_str).map(str::to_owned)
        };
        let bare = Token::issue(
            &fresh::user(&"u".into(), scene.user, None),
            &scene.identity,
            NOW,
        );
        let signed = scene.signed_by(&scene.plain, |tree| tree);

        let mut scene = scene.with_user(bare.unwrap(), true);
        scene.facts.held.remove(&identity);
        let heir = scene.heir().unwrap();
        let signer = heir.signer(&scene.facts).unwrap();
        assert_eq!(
            (signer.key, named(&heir.claims(signer))),
            (plain, Some(account))
        );

        let mut scene = scene.with_user(signed, true);
        scene.facts.held = [identity].into();
        let heir = scene.heir().unwrap();
        let signer = heir.signer(&scene.facts).unwrap();
        assert_eq!((signer.key, named(&heir.claims(signer))), (identity, None));
    }

    #[test]
    fn a_lifetime_that_is_not_known_has_to_be_said() {
        let scene = Scene::new();
        let path = ["exp"];
        let ends = |at: i64| move |tree| with(tree, TokenKind::User, path, Node::from(at));
        let an_hour = scene.signed_by(&scene.plain, ends(NOW.0 + 3600));
        let ended_before_it_began = scene.signed_by(&scene.plain, ends(NOW.0 - 1));
        let later = UnixTime(NOW.0 + 500);

        let scene = scene.with_user(an_hour, true);
        let end = scene.heir().unwrap().expires_at(None, later);
        assert_eq!(end, Ok(Some(UnixTime(later.0 + 3600))));
        let never = scene.heir().unwrap().expires_at(Some(Expiry::Never), later);
        assert_eq!(never, Ok(None));

        let scene = scene.with_user(ended_before_it_began, true);
        let end = scene.heir().unwrap().expires_at(None, later);
        assert!(matches!(end, Err(Refusal::Unsound(_))), "{end:?}");
    }
}
