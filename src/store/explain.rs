//! What a person is told when the store or a context did not give what was asked. It decides nothing.

use super::StoreError;
use super::contexts::ContextError;
use crate::explain::{Code, Explain, Explanation};
use crate::jwt::signer::SignError;

impl Explain for StoreError {
    fn explain(&self) -> Explanation {
        let (code, so) = (code_of(self), state_after(self));
        let told = Explanation::new(code, self.to_string(), so);
        match self {
            Self::NoOperator { .. } | Self::UnknownOperator { .. } => {
                told.then("name the folder of the stores with --data-dir")
            }
            Self::WhichOperator { .. } => told.then("name one with --operator"),
            Self::Stale { .. } | Self::Busy { .. } => told.then("try again"),
            Self::Sign(SignError::NotHeld { .. }) => {
                told.then("name the folder of the keys with --keystore-dir")
            }
            Self::NotFound { .. }
            | Self::File { .. }
            | Self::Name(_)
            | Self::Taken { .. }
            | Self::Unfit { .. }
            | Self::NotWritten { .. }
            | Self::NotSynced { .. }
            | Self::NoRandomness(_)
            | Self::Token(_)
            | Self::Creds(_)
            | Self::Sign(_) => told,
        }
    }
}

fn code_of(error: &StoreError) -> Code {
    match error {
        StoreError::NoOperator { .. }
        | StoreError::UnknownOperator { .. }
        | StoreError::NotFound { .. } => Code::NotFound,
        StoreError::WhichOperator { .. } => Code::Ambiguous,
        StoreError::Stale { .. } => Code::Stale,
        StoreError::Name(_) | StoreError::Taken { .. } => Code::Usage,
        StoreError::Sign(SignError::NotHeld { .. }) => Code::NoSigner,
        StoreError::File { .. }
        | StoreError::Busy { .. }
        | StoreError::Unfit { .. }
        | StoreError::NotWritten { .. }
        | StoreError::NotSynced { .. }
        | StoreError::NoRandomness(_)
        | StoreError::Token(_)
        | StoreError::Creds(_)
        | StoreError::Sign(_) => Code::Store,
    }
}

fn state_after(error: &StoreError) -> &'static str {
    if let StoreError::NotSynced { .. } = error {
        "the file is in place; a power cut might still take it back"
    } else {
        "the store is as it was"
    }
}

impl Explain for ContextError {
    fn explain(&self) -> Explanation {
        let so = "no server was asked and nothing was changed";
        match self {
            Self::Name(_) => Explanation::new(Code::Usage, self.to_string(), so),
            Self::NotFound(_) => Explanation::new(Code::NotFound, self.to_string(), so)
                .then_run("see which there are", "nats-oam context ls"),
            Self::OnePassword { .. } | Self::Variable { .. } | Self::Reference { .. } => {
                Explanation::new(Code::Store, self.to_string(), so)
                    .then("or name a file with --creds")
            }
            Self::Unreadable { .. } | Self::Malformed { .. } => {
                Explanation::new(Code::Store, self.to_string(), so)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_names_the_thing_and_what_helps() {
        let stale = StoreError::Stale {
            place: "OMEGA/accounts/A/A.jwt".into(),
            found: None,
        }
        .explain();
        let gone = ContextError::NotFound("prod".into()).explain();

        assert_eq!(stale.code, Code::Stale);
        assert_eq!(
            stale.what,
            "OMEGA/accounts/A/A.jwt was changed by somebody else; nothing was written"
        );
        assert_eq!(stale.so, "the store is as it was");
        assert_eq!(gone.next[0].run.as_deref(), Some("nats-oam context ls"));
    }
}
