//! Whether servers let an import of a private export in (`checkActivation`, `server/accounts.go`; `Import.Validate`, jwt v2).

use crate::jwt::account::{Account, EntryKind, Export, Import};
use crate::jwt::activation::Activation;
use crate::jwt::keys::{AccountId, PublicKey};
use crate::jwt::time::UnixTime;
use crate::jwt::token::TokenError;
use crate::text::Text;

use super::Rules;

/// Why servers take no notice of an import of a private export.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActivationFault {
    #[error("it carries no activation")]
    Missing,
    #[error("its activation cannot be read: {0}")]
    Unreadable(TokenError),
    #[error("its activation is of another exporter")]
    OtherExporter,
    #[error("its activation was made out to {0}")]
    OtherImporter(AccountId),
    #[error("its activation is for the other kind of export")]
    OtherKind,
    #[error("its activation is for \"{0}\"")]
    OtherSubject(Text),
    #[error("the key that signed its activation, {0}, is none of the exporter's now")]
    SignerGone(PublicKey),
    #[error("its activation begins at {0}")]
    NotYet(UnixTime),
    #[error("its activation ended at {0}")]
    Expired(UnixTime),
    #[error("its activation was revoked as of {0}")]
    Revoked(UnixTime),
}

/// What an import asks for, and of whom.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) importer: AccountId,
    pub(super) import: &'a Import,
    pub(super) exporter: &'a Account,
    pub(super) export: &'a Export,
}

/// Checks the activation that an import carries.
pub(super) fn check(asking: Asking, rules: Rules) -> Result<Activation, ActivationFault> {
    let Asking {
        importer, import, ..
    } = asking;
    if import.token.is_empty() {
        return Err(ActivationFault::Missing);
    }
    let activation = Activation::verified(import).map_err(ActivationFault::Unreadable)?;
    check_fit(importer, import, &activation)?;
    check_signer(asking.exporter, &activation, rules)?;
    check_times(&activation, rules.at)?;
    if let Some(at) = revoked_at(asking.export, &activation) {
        return Err(ActivationFault::Revoked(at));
    }
    Ok(activation)
}

/// Whether the activation is for this import.
fn check_fit(
    importer: AccountId,
    import: &Import,
    activation: &Activation,
) -> Result<(), ActivationFault> {
    let exporter = import.account.raw();
    if activation.issuer.to_string() != exporter && activation.issuer_account.raw() != exporter {
        return Err(ActivationFault::OtherExporter);
    }
    if activation.importer != importer {
        return Err(ActivationFault::OtherImporter(activation.importer));
    }
    if activation.kind != import.kind {
        return Err(ActivationFault::OtherKind);
    }
    let wanted = match import.kind {
        EntryKind::Service if !import.to.is_empty() => &import.to,
        EntryKind::Service | EntryKind::Stream | EntryKind::Neither => &import.subject,
    };
    if is_contained(wanted.raw(), activation.subject.raw()) {
        Ok(())
    } else {
        Err(ActivationFault::OtherSubject(activation.subject.clone()))
    }
}

/// Whether its signer speaks for the exporter.
fn check_signer(
    exporter: &Account,
    activation: &Activation,
    rules: Rules,
) -> Result<(), ActivationFault> {
    if activation.issuer_account.is_empty() {
        return Ok(());
    }
    if activation.issuer_account.raw() != exporter.id.to_string() {
        return Err(ActivationFault::OtherExporter);
    }
    let is_identity = activation.issuer == exporter.id.key();
    let is_held = if is_identity && rules.is_strict() {
        false
    } else {
        exporter.signer_kind(activation.issuer).is_some()
    };
    if is_held {
        Ok(())
    } else {
        Err(ActivationFault::SignerGone(activation.issuer))
    }
}

fn check_times(activation: &Activation, at: UnixTime) -> Result<(), ActivationFault> {
    match (activation.not_before, activation.expires_at) {
        (Some(begin), _) if at < begin => Err(ActivationFault::NotYet(begin)),
        (_, Some(end)) if end <= at => Err(ActivationFault::Expired(end)),
        _ => Ok(()),
    }
}

/// Revoked is what was issued up to the time that stands for the importer, or for `*`.
fn revoked_at(export: &Export, activation: &Activation) -> Option<UnixTime> {
    let issued_at = activation.issued_at.unwrap_or_default();
    let named = [activation.importer.to_string().as_str().into(), "*".into()];
    named
        .iter()
        .filter_map(|key: &Text| export.revocations.get(key).copied().map(UnixTime))
        .find(|at| *at >= issued_at)
}

/// `Subject.IsContainedIn` of the token library: token by token, and blind to what `>` on the left stands for.
fn is_contained(subject: &str, other: &str) -> bool {
    let mut subject = subject.split('.');
    let mut other = other.split('.').peekable();
    loop {
        match (subject.next(), other.next()) {
            (None, None) => return true,
            (Some(_), Some(">")) if other.peek().is_none() => return true,
            (Some(token), Some(wanted)) if wanted == "*" || token == wanted => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containment_is_that_of_the_token_library() {
        for (subject, other, is_in) in [
            ("a.b", "a.b", true),
            ("a.b", "a.>", true),
            ("a.>", "a.*", true),
            ("a", "a.>", false),
            ("a.*", "a.b", false),
            ("a.b.c", "a.b", false),
        ] {
            assert_eq!(is_contained(subject, other), is_in, "{subject} in {other}");
        }
    }
}
