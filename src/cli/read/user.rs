//! `user ls|info`.

use std::sync::Arc;

use super::{NAMES, Seen, answer, counted, fail, item, list as print, look};
use crate::actions::lookup;
use crate::actions::opening::Opened;
use crate::actions::plan::Warning;
use crate::actions::refs::{AccountRef, UserRef};
use crate::actions::survey::{Ask, Survey, Wanted};
use crate::cli::output::Output;
use crate::explain::{Explain, Explanation};
use crate::inventory::user_line::UserLine;
use crate::inventory::user_page::{Creds, CredsFile, Origin, Read, UserPage};
use crate::jwt::token::Token;
use crate::permissions::Release;
use crate::store::signer::{CredsSigner, CredsSource};
use crate::store::{Store, Stored};

pub(in crate::cli) async fn list(accounts: &[AccountRef], opened: &Opened, output: &Output) -> u8 {
    let seen = match look(opened, &counted(accounts)).await {
        Ok(seen) => seen,
        Err(explanation) => return fail("user.list", &explanation, output),
    };
    let Seen { survey, picture } = seen;
    let is_chosen = |line: &UserLine| survey.accounts.contains(&line.account.key);
    let lines: Vec<UserLine> = picture.users.into_iter().filter(is_chosen).collect();
    print("user", &lines, &answer(&survey, opened), output)
}

pub(in crate::cli) async fn info(user: &UserRef, opened: &Opened, output: &Output) -> u8 {
    match found(user, opened).await {
        Ok((page, seen)) => {
            let mut answer = answer(&seen.survey, opened);
            if let Some(Err(why)) = &page.effective {
                let what = format!("servers refuse its login: {why}");
                answer.warnings.push(Warning::new("login_refused", what));
            }
            item("user", &page, &answer, output)
        }
        Err(explanation) => fail("user", &explanation, output),
    }
}

async fn found(user: &UserRef, opened: &Opened) -> Result<(UserPage, Seen), Explanation> {
    // Standard input and files are read once.
    let first = look(opened, &NAMES).await?;
    let line = lookup::user(&first.picture, user);
    let (user, account) = match (line, user.account()) {
        (Ok(line), _) => {
            let account = AccountRef::Key(line.account.key);
            let user = UserRef::In {
                account: account.clone(),
                user: line.id,
            };
            (user, Some(account))
        }
        // Perhaps only a connection shows it.
        (Err(refusal), named) => match user {
            UserRef::File(_) | UserRef::Stdin => return Err(refusal.explain()),
            UserRef::Key(_) | UserRef::Named { .. } | UserRef::In { .. } => {
                (user.clone(), named.cloned())
            }
        },
    };
    let accounts = account.as_slice();
    let wanted = Wanted {
        accounts,
        copies: if accounts.is_empty() {
            Ask::No
        } else {
            Ask::Yes
        },
        identities: Ask::Yes,
    };
    let seen = look(opened, &wanted).await?;
    let line = lookup::user(&seen.picture, &user).map_err(|refusal| refusal.explain())?;
    let page = page(line.clone(), &seen.survey, opened).await;
    Ok((page, seen))
}

/// Works everything out that is too much for a list.
async fn page(line: UserLine, survey: &Survey, opened: &Opened) -> UserPage {
    let (token, origin, creds) = match &opened.ports.store {
        Some(store) if line.is_stored() => {
            let (token, creds) = stored(Arc::clone(store), &line).await;
            (token, Origin::Store, creds)
        }
        Some(_) | None => (
            live(&line, survey, opened).await,
            Origin::Live,
            Creds::NotLooked,
        ),
    };
    let open = survey.told.live.as_ref().map(|live| live.open.as_slice());
    let read = Read {
        token: token.as_ref().map(|token| (token, origin)),
        account: survey.account(line.account.key),
        open: open.unwrap_or_default(),
        release: oldest(survey),
    };
    UserPage::of(line, &read, creds)
}

/// The token of a user that is in no store, as its youngest connection shows it. One that does not hold is none.
async fn live(line: &UserLine, survey: &Survey, opened: &Opened) -> Option<Token> {
    let sys = opened.ports.sys.as_ref()?;
    let open = survey.told.live.iter().flat_map(|live| &live.open);
    let own = open.filter(|row| row.proven_user() == Some(line.id));
    let youngest = own.max_by_key(|row| row.holder.as_ref().and_then(|holder| holder.issued_at))?;
    let token = sys.token_of(youngest.id).await.ok()??;
    let is_own = token.verify().is_ok() && token.envelope().subject == line.id.key();
    is_own.then_some(token)
}

/// The release by which permissions are judged: the oldest that is there.
fn oldest(survey: &Survey) -> Release {
    let servers = survey.census.iter().flat_map(|census| census.ours());
    let versions = servers.filter_map(|row| row.version.as_ref());
    let releases = versions.filter_map(|version| Release::of_version(&version.to_string()));
    releases.min().unwrap_or_default()
}

/// The store's token of a user, and its creds file. Blocks on the disk, so beside the runtime.
async fn stored(store: Arc<dyn Store>, line: &UserLine) -> (Option<Token>, Creds) {
    let of = Stored::User {
        account: line.account.key,
        user: line.id,
        name: line.name.clone(),
    };
    let name = line.name.clone().unwrap_or_default();
    let account = line.account.key;
    let read = tokio::task::spawn_blocking(move || {
        let token = store.token(&of).ok();
        let path = store.creds_path(account, &name).ok();
        let creds = path
            .filter(|path| path.exists())
            .map_or(Creds::None, |path| {
                let held = CredsSigner::open(CredsSource::File(path.clone())).ok();
                let held = held.map(|(_, token)| token.revision());
                Creds::File(CredsFile {
                    path: path.to_string_lossy().as_ref().into(),
                    current: held.is_some() && held == token.as_ref().map(Token::revision),
                })
            });
        (token, creds)
    });
    read.await.unwrap_or((None, Creds::NotLooked))
}
