//! Reads what a diagnosis needs: the credential as it is named, the account as store and servers have it. It changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::attempt::Attempt;
use super::credential::{Credential, Seed, seed_of_keyring};
use super::ground::{Ground, Server, Standpoint};
use super::judge::{Diagnosis, Verdict, decided_by_callout, judge};
use super::trial::{Connect, Means, try_out};
use crate::actions::action::Needs;
use crate::actions::facts::KnownUser;
use crate::actions::given::{self, bare_key};
use crate::actions::plan::Warning;
use crate::actions::ports::Ports;
use crate::actions::prepare::{blocking, gather};
use crate::actions::refs::{UserRef, WhomRef};
use crate::actions::refusal::Refusal;
use crate::actions::survey::{copies_of, row_of};
use crate::inventory::account::AccountRow;
use crate::inventory::server::{ServerRow, ServerState};
use crate::inventory::told::Here;
use crate::jwt::keys::{AccountId, UserId};
use crate::jwt::operator::Operator;
use crate::jwt::release::Release;
use crate::jwt::signer::SignError;
use crate::jwt::token::Token;
use crate::store::signer::{CredsSigner, CredsSource};
use crate::store::{Store, StoreError, Stored};
use crate::sys::{Census, Sys};
use crate::text::Text;

/// What was found out, and who was silent.
#[derive(Clone, Debug)]
pub struct Diagnosed {
    pub diagnosis: Diagnosis,
    /// `None`: no server was asked.
    pub census: Option<Arc<Census>>,
    pub silent: BTreeSet<Text>,
    pub warnings: Vec<Warning>,
}

/// A credential, what presents it to a server, and the account that it names.
struct Found {
    credential: Credential,
    means: Means,
    account: Option<AccountId>,
    warnings: Vec<Warning>,
}

impl Found {
    fn new(credential: Credential) -> Self {
        Self {
            account: credential.user().map(|user| user.account),
            credential,
            means: Means::TokenAlone,
            warnings: Vec::new(),
        }
    }

    /// Learns whether the store has the user, so that acts on it can be named.
    async fn look_up(&mut self, ports: &Ports) -> Result<(), Refusal> {
        let (Some(user), Some(store)) = (self.credential.user(), &ports.store) else {
            return Ok(());
        };
        let of = Stored::User {
            account: user.account,
            user: user.id,
            name: Some(user.name.clone()),
        };
        let reference = user.id.to_string();
        let held = blocking(Arc::clone(store), move |store| store.token(&of).ok()).await?;
        self.credential.reference = held.map(|_| reference);
        Ok(())
    }
}

/// Diagnoses a token that somebody presented: what a server tells of a login that it refused.
pub async fn diagnose_presented(
    token: Token,
    attempt: &Attempt,
    ports: &Ports,
) -> Result<Diagnosed, Refusal> {
    let mut found = Found::new(Credential::of_token(token, Seed::Elsewhere));
    found.look_up(ports).await?;
    judged(found, attempt, Connect::No, ports).await
}

/// Diagnoses what somebody named.
pub async fn diagnose(
    written: &UserRef,
    attempt: &Attempt,
    connect: Connect<'_>,
    ports: &Ports,
) -> Result<Diagnosed, Refusal> {
    let found = find(written, ports).await?;
    judged(found, attempt, connect, ports).await
}

async fn judged(
    found: Found,
    attempt: &Attempt,
    connect: Connect<'_>,
    ports: &Ports,
) -> Result<Diagnosed, Refusal> {
    // What fails here is told by who does not answer next.
    let _ = ports.freshen_census().await;
    let census = ports.sys.as_ref().map(|sys| sys.census().borrow().clone());
    let (credential, means) = (&found.credential, &found.means);
    // Before the account is asked for: a server that was tried has read its token.
    let outcome = try_out(credential, means, attempt.by, connect, census.as_deref()).await;
    let mut read = Reading::default();
    let ground = read.ground(found.account, ports).await?;
    let mut warnings = found.warnings;
    if decided_by_callout(&found.credential, &ground) {
        let what = "the account has an auth callout: it answers for this user, and not the servers";
        warnings.push(Warning::new("callout_decides", what));
    }
    let diagnosis = judge(&found.credential, &ground, attempt).with(&outcome, attempt);
    if let (Verdict::Ok, Some(failed)) = (diagnosis.verdict, diagnosis.disproved(attempt)) {
        let what = format!(
            "every server lets it in, although {} says no: that judgement is wrong",
            failed.check.word()
        );
        warnings.push(Warning::new("judged_otherwise", what));
    }
    Ok(Diagnosed {
        diagnosis,
        census: read.census,
        silent: read.silent,
        warnings,
    })
}

/// The credential that a ref names. A file is judged as it is, torn or forged; a user by the store's token, else by that of an
/// open connection.
async fn find(written: &UserRef, ports: &Ports) -> Result<Found, Refusal> {
    let text = match written {
        UserRef::File(path) => given::of_file(path).await?,
        UserRef::Stdin => given::of_stdin().await?,
        UserRef::Key(_) | UserRef::Named { .. } | UserRef::In { .. } => {
            return find_user(written, ports).await;
        }
    };
    let bare = str::from_utf8(text.trim_ascii()).ok().and_then(bare_key);
    if let Some(user) = bare.and_then(|key| UserId::try_from(key).ok()) {
        return find_user(&UserRef::Key(user), ports).await;
    }
    let mut found = Found::new(Credential::of_text(&text));
    found.means = Means::Creds(match written {
        UserRef::File(path) => CredsSource::File(path.clone()),
        UserRef::Stdin | UserRef::Key(_) | UserRef::Named { .. } | UserRef::In { .. } => {
            CredsSource::Text(Zeroizing::new(String::from_utf8_lossy(&text).into_owned()))
        }
    });
    found.look_up(ports).await?;
    Ok(found)
}

