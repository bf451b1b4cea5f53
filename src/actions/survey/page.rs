//! The part of a survey that is too much to be read of every user: the token and the creds of one. What it means is
//! `inventory::user_page`'s.

use std::sync::Arc;

use super::Survey;
use crate::actions::ports::Ports;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::server::ServerRow;
use crate::inventory::user_line::UserLine;
use crate::inventory::user_page::{Creds, CredsFile, Origin, Read, UserPage};
use crate::jwt::release::Release;
use crate::jwt::token::Token;
use crate::store::signer::{CredsSigner, CredsSource};
use crate::store::{Store, Stored};

/// Works everything out about one user. `open` are the connections that are known.
pub async fn read_page(
    line: UserLine,
    survey: &Survey,
    open: &[ConnectionRow],
    ports: &Ports,
) -> UserPage {
    let (token, origin, creds) = read(&line, open, ports).await;
    let read = Read {
        token: token.as_ref().map(|token| (token, origin)),
        account: survey.account(line.account.key),
        open,
        release: oldest(survey),
    };
    UserPage::of(line, &read, creds)
}

/// The token of a user: the store's, else that of an open connection.
pub async fn read_token(line: &UserLine, open: &[ConnectionRow], ports: &Ports) -> Option<Token> {
    let (token, ..) = read(line, open, ports).await;
    token
}

async fn read(
    line: &UserLine,
    open: &[ConnectionRow],
    ports: &Ports,
) -> (Option<Token>, Origin, Creds) {
    match &ports.store {
        Some(store) if line.is_stored() => {
            let (token, creds) = stored(Arc::clone(store), line).await;
            (token, Origin::Store, creds)
        }
        Some(_) | None => {
            let token = live(line, open, ports).await;
            (token, Origin::Live, Creds::NotLooked)
        }
    }
}

/// The token of a user that is in no store, as its youngest connection shows it. One that does not hold is none.
async fn live(line: &UserLine, open: &[ConnectionRow], ports: &Ports) -> Option<Token> {
    let sys = ports.sys.as_ref()?;
    let own = open.iter().filter(|row| row.proven_user() == Some(line.id));
    let youngest = own.max_by_key(|row| row.holder.as_ref().and_then(|holder| holder.issued_at))?;
    let token = sys.token_of(youngest.id).await.ok()??;
    let is_own = token.verify().is_ok() && token.envelope().subject == line.id.key();
    is_own.then_some(token)
}

/// The release by which permissions are judged: the oldest that is there.
fn oldest(survey: &Survey) -> Release {
    let servers = survey.census.iter().flat_map(|census| census.ours());
    servers
        .filter_map(ServerRow::release)
        .min()
        .unwrap_or_default()
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
                let held = held.map(|(_, token)| (token.revision(), token.envelope().issued_at));
                let revision = held.map(|(revision, _)| revision);
                Creds::File(CredsFile {
                    path: path.to_string_lossy().as_ref().into(),
                    current: revision.is_some() && revision == token.as_ref().map(Token::revision),
                    token: held,
                })
            });
        (token, creds)
    });
    read.await.unwrap_or((None, Creds::NotLooked))
}
