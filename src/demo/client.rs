//! A client that comes back for ever. It speaks the protocol itself, because a polite library gives up after a refusal, which
//! proves nothing about containment, and lets nobody lie about its name.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::DemoError;
use crate::jwt::signer::Signer;
use crate::store::signer::{CredsSigner, CredsSource};

/// Between two tries. Short: a revoked client must knock often while a test counts logins.
const RETRY: Duration = Duration::from_millis(200);
const GREETING_DEADLINE: Duration = Duration::from_secs(5);

/// Who a client is and what it does all day.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) token: Arc<str>,
    /// `None` for a bearer token, which needs no signature.
    pub(super) signer: Option<Arc<dyn Signer>>,
    pub(super) introduction: Introduction,
    pub(super) subscriptions: Vec<&'static str>,
    pub(super) habit: Habit,
}

/// What a client says about itself; servers believe all of it.
#[derive(Clone)]
pub(super) struct Introduction {
    pub(super) name: String,
    pub(super) lang: &'static str,
    pub(super) version: &'static str,
    /// Somebody else's public key, shown by servers as the user.
    pub(super) user: Option<String>,
}

#[derive(Clone, Copy)]
pub(super) enum Habit {
    Idle,
    Busy {
        subject: &'static str,
        every: Duration,
    },
    /// Hangs up after a while, and comes back.
    Flapping {
        stays: Duration,
    },
    /// Subscribes and never reads.
    Slow,
}

impl Client {
    /// A client that logs in with a creds file, which it reads at every login.
    pub(super) fn with_creds(
        creds: &Path,
        introduction: Introduction,
        habit: Habit,
    ) -> Result<Self, DemoError> {
        let (signer, token) = CredsSigner::open(CredsSource::File(creds.to_owned()))?;
        let (token, signer) = (
            token.text().clone(),
            Some(Arc::new(signer) as Arc<dyn Signer>),
        );
        Ok(Self {
            token,
            signer,
            introduction,
            subscriptions: vec!["_INBOX.>"],
            habit,
        })
    }

    /// Connects to the servers in turn, beginning with the one at `first`, until the task is dropped.
    pub(super) async fn run(self, urls: Arc<[String]>, first: usize) {
        for url in urls.iter().cycle().skip(first) {
            // A refusal, a closed connection and a dead server are all the same to it: try the next.
            let _ = self.session(url.trim_start_matches("nats://")).await;
            sleep(RETRY).await;
        }
    }

    async fn session(&self, address: &str) -> std::io::Result<()> {
        let mut socket = BufReader::new(TcpStream::connect(address).await?);
        let mut line = String::new();
        timeout(GREETING_DEADLINE, socket.read_line(&mut line)).await??;
        let greeting: Value = serde_json::from_str(line.trim_start_matches("INFO "))?;
        let nonce = greeting
            .get("nonce")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let mut hello = format!("CONNECT {}\r\nPING\r\n", self.connect_options(nonce)?);
        for (sid, subject) in self.subscriptions.iter().enumerate() {
            hello.extend(["SUB ", subject, " ", &(sid + 1).to_string(), "\r\n"]);
        }
        socket.write_all(hello.as_bytes()).await?;
        self.stay(socket).await
    }

    fn connect_options(&self, nonce: &str) -> std::io::Result<Value> {
        let Introduction {
            name,
            lang,
            version,
            user,
        } = &self.introduction;
        let mut options = json!({
            "verbose": false, "pedantic": false, "protocol": 1, "headers": true, "no_responders": true,
            "jwt": &*self.token, "name": name, "lang": lang, "version": version,
        });
        if let Some(signer) = &self.signer {
            let signature = signer
                .sign(nonce.as_bytes())
                .map_err(std::io::Error::other)?;
            options["sig"] = BASE64URL_NOPAD.encode(&signature).into();
        }
        if let Some(user) = user {
            options["user"] = user.as_str().into();
        }
        Ok(options)
    }

    async fn stay(&self, mut socket: BufReader<TcpStream>) -> std::io::Result<()> {
        let (every, leaves_at) = match self.habit {
            Habit::Idle => (Duration::from_hours(1), None),
            Habit::Busy { every, .. } => (every, None),
            Habit::Flapping { stays } => (Duration::from_hours(1), Some(Instant::now() + stays)),
            Habit::Slow => return self.ignore_everything(socket).await,
        };
        let mut work = interval(every);
        work.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // `read_until` keeps what it has when another branch is first; `read_line` would lose it.
        let mut line = Vec::new();
        loop {
            tokio::select! {
                read = socket.read_until(b'\n', &mut line) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    answer(&mut socket, &String::from_utf8_lossy(&line)).await?;
                    line.clear();
                }
                _ = work.tick() => self.work(&mut socket).await?,
                () = sleep_until(leaves_at) => return Ok(()),
            }
        }
    }

    async fn work(&self, socket: &mut BufReader<TcpStream>) -> std::io::Result<()> {
        if let Habit::Busy { subject, .. } = self.habit {
            socket
                .write_all(format!("PUB {subject} 11\r\nhello world\r\n").as_bytes())
                .await?;
        }
        Ok(())
    }

    /// Holds the connection open without reading, until the server has enough of it.
    async fn ignore_everything(&self, socket: BufReader<TcpStream>) -> std::io::Result<()> {
        socket.get_ref().writable().await?;
        sleep(Duration::from_hours(1)).await;
        Ok(())
    }
}

/// Answers pings and skips the bodies of messages.
async fn answer(socket: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    let mut words = line.split_ascii_whitespace();
    match words.next() {
        Some("PING") => socket.write_all(b"PONG\r\n").await,
        Some("MSG" | "HMSG") => {
            let length: u64 = words
                .next_back()
                .and_then(|word| word.parse().ok())
                .unwrap_or_default();
            tokio::io::copy(&mut socket.take(length + 2), &mut tokio::io::sink()).await?;
            Ok(())
        }
        Some(_) | None => Ok(()),
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
