//! A small world for the pages: two accounts, users of every look, connections that are and are not who they claim to be.

use std::sync::Arc;

use super::screen::start;
use crate::actions::survey::Survey;
use crate::inventory::account::AccountRow;
use crate::inventory::account_line::{
    AccountLine, AccountState, Content, CopyLine, CopyState, Standing, Users,
};
use crate::inventory::connection::{
    ConnectionKind, ConnectionRow, ConnectionState, Holder, Identity, Named, SignedBy, Tls, Traffic,
};
use crate::inventory::operator_line::{Chosen, OperatorLine};
use crate::inventory::picture::Picture;
use crate::inventory::role_line::{Members, RoleLine};
use crate::inventory::server::{ServerLabel, Strictness};
use crate::inventory::user_line::{Bearer, Sources, Stamp, UserLine, UserState};
use crate::inventory::user_page::{Creds, Read, UserPage};
use crate::jwt;
use crate::jwt::account::Account;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, ConnId, OperatorId, PublicKey, ServerId, UserId};
use crate::jwt::role::Template;
use crate::jwt::signer::Signer as _;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::jwt::user::{AllowDeny, Permissions, Restrictions};
use crate::test_support::{account, account_signer, operator_signer, user};
use crate::text::Text;
use crate::tui::app::seen::Seen;

const DAY: i64 = 86_400;

/// A moment so many days before the tests begin.
fn days_ago(days: i64) -> UnixTime {
    UnixTime(start().as_second() - days * DAY)
}

fn orders_id() -> AccountId {
    account_signer().public_key().try_into().unwrap()
}

fn orders_token() -> Arc<AccountRow> {
    let tree = account("ORDERS", []);
    let token = Token::issue(&tree, &operator_signer(), days_ago(12)).unwrap();
    Arc::new(AccountRow {
        account: Account::of(&token).unwrap(),
        revision: token.revision(),
        token_bytes: token.text().len(),
        directory: Text::default(),
    })
}

fn copy(server: &str, state: CopyState) -> CopyLine {
    CopyLine {
        place: "server",
        server: Some(server.into()),
        revision: None,
        issued_at: Some(days_ago(12)),
        state,
        content: (state == CopyState::Stale).then_some(Content::Other),
    }
}

fn accounts() -> Vec<AccountLine> {
    let orders = AccountLine {
        id: orders_id(),
        token: Some(orders_token()),
        operator: None,
        standing: Standing::Tenant,
        state: AccountState::Active,
        copies: vec![copy("n1", CopyState::InForce), copy("n2", CopyState::Stale)],
        users: Users {
            stored: Some(4),
            seen: Some(1),
        },
        connections: Some(3),
    };
    let strange = AccountLine {
        id: AccountId::from_bytes([3; 32]),
        token: None,
        state: AccountState::Unknown,
        copies: Vec::new(),
        users: Users::default(),
        connections: Some(1),
        ..orders.clone()
    };
    vec![orders, strange]
}

fn worker_key() -> PublicKey {
    PublicKey {
        bytes: [8; 32],
        ..orders_id().key()
    }
}

fn label() -> Arc<Named<AccountId>> {
    Arc::new(Named {
        key: orders_id(),
        name: Some("ORDERS".into()),
    })
}

fn line(nth: u8, name: &str, state: UserState) -> UserLine {
    let signer = |key, role| SignedBy {
        key,
        kind: None,
        role,
    };
    let signer = match nth {
        2 => signer(worker_key(), Some("worker".into())),
        _ => signer(account_signer().public_key(), None),
    };
    UserLine {
        id: UserId::from_bytes([nth; 32]),
        account: label(),
        name: Some(name.into()),
        signer: Some(Arc::new(signer)),
        tags: None,
        issued_at: Some(days_ago(12)).into(),
        expires_at: Some(days_ago(-18)).into(),
        not_before: Stamp::default(),
        revoked_at: Stamp::default(),
        connections: Some(u32::from(nth == 1) * 2),
        state,
        sources: Sources::STORE.and_if(nth == 1, Sources::LIVE),
        bearer: Bearer::No,
    }
}

fn users() -> Vec<UserLine> {
    let revoked = UserLine {
        revoked_at: Some(days_ago(1)).into(),
        ..line(3, "orders-api-old", UserState::Revoked)
    };
    vec![
        line(1, "orders-api", UserState::Active),
        line(2, "worker", UserState::Expired),
        revoked,
        line(4, "wor\u{202e}ker\u{1b}[2J", UserState::Unknown),
    ]
}

