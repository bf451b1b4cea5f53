//! Two admins at one account at the same moment. NATS has no compare-and-swap, so what stands in the end is what these
//! stories look at: on the servers, not in what was said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use nats_oam::actions::outcome::Outcome;
use nats_oam::actions::ports::Ports;
use nats_oam::actions::user::lift::LiftRevocations;
use nats_oam::actions::user::revoke::RevokeUsers;
use nats_oam::jwt::account::Account;
use nats_oam::jwt::edit::{Edit, Value, apply};
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::{KeyKind, UserId};
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::ledger::Query;
use nats_oam::ledger::audit::{Outcome as Word, Phase};
use nats_oam::store::keyring::{Keyring, NewKey};
use tokio::sync::Barrier;

use crate::support::between::{Moment, applied, nothing, ports, ports_proving, prepared, revoking};
use crate::support::ears::Ears;
use crate::support::world::{Tenant, World, finished};

const ROUNDS: usize = 20;
const ROUNDS_OF_PROCESSES: usize = 4;

fn someone() -> UserId {
    let key = NewKey::random(KeyKind::User).unwrap();
    key.public_key().try_into().unwrap()
}

fn revoking_of(tenant: &Tenant, user: UserId) -> RevokeUsers {
    revoking(&format!("{}/{user}", tenant.id))
}

/// The first time it comes to this, waits until the other has come to it too.
fn meet(at: &Arc<Barrier>) -> Moment {
    let (at, met) = (Arc::clone(at), Arc::new(AtomicBool::new(false)));
    Arc::new(move || {
        let (at, met) = (Arc::clone(&at), Arc::clone(&met));
        Box::pin(async move {
            if !met.swap(true, Ordering::SeqCst) {
                at.wait().await;
            }
        })
    })
}

/// The one token that all three servers keep, with these users revoked in it.
async fn agreed(ears: &Ears, tenant: &Tenant, revoked: &[UserId]) -> Token {
    let kept = ears.kept(tenant.id, 3).await;
    let revision = kept[0].revision();
    assert!(
        kept.iter().all(|token| token.revision() == revision),
        "servers differ"
    );
    let account = Account::of(&kept[0]).unwrap();
    for user in revoked {
        assert!(account.revocations.named(*user).is_some(), "{user} is not");
    }
    kept[0].clone()
}

