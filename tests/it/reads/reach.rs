//! Who hears a subject on real servers: through exports and imports of the sandbox's accounts, into a stream, and with a server
//! that says nothing.

use async_nats::ConnectOptions;
use nats_oam::demo::sandbox::Order;
use serde_json::{Value, json};

use super::{ask, holds, settled};
use crate::support::patience::until;
use crate::support::world::{Tenant, World, text};

/// A stream of ORDERS over what it exports, and one that copies it.
async fn keep(world: &World) {
    let description = world.description();
    let orders = Tenant::of(&description, "ORDERS");
    let options = ConnectOptions::with_credentials_file(orders.creds("payments"));
    let url = description.servers[0].url.clone();
    let client = options.await.unwrap().connect(url).await.unwrap();
    for config in [
        json!({"name": "TRAIL", "subjects": ["orders.*.created"], "num_replicas": 3}),
        json!({"name": "COPY", "mirror": {"name": "TRAIL"}}),
    ] {
        let subject = format!("$JS.API.STREAM.CREATE.{}", text(&config["name"]));
        until("a stream", || async {
            let told = client
                .request(subject.clone(), config.to_string().into())
                .await
                .ok()?;
            let told: Value = serde_json::from_slice(&told.payload).unwrap();
            told["error"].is_null().then_some(())
        })
        .await;
    }
}

/// `ORDERS orders.eu.created` for each delivery.
fn heard(item: &Value) -> Vec<String> {
    let deliveries = item["deliveries"].as_array().unwrap().iter();
    let mut heard: Vec<String> = deliveries
        .map(|one| {
            format!(
                "{} {}",
                text(&one["account"]["name"]),
                text(&one["subject"])
            )
        })
        .collect();
    heard.sort();
    heard
}

fn steps(delivery: &Value) -> Vec<String> {
    let via = delivery["via"].as_array().unwrap().iter();
    via.map(|step| format!("{} {}", text(&step["step"]), text(&step["subject"])))
        .collect()
}

#[tokio::test]
async fn what_is_published_is_heard_by_importers_and_kept_by_streams() {
    let Some(world) = World::own_busy() else {
        return;
    };
    let admin = settled(&world).await;
    keep(&world).await;

    let told = ask(&admin, &["reach", "ORDERS", "orders.eu.created"]);
    let part = ask(&admin, &["reach", "ORDERS", "orders.>"]);
    let asked = ask(&admin, &["reach", "ORDERS", "bills.price"]);
    let offline = ask(
        &admin,
        &["reach", "ORDERS", "orders.eu.created", "--offline"],
    );

    assert_eq!(told["kind"], "reach");
    let item = &told["item"];
    holds(
        "reach",
        std::slice::from_ref(item),
        &["account", "subject", "deliveries", "captured", "incomplete"],
    );
    let everybody = [
        "BILLING in.orders.eu",
        "ORDERS orders.eu.created",
        "SHIPPING in.orders.eu",
    ];
    assert_eq!(heard(item), everybody);
    assert_eq!(item["incomplete"], json!([]));
    let streams = item["captured"].as_array().unwrap().iter();
    let streams: Vec<String> = streams.map(|kept| text(&kept["stream"])).collect();
    assert_eq!(streams, ["COPY", "TRAIL"]);
    assert_eq!(item["captured"][0]["account"]["name"], "ORDERS");
    let of = |item: &Value, name: &str| {
        let mut deliveries = item["deliveries"].as_array().unwrap().iter();
        deliveries
            .find(|one| one["account"]["name"] == name)
            .unwrap()
            .clone()
    };
    let stream = ["export orders.*.created", "import orders.*.created"];
    assert_eq!(steps(&of(item, "BILLING")), stream);
    let shipping = of(&part["item"], "SHIPPING");
    assert_eq!(
        (
            &shipping["effect"],
            &shipping["example"],
            &shipping["subject"]
        ),
        (
            &json!("some"),
            &json!("orders.x.created"),
            &json!("in.orders.*")
        )
    );
    assert_eq!(
        heard(&asked["item"]),
        ["BILLING bills.price", "ORDERS bills.price"]
    );
    let service = ["import bills.price", "export bills.price"];
    assert_eq!(steps(&of(&asked["item"], "BILLING")), service);
    assert_eq!(
        (heard(&offline["item"]), &offline["servers"]),
        (everybody.map(str::to_owned).to_vec(), &Value::Null)
    );
    assert_eq!(offline["item"]["incomplete"][0]["what"], "streams_unknown");
}

#[tokio::test]
async fn a_silent_server_leaves_the_streams_in_doubt() {
    let Some(world) = World::own_busy() else {
        return;
    };
    let admin = settled(&world).await;
    let near = world.description().servers[0].url.clone();
    world.order(&Order::Freeze("n3".to_owned()));

    let ran = admin.run(&["reach", "ORDERS", "orders.eu.created", "--server", &near]);

    let told = ran.json();
    assert_eq!(
        (ran.code, &told["servers"]["silent"]),
        (5, &json!(["n3"])),
        "{ran:?}"
    );
    assert_eq!(heard(&told["item"]).len(), 3, "{told:#}");
    let gap = &told["item"]["incomplete"][0];
    assert_eq!(
        (&gap["what"], &gap["account"]["name"]),
        (&json!("streams_unknown"), &json!("ORDERS"))
    );
}
