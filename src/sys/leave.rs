//! Leaving a server: where a connection goes instead, and which other one goes with it. It opens none.

use std::future::{Ready, ready};
use std::sync::Mutex;

use async_nats::connection::State;
use async_nats::{Client, ReconnectToServer, Server, ServerInfo};
use tokio::sync::watch;

use super::connect::lock;
use crate::text::Text;

/// The id of the server that a connection left last, and whether it has been somewhere since.
#[derive(Clone, Debug, Default)]
pub(super) struct Left {
    server: Text,
    is_back: bool,
}

impl Left {
    /// Tells whether nobody has heard of it: each try to come back says again what was left.
    pub(super) fn leave(&mut self, server: Text) -> bool {
        let is_news = self.is_back || self.server != server;
        *self = Self {
            server,
            is_back: false,
        };
        is_news
    }

    /// Whoever follows is told nothing, for it cares for the next time.
    pub(super) fn come_back(&mut self) -> bool {
        self.is_back = true;
        false
    }
}

/// Where to come back to: not where we were, if there is another. A server that froze would let us in only after a timeout.
/// Tells which server was left, once for all tries to come back.
pub(super) fn another_server(
    leaves: watch::Sender<Left>,
) -> impl Fn(Vec<Server>, ServerInfo) -> Ready<Option<ReconnectToServer>> + Send + Sync {
    let was_at = Mutex::new(None);
    move |servers, info| {
        let is_first = info.server_id.is_empty();
        if !is_first {
            let left = Text::from(info.server_id);
            leaves.send_if_modified(|last| last.leave(left));
        }
        let mut was_at = lock(&was_at);
        let others = servers
            .into_iter()
            .filter(|server| was_at.as_ref() != Some(&server.addr));
        let best = others.min_by_key(|server| (server.failed_attempts, server.did_connect));
        let best = best.filter(|_| !is_first).map(|server| server.addr);
        was_at.clone_from(&best);
        ready(best.map(|addr| ReconnectToServer { addr, delay: None }))
    }
}

/// Leaves whatever server another connection leaves, if it is there.
pub(super) async fn leave_too(mut left: watch::Receiver<Left>, client: Client) {
    while left.changed().await.is_ok() {
        let is_there =
            Text::from(client.server_info().server_id) == left.borrow_and_update().server;
        if is_there && client.connection_state() == State::Connected {
            // One whose task has ended needs no word.
            drop(client.force_reconnect().await);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A server that says its id and answers pings, and counts who came.
    async fn server(id: &'static str) -> (String, watch::Receiver<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = listener.local_addr().unwrap().to_string();
        let (came, count) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                came.send_modify(|count| *count += 1);
                tokio::spawn(talk(stream, id));
            }
        });
        (url, count)
    }

    async fn talk(stream: TcpStream, id: &str) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let info = serde_json::json!({"server_id": id, "max_payload": 1024});
        stream
            .write_all(format!("INFO {info}\r\n").as_bytes())
            .await?;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            if line.starts_with("PING") {
                stream.write_all(b"PONG\r\n").await?;
            }
            line.clear();
        }
        Ok(())
    }

    /// How often a connection at server `A` has come there after another left a server.
    async fn logins_after(left: &str) -> usize {
        let (url, mut logins) = server("A").await;
        let client = async_nats::connect(url).await.unwrap();
        let (leaves, events) = watch::channel(Left::default());
        leaves.send_if_modified(|last| last.leave(left.into()));
        drop(leaves);

        leave_too(events, client.clone()).await;
        // The first is answered when a wish to leave was read, the second when it was granted.
        for _ in 0..2 {
            client.flush().await.unwrap();
        }
        logins.borrow_and_update().to_owned()
    }

    #[tokio::test]
    async fn a_connection_leaves_with_another_only_the_server_that_both_are_at() {
        assert_eq!(logins_after("A").await, 2);
        assert_eq!(logins_after("B").await, 1);
    }

    #[test]
    fn a_server_that_is_left_is_told_once_for_all_tries_and_again_after_coming_back_to_it() {
        let (leaves, mut told) = watch::channel(Left::default());
        let to_another = another_server(leaves.clone());
        let mut leave = || {
            let info = ServerInfo {
                server_id: "A".into(),
                ..ServerInfo::default()
            };
            drop(to_another(Vec::new(), info));
            let is_told = told.has_changed().unwrap();
            told.mark_unchanged();
            is_told
        };

        let first = [leave(), leave()];
        leaves.send_if_modified(Left::come_back);
        let again = leave();

        assert_eq!((first, again), ([true, false], true));
    }
}
