//! The tokens of an account that the servers have: kept by resolvers, in force in memory. There is no compare-and-swap in
//! NATS, so every edit begins and ends with this.

use futures::future::join;

use crate::jwt::keys::AccountId;
use crate::jwt::token::Token;
use crate::sys::{Enforced, Sys, SysError};

/// Every distinct token of one account, with how many servers have it, the best first: the youngest, then the most frequent.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerCopies(pub(super) Vec<(Token, usize)>);

impl ServerCopies {
    /// Asks all servers. A resolver that keeps nothing (MEMORY, URL) answers with what is in force.
    pub(super) async fn read(sys: &dyn Sys, account: AccountId) -> Result<Self, SysError> {
        let (kept, enforced) = join(sys.lookup(account), sys.account(account)).await;
        let mut copies = Self::default();
        match kept {
            Ok(kept) => kept
                .tokens
                .into_iter()
                .for_each(|(token, count)| copies.add(token, count)),
            Err(SysError::NoResponders { .. }) => {}
            Err(error) => return Err(error),
        }
        for (_, here) in enforced?.answers() {
            if let Enforced::Loaded(loaded) = here
                && let Some(token) = &loaded.token
            {
                copies.see(token);
            }
        }
        copies
            .0
            .sort_by_key(|(token, count)| std::cmp::Reverse((token.envelope().issued_at, *count)));
        Ok(copies)
    }

    fn add(&mut self, token: Token, count: usize) {
        self.0.push((token, count));
    }

    /// A token in memory counts once more only if no resolver keeps it.
    fn see(&mut self, token: &Token) {
        if !self
            .0
            .iter()
            .any(|(held, _)| held.revision() == token.revision())
        {
            self.0.push((token.clone(), 1));
        }
    }

    pub(super) fn best(&self) -> Option<&Token> {
        self.0.first().map(|(token, _)| token)
    }

    /// The tokens beside the best.
    pub(super) fn others(&self) -> &[(Token, usize)] {
        self.0.get(1..).unwrap_or_default()
    }
}
