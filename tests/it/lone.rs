//! A server by itself, which trusts the operator of a sandbox: one that wants TLS before it says anything, and one whose
//! resolver forgets with a restart.

use std::fs;
use std::path::Path;

use async_nats::ConnectOptions;
use serde_json::{Value, json};

use crate::support::certificate::Certificate;
use crate::support::lone_server::LoneServer;
use crate::support::skip::needs;
use crate::support::tools::Tool;
use crate::support::world::{Admin, Ran, Tenant, World, codes, ran, text};

struct Lone(LoneServer);

impl Lone {
    /// Starts one with the tokens that these accounts have in the store now; `more` is added to its configuration.
    fn start(program: &Path, world: &World, accounts: &[&Tenant], more: &str) -> Self {
        let sandbox = world.description();
        let operator = &sandbox.operator.name;
        let token = sandbox
            .data_dir
            .join(operator)
            .join(format!("{operator}.jwt"));
        let preload = accounts.iter().map(|account| {
            let token = fs::read_to_string(&account.stored).unwrap();
            format!("{}: {}\n", account.id, token.trim())
        });
        let configuration = format!(
            "server_name: lone\noperator: \"{token}\"\n\
             system_account: {system}\nresolver: MEMORY\nresolver_preload: {{\n{preload}}}\n{more}\n",
            token = token.display(),
            system = world.system().id,
            preload = preload.collect::<String>(),
        );
        Self(LoneServer::start(program, &configuration))
    }

    /// Whether it lets a user in.
    async fn lets_in(&self, tenant: &Tenant, user: &str) -> bool {
        let options = ConnectOptions::with_credentials_file(tenant.creds(user)).await;
        options.unwrap().connect(&self.0.address).await.is_ok()
    }

    /// A command of somebody whose context has this server, with more about it.
    fn ask(&self, world: &World, admin: &Admin, more: &Value, args: &[&str]) -> Ran {
        let sandbox = world.description();
        let mut context = json!({
            "url": format!("nats://{}", self.0.address), "creds": sandbox.creds, "production": false,
            "operator": sandbox.operator.name, "data_dir": sandbox.data_dir, "keystore_dir": sandbox.keystore_dir,
        });
        let more = more.as_object().unwrap().clone();
        context.as_object_mut().unwrap().extend(more);
        let file = admin.home.path().join("lone.json");
        fs::write(&file, context.to_string()).unwrap();
        let mut command = admin.bare(&["--json", "--context"]);
        ran(command.arg(file).args(args).output().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_memory_resolver_was_told_holds_until_it_restarts_and_that_is_said() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let program = tools.path(Tool::NatsServer);
    let Some(world) = World::shared() else { return };
    let (tenant, system, admin) = (world.tenant(), world.system(), world.admin());
    let mut lone = Lone::start(program, world, &[&system, &tenant], "");
    assert!(lone.lets_in(&tenant, "a").await);
    let whom = format!("{}/a", tenant.name);
    let revoke = ["user", "revoke", &whom, "--confirm", &tenant.tail("a")];

    let ran = lone.ask(world, &admin, &json!({}), &revoke);

    assert_eq!(ran.code, 0, "{ran:?}");
    let warnings = ran.json()["warnings"].clone();
    let mut said = warnings.as_array().unwrap().iter();
    let said = said.find(|said| said["code"] == "until_restart");
    let said = text(&said.unwrap_or_else(|| panic!("{:?}", codes(&warnings)))["what"]);
    assert!(said.contains("on lone until restart"), "{said}");
    assert!(!lone.lets_in(&tenant, "a").await);
    lone.0.restart(program);
    assert!(lone.lets_in(&tenant, "a").await, "it says the truth");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_tls_first_is_reached_by_a_context_that_says_so() {
    let Some(tools) = needs(&[Tool::NatsServer]) else {
        return;
    };
    let Some(world) = World::shared() else { return };
    let (system, admin) = (world.system(), world.admin());
    let folder = tempfile::tempdir().unwrap();
    let files = Certificate::write(folder.path());
    let tls = format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, handshake_first: true }}",
        files.certificate, files.key
    );
    let lone = Lone::start(tools.path(Tool::NatsServer), world, &[&system], &tls);
    let list = |more: &Value| lone.ask(world, &admin, more, &["server", "ls"]);

    let first = list(&json!({"ca": files.certificate, "tls_first": true}));
    let not_first = list(&json!({"ca": files.certificate}));
    let unknown = list(&json!({"tls_first": true}));

    assert_eq!(first.code, 0, "{first:?}");
    let servers = first.json()["items"].clone();
    let names: Vec<String> = servers
        .as_array()
        .unwrap()
        .iter()
        .map(|server| text(&server["name"]))
        .collect();
    assert_eq!(names, ["lone"]);
    for ran in [not_first, unknown] {
        assert_eq!(ran.json()["error"]["code"], "not_connected", "{ran:?}");
    }
}
