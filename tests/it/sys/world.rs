//! What the tests of the system account stand on: a sandbox, people in it, and patience.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_nats::{Auth, Client, ConnectOptions};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use nats_oam::demo::sandbox::{Description, Sandbox};
use nats_oam::jwt::edit::{Edit, Value, apply};
use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{AccountId, ConnId, KeyKind, PublicKey, UserId};
use nats_oam::jwt::signer::{SignError, Signer};
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::jwt::user::User;
use nats_oam::store::keyring::{Keyring, NewKey};
use nats_oam::sys::{
    Address, Answer, ConnQuery, Login, NoSigners, Setup, Sys, SysError, SysEvent, SystemAccount,
    TlsFiles,
};
use nats_oam::text::Text;

use crate::support::patience::DEADLINE;
use crate::support::world::sandbox;

/// One for each test that asks for more than the accounts of the world.
pub const SPARE_ACCOUNTS: usize = 5;

/// A user with its key: logs in to the system account, or connects as a tenant.
#[derive(Clone)]
pub struct Someone {
    token: Token,
    key: Arc<NewKey>,
}

impl Someone {
    pub fn id(&self) -> UserId {
        self.key.public_key().try_into().unwrap()
    }

    fn sign(&self, nonce: &[u8]) -> [u8; 64] {
        self.key.sign(nonce).unwrap()
    }

    /// A client that comes back for ever.
    pub async fn connect(&self, url: &str) -> Client {
        self.connect_claiming(url, None).await
    }

    /// The same, saying that it is somebody else.
    pub async fn connect_claiming(&self, url: &str, claimed: Option<UserId>) -> Client {
        let me = self.clone();
        let options = ConnectOptions::with_auth_callback(move |nonce| {
            let mut auth = Auth::new();
            auth.jwt = Some(me.token.text().to_string());
            auth.signature = Some(me.sign(&nonce).to_vec());
            auth.username = claimed.map(|user| user.to_string());
            std::future::ready(Ok(auth))
        });
        let options = options.ignore_discovered_servers();
        options.connect(url).await.unwrap()
    }
}

impl Login for Someone {
    fn answer(&self, nonce: Vec<u8>) -> BoxFuture<'static, Result<Answer, SignError>> {
        let answer = Answer {
            jwt: self.token.text().to_string(),
            signature: Some(self.sign(&nonce)),
        };
        Box::pin(std::future::ready(Ok(answer)))
    }
}

/// What a test stands on.
pub struct World {
    pub description: Description,
    pub keyring: Keyring,
}

impl World {
    /// The sandbox of all tests here, made by the first. It ends with this process.
    pub fn shared(program: &Path) -> Self {
        static SANDBOX: OnceLock<Mutex<Sandbox>> = OnceLock::new();
        let sandbox = SANDBOX.get_or_init(|| Mutex::new(sandbox(program, SPARE_ACCOUNTS, false)));
        Self::of(&sandbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn of(sandbox: &Sandbox) -> Self {
        let description = sandbox.description().clone();
        Self {
            keyring: Keyring::new(description.keystore_dir.clone()),
            description,
        }
    }

    pub fn url(&self, server: usize) -> &str {
        &self.description.servers[server].url
    }

    pub fn user(&self, account: AccountId, name: &str) -> Someone {
        self.shaped(account, name, |tree| tree)
    }

    pub fn shaped(
        &self,
        account: AccountId,
        name: &str,
        shape: impl FnOnce(Node) -> Node,
    ) -> Someone {
        let key = NewKey::random(KeyKind::User).unwrap();
        let id = key.public_key().try_into().unwrap();
        let signer = self.keyring.signer(account.key()).unwrap();
        let tree = shape(fresh::user(&name.into(), id, None));
        Someone {
            token: Token::issue(&tree, &signer, now()).unwrap(),
            key: Arc::new(key),
        }
    }

    pub async fn login(&self, who: Someone) -> Result<SystemAccount, SysError> {
        SystemAccount::connect(Setup {
            address: Address {
                urls: vec![self.url(0).to_owned()],
                tls: TlsFiles::default(),
                client_name: "test".to_owned(),
                inbox_prefix: None,
            },
            login: Arc::new(who),
            roster: self.names(),
            signers: Arc::new(NoSigners),
            timeout: Duration::from_secs(2),
        })
        .await
    }

    fn names(&self) -> Vec<Text> {
        let servers = self.description.servers.iter();
        servers.map(|server| server.name.as_str().into()).collect()
    }

    /// The system account, as an administrator.
    pub async fn system(&self) -> SystemAccount {
        let admin = self.user(self.system_id(), "tester");
        self.login(admin).await.unwrap()
    }

    pub fn system_id(&self) -> AccountId {
        let creds = std::fs::read_to_string(&self.description.creds).unwrap();
        let token = creds.lines().nth(1).unwrap();
        let token = Token::decode(token).unwrap();
        User::of(&token).unwrap().account
    }
}

fn now() -> UnixTime {
    Timestamp::now().into()
}

/// The stored token of an account, by its name.
pub async fn account(system: &SystemAccount, name: &str) -> (AccountId, Token) {
    let tokens: Vec<Token> = Sys::pack(system)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let token = tokens
        .into_iter()
        .find(|token| token.envelope().name.to_string() == name)
        .unwrap();
    (token.envelope().subject.try_into().unwrap(), token)
}

/// A key of the operator that every server trusts.
pub fn trusted_key(system: &SystemAccount) -> PublicKey {
    let census = Sys::census(system).borrow().clone();
    let server = census.ours().next().unwrap();
    let operator = &server.trust.as_ref().unwrap().0[0];
    let key = operator.signing_keys[0];
    assert!(census.distrusting(key).is_empty());
    key
}

/// The token with a user revoked from now on.
pub fn revoking(base: &Token, user: UserId, signer: &dyn Signer) -> Token {
    let until = UnixTime(now().0 + 1);
    let path = [
        "nats".to_owned(),
        "revocations".to_owned(),
        user.to_string(),
    ];
    let edit = Edit::set(
        path,
        Value::ServerTime {
            at_least: Some(until),
        },
    );
    let at = UnixTime(base.envelope().issued_at.unwrap().0 + 1).max(now());
    Token::issue(&apply(base, &[edit], until), signer, at).unwrap()
}

/// The next event that is wanted.
pub async fn heard<T>(
    events: &mut BoxStream<'static, Vec<SysEvent>>,
    wanted: impl Fn(&SysEvent) -> Option<T>,
) -> T {
    let search = async {
        while let Some(batch) = events.next().await {
            if let Some(found) = batch.iter().find_map(&wanted) {
                return found;
            }
        }
        panic!("the feed has ended");
    };
    tokio::time::timeout(DEADLINE, search).await.unwrap()
}

pub async fn open(system: &SystemAccount, account: AccountId) -> Vec<ConnId> {
    let told = Sys::connections(system, ConnQuery::Account(account))
        .await
        .unwrap();
    told.answers()
        .flat_map(|(_, rows)| rows.iter().map(|row| row.id))
        .collect()
}
