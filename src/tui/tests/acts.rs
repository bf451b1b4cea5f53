//! What tests of acting stand on: a place with a selection, plans, and the answers that a world would give.

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::screen::{TestScreen, WIDE, found, model};
use super::servers::census;
use crate::actions::action::{Access, SelectedConnection, SelectedUser, Selection};
use crate::actions::outcome::{Outcome, Recorded, Report, ServerReport, ServerVerdict};
use crate::actions::plan::{
    Plan, PlannedChange, PlannedSigner, Preview, Reach, Step, Target, Warning,
};
use crate::actions::refs::{ConnRef, ServerRef};
use crate::actions::spec::{Direction, Level};
use crate::inventory::filter::FilterError;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, ConnId, OperatorId, ServerId, UserId};
use crate::jwt::role::SignerKind;
use crate::ledger::audit::Outcome as Word;
use crate::tui::app::Looks;
use crate::tui::app::msg::{Answer, Effect, Interest, JobId, Msg};
use crate::tui::keymap::{Command, Keymap};
use crate::tui::popups::pick::Choice;
use crate::tui::theme::{Depth, Theme};
use crate::tui::views::{Place, Scene, View, ViewKind, Wish};
use crate::tui::widgets::glyph::Glyphs;
use crate::tui::widgets::{Paint, Painted};

/// A place where something is selected, and nothing else.
struct Selected(Selection);

impl View for Selected {
    fn place(&self) -> Place {
        Place::top(ViewKind::Servers)
    }

    fn interest(&self) -> Interest {
        Interest::Rest
    }

    fn selection(&self, _: &Scene<'_>) -> Selection {
        self.0.clone()
    }

    fn hints(&self) -> &'static [Command] {
        &[]
    }

    fn command(&mut self, _: &Scene<'_>, _: Command) -> Vec<Wish> {
        Vec::new()
    }

    fn filter(&self) -> &'static str {
        ""
    }

    fn set_filter(&mut self, _: &Scene<'_>, _: &str) -> Result<Vec<Wish>, FilterError> {
        Ok(Vec::new())
    }

    fn choose(&mut self, _: &Scene<'_>, _: Choice) -> Vec<Wish> {
        Vec::new()
    }

    fn point(&mut self, _: &Scene<'_>, _: usize) -> Vec<Wish> {
        Vec::new()
    }

    fn refresh(&mut self, _: &Scene<'_>) -> Vec<Wish> {
        Vec::new()
    }

    fn answer(&mut self, _: &Scene<'_>, _: Answer) -> Vec<Wish> {
        Vec::new()
    }

    fn paint(&self, _: &Scene<'_>, _: &Paint<'_>, _: Rect, _: &mut Buffer) -> Painted {
        Painted::default()
    }
}

const KEYS: &str = "[servers]\nR = \"user.revoke\"\nI = \"user.reissue\"\nX = \"connection.kick\"\nL = \"user.lift\"";

pub(super) fn account() -> AccountId {
    AccountId::from_bytes([2; 32])
}

pub(super) fn user() -> UserId {
    UserId::from_bytes([3; 32])
}

pub(super) fn connection() -> ConnId {
    ConnId {
        server: ServerId::from_bytes([1; 32]),
        cid: 41,
    }
}

pub(super) fn selected() -> Selection {
    Selection {
        connections: vec![SelectedConnection {
            id: connection(),
            written: ConnRef {
                server: ServerRef::Name("n1".into()),
                cid: 41,
            },
            holder: Some(SelectedUser {
                account: account(),
                user: user(),
            }),
        }],
        ..Selection::default()
    }
}

pub(super) fn screen_of(
    size: Size,
    depth: Depth,
    access: Access,
    selection: Selection,
) -> TestScreen {
    let looks = Looks {
        theme: Theme::standard(depth),
        glyphs: Glyphs::Unicode,
        keymap: Keymap::standard().with("keys.toml", KEYS).0,
    };
    let mut screen = TestScreen::of(model("staging", access), looks, size);
    screen.send(Msg::Opened(Ok(Box::new(found(Some(census()))))));
    screen.app.stand_on(Box::new(Selected(selection)));
    screen.send(Msg::Wake);
    screen.effects.clear();
    screen
}

pub(super) fn screen() -> TestScreen {
    screen_of(WIDE, Depth::True, Access::Write, selected())
}

