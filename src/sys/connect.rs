//! Connections to the servers: how we log in, and what happens to a connection while it lives. It asks nothing of its own.
//!
//! The seed is not here: a [`Login`] answers each nonce, at every connect and reconnect. A credentials file would be kept by
//! async-nats, seed and all, for as long as the client lives.

use std::collections::BTreeSet;
use std::fmt;
use std::future::{Ready, ready};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Auth, AuthError, Client, ConnectErrorKind, ConnectOptions, Event, ServerError};
use futures::future::BoxFuture;
use tokio::sync::{broadcast, watch};
use tokio::time::{sleep, timeout};

use super::error::SysError;
use super::leave::{Left, another_server, leave_too};
use crate::jwt::signer::SignError;
use crate::text::{Text, without_user};

/// The longest wait between two tries to come back.
const RETRY_AT_MOST: Duration = Duration::from_secs(4);

/// Between two pings. A server that froze answers none: after three, the connection falls and another server is gone to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ping {
    /// Somebody waits for the answers.
    Quick,
    /// Answers are long, and a ping's comes behind them: a slow line is no dead one.
    Patient,
}

impl Ping {
    const fn interval(self) -> Duration {
        match self {
            Self::Quick => Duration::from_secs(1),
            Self::Patient => Duration::from_secs(10),
        }
    }
}

/// Between two looks whether a connection is back.
const LOOK: Duration = Duration::from_millis(10);

/// Things that happen to a connection and wait for a reader that lags. Losing one shows as [`LinkEvent::Missed`].
const BACKLOG: usize = 1_024;

/// A user's token and the signature of the server's nonce, which a bearer needs not give. No `Debug`: a bearer's token is a
/// credential.
pub struct Answer {
    pub jwt: String,
    pub signature: Option<[u8; 64]>,
}

/// How we log in: a creds file, a key of the keyring, or a user of SYS minted anew.
pub trait Login: Send + Sync {
    /// Asked at every connect and reconnect.
    fn answer(&self, nonce: Vec<u8>) -> BoxFuture<'static, Result<Answer, SignError>>;
}

/// How TLS is done: files beside the system's roots.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    pub ca: Option<PathBuf>,
    /// Our certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// TLS before the server says anything (`handshake_first`).
    pub first: bool,
}

/// Where the servers are, and how our connections call themselves.
#[derive(Clone, Debug)]
pub struct Address {
    pub urls: Vec<String>,
    pub tls: TlsFiles,
    /// Shown in other people's CONNZ.
    pub client_name: String,
    /// Where answers go. `None`: a private one, since any SYS user may listen on `_INBOX.>`.
    pub inbox_prefix: Option<String>,
}

impl Address {
    pub(super) fn shown(&self) -> Text {
        let urls = self.urls.iter().map(|url| without_user(url));
        urls.collect::<Vec<_>>().join(",").into()
    }
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    Connected,
    Disconnected,
    /// Our server asks us to go elsewhere.
    LameDuck,
    /// A message for us was dropped, because we did not read fast enough.
    SlowConsumer,
    /// The server refused us to publish this.
    RefusedPublish {
        subject: Text,
    },
    /// The server refused us to hear this.
    RefusedSubscribe {
        subject: Text,
    },
    /// A try to come back failed, or the server complained.
    Problem(Text),
    /// So many of these were lost.
    Missed(u64),
}

/// One connection with what happens to it.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) client: Client,
    events: broadcast::Sender<LinkEvent>,
    left: watch::Receiver<Left>,
    refused: Arc<Mutex<Refusals>>,
}

/// What the server refused since the last login.
#[derive(Default)]
struct Refusals {
    publish: BTreeSet<Text>,
    subscribe: BTreeSet<Text>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({:?})", self.client.connection_state())
    }
}

