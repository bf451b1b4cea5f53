//! What the tests of this folder share: a writer, acts to record, and places that go away.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use super::audit::{Actor, Change, Detail, Draft, Ending, Outcome, Reference, Target};
use super::folder::Folder;
use crate::jwt::keys::KeyKind;
use crate::jwt::signer::Signer as _;
use crate::test_support::ByteSigner;

/// The writer with a number.
pub(super) fn writer(number: u8) -> ByteSigner {
    ByteSigner::new(KeyKind::User, number)
}

/// A temporary `<data>` and `<state>`.
pub(super) struct Home(TempDir);

impl Home {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(super) fn ledger(&self) -> std::path::PathBuf {
        self.0.path().join("data/ledger")
    }

    pub(super) fn heads(&self) -> std::path::PathBuf {
        self.0.path().join("state/heads")
    }

    pub(super) fn open(&self) -> Folder {
        self.open_as(1)
    }

    pub(super) fn open_as(&self, number: u8) -> Folder {
        Folder::open(&self.ledger(), &self.heads(), Arc::new(writer(number))).unwrap()
    }

    pub(super) fn chain(&self) -> std::path::PathBuf {
        let key = writer(1).public_key();
        self.ledger().join(format!("audit/{key}.jsonl"))
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn draft(action: &str) -> Draft {
    Draft {
        at: at(0),
        server_at: Some(at(1)),
        action: action.into(),
        actor: Actor::os_user("maria".into(), "lap\u{1b}top".into()),
        authority: None,
        target: vec![Target {
            kind: "user".into(),
            key: "UDX3".into(),
            name: Some("worker".into()),
            account: Some(Reference {
                key: "ADEF".into(),
                name: "ORDERS".into(),
            }),
        }],
        reason: Some("leaked\u{202e}".into()),
        ticket: None,
        change: Some(Change {
            after: Some("eyJ.x.y".into()),
            diff: vec![Detail::from(
                json!({"path": "/nats/revocations", "after": u64::MAX}),
            )],
            ..Change::default()
        }),
        policy: None,
    }
}

pub(super) fn ending() -> Ending {
    Ending {
        at: at(2),
        server_at: None,
        outcome: Outcome::Verified,
        effect: Some(Detail::from(json!({"closed": 2}))),
        error: None,
        change: None,
    }
}