pub(super) fn revocation() -> Plan {
    Plan {
        action: "user.revoke",
        targets: vec![Target {
            kind: "user",
            key: user().to_string(),
            name: Some("worker".into()),
            account: None,
        }],
        summary: "revoke user worker in ORDERS".to_owned(),
        direction: Direction::Narrows,
        level: Level::Tail,
        confirm: user().key().tail(),
        steps: vec![Step::Contain {
            account: account(),
            name: "ORDERS".into(),
            kicks: vec![connection()],
            detail: "push to n1 n2 n3, kick 1 connection beside it".to_owned(),
        }],
        changes: vec![PlannedChange {
            path: "/nats/revocations/*".to_owned(),
            op: "add",
            before: None,
            after: Some(Node::from("<server time>")),
        }],
        reach: Reach {
            servers: 3,
            connections: 1,
            users: 1,
            leafnodes: 0,
            names: vec!["orders-worker-\u{1b}[7m".into()],
        },
        signer: Some(PlannedSigner {
            key: OperatorId::from_bytes([8; 32]).key(),
            kind: SignerKind::Signing,
        }),
        base: Vec::new(),
        warnings: vec![Warning::new("last", "none of this user will be left")],
        undo: Some("user.lift"),
        command: format!(
            "nats-oam user revoke {}/{} --confirm {}",
            account(),
            user(),
            user().key().tail()
        ),
    }
}

pub(super) fn kick() -> Plan {
    Plan {
        action: "connection.kick",
        targets: vec![Target {
            kind: "connection",
            key: "n1/41".to_owned(),
            name: Some("orders-worker-7".into()),
            account: None,
        }],
        summary: "kick n1/41 (orders-worker-7)".to_owned(),
        level: Level::Yes,
        confirm: String::new(),
        steps: vec![Step::Kick {
            connection: connection(),
            label: "n1/41".to_owned(),
        }],
        changes: Vec::new(),
        signer: None,
        warnings: Vec::new(),
        undo: None,
        command: "nats-oam connection kick n1/41 --yes".to_owned(),
        ..revocation()
    }
}

pub(super) fn ms(ms: i64) -> SignedDuration {
    SignedDuration::from_millis(ms)
}

/// The preview that was asked for last is answered, and read.
pub(super) fn answer(screen: &mut TestScreen, plan: Plan) {
    let job = preparing(screen);
    screen.send(Msg::Prepared(job, Ok(Box::new(Preview::of(plan)))));
    screen.later(ms(300));
}

pub(super) fn preparing(screen: &TestScreen) -> JobId {
    let job = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Prepare(job, _) => Some(*job),
        _ => None,
    });
    job.unwrap()
}

pub(super) fn applied(screen: &TestScreen) -> Option<JobId> {
    screen.effects.iter().find_map(|effect| match effect {
        Effect::Apply(job, _) => Some(*job),
        _ => None,
    })
}

/// Types letters as slowly as a person.
pub(super) fn type_slowly(screen: &mut TestScreen, text: &str) {
    for letter in text.chars() {
        screen.later(ms(90));
        screen.write(&letter.to_string());
    }
    screen.later(ms(90));
}

pub(super) fn asked(size: Size, depth: Depth, plan: Plan) -> TestScreen {
    let mut screen = screen_of(size, depth, Access::Write, selected());
    screen.press(if plan.action == "user.revoke" {
        "R"
    } else {
        "X"
    });
    answer(&mut screen, plan);
    screen
}

pub(super) fn server(name: &str, state: ServerVerdict) -> ServerReport {
    let is_clear = state == ServerVerdict::Clear;
    ServerReport {
        pushed: is_clear.then_some(true),
        in_force: is_clear.then_some(true),
        closed: usize::from(name == "n1"),
        open: is_clear.then_some(0),
        before: usize::from(name == "n1"),
        state,
        proven_ms: is_clear.then_some(31),
        ..ServerReport::unknown(name.into(), None)
    }
}

pub(super) fn outcome(plan: &Plan, word: Word, report: Report) -> Box<Outcome> {
    Box::new(Outcome {
        action: plan.action,
        word,
        targets: plan.targets.clone(),
        plan_hash: "00".to_owned(),
        report,
        undo: plan.undo,
        audit: Recorded {
            intent: "ABCDEFGH-7".parse().ok(),
            result: "ABCDEFGH-8".parse().ok(),
        },
        took_ms: 412,
        error: None,
    })
}
