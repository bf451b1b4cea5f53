//! What a check says, and how a diagnosis says it: a result, what is so, what that means, what helps.

use serde::Serialize;

use crate::explain::Next;

/// The checks, in the order in which they are made and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    Format,
    Signature,
    SeedMatches,
    IssuerInAccount,
    AccountInOperator,
    Strict,
    NotBefore,
    Expiry,
    Revoked,
    AccountState,
    AccountCopies,
    RoleRules,
    Source,
    Times,
    ConnectionType,
    BearerPolicy,
    /// The real try.
    Connect,
}

impl Check {
    pub const ALL: [Self; 17] = [
        Self::Format,
        Self::Signature,
        Self::SeedMatches,
        Self::IssuerInAccount,
        Self::AccountInOperator,
        Self::Strict,
        Self::NotBefore,
        Self::Expiry,
        Self::Revoked,
        Self::AccountState,
        Self::AccountCopies,
        Self::RoleRules,
        Self::Source,
        Self::Times,
        Self::ConnectionType,
        Self::BearerPolicy,
        Self::Connect,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Signature => "signature",
            Self::SeedMatches => "seed_matches",
            Self::IssuerInAccount => "issuer_in_account",
            Self::AccountInOperator => "account_in_operator",
            Self::Strict => "strict",
            Self::NotBefore => "not_before",
            Self::Expiry => "expiry",
            Self::Revoked => "revoked",
            Self::AccountState => "account_state",
            Self::AccountCopies => "account_copies",
            Self::RoleRules => "role_rules",
            Self::Source => "source",
            Self::Times => "times",
            Self::ConnectionType => "connection_type",
            Self::BearerPolicy => "bearer_policy",
            Self::Connect => "connect",
        }
    }
}

/// How a check came out, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// There was nothing to look at.
    Skipped,
    Ok,
    Unknown,
    Fail,
}

impl CheckResult {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }
}

/// What one check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    pub result: CheckResult,
    pub what: String,
    /// What that means; only of what is not in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub so: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Next>,
}

impl Said {
    fn new(result: CheckResult, what: impl Into<String>) -> Self {
        Self {
            result,
            what: what.into(),
            so: None,
            next: Vec::new(),
        }
    }

    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self::new(CheckResult::Ok, what)
    }

    pub(super) fn skipped(what: impl Into<String>) -> Self {
        Self::new(CheckResult::Skipped, what)
    }

    /// Servers refuse the login for this.
    pub(super) fn fail(what: impl Into<String>, so: impl Into<String>) -> Self {
        Self {
            so: Some(so.into()),
            ..Self::new(CheckResult::Fail, what)
        }
    }

    pub(super) fn unknown(what: impl Into<String>, so: impl Into<String>) -> Self {
        Self {
            so: Some(so.into()),
            ..Self::new(CheckResult::Unknown, what)
        }
    }

    #[must_use]
    pub(super) fn then(mut self, say: impl Into<String>) -> Self {
        self.next.push(Next {
            say: say.into(),
            run: None,
        });
        self
    }

    #[must_use]
    pub(super) fn then_run(mut self, say: impl Into<String>, run: impl Into<String>) -> Self {
        self.next.push(Next {
            say: say.into(),
            run: Some(run.into()),
        });
        self
    }
}

/// A check and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub check: Check,
    #[serde(flatten)]
    pub said: Said,
}
