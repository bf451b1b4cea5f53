//! Reissue a user: the same holder gets a new key and token, with the same name, tags, role or permissions.

use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::facts::{Facts, KnownUser};
use crate::actions::plan::{Issue, IssueKey, Plan, PlannedSigner, Step, StorePlace, Warning};
use crate::actions::refs::{UserRef, WhomRef};
use crate::actions::refusal::Refusal;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::actions::when::Expiry;
use crate::jwt::account::Account;
use crate::jwt::envelope::Envelope;
use crate::jwt::json::Node;
use crate::jwt::keys::PublicKey;
use crate::jwt::role::SignerKind;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::store::CredsPlace;

/// Makes a new key and token for the holder of a user.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ReissueUser {
    #[arg(value_name = "USER")]
    pub user: UserRef,
    /// The same key: refused while a revocation of it stands
    #[arg(long)]
    pub keep_key: bool,
    /// A duration, or never; without it the new token lives as long as the old one did
    #[arg(long, value_name = "D|never")]
    pub expires: Option<Expiry>,
    /// Where the creds go, instead of the keyring
    #[arg(long, value_name = "FILE")]
    pub out: Option<std::path::PathBuf>,
}

impl Action for ReissueUser {
    const SPEC: Spec = Spec {
        id: "user.reissue",
        title: "Reissue user",
        help: "Make a new key and token for the same holder",
        level: Level::Tail,
        direction: Direction::Widens,
        tier: Tier::Issue,
    };

    fn bind(on: &Selection, standing: &Standing) -> Bound<Self> {
        if standing.tier < Self::SPEC.tier {
            return Bound::No(Self::SPEC.tier.needs().to_owned());
        }
        match on.users.as_slice() {
            [user] => Bound::Ready(Self {
                user: user.to_ref(),
                keep_key: false,
                expires: None,
                out: None,
            }),
            [] => Bound::No("select a user".to_owned()),
            _ => Bound::No("one user at a time".to_owned()),
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            whom: vec![WhomRef::User(self.user.clone())],
            tokens: true,
            ..Needs::default()
        }
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let user = facts.users.first().ok_or_else(|| Refusal::Unknown {
            what: "user",
            written: self.user.to_string().into(),
        })?;
        let account = facts
            .account(user.account)
            .ok_or_else(|| Refusal::Unknown {
                what: "account",
                written: user.account.to_string().into(),
            })?;
        let old = user.token.as_ref().ok_or_else(|| {
            Refusal::Unreadable(
                format!("no token of {} is at hand: it is in no store", user.shown()).into(),
            )
        })?;
        let revoked_at = account
            .account
            .revocations
            .revoked_at(user.id, user.issued_at);
        if self.keep_key && account.account.revocations.of_user(user.id).is_some() {
            let what = format!(
                "a revocation of {} stands: a new token of the same key would need it lifted, which revives the old one",
                user.shown()
            );
            return Err(Refusal::Unsound(what));
        }
        let mut plan = Plan::begin(&Self::SPEC, facts);
        let signer = signer(facts, &account.account, old)?;
        let expires_at = self.expires_at(old.envelope(), facts.server_time);
        plan.targets = vec![facts.user_target(user)];
        plan.confirm_users(facts);
        if revoked_at.is_some() && plan.level == Level::Tail {
            plan.level = Level::Yes;
        }
        if expires_at.is_none() {
            plan.warnings.push(Warning::new(
                "no_expiry",
                format!("the new token of {} never expires", user.shown()),
            ));
        }
        plan.signer = Some(signer);
        plan.summary = format!("reissue user {} in {}", user.shown(), account.account.name);
        plan.reach.users = 1;
        plan.steps = vec![Step::Issue(Box::new(Issue {
            account: user.account,
            account_name: account.account.name.clone(),
            name: user.name.clone().unwrap_or_default(),
            tree: claims(old),
            key: if self.keep_key {
                IssueKey::Keep(user.id)
            } else {
                IssueKey::New
            },
            signer: signer.key,
            after: account
                .account
                .revocations
                .of_user(user.id)
                .max(user.issued_at),
            expires_at,
            creds: self.place(revoked_at.is_some()),
            store: if user.stored {
                StorePlace::Replace {
                    base: old.revision(),
                }
            } else {
                StorePlace::Absent
            },
            replaces: Some(user.id),
        }))];
        plan.command = self.command(user);
        Ok(plan)
    }
}

impl ReissueUser {
    /// As long as before, counted from now; none stays none.
    fn expires_at(&self, old: &Envelope, now: UnixTime) -> Option<UnixTime> {
        match self.expires {
            Some(Expiry::Never) => None,
            Some(Expiry::After(when)) => Some(when.after(now.timestamp()).into()),
            None => {
                let lifetime = old
                    .expires_at?
                    .0
                    .saturating_sub(old.issued_at.unwrap_or_default().0);
                Some(UnixTime(now.0.saturating_add(lifetime)))
            }
        }
    }

    /// A working file is not replaced under a running client.
    fn place(&self, is_revoked: bool) -> CredsPlace {
        match &self.out {
            Some(path) => CredsPlace::File(path.clone()),
            None if is_revoked => CredsPlace::Keyring,
            None => CredsPlace::Beside,
        }
    }

    fn command(&self, user: &KnownUser) -> String {
        let mut command = format!("nats-oam user reissue {}/{}", user.account, user.id);
        if self.keep_key {
            command.push_str(" --keep-key");
        }
        if let Some(expires) = self.expires {
            command = format!("{command} --expires {expires}");
        }
        if let Some(out) = &self.out {
            command = format!("{command} --out {}", out.display());
        }
        command
    }
}

/// Name, tags, permissions and restrictions of a token, without what says whose and when.
fn claims(old: &Token) -> Node {
    let Node::Object(pairs) = old.as_read() else {
        return Node::EMPTY_OBJECT;
    };
    let kept = pairs
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "jti" | "iat" | "exp" | "nbf" | "iss" | "sub"));
    Node::Object(kept.cloned().collect())
}

/// The key that signed the old token, if it is held. A user of a role is signed by that role's key or not at all; a plain one
/// by the account's identity or a plain key.
fn signer(facts: &Facts, account: &Account, old: &Token) -> Result<PlannedSigner, Refusal> {
    let issuer = old.envelope().issuer;
    let kind = account.signer_kind(issuer);
    let planned = |key: PublicKey, kind| PlannedSigner { key, kind };
    if let (Some(kind), true) = (kind, facts.held.contains(&issuer)) {
        return Ok(planned(issuer, kind));
    }
    if let Some(role) = account.role(issuer) {
        return Err(Refusal::NoSigner {
            key: issuer,
            role: format!("the key of role {}:{}", account.name, role.name),
        });
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
