//! What a person is told when something did not go as asked: what happened, what is true now, what to do.
//! One shape for the popup, for stderr and for `"error"` in JSON; it decides no exit code and prints nothing.

use serde::Serialize;

/// The stable name of a kind of failure (`error.code` of the command line's JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    Usage,
    NotFound,
    Ambiguous,
    NotConnected,
    NotPermitted,
    NoSigner,
    UntrustedSigner,
    Consent,
    Policy,
    Approval,
    ReadOnly,
    Moot,
    Stale,
    Overwritten,
    /// An act was begun and has no result.
    OpenIntent,
    Record,
    Store,
    Timeout,
    Cancelled,
    Internal,
}

/// The three parts of every message about a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub code: Code,
    /// What happened.
    pub what: String,
    /// What is true now.
    pub so: String,
    /// What helps, the likeliest first.
    pub next: Vec<Next>,
}

/// One thing that helps: a sentence, and the command that does it where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Next {
    pub say: String,
    pub run: Option<String>,
}

impl Explanation {
    /// Starts with what happened and what is true now; [`Explanation::then`] adds what helps.
    pub fn new(code: Code, what: impl Into<String>, so: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            so: so.into(),
            next: Vec::new(),
        }
    }

    #[must_use]
    pub fn then(mut self, say: impl Into<String>) -> Self {
        self.next.push(Next {
            say: say.into(),
            run: None,
        });
        self
    }

    #[must_use]
    pub fn then_run(mut self, say: impl Into<String>, run: impl Into<String>) -> Self {
        self.next.push(Next {
            say: say.into(),
            run: Some(run.into()),
        });
        self
    }
}

/// Every error that a person can meet.
pub trait Explain {
    fn explain(&self) -> Explanation;
}
