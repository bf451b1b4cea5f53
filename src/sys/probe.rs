//! Whether somebody can log in to a server: a connection that is made and closed. It asks nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::connect::{Address, Link, Login, Ping};
use super::error::SysError;

/// Logs in once. `Err` says how the server refused, or that it was not reached within `patience`.
pub async fn probe(
    address: &Address,
    login: Arc<dyn Login>,
    patience: Duration,
) -> Result<(), SysError> {
    let silent = || SysError::Unreachable {
        servers: address.shown(),
        why: "no answer".into(),
    };
    // The library answers only when the server has answered what follows the login.
    let link = timeout(patience, Link::open(address, login, "_INBOX", Ping::Quick));
    link.await.map_err(|_| silent())?.map(drop)
}
