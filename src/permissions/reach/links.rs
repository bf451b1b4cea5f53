//! What servers make of each import: a link between two accounts, or nothing, and why (`updateAccountClaimsWithRefresh`,
//! `server/accounts.go`). Servers say nothing about an import that they ignore but a line in their debug log.

use std::collections::BTreeMap;

use super::activation::{self, ActivationFault, Asking};
use super::transform::{self, Transform, TransformError, Use};
use super::{Rules, Step, StepKind};
use crate::jwt::account::{Account, EntryKind, Export, Import};
use crate::jwt::keys::AccountId;
use crate::jwt::subject::{SubjectError, SubjectPattern};
use crate::jwt::time::UnixTime;
use crate::text::Text;

/// What servers make of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works, until its activation ends where it has one with an end.
    InForce {
        until: Option<UnixTime>,
    },
    /// It works or not, by the order in which a server loaded the accounts: it forms a ring with other imports.
    Contested {
        until: Option<UnixTime>,
    },
    Ignored(Ignored),
    /// Nobody showed the token of the exporter.
    Unknown,
}

impl Standing {
    pub const fn works(&self) -> bool {
        match self {
            Self::InForce { .. } | Self::Contested { .. } => true,
            Self::Ignored(_) | Self::Unknown => false,
        }
    }
}

/// Why servers take no notice of an import.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    #[error("it is neither a stream nor a service")]
    Neither,
    #[error("\"{0}\" is no account")]
    NoAccount(Text),
    #[error("{0}")]
    NoSubject(#[from] SubjectError),
    #[error("the exporter's token is out of its time")]
    ExporterOut,
    #[error("the exporter exports no such subject")]
    NotExported,
    #[error("the exporter wants the importer's key as token {0} of the subject")]
    NotOurs(u64),
    #[error("{0}")]
    Activation(#[from] ActivationFault),
    #[error("an import before it takes the same")]
    Duplicate,
    #[error("its local subject cannot stand for the exporter's: {0}")]
    Renaming(String),
}

impl From<TransformError> for Ignored {
    fn from(error: TransformError) -> Self {
        Self::Renaming(error.to_string())
    }
}

/// An import as servers have it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) importer: AccountId,
    pub(super) exporter: AccountId,
    pub(super) kind: EntryKind,
    /// The subject that the message has on the side where it comes from: the exporter's for a stream, ours for a service.
    pub(super) from: SubjectPattern,
    /// The pattern on the other side.
    pub(super) to: SubjectPattern,
    pub(super) transform: Transform,
    /// The export that let it in.
    pub(super) export: SubjectPattern,
    pub(super) until: Option<UnixTime>,
    pub(super) is_contested: bool,
    /// The place among the imports of its account.
    pub(super) place: usize,
}

/// The subjects of an import, sorted by who says what.
struct Subjects {
    exported: String,
    local: String,
}

impl Subjects {
    fn of(import: &Import) -> Self {
        let subject = import.subject.raw().to_owned();
        let to = import.to.raw();
        let local = import.local_subject.raw();
        match import.kind {
            _ if !local.is_empty() => Self {
                exported: subject,
                local: local.to_owned(),
            },
            EntryKind::Service if !to.is_empty() => Self {
                exported: to.to_owned(),
                local: subject,
            },
            EntryKind::Stream if !to.is_empty() => Self {
                local: format!("{}.{subject}", to.trim_end_matches('.')),
                exported: subject,
            },
            EntryKind::Service | EntryKind::Stream | EntryKind::Neither => Self {
                local: subject.clone(),
                exported: subject,
            },
        }
    }
}

/// Reads one import against the accounts that are known; what came before it is not looked at.
pub(super) fn read(
    importer: AccountId,
    place: usize,
    import: &Import,
    known: &BTreeMap<AccountId, Account>,
    rules: Rules,
) -> Result<Link, Standing> {
    let ignored = |why: Ignored| Standing::Ignored(why);
    if import.kind == EntryKind::Neither {
        return Err(ignored(Ignored::Neither));
    }
    let Some(exporter) = import.exporter() else {
        return Err(ignored(Ignored::NoAccount(import.account.clone())));
    };
    let exporter = known.get(&exporter).ok_or(Standing::Unknown)?;
    link(importer, place, import, exporter, rules).map_err(ignored)
}

fn link(
    importer: AccountId,
    place: usize,
    import: &Import,
    exporter: &Account,
    rules: Rules,
) -> Result<Link, Ignored> {
    if !rules.is_in_time(exporter) {
        return Err(Ignored::ExporterOut);
    }
    let subjects = Subjects::of(import);
    let exported: SubjectPattern = subjects.exported.parse()?;
    let export = let_in(import.kind, &exported, exporter)?;
    let until = authorized(importer, import, &exported, exporter, export, rules)?;
    let (from, to, transform) = match import.kind {
        EntryKind::Service => service(&subjects)?,
        EntryKind::Stream | EntryKind::Neither => stream(&subjects)?,
    };
    Ok(Link {
        importer,
        exporter: exporter.id,
        kind: import.kind,
        from: from.parse()?,
        to: to.parse()?,
        transform,
        export: export.subject.clone().try_into()?,
        until,
        is_contested: false,
        place,
    })
}

