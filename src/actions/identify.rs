//! Says whose something is: a key, a token, a creds file, a seed, or a name. It shows nothing of what was given but its public
//! key, and acts on nothing.

use serde::Serialize;

use super::given::{Given, Secret};
use super::lookup;
use super::refusal::Refusal;
use super::resolve::unknown;
use crate::inventory::connection::Named;
use crate::inventory::key_line::KeyRole;
use crate::inventory::picture::Picture;
use crate::inventory::user_line::UserLine;
use crate::jwt::envelope::TokenKind;
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token};
use crate::jwt::user::User;
use crate::sys::Census;
use crate::text::Text;

/// What something turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    Operator,
    Account,
    Role,
    /// A signing key without a role, or one that nobody names.
    Key,
    User,
    Server,
}

/// What was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Name,
    Key,
    Token,
    Creds,
    Seed,
}

/// What the token that was given says, and whether that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenToken {
    pub revision: Revision,
    pub issuer: PublicKey,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    /// Whether the signature is its issuer's. A token that was tampered with names nobody.
    pub signature: Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    Valid,
    Invalid,
}

/// Whose it is.
#[derive(Clone, Debug, Serialize)]
pub struct Identified {
    pub kind: Noun,
    pub key: PublicKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Named<PublicKey>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Who told of a user; empty where only the token itself does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<&'static [&'static str]>,
    pub given: Form,
    /// Whether the private part was in it.
    pub seed_given: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<SeenToken>,
}

impl Identified {
    fn new(kind: Noun, key: PublicKey, name: Option<Text>) -> Self {
        Self {
            kind,
            key,
            name,
            account: None,
            state: None,
            sources: None,
            given: Form::Name,
            seed_given: false,
            token: None,
        }
    }

    fn user(line: &UserLine) -> Self {
        let account = &line.account;
        Self {
            account: Some(Named {
                key: account.key.key(),
                name: account.name.clone(),
            }),
            state: Some(line.state.word()),
            sources: Some(line.sources.words()),
            ..Self::new(Noun::User, line.id.key(), line.name.clone())
        }
    }
}

/// Finds whose a key, a token or a seed is.
pub fn of_given(
    given: &Given,
    picture: &Picture,
    census: Option<&Census>,
) -> Result<Identified, Refusal> {
    let key = given.subject();
    let mut found = of_key(key, picture, census);
    if let Given::Token(token, _) = given {
        let seen = seen(token);
        if found.is_none() && seen.signature == Signature::Valid {
            found = of_token(token, picture);
        }
        found = found.map(|found| Identified {
            token: Some(seen),
            ..found
        });
    }
    let found = found.ok_or_else(|| unknown("key", key))?;
    Ok(Identified {
        given: match (given, given.secret()) {
            (Given::Key(_), _) => Form::Key,
            (Given::Seed(_), _) => Form::Seed,
            (Given::Token(..), Secret::Given) => Form::Creds,
            (Given::Token(..), Secret::NotGiven) => Form::Token,
        },
        seed_given: given.secret() == Secret::Given,
        ..found
    })
}

fn seen(token: &Token) -> SeenToken {
    let envelope = token.envelope();
    SeenToken {
        revision: token.revision(),
        issuer: envelope.issuer,
        issued_at: envelope.issued_at,
        expires_at: envelope.expires_at,
        signature: match token.verify() {
            Ok(()) => Signature::Valid,
            Err(_) => Signature::Invalid,
        },
    }
}

fn of_key(key: PublicKey, picture: &Picture, census: Option<&Census>) -> Option<Identified> {
    match key.kind {
        KeyKind::User => {
            let line = picture.users.iter().find(|line| line.id.key() == key)?;
            Some(Identified::user(line))
        }
        KeyKind::Server => {
            let row = census?.server(key.try_into().ok()?)?;
            Some(Identified {
                state: Some(row.state.word()),
                ..Identified::new(Noun::Server, key, Some(row.name.clone()))
            })
        }
        KeyKind::Operator | KeyKind::Account | KeyKind::Curve => signing(key, picture),
    }
}

