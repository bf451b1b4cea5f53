//! A listener in the system account that owes nothing to the code under test: it reads what servers write by itself.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Subscriber};
use futures::StreamExt as _;
use nats_oam::jwt::keys::{AccountId, UserId};
use nats_oam::jwt::token::Token;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use super::patience::{DEADLINE, until};
use super::world::{Tenant, World};

const ANSWER: Duration = Duration::from_secs(5);

/// How long nobody may log in after it was called verified.
const QUIET: Duration = Duration::from_secs(3);

/// Someone in the system account.
pub struct Ears {
    client: Client,
}

/// An open connection, as its server tells.
#[derive(Clone, Debug)]
pub struct Open {
    pub server: String,
    pub cid: u64,
    /// `None`: the token is hidden.
    pub user: Option<String>,
}

impl World {
    /// Listens at one server.
    pub async fn ears_at(&self, server: usize) -> Ears {
        let description = self.description();
        Ears::listen(&description.creds, &description.servers[server].url).await
    }

    pub async fn ears(&self) -> Ears {
        self.ears_at(0).await
    }
}

impl Ears {
    async fn listen(creds: &Path, url: &str) -> Self {
        let options = ConnectOptions::with_credentials_file(creds).await.unwrap();
        let client = options
            .ignore_discovered_servers()
            .connect(url)
            .await
            .unwrap();
        Self { client }
    }

    async fn subscribe(&self, subject: String) -> Subscriber {
        let subscriber = self.client.subscribe(subject).await.unwrap();
        // The server has it when it answers.
        self.client.flush().await.unwrap();
        subscriber
    }

    /// Logins into an account from now on.
    pub async fn logins(&self, account: AccountId) -> Logins {
        let subject = format!("$SYS.ACCOUNT.{account}.CONNECT");
        Logins(self.subscribe(subject).await)
    }

    /// Nobody of this key is in on any server, and nobody comes in while its clients keep knocking.
    pub async fn stays_out(&self, tenant: &Tenant, user: &str) {
        let key = tenant.user(user);
        let mut logins = self.logins(tenant.id).await;
        let open = self.open(tenant.id, 3).await;
        let is_of_another = |row: &Open| row.user != Some(key.to_string());
        assert!(open.iter().all(is_of_another), "{open:?}");
        let in_again = logins.during(QUIET).await;
        assert!(!in_again.contains(&key), "{in_again:?}");
    }

    /// Tokens that anybody pushes from now on.
    pub async fn pushes(&self) -> Subscriber {
        self.subscribe("$SYS.REQ.CLAIMS.UPDATE".to_owned()).await
    }

    /// Everything that anybody asks of servers from now on.
    pub async fn requests(&self) -> Requests {
        Requests(self.subscribe("$SYS.REQ.>".to_owned()).await)
    }

    /// Waits until so many servers have told their numbers by themselves: every one does each 10 s.
    pub async fn hears_of(&self, servers: usize) {
        let mut told = self.subscribe("$SYS.SERVER.*.STATSZ".to_owned()).await;
        let search = async {
            let mut names = HashSet::new();
            while names.len() < servers {
                names.insert(told.next().await.unwrap().subject.to_string());
            }
        };
        timeout(DEADLINE, search).await.unwrap();
    }

    /// The accounts that servers say they have.
    pub async fn listed(&self, servers: usize) -> HashSet<String> {
        let told = self
            .ask("$SYS.REQ.CLAIMS.LIST", String::new(), servers)
            .await;
        assert_eq!(told.len(), servers, "a server was silent: {told:?}");
        let of_server = |answer: &String| {
            let answer: Value = serde_json::from_str(answer).unwrap();
            let accounts = answer["data"].as_array().unwrap().clone();
            accounts
                .into_iter()
                .map(|id| id.as_str().unwrap().to_owned())
        };
        told.iter().flat_map(of_server).collect()
    }

    /// Pushes a token by hand, and waits for three servers to take it.
    pub async fn push(&self, token: &Token) {
        let body = token.text().to_string();
        let answers = self.ask("$SYS.REQ.CLAIMS.UPDATE", body, 3).await;
        assert_eq!(answers.len(), 3, "{answers:?}");
    }

    /// Asks all servers, until so many have answered.
    async fn ask(&self, subject: &str, body: String, answers: usize) -> Vec<String> {
        let inbox = self.client.new_inbox();
        let mut replies = self.subscribe(inbox.clone()).await;
        self.client
            .publish_with_reply(subject.to_owned(), inbox, body.into())
            .await
            .unwrap();
        let by = Instant::now() + ANSWER;
        let mut told = Vec::new();
        while told.len() < answers
            && let Ok(Some(reply)) = timeout_at(by, replies.next()).await
        {
            told.push(String::from_utf8(reply.payload.to_vec()).unwrap());
        }
        told
    }

