//! An operator that lets signing keys sign and nothing else.

use std::fs;

use nats_oam::jwt::edit::with;
use nats_oam::jwt::envelope::TokenKind;
use nats_oam::jwt::fresh;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::signer::Signer as _;

use super::bench::{Pair, answer_of, creds_text, issue};
use crate::support::lone_server::LoneServer;
use crate::support::skip::needs;
use crate::support::tools::Tool;
use crate::support::world::{Admin, Ran, ran};

/// A server with a strict operator, its system account, and a tenant.
struct Strict {
    server: LoneServer,
    tenant: Pair,
    tenant_signing: Pair,
}

/// An account with a signing key.
fn account(name: &str, identity: &Pair, signing: &Pair) -> Node {
    let tree = fresh::account(&name.into(), identity.public_key().try_into().unwrap());
    let keys = Node::strings([signing.public_key().to_string()]);
    with(tree, TokenKind::Account, ["nats", "signing_keys"], keys)
}

impl Strict {
    fn start(program: &std::path::Path) -> Self {
        let (operator, operator_signing) = (Pair::operator(), Pair::operator());
        let (system, system_signing) = (Pair::account(), Pair::account());
        let (tenant, tenant_signing) = (Pair::account(), Pair::account());
        let tree = fresh::operator(&"STRICT".into(), operator.public_key().try_into().unwrap());
        let keys = Node::strings([operator_signing.public_key().to_string()]);
        let tree = with(tree, TokenKind::Operator, ["nats", "signing_keys"], keys);
        let system_key = Node::from(system.public_key().to_string());
        let tree = with(
            tree,
            TokenKind::Operator,
            ["nats", "system_account"],
            system_key,
        );
        let tree = with(
            tree,
            TokenKind::Operator,
            ["nats", "strict_signing_key_usage"],
            Node::from(true),
        );
        let operator_token = issue(&tree, &operator);
        let preload = [
            ("SYS", &system, &system_signing),
            ("TENANT", &tenant, &tenant_signing),
        ]
        .map(|(name, identity, signing)| {
            let token = issue(&account(name, identity, signing), &operator_signing);
            format!("{}: {}\n", identity.public_key(), token.text())
        });
        let configuration = format!(
            "server_name: strict\noperator: \"{operator}\"\n\
             system_account: {system}\nresolver: MEMORY\nresolver_preload: {{\n{preload}}}\n",
            operator = operator_token.text(),
            system = system.public_key(),
            preload = preload.concat(),
        );
        let server = LoneServer::start(program, &configuration);
        let admin = Pair::user();
        let tree = fresh::user(
            &"sys".into(),
            admin.user_id(),
            Some(system.public_key().try_into().unwrap()),
        );
        let creds = creds_text(issue(&tree, &system_signing).text(), &admin.seed());
        fs::write(server.home.path().join("sys.creds"), creds).unwrap();
        Self {
            server,
            tenant,
            tenant_signing,
        }
    }

    /// Somebody without a store asks.
    fn diagnose(&self, admin: &Admin, creds: &str) -> Ran {
        let home = self.server.home.path();
        let file = home.join("odd.creds");
        fs::write(&file, creds).unwrap();
        let mut command = admin.bare(&["--json", "-s", &self.server.address, "--creds"]);
        command.arg(home.join("sys.creds"));
        command.args(["diagnose", &format!("@{}", file.display()), "--connect"]);
        ran(command.output().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signed_by_the_identity_key_is_named_under_a_strict_operator() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let strict = Strict::start(tools.path(Tool::NatsServer));
    let admin = Admin {
        home: tempfile::tempdir().unwrap(),
        context: std::path::PathBuf::new(),
    };
    let pair = Pair::user();
    let id = strict.tenant.public_key().try_into().unwrap();
    let by_identity = fresh::user(&"odd".into(), pair.user_id(), None);
    let by_signing = fresh::user(&"even".into(), pair.user_id(), Some(id));
    let odd = creds_text(issue(&by_identity, &strict.tenant).text(), &pair.seed());
    let even = creds_text(
        issue(&by_signing, &strict.tenant_signing).text(),
        &pair.seed(),
    );

    let refused = strict.diagnose(&admin, &odd);
    let good = strict.diagnose(&admin, &even);

    assert!(answer_of(&odd, &strict.server.address).await.is_some());
    assert_eq!(answer_of(&even, &strict.server.address).await, None);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert_eq!(refused.json()["item"]["first_failure"], "strict");
    assert_eq!(good.code, 0, "{good:?}");
}
