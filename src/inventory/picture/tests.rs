//! The join: each state, each source, and what is not known.

use std::sync::Arc;

use super::Picture;
use crate::inventory::account::AccountRow;
use crate::inventory::account_line::{AccountState, CopyState};
use crate::inventory::connection::{
    ConnectionKind, ConnectionRow, ConnectionState, Holder, Identity, Named, SignedBy, Tls,
};
use crate::inventory::key_line::KeyRole;
use crate::inventory::server::ServerLabel;
use crate::inventory::terms::Terms;
use crate::inventory::told::{Here, Live, ServerCopy, Told};
use crate::inventory::user::{UserEntry, UsersBuilder};
use crate::inventory::user_line::{Bearer, UserLine, UserState};
use crate::jwt::account::Account;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, ConnId, KeyKind, PublicKey, ServerId, UserId};
use crate::jwt::signer::Signer as _;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::test_support::{ByteSigner, account, account_signer, operator_signer};
use crate::text::Text;

const NOW: UnixTime = UnixTime(1_000_000);

fn key_of(byte: u8) -> PublicKey {
    ByteSigner::new(KeyKind::Account, byte).public_key()
}

fn id() -> AccountId {
    account_signer().public_key().try_into().unwrap()
}

fn user(byte: u8) -> UserId {
    UserId::from_bytes([byte; 32])
}

/// The account's token as it was issued at a time.
fn token<const N: usize>(at: i64, fields: [(&str, Node); N]) -> Arc<AccountRow> {
    let tree = account("ORDERS", fields);
    let token = Token::issue(&tree, &operator_signer(), UnixTime(at)).unwrap();
    Arc::new(AccountRow {
        account: Account::of(&token).unwrap(),
        revision: token.revision(),
        token_bytes: token.text().len(),
        directory: Text::default(),
    })
}

fn limits(connections: i64) -> (&'static str, Node) {
    ("limits", Node::object([("conn", Node::from(connections))]))
}

/// An account that is open, has a plain key and a role, and revokes user 9 and what user 8 had before 500.
fn open_account() -> Arc<AccountRow> {
    let template = Node::object([("bearer_token", Node::from(true))]);
    let role = crate::jwt::fresh::role(key_of(21), &"worker".into(), template);
    let plain = Node::from(key_of(20).to_string());
    let revoked = [(user(9).to_string(), 900), (user(8).to_string(), 500)];
    let revoked = revoked.map(|(key, at)| (key, Node::from(at)));
    token(
        100,
        [
            limits(-1),
            ("signing_keys", Node::Array(vec![plain, role])),
            ("revocations", Node::Object(revoked.to_vec())),
        ],
    )
}

struct Stored {
    key: u8,
    signer: u8,
    issued_at: i64,
    expires_at: Option<i64>,
    not_before: Option<i64>,
    bearer: bool,
}

const PLAIN: Stored = Stored {
    key: 1,
    signer: 20,
    issued_at: 600,
    expires_at: None,
    not_before: None,
    bearer: false,
};

fn told(row: Arc<AccountRow>, users: &[Stored]) -> Told {
    let mut builder = UsersBuilder::default();
    for stored in users {
        let entry = UserEntry {
            key: user(stored.key),
            name: format!("user-{}", stored.key).into(),
            account: id(),
            issuer: key_of(stored.signer),
            issued_at: Some(UnixTime(stored.issued_at)),
            expires_at: stored.expires_at.map(UnixTime),
            terms: Terms {
                bearer: stored.bearer,
                not_before: stored.not_before.map(UnixTime),
                tags: vec!["team:blue".to_owned()],
                ..Terms::default()
            },
        };
        builder.push(&"ORDERS".into(), &entry, vec![]);
    }
    Told {
        now: NOW,
        stored: Some([(id(), row)].into()),
        users: vec![Arc::new(builder.seal())],
        ..Told::default()
    }
}

