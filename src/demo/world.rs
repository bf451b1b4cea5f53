//! Who there is in the sandbox: an operator and its accounts, in a store and a keyring as nsc lays them out. Their users and
//! what those do all day are in `tenants`; the servers are in `cluster`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::DemoError;
use super::accounts::{
    Entry, billing_entries, order_entries, order_roles, shipping_entries, system_exports, template,
};
use super::files::{private_folder, write_private};
use crate::jwt::edit::with;
use crate::jwt::envelope::TokenKind;
use crate::jwt::fresh;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, KeyKind, OperatorId, UserId};
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::store::keyring::{Keyring, NewKey};
use crate::store::paths::Paths;
use crate::store::{CredsPlace, NscStore, Store, Stored};

/// The operator's name, and that of its folder in the store.
pub(super) const OPERATOR: &str = "DEMO";
pub(super) const SYSTEM: &str = "SYS";

const DAY_S: i64 = 86_400;

/// The world while it is made, and then as it lies on disk.
pub(super) struct World {
    folder: PathBuf,
    store: NscStore,
    now: UnixTime,
    pub(super) operator: OperatorId,
    pub(super) operator_token: Token,
    /// The operator key that signs accounts.
    signing_key: NewKey,
    accounts: BTreeMap<String, Account>,
    pub(super) users: usize,
}

/// An account, its keys and, once it is signed, its token.
struct Account {
    id: AccountId,
    identity: NewKey,
    plain: NewKey,
    roles: BTreeMap<&'static str, NewKey>,
    token: Option<Token>,
}

/// Who signs a user.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Identity,
    Plain,
    Role(&'static str),
}

/// A user, and where its creds lie.
pub(super) struct User {
    pub(super) id: UserId,
    pub(super) creds: PathBuf,
}

/// Makes operator and accounts below a folder. `spare` accounts are for tests, one each.
pub(super) fn build(folder: &Path, now: UnixTime, spare: usize) -> Result<World, DemoError> {
    let mut world = World::begin(folder, now)?;
    for name in [
        "ORDERS", "BILLING", "SHIPPING", "EDGE", "LEGACY", "CALLOUT", SYSTEM,
    ] {
        world.name_account(name)?;
    }
    world.account(SYSTEM, &[], system_exports())?;
    let (orders, billing) = (world.id("ORDERS")?, world.id("BILLING")?);
    world.account("ORDERS", &order_roles(), order_entries(billing))?;
    world.account(
        "BILLING",
        &[("reader", template(&[], &["bills.>", "_INBOX.>"]))],
        billing_entries(orders),
    )?;
    world.account(
        "SHIPPING",
        &[("tracker", template(&["tracks.{{name()}}.>"], &["_INBOX.>"]))],
        shipping_entries(orders),
    )?;
    world.account("EDGE", &[], Vec::new())?;
    world.account("LEGACY", &[], Vec::new())?;
    world.account("CALLOUT", &[], Vec::new())?;
    for number in 1..=spare {
        world.spare_account(&format!("TEST{number:02}"))?;
    }
    Ok(world)
}

impl World {
    fn begin(folder: &Path, now: UnixTime) -> Result<Self, DemoError> {
        let keyring = Keyring::new(folder.join("keys"));
        let identity = kept(&keyring, KeyKind::Operator)?;
        let [signing_key, second] = [
            kept(&keyring, KeyKind::Operator)?,
            kept(&keyring, KeyKind::Operator)?,
        ];
        let system = kept(&keyring, KeyKind::Account)?;
        let operator = OperatorId::try_from(identity.public_key())?;
        let keys = Node::strings([&signing_key, &second].map(|key| key.public_key().to_string()));
        let tree = with(
            fresh::operator(&OPERATOR.into(), operator),
            TokenKind::Operator,
            ["nats", "signing_keys"],
            keys,
        );
        let tree = with(
            tree,
            TokenKind::Operator,
            ["nats", "system_account"],
            Node::from(system.public_key().to_string()),
        );
        let operator_token = Token::issue(&tree, &identity, now)?;
        write_operator(folder, &operator_token)?;
        let mut world = Self {
            folder: folder.to_owned(),
            store: NscStore::open(&paths(folder))?,
            now,
            operator,
            operator_token,
            signing_key,
            accounts: BTreeMap::new(),
            users: 0,
        };
        world.know(SYSTEM, system)?;
        Ok(world)
    }

