//! The users of the sandbox and the clients that they run: busy, idle, flapping, slow, lying about their name, hostile in every
//! field, one with a bearer token, one revoked that keeps trying.

use std::time::Duration;

use super::DemoError;
use super::accounts::lists;
use super::client::{Client, Habit, Introduction};
use super::world::{By, SYSTEM, User, World, bearer};
use crate::jwt::edit::with;
use crate::jwt::envelope::TokenKind;
use crate::jwt::json::Node;

/// A user and the clients that run with its creds.
struct Tenant {
    account: &'static str,
    name: &'static str,
    by: By,
    publish: &'static [&'static str],
    subscribe: &'static [&'static str],
    tags: &'static [&'static str],
    clients: &'static [&'static str],
    habit: Habit,
}

const IDLE: Habit = Habit::Idle;
const NO_CLIENT: &[&str] = &[];

const fn busy(subject: &'static str, every_ms: u64) -> Habit {
    Habit::Busy {
        subject,
        every: Duration::from_millis(every_ms),
    }
}

const fn of_role(
    account: &'static str,
    name: &'static str,
    role: &'static str,
    clients: &'static [&'static str],
    habit: Habit,
) -> Tenant {
    Tenant {
        account,
        name,
        by: By::Role(role),
        publish: &[],
        subscribe: &[],
        tags: &[],
        clients,
        habit,
    }
}

const fn plain(
    account: &'static str,
    name: &'static str,
    clients: &'static [&'static str],
    habit: Habit,
) -> Tenant {
    Tenant {
        account,
        name,
        by: By::Plain,
        publish: &[],
        subscribe: &[],
        tags: &[],
        clients,
        habit,
    }
}

const TENANTS: &[Tenant] = &[
    of_role(
        "ORDERS",
        "orders-api",
        "api",
        &["orders-api-1", "orders-api-2", "orders-api-3"],
        busy("orders.eu.created", 100),
    ),
    of_role(
        "ORDERS",
        "orders-sync",
        "api",
        &["orders-sync-1"],
        busy("orders.us.paid", 500),
    ),
    of_role(
        "ORDERS",
        "worker",
        "worker",
        &["orders-worker-6", "orders-worker-7", "orders-worker-8"],
        busy("orders.eu.done", 250),
    ),
    of_role("ORDERS", "worker-night", "worker", &["nightly-1"], IDLE),
    of_role("ORDERS", "grafana", "reader", &["grafana"], IDLE),
    of_role("ORDERS", "auditor", "reader", NO_CLIENT, IDLE),
    Tenant {
        publish: &["orders.import.>"],
        subscribe: &["_INBOX.>"],
        ..plain(
            "ORDERS",
            "batch",
            &["nightly-export", "nightly-export-2"],
            busy("orders.import.csv", 1000),
        )
    },
    Tenant {
        subscribe: &["orders.>"],
        ..plain("ORDERS", "laptop-kim", &["nats cli 0.5.1"], IDLE)
    },
    Tenant {
        by: By::Identity,
        ..plain("ORDERS", "bootstrap", NO_CLIENT, IDLE)
    },
    of_role(
        "BILLING",
        "dashboards",
        "reader",
        &["dashboards-1", "dashboards-2"],
        IDLE,
    ),
    plain(
        "BILLING",
        "invoicer",
        &["invoicer-1", "invoicer-2"],
        busy("bills.invoice", 200),
    ),
    plain("BILLING", "pricing", &["pricing-1", "pricing-2"], IDLE),
    plain(
        "BILLING",
        "flappy",
        &["flappy-1", "flappy-2"],
        Habit::Flapping {
            stays: Duration::from_millis(2500),
        },
    ),
    plain("BILLING", "archive", NO_CLIENT, IDLE),
    plain(
        "SHIPPING",
        "label-printer",
        &["label-printer-1", "label-printer-2"],
        busy("labels.print", 400),
    ),
    plain("SHIPPING", "sorter", &["sorter-1"], Habit::Slow),
    plain(
        "SHIPPING",
        "planner",
        &["planner-1", "planner-2", "planner-3"],
        IDLE,
    ),
    plain("EDGE", "site-berlin", NO_CLIENT, IDLE),
    plain("EDGE", "site-lyon", NO_CLIENT, IDLE),
    plain("EDGE", "gateway", &["edge-gateway-1"], IDLE),
    plain(
        "LEGACY",
        "old-app",
        &["old-app-1", "old-app-2"],
        busy("legacy.beat", 2000),
    ),
    plain("LEGACY", "older-app", NO_CLIENT, IDLE),
    plain("CALLOUT", "auth-service", NO_CLIENT, IDLE),
    plain("CALLOUT", "sentinel", NO_CLIENT, IDLE),
    // A name that turns what follows round, in the store and on the wire.
    plain("SHIPPING", "dave\u{202e}nimda", &["dave"], IDLE),
];

/// How many of each numbered user there are, and how many of those are connected.
const DEVICES: (usize, usize) = (14, 6);
const TRACKERS: (usize, usize) = (16, 6);

/// What the rest of the sandbox needs to know of its users.
pub(super) struct Tenants {
    pub(super) clients: Vec<Client>,
    pub(super) system: User,
    pub(super) leaf: User,
}

