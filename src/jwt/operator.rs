//! The typed view of an operator: whose signature on an account the servers trust.

use serde::Deserialize;

use super::envelope::TokenKind;
use super::keys::{AccountId, OperatorId, PublicKey};
use super::time::UnixTime;
use super::token::{Token, TokenError};
use super::view::view;
use crate::text::Text;

/// An operator as its token says. Servers have it from their configuration file, at start; no push reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    pub id: OperatorId,
    pub name: Text,
    pub issuer: PublicKey,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    pub signing_keys: Vec<PublicKey>,
    pub system_account: Option<AccountId>,
    pub service_urls: Vec<Text>,
    pub account_server_url: Text,
    /// The identity key signs nothing but the operator itself.
    pub strict: bool,
    pub tags: Vec<Text>,
}

impl Operator {
    pub fn of(token: &Token) -> Result<Self, TokenError> {
        let envelope = token.expect(TokenKind::Operator)?.envelope();
        let body: Body = view(token.body())?;
        Ok(Self {
            id: envelope.subject_as()?,
            name: envelope.name.clone(),
            issuer: envelope.issuer,
            issued_at: envelope.issued_at,
            expires_at: envelope.expires_at,
            signing_keys: body
                .signing_keys
                .iter()
                .filter_map(|key| key.raw().parse().ok())
                .collect(),
            system_account: body.system_account.raw().parse().ok(),
            service_urls: body.operator_service_urls,
            account_server_url: body.account_server_url,
            strict: body.strict_signing_key_usage,
            tags: body.tags,
        })
    }

    /// Where its servers are, for connecting.
    pub fn urls(&self) -> Vec<String> {
        self.service_urls
            .iter()
            .map(|url| url.raw().to_owned())
            .collect()
    }

    /// Whether an account token signed by this key is trusted.
    pub fn may_sign_accounts(&self, key: PublicKey) -> bool {
        self.signing_keys.contains(&key) || (!self.strict && key == self.id.key())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    signing_keys: Vec<Text>,
    system_account: Text,
    operator_service_urls: Vec<Text>,
    account_server_url: Text,
    strict_signing_key_usage: bool,
    tags: Vec<Text>,
}