    /// The token of an account as each of so many servers keeps it.
    pub async fn kept(&self, account: AccountId, servers: usize) -> Vec<Token> {
        let subject = format!("$SYS.REQ.ACCOUNT.{account}.CLAIMS.LOOKUP");
        let told = self.ask(&subject, String::new(), servers).await;
        assert_eq!(told.len(), servers, "a server was silent: {told:?}");
        told.iter()
            .map(|token| Token::decode(token).unwrap())
            .collect()
    }

    /// The open connections of an account, as so many servers tell.
    pub async fn open(&self, account: AccountId, servers: usize) -> Vec<Open> {
        let body = json!({"acc": account.to_string(), "auth": true}).to_string();
        let told = self.ask("$SYS.REQ.SERVER.PING.CONNZ", body, servers).await;
        assert_eq!(told.len(), servers, "a server was silent: {told:?}");
        told.iter().flat_map(|answer| connections(answer)).collect()
    }

    /// Waits until a user is connected so many times.
    pub async fn connected(&self, tenant: &Tenant, user: &str, times: usize) -> Vec<Open> {
        let key = tenant.user(user).to_string();
        until(&format!("{user} connects"), || async {
            let open = self.open(tenant.id, 3).await;
            let of_user = open
                .into_iter()
                .filter(|row| row.user.as_ref() == Some(&key));
            let of_user: Vec<Open> = of_user.collect();
            (of_user.len() == times).then_some(of_user)
        })
        .await
    }
}

fn connections(answer: &str) -> Vec<Open> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let server = answer["server"]["name"].as_str().unwrap();
    let rows = answer["data"]["connections"].as_array();
    let row = |row: &Value| Open {
        server: server.to_owned(),
        cid: row["cid"].as_u64().unwrap(),
        user: subject(&row["jwt"]),
    };
    rows.into_iter().flatten().map(row).collect()
}

/// Whose a token is.
fn subject(token: &Value) -> Option<String> {
    let token = Token::decode(token.as_str()?).ok()?;
    Some(token.envelope().subject.to_string())
}

/// What was asked of servers.
pub struct Requests(Subscriber);

impl Requests {
    /// Subject and body of each until now.
    pub async fn until_now(&mut self, ears: &Ears) -> Vec<(String, Value)> {
        // What was sent before this one has arrived when it does.
        let subject = "$SYS.REQ.USER.INFO.of.nobody";
        ears.client.publish(subject, "".into()).await.unwrap();
        let mut requests = Vec::new();
        loop {
            let next = timeout(DEADLINE, self.0.next());
            let request = next.await.unwrap().unwrap();
            if request.subject.as_str() == subject {
                return requests;
            }
            let body = serde_json::from_slice(&request.payload).unwrap_or(Value::Null);
            requests.push((request.subject.to_string(), body));
        }
    }
}

/// The logins into an account.
pub struct Logins(Subscriber);

impl Logins {
    /// Who logs in while nothing else happens: waits as long as it is told.
    pub async fn during(&mut self, time: Duration) -> Vec<UserId> {
        let by = Instant::now() + time;
        let mut users = Vec::new();
        while let Ok(Some(event)) = timeout_at(by, self.0.next()).await {
            let event: Value = serde_json::from_slice(&event.payload).unwrap();
            users.extend(
                subject(&event["client"]["jwt"]).map(|user| user.parse::<UserId>().unwrap()),
            );
        }
        users
    }

    /// Waits until somebody logs in.
    pub async fn heard(&mut self, user: UserId) {
        let search = async {
            while let Some(event) = self.0.next().await {
                let event: Value = serde_json::from_slice(&event.payload).unwrap();
                if subject(&event["client"]["jwt"]) == Some(user.to_string()) {
                    return;
                }
            }
            panic!("the servers fell silent");
        };
        timeout(super::patience::DEADLINE, search).await.unwrap();
    }
}

/// The tokens of one account among those that were pushed until now.
pub async fn pushed_of(pushes: &mut Subscriber, ears: &Ears, account: AccountId) -> Vec<Token> {
    // What was sent before this answer has arrived.
    ears.client.flush().await.unwrap();
    let mut tokens = Vec::new();
    while let Ok(Some(push)) = timeout(Duration::from_millis(200), pushes.next()).await {
        let token = Token::decode(std::str::from_utf8(&push.payload).unwrap()).unwrap();
        if token.envelope().subject == account.key() {
            tokens.push(token);
        }
    }
    tokens
}