/// Makes the users and what each does. Tokens of accounts change with it: a revocation, the callout.
pub(super) fn settle(world: &mut World) -> Result<Tenants, DemoError> {
    let system = world.user(SYSTEM, "sys", By::Plain, |tree| tree)?;
    world.user(SYSTEM, "readonly", By::Plain, read_only)?;
    let mut clients = Vec::new();
    let mut leaf = None;
    for tenant in TENANTS {
        let user = world.user(tenant.account, tenant.name, tenant.by, |tree| {
            tenant.shape(tree)
        })?;
        for name in tenant.clients {
            clients.push(client(&user, introduction(name), tenant.habit)?);
        }
        match tenant.name {
            "site-berlin" => leaf = Some(user),
            "auth-service" => world.change(
                "CALLOUT",
                ["nats", "authorization", "auth_users"],
                Node::strings([user.id.to_string()]),
            )?,
            _ => {}
        }
    }
    numbered(world, &mut clients)?;
    unusual(world, &mut clients)?;
    world.expire("LEGACY", 2)?;
    let leaf =
        leaf.ok_or_else(|| DemoError::Failed("the sandbox has no user for its leaf".into()))?;
    Ok(Tenants {
        clients,
        system,
        leaf,
    })
}

/// Devices whose role lets them in without a signature, and trackers with templates; some of them are connected.
fn numbered(world: &mut World, clients: &mut Vec<Client>) -> Result<(), DemoError> {
    for number in 1..=DEVICES.0 {
        let name = format!("device-{number:04}");
        let region = if number % 2 == 0 {
            "region:eu"
        } else {
            "region:us"
        };
        let user = world.user("ORDERS", &name, By::Role("device"), |tree| {
            tagged(tree, &[region])
        })?;
        if number <= DEVICES.1 {
            let mut device = client(&user, introduction(&name), IDLE)?;
            device.signer = None;
            clients.push(device);
        }
    }
    for number in 1..=TRACKERS.0 {
        let name = format!("tracker-{number:02}");
        let user = world.user("SHIPPING", &name, By::Role("tracker"), |tree| tree)?;
        if number <= TRACKERS.1 {
            clients.push(client(&user, introduction(&name), IDLE)?);
        }
    }
    Ok(())
}

/// One who claims to be somebody else, one with a bearer token, one hostile in every field, one revoked who keeps trying.
fn unusual(world: &mut World, clients: &mut Vec<Client>) -> Result<(), DemoError> {
    let victim = world.user("ORDERS", "payments", By::Plain, |tree| tree)?;
    clients.push(client(&victim, introduction("payments-1"), IDLE)?);
    let liar = world.user("ORDERS", "mallory", By::Plain, |tree| tree)?;
    let claims = Introduction {
        user: Some(victim.id.to_string()),
        ..introduction("payments-2")
    };
    clients.push(client(&liar, claims, IDLE)?);
    let kiosk = world.user("ORDERS", "kiosk", By::Plain, bearer)?;
    clients.push(client(&kiosk, introduction("kiosk-1"), IDLE)?);
    let hostile = world.stray_user(
        "SHIPPING",
        "eve\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}",
        "eve.creds",
    )?;
    let loud = Introduction {
        name: "\u{1b}[2J\u{1b}[31mroot\u{7}\n\u{202e}txt.exe".to_owned(),
        lang: "\u{1b}]52;c;aGk=\u{7}",
        version: "=cmd|'/c calc'!A1",
        user: None,
    };
    clients.push(client(&hostile, loud, IDLE)?);
    let revoked = world.user("ORDERS", "orders-api-old", By::Plain, |tree| tree)?;
    let now = Node::from(world.now().0);
    world.change(
        "ORDERS",
        ["nats", "revocations", &revoked.id.to_string()],
        now,
    )?;
    clients.push(client(&revoked, introduction("orders-api-old"), IDLE)?);
    Ok(())
}

impl Tenant {
    fn shape(&self, tree: Node) -> Node {
        let mut tree = tagged(tree, self.tags);
        for (place, allow) in [("pub", self.publish), ("sub", self.subscribe)] {
            if !allow.is_empty() {
                tree = with(tree, TokenKind::User, ["nats", place], lists(allow, &[]));
            }
        }
        tree
    }
}

fn tagged(tree: Node, tags: &[&str]) -> Node {
    if tags.is_empty() {
        tree
    } else {
        with(
            tree,
            TokenKind::User,
            ["nats", "tags"],
            Node::strings(tags.iter().copied()),
        )
    }
}

/// A system user that may look and change nothing.
fn read_only(tree: Node) -> Node {
    let asks = [
        "$SYS.REQ.SERVER.PING",
        "$SYS.REQ.SERVER.PING.>",
        "$SYS.REQ.SERVER.*.VARZ",
        "$SYS.REQ.SERVER.*.CONNZ",
        "$SYS.REQ.SERVER.*.ROUTEZ",
        "$SYS.REQ.ACCOUNT.*.INFO",
        "$SYS.REQ.ACCOUNT.*.CONNZ",
        "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP",
        "$SYS.REQ.ACCOUNT.PING.STATZ",
        "$SYS.REQ.CLAIMS.LIST",
        "$SYS.REQ.CLAIMS.PACK",
        "$SYS.REQ.USER.INFO",
    ];
    let hears = ["_INBOX.>", "_OAM.>", "$SYS.ACCOUNT.>", "$SYS.SERVER.>"];
    let tree = with(tree, TokenKind::User, ["nats", "pub"], lists(&asks, &[]));
    with(tree, TokenKind::User, ["nats", "sub"], lists(&hears, &[]))
}

fn introduction(name: &str) -> Introduction {
    Introduction {
        name: name.to_owned(),
        lang: "rust",
        version: "0.51.0",
        user: None,
    }
}

fn client(user: &User, introduction: Introduction, habit: Habit) -> Result<Client, DemoError> {
    Client::with_creds(&user.creds, introduction, habit)
}