/// An operator, an account, a role, or one of their other keys.
fn signing(key: PublicKey, picture: &Picture) -> Option<Identified> {
    let line = picture.keys.iter().find(|line| line.key == key)?;
    let name = line.owner.as_ref().and_then(|owner| owner.name.clone());
    let of_account = line
        .owner
        .clone()
        .filter(|owner| owner.key.kind == KeyKind::Account);
    match (line.kind, key.kind) {
        (Some(KeyRole::Identity), KeyKind::Operator) => {
            Some(Identified::new(Noun::Operator, key, name))
        }
        (Some(KeyRole::Identity), _) => {
            let state = picture.accounts.iter().find(|line| line.id.key() == key);
            Some(Identified {
                state: state.map(|line| line.state.word()),
                ..Identified::new(Noun::Account, key, name)
            })
        }
        (Some(KeyRole::Scoped), _) => {
            let role = picture.roles.iter().find(|line| line.role.key == key);
            Some(Identified {
                account: of_account,
                ..Identified::new(Noun::Role, key, role.map(|line| line.role.name.clone()))
            })
        }
        (Some(KeyRole::Signing | KeyRole::Curve) | None, _) => Some(Identified {
            account: of_account,
            ..Identified::new(Noun::Key, key, None)
        }),
    }
}

/// Somebody of whom only this token tells: nobody else has heard of them.
fn of_token(token: &Token, picture: &Picture) -> Option<Identified> {
    let envelope = token.envelope();
    let name = Some(envelope.name.clone());
    match envelope.kind {
        TokenKind::User => {
            let user = User::of(token).ok()?;
            let account = picture.account(user.account);
            Some(Identified {
                account: Some(Named {
                    key: user.account.key(),
                    name: account.and_then(|line| line.name().cloned()),
                }),
                sources: Some(&[]),
                ..Identified::new(Noun::User, envelope.subject, name)
            })
        }
        TokenKind::Account => Some(Identified::new(Noun::Account, envelope.subject, name)),
        TokenKind::Operator => Some(Identified::new(Noun::Operator, envelope.subject, name)),
        TokenKind::Activation
        | TokenKind::AuthorizationRequest
        | TokenKind::AuthorizationResponse
        | TokenKind::Generic => None,
    }
}

/// Finds what is called so: everything that fits, or none.
pub fn of_name(
    written: &str,
    picture: &Picture,
    census: Option<&Census>,
) -> Result<Identified, Refusal> {
    let mut found = Vec::new();
    let mut refusal = None;
    let mut take = |answer: Result<Identified, Refusal>| match answer {
        Ok(one) => found.push(one),
        Err(Refusal::Unknown { .. } | Refusal::Ref(_)) => {}
        Err(other) => refusal = Some(other),
    };
    let parsed = written.parse();
    take(parsed.map_err(Refusal::from).and_then(|written| {
        let line = lookup::account(picture, &written)?;
        Ok(Identified {
            state: Some(line.state.word()),
            ..Identified::new(Noun::Account, line.id.key(), line.name().cloned())
        })
    }));
    let parsed = written.parse();
    take(
        parsed
            .map_err(Refusal::from)
            .and_then(|written| lookup::user(picture, &written).map(Identified::user)),
    );
    let parsed = written.parse();
    take(parsed.map_err(Refusal::from).and_then(|written| {
        let line = lookup::role(picture, &written)?;
        signing(line.role.key, picture).ok_or_else(|| unknown("role", written))
    }));
    let name = Text::from(written);
    if let Some(line) = picture
        .operator
        .as_ref()
        .filter(|line| line.name() == Some(&name))
    {
        found.push(Identified::new(
            Noun::Operator,
            line.id.key(),
            Some(name.clone()),
        ));
    }
    let servers = census.iter().flat_map(|census| &census.servers);
    for row in servers.filter(|row| row.name == name) {
        found.extend(row.id.and_then(|id| of_key(id.key(), picture, census)));
    }
    match (found.as_slice(), refusal) {
        (_, Some(refusal)) => Err(refusal),
        ([], None) => Err(unknown("name", written)),
        ([one], None) => Ok(one.clone()),
        (several, None) => Err(Refusal::Ambiguous {
            written: written.into(),
            fits: several.iter().map(|one| one.key.to_string()).collect(),
        }),
    }
}
