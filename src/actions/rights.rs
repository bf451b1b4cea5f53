//! What users may do, read once for many questions: the survey, and for each user its token. The answer itself is
//! `inventory::decision`'s.

use super::lookup;
use super::ports::Ports;
use super::refs::{AccountRef, UserRef};
use super::refusal::Refusal;
use super::resolve::unknown;
use super::survey::{Ask, Survey, Wanted, read_token, survey};
use crate::inventory::decision::{DecisionItem, Enforcer, decide};
use crate::inventory::picture::Picture;
use crate::inventory::server::{ServerRow, ServerState};
use crate::inventory::told::Here;
use crate::inventory::user_line::UserLine;
use crate::jwt::account::Account;
use crate::jwt::keys::AccountId;
use crate::jwt::release::Release;
use crate::permissions::decide::Question;
use crate::text::Text;

/// Store and servers, as far as questions about rights need them.
pub struct Rights {
    survey: Survey,
    picture: Picture,
}

/// Reads it. What each server has of each account is in it: one that has an older copy decides by that.
pub async fn read_rights(ports: &Ports) -> Result<Rights, Refusal> {
    let wanted = Wanted {
        accounts: &[],
        copies: Ask::Yes,
        identities: Ask::No,
    };
    let survey = survey(ports, &wanted).await?;
    let picture = Picture::of(&survey.told);
    Ok(Rights { survey, picture })
}

impl Rights {
    pub const fn survey(&self) -> &Survey {
        &self.survey
    }

    /// Decides for one user. One that is in no store is looked for among the connections of its account.
    pub async fn decide(
        &self,
        whom: &UserRef,
        question: &Question,
        ports: &Ports,
    ) -> Result<DecisionItem, Refusal> {
        let whom = lookup::read(whom).await?;
        match lookup::user(&self.picture, &whom) {
            Ok(line) => self.of(line, &self.survey, question, ports).await,
            Err(Refusal::Unknown { .. }) => self.of_stranger(&whom, question, ports).await,
            Err(refusal) => Err(refusal),
        }
    }

    async fn of_stranger(
        &self,
        whom: &UserRef,
        question: &Question,
        ports: &Ports,
    ) -> Result<DecisionItem, Refusal> {
        let accounts: &[AccountRef] = whom.account().map(std::slice::from_ref).unwrap_or_default();
        let wanted = Wanted {
            accounts,
            copies: Ask::Yes,
            identities: Ask::Yes,
        };
        let seen = survey(ports, &wanted).await?;
        let picture = Picture::of(&seen.told);
        let line = lookup::user(&picture, whom)?;
        self.of(line, &seen, question, ports).await
    }

    async fn of(
        &self,
        line: &UserLine,
        seen: &Survey,
        question: &Question,
        ports: &Ports,
    ) -> Result<DecisionItem, Refusal> {
        let live = seen.told.live.as_ref();
        let open = live.map(|live| live.open.as_slice()).unwrap_or_default();
        let no_token = || unknown("token of user", line.id);
        let token = read_token(line, open, ports).await.ok_or_else(no_token)?;
        let enforcers = self.enforcers(line.account.key);
        decide(question, line, (&token, self.survey.told.now), &enforcers)
            .ok_or_else(|| unknown("token of account", line.account.key))
    }

    /// Every server with what it has of an account; where none was asked, the release that everything is held against.
    fn enforcers(&self, id: AccountId) -> Vec<Enforcer<'_>> {
        let holds = self.survey.account(id);
        let Some(census) = &self.survey.census else {
            return vec![Enforcer {
                server: None,
                release: Some(Release::default()),
                account: holds,
            }];
        };
        let enforcer = |row: &ServerRow| Enforcer {
            server: Some(row.name.clone()),
            release: row.release().filter(|_| row.state == ServerState::Up),
            account: self.copy(id, &row.name, holds),
        };
        census.ours().map(enforcer).collect()
    }

    /// The account as one server has it. One that has none fetches what holds from another when somebody logs in.
    fn copy<'a>(
        &'a self,
        id: AccountId,
        server: &Text,
        holds: Option<&'a Account>,
    ) -> Option<&'a Account> {
        let mut copies = self.survey.told.copies(id).iter();
        match copies.find(|copy| copy.server == *server) {
            Some(copy) => match &copy.here {
                Here::Enforced(row) | Here::Kept(row) => Some(&row.account),
                Here::Missing => holds,
                Here::Unknown => None,
            },
            // Of many accounts not all are asked for.
            None => holds,
        }
    }
}
