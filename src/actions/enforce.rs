//! Gets the edit of an account into force: read again, sign, push, read again. NATS has no compare-and-swap, so another admin
//! may overwrite what was pushed; a narrowing act then goes again on the new base, until both facts stand.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::jwt::edit::{self, Edit, EditOp, Value};
use crate::jwt::json::Node;
use crate::jwt::keys::ConnId;
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token, TokenError};
use crate::sys::{Accepted, Gathered, Sys, SysError, Update};

use super::copies::ServerCopies;
use super::plan::SignAccount;
use super::spec::Direction;

/// How often a narrowing act goes again when somebody overwrites it.
const TRIES: usize = 4;

/// When the servers are read once more, to catch who pushed at the same moment.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// An edit on its way.
pub(super) struct Edition<'a> {
    pub(super) sys: &'a dyn Sys,
    pub(super) sign: &'a SignAccount,
    pub(super) signer: Arc<dyn Signer>,
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
    /// The token that the last edit began from.
    pub(super) base: Token,
    pub(super) told: Gathered<Accepted>,
    /// How many times it was pushed.
    pub(super) pushes: usize,
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
    Token(TokenError),
    /// It was pushed, and somebody put another token in its place.
    Overwritten(Box<Pushed>),
    /// The push went out, and nobody can be asked what became of it.
    Lost(SysError),
}

impl Edition<'_> {
    /// Signs and pushes. `Ok` is no proof yet: [`super::verify`] asks each server.
    pub(super) async fn enforce(&self) -> Result<Pushed, EnforceError> {
        let mut base = self.fresh_base().await?;
        let edits = self.fixed_edits(&base);
        for attempt in 1..=TRIES {
            let token = self.sign(&base, &edits)?;
            let mut pushed = self.push(token, base).await?;
            pushed.pushes = attempt;
            match self.other_than(&pushed).await? {
                None => return Ok(pushed),
                Some(other) if self.direction == Direction::Narrows && attempt < TRIES => {
                    // Two who push at the same moment must not do so for ever.
                    tokio::time::sleep(Duration::from_millis(
                        u64::from(std::process::id() % 97) * 5,
                    ))
                    .await;
                    base = other;
                }
                Some(_) => return Err(EnforceError::Overwritten(Box::new(pushed))),
            }
        }
        Err(EnforceError::NotPushed(SysError::Disconnected))
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

    /// The edited token. On a base that says all of it already, that base.
    fn sign(&self, base: &Token, edits: &[Edit]) -> Result<Token, EnforceError> {
        let after_base = UnixTime(
            base.envelope()
                .issued_at
                .unwrap_or_default()
                .0
                .saturating_add(1),
        );
        let at = self.server_time().max(after_base);
        let tree = edit::apply(base, edits, at);
        if tree == *base.tree() {
            return Ok(base.clone());
        }
        Token::issue(&tree, self.signer.as_ref(), at).map_err(EnforceError::Token)
    }

    async fn push(&self, token: Token, base: Token) -> Result<Pushed, EnforceError> {
        let update =
            Update::new(token.clone(), self.connections).map_err(EnforceError::NotPushed)?;
        let contained = self.sys.contain(&update, self.kicks).await;
        let told = contained.pushed.map_err(|error| match error {
            SysError::NotPermitted { .. } | SysError::NoResponders { .. } => {
                EnforceError::NotPushed(error)
            }
            error => EnforceError::Lost(error),
        })?;
        Ok(Pushed {
            update,
            token,
            base,
            told,
            pushes: 1,
        })
    }

    /// The token that somebody put in place of ours, by a look now and another a second later.
    async fn other_than(&self, pushed: &Pushed) -> Result<Option<Token>, EnforceError> {
        for wait in [Duration::ZERO, SECOND_LOOK] {
            tokio::time::sleep(wait).await;
            let copies = ServerCopies::read(self.sys, self.sign.account)
                .await
                .map_err(EnforceError::Lost)?;
            let known = [pushed.token.revision(), pushed.base.revision()];
            if let Some((other, _)) = copies
                .0
                .into_iter()
                .find(|(token, _)| !known.contains(&token.revision()))
            {
                // A server that was left behind is for the proof to name; what is younger is another admin's.
                if other.envelope().issued_at >= pushed.base.envelope().issued_at {
                    return Ok(Some(other));
                }
            }
        }
        Ok(None)
    }
}

/// Whether two trees say the same but for who signed them and when.
pub(super) fn same_content(a: &Node, b: &Node) -> bool {
    let content = |tree: &Node| match tree {
        Node::Object(pairs) => Node::Object(
            pairs
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "iat" | "iss" | "jti"))
                .cloned()
                .collect(),
        ),
        other => other.clone(),
    };
    content(a) == content(b)
}
