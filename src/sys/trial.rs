//! Whether a login is let in, server by server: made at each one's own address, once, and closed at once. It asks nothing.
//!
//! Which address is whose is told by the greeting that every server sends before a login. Addresses come from the caller, from
//! the servers' configurations and from the greetings themselves. Limits: a server that wants TLS before it greets, or is reached by
//! WebSocket alone, has no address here.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{ConnectError, ServerError};
use futures::future::{join, join_all};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::census::Census;
use super::connect::{Address, Login, options, reason, take, with_tls};
use crate::text::Text;

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trial {
    Admitted,
    /// In the server's words.
    Refused(Text),
    /// It was not asked, or did not answer.
    Unreached(Text),
}

/// One server and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub server: Text,
    pub trial: Trial,
}

/// A greeting is a line of JSON; servers of a large cluster name many addresses in it.
const GREETING_BYTES: u64 = 256 * 1024;

/// Tries a login at every server that is expected; without a census at every server that greets.
pub async fn try_everywhere(
    address: &Address,
    census: Option<&Census>,
    login: &Arc<dyn Login>,
    patience: Duration,
) -> Vec<Tried> {
    let urls = find(address, census, patience).await;
    let names: Vec<Text> = match census {
        Some(census) => census.ours().map(|row| row.name.clone()).collect(),
        None if urls.is_empty() => vec![address.shown()],
        None => urls.keys().cloned().collect(),
    };
    let tries = names.into_iter().map(|server| {
        let url = urls.get(&server);
        async move {
            let trial = match url {
                Some(url) => try_at(url, address, login, patience).await,
                None => Trial::Unreached("no address of it greets".into()),
            };
            Tried { server, trial }
        }
    });
    join_all(tries).await
}

/// Logs in once at one address.
async fn try_at(url: &str, address: &Address, login: &Arc<dyn Login>, patience: Duration) -> Trial {
    let trouble = Arc::new(Mutex::new(None));
    let options = options(Arc::clone(login), Arc::clone(&trouble))
        .name(&address.client_name)
        // Whoever is named by the server is another one.
        .ignore_discovered_servers()
        .max_reconnects(1);
    let connecting = Box::pin(with_tls(options, &address.tls).connect(url));
    match timeout(patience, connecting).await {
        // The client goes, and its connection with it.
        Ok(Ok(_)) => Trial::Admitted,
        Ok(Err(error)) => match (take(&trouble), words(&error)) {
            (Some(trouble), _) => Trial::Unreached(trouble.to_string().into()),
            (None, Some(words)) => Trial::Refused(words),
            (None, None) => Trial::Unreached(reason(&error).into()),
        },
        Err(_) => Trial::Unreached("no answer".into()),
    }
}

/// What the server said, if it was the server that said no.
fn words(error: &ConnectError) -> Option<Text> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(said) = error.downcast_ref::<ServerError>() {
            return Some(match said {
                ServerError::AuthorizationViolation => "Authorization Violation".into(),
                ServerError::SlowConsumer(_) => said.to_string().into(),
                ServerError::Other(words) => words.trim_matches('\'').into(),
            });
        }
        cause = error.source();
    }
    None
}

/// What a server says before anybody logs in.
#[derive(Deserialize)]
struct Greeting {
    #[serde(default)]
    server_id: Text,
    #[serde(default)]
    server_name: Text,
    #[serde(default)]
    connect_urls: Vec<String>,
}

/// Which server is where, by name. An address that was given goes before one that was heard of: a certificate may name it. Only a
/// server of the census gets a login: another may listen where one of them says that it does, under the same name.
async fn find(
    address: &Address,
    census: Option<&Census>,
    patience: Duration,
) -> BTreeMap<Text, String> {
    let listening = census.into_iter().flat_map(Census::ours);
    let listening = listening.filter_map(|row| row.listens.clone());
    let (given, listening) = join(
        greet_all(address.urls.clone(), patience),
        greet_all(listening.collect(), patience),
    )
    .await;
    let first: Vec<(String, Greeting)> = given.into_iter().chain(listening).collect();
    let named = first
        .iter()
        .flat_map(|(_, greeting)| &greeting.connect_urls);
    let mut named: Vec<String> = named.cloned().collect();
    named.sort_unstable();
    named.dedup();
    named.retain(|url| !first.iter().any(|(greeted, _)| greeted == url));
    let further = greet_all(named, patience).await;
    let mut found = BTreeMap::new();
    let is_ours = |greeting: &Greeting| census.is_none_or(|census| is_of(census, greeting));
    let all = first.into_iter().chain(further);
    for (url, greeting) in all.filter(|(_, greeting)| is_ours(greeting)) {
        found.entry(greeting.server_name).or_insert(url);
    }
    found
}

/// Whether the process that greets is one that the census heard.
fn is_of(census: &Census, greeting: &Greeting) -> bool {
    let id = greeting.server_id.raw().parse().ok();
    let mut heard = census.ours();
    id.is_some() && heard.any(|row| row.id == id && row.name == greeting.server_name)
}

async fn greet_all(urls: Vec<String>, patience: Duration) -> Vec<(String, Greeting)> {
    let greetings = urls.into_iter().map(|url| async move {
        let greeting = timeout(patience, greet(&url)).await.ok()??;
        Some((url, greeting))
    });
    join_all(greetings).await.into_iter().flatten().collect()
}

async fn greet(url: &str) -> Option<Greeting> {
    let stream = TcpStream::connect(socket_of(url)?).await.ok()?;
    let mut line = String::new();
    let mut reader = BufReader::new(stream.take(GREETING_BYTES));
    reader.read_line(&mut line).await.ok()?;
    serde_json::from_str(line.strip_prefix("INFO ")?).ok()
}

/// `host:port` of a URL by which NATS' own protocol is spoken.
fn socket_of(url: &str) -> Option<String> {
    let bare = match url.split_once("://") {
        Some(("nats" | "tls", bare)) => bare,
        Some(_) => return None,
        None => url,
    };
    let bare = bare.rsplit_once('@').map_or(bare, |(_, bare)| bare);
    let bare = bare.trim_end_matches('/');
    let (_, behind) = bare.rsplit_once(']').unwrap_or(("", bare));
    Some(if behind.contains(':') {
        bare.to_owned()
    } else {
        format!("{bare}:4222")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_of_a_url_is_without_scheme_and_user() {
        for (url, socket) in [
            ("nats://127.0.0.1:4333", Some("127.0.0.1:4333")),
            ("tls://n1.example:4333/", Some("n1.example:4333")),
            ("nats://kim:secret@n1", Some("n1:4222")),
            ("10.0.0.1:4222", Some("10.0.0.1:4222")),
            ("nats://[::1]", Some("[::1]:4222")),
            ("[::1]:4333", Some("[::1]:4333")),
            ("ws://n1:8080", None),
        ] {
            assert_eq!(socket_of(url).as_deref(), socket, "{url}");
        }
    }
}
