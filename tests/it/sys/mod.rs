//! The system account against real servers: what they do, not what their pages say. One sandbox, an account for each test.

mod world;

use std::time::{Duration, Instant};

use async_nats::connection::State;
use futures::StreamExt as _;
use nats_oam::demo::sandbox::Order;
use nats_oam::inventory::connection::Identity;
use nats_oam::inventory::server::{Belonging, Resolver, ServerState};
use nats_oam::jwt::edit::with;
use nats_oam::jwt::envelope::TokenKind;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{AccountId, ConnId, KeyKind, ServerId};
use nats_oam::jwt::signer::Signer as _;
use nats_oam::store::keyring::NewKey;
use nats_oam::sys::{ConnQuery, Kicked, Proof, Right, Sys, SysError, SysEvent, Update};
use serde_json::{Value, json};

use self::world::{SPARE_ACCOUNTS, World, account, heard, open, revoking, trusted_key};
use crate::support::patience::until;
use crate::support::skip::needs;
use crate::support::tools::Tool;
use crate::support::world::sandbox;

#[tokio::test]
async fn a_census_knows_every_server_and_what_it_trusts() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));

    let system = world.system().await;

    let census = Sys::census(&system).borrow().clone();
    assert_eq!(census.servers.len(), 3);
    for server in &census.servers {
        assert_eq!(server.state, ServerState::Up);
        assert_eq!(server.resolver, Resolver::Full);
        assert_eq!(server.foreign, Belonging::Ours);
        assert_eq!(server.system_account, Some(Sys::me(&system).account));
        assert!(server.release().is_some() && server.clock_skew_ms.is_some());
    }
    assert!(census.unheard.is_empty());
}

#[tokio::test]
async fn a_kicked_client_is_told_with_its_reason_and_comes_back_as_another_connection() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));
    let system = world.system().await;
    let (account, _) = account(&system, "TEST01").await;
    let worker = world.user(account, "worker");
    let _client = worker.connect(world.url(1)).await;
    let rows = Sys::connections(&system, ConnQuery::AccountWithAuth(account))
        .await
        .unwrap();
    let row = rows
        .answers()
        .find_map(|(_, rows)| rows.first().cloned())
        .unwrap();
    assert_eq!(row.proven_user(), Some(worker.id()));
    let mut events = Sys::events(&system).await.unwrap();

    let kicked = Sys::kick(&system, row.id).await;

    assert_eq!(kicked, Kicked::Closed);
    let reason = heard(&mut events, |event| match event {
        SysEvent::Disconnected(gone) if gone.id == row.id => gone.reason.clone(),
        _ => None,
    });
    assert_eq!(reason.await.to_string(), "Kicked");
    until("the client comes back", || async {
        open(&system, account)
            .await
            .into_iter()
            .find(|id| *id != row.id)
    })
    .await;
    assert_eq!(Sys::kick(&system, row.id).await, Kicked::NotThere);
}

#[tokio::test]
async fn containment_is_proven_on_every_server_and_nobody_logs_in_again() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));
    let system = world.system().await;
    let (account, base) = account(&system, "TEST02").await;
    let signer = world.keyring.signer(trusted_key(&system)).unwrap();
    let (victim, bystander) = (
        world.user(account, "victim"),
        world.user(account, "bystander"),
    );
    let clients = [
        victim.connect(world.url(0)).await,
        victim.connect(world.url(2)).await,
    ];
    let kept = bystander.connect(world.url(1)).await;
    let hint = ConnQuery::Claiming(account, victim.id());
    let hinted = Sys::connections(&system, hint).await.unwrap();
    let ids: Vec<ConnId> = hinted
        .answers()
        .flat_map(|(_, rows)| rows.iter().map(|row| row.id))
        .collect();
    assert_eq!(ids.len(), 2);
    let update = Update::new(revoking(&base, victim.id(), &signer), 2).unwrap();

    let pushed = Sys::contain(&system, &update, &ids).await.unwrap();

    assert!(pushed.is_complete() && pushed.answers().count() == 3);
    let proofs = Sys::prove(&system, &update).await.unwrap();
    assert_eq!(proofs.answers().count(), 3);
    assert!(
        proofs
            .answers()
            .all(|(_, proof)| matches!(proof, Proof::InForce | Proof::Stored)),
        "{proofs:?}"
    );
    let mut events = Sys::events(&system).await.unwrap();
    heard(&mut events, |event| match event {
        SysEvent::Refused(login) => login
            .row
            .holder
            .as_ref()?
            .user
            .clone()
            .filter(|user| user.key == victim.id()),
        SysEvent::Connected(row) if row.proven_user() == Some(victim.id()) => {
            panic!("it is in again: {row:?}")
        }
        _ => None,
    })
    .await;
    assert!(
        clients
            .iter()
            .all(|client| client.connection_state() != State::Connected)
    );
    assert_eq!(kept.connection_state(), State::Connected);
    assert_eq!(open(&system, account).await.len(), 1);
}

