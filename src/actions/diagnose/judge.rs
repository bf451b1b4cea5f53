//! From what was read to a diagnosis. Pure.

use serde::Serialize;

use super::attempt::Attempt;
use super::checks::copies::{Whole, account_copies, copy};
use super::credential::{Credential, Unreadable};
use super::ground::{Ground, Server, Standpoint};
use super::said::{Check, CheckResult, Checked, Said};
use super::tried::Tries;
use crate::inventory::account_line::CopyLine;
use crate::inventory::connection::Named;
use crate::jwt::account::Account;
use crate::jwt::keys::{AccountId, UserId};
use crate::text::Text;

/// What all checks come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Refused,
    Unknown,
}

impl Verdict {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// Whose credential it is; empty for a file that names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    pub kind: &'static str,
    pub key: Option<UserId>,
    pub name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Named<AccountId>>,
}

/// How one server judges, by the token of the account that it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AtServer {
    pub name: Text,
    pub result: CheckResult,
    pub first_failure: Option<Check>,
    /// `None`: nobody could ask it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyLine>,
    /// What it did with a login; `None`: none was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<Tries>,
}

/// Why a credential is refused, or that nothing speaks against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    pub subject: Subject,
    pub verdict: Verdict,
    pub first_failure: Option<Check>,
    pub checks: Vec<Checked>,
    /// `None`: no server was asked.
    pub servers: Option<Vec<AtServer>>,
}

/// Judges a credential.
pub(super) fn judge(credential: &Credential, ground: &Ground, attempt: &Attempt) -> Diagnosis {
    let whole = Whole {
        credential,
        ground,
        attempt,
    };
    let said = |check| match check {
        Check::AccountCopies => account_copies(&whole),
        Check::Connect => Said::skipped("no login was tried"),
        _ => worst(&whole, check),
    };
    let checks = Check::ALL.map(|check| Checked {
        check,
        said: said(check),
    });
    let checks = Vec::from(checks);
    let servers = ground.servers.as_ref();
    Diagnosis {
        subject: subject(credential, ground),
        verdict: verdict(&checks, decided_by_callout(credential, ground)),
        first_failure: first_failure(&checks),
        servers: servers.map(|servers| servers.iter().map(|server| at(&whole, server)).collect()),
        checks,
    }
}

impl Diagnosis {
    /// The check that keeps the user out, with what it says.
    pub fn failure(&self) -> Option<&Checked> {
        self.checks
            .iter()
            .find(|checked| Some(checked.check) == self.first_failure)
    }

    /// Whose it is, in words: `worker in ORDERS`.
    pub fn whose(&self) -> String {
        let subject = &self.subject;
        let user = match (&subject.name, subject.key) {
            (Some(name), _) => name.to_string(),
            (None, Some(key)) => key.to_string(),
            (None, None) => "what was given".to_owned(),
        };
        match &subject.account {
            Some(Named {
                name: Some(name), ..
            }) => format!("{user} in {name}"),
            Some(account) => format!("{user} in {}", account.key),
            None => user,
        }
    }

    /// One line: the first failure, or that there is none.
    pub fn sentence(&self) -> String {
        match (self.failure(), self.verdict) {
            (Some(checked), _) => format!("{}: {}", checked.check.word(), checked.said.what),
            (None, Verdict::Ok | Verdict::Refused) => "no check speaks against it".to_owned(),
            (None, Verdict::Unknown) => {
                let open = self.checks.iter();
                let open = open.filter(|checked| checked.said.result == CheckResult::Unknown);
                let open: Vec<&str> = open.map(|checked| checked.check.word()).collect();
                format!(
                    "no check speaks against it, and not known is: {}",
                    open.join(", ")
                )
            }
        }
    }
}

/// What a check says at the place where it comes out worst. Every place judges by the account as it holds: what an old copy
/// changes is `account_copies`.
fn worst(whole: &Whole<'_>, check: Check) -> Said {
    let account = whole.ground.account();
    let places = whole.ground.standpoints();
    let said = |at: &&Standpoint| whole.case(at, account).says(check);
    let all: Vec<(&Standpoint, Said)> = places.iter().map(|at| (*at, said(at))).collect();
    let worst = all.iter().map(|(_, said)| said.result).max();
    let is_worst = |(_, said): &&(&Standpoint, Said)| Some(said.result) == worst;
    let names = all
        .iter()
        .filter(is_worst)
        .filter_map(|(at, _)| at.server.as_ref());
    let names: Vec<String> = names.map(ToString::to_string).collect();
    let is_everywhere = names.len() == all.len();
    let Some((_, said)) = all.iter().find(is_worst) else {
        return Said::skipped("there is no place to judge by");
    };
    let mut said = said.clone();
    if !is_everywhere && !names.is_empty() {
        said.what = format!("{} (on {})", said.what, names.join(", "));
    }
    said
}

fn first_failure(checks: &[Checked]) -> Option<Check> {
    let failed = checks
        .iter()
        .find(|checked| checked.said.result == CheckResult::Fail);
    failed.map(|checked| checked.check)
}

/// A callout answers for whom the checks after the account's own would refuse as well, so that they decide nothing.
fn verdict(checks: &[Checked], by_callout: bool) -> Verdict {
    let is_before_callout = |check: Check| {
        matches!(
            check,
            Check::Format
                | Check::Signature
                | Check::AccountInOperator
                | Check::NotBefore
                | Check::Expiry
                | Check::AccountCopies
        )
    };
    let fails = |checked: &&Checked| {
        checked.said.result == CheckResult::Fail
            && (!by_callout || is_before_callout(checked.check))
    };
    let is_open = |checked: &Checked| checked.said.result == CheckResult::Unknown;
    if checks.iter().any(|checked| fails(&checked)) {
        Verdict::Refused
    } else if by_callout || checks.iter().any(is_open) {
        Verdict::Unknown
    } else {
        Verdict::Ok
    }
}

/// Whether the account's auth callout, and not the servers, answers for this user.
pub(super) fn decided_by_callout(credential: &Credential, ground: &Ground) -> bool {
    let account = ground.account().map(|row| &row.account);
    let Some((user, account)) = credential.user().zip(account) else {
        return false;
    };
    let is_exempt = |account: &Account| {
        let exempt = account.callout.auth_users.iter();
        exempt
            .into_iter()
            .any(|key| key.to_string() == user.id.to_string())
    };
    account.callout.is_on() && !is_exempt(account)
}

fn subject(credential: &Credential, ground: &Ground) -> Subject {
    let user = credential.user();
    let key = match &credential.token {
        Ok(read) => Some(read.user.id),
        Err(Unreadable::NoToken(user)) => Some(*user),
        Err(Unreadable::Creds(_) | Unreadable::Token(_)) => None,
    };
    let row = ground.account();
    let name = |id: AccountId| {
        let row = row.filter(|row| row.account.id == id);
        row.map(|row| row.account.name.clone())
    };
    let account = user.map(|user| user.account);
    let account = account.or_else(|| row.map(|row| row.account.id));
    Subject {
        kind: "user",
        key,
        name: user.map(|user| user.name.clone()),
        account: account.map(|key| Named {
            key,
            name: name(key),
        }),
    }
}

fn at(whole: &Whole<'_>, server: &Server) -> AtServer {
    let (result, first_failure) = whole.at_server(server);
    AtServer {
        name: server.name.clone(),
        result,
        first_failure,
        copy: Some(copy(server, whole.ground.account())),
        connect: None,
    }
}