pub(crate) fn connection(cid: u64, name: &str, identity: Option<Identity>) -> ConnectionRow {
    let server = ServerId::from_bytes([1; 32]);
    let holder = identity.map(|identity| Holder {
        user: Some(Named {
            key: UserId::from_bytes([1; 32]),
            name: Some("orders-api".into()),
        }),
        identity,
        claimed_user: (identity == Identity::Spoofed).then(|| "admin\u{1b}[31m".into()),
        signer: None,
        issued_at: Some(days_ago(12)),
    });
    ConnectionRow {
        id: ConnId { server, cid },
        server: ServerLabel {
            id: server,
            name: "n1".into(),
            cluster: Some("C1".into()),
        },
        kind: ConnectionKind::Client,
        transport: None,
        state: ConnectionState::Open,
        account: Some(Named {
            key: orders_id(),
            name: Some("ORDERS".into()),
        }),
        holder,
        name: name.into(),
        lang: "rust".into(),
        version: "0.51.0".into(),
        ip: "10.2.14.7".into(),
        port: Some(51_822),
        tls: Tls::Version("1.3".into()),
        connected_at: Some(days_ago(1).timestamp()),
        last_active_at: Some(start()),
        closed_at: None,
        reason: None,
        rtt_ms: Some(1.2),
        idle_s: Some(6),
        traffic: Some(Traffic {
            subscriptions: 3,
            in_msgs: 2_113,
            in_bytes: 1_258_291,
            ..Traffic::default()
        }),
        rate: None,
    }
}

fn operator() -> OperatorLine {
    let id = OperatorId::try_from(operator_signer().public_key()).unwrap();
    OperatorLine {
        id,
        row: None,
        signing_keys: vec![PublicKey {
            bytes: [7; 32],
            ..id.key()
        }],
        strictness: Strictness::SigningKeysOnly,
        system_account: None,
        accounts: Some(2),
        chosen: Chosen::Current,
    }
}

/// The role that signed the second user.
fn role() -> RoleLine {
    let list = |subjects: &[&str]| AllowDeny {
        allow: Some(subjects.iter().copied().map(Text::from).collect()),
        deny: Vec::new(),
    };
    let permissions = Permissions {
        publish: list(&["orders.{{name()}}.done"]),
        subscribe: list(&["orders.work.>", "_INBOX.>"]),
        responses: None,
    };
    RoleLine {
        role: jwt::role::Role {
            key: worker_key(),
            name: "worker".into(),
            description: "does the work".into(),
            template: Template {
                permissions,
                restrictions: Restrictions::default(),
            },
        },
        account: label(),
        members: Members {
            stored: Some(1),
            live: Some(0),
        },
    }
}

/// The open connections, out of order.
pub(super) fn connections() -> Vec<ConnectionRow> {
    vec![
        connection(41_318, "orders-api-2", Some(Identity::Verified)),
        connection(41_207, "orders-api-1", Some(Identity::Verified)),
        connection(41_400, "laptop", Some(Identity::Spoofed)),
        connection(41_401, "nightly", None),
    ]
}

/// Everything there is.
pub(super) fn seen() -> Seen {
    let picture = Picture {
        operator: Some(operator()),
        accounts: accounts(),
        roles: vec![role()],
        users: users(),
        ..Picture::default()
    };
    let connections = connections();
    let survey = Survey {
        silent: ["n3".into()].into(),
        ..Survey::default()
    };
    Seen::of(survey, picture, Some(connections), (start(), start()))
}

/// A world in which there is nothing.
pub(super) fn nothing() -> Seen {
    let (survey, picture) = (Survey::default(), Picture::default());
    Seen::of(survey, picture, Some(Vec::new()), (start(), start()))
}

/// What is worked out about the first user, whose token allows one subject and denies another.
pub(super) fn page() -> UserPage {
    let words = |words: &[&str]| Node::Array(words.iter().copied().map(Node::from).collect());
    let publish = Node::object([
        ("allow", words(&["orders.*.done"])),
        ("deny", words(&["orders.debug.>"])),
    ]);
    let tree = user("orders-api", [("pub", publish)]);
    let token = Token::issue(&tree, &account_signer(), days_ago(12)).unwrap();
    let orders = orders_token();
    let read = Read {
        token: Some((&token, crate::inventory::user_page::Origin::Store)),
        account: Some(&orders.account),
        open: &[],
        ..Read::default()
    };
    UserPage::of(line(1, "orders-api", UserState::Active), &read, Creds::None)
}

/// The key of the first user.
pub(super) fn first_user() -> PublicKey {
    UserId::from_bytes([1; 32]).key()
}

/// An account with so many users, and nothing else.
pub(super) fn crowd(users: u32) -> Seen {
    let user = |nth: u32| {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&nth.to_be_bytes());
        UserLine {
            id: UserId::from_bytes(id),
            ..line(1, &format!("user-{nth}"), UserState::Active)
        }
    };
    let picture = Picture {
        operator: Some(operator()),
        accounts: accounts(),
        users: (0..users).map(user).collect(),
        ..Picture::default()
    };
    Seen::of(
        Survey::default(),
        picture,
        Some(Vec::new()),
        (start(), start()),
    )
}