async fn find_user(written: &UserRef, ports: &Ports) -> Result<Found, Refusal> {
    let needs = Needs {
        whom: vec![WhomRef::User(written.clone())],
        tokens: true,
        ..Needs::default()
    };
    let facts = gather(&needs, ports, None).await?;
    let user = facts.users.into_iter().next();
    let user = user.ok_or_else(|| Refusal::Unknown {
        what: "user",
        written: written.to_string().into(),
    })?;
    match (&ports.store, &user.token) {
        (Some(store), Some(token)) if user.stored => {
            let token = token.clone();
            blocking(Arc::clone(store), move |store| {
                of_store(store, &user, token)
            })
            .await
        }
        (_, Some(token)) => Ok(Found::new(Credential::of_token(
            token.clone(),
            Seed::Elsewhere,
        ))),
        (_, None) => Ok(Found {
            account: Some(user.account),
            ..Found::new(Credential::of_key(user.id))
        }),
    }
}

/// A user of the store, with its key in the keyring and a warning where its creds there hold another token.
fn of_store(store: &dyn Store, user: &KnownUser, token: Token) -> Found {
    let opened = store.signer(user.id.key());
    let means = match &opened {
        Ok(signer) => Means::Stored(Arc::clone(signer)),
        Err(_) => Means::TokenAlone,
    };
    let seed = match &opened {
        Ok(signer) => seed_of_keyring(Ok(signer.public_key())),
        Err(StoreError::Sign(error)) => seed_of_keyring(Err(error)),
        Err(_) => seed_of_keyring(Err(&SignError::NotHeld { key: user.id.key() })),
    };
    let name = user.name.clone().unwrap_or_default();
    let path = store.creds_path(user.account, &name).ok();
    let path = path.filter(|path| path.exists());
    let other = path.filter(|path| {
        let held = CredsSigner::open(CredsSource::File(path.clone()));
        held.is_ok_and(|(_, held)| held.revision() != token.revision())
    });
    let mut found = Found::new(Credential::of_token(token, seed));
    found.credential.reference = Some(user.id.to_string());
    found.means = means;
    found.warnings.extend(other.map(|path| {
        let place = path.display();
        let what =
            format!("{place} holds another token of this user: diagnose @{place} judges that one");
        Warning::new("creds_differ", what)
    }));
    found
}

/// What is learned on the way about who answered.
#[derive(Default)]
struct Reading {
    census: Option<Arc<Census>>,
    silent: BTreeSet<Text>,
}

impl Reading {
    async fn ground(
        &mut self,
        account: Option<AccountId>,
        ports: &Ports,
    ) -> Result<Ground, Refusal> {
        let now = (ports.now)();
        let (operator, stored) = match &ports.store {
            Some(store) => {
                blocking(Arc::clone(store), move |store| of_disk(store, account)).await?
            }
            None => (None, None),
        };
        let store = Standpoint {
            server: None,
            trust: operator.as_ref().map(Ground::trust_of),
            release: Release::default(),
            now,
        };
        let servers = match (&ports.sys, account) {
            (Some(sys), Some(account)) => Some(self.servers(sys.as_ref(), account, now).await),
            (Some(_), None) | (None, _) => None,
        };
        Ok(Ground {
            store,
            stored,
            servers,
        })
    }

    async fn servers(&mut self, sys: &dyn Sys, account: AccountId, now: Timestamp) -> Vec<Server> {
        let census = sys.census().borrow().clone();
        let rows: Vec<&ServerRow> = census.ours().collect();
        let names: Vec<Text> = rows.iter().map(|row| row.name.clone()).collect();
        let told = copies_of(sys, account, &names).await;
        let silent = rows.iter().filter(|row| row.state != ServerState::Up);
        self.silent.extend(silent.map(|row| row.name.clone()));
        self.silent.extend(told.silent);
        let here = |name: &Text| {
            let copy = told.copies.iter().find(|copy| copy.server == *name);
            copy.map_or(Here::Unknown, |copy| copy.here.clone())
        };
        let servers = rows.iter().map(|row| Server {
            at: standpoint(row, now),
            name: row.name.clone(),
            here: here(&row.name),
        });
        let servers = servers.collect();
        self.census = Some(census);
        servers
    }
}

/// A server's own clock and trust. One that did not answer the census says nothing of itself that is still sure.
fn standpoint(row: &ServerRow, now: Timestamp) -> Standpoint {
    let skew = SignedDuration::from_millis(row.clock_skew_ms.unwrap_or_default());
    Standpoint {
        server: Some(row.name.clone()),
        trust: row.trust.clone().filter(|_| row.state == ServerState::Up),
        release: row.release().unwrap_or_default(),
        now: now.checked_add(skew).unwrap_or(now),
    }
}

/// The store's operator, and its token of the account. One whose signature does not hold is none.
fn of_disk(
    store: &dyn Store,
    account: Option<AccountId>,
) -> (Option<Operator>, Option<Arc<AccountRow>>) {
    let operator = store.token(&Stored::Operator).ok();
    let operator = operator.and_then(|token| Operator::of(&token).ok());
    let token = account.and_then(|account| store.token(&Stored::Account(account)).ok());
    let token = token.filter(|token| token.verify().is_ok());
    (operator, token.and_then(|token| row_of(&token)))
}
