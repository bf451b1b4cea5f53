//! Gets the edit of an account into force: read again, sign, push, read again. NATS has no compare-and-swap, so another admin
//! may overwrite what was pushed; a narrowing act then goes again on the new base, until both facts stand. It is looked for
//! after a first look at what servers enforce (milliseconds, or as long as a silent one is waited for), a second later, and once
//! more when the proof meets a token that nobody knows.
//!
//! Limit: between the last read and the push lie milliseconds. Who is stopped just there until the other admin has proof
//! overwrites an act that was called verified. NATS offers nothing that would prevent it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::jwt::edit::{self, Edit, EditOp, Value};
use crate::jwt::keys::ConnId;
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token, TokenError};
use crate::sys::{Accepted, Gathered, Sys, SysError, Update};

use super::account_steps::{SignAccount, Signing};
use super::copies::ServerCopies;
use super::rivals::meet;
use super::spec::Direction;

/// How often a narrowing act pushes, when somebody overwrites it: once, and three times more.
const TRIES: usize = 4;

/// When the servers are read once more, to catch who pushed at the same moment.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// An edit on its way.
pub(super) struct Edition<'a> {
    pub(super) sys: &'a dyn Sys,
    pub(super) sign: &'a SignAccount,
    /// `None`: a token is pushed as it is, and nobody here could join it with another.
    pub(super) signer: Option<Arc<dyn Signer>>,
    pub(super) kicks: &'a [ConnId],
    pub(super) direction: Direction,
    /// Connections of the account on the server that has most.
    pub(super) connections: u64,
    pub(super) now: fn() -> Timestamp,
}

/// What was pushed in the end.
pub(super) struct Pushed {
    pub(super) update: Update,
    pub(super) token: Token,
    /// What was wanted, with its time.
    edits: Vec<Edit>,
    /// The token that the last edit began from.
    pub(super) base: Token,
    /// What gave way to it, the base among them: also what others pushed meanwhile, and our own earlier tries.
    pub(super) replaced: Vec<Token>,
    /// Our own earlier tries, the first first.
    earlier: Vec<Sent>,
    pub(super) told: Gathered<Accepted>,
    /// When the last push left.
    pub(super) at: Instant,
    /// How many times it was pushed.
    pub(super) pushes: usize,
}

impl Pushed {
    /// Whether a token is this one, or one that gave way to it.
    pub(super) fn knows(&self, revision: Revision) -> bool {
        let mut tokens = self.replaced.iter().chain([&self.token]);
        tokens.any(|token| token.revision() == revision)
    }

    /// All that we sent: where nobody can be asked, any of it may be what stands.
    fn sent(&self) -> Vec<Sent> {
        let last = Sent {
            base: self.base.clone(),
            token: self.token.clone(),
        };
        self.earlier.iter().cloned().chain([last]).collect()
    }
}

/// A token that may have gone out.
#[derive(Clone)]
pub(super) struct Sent {
    /// What it was to replace.
    pub(super) base: Token,
    pub(super) token: Token,
}