#[tokio::test]
async fn a_push_that_all_took_and_nobody_enforces_is_stale_everywhere() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));
    let system = world.system().await;
    let (account, base) = account(&system, "TEST03").await;
    let worker = world.user(account, "worker");
    let _clients = [
        worker.connect(world.url(0)).await,
        worker.connect(world.url(1)).await,
        worker.connect(world.url(2)).await,
    ];
    let foreign = NewKey::random(KeyKind::Operator).unwrap();
    let update = Update::new(revoking(&base, worker.id(), &foreign), 1).unwrap();

    let pushed = Sys::push(&system, &update).await.unwrap();

    assert_eq!(pushed.answers().count(), 3);
    let proofs = Sys::prove(&system, &update).await.unwrap();
    let stale = Proof::Stale(Some(base.revision()));
    assert_eq!(proofs.answers().count(), 3);
    assert!(
        proofs.answers().all(|(_, proof)| *proof == stale),
        "{proofs:?}"
    );
    let census = Sys::census(&system).borrow().clone();
    assert_eq!(census.distrusting(foreign.public_key()).len(), 3);
}

#[tokio::test]
async fn one_who_claims_to_be_another_is_known_for_what_it_is() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));
    let system = world.system().await;
    let (account, _) = account(&system, "TEST04").await;
    let (liar, other) = (world.user(account, "liar"), world.user(account, "other"));
    let _client = liar.connect_claiming(world.url(0), Some(other.id())).await;

    let rows = Sys::connections(&system, ConnQuery::WithAuth(open(&system, account).await))
        .await
        .unwrap();

    let (_, rows) = rows.answers().next().unwrap();
    let holder = rows[0].holder.clone().unwrap();
    assert_eq!(holder.identity, Identity::Spoofed);
    assert_eq!(holder.user.unwrap().key, liar.id());
    assert_eq!(
        holder.claimed_user.unwrap().to_string(),
        other.id().to_string()
    );
}

#[tokio::test]
async fn a_read_only_user_is_told_at_once_what_it_may_not() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));
    let list =
        |patterns: &[&str]| Node::object([("allow", Node::strings(patterns.iter().copied()))]);
    let look = [
        "$SYS.REQ.SERVER.PING.>",
        "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP",
        "$SYS.REQ.CLAIMS.PACK",
        "$SYS.REQ.USER.INFO",
    ];
    let auditor = world.shaped(world.system_id(), "auditor", |tree| {
        let kind = TokenKind::User;
        let tree = with(tree, kind, ["nats", "pub"], list(&look));
        with(tree, kind, ["nats", "sub"], list(&["_INBOX.>"]))
    });
    let system = world.login(auditor).await.unwrap();
    assert!(Sys::me(&system).rights.has(Right::Look) && !Sys::me(&system).rights.has(Right::Push));
    let (_, base) = account(&system, "TEST01").await;
    let start = Instant::now();

    let told = Sys::push(&system, &Update::new(base, 0).unwrap()).await;

    assert!(
        matches!(told, Err(SysError::NotPermitted { .. })),
        "{told:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "it waited for the timeout"
    );
    assert_eq!(Sys::refused(&system).len(), 1);
}

#[tokio::test]
async fn a_refused_pack_is_told_at_once() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));
    let auditor = world.shaped(world.system_id(), "auditor", |tree| {
        let deny = Node::object([("deny", Node::strings(["$SYS.REQ.CLAIMS.PACK"]))]);
        with(tree, TokenKind::User, ["nats", "pub"], deny)
    });
    let system = world.login(auditor).await.unwrap();
    let start = Instant::now();

    let mut tokens = Sys::pack(&system).await.unwrap();
    let first = tokens.next().await;

    assert!(
        matches!(first, Some(Err(SysError::NotPermitted { .. }))),
        "{first:?}"
    );
    assert!(tokens.next().await.is_none());
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "it waited for the timeout"
    );
}