fn connection(cid: u64, key: u8, issued_at: i64, identity: Identity) -> ConnectionRow {
    let server = ServerId::from_bytes([1; 32]);
    ConnectionRow {
        id: ConnId { server, cid },
        server: ServerLabel {
            id: server,
            name: "n1".into(),
            cluster: None,
        },
        kind: ConnectionKind::Client,
        transport: None,
        state: ConnectionState::Open,
        account: Some(Named::unnamed(id())),
        holder: Some(Holder {
            user: Some(Named {
                key: user(key),
                name: Some(format!("live-{key}").into()),
            }),
            identity,
            claimed_user: None,
            signer: Some(SignedBy {
                key: key_of(20),
                kind: None,
                role: None,
            }),
            issued_at: Some(UnixTime(issued_at)),
        }),
        name: Text::default(),
        lang: Text::default(),
        version: Text::default(),
        ip: Text::default(),
        port: None,
        tls: Tls::NotAsked,
        connected_at: None,
        last_active_at: None,
        closed_at: None,
        reason: None,
        rtt_ms: None,
        idle_s: None,
        traffic: None,
        rate: None,
    }
}

fn live(open: Vec<ConnectionRow>) -> Live {
    Live {
        counts: [(id(), open.len() as u64)].into(),
        identified: [id()].into(),
        open,
        ..Live::default()
    }
}

fn line(picture: &Picture, key: u8) -> &UserLine {
    picture.user(user(key)).unwrap()
}

#[test]
fn each_state_of_a_stored_user_is_told_from_the_others() {
    let late = Some(NOW.0 + 1);
    let past = Some(NOW.0);
    #[rustfmt::skip]
    let cases = [
        (Stored { ..PLAIN }, UserState::Active),
        (Stored { key: 2, signer: 77, ..PLAIN }, UserState::SignerGone),
        (Stored { key: 9, ..PLAIN }, UserState::Revoked),
        (Stored { key: 3, expires_at: past, ..PLAIN }, UserState::Expired),
        (Stored { key: 4, not_before: late, ..PLAIN }, UserState::NotYet),
        (Stored { key: 8, ..PLAIN }, UserState::PartlyRevoked),
    ];
    let users: Vec<Stored> = cases
        .iter()
        .map(|(stored, _)| Stored { ..*stored })
        .collect();

    let picture = Picture::of(&told(open_account(), &users));

    for (stored, state) in &cases {
        assert_eq!(line(&picture, stored.key).state, *state, "{}", stored.key);
    }
    assert_eq!(line(&picture, 9).revoked_at.time(), Some(UnixTime(900)));
    assert_eq!(line(&picture, 8).revoked_at.time(), Some(UnixTime(500)));
    assert_eq!(line(&picture, 1).revoked_at.time(), None);
}

#[test]
fn the_state_that_shuts_out_for_longest_wins() {
    let gone = Stored {
        key: 9,
        signer: 77,
        expires_at: Some(1),
        ..PLAIN
    };
    let revoked = Stored {
        key: 9,
        expires_at: Some(1),
        ..PLAIN
    };
    let of = |row: Arc<AccountRow>, stored: Stored| {
        let picture = Picture::of(&told(row, &[stored]));
        line(&picture, 9).state
    };

    assert_eq!(of(open_account(), Stored { ..gone }), UserState::SignerGone);
    assert_eq!(of(open_account(), revoked), UserState::Revoked);
    assert_eq!(
        of(token(100, [limits(0)]), gone),
        UserState::AccountDisabled
    );
}

#[test]
fn a_user_whose_account_nobody_showed_is_unknown() {
    let mut told = told(open_account(), &[PLAIN]);
    told.stored = Some([].into());

    let picture = Picture::of(&told);

    assert_eq!(line(&picture, 1).state, UserState::Unknown);
    let json = serde_json::to_value(line(&picture, 1)).unwrap();
    assert!(json.get("revoked_at").is_none());
}