/// Why an edit is not in force.
pub(super) enum EnforceError {
    /// Its base changed before the push; nothing was done.
    Stale {
        base: Revision,
        now: Option<Revision>,
    },
    /// Nothing was pushed.
    NotPushed(SysError),
    NotSigned(NotSigned),
    /// It was pushed, and somebody put another token in its place.
    Overwritten(Box<Pushed>),
    /// These may have gone out, and nobody can be asked what became of them.
    Lost(SysError, Vec<Sent>),
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSigned {
    #[error("nobody here signs it")]
    NoSigner,
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Edition<'_> {
    /// Signs and pushes. `Ok` is no proof yet: [`super::verify`] asks each server, and [`Self::settle`] who else pushed.
    pub(super) async fn enforce(&self) -> Result<Pushed, EnforceError> {
        let base = self.fresh_base().await?;
        let edits = self.fixed_edits(&base);
        let none = UnixTime::default();
        let token = match &self.sign.signing {
            Signing::Edited(_) => self.sign(&base, &edits, none),
            Signing::Anew { source, .. } => {
                let at = base.envelope().issued_at.unwrap_or_default();
                self.sign_anew(source, &edits, at)
            }
            Signing::Given { token, .. } => Ok((**token).clone()),
        };
        let token = token.map_err(EnforceError::NotSigned)?;
        self.push(token, base, edits).await
    }

    /// Looks whether it was overwritten, and goes again until it stands.
    pub(super) async fn settle(&self, mut pushed: Pushed) -> Result<Pushed, EnforceError> {
        while let Some(rivals) = self.rivals(&pushed).await? {
            if self.direction != Direction::Narrows || pushed.pushes == TRIES {
                return Err(EnforceError::Overwritten(Box::new(pushed)));
            }
            pushed = self.join(pushed, rivals).await?;
        }
        Ok(pushed)
    }

    /// Pushes one token that holds our edit and theirs.
    async fn join(&self, ours: Pushed, rivals: Vec<Token>) -> Result<Pushed, EnforceError> {
        let meeting = meet(&self.sign.base, &ours.token, &rivals, &ours.edits);
        let Ok(token) = self.sign(&meeting.base, &meeting.edits, meeting.youngest) else {
            return Err(EnforceError::Overwritten(Box::new(ours)));
        };
        let mut pushed = match self.push(token, meeting.base, ours.edits.clone()).await {
            // The first push went out, so it cannot be said that nothing was done.
            Err(EnforceError::NotPushed(error)) => Err(EnforceError::Lost(error, ours.sent())),
            Err(EnforceError::Lost(error, again)) => {
                let sent = ours.sent().into_iter().chain(again);
                Err(EnforceError::Lost(error, sent.collect()))
            }
            pushed => pushed,
        }?;
        pushed.pushes += ours.pushes;
        pushed.earlier = ours.sent();
        pushed.replaced.extend(ours.replaced);
        pushed.replaced.push(ours.token);
        pushed.replaced.extend(rivals);
        let stands = pushed.token.revision();
        pushed.replaced.retain(|token| token.revision() != stands);
        Ok(pushed)
    }

    /// The base as it is now, if nobody changed it since the plan.
    async fn fresh_base(&self) -> Result<Token, EnforceError> {
        let copies = ServerCopies::read(self.sys, self.sign.account)
            .await
            .map_err(EnforceError::NotPushed)?;
        let planned = self.sign.base.revision();
        match copies.best() {
            Some(best) if best.revision() == planned => Ok(best.clone()),
            None => Ok(self.sign.base.clone()),
            Some(other) => Err(EnforceError::Stale {
                base: planned,
                now: Some(other.revision()),
            }),
        }
    }

    /// The edits with the servers' time in them: the same in every try, so that two who retry come to the same token.
    fn fixed_edits(&self, base: &Token) -> Vec<Edit> {
        let at = self
            .server_time()
            .max(base.envelope().issued_at.unwrap_or_default());
        let fixed = |edit: &Edit| match &edit.op {
            EditOp::Set(value) => Edit {
                path: edit.path.clone(),
                op: EditOp::Set(Value::Given(value.at(at))),
            },
            EditOp::Remove => edit.clone(),
        };
        self.sign.edits.iter().map(fixed).collect()
    }

    fn server_time(&self) -> UnixTime {
        self.sys.census().borrow().server_time((self.now)())
    }

    /// The edited token, younger than its base and than `after`. On a base that says all of it already, that base.
    fn sign(&self, base: &Token, edits: &[Edit], after: UnixTime) -> Result<Token, NotSigned> {
        let tree = edit::apply(base, edits, UnixTime::default());
        if tree == *base.tree() {
            return Ok(base.clone());
        }
        self.sign_anew(base, edits, after)
    }

    /// The edited token, younger than the one that it comes from and than `after`.
    fn sign_anew(&self, from: &Token, edits: &[Edit], after: UnixTime) -> Result<Token, NotSigned> {
        let signer = self.signer.as_ref().ok_or(NotSigned::NoSigner)?;
        let from_at = from.envelope().issued_at.unwrap_or_default();
        let least = UnixTime(from_at.max(after).0.saturating_add(1));
        let at = self.server_time().max(least);
        let tree = edit::apply(from, edits, at);
        Ok(Token::issue(&tree, signer.as_ref(), at)?)
    }

    async fn push(
        &self,
        token: Token,
        base: Token,
        edits: Vec<Edit>,
    ) -> Result<Pushed, EnforceError> {
        let update =
            Update::new(token.clone(), self.connections).map_err(EnforceError::NotPushed)?;
        let at = Instant::now();
        let told = self.sys.contain(&update, self.kicks).await;
        let told = told.map_err(|error| match error {
            SysError::NotPermitted { .. } | SysError::NoResponders { .. } => {
                EnforceError::NotPushed(error)
            }
            error => EnforceError::Lost(
                error,
                vec![Sent {
                    base: base.clone(),
                    token: token.clone(),
                }],
            ),
        })?;
        Ok(Pushed {
            update,
            token,
            edits,
            replaced: vec![base.clone()],
            base,
            earlier: Vec::new(),
            told,
            at,
            pushes: 1,
        })
    }

    /// What somebody put in place of ours, by a look now and another a second later. Empty: only what no server trusts, which
    /// a resolver keeps all the same.
    async fn rivals(&self, pushed: &Pushed) -> Result<Option<Vec<Token>>, EnforceError> {
        for wait in [Duration::ZERO, SECOND_LOOK] {
            tokio::time::sleep(wait).await;
            let copies = ServerCopies::read(self.sys, self.sign.account)
                .await
                .map_err(|error| EnforceError::Lost(error, pushed.sent()))?;
            let tokens = copies.trusted.into_iter().map(|(token, _)| token);
            let rivals: Vec<Token> = tokens
                .filter(|token| self.is_rival(pushed, token))
                .collect();
            if !rivals.is_empty() || !copies.foreign.is_empty() {
                return Ok(Some(rivals));
            }
        }
        Ok(None)
    }

    /// A server that was left behind is for the proof to name; what is no older than our base is another admin's.
    fn is_rival(&self, pushed: &Pushed, token: &Token) -> bool {
        let is_known =
            token.revision() == self.sign.base.revision() || pushed.knows(token.revision());
        !is_known && token.envelope().issued_at >= self.sign.base.envelope().issued_at
    }
}