impl Link {
    /// Connects once; afterwards it comes back by itself for ever.
    pub(super) async fn open(
        address: &Address,
        login: Arc<dyn Login>,
        inbox_prefix: &str,
        ping: Ping,
    ) -> Result<Self, SysError> {
        let (events, _) = broadcast::channel(BACKLOG);
        let (leaves, left) = watch::channel(Left::default());
        let refused = Arc::<Mutex<Refusals>>::default();
        let trouble = Arc::new(Mutex::new(None));
        let client = options(login, Arc::clone(&trouble))
            .reconnect_to_server_callback(another_server(leaves.clone()))
            .name(&address.client_name)
            .custom_inbox_prefix(inbox_prefix)
            .ping_interval(ping.interval())
            .event_callback(publish(events.clone(), Arc::clone(&refused), leaves));
        // Its future is large, and would stand in that of everybody who opens a connection.
        let connecting = Box::pin(with_tls(client, &address.tls).connect(address.urls.clone()));
        let client = connecting
            .await
            .map_err(|error| refusal(address, &error, take(&trouble)))?;
        Ok(Self {
            client,
            events,
            left,
            refused,
        })
    }

    pub(super) fn events(&self) -> broadcast::Receiver<LinkEvent> {
        self.events.subscribe()
    }

    /// When this connection leaves a server, the other leaves it too: one that froze holds both, and the quick pings find out
    /// first. Ends with this link.
    pub(super) fn takes_along(&self, other: &Self) {
        tokio::spawn(leave_too(self.left.clone(), other.client.clone()));
    }

    fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Waits until it is connected. async-nats would keep what is published meanwhile and send it whenever it comes back,
    /// long after we gave up.
    pub(super) async fn ready(&self, within: Duration) -> Result<(), SysError> {
        let back = async {
            while !self.is_connected() {
                sleep(LOOK).await;
            }
        };
        timeout(within, back)
            .await
            .map_err(|_| SysError::Disconnected)
    }

    /// Whether the server has refused us to publish this since the last login.
    pub(super) fn may_not_publish(&self, subject: &str) -> bool {
        lock(&self.refused).publish.contains(&Text::from(subject))
    }

    /// Whether the server has refused us to hear this since the last login.
    pub(super) fn may_not_hear(&self, subject: &str) -> bool {
        lock(&self.refused).subscribe.contains(&Text::from(subject))
    }

    /// All that the server refused since the last login.
    pub(super) fn refused(&self) -> Vec<Text> {
        let refused = lock(&self.refused);
        refused.publish.union(&refused.subscribe).cloned().collect()
    }
}

/// Options that log in by asking, never from a file.
pub(super) fn options(
    login: Arc<dyn Login>,
    trouble: Arc<Mutex<Option<SignError>>>,
) -> ConnectOptions {
    ConnectOptions::with_auth_callback(move |nonce| {
        // async-nats wants a `Sync` future; a `BoxFuture` is not one, the handle of a task is.
        let answer = tokio::spawn(login.answer(nonce));
        let trouble = Arc::clone(&trouble);
        async move {
            match answer.await.map_err(AuthError::new)? {
                Ok(answer) => {
                    let mut auth = Auth::new();
                    auth.jwt = Some(answer.jwt);
                    auth.signature = answer.signature.map(Vec::from);
                    Ok(auth)
                }
                Err(error) => {
                    *lock(&trouble) = Some(error.clone());
                    Err(AuthError::new(error))
                }
            }
        }
    })
    .reconnect_delay_callback(retry_delay)
}

/// Grows from nothing to [`RETRY_AT_MOST`], a little apart for each try.
fn retry_delay(attempts: usize) -> Duration {
    let step = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    Duration::from_millis(100)
        .saturating_mul(step.min(40))
        .min(RETRY_AT_MOST)
}