    /// Gives an account its keys, so that others can name it before it is signed.
    fn name_account(&mut self, name: &str) -> Result<(), DemoError> {
        if self.accounts.contains_key(name) {
            return Ok(());
        }
        let identity = kept(self.store.keyring(), KeyKind::Account)?;
        self.know(name, identity)
    }

    fn know(&mut self, name: &str, identity: NewKey) -> Result<(), DemoError> {
        let id = AccountId::try_from(identity.public_key())?;
        let plain = kept(self.store.keyring(), KeyKind::Account)?;
        self.accounts.insert(
            name.to_owned(),
            Account {
                id,
                identity,
                plain,
                roles: BTreeMap::new(),
                token: None,
            },
        );
        Ok(())
    }

    /// Signs an account with its roles and entries, and puts it into the store.
    fn account(
        &mut self,
        name: &str,
        roles: &[(&'static str, Node)],
        entries: Vec<Entry>,
    ) -> Result<(), DemoError> {
        let keyring = self.store.keyring().clone();
        let account = self.accounts.get_mut(name).ok_or_else(|| unknown(name))?;
        let mut signing_keys = vec![Node::from(account.plain.public_key().to_string())];
        for (role, template) in roles {
            let key = kept(&keyring, KeyKind::Account)?;
            signing_keys.push(fresh::role(
                key.public_key(),
                &(*role).into(),
                template.clone(),
            ));
            account.roles.insert(role, key);
        }
        let mut tree = fresh::account(&name.into(), account.id);
        tree = with(
            tree,
            TokenKind::Account,
            ["nats", "signing_keys"],
            Node::Array(signing_keys),
        );
        for (place, node) in entries {
            tree = with(tree, TokenKind::Account, ["nats", place], node);
        }
        self.sign_account(name, &tree)
    }

    /// An account for a test.
    fn spare_account(&mut self, name: &str) -> Result<(), DemoError> {
        let worker = template(&["work.{{name()}}.>"], &["jobs.>", "_INBOX.>"]);
        self.name_account(name)?;
        self.account(name, &[("worker", worker)], Vec::new())
    }

    /// Gives a spare account its users: `a b c`, `r` of a role, `k` with a bearer token.
    pub(super) fn settle_spare(&mut self, account: &str) -> Result<(), DemoError> {
        for user in ["a", "b", "c"] {
            self.user(account, user, By::Plain, |tree| tree)?;
        }
        self.user(account, "r", By::Role("worker"), |tree| tree)?;
        self.user(account, "k", By::Plain, bearer)?;
        Ok(())
    }

    fn sign_account(&mut self, name: &str, tree: &Node) -> Result<(), DemoError> {
        let token = Token::issue(tree, &self.signing_key, self.now)?;
        let account = self.accounts.get_mut(name).ok_or_else(|| unknown(name))?;
        let base = account.token.as_ref().map(Token::revision);
        self.store
            .write(&Stored::Account(account.id), &token, base)?;
        account.token = Some(token);
        Ok(())
    }

    /// Signs an account again, with one more change.
    pub(super) fn change(
        &mut self,
        name: &str,
        path: [&str; 3],
        value: Node,
    ) -> Result<(), DemoError> {
        let account = self.accounts.get(name).ok_or_else(|| unknown(name))?;
        let tree = account
            .token
            .as_ref()
            .ok_or_else(|| unknown(name))?
            .tree()
            .clone();
        self.sign_account(name, &with(tree, TokenKind::Account, path, value))
    }

    /// The end of an account, some days from now.
    pub(super) fn expire(&mut self, name: &str, days: i64) -> Result<(), DemoError> {
        let account = self.accounts.get(name).ok_or_else(|| unknown(name))?;
        let tree = account
            .token
            .as_ref()
            .ok_or_else(|| unknown(name))?
            .tree()
            .clone();
        let end = Node::from(self.now.0 + days * DAY_S);
        self.sign_account(name, &with(tree, TokenKind::Account, ["exp"], end))
    }

    /// A new user with its creds. `shape` adds to its tree; of a role, nothing but tags may be added.
    pub(super) fn user(
        &mut self,
        account: &str,
        name: &str,
        by: By,
        shape: impl FnOnce(Node) -> Node,
    ) -> Result<User, DemoError> {
        let key = kept(self.store.keyring(), KeyKind::User)?;
        let user = UserId::try_from(key.public_key())?;
        let token = self.sign_user(account, name, user, by, shape)?;
        let stored = Stored::User {
            account: self.id(account)?,
            user,
            name: Some(name.into()),
        };
        self.store.write(&stored, &token, None)?;
        let creds = self
            .store
            .write_creds(&token, Some(&key), &CredsPlace::Keyring)?;
        self.users += 1;
        Ok(User { id: user, creds })
    }

    /// A user that is in no store and no keyring: only its creds exist, beside the world.
    pub(super) fn stray_user(
        &mut self,
        account: &str,
        name: &str,
        file: &str,
    ) -> Result<User, DemoError> {
        let key = NewKey::random(KeyKind::User)?;
        let id = UserId::try_from(key.public_key())?;
        let token = self.sign_user(account, name, id, By::Plain, |tree| tree)?;
        let folder = self.folder.join("stray");
        private_folder(&folder)?;
        let creds =
            self.store
                .write_creds(&token, Some(&key), &CredsPlace::File(folder.join(file)))?;
        Ok(User { id, creds })
    }

    fn sign_user(
        &self,
        account: &str,
        name: &str,
        id: UserId,
        by: By,
        shape: impl FnOnce(Node) -> Node,
    ) -> Result<Token, DemoError> {
        let held = self.accounts.get(account).ok_or_else(|| unknown(account))?;
        let (signer, tree) = match by {
            By::Identity => (&held.identity, fresh::user(&name.into(), id, None)),
            By::Plain => (&held.plain, fresh::user(&name.into(), id, Some(held.id))),
            By::Role(role) => (
                held.roles.get(role).ok_or_else(|| unknown(role))?,
                fresh::role_user(&name.into(), id, held.id),
            ),
        };
        Ok(Token::issue(&shape(tree), signer, self.now)?)
    }

    pub(super) fn id(&self, account: &str) -> Result<AccountId, DemoError> {
        Ok(self
            .accounts
            .get(account)
            .ok_or_else(|| unknown(account))?
            .id)
    }

    /// Every account's key and token.
    pub(super) fn tokens(&self) -> Vec<(String, String)> {
        let signed = self
            .accounts
            .values()
            .filter_map(|account| Some((account.id, account.token.as_ref()?)));
        signed
            .map(|(id, token)| (id.to_string(), token.text().to_string()))
            .collect()
    }

    pub(super) fn accounts(&self) -> usize {
        self.accounts.len()
    }

    pub(super) fn now(&self) -> UnixTime {
        self.now
    }

    pub(super) fn stores(&self) -> PathBuf {
        self.folder.join("stores")
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// Writes the context file that `--context` takes.
    pub(super) fn write_context(
        &self,
        urls: &[String],
        creds: &Path,
    ) -> Result<PathBuf, DemoError> {
        let path = self.folder.join("demo.json");
        let context = serde_json::json!({
            "description": "the sandbox", "url": urls.join(","), "creds": creds,
            "production": false, "operator": OPERATOR, "data_dir": self.stores(), "keystore_dir": self.keys(),
        });
        write_private(&path, &context.to_string())?;
        Ok(path)
    }
}

fn paths(folder: &Path) -> Paths {
    Paths {
        config: folder.join("nsc"),
        stores: folder.join("stores"),
        keys: folder.join("keys"),
        operator: Some(OPERATOR.into()),
        account: None,
        problem: None,
    }
}

fn write_operator(folder: &Path, token: &Token) -> Result<(), DemoError> {
    let folder = folder.join("stores").join(OPERATOR);
    private_folder(&folder.join("accounts"))?;
    let marker =
        format!(r#"{{"managed":false,"name":"{OPERATOR}","kind":"operator","version":"1"}}"#);
    write_private(&folder.join(".nsc"), &marker)?;
    write_private(&folder.join(format!("{OPERATOR}.jwt")), token.text())
}

fn unknown(name: &str) -> DemoError {
    DemoError::Failed(format!("the sandbox has no {name}"))
}

/// A user whose token alone lets it in.
pub(super) fn bearer(tree: Node) -> Node {
    let path = ["nats", "bearer_token"];
    with(tree, TokenKind::User, path, Node::from(true))
}

/// A new key whose seed lies in the keyring.
fn kept(keyring: &Keyring, kind: KeyKind) -> Result<NewKey, DemoError> {
    let key = NewKey::random(kind)?;
    keyring.keep(&key)?;
    Ok(key)
}