async fn revoked_through(ports: &Ports, tenant: &Tenant, user: UserId) -> Outcome {
    applied(prepared(&revoking_of(tenant, user), ports).await, ports).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_revoke_at_the_same_moment_both_have_their_way() {
    let Some(world) = World::shared() else { return };
    let (tenant, ears) = (world.tenant(), world.ears().await);
    let admins = [world.admin(), world.admin()];
    let mut revoked = Vec::new();
    for round in 1..=ROUNDS {
        let at = Arc::new(Barrier::new(2));
        let [one, two] =
            [&admins[0], &admins[1]].map(|admin| ports(world, admin, meet(&at), nothing()));
        let (one, two) = (one.await, two.await);
        let users = [someone(), someone()];
        revoked.extend(users);
        let previews = [
            prepared(&revoking_of(&tenant, users[0]), &one).await,
            prepared(&revoking_of(&tenant, users[1]), &two).await,
        ];
        let [first, second] = previews;

        let ended = tokio::join!(applied(first, &one), applied(second, &two));

        for outcome in [&ended.0, &ended.1] {
            assert_eq!(outcome.word, Word::Verified, "round {round}: {outcome:?}");
        }
        let token = agreed(&ears, &tenant, &revoked).await;
        assert_eq!(
            tenant.token_in_store().revision(),
            token.revision(),
            "round {round}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_that_revoke_at_once_both_have_their_way() {
    let Some(world) = World::shared() else { return };
    let (tenant, ears) = (world.tenant(), world.ears().await);
    let admins = [world.admin(), world.admin()];
    let mut revoked = Vec::new();
    for round in 1..=ROUNDS_OF_PROCESSES {
        let users = [someone(), someone()];
        let start = |at: usize| {
            let (whom, tail) = (
                format!("{}/{}", tenant.name, users[at]),
                users[at].key().tail(),
            );
            admins[at].start(&["user", "revoke", &whom, "--confirm", &tail])
        };

        let running = [start(0), start(1)];

        for (at, mut ran) in running.map(finished).into_iter().enumerate() {
            // Whoever saw the other's push before its own is told so, nothing is done, and presses again.
            while ran.code == 6 {
                ran = finished(start(at));
            }
            assert_eq!(ran.code, 0, "round {round}: {ran:?}");
        }
        revoked.extend(users);
        agreed(&ears, &tenant, &revoked).await;
    }
}

/// Another admin, who revokes somebody by hand on top of what the servers have.
struct Rival {
    ears: Ears,
    keys: Keyring,
    tenant: Tenant,
}

impl Rival {
    async fn of(world: &World, tenant: &Tenant) -> Arc<Self> {
        Arc::new(Self {
            ears: world.ears().await,
            keys: Keyring::new(world.description().keystore_dir),
            tenant: tenant.clone(),
        })
    }

    async fn base(&self) -> Token {
        let kept = self.ears.kept(self.tenant.id, 3).await;
        let youngest = kept.iter().max_by_key(|token| token.envelope().issued_at);
        youngest.unwrap().clone()
    }

    async fn revokes(&self, on: &Token, user: UserId) {
        let signer = self.keys.signer(on.envelope().issuer).unwrap();
        let at = UnixTime(self.base().await.envelope().issued_at.unwrap().0 + 1);
        let edit = Edit::set(
            ["nats", "revocations", &user.to_string()],
            Value::Given(Node::from(at.0)),
        );
        let token = Token::issue(&apply(on, &[edit], at), &signer, at).unwrap();
        self.ears.push(&token).await;
    }
}

/// Does it the first time only.
fn once(act: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Moment {
    let done = AtomicBool::new(false);
    Arc::new(move || {
        if done.swap(true, Ordering::SeqCst) {
            Box::pin(std::future::ready(()))
        } else {
            act()
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_changed_since_the_preview_is_stale_and_nothing_is_done() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let rival = Rival::of(world, &tenant).await;
    let ports = ports(world, &admin, nothing(), nothing()).await;
    let (ours, theirs) = (someone(), someone());
    let preview = prepared(&revoking_of(&tenant, ours), &ports).await;
    rival.revokes(&rival.base().await, theirs).await;

    let outcome = applied(preview, &ports).await;

    assert_eq!(outcome.word, Word::Stale, "{outcome:?}");
    assert_eq!(outcome.json()["exit"], 6);
    assert_eq!(outcome.json()["error"]["code"], "stale");
    assert_eq!(outcome.json()["steps"]["done"], 0);
    assert_eq!(outcome.undo, None);
    let token = agreed(&rival.ears, &tenant, &[theirs]).await;
    assert!(
        Account::of(&token)
            .unwrap()
            .revocations
            .named(ours)
            .is_none()
    );
}

/// One who read the account before anybody else pushed, and pushes last: no other revocation is in that token.
async fn late(rival: &Arc<Rival>, theirs: UserId) -> Moment {
    let (rival, base) = (Arc::clone(rival), rival.base().await);
    once(move || {
        let (rival, base) = (Arc::clone(&rival), base.clone());
        async move { rival.revokes(&base, theirs).await }.boxed()
    })
}

async fn both_stand(world: &World, ports: &Ports, tenant: &Tenant, theirs: UserId) {
    let ours = someone();

    let outcome = revoked_through(ports, tenant, ours).await;

    assert_eq!(outcome.word, Word::Verified, "{outcome:?}");
    let mut warnings = outcome.report.warnings.iter();
    assert!(warnings.any(|said| said.code == "raced"));
    agreed(&world.ears().await, tenant, &[ours, theirs]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_is_overwritten_goes_again_and_both_stand() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, theirs) = (world.tenant(), world.admin(), someone());
    let rival = Rival::of(world, &tenant).await;
    let overwrite = late(&rival, theirs).await;

    let ports = ports(world, &admin, nothing(), overwrite).await;

    both_stand(world, &ports, &tenant, theirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_is_overwritten_later_than_it_looks_back_goes_again_as_well() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin, theirs) = (world.tenant(), world.admin(), someone());
    let rival = Rival::of(world, &tenant).await;
    let overwrite = late(&rival, theirs).await;

    let ports = ports_proving(world, &admin, overwrite).await;

    both_stand(world, &ports, &tenant, theirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_push_after_which_no_server_is_left_leaves_both_tokens_on_record() {
    let Some(world) = World::own() else { return };
    let (tenant, admin, ours) = (world.tenant(), world.admin(), someone());
    let rival = Rival::of(&world, &tenant).await;
    let overwrite = late(&rival, someone()).await;
    let servers = world.description().servers;
    let end_all: Moment = Arc::new(move || {
        for server in &servers {
            let pid = rustix::process::Pid::from_raw(i32::try_from(server.pid).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        Box::pin(std::future::ready(()))
    });
    let ports = ports(&world, &admin, from_the_second_time(end_all), overwrite).await;

    let outcome = revoked_through(&ports, &tenant, ours).await;

    assert_eq!(outcome.word, Word::Unverified, "{outcome:?}");
    let records = ports.record.ledger.records(&Query::default()).unwrap();
    let change = records
        .records
        .into_iter()
        .find_map(|record| record.change.filter(|_| record.phase == Phase::Result));
    let change = change.unwrap();
    let went_out = std::iter::once(change.after).chain(change.also.into_iter().map(|it| it.after));
    let went_out: Vec<Token> = went_out
        .map(|token| Token::decode(token.unwrap().raw()).unwrap())
        .collect();
    assert_eq!(went_out.len(), 2);
    assert_ne!(went_out[0].revision(), went_out[1].revision());
    for token in went_out {
        let account = Account::of(&token).unwrap();
        assert!(account.revocations.named(ours).is_some());
    }
}

fn from_the_second_time(act: Moment) -> Moment {
    let was_there = AtomicBool::new(false);
    Arc::new(move || {
        if was_there.swap(true, Ordering::SeqCst) {
            act()
        } else {
            Box::pin(std::future::ready(()))
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lift_that_is_overwritten_is_partial_and_says_so() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let rival = Rival::of(world, &tenant).await;
    let (lifted, theirs) = (someone(), someone());
    rival.revokes(&rival.base().await, lifted).await;
    let overwrite = late(&rival, theirs).await;
    let ports = ports(world, &admin, nothing(), overwrite).await;
    let lift = LiftRevocations {
        users: vec![format!("{}/{lifted}", tenant.id).parse().unwrap()],
    };

    let outcome = applied(prepared(&lift, &ports).await, &ports).await;

    assert_eq!(outcome.word, Word::Partial, "{outcome:?}");
    assert_eq!(outcome.json()["exit"], 4);
    assert_eq!(outcome.json()["error"]["code"], "overwritten");
    agreed(&rival.ears, &tenant, &[lifted, theirs]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_no_server_trusts_is_never_what_we_sign() {
    let Some(world) = World::shared() else { return };
    let (tenant, admin) = (world.tenant(), world.admin());
    let rival = Rival::of(world, &tenant).await;
    let (intruder, foreign) = (
        NewKey::random(KeyKind::Account).unwrap(),
        NewKey::random(KeyKind::Operator).unwrap(),
    );
    // Whoever may push, and holds no key of the operator, leaves a signing key of their own in every resolver.
    let base = rival.base().await;
    let keys = Node::strings([intruder.public_key().to_string()]);
    let at = UnixTime(base.envelope().issued_at.unwrap().0 + 1000);
    let edit = Edit::set(["nats", "signing_keys"], Value::Given(keys));
    let planted = Token::issue(&apply(&base, &[edit], at), &foreign, at).unwrap();
    rival.ears.push(&planted).await;
    assert!(
        rival
            .ears
            .kept(tenant.id, 3)
            .await
            .iter()
            .all(|token| token.revision() == planted.revision())
    );
    let user = format!("{}/a", tenant.name);

    let ran = admin.run(&["user", "revoke", &user, "--confirm", &tenant.tail("a")]);

    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.warnings().contains(&"untrusted_copy".to_owned()),
        "{ran:?}"
    );
    let token = agreed(&rival.ears, &tenant, &[tenant.user("a")]).await;
    assert_eq!(token.envelope().issuer, base.envelope().issuer);
    assert!(
        !token
            .tree()
            .to_go_json()
            .contains(&intruder.public_key().to_string())
    );
}