/// The export of this very subject, or the one that holds it.
fn let_in<'a>(
    kind: EntryKind,
    subject: &SubjectPattern,
    exporter: &'a Account,
) -> Result<&'a Export, Ignored> {
    let of_kind = || {
        exporter
            .exports
            .iter()
            .filter(|export| export.kind == kind && is_kept(export))
    };
    of_kind()
        .find(|export| export.subject.raw() == subject.raw())
        .or_else(|| of_kind().find(|export| is_within(subject, export.subject.raw())))
        .ok_or(Ignored::NotExported)
}

/// Servers refuse an export whose token of the account is no `*`.
fn is_kept(export: &Export) -> bool {
    let Some(at) = position(export) else {
        return true;
    };
    export.subject.raw().split('.').nth(at) == Some("*")
}

/// Where the key of the importer has to stand, counted from 0.
fn position(export: &Export) -> Option<usize> {
    let at = export.account_token_position.checked_sub(1)?;
    Some(usize::try_from(at).unwrap_or(usize::MAX))
}

/// Whether the export is for this importer, and how long.
fn authorized(
    importer: AccountId,
    import: &Import,
    subject: &SubjectPattern,
    exporter: &Account,
    export: &Export,
    rules: Rules,
) -> Result<Option<UnixTime>, Ignored> {
    if let Some(at) = position(export) {
        // The export's own pattern is refused: no key stands in it.
        let is_ours = subject.tokens().nth(at) == Some(importer.to_string().as_str());
        return if is_ours {
            Ok(None)
        } else {
            Err(Ignored::NotOurs(export.account_token_position))
        };
    }
    if !export.token_req {
        return Ok(None);
    }
    let asking = Asking {
        importer,
        import,
        exporter,
        export,
    };
    Ok(activation::check(asking, rules)?.expires_at)
}

/// Our pattern, the exporter's, and the way from one to the other.
fn service(subjects: &Subjects) -> Result<(String, String, Transform), Ignored> {
    let Subjects { exported, local } = subjects;
    if !is_wild(exported) {
        return Ok((local.clone(), exported.clone(), Transform::fixed(exported)));
    }
    if exported == local {
        return Ok((local.clone(), exported.clone(), Transform::Unchanged));
    }
    let (exported, _) = transform::unnumbered(exported);
    let target = transform::numbered(local);
    // Servers make the way back first, and refuse the import if there is none.
    Transform::new(&exported, &target, Use::Import)?;
    let back = transform::reversed(&exported, &target)?;
    Ok((transform::unnumbered(&target).0, exported, back))
}

/// The exporter's pattern, ours, and the way from one to the other.
fn stream(subjects: &Subjects) -> Result<(String, String, Transform), Ignored> {
    let Subjects { exported, local } = subjects;
    if !is_wild(exported) {
        return Ok((exported.clone(), local.clone(), Transform::fixed(local)));
    }
    if exported == local {
        return Ok((exported.clone(), local.clone(), Transform::Unchanged));
    }
    let target = transform::numbered(local);
    let there = Transform::new(exported, &target, Use::Import)?;
    Ok((exported.clone(), transform::unnumbered(&target).0, there))
}

fn is_wild(subject: &str) -> bool {
    subject.split('.').any(|token| token == "*" || token == ">")
}

/// `isSubsetMatch` of the server: a longer token that begins with `*` holds any word.
fn is_within(subject: &SubjectPattern, export: &str) -> bool {
    let mut tokens = subject.tokens();
    let mut export = export.split('.');
    loop {
        match (tokens.next(), export.next()) {
            (None, None) | (Some(_), Some(">")) => return true,
            (Some(">"), Some(_)) => return false,
            (Some("*"), Some(held)) if held != "*" => return false,
            (Some(token), Some(held)) if held.starts_with('*') || token == held => {}
            _ => return false,
        }
    }
}

impl Link {
    /// Whether servers take another import for this one: a stream by the exporter's subject, a service by ours.
    pub(super) fn is_taken_by(&self, other: &Self) -> bool {
        (self.kind, self.exporter) == (other.kind, other.exporter) && self.from == other.from
    }

    /// The export and the import, in the order in which a message meets them.
    pub(super) fn steps(&self) -> [Step; 2] {
        let import = Step {
            kind: StepKind::Import,
            account: self.importer,
            from: self.from.text().clone(),
            to: self.to.text().clone(),
        };
        let export = Step {
            kind: StepKind::Export,
            account: self.exporter,
            from: self.export.text().clone(),
            to: self.export.text().clone(),
        };
        match self.kind {
            EntryKind::Service => [import, export],
            EntryKind::Stream | EntryKind::Neither => [export, import],
        }
    }
}
