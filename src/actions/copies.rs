//! The tokens of an account that the servers have: kept by resolvers, in force in memory. There is no compare-and-swap in
//! NATS, so every edit begins and ends with this.

use futures::future::join;

use crate::jwt::keys::AccountId;
use crate::jwt::token::Token;
use crate::sys::{Census, Copies, Enforced, Sys, SysError};

use super::rivals::age;

/// Every distinct token of one account. A resolver keeps whatever is pushed to it, so what no server trusts is set aside: an
/// edit of it, signed by us, would bring it into force.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerCopies {
    /// With how many servers have each, the best first: the youngest; of one second, the same for everybody who looks.
    pub(super) trusted: Vec<(Token, usize)>,
    /// Signed by nobody whom the servers trust.
    pub(super) foreign: Vec<Token>,
    /// Resolvers that keep none, or nothing that can be read.
    pub(super) lacking: usize,
}

impl ServerCopies {
    /// Asks all servers. A resolver that keeps nothing (MEMORY, URL) answers with what is in force.
    pub(super) async fn read(sys: &dyn Sys, account: AccountId) -> Result<Self, SysError> {
        let (kept, enforced) = join(sys.lookup(account), sys.account(account)).await;
        let kept = match kept {
            Ok(kept) => kept,
            Err(SysError::NoResponders { .. }) => Copies::default(),
            Err(error) => return Err(error),
        };
        let lacking = kept.without + kept.unreadable;
        let mut found = kept.tokens;
        for (_, here) in enforced?.answers() {
            if let Enforced::Loaded(loaded) = here
                && let Some(token) = &loaded.token
            {
                see(&mut found, token);
            }
        }
        let census = sys.census().borrow().clone();
        let (mut trusted, foreign): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(token, _)| is_trusted(&census, token));
        trusted.sort_by_key(|(token, _)| std::cmp::Reverse(age(token)));
        Ok(Self {
            trusted,
            foreign: foreign.into_iter().map(|(token, _)| token).collect(),
            lacking,
        })
    }

    pub(super) fn best(&self) -> Option<&Token> {
        self.trusted.first().map(|(token, _)| token)
    }

    /// The tokens beside the best.
    pub(super) fn others(&self) -> &[(Token, usize)] {
        self.trusted.get(1..).unwrap_or_default()
    }
}

/// A token in memory counts once more only if no resolver keeps it.
fn see(found: &mut Vec<(Token, usize)>, token: &Token) {
    let is_kept = |(held, _): &(Token, usize)| held.revision() == token.revision();
    if !found.iter().any(is_kept) {
        found.push((token.clone(), 1));
    }
}

/// Whether a server would take it: signed as it says, by a key that at least one trusts. Where none tells whom it trusts,
/// the signature has to do.
fn is_trusted(census: &Census, token: &Token) -> bool {
    let mut told = census
        .ours()
        .filter_map(|server| server.trust.as_ref())
        .peekable();
    let issuer = token.envelope().issuer;
    let accepted = told.peek().is_none() || told.any(|trust| trust.accepts(issuer));
    accepted && token.verify().is_ok()
}
