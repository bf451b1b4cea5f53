//! How a subject is rewritten by a mapping or a renaming import (`NewSubjectTransform`, `server/subject_transform.go`).
//!
//! ```text
//! orders.*.*  ->  shop.$2.{{partition(4,1)}}      tokens of the source by the number of their wildcard
//! orders.>    ->  shop.>                          what `>` caught is kept
//! ```
//!
//! Mappings may call functions; imports only name wildcards, because servers have to turn them round.

use std::sync::Arc;

use super::call::{self, Call, Cut};
use super::flow::{Flow, Term};

/// Why servers cannot rewrite so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TransformError {
    #[error("it is no subject")]
    NoSubject,
    #[error("one of the two ends in > and the other does not")]
    OpenEnds,
    #[error("its target holds a wildcard")]
    WildTarget,
    #[error("it refers to a wildcard that its source does not have")]
    OutOfRange,
    #[error("it calls a function that servers do not know, or wrongly")]
    BadCall,
    #[error("an import can only name wildcards, and calls a function")]
    FunctionInImport,
    #[error("it does not use all wildcards of its source")]
    UnusedWildcards,
}

/// Where a rewriting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Mapping,
    Import,
}

/// A rewriting, ready for subjects that its source caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    Unchanged,
    Rewrite {
        pieces: Vec<Piece>,
        /// From where on the tokens are kept, for a target that ends in `>`.
        tail: Option<usize>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Word(Arc<str>),
    /// A token of the source.
    Token(usize),
    /// The bucket of some tokens of the source, or of all of them.
    Partition {
        tokens: Option<Vec<usize>>,
        buckets: i32,
    },
    Cut(usize, Cut),
    Random(i32),
}

impl Transform {
    /// A literal target for everything that the source catches.
    pub(super) fn fixed(target: &str) -> Self {
        Self::Rewrite {
            pieces: target
                .split('.')
                .map(|word| Piece::Word(word.into()))
                .collect(),
            tail: None,
        }
    }

    pub(super) fn new(source: &str, target: &str, used: Use) -> Result<Self, TransformError> {
        let source = Ends::of(source).ok_or(TransformError::NoSubject)?;
        let target = Ends::of(target).ok_or(TransformError::NoSubject)?;
        if !target.wildcards.is_empty() {
            return Err(TransformError::WildTarget);
        }
        if source.is_open != target.is_open {
            return Err(TransformError::OpenEnds);
        }
        let is_wild = source.is_open || !source.wildcards.is_empty();
        let mut named = 0;
        let mut pieces = Vec::new();
        for token in target.tokens.iter().filter(|token| **token != ">") {
            let call = call::read(token).ok_or(TransformError::BadCall)?;
            if used == Use::Import && is_wild && !matches!(call, Call::None | Call::Wildcard(_)) {
                return Err(TransformError::FunctionInImport);
            }
            named += call.references().len();
            pieces.push(if is_wild {
                source.piece(token, call)?
            } else {
                literal_piece(token, &call)?
            });
        }
        if used == Use::Import && named < source.wildcards.len() {
            return Err(TransformError::UnusedWildcards);
        }
        let tail = source.is_open.then(|| source.tokens.len() - 1);
        Ok(Self::Rewrite { pieces, tail })
    }

    /// Rewrites what the source caught. `None` where an empty word comes out, which nobody can hear.
    pub(super) fn applied(&self, flow: Flow) -> Option<Flow> {
        let Self::Rewrite { pieces, tail } = self else {
            return Some(flow);
        };
        let mut terms = Vec::new();
        for piece in pieces {
            piece.append(&flow.terms, &mut terms)?;
            if terms.last() == Some(&Term::Anything) {
                return Some(flow.with_terms(terms));
            }
        }
        if let Some(from) = tail {
            terms.extend(flow.terms.iter().skip(*from).cloned());
        }
        Some(flow.with_terms(terms))
    }
}

impl Piece {
    fn append(&self, source: &[Term], out: &mut Vec<Term>) -> Option<()> {
        match self {
            Self::Word(word) => out.push(Term::Word(word.clone())),
            Self::Token(at) => out.push(source.get(*at)?.clone()),
            Self::Partition { tokens, buckets } => {
                out.push(partition(tokens.as_ref(), *buckets, source));
            }
            Self::Cut(at, cut) => match source.get(*at)? {
                Term::Word(word) => {
                    for part in cut.apply(word).split('.') {
                        out.push((!part.is_empty()).then(|| Term::word(part))?);
                    }
                }
                Term::At(_) | Term::Unknown | Term::Rest(_) | Term::Anything => {
                    out.push(if cut.keeps_one_word() {
                        Term::Unknown
                    } else {
                        Term::Anything
                    });
                }
            },
            Self::Random(-1..=1) => out.push(Term::word("0")),
            Self::Random(_) => out.push(Term::Unknown),
        }
        Some(())
    }
}

