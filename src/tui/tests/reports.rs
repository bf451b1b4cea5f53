//! The pages of reports: what differs and what ends, asked for when somebody looks, and mended by the key of the row.

use std::sync::Arc;

use super::screen::{TestScreen, WIDE, start};
use super::servers::census;
use super::world::{nothing, seen};
use crate::inventory::connection::Named;
use crate::inventory::drift::{
    ChangeLine, Drift, DriftLine, PlaceKind, PlaceLine, PlaceState, Shown,
};
use crate::inventory::expiry::{Because, ExpiryLine, ExpiryState};
use crate::inventory::fix::{Connection, Cure, Fix, Revocations};
use crate::inventory::target::{Target, TargetKind};
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, ConnId, PublicKey, ServerId, UserId};
use crate::jwt::time::UnixTime;
use crate::tui::app::acts::Intent;
use crate::tui::app::msg::{Ask, Effect, Msg};
use crate::tui::app::seen::{Reports, Seen};
use crate::tui::theme::Depth;

const DAY: i64 = 86_400;

fn account() -> AccountId {
    AccountId::from_bytes([5; 32])
}

fn user() -> UserId {
    UserId::from_bytes([6; 32])
}

fn days(days: i64) -> UnixTime {
    UnixTime(start().as_second() + days * DAY)
}

fn target(kind: TargetKind, key: PublicKey, name: &str) -> Target {
    let label = Named {
        key: account(),
        name: Some("ORDERS".into()),
    };
    let is_in = matches!(kind, TargetKind::User | TargetKind::Creds);
    Target {
        kind,
        key,
        name: Some(name.into()),
        account: is_in.then(|| Arc::new(label)),
    }
}

fn place(place: PlaceKind, name: Option<&str>, state: PlaceState, issued: i64) -> PlaceLine {
    let is_known = matches!(state, PlaceState::Current | PlaceState::Other);
    PlaceLine {
        place,
        name: name.map(Into::into),
        revision: None,
        issued_at: is_known.then(|| days(-issued)),
        state,
    }
}

fn change(path: &str, before: Option<Node>, after: Option<Node>) -> ChangeLine {
    ChangeLine {
        path: path.to_owned(),
        op: if before.is_some() { "remove" } else { "add" },
        before: Shown(before),
        after: Shown(after),
    }
}

/// An account that both sides edited, a client with an old token, and a server that is silent.
fn differences() -> Vec<DriftLine> {
    let push = Cure::PushAccount {
        account: account(),
        revocations: Revocations::OfBoth,
    };
    let kick = Cure::Kick(vec![Connection {
        id: ConnId {
            server: ServerId::from_bytes([1; 32]),
            cid: 41,
        },
        written: "n1/41".to_owned(),
    }]);
    let silent = DriftLine {
        target: target(
            TargetKind::Server,
            ServerId::from_bytes([3; 32]).key(),
            "n3",
        ),
        drift: Drift::Silent,
        what: "it ought to answer and does not: what is there is not known".into(),
        places: Vec::new(),
        changes: Vec::new(),
        fix: Fix::advice("wait for it, or take it off the roster: nats-oam server forget"),
    };
    let edited = DriftLine {
        target: target(TargetKind::Account, account().key(), "ORDERS"),
        drift: Drift::BothEdited,
        what: "store and servers were both edited: /nats/description, /nats/revocations/UABC"
            .into(),
        places: vec![
            place(PlaceKind::Store, None, PlaceState::Other, 2),
            place(PlaceKind::Server, Some("n1"), PlaceState::Current, 1),
            place(PlaceKind::Server, Some("n3"), PlaceState::Unknown, 0),
        ],
        changes: vec![
            change("/nats/description", None, Some(Node::from("new"))),
            change(
                "/nats/revocations/UABC",
                Some(Node::from(1_795_000_000)),
                None,
            ),
        ],
        fix: Fix::new("all of both stands", push, ""),
    };
    let old = DriftLine {
        target: target(TargetKind::User, user().key(), "wo\u{202e}rker"),
        drift: Drift::OldConnection,
        what: "1 connections came with an older token than the store's".into(),
        places: vec![
            place(PlaceKind::Store, None, PlaceState::Current, 1),
            place(PlaceKind::Connection, Some("n1/41"), PlaceState::Other, 9),
        ],
        changes: Vec::new(),
        fix: Fix::new("they come back with the creds that they have now", kick, ""),
    };
    vec![silent, edited, old]
}

