//! The expiry calendar of what a survey found: beside it, the creds of the keyring and our own are read.

use std::sync::Arc;
use std::time::Duration;

use crate::actions::opening::{How, LoginState};
use crate::actions::ports::Ports;
use crate::actions::prepare::blocking;
use crate::actions::refusal::Refusal;
use crate::inventory::account_line::AccountLine;
use crate::inventory::creds_row::CredsRow;
use crate::inventory::expiry::{ExpiryLine, Known, Login};
use crate::inventory::told::Told;
use crate::inventory::user_line::UserLine;

/// What is soon where nobody says: as nsc has it.
pub const USUAL_WINDOW: Duration = Duration::from_hours(30 * 24);

/// Everything that ends, of what was told, the first outage first.
pub async fn calendar(
    told: &Told,
    accounts: &[AccountLine],
    users: &[UserLine],
    (ports, login): (&Ports, &LoginState),
    window: Duration,
) -> Result<Vec<ExpiryLine>, Refusal> {
    let creds = read_creds(ports).await?;
    let login = own(login);
    Ok(ExpiryLine::all(&Known {
        told,
        accounts,
        users,
        creds: &creds,
        login: login.as_ref(),
        window,
        context: &ports.context.words(),
    }))
}

/// What lies in the keyring's creds files.
pub async fn read_creds(ports: &Ports) -> Result<Vec<CredsRow>, Refusal> {
    match &ports.store {
        Some(store) => blocking(Arc::clone(store), |store| store.creds()).await,
        None => Ok(Vec::new()),
    }
}

/// The creds that we are logged in with. A minted user is made anew at every login.
fn own(login: &LoginState) -> Option<Login> {
    match &login.how {
        How::Creds {
            path,
            user: Some(user),
        } => Some(Login {
            user: *user,
            path: path
                .as_ref()
                .map(|path| path.to_string_lossy().as_ref().into()),
            expires_at: login.expires_at,
        }),
        How::Creds { user: None, .. } | How::Minted | How::Offline => None,
    }
}
