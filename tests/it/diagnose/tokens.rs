//! What is wrong with a token or its seed.

use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::signer::Signer as _;
use serde_json::{Value, json};

use super::bench::{Bench, Pair, creds_text, issue, list, now, result, user_with};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_good_one_is_called_good_with_and_without_a_try() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let token = issue(&bench.good(&pair), &bench.plain());

    bench
        .let_in(&creds_text(token.text(), &pair.seed()), &[])
        .await;

    let stored = format!("{}/a", bench.tenant.name);
    let of_role = format!("{}/r", bench.tenant.name);
    for whom in [&stored, &of_role] {
        let ran = bench.admin.run(&["diagnose", whom, "--connect"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let item = &ran.json()["item"];
        assert_eq!(result(item, "seed_matches"), "ok");
        assert_eq!(result(item, "connect"), "ok");
    }
    let offline = bench
        .admin
        .run(&["diagnose", &stored, "--connect", "--offline"]);
    assert_eq!(
        (offline.code, &offline.json()["item"]["servers"]),
        (0, &Value::Null)
    );
    assert_eq!(result(&offline.json()["item"], "connect"), "skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_a_changed_and_a_mixed_up_file_are_named() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let (pair, other) = (Pair::user(), Pair::user());
    let token = issue(&bench.good(&pair), &bench.plain());
    let text = token.text().to_string();
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let torn = format!("{}.{signature}", &signed[..signed.len() - 40]);
    let renamed = user_with(bench.good(&pair), ["name"], "boss");
    let renamed = issue(&renamed, &bench.plain()).text().to_string();
    let (changed, _) = renamed.rsplit_once('.').unwrap();

    for (check, creds) in [
        ("format", creds_text(&torn, &pair.seed())),
        (
            "signature",
            creds_text(&format!("{changed}.{signature}"), &pair.seed()),
        ),
        ("seed_matches", creds_text(&text, &other.seed())),
    ] {
        bench.refused_for(check, &creds, &[]).await;
    }
    let nothing = bench.diagnose("no creds at all", &["--connect"]);
    assert_eq!(nothing.code, 7, "{nothing:?}");
    assert_eq!(nothing.json()["item"]["first_failure"], "format");
    assert_eq!(result(&nothing.json()["item"], "connect"), "skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_says_against_itself_is_named() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let stranger = Pair::account();
    let broken = |check: &'static str, change: &dyn Fn(Node) -> Node| {
        let pair = Pair::user();
        let tree = change(bench.good(&pair));
        let token = match check {
            "issuer_in_account" => issue(&tree, &stranger),
            _ => issue(&tree, &bench.plain()),
        };
        (check, creds_text(token.text(), &pair.seed()))
    };
    let window = Node::Array(vec![Node::object([
        ("start", Node::from("08:10:00")),
        ("end", Node::from("08:10:00")),
    ])]);

    for (check, creds) in [
        broken("issuer_in_account", &|tree| tree),
        broken("not_before", &|tree| {
            user_with(tree, ["nbf"], now() + 3_600)
        }),
        broken("expiry", &|tree| user_with(tree, ["exp"], now() - 5)),
        broken("role_rules", &|tree| {
            user_with(tree, ["nats", "pub", "allow"], list(&["a b"]))
        }),
        broken("source", &|tree| {
            user_with(tree, ["nats", "src"], list(&["127.0.0.1"]))
        }),
        broken("times", &|tree| {
            user_with(tree, ["nats", "times"], window.clone())
        }),
        broken("connection_type", &|tree| {
            user_with(
                tree,
                ["nats", "allowed_connection_types"],
                list(&["WEBSOCKET"]),
            )
        }),
    ] {
        bench.refused_for(check, &creds, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_judged_by_the_address_that_is_said() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let bound = |network: &str| {
        let tree = user_with(bench.good(&pair), ["nats", "src"], list(&[network]));
        creds_text(issue(&tree, &bench.plain()).text(), &pair.seed())
    };

    bench
        .refused_for("source", &bound("10.0.0.0/8"), &["--from", "127.0.0.1"])
        .await;
    bench
        .let_in(&bound("127.0.0.0/8"), &["--from", "127.0.0.1"])
        .await;

    let unsaid = bench.diagnose(&bound("127.0.0.0/8"), &[]);
    assert_eq!(unsaid.code, 5, "{unsaid:?}");
    assert_eq!(unsaid.json()["item"]["verdict"], "unknown");
    let tried = bench.diagnose(&bound("127.0.0.0/8"), &["--connect"]);
    assert_eq!(tried.code, 0, "servers let it in from here: {tried:?}");
    let refused = bench.diagnose(&bound("10.0.0.0/8"), &["--connect"]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert_eq!(refused.json()["item"]["first_failure"], "connect");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_those_of_their_place_and_wrap_round_midnight() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let of_hours = |from: i64, to: i64| {
        let clock = |hours: i64| {
            let second = (now() + hours * 3_600).rem_euclid(86_400);
            format!(
                "{:02}:{:02}:{:02}",
                second / 3_600,
                second / 60 % 60,
                second % 60
            )
        };
        let window = Node::object([
            ("start", Node::from(clock(from))),
            ("end", Node::from(clock(to))),
        ]);
        let tree = user_with(
            bench.good(&pair),
            ["nats", "times"],
            Node::Array(vec![window]),
        );
        let tree = user_with(tree, ["nats", "times_location"], "UTC");
        creds_text(issue(&tree, &bench.plain()).text(), &pair.seed())
    };

    bench.let_in(&of_hours(-1, 1), &[]).await;
    bench.let_in(&of_hours(-1, 22), &[]).await;
    bench.refused_for("times", &of_hours(1, 3), &[]).await;
    bench.refused_for("times", &of_hours(2, 23), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_cannot_give_is_named() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let roles = [
        ("tag", list(&["{{tag(region)}}.>"])),
        ("function", list(&["{{shoe-size()}}.>"])),
    ];
    let roles = roles.map(|(name, deny)| {
        let key = Pair::account();
        let lists = Node::object([("deny", deny)]);
        let template = Node::object([("pub", lists), ("sub", Node::EMPTY_OBJECT)]);
        let scope = fresh::role(key.public_key(), &name.into(), template);
        (key, scope)
    });
    let base = bench.tenant.token_in_store();
    let Some(Node::Array(mut keys)) = base.body().get("signing_keys").cloned() else {
        panic!("no signing keys")
    };
    keys.extend(roles.iter().map(|(_, scope)| scope.clone()));
    bench
        .push(&[(&["nats", "signing_keys"], Node::Array(keys))])
        .await;
    let pair = Pair::user();
    let bare = fresh::role_user(&"odd".into(), pair.user_id(), bench.account());

    let not_bare = issue(
        &user_with(bare.clone(), ["nats", "subs"], -1),
        &bench.role(),
    );
    let creds = creds_text(not_bare.text(), &pair.seed());
    let told = bench.refused_for("role_rules", &creds, &[]).await;
    assert!(told.to_string().contains("of its own"), "{told:#}");
    for ((key, _), words) in roles.iter().zip(["no tag", "shoe-size"]) {
        let creds = creds_text(issue(&bare, key).text(), &pair.seed());
        let told = bench.refused_for("role_rules", &creds, &[]).await;
        assert!(told.to_string().contains(words), "{told:#}");
    }
    let good = creds_text(issue(&bare, &bench.role()).text(), &pair.seed());
    bench.let_in(&good, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_judged_and_no_secret_is_repeated() {
    let Some(world) = World::shared() else { return };
    let bench = Bench::of(world).await;
    let pair = Pair::user();
    let tree = user_with(bench.good(&pair), ["exp"], now() - 5);
    let token = issue(&tree, &bench.plain());
    let creds = creds_text(token.text(), &pair.seed());

    let ran = bench
        .admin
        .run_with(&["diagnose", "-", "--connect"], &creds);
    let bare = bench
        .admin
        .run_with(&["diagnose", "-", "--connect"], token.text());

    for ran in [&ran, &bare] {
        assert_eq!(ran.code, 7, "{ran:?}");
        assert_eq!(ran.json()["item"]["first_failure"], "expiry");
        for said in [&ran.stdout, &ran.stderr] {
            assert!(!said.contains(&pair.seed()) && !said.contains(&**token.text()));
        }
    }
    assert_eq!(result(&ran.json()["item"], "connect"), "fail");
    assert_eq!(result(&bare.json()["item"], "connect"), "skipped");
    assert_eq!(
        ran.json()["item"]["subject"]["key"],
        json!(pair.user_id().to_string())
    );
}