/// An account that ended, a user that ends with it, creds that end soon, and an operator whom nobody asks.
fn ends() -> Vec<ExpiryLine> {
    let line = |target, stops: Option<i64>, because, state, fix| ExpiryLine {
        target,
        place: None,
        stops_at: stops.map(days),
        expires_at: stops.map(days),
        because,
        state,
        connections: None,
        fix,
    };
    let reissue = Cure::ReissueUser {
        account: account(),
        user: user(),
    };
    let legacy = target(
        TargetKind::Account,
        AccountId::from_bytes([9; 32]).key(),
        "LEGACY",
    );
    let operator = target(TargetKind::Operator, legacy.key, "acme");
    vec![
        ExpiryLine {
            connections: Some(3),
            ..line(
                legacy,
                Some(-1),
                Because::Own,
                ExpiryState::Past,
                Fix::advice("give it a later end with nsc, then push it"),
            )
        },
        ExpiryLine {
            expires_at: None,
            ..line(
                target(
                    TargetKind::User,
                    UserId::from_bytes([8; 32]).key(),
                    "old-app",
                ),
                Some(-1),
                Because::Account,
                ExpiryState::Past,
                Fix::advice("it ends with its account: the account needs a later end"),
            )
        },
        ExpiryLine {
            place: Some("/home/kim/keys/creds/acme/ORDERS/worker.creds".into()),
            ..line(
                target(TargetKind::Creds, user().key(), "worker"),
                Some(2),
                Because::Own,
                ExpiryState::Soon,
                Fix::new("a new token for the same holder", reissue, ""),
            )
        },
        ExpiryLine {
            stops_at: None,
            ..line(
                operator,
                Some(90),
                Because::NotEnforced,
                ExpiryState::Later,
                Fix::advice("servers do not ask for the end of an operator"),
            )
        },
    ]
}

pub(super) fn reports(of: Arc<Seen>) -> Reports {
    Reports {
        of,
        drift: Arc::new(differences()),
        expiry: Arc::new(ends()),
    }
}

/// The page with these keys, with everything read.
fn open(keys: &str) -> TestScreen {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    let seen = Arc::new(seen());
    screen.send(Msg::Seen(Ok(Arc::clone(&seen))));
    screen.press(keys);
    screen.send(Msg::Reports(Ok(Arc::new(reports(seen)))));
    screen
}

fn asked(screen: &TestScreen) -> usize {
    let reports = |effect: &&Effect| matches!(effect, Effect::Ask(_, _, Ask::Reports(..)));
    screen.effects.iter().filter(reports).count()
}

#[test]
fn reports_are_worked_out_when_somebody_looks_and_once_for_what_was_seen() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    let first = Arc::new(seen());
    screen.send(Msg::Seen(Ok(Arc::clone(&first))));
    assert_eq!(asked(&screen), 0);

    screen.press("g d");
    screen.press("down");
    assert_eq!(asked(&screen), 1);
    screen.send(Msg::Reports(Ok(Arc::new(reports(first)))));
    screen.press("g x");
    assert_eq!(asked(&screen), 1);
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));

    assert_eq!(asked(&screen), 2);
}

/// The last act that was asked for.
fn begun(screen: &TestScreen) -> String {
    let act = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Prepare(_, intent) => Some(match intent {
            Intent::Push(push) => format!("push {} {}", push.account, push.keep_revocations),
            Intent::Kick(kick) => format!("kick {:?}", kick.connections.len()),
            Intent::Reissue(reissue) => format!("reissue {}", reissue.user),
            other => other.spec().id.to_owned(),
        }),
        _ => None, // what else a screen wants
    });
    act.unwrap_or_default()
}

#[test]
fn the_key_of_a_row_begins_the_act_that_mends_it() {
    let mut edited = open("g d");
    edited.press("down P");
    let mut old = open("g d");
    old.press("down down X");

    assert_eq!(begun(&edited), format!("push {} true", account()));
    assert_eq!(begun(&old), "kick 1");
}

#[test]
fn without_servers_nothing_is_called_the_same() {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    let offline = Arc::new(Seen {
        connections: None,
        ..nothing()
    });
    screen.send(Msg::Seen(Ok(Arc::clone(&offline))));
    screen.press("g d");
    let none = Reports {
        drift: Arc::default(),
        ..reports(offline)
    };
    screen.send(Msg::Reports(Ok(Arc::new(none))));

    let text = screen.text();

    assert!(text.contains("offline: no server is asked"), "{text}");
    assert!(!text.contains("no difference"), "{text}");
}

#[test]
fn nothing_is_begun_on_a_server_that_is_silent() {
    let mut screen = open("g d");

    screen.press("P");

    assert_eq!(begun(&screen), "");
    assert!(
        screen.text().contains("select an account"),
        "{}",
        screen.text()
    );
}