fn partition(tokens: Option<&Vec<usize>>, buckets: i32, source: &[Term]) -> Term {
    let key = if let Some(places) = tokens {
        words(places.iter().map(|at| source.get(*at))).map(|words| words.concat())
    } else {
        words(source.iter().map(Some)).map(|words| words.join("."))
    };
    key.map_or(Term::Unknown, |key| {
        Term::word(&call::bucket(key.as_bytes(), buckets).to_string())
    })
}

/// The words of these terms, if all of them are known.
fn words<'a>(terms: impl Iterator<Item = Option<&'a Term>>) -> Option<Vec<&'a str>> {
    terms
        .map(|term| match term {
            Some(Term::Word(word)) => Some(&**word),
            Some(Term::At(_) | Term::Unknown | Term::Rest(_) | Term::Anything) | None => None,
        })
        .collect()
}

/// A subject taken apart.
struct Ends<'a> {
    tokens: Vec<&'a str>,
    /// Where a `*` stands.
    wildcards: Vec<usize>,
    is_open: bool,
}

impl<'a> Ends<'a> {
    fn of(written: &'a str) -> Option<Self> {
        let tokens: Vec<&str> = written.split('.').collect();
        let is_open = tokens.last() == Some(&">");
        let rests = tokens.iter().filter(|token| **token == ">").count();
        let is_valid = tokens.iter().all(|token| !token.is_empty());
        (is_valid && rests == usize::from(is_open)).then(|| Self {
            wildcards: (0..)
                .zip(&tokens)
                .filter(|(_, token)| **token == "*")
                .map(|(at, _)| at)
                .collect(),
            tokens,
            is_open,
        })
    }

    /// A number that names no wildcard stands for the first token, if it is not too high: what Go's empty entry of a map does.
    fn at(&self, number: i64) -> Result<usize, TransformError> {
        let Ok(number) = usize::try_from(number) else {
            return Ok(0);
        };
        match (
            number.checked_sub(1).map(|at| self.wildcards.get(at)),
            number,
        ) {
            (Some(Some(at)), _) => Ok(*at),
            (None, _) => Ok(0),
            (Some(None), _) => Err(TransformError::OutOfRange),
        }
    }

    fn piece(&self, token: &str, call: Call) -> Result<Piece, TransformError> {
        Ok(match call {
            Call::None => Piece::Word(token.into()),
            Call::Wildcard(number) => Piece::Token(self.at(number)?),
            Call::Partition { buckets, tokens } if tokens.is_empty() => Piece::Partition {
                tokens: None,
                buckets,
            },
            Call::Partition { buckets, tokens } => Piece::Partition {
                tokens: Some(
                    tokens
                        .into_iter()
                        .map(|number| self.at(number))
                        .collect::<Result<_, _>>()?,
                ),
                buckets,
            },
            Call::Cut(number, cut) => Piece::Cut(self.at(number)?, cut),
            Call::Random(ceiling) => Piece::Random(ceiling),
        })
    }
}

/// A token of the target of a literal source, which has no tokens to name.
fn literal_piece(token: &str, call: &Call) -> Result<Piece, TransformError> {
    match call {
        Call::None => Ok(Piece::Word(token.into())),
        Call::Random(ceiling) => Ok(Piece::Random(*ceiling)),
        Call::Partition { buckets, .. } => Ok(Piece::Partition {
            tokens: None,
            buckets: *buckets,
        }),
        Call::Wildcard(_) | Call::Cut(..) => Err(TransformError::OutOfRange),
    }
}

/// `a.*.*` as a target: `a.$1.$2` (`transformTokenize`).
pub(super) fn numbered(pattern: &str) -> String {
    let mut number = 0;
    joined(pattern.split('.').map(|token| {
        if token == "*" {
            number += 1;
            format!("${number}")
        } else {
            token.to_owned()
        }
    }))
}

/// A target as a source, and what stood in its wildcards: `a.$2.$1` is `a.*.*` with `$2`, `$1` (`transformUntokenize`).
pub(super) fn unnumbered(target: &str) -> (String, Vec<String>) {
    let mut named = Vec::new();
    let source = joined(target.split('.').map(|token| {
        if call::is_reference(token) {
            named.push(token.to_owned());
            "*".to_owned()
        } else {
            token.to_owned()
        }
    }));
    (source, named)
}

/// The way back of a renaming import. Servers fill the wildcards in the order in which the names stand, which is no way back
/// where three or more change places in a ring; it is followed (`reverse`).
pub(super) fn reversed(source: &str, target: &str) -> Result<Transform, TransformError> {
    let (from, named) = unnumbered(target);
    let mut named = named.into_iter();
    let mut tokens = Vec::new();
    for token in source.split('.') {
        tokens.push(if token == "*" {
            named.next().ok_or(TransformError::UnusedWildcards)?
        } else {
            token.to_owned()
        });
    }
    Transform::new(&from, &tokens.join("."), Use::Import)
}

fn joined(tokens: impl Iterator<Item = String>) -> String {
    tokens.collect::<Vec<_>>().join(".")
}