#[tokio::test]
async fn a_tenant_is_told_whose_it_is_and_an_unknown_account_is_not_asked_for() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let world = World::shared(tools.path(Tool::NatsServer));
    let system = world.system().await;
    let (account, _) = account(&system, "TEST05").await;

    let tenant = world.login(world.user(account, "tenant")).await;
    let nobody = AccountId::from_bytes([7; 32]);
    let unknown = Sys::connections(&system, ConnQuery::Account(nobody)).await;

    assert!(matches!(tenant.err(), Some(SysError::NotSystem { account: of }) if of == account));
    assert!(matches!(unknown, Err(SysError::UnknownAccount(asked)) if asked == nobody));
}

#[tokio::test]
async fn a_frozen_server_is_silent_and_does_not_stop_the_others() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let mut sandbox = sandbox(tools.path(Tool::NatsServer), SPARE_ACCOUNTS, false);
    let world = World::of(&sandbox);
    let system = world.system().await;
    let (account, base) = account(&system, "TEST01").await;
    let signer = world.keyring.signer(trusted_key(&system)).unwrap();
    let frozen = world.description.servers[2].name.clone();
    sandbox.order(&Order::Freeze(frozen.clone())).unwrap();
    let update = Update::new(revoking(&base, world.user(account, "x").id(), &signer), 0).unwrap();

    let pushed = Sys::push(&system, &update).await.unwrap();
    let proofs = Sys::prove(&system, &update).await.unwrap();
    sandbox.order(&Order::Thaw(frozen.clone())).unwrap();

    assert_eq!(pushed.silent, [frozen.as_str().into()]);
    assert_eq!(proofs.silent, [frozen.as_str().into()]);
    assert_eq!(pushed.answers().count(), 2);
    until("the thawed server has it too", || async {
        let proofs = Sys::prove(&system, &update).await.unwrap();
        let stored = |proof: &Proof| matches!(proof, Proof::InForce | Proof::Stored);
        (proofs.answers().count() == 3 && proofs.answers().all(|(_, proof)| stored(proof)))
            .then_some(())
    })
    .await;
}

/// Connections in one answer, as we ask for them.
const PAGE: u64 = 16_384;

/// Somebody in the system account who answers as a server would that has more than one page of connections, and falls silent
/// after the first. Real ones cannot be frozen between two answers.
async fn answers_one_page(world: &World, id: ServerId) {
    let server = world.user(world.system_id(), "busy");
    let client = server.connect(world.url(0)).await;
    let mut asked = client
        .subscribe("$SYS.REQ.SERVER.PING.CONNZ")
        .await
        .unwrap();
    let further = client
        .subscribe(format!("$SYS.REQ.SERVER.{id}.CONNZ"))
        .await
        .unwrap();
    client.flush().await.unwrap();
    let rows: Vec<Value> = (1..=PAGE).map(|cid| json!({"cid": cid})).collect();
    let page = json!({"server": {"id": id, "name": "busy"}, "data": {"connections": rows}});
    let page = page.to_string();
    tokio::spawn(async move {
        while let Some(question) = asked.next().await {
            let to = question.reply.unwrap();
            client.publish(to, page.clone().into()).await.unwrap();
        }
        drop(further); // held until here: it hears, and says nothing
    });
}

#[tokio::test]
async fn a_server_that_freezes_between_two_pages_has_not_said_all() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let sandbox = sandbox(tools.path(Tool::NatsServer), SPARE_ACCOUNTS, false);
    let mut world = World::of(&sandbox);
    let mut expected = world.description.servers[0].clone();
    "busy".clone_into(&mut expected.name);
    world.description.servers.push(expected);
    let system = world.system().await;
    let busy = ServerId::from_bytes([7; 32]);
    answers_one_page(&world, busy).await;

    let told = Sys::connections(&system, ConnQuery::Open).await.unwrap();

    assert_eq!(told.silent, ["busy".into()]);
    let whole: Vec<String> = told
        .whole()
        .map(|(server, _)| server.name.to_string())
        .collect();
    assert_eq!(whole.len(), 3, "{whole:?}");
    assert!(!whole.contains(&"busy".to_owned()));
    let part = told.answers().find(|(server, _)| server.id == busy);
    let (_, rows) = part.unwrap();
    assert_eq!(rows.len(), usize::try_from(PAGE).unwrap());
}
