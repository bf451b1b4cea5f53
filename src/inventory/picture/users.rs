//! The users of the picture: those of the store, those that only a live token shows, those that only a revocation names.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::live::{LiveUser, LiveUsers};
use super::{Labels, by_name};
use crate::inventory::account_line::AccountLine;
use crate::inventory::connection::{Named, SignedBy};
use crate::inventory::told::Told;
use crate::inventory::user::UserRow;
use crate::inventory::user_line::{Bearer, Sources, Stamp, UserLine, UserState};
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// Makes the rows, by account and name.
pub(super) fn join(
    told: &Told,
    accounts: &[AccountLine],
    labels: &Labels,
    live: &LiveUsers,
) -> Vec<UserLine> {
    let views = accounts
        .iter()
        .map(|line| (line.id, View::of(line, labels)));
    let mut joining = Joining {
        told,
        live,
        views: views.collect(),
        lines: Vec::new(),
        met: HashSet::new(),
    };
    joining.add_stored();
    joining.add_live();
    joining.add_revoked();
    let mut lines = joining.lines;
    lines.sort_by(|a, b| {
        by_name(a.account.name.as_ref(), b.account.name.as_ref())
            .then_with(|| a.account.key.cmp(&b.account.key))
            .then_with(|| by_name(a.name.as_ref(), b.name.as_ref()))
            .then_with(|| a.id.cmp(&b.id))
    });
    lines
}

/// What users need to know of their account.
struct View<'a> {
    label: Arc<Named<AccountId>>,
    account: Option<&'a Account>,
    is_shut: bool,
    signers: HashMap<PublicKey, Signer>,
}

/// A key that signed a user, and what it is to the account.
#[derive(Clone)]
struct Signer {
    shown: Arc<SignedBy>,
    is_gone: bool,
    /// What its role says about the tokens of its users.
    role_bearer: Option<Bearer>,
}

impl<'a> View<'a> {
    fn of(line: &'a AccountLine, labels: &Labels) -> Self {
        let unnamed = || Arc::new(Named::unnamed(line.id));
        Self {
            label: labels.get(&line.id).cloned().unwrap_or_else(unnamed),
            account: line.account(),
            is_shut: line.is_shut(),
            signers: HashMap::new(),
        }
    }

    fn unknown(id: AccountId) -> Self {
        Self {
            label: Arc::new(Named::unnamed(id)),
            account: None,
            is_shut: false,
            signers: HashMap::new(),
        }
    }

    fn signer(&mut self, key: PublicKey) -> Signer {
        let account = self.account;
        let make = || Signer::of(account, key);
        self.signers.entry(key).or_insert_with(make).clone()
    }

    /// Whether a revocation names this very user.
    fn names(&self, user: UserId) -> bool {
        let named = |account: &Account| account.revocations.named(user).is_some();
        self.account.is_some_and(named)
    }

    fn judge(&self, tokens: &Tokens, signer: Option<&Signer>, now: UnixTime) -> Verdict {
        let Some(account) = self.account else {
            return Verdict::UNKNOWN;
        };
        let revocations = &account.revocations;
        let dead = revocations.revoked_at(tokens.user, tokens.newest);
        let older = || {
            let named = revocations.named(tokens.user);
            named.or_else(|| revocations.revoked_at(tokens.user, Some(tokens.oldest?)))
        };
        let revoked_at = dead.or_else(older);
        let state = if self.is_shut {
            UserState::AccountDisabled
        } else if signer.is_some_and(|signer| signer.is_gone) {
            UserState::SignerGone
        } else if dead.is_some() {
            UserState::Revoked
        } else if tokens.expires_at.is_some_and(|end| end <= now) {
            UserState::Expired
        } else if tokens.not_before.is_some_and(|start| start > now) {
            UserState::NotYet
        } else if revoked_at.is_some() {
            UserState::PartlyRevoked
        } else {
            UserState::Active
        };
        Verdict { state, revoked_at }
    }
}

impl Signer {
    fn of(account: Option<&Account>, key: PublicKey) -> Self {
        let role = account.and_then(|account| account.role(key));
        let kind = account.and_then(|account| account.signer_kind(key));
        Self {
            is_gone: account.is_some() && kind.is_none(),
            role_bearer: role.map(|role| Bearer::of(role.template.restrictions.bearer)),
            shown: Arc::new(SignedBy {
                key,
                kind,
                role: role.map(|role| role.name.clone()),
            }),
        }
    }
}

/// The dates of a user's tokens.
struct Tokens {
    user: UserId,
    newest: Option<UnixTime>,
    oldest: Option<UnixTime>,
    expires_at: Option<UnixTime>,
    not_before: Option<UnixTime>,
}

struct Verdict {
    state: UserState,
    revoked_at: Option<UnixTime>,
}

impl Verdict {
    const UNKNOWN: Self = Self {
        state: UserState::Unknown,
        revoked_at: None,
    };
}

/// What rows of equal terms share.
#[derive(Clone)]
struct Shared {
    tags: Arc<[Text]>,
    not_before: Option<UnixTime>,
}

struct Joining<'a> {
    told: &'a Told,
    live: &'a LiveUsers<'a>,
    views: HashMap<AccountId, View<'a>>,
    lines: Vec<UserLine>,
    met: HashSet<UserId>,
}

