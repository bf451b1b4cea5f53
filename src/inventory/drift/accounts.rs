//! One account: the store against what servers have, and these against each other.

use super::{ChangeLine, Drift, DriftLine, PlaceKind, PlaceLine, PlaceState, Sides, Tokens};
use crate::inventory::fix::{Cure, Fix, Revocations};
use crate::inventory::target::{Target, TargetKind};
use crate::jwt::diff::{Difference, between};
use crate::jwt::keys::AccountId;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token};
use crate::text::Text;

/// Places of a diff that a sentence names.
const NAMED: usize = 3;

/// An account under comparison.
struct Case<'a> {
    sides: &'a Sides<'a>,
    id: AccountId,
    tokens: &'a Tokens,
    /// What holds on servers: the youngest that is trusted.
    best: Option<&'a Token>,
}

/// What differs of one account: at most one line about what it says, and one for what no server trusts.
pub(super) fn lines(sides: &Sides<'_>, id: AccountId, tokens: &Tokens) -> Vec<DriftLine> {
    let case = Case {
        sides,
        id,
        tokens,
        best: tokens
            .served()
            .filter(|token| is_trusted(sides, token))
            .max_by_key(|token| age(token)),
    };
    let untrusted = case.untrusted();
    let differs = match (&untrusted, &tokens.stored) {
        // A store whose token nobody trusts is mended by what its line says, and then compared.
        (Some(_), Some(stored)) if !is_trusted(sides, stored) => None,
        _ => case.differs(),
    };
    untrusted.into_iter().chain(differs).collect()
}

fn age(token: &Token) -> (Option<UnixTime>, Revision) {
    (token.envelope().issued_at, token.revision())
}

/// Whether servers would take it: signed as it says, by whom at least one trusts. Where none tells whom it trusts, the signature
/// has to do.
fn is_trusted(sides: &Sides<'_>, token: &Token) -> bool {
    let mut trusts = sides
        .told
        .live
        .iter()
        .flat_map(|live| &live.trust)
        .peekable();
    let issuer = token.envelope().issuer;
    let accepted = trusts.peek().is_none() || trusts.any(|(_, trust)| trust.accepts(issuer));
    accepted && token.verify().is_ok()
}

impl Tokens {
    /// Every token that a server enforces or keeps.
    fn served(&self) -> impl Iterator<Item = &Token> {
        let enforced = self.enforced.iter().filter_map(|(_, token)| token.as_ref());
        enforced.chain(self.kept.iter().map(|(token, _)| token))
    }

    /// The same, and the store's.
    pub fn all(&self) -> impl Iterator<Item = &Token> {
        self.served().chain(&self.stored)
    }

    fn lacks_somewhere(&self) -> bool {
        self.without > 0
    }
}