#[test]
fn store_live_tokens_and_revocations_make_one_row_each() {
    let mut told = told(open_account(), &[PLAIN, Stored { key: 8, ..PLAIN }]);
    told.issued = [user(8)].into();
    told.live = Some(live(vec![
        connection(41, 1, 600, Identity::Verified),
        connection(42, 1, 600, Identity::Spoofed),
        connection(43, 5, 700, Identity::Verified),
    ]));

    let picture = Picture::of(&told);

    assert_eq!(picture.users.len(), 4);
    for (key, sources, connections) in [
        (1, &["store", "live"][..], Some(2)),
        (8, &["store", "issued", "revocation"], Some(0)),
        (5, &["live"], Some(1)),
        (9, &["revocation"], Some(0)),
    ] {
        assert_eq!(line(&picture, key).sources.words(), sources, "{key}");
        assert_eq!(line(&picture, key).connections, connections, "{key}");
    }
    assert_eq!(line(&picture, 5).name, Some("live-5".into()));
    assert_eq!(line(&picture, 9).state, UserState::Revoked);
    let account = picture.account(id()).unwrap();
    assert_eq!(
        (account.users.stored, account.users.seen),
        (Some(2), Some(2))
    );
}

#[test]
fn an_old_live_token_that_is_dead_is_partly_revoked_until_all_are() {
    let everybody = Node::object([("*", Node::from(650))]);
    let keys = Node::Array(vec![Node::from(key_of(20).to_string())]);
    let row = token(
        100,
        [
            limits(-1),
            ("revocations", everybody),
            ("signing_keys", keys),
        ],
    );
    let young = Stored {
        issued_at: 700,
        ..PLAIN
    };
    let mut told = told(row, &[young, Stored { key: 2, ..PLAIN }]);
    told.live = Some(live(vec![connection(41, 1, 600, Identity::Verified)]));

    let picture = Picture::of(&told);

    assert_eq!(line(&picture, 1).state, UserState::PartlyRevoked);
    assert_eq!(line(&picture, 2).state, UserState::Revoked);
}

#[test]
fn a_younger_live_token_says_who_signed_and_when() {
    let mut told = told(
        open_account(),
        &[Stored {
            signer: 77,
            ..PLAIN
        }],
    );
    told.live = Some(live(vec![connection(41, 1, 800, Identity::Verified)]));

    let picture = Picture::of(&told);

    let line = line(&picture, 1);
    assert_eq!(line.issued_at.time(), Some(UnixTime(800)));
    assert_eq!(line.signer.as_ref().unwrap().key, key_of(20));
    assert_eq!(line.state, UserState::Active);
}

#[test]
fn a_claim_counts_for_nobody_and_hides_the_number_of_a_bearer() {
    let bearer = Stored {
        key: 2,
        bearer: true,
        ..PLAIN
    };
    let device = Stored {
        key: 3,
        signer: 21,
        ..PLAIN
    };
    let mut told = told(open_account(), &[PLAIN, bearer, device]);
    told.live = Some(live(vec![connection(41, 1, 600, Identity::Unverified)]));

    let picture = Picture::of(&told);

    assert_eq!(line(&picture, 1).connections, Some(0));
    assert_eq!(line(&picture, 2).connections, None);
    assert_eq!(line(&picture, 3).bearer, Bearer::Yes);
    assert_eq!(line(&picture, 3).connections, Some(0));
}

#[test]
fn what_nobody_asked_is_not_known() {
    let mut told = told(open_account(), &[PLAIN]);
    let mut servers = live(vec![]);
    servers.counts = [(id(), 7)].into();
    servers.identified.clear();
    told.live = Some(servers);

    let picture = Picture::of(&told);

    let account = picture.account(id()).unwrap();
    assert_eq!((account.connections, account.users.seen), (Some(7), None));
    assert_eq!(line(&picture, 1).connections, None);
    assert_eq!(picture.roles[0].members.live, None);
}