impl Joining<'_> {
    fn add_stored(&mut self) {
        let told = self.told;
        self.lines
            .reserve(told.users.iter().map(|users| users.len()).sum());
        for users in &told.users {
            let mut shared: HashMap<u32, Shared> = HashMap::new();
            for row in users.rows() {
                let terms = shared.entry(row.terms_number()).or_insert_with(|| {
                    let terms = row.terms::<&str>();
                    Shared {
                        tags: terms.tags.into_iter().map(Text::from).collect(),
                        not_before: terms.not_before,
                    }
                });
                let line = self.stored(&row, terms);
                self.met.insert(line.id);
                self.lines.push(line);
            }
        }
    }

    fn stored(&mut self, row: &UserRow<'_>, terms: &Shared) -> UserLine {
        let (id, account) = (row.key(), row.account());
        let (told, live) = (self.told, self.live);
        let connected = live.users.get(&id).filter(|user| user.account == account);
        let told_of = self.sources(id, connected);
        let young = connected.filter(|user| user.newest > row.issued_at());
        let view = self
            .views
            .entry(account)
            .or_insert_with(|| View::unknown(account));
        let signer = view.signer(young.and_then(|user| user.signer).unwrap_or(row.issuer()));
        let tokens = Tokens {
            user: id,
            newest: row.issued_at().max(connected.and_then(|user| user.newest)),
            oldest: connected.and_then(|user| user.oldest),
            expires_at: row.expires_at(),
            not_before: terms.not_before,
        };
        let verdict = view.judge(&tokens, Some(&signer), told.now);
        let own_bearer = Bearer::of(row.is_bearer());
        let sources = told_of.and_if(view.names(id), Sources::REVOCATION);
        UserLine {
            id,
            account: Arc::clone(&view.label),
            name: Some(row.name()),
            signer: Some(signer.shown),
            tags: Some(Arc::clone(&terms.tags)),
            issued_at: tokens.newest.into(),
            expires_at: tokens.expires_at.into(),
            not_before: tokens.not_before.into(),
            revoked_at: verdict.revoked_at.into(),
            connections: self.connections(account, connected, own_bearer),
            state: verdict.state,
            sources: sources.and(Sources::STORE),
            bearer: signer.role_bearer.unwrap_or(own_bearer),
        }
    }

    /// Users whose token is in use and in no store.
    fn add_live(&mut self) {
        let (told, live) = (self.told, self.live);
        for (id, user) in live.users.iter().filter(|(id, _)| !self.met.contains(*id)) {
            let account = user.account;
            let view = self
                .views
                .entry(account)
                .or_insert_with(|| View::unknown(account));
            let signer = user.signer.map(|key| view.signer(key));
            let tokens = Tokens {
                user: *id,
                newest: user.newest,
                oldest: user.oldest,
                expires_at: None,
                not_before: None,
            };
            let verdict = view.judge(&tokens, signer.as_ref(), told.now);
            let bearer = signer.as_ref().and_then(|signer| signer.role_bearer);
            let label = Arc::clone(&view.label);
            let is_named = view.names(*id);
            self.lines.push(UserLine {
                name: user.name.clone(),
                signer: signer.map(|signer| signer.shown),
                issued_at: user.newest.into(),
                revoked_at: verdict.revoked_at.into(),
                connections: self.connections(account, Some(user), Bearer::Unknown),
                state: verdict.state,
                sources: self
                    .sources(*id, Some(user))
                    .and_if(is_named, Sources::REVOCATION),
                bearer: bearer.unwrap_or(Bearer::Unknown),
                ..nameless(*id, label)
            });
        }
        self.met.extend(live.users.keys());
    }

    /// Users of whom nothing is left but that they were revoked.
    fn add_revoked(&mut self) {
        let mut lines = Vec::new();
        for (account, view) in &self.views {
            let revocations = view
                .account
                .iter()
                .flat_map(|account| account.revocations.by_user());
            for (id, at) in revocations.filter(|(id, _)| !self.met.contains(id)) {
                lines.push(UserLine {
                    revoked_at: Some(at).into(),
                    connections: self.connections(*account, None, Bearer::Unknown),
                    state: if view.is_shut {
                        UserState::AccountDisabled
                    } else {
                        UserState::Revoked
                    },
                    sources: self.sources(id, None).and(Sources::REVOCATION),
                    ..nameless(id, Arc::clone(&view.label))
                });
            }
        }
        self.lines.extend(lines);
    }

    /// How many connections are its own. If its own token makes it a bearer that may not be all: servers hide whose those are.
    /// They do not hide one whose role makes it a bearer.
    fn connections(
        &self,
        account: AccountId,
        user: Option<&LiveUser>,
        bearer: Bearer,
    ) -> Option<u32> {
        let is_hidden = bearer == Bearer::Yes && self.live.hides(account);
        let is_known = self.live.is_whole(account) && !is_hidden;
        match user {
            Some(user) if is_known => Some(user.connections),
            None if is_known => Some(0),
            Some(_) | None => None,
        }
    }

    fn sources(&self, id: UserId, live: Option<&LiveUser>) -> Sources {
        Sources::default()
            .and_if(live.is_some(), Sources::LIVE)
            .and_if(self.told.issued.contains(&id), Sources::ISSUED)
    }
}

/// A user of which only key and account are known.
fn nameless(id: UserId, account: Arc<Named<AccountId>>) -> UserLine {
    UserLine {
        id,
        account,
        name: None,
        signer: None,
        tags: None,
        issued_at: Stamp::default(),
        expires_at: Stamp::default(),
        not_before: Stamp::default(),
        revoked_at: Stamp::default(),
        connections: None,
        state: UserState::Unknown,
        sources: Sources::default(),
        bearer: Bearer::Unknown,
    }
}
