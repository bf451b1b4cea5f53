//! The console with the users of a large company on it, as far as it needs no terminal.

use std::io::{self, Write};
use std::sync::Arc;

use crossterm::event::{Event, KeyEvent};
use jiff::Timestamp;
use nats_oam::actions::action::Access;
use nats_oam::actions::opening::{How, LoginState};
use nats_oam::actions::ports::Context;
use nats_oam::actions::spec::Tier;
use nats_oam::actions::survey::Survey;
use nats_oam::inventory::connection::{Named, SignedBy};
use nats_oam::inventory::picture::Picture;
use nats_oam::inventory::user_line::{Bearer, Sources, Stamp, UserLine, UserState};
use nats_oam::jwt::keys::{AccountId, UserId};
use nats_oam::jwt::time::UnixTime;
use nats_oam::text::Text;
use nats_oam::tui::app::model::{Found, Model};
use nats_oam::tui::app::msg::{Answer, Ask, Effect, Msg};
use nats_oam::tui::app::seen::Seen;
use nats_oam::tui::app::{App, Looks, render, update};
use nats_oam::tui::keymap::{Chord, Keymap};
use nats_oam::tui::runtime::screen::Screen;
use nats_oam::tui::theme::{Depth, Theme};
use nats_oam::tui::widgets::glyph::Glyphs;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

const USERS: u32 = 100_000;

pub(crate) fn now() -> Timestamp {
    "2026-11-24T02:07:00Z".parse().unwrap()
}

/// Every fourth has a role, every tenth a name longer than its column, every hundredth one that is not shown as it was written.
fn user(nth: u32, account: &Arc<Named<AccountId>>, signers: [&Arc<SignedBy>; 2]) -> UserLine {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&nth.to_be_bytes());
    let mut name = format!("orders-{nth:05}");
    if nth.is_multiple_of(10) {
        name.push_str(&"-of-a-long-name".repeat(3));
    }
    if nth.is_multiple_of(100) {
        name.insert(7, '\u{1b}');
    }
    // In no order: a sort finds nothing done.
    let ago = nth.wrapping_mul(2_654_435_761) % USERS;
    let issued = UnixTime(now().as_second() - i64::from(ago));
    UserLine {
        id: UserId::from_bytes(bytes),
        account: Arc::clone(account),
        name: Some(name.into()),
        signer: Some(Arc::clone(signers[usize::from(nth.is_multiple_of(4))])),
        tags: Some(Arc::new([])),
        issued_at: Some(issued).into(),
        expires_at: Some(UnixTime(now().as_second() + i64::from(nth))).into(),
        not_before: Stamp::default(),
        revoked_at: Stamp::default(),
        connections: Some(nth % 3),
        state: UserState::Active,
        sources: Sources::STORE.and_if(!nth.is_multiple_of(3), Sources::LIVE),
        bearer: Bearer::No,
    }
}

pub(crate) fn users() -> Vec<UserLine> {
    let account = Arc::new(Named {
        key: AccountId::from_bytes([3; 32]),
        name: Some("ORDERS".into()),
    });
    let signer = |role: Option<Text>| {
        Arc::new(SignedBy {
            key: account.key.key(),
            kind: None,
            role,
        })
    };
    let (plain, role) = (signer(None), signer(Some("worker".into())));
    (0..USERS)
        .map(|nth| user(nth, &account, [&plain, &role]))
        .collect()
}

/// Counts writes and bytes.
#[derive(Default)]
pub(crate) struct Wire {
    pub(crate) writes: usize,
    pub(crate) bytes: usize,
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The page of users with all of them on it, drawn onto a wire.
pub(crate) struct Console {
    app: App,
    screen: Screen<Wire>,
}

impl Console {
    pub(crate) fn open(size: Size) -> Self {
        let context = Context {
            name: "staging".into(),
            flag: None,
            production: false,
            access: Access::Write,
        };
        let looks = Looks {
            theme: Theme::standard(Depth::True),
            glyphs: Glyphs::Unicode,
            keymap: Keymap::standard(),
        };
        let model = Model::new(context, "ada".into(), vec!["n1:4222".into()], now());
        let mut console = Self {
            app: App::new(model, looks, size),
            screen: Screen::new(Wire::default(), size),
        };
        let found = Found {
            operator: Some("acme".into()),
            login: LoginState {
                how: How::Minted,
                expires_at: None,
                passed_over: Vec::new(),
            },
            tier: Tier::Change,
            census: None,
            problems: Vec::new(),
        };
        console.send(Msg::Opened(Ok(Box::new(found))));
        let picture = Picture {
            users: users(),
            ..Picture::default()
        };
        let seen = Seen::of(Survey::default(), picture, Some(Vec::new()), (now(), now()));
        console.send(Msg::Seen(Ok(Arc::new(seen))));
        console.press("2");
        console
    }

    /// Takes a message in, and does what the workers would.
    fn send(&mut self, msg: Msg) {
        for effect in update(&mut self.app, msg, now()) {
            if let Effect::Ask(id, slot, Ask::Arrange(work)) = effect {
                let order = (work.0)(&|| false).unwrap();
                self.send(Msg::Job(id, slot, Answer::Arranged(order)));
            }
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        for Chord { code, modifiers } in Chord::sequence(keys).unwrap() {
            self.send(Msg::Input(Event::Key(KeyEvent::new(code, modifiers))));
        }
    }

    /// Draws a frame. How many writes and bytes that was.
    pub(crate) fn draw(&mut self) -> Wire {
        let before = (self.screen.out().writes, self.screen.out().bytes);
        let app = &mut self.app;
        let draw = |buf: &mut Buffer| {
            app.painted = render(app, buf, now());
            app.painted.caret
        };
        self.screen.draw(draw).unwrap();
        Wire {
            writes: self.screen.out().writes - before.0,
            bytes: self.screen.out().bytes - before.1,
        }
    }
}