pub(super) fn with_tls(mut options: ConnectOptions, tls: &TlsFiles) -> ConnectOptions {
    if let Some(ca) = &tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if tls.first {
        options = options.tls_first();
    }
    if let Some((certificate, key)) = &tls.client {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

/// Passes async-nats' events on, and remembers refusals until the next login.
fn publish(
    events: broadcast::Sender<LinkEvent>,
    refused: Arc<Mutex<Refusals>>,
    leaves: watch::Sender<Left>,
) -> impl Fn(Event) -> Ready<()> + Send + Sync + 'static {
    move |event| {
        if let Some(event) = translate(&event) {
            match &event {
                LinkEvent::Connected => {
                    *lock(&refused) = Refusals::default();
                    leaves.send_if_modified(Left::come_back);
                }
                LinkEvent::RefusedPublish { subject } => {
                    lock(&refused).publish.insert(subject.clone());
                }
                LinkEvent::RefusedSubscribe { subject } => {
                    lock(&refused).subscribe.insert(subject.clone());
                }
                LinkEvent::Disconnected
                | LinkEvent::LameDuck
                | LinkEvent::SlowConsumer
                | LinkEvent::Problem(_)
                | LinkEvent::Missed(_) => {}
            }
            // Nobody listening is no loss.
            let _ = events.send(event);
        }
        ready(())
    }
}

fn translate(event: &Event) -> Option<LinkEvent> {
    Some(match event {
        Event::Connected => LinkEvent::Connected,
        Event::Disconnected | Event::Closed => LinkEvent::Disconnected,
        Event::LameDuckMode => LinkEvent::LameDuck,
        Event::SlowConsumer(_) | Event::ServerError(ServerError::SlowConsumer(_)) => {
            LinkEvent::SlowConsumer
        }
        Event::ServerError(ServerError::Other(text)) => {
            refusal_in(text).unwrap_or_else(|| LinkEvent::Problem(text.as_str().into()))
        }
        Event::ServerError(error @ ServerError::AuthorizationViolation) => {
            LinkEvent::Problem(error.to_string().into())
        }
        Event::ClientError(error) => LinkEvent::Problem(error.to_string().into()),
        Event::Draining => return None,
    })
}

/// Reads `Permissions Violation for Publish to "x"` and its kin (`server/client.go`).
fn refusal_in(text: &str) -> Option<LinkEvent> {
    let rest = text
        .trim_matches('\'')
        .strip_prefix("Permissions Violation for ")?;
    let (verb, quoted) = rest.split_once('"')?;
    let subject = quoted.split('"').next()?.into();
    if verb.starts_with("Subscription") {
        Some(LinkEvent::RefusedSubscribe { subject })
    } else {
        Some(LinkEvent::RefusedPublish { subject })
    }
}

/// What a failed first connect means.
fn refusal(
    address: &Address,
    error: &async_nats::ConnectError,
    trouble: Option<SignError>,
) -> SysError {
    if let Some(trouble) = trouble {
        return SysError::Login(trouble);
    }
    let servers = address.shown();
    let why = Text::from(reason(error));
    let says_no = ["authorization", "authentication"];
    let lower = why.raw().to_lowercase();
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            SysError::LoginRefused { servers, why }
        }
        _ if says_no.iter().any(|word| lower.contains(word)) => {
            SysError::LoginRefused { servers, why }
        }
        _ => SysError::Unreachable { servers, why },
    }
}

/// The innermost cause, which is the one that says something.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

pub(super) fn take(trouble: &Mutex<Option<SignError>>) -> Option<SignError> {
    lock(trouble).take()
}

/// A poisoned lock still holds what was written: these are sets and options, whole at every moment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permissions_violation_becomes_a_refused_subject() {
        let subject = || Text::from("$SYS.REQ.CLAIMS.UPDATE");
        let publish = LinkEvent::RefusedPublish { subject: subject() };
        let subscribe = LinkEvent::RefusedSubscribe { subject: subject() };
        for (verb, refused) in [
            ("Publish to", &publish),
            ("Publish with Reply of", &publish),
            ("Subscription to", &subscribe),
        ] {
            let text = format!("'Permissions Violation for {verb} \"$SYS.REQ.CLAIMS.UPDATE\"'");
            let event = Event::ServerError(ServerError::Other(text));

            assert_eq!(translate(&event).as_ref(), Some(refused), "{verb}");
        }
    }

    #[test]
    fn other_complaints_stay_what_they_are() {
        let event = Event::ServerError(ServerError::Other("Maximum Payload Violation".to_owned()));

        assert_eq!(
            translate(&event),
            Some(LinkEvent::Problem("Maximum Payload Violation".into()))
        );
    }

    #[test]
    fn the_first_try_is_at_once_and_none_waits_more_than_four_seconds() {
        assert_eq!(retry_delay(1), Duration::ZERO);
        assert!(retry_delay(2) > Duration::ZERO);
        assert_eq!(retry_delay(usize::MAX), RETRY_AT_MOST);
    }
}