#[test]
fn an_account_is_disabled_expired_or_split() {
    let state = |row: Arc<AccountRow>, others: Vec<Arc<AccountRow>>| {
        let mut told = told(row, &[]);
        let copies = others.into_iter().map(|row| ServerCopy {
            server: "n1".into(),
            here: Here::Enforced(row),
        });
        told.live = Some(Live {
            copies: [(id(), copies.collect())].into(),
            ..Live::default()
        });
        Picture::of(&told).account(id()).unwrap().state
    };
    let (old, new) = (token(100, [limits(-1)]), token(200, [limits(-1)]));

    assert_eq!(state(old.clone(), vec![]), AccountState::Active);
    assert_eq!(
        state(token(100, [limits(0)]), vec![]),
        AccountState::Disabled
    );
    assert_eq!(
        state(old.clone(), vec![old.clone(), new.clone()]),
        AccountState::Split
    );
    assert_eq!(state(old, vec![new.clone(), new]), AccountState::Active);
    let mut tree = account("ORDERS", [limits(-1)]);
    if let Node::Object(fields) = &mut tree {
        fields.push(("exp".to_owned(), Node::from(NOW.0)));
    }
    let expired = Token::issue(&tree, &operator_signer(), UnixTime(1)).unwrap();
    let expired = AccountRow {
        account: Account::of(&expired).unwrap(),
        revision: expired.revision(),
        token_bytes: 1,
        directory: Text::default(),
    };
    assert_eq!(state(Arc::new(expired), vec![]), AccountState::Expired);
}

#[test]
fn every_copy_says_how_it_stands_to_the_one_that_holds() {
    let (old, new) = (token(100, [limits(-1)]), token(200, [limits(-1)]));
    let copy = |server: &str, here| ServerCopy {
        server: server.into(),
        here,
    };
    let mut told = told(old.clone(), &[]);
    let copies = vec![
        copy("n1", Here::Enforced(new.clone())),
        copy("n2", Here::Enforced(old.clone())),
        copy("n3", Here::Kept(new.clone())),
        copy("n4", Here::Missing),
        copy("n5", Here::Unknown),
    ];
    told.live = Some(Live {
        copies: [(id(), copies)].into(),
        ..Live::default()
    });
    let states = |told: &Told| {
        let picture = Picture::of(told);
        let account = picture.account(id()).unwrap();
        account
            .copies
            .iter()
            .map(|copy| copy.state)
            .collect::<Vec<_>>()
    };

    let with_old = states(&told);
    told.stored = Some([(id(), new)].into());
    let with_new = states(&told);
    told.stored = Some([(id(), token(300, [limits(5)]))].into());
    let with_edits = states(&told);
    told.stored = Some([].into());
    let with_none = states(&told);

    let servers = [
        CopyState::InForce,
        CopyState::Stale,
        CopyState::Stored,
        CopyState::Missing,
        CopyState::Unknown,
    ];
    for (told, store) in [
        (with_old, CopyState::Stale),
        (with_new, CopyState::InForce),
        (with_edits, CopyState::Stored),
        (with_none, CopyState::Missing),
    ] {
        assert_eq!(told[0], store);
        assert_eq!(told[1..], servers);
    }
}

#[test]
fn keys_know_their_owner_and_what_hangs_on_them() {
    let mut told = told(
        open_account(),
        &[
            PLAIN,
            Stored {
                key: 3,
                signer: 21,
                ..PLAIN
            },
        ],
    );
    told.held = [(key_of(20), "a".into()), (key_of(99), "b".into())].into();
    told.live = Some(live(vec![connection(41, 1, 600, Identity::Verified)]));

    let picture = Picture::of(&told);

    let key = |key: PublicKey| picture.keys.iter().find(|line| line.key == key).unwrap();
    let plain = key(key_of(20));
    assert_eq!(plain.kind, Some(KeyRole::Signing));
    assert_eq!((plain.signs.users, plain.signs.live), (Some(1), Some(1)));
    assert_eq!(plain.owner.as_ref().unwrap().name, Some("ORDERS".into()));
    assert!(plain.is_held() && !key(key_of(21)).is_held());
    assert_eq!(key(key_of(21)).kind, Some(KeyRole::Scoped));
    assert_eq!(key(id().key()).kind, Some(KeyRole::Identity));
    assert_eq!(
        (key(key_of(99)).kind, &key(key_of(99)).owner),
        (None, &None)
    );
    let role = &picture.roles[0];
    assert_eq!((role.members.stored, role.members.live), (Some(1), Some(0)));
}
