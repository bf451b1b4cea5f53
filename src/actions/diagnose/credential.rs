//! What somebody would log in with: a token, and whether the private part beside it is that of its user. The private part
//! itself stays where it lies; what signs with it is `login`.

use crate::jwt::creds::{Creds, CredsError};
use crate::jwt::envelope::TokenKind;
use crate::jwt::keys::{PublicKey, UserId};
use crate::jwt::signer::SignError;
use crate::jwt::token::{Token, TokenError};
use crate::jwt::user::User;

/// A credential as it was found.
#[derive(Clone, Debug)]
pub struct Credential {
    pub token: Result<Read, Unreadable>,
    pub seed: Seed,
    /// What names its user in a command; only of a user that the store has.
    pub reference: Option<String>,
}

/// A token that can be read, and the user in it.
#[derive(Clone, Debug)]
pub struct Read {
    pub token: Token,
    pub user: User,
}

/// Why there is no user's token to judge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Creds(#[from] CredsError),
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Only the key of a user is known.
    #[error("no token of {0} is known: it is in no store, and on no open connection")]
    NoToken(UserId),
}

/// The private part beside a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seed {
    /// That of this key.
    Of(PublicKey),
    Damaged,
    /// The keyring has none of this user.
    NotHeld,
    /// There is none beside the token.
    None,
    /// The token came from elsewhere: whoever uses it has its seed, or not.
    Elsewhere,
}

impl Credential {
    /// Reads creds or a bare token.
    pub fn of_text(text: &[u8]) -> Self {
        let creds = match Creds::parse(text) {
            Ok(creds) => creds,
            Err(error) => return Self::new(Err(error.into()), Seed::None),
        };
        let seed = match &creds.seed {
            Some(seed) => seed.public_key().map_or(Seed::Damaged, Seed::Of),
            None if names_a_seed(text) => Seed::Damaged,
            None => Seed::None,
        };
        Self::new(read(Token::of_creds(&creds)), seed)
    }

    /// A token that came from a store or a server.
    pub fn of_token(token: Token, seed: Seed) -> Self {
        Self::new(read(Ok(token)), seed)
    }

    /// A user of whom only the key is known.
    pub fn of_key(user: UserId) -> Self {
        Self::new(Err(Unreadable::NoToken(user)), Seed::NotHeld)
    }

    fn new(token: Result<Read, Unreadable>, seed: Seed) -> Self {
        Self {
            token,
            seed,
            reference: None,
        }
    }

    pub fn user(&self) -> Option<&User> {
        self.token.as_ref().ok().map(|read| &read.user)
    }
}

/// The private part in the keyring, as far as it could be opened.
pub(super) fn seed_of_keyring(opened: Result<PublicKey, &SignError>) -> Seed {
    match opened {
        Ok(key) => Seed::Of(key),
        Err(SignError::NotHeld { .. }) => Seed::NotHeld,
        Err(
            SignError::Unreadable { .. } | SignError::Unwilling { .. } | SignError::Mismatch { .. },
        ) => Seed::Damaged,
    }
}

fn read(token: Result<Token, TokenError>) -> Result<Read, Unreadable> {
    let token = token?;
    token.expect(TokenKind::User)?;
    let user = User::of(&token)?;
    Ok(Read { token, user })
}

/// Whether a file has the lines around a seed, so that one was meant to be there.
fn names_a_seed(text: &[u8]) -> bool {
    const LABEL: &[u8] = b"NKEY SEED-";
    text.windows(LABEL.len()).any(|window| window == LABEL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{account_signer, token_of, user};

    fn token() -> Token {
        token_of(&user("worker", []), &account_signer())
    }

    fn creds(seed: &str) -> String {
        format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n",
            token().text()
        )
    }

    #[test]
    fn creds_are_a_token_and_the_key_of_their_seed() {
        let own = "SUAAGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGA6BEM";

        let found = Credential::of_text(creds(own).as_bytes());

        assert_eq!(found.seed, Seed::Of(token().envelope().subject));
        assert_eq!(found.user().unwrap().name, "worker".into());
    }

    #[test]
    fn a_seed_with_a_wrong_letter_is_damaged_and_a_bare_token_has_none() {
        let wrong = "SUAAGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYDAMBQGA6BEA";

        for (text, seed) in [
            (creds(wrong), Seed::Damaged),
            (creds("lost"), Seed::Damaged),
            (token().text().to_string(), Seed::None),
        ] {
            assert_eq!(Credential::of_text(text.as_bytes()).seed, seed);
        }
    }

    #[test]
    fn what_is_torn_or_of_another_kind_is_unreadable() {
        let text = creds("SU");
        let torn = text.replace('.', "");
        let account = token_of(
            &crate::test_support::account("A", []),
            &crate::test_support::operator_signer(),
        );

        let of = |text: &str| Credential::of_text(text.as_bytes()).token.unwrap_err();

        assert_eq!(of(&torn), Unreadable::Creds(CredsError::NoToken));
        assert!(matches!(
            of(account.text()),
            Unreadable::Token(TokenError::Kind { .. })
        ));
    }
}
