//! The way into the system account: which creds of the keyring, else a user that is minted, else none, and why not the others.
//! [`choose`] decides over what was read and touches nothing; connecting is not done here.
//!
//! ```text
//! operator token -> system_account -> its directory -> creds/<store>/<account>/*.creds
//!   usable, and named by the context > called `sys` > newest      else  SYS's own key, or a plain signing key, mints one
//! ```

use std::path::{Path, PathBuf};

use super::keyring::NewKey;
use super::signer::{CredsSigner, CredsSource};
use super::{NscStore, Store, StoreError, Stored};
use crate::jwt::account::Account;
use crate::jwt::edit::with;
use crate::jwt::envelope::TokenKind;
use crate::jwt::fresh;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, KeyKind, PublicKey, UserId};
use crate::jwt::operator::Operator;
use crate::jwt::role::{SignerKind, SigningKey};
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::jwt::user::User;
use crate::text::Text;

/// Seconds that a minted user lives.
pub const MINTED_FOR_S: i64 = 15 * 60;

/// The name of the user that nsc makes for an administrator.
const USUAL_NAME: &str = "sys";

/// What was read, for [`choose`].
pub struct Seen {
    pub system: Result<System, NoSystem>,
    pub creds: Vec<CredsSeen>,
    /// Keys of the system account whose private part is held.
    pub held: Vec<PublicKey>,
}

/// The system account, as the store has it.
pub struct System {
    pub account: Account,
    /// Whether identity keys sign no users.
    pub strict: bool,
}

/// What of a user's token decides whether it is let in.
pub struct Pass {
    pub user: UserId,
    pub issuer: PublicKey,
    pub issued_at: Option<UnixTime>,
    pub not_before: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
}

impl System {
    /// Whether the servers would let a user of the system account in now, and why not.
    pub fn lets_in(&self, pass: &Pass, now: UnixTime) -> Result<(), WhyNot> {
        match self.account.signer_kind(pass.issuer) {
            None => return Err(WhyNot::SignerGone(pass.issuer)),
            Some(SignerKind::Identity) if self.strict => return Err(WhyNot::Strict),
            Some(SignerKind::Identity | SignerKind::Signing | SignerKind::Scoped) => {}
        }
        let revocations = &self.account.revocations;
        if let Some(at) = revocations.revoked_at(pass.user, pass.issued_at) {
            return Err(WhyNot::Revoked(at));
        }
        if let Some(at) = pass.expires_at.filter(|at| now > *at) {
            return Err(WhyNot::Expired(at));
        }
        if let Some(at) = pass.not_before.filter(|at| now < *at) {
            return Err(WhyNot::NotYet(at));
        }
        Ok(())
    }
}

/// Why no system account is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSystem {
    #[error("the operator cannot be read: {0}")]
    Operator(StoreError),
    #[error("the operator names no system account")]
    NotNamed,
    #[error("the system account {account} is not in the store: {error}")]
    NotStored {
        account: AccountId,
        error: StoreError,
    },
}

/// One creds file of the system account's folder, or the one that the context names.
pub struct CredsSeen {
    pub path: PathBuf,
    pub user: Result<User, StoreError>,
    pub named_by: NamedBy,
}

/// Who points at a creds file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedBy {
    Folder,
    Context,
}

/// The decision, with everything that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayIn {
    pub choice: Choice,
    pub passed_over: Vec<PassedOver>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Creds {
        path: PathBuf,
        user: UserId,
        name: Text,
        expires_at: Option<UnixTime>,
    },
    /// A new user of the system account, signed by a held key; see [`mint`].
    Mint {
        account: AccountId,
        signer: PublicKey,
    },
    Offline,
}

/// Something that might have served, and why it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// A path, a key, or what is missing.
    pub what: Text,
    pub why: WhyNot,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    #[error("{0}")]
    Unusable(StoreError),
    #[error("{0}")]
    NoSystem(NoSystem),
    #[error("it is a user of {0}, not of the system account")]
    OtherAccount(AccountId),
    #[error("it expired at {0}")]
    Expired(UnixTime),
    #[error("it is valid from {0} on")]
    NotYet(UnixTime),
    #[error("it was revoked at {0}")]
    Revoked(UnixTime),
    #[error("{0}, which signed it, is no key of the system account any more")]
    SignerGone(PublicKey),
    #[error("another one is preferred")]
    Second,
    #[error("the private part is not held")]
    NotHeld,
    #[error("the operator is strict: identity keys sign no users")]
    Strict,
    #[error("it is a role's key, and its users get that role only")]
    Scoped,
}

/// Decides. Reasons are given in the order in which things were looked at.
pub fn choose(seen: &Seen, now: UnixTime) -> WayIn {
    let mut passed_over = Vec::new();
    let system = match &seen.system {
        Ok(system) => system,
        Err(error) => {
            let what = "the system account".into();
            passed_over.push(PassedOver {
                what,
                why: WhyNot::NoSystem(error.clone()),
            });
            return WayIn {
                choice: Choice::Offline,
                passed_over,
            };
        }
    };
    if let Some(choice) = choose_creds(seen, system, now, &mut passed_over) {
        return WayIn {
            choice,
            passed_over,
        };
    }
    let choice = choose_key(&seen.held, system, &mut passed_over);
    WayIn {
        choice,
        passed_over,
    }
}

