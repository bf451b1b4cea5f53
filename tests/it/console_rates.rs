//! What goes through connections by the second, as the console shows it of a real server.

use std::time::Duration;

use nats_oam::demo::sandbox::Order;
use nats_oam::text::Text;

use crate::support::console::Console;
use crate::support::world::{Tenant, World};

/// Messages that a tenant sends in a second, about.
const BUSY: u64 = 100;

/// A client of a server that sends to nobody until the runtime ends.
async fn busy(world: &World, tenant: &Tenant, user: &str, server: usize) {
    let url = world.description().servers[server].url.clone();
    let options = async_nats::ConnectOptions::with_credentials_file(tenant.creds(user));
    let client = options.await.unwrap().name("busy-one").connect(url).await;
    let client = client.unwrap();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(1_000 / BUSY));
        loop {
            tick.tick().await;
            client.publish("busy", "x".into()).await.unwrap();
        }
    });
}

fn is_busy(screen: &vt100::Screen) -> bool {
    let rate = under(&screen.contents(), "in/s", "busy-one");
    rate.is_some_and(|rate| (BUSY / 2..BUSY * 2).contains(&rate))
}

/// The number under a title in the row of a name, if one stands there.
fn under(screen: &str, title: &str, name: &str) -> Option<u64> {
    let titles = screen.lines().find(|line| line.contains(title))?;
    let (before, _) = titles.split_once(title)?;
    let end = before.chars().count() + title.len();
    let row = screen.lines().find(|line| line.contains(name))?;
    let row: String = row.chars().take(end).collect();
    row.rsplit(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_connection_shows_its_rate_and_keeps_it() {
    let Some(world) = World::shared() else { return };
    let tenant = world.tenant();
    busy(world, &tenant, "a", 0).await;
    let mut console = Console::of(&world.admin());
    console.shows("3 of 3 servers");

    console.paste(&tenant.user("a").to_string());
    console.shows("is selected by the pasted key");
    console.press("\r");
    console.shows("busy-one");

    console.until("its rate", is_busy);
    console.press("q");
    let (code, written) = console.end();
    assert_eq!(
        code,
        0,
        "{}",
        Text::from(String::from_utf8_lossy(&written).as_ref())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_a_server_that_freezes_has_no_rate_until_that_answers_again() {
    let Some(world) = World::own() else { return };
    let tenant = world.tenant();
    busy(&world, &tenant, "a", 2).await;
    let admin = world.admin();
    let mut console = Console::on_n1(&admin, &world);
    console.shows("3 of 3 servers");
    console.paste(&tenant.user("a").to_string());
    console.shows("is selected by the pasted key");
    console.press("\r");
    console.until("its rate", is_busy);

    world.order(&Order::Freeze("n3".into()));

    console.until("no rate", |screen| {
        let screen = screen.contents();
        screen.contains("busy-one") && under(&screen, "in/s", "busy-one").is_none()
    });
    world.order(&Order::Thaw("n3".into()));
    console.until("its rate again", |screen| {
        under(&screen.contents(), "in/s", "busy-one").is_some()
    });
    console.press("q");
    assert_eq!(console.end().0, 0);
}
