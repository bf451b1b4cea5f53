//! What the pages of reports have in common: they are worked out of what was seen when somebody looks at one, and each row names
//! an act that mends it.

use std::sync::Arc;

use super::page::Source;
use crate::actions::action::{SelectedConnection, SelectedUser, Selection};
use crate::inventory::fix::{Cure, Fix};
use crate::inventory::target::{Target, TargetKind};
use crate::jwt::keys::AccountId;
use crate::tui::app::model::Model;
use crate::tui::app::msg::Ask;
use crate::tui::app::seen::Reports;
use crate::tui::theme::Role;
use crate::tui::widgets::facts::Fact;

/// The question for the reports of what was seen last, where they are of something older.
pub(super) fn unread(model: &Model) -> Option<Ask> {
    let seen = model.seen.last.as_ref()?;
    let reports = model.reports.last.as_ref();
    let is_read = reports.is_some_and(|reports| Arc::ptr_eq(&reports.of, seen));
    (!is_read).then(|| Ask::Reports(Arc::clone(seen), Box::new(model.login())))
}

pub(super) fn source<T>(model: &Model, rows: fn(&Reports) -> &Arc<T>) -> Source<'_, T> {
    let reports = model.reports.last.as_ref();
    Source {
        rows: reports.map(|reports| rows(reports)),
        is_coming: reports.is_none(),
        read_at: reports.map(|reports| reports.of.at),
        problem: model
            .reports
            .problem
            .as_ref()
            .or(model.seen.problem.as_ref()),
        remark: model.unheard(),
        pulse: String::new(),
    }
}

/// What acts are about on rows: the thing that the row names, and what its cure needs.
pub(super) fn selected<'r>(rows: impl Iterator<Item = (&'r Target, &'r Cure)>) -> Selection {
    let mut selection = Selection::default();
    for (target, cure) in rows {
        match cure {
            Cure::PushAccount { revocations, .. } => selection.revocations = *revocations,
            Cure::Kick(connections) => {
                let selected = connections.iter().filter_map(|one| {
                    Some(SelectedConnection {
                        id: one.id,
                        written: one.written.parse().ok()?,
                        holder: user_of(cure, target),
                    })
                });
                selection.connections.extend(selected);
                continue; // its user is that of the connections
            }
            Cure::PullAccount(_)
            | Cure::ReissueUser { .. }
            | Cure::WriteCreds { .. }
            | Cure::RevokeUser { .. }
            | Cure::Advice => {}
        }
        if target.kind == TargetKind::Account {
            selection
                .accounts
                .extend(AccountId::try_from(target.key).ok());
        }
        selection.users.extend(user_of(cure, target));
    }
    selection
}

/// The user that a cure is about: of creds whose key was replaced, not the one that they name.
fn user_of(cure: &Cure, target: &Target) -> Option<SelectedUser> {
    match cure {
        Cure::ReissueUser { account, user }
        | Cure::WriteCreds { account, user }
        | Cure::RevokeUser { account, user } => Some(SelectedUser {
            account: *account,
            user: *user,
        }),
        Cure::PushAccount { .. } | Cure::PullAccount(_) | Cure::Kick(_) | Cure::Advice => {
            let account = target.account.as_ref()?.key;
            let user = target.key.try_into().ok()?;
            Some(SelectedUser { account, user })
        }
    }
}

/// What mends a row, in words, as an act and as the command.
pub(super) fn mends(fix: &Fix) -> Vec<Fact> {
    let mut facts = vec![Fact::new("fix", fix.say, Role::Notice)];
    facts.extend(fix.act.map(|act| Fact::new("act", act, Role::Strong)));
    let run = fix.run.as_ref();
    facts.extend(run.map(|run| Fact::new("command", run.as_str(), Role::Text)));
    facts
}