fn choose_creds(
    seen: &Seen,
    system: &System,
    now: UnixTime,
    passed_over: &mut Vec<PassedOver>,
) -> Option<Choice> {
    let mut usable = Vec::new();
    for creds in &seen.creds {
        match usable_user(creds, system, now) {
            Ok(user) => usable.push((creds, user)),
            Err(why) => passed_over.push(PassedOver {
                what: shown(&creds.path),
                why,
            }),
        }
    }
    usable.sort_by_key(|(creds, user)| {
        let usual = user.name.raw() == USUAL_NAME;
        std::cmp::Reverse((creds.named_by, usual, user.issued_at))
    });
    let mut usable = usable.into_iter();
    let (creds, user) = usable.next()?;
    passed_over.extend(usable.map(|(creds, _)| PassedOver {
        what: shown(&creds.path),
        why: WhyNot::Second,
    }));
    Some(Choice::Creds {
        path: creds.path.clone(),
        user: user.id,
        name: user.name.clone(),
        expires_at: user.expires_at,
    })
}

/// The user of creds that the servers would let in now, as far as the store knows.
fn usable_user<'a>(
    creds: &'a CredsSeen,
    system: &System,
    now: UnixTime,
) -> Result<&'a User, WhyNot> {
    let user = creds
        .user
        .as_ref()
        .map_err(|error| WhyNot::Unusable(error.clone()))?;
    if user.account != system.account.id {
        return Err(WhyNot::OtherAccount(user.account));
    }
    let pass = Pass {
        user: user.id,
        issuer: user.issuer,
        issued_at: user.issued_at,
        not_before: user.not_before,
        expires_at: user.expires_at,
    };
    system.lets_in(&pass, now)?;
    Ok(user)
}

/// The first key that may mint a user of the system account.
fn choose_key(held: &[PublicKey], system: &System, passed_over: &mut Vec<PassedOver>) -> Choice {
    for (key, bar) in system_keys(system) {
        let why = match bar {
            Some(why) => why,
            None if !held.contains(&key) => WhyNot::NotHeld,
            None => {
                return Choice::Mint {
                    account: system.account.id,
                    signer: key,
                };
            }
        };
        passed_over.push(PassedOver {
            what: key.to_string().into(),
            why,
        });
    }
    Choice::Offline
}

/// The keys of the system account, with what bars each from signing an administrator.
fn system_keys(system: &System) -> Vec<(PublicKey, Option<WhyNot>)> {
    let identity = (
        system.account.id.key(),
        system.strict.then_some(WhyNot::Strict),
    );
    let signing = system
        .account
        .signing_keys
        .iter()
        .filter_map(|key| match key {
            SigningKey::Plain(key) => Some((*key, None)),
            SigningKey::Scoped(role) => Some((role.key, Some(WhyNot::Scoped))),
            SigningKey::Malformed(_) => None,
        });
    std::iter::once(identity).chain(signing).collect()
}

fn shown(path: &Path) -> Text {
    super::write::shown(path)
}

impl NscStore {
    /// Reads what [`choose`] wants; `named` is the creds file that the context names.
    pub fn look_for_way_in(&self, named: Option<&Path>) -> Seen {
        let system = self.system();
        let mut creds = Vec::new();
        let mut held = Vec::new();
        if let Ok(system) = &system {
            let directory = self.directory_of(system.account.id).unwrap_or_default();
            let folder = self.keyring().creds_of(self.store_name(), &directory);
            let others = folder
                .into_iter()
                .filter(|path| Some(path.as_path()) != named);
            creds.extend(named.map(|path| look_at(path.to_owned(), NamedBy::Context)));
            creds.extend(others.map(|path| look_at(path, NamedBy::Folder)));
            held.extend(system_keys(system).into_iter().map(|(key, _)| key));
            held.retain(|key| self.keyring().signer(*key).is_ok());
        }
        Seen {
            system,
            creds,
            held,
        }
    }

    fn system(&self) -> Result<System, NoSystem> {
        let operator = self
            .token(&Stored::Operator)
            .and_then(|token| Ok(Operator::of(&token)?))
            .map_err(NoSystem::Operator)?;
        let id = operator.system_account.ok_or(NoSystem::NotNamed)?;
        let account = self
            .token(&Stored::Account(id))
            .and_then(|token| Ok(Account::of(&token)?));
        match account {
            Ok(account) => Ok(System {
                account,
                strict: operator.strict,
            }),
            Err(error) => Err(NoSystem::NotStored { account: id, error }),
        }
    }
}

fn look_at(path: PathBuf, named_by: NamedBy) -> CredsSeen {
    let user = CredsSigner::open(CredsSource::File(path.clone())).and_then(|(_, token)| {
        token.verify()?;
        Ok(User::of(&token)?)
    });
    CredsSeen {
        path,
        user,
        named_by,
    }
}

/// A user of the system account that lives in memory only.
#[derive(Debug)]
pub struct Minted {
    pub token: Token,
    pub key: NewKey,
}

/// Makes a user of the system account for an administrator: a new key, a token of 15 minutes, signed by a key of that account.
///
/// Nothing is written; whoever connects with it records that.
pub fn mint(
    account: AccountId,
    signer: &dyn Signer,
    admin: &Text,
    now: UnixTime,
) -> Result<Minted, StoreError> {
    let key = NewKey::random(KeyKind::User)?;
    // Never where the account itself signs: servers before 2.1 refused that (nats-server#1740).
    let issuer_account = (signer.public_key() != account.key()).then_some(account);
    let name = format!("nats-oam {admin}").into();
    let tree = fresh::user(
        &name,
        UserId::from_bytes(key.public_key().bytes),
        issuer_account,
    );
    let end = Node::from(now.0.saturating_add(MINTED_FOR_S));
    let tree = with(tree, TokenKind::User, ["exp"], end);
    let token = Token::issue(&tree, signer, now)?;
    Ok(Minted { token, key })
}