impl Case<'_> {
    fn line(&self, drift: Drift, what: String, fix: Fix) -> DriftLine {
        let any = self.best.or(self.tokens.stored.as_ref());
        DriftLine {
            target: Target {
                kind: TargetKind::Account,
                key: self.id.key(),
                name: any.map(|token| token.envelope().name.clone()),
                account: None,
            },
            drift,
            what: what.into(),
            places: self.places(),
            changes: match (self.best, &self.tokens.stored) {
                (Some(best), Some(stored)) => {
                    let changes = between(best, stored).into_iter();
                    changes.map(ChangeLine::from).collect()
                }
                _ => Vec::new(),
            },
            fix,
        }
    }

    fn push(&self, say: &'static str, revocations: Revocations) -> Fix {
        let account = self.id;
        self.sides.fix(
            say,
            Cure::PushAccount {
                account,
                revocations,
            },
        )
    }

    fn pull(&self, say: &'static str) -> Fix {
        self.sides.fix(say, Cure::PullAccount(self.id))
    }

    fn untrusted(&self) -> Option<DriftLine> {
        let stored = self.tokens.stored.as_ref();
        if let Some(stored) = stored.filter(|token| !is_trusted(self.sides, token)) {
            let what = format!(
                "the store's token is signed by {}, whom no server trusts",
                stored.envelope().issuer
            );
            let fix = match self.best {
                Some(_) => self.pull("the servers' token in its place"),
                None => Fix::advice(
                    "no server has a good one either: sign it by a key of this operator with nsc",
                ),
            };
            return Some(self.line(Drift::Untrusted, what, fix));
        }
        let foreign = self
            .tokens
            .served()
            .find(|token| !is_trusted(self.sides, token))?;
        let what = format!(
            "a resolver keeps a token signed by {}, whom no server trusts: a restart would load it, and let nobody in",
            foreign.envelope().issuer
        );
        let fix = match stored {
            Some(_) => self.push("the store's token in its place", Revocations::OfBoth),
            None => Fix::advice("the store does not have the account: pull it, then push it"),
        };
        Some(self.line(Drift::Untrusted, what, fix))
    }

    fn differs(&self) -> Option<DriftLine> {
        match (&self.tokens.stored, self.best) {
            (None, None) => None,
            (Some(stored), None) => self.only_in_store(stored),
            (None, Some(_)) => Some(self.line(
                Drift::OnlyOnServers,
                "the servers have it, the store does not".to_owned(),
                self.pull("it comes into the store"),
            )),
            (Some(stored), Some(best)) => self
                .compared(stored, best)
                .or_else(|| self.unsettled(stored, best)),
        }
    }

    /// A server that is silent may have it, and one whose resolver keeps nothing does not say: so this is said only where all
    /// answered, and one said that it keeps none.
    fn only_in_store(&self, stored: &Token) -> Option<DriftLine> {
        let is_nowhere = self.tokens.lacks_somewhere() && self.tokens.served().next().is_none();
        if !self.sides.silent.is_empty() || !is_nowhere {
            return None;
        }
        let ended = stored
            .envelope()
            .expires_at
            .filter(|end| *end <= self.sides.told.now);
        let (what, fix) = match ended {
            Some(end) => (
                format!("its token ended at {end}, and resolvers dropped it"),
                Fix::advice(
                    "give it a later end with nsc, then push it; or delete it from the store",
                ),
            ),
            None => (
                "the store has it, no server does: its users are refused".to_owned(),
                self.push("it comes to every server", Revocations::AsStored),
            ),
        };
        Some(self.line(Drift::OnlyInStore, what, fix))
    }

    /// What the store says otherwise than the servers.
    fn compared(&self, stored: &Token, best: &Token) -> Option<DriftLine> {
        let changes = between(best, stored);
        if changes.is_empty() {
            return None;
        }
        Some(match self.who_edited(stored, best, &changes) {
            Edited::Store => self.line(
                Drift::StoreNewer,
                format!(
                    "the store has edits that no server has: {}",
                    named(&changes)
                ),
                self.push("they come into force", Revocations::AsStored),
            ),
            Edited::Servers => self.line(
                Drift::ServersNewer,
                format!(
                    "the servers have edits that the store does not have: {}",
                    named(&changes)
                ),
                self.pull("they come into the store"),
            ),
            Edited::Both { only_revoked } => {
                let fix = if only_revoked {
                    self.push(
                        "all of both stands: the store's edits, and what the servers revoked",
                        Revocations::OfBoth,
                    )
                } else {
                    self.pull("what is in force stays; what only the store says is shown before, and lost")
                };
                let what = format!("store and servers were both edited: {}", named(&changes));
                self.line(Drift::BothEdited, what, fix)
            }
        })
    }

    fn who_edited(&self, stored: &Token, best: &Token, changes: &[Difference]) -> Edited {
        // From the servers to the store: what is taken away, only the servers have.
        let only_revoked = |changes: &[Difference]| {
            let theirs = changes.iter().filter(|change| change.after.is_none());
            let theirs: Vec<&Difference> = theirs.collect();
            !theirs.is_empty() && theirs.iter().all(|change| change.lifts())
        };
        if let Some(base) = &self.tokens.base {
            return since(base, stored, best);
        }
        let is_younger = stored.envelope().issued_at > best.envelope().issued_at;
        let own = |change: &Difference| change.before.is_none();
        let theirs = |change: &Difference| change.after.is_none();
        match is_younger {
            true if changes.iter().any(Difference::lifts) => Edited::Both {
                only_revoked: only_revoked(changes),
            },
            true if changes.iter().any(theirs) && changes.iter().any(own) => Edited::Both {
                only_revoked: only_revoked(changes),
            },
            true => Edited::Store,
            false if changes.iter().any(own) => Edited::Both {
                only_revoked: only_revoked(changes),
            },
            false => Edited::Servers,
        }
    }

    /// Store and servers say the same, but not every server has one and the same token.
    fn unsettled(&self, stored: &Token, best: &Token) -> Option<DriftLine> {
        let trusted = self
            .tokens
            .served()
            .filter(|token| is_trusted(self.sides, token));
        let differs = trusted
            .filter(|token| token.revision() != best.revision())
            .count()
            > 0;
        let lacks = self.tokens.lacks_somewhere();
        let (drift, what) = match (differs, lacks) {
            (false, false) => return None,
            (true, _) => (
                Drift::ServersDiffer,
                "servers hold different tokens of it".to_owned(),
            ),
            (false, true) => (
                Drift::ServerLacks,
                format!(
                    "{} resolvers do not keep it: there its users are refused after a restart",
                    self.tokens.without
                ),
            ),
        };
        let fix = if stored.envelope().issued_at < best.envelope().issued_at {
            self.pull("the store gets the youngest first; then push it")
        } else {
            self.push("every server gets the store's token", Revocations::OfBoth)
        };
        Some(self.line(drift, what, fix))
    }

    fn places(&self) -> Vec<PlaceLine> {
        let best = self
            .best
            .or(self.tokens.stored.as_ref())
            .map(Token::revision);
        let state = |token: &Token| {
            if !is_trusted(self.sides, token) {
                PlaceState::Untrusted
            } else if Some(token.revision()) == best {
                PlaceState::Current
            } else {
                PlaceState::Other
            }
        };
        let place = |place, name: Option<Text>, token: Option<&Token>, none| PlaceLine {
            place,
            name,
            revision: token.map(Token::revision),
            issued_at: token.and_then(|token| token.envelope().issued_at),
            state: token.map_or(none, state),
        };
        let stored = self.tokens.stored.as_ref();
        let mut places = vec![place(PlaceKind::Store, None, stored, PlaceState::Missing)];
        let enforced = self.tokens.enforced.iter();
        places.extend(enforced.map(|(server, token)| {
            place(
                PlaceKind::Server,
                Some(server.clone()),
                token.as_ref(),
                PlaceState::Missing,
            )
        }));
        let silent = self.sides.silent.iter();
        places.extend(silent.map(|(server, _)| {
            place(
                PlaceKind::Server,
                Some(server.clone()),
                None,
                PlaceState::Unknown,
            )
        }));
        // What resolvers keep is worth a line only where it is not what servers say that they enforce.
        let kept = self.tokens.kept.iter();
        let kept = kept.filter(|(token, _)| Some(token.revision()) != best);
        places.extend(
            kept.map(|(token, _)| {
                place(PlaceKind::Resolver, None, Some(token), PlaceState::Missing)
            }),
        );
        if self.tokens.lacks_somewhere() {
            places.push(place(PlaceKind::Resolver, None, None, PlaceState::Missing));
        }
        places
    }
}

/// Whose edits are not the other's, since both came from one token.
fn since(base: &Token, stored: &Token, best: &Token) -> Edited {
    let (by_store, by_servers) = (between(base, stored), between(base, best));
    let only = |these: &[Difference], those: &[Difference]| {
        let own = these.iter().filter(|change| !those.contains(change));
        own.cloned().collect::<Vec<Difference>>()
    };
    let (own, theirs) = (only(&by_store, &by_servers), only(&by_servers, &by_store));
    match (own.is_empty(), theirs.is_empty()) {
        (false, true) => Edited::Store,
        (true, false) => Edited::Servers,
        (true, true) | (false, false) => Edited::Both {
            only_revoked: theirs.iter().all(Difference::only_revokes),
        },
    }
}

/// Whose edits make two tokens differ.
enum Edited {
    Store,
    Servers,
    Both {
        /// Whether all that the servers have and the store has not are revocations.
        only_revoked: bool,
    },
}

fn named(changes: &[Difference]) -> String {
    let paths: Vec<String> = changes
        .iter()
        .take(NAMED)
        .map(Difference::pointer)
        .collect();
    match changes.len().saturating_sub(NAMED) {
        0 => paths.join(", "),
        more => format!("{} and {more} more", paths.join(", ")),
    }
}
