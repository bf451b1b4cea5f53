//! The sandbox, joined to the face that was asked for: the console on it, a check of it, or nothing but its description.

use std::path::Path;

use nats_oam::actions::opening::Opening;
use nats_oam::cli;
use nats_oam::cli::args::{Demo, Global};
use nats_oam::cli::check::{self, Sandboxed};
use nats_oam::demo::binary::Places;
use nats_oam::demo::sandbox::{Options, Sandbox};
use nats_oam::demo::{DemoError, supervisor};
use nats_oam::explain::Explain;
use nats_oam::system::{self, Stop};
use nats_oam::tui;

use super::console;

/// The console on a sandbox of its own. Its record lies in the sandbox, and goes with it.
pub(crate) fn console(demo: &Demo, global: &Global) -> u8 {
    if !tui::is_there() {
        return console::needs_a_terminal("add --no-screen or --check");
    }
    let sandbox = match start(demo) {
        Ok(sandbox) => sandbox,
        Err(error) => return cli::fail(global, "sandbox", &error.explain()),
    };
    let folder = folder(&sandbox).to_owned();
    let global = Global {
        context: Some(sandbox.description().context.display().to_string()),
        ..global.clone()
    };
    console::run(&global, move |opening| {
        Ok(Opening {
            data: folder.join("data"),
            state: folder.join("state"),
            ..opening
        })
    })
}

/// The sandbox: as a supervisor, or in front of one until somebody ends it.
pub(crate) async fn run(demo: Demo, global: &Global) -> u8 {
    let done = if demo.supervise {
        supervisor::run().await.map(|()| 0)
    } else {
        stay(demo, global).await
    };
    done.unwrap_or_else(|error| cli::fail(global, "sandbox", &error.explain()))
}

async fn stay(demo: Demo, global: &Global) -> Result<u8, DemoError> {
    let checks = demo.check;
    let ended = system::stops(&[Stop::Terminate, Stop::Interrupt])?;
    let sandbox = tokio::task::spawn_blocking(move || start(&demo));
    let sandbox = sandbox
        .await
        .map_err(|error| DemoError::Failed(error.to_string()))??;
    if checks {
        return Ok(check(&sandbox, global).await);
    }
    cli::print_item("sandbox", sandbox.description(), global);
    ended.await;
    Ok(0)
}

/// Does to the sandbox what on-call does, tells what came of it, and gives the exit code.
async fn check(sandbox: &Sandbox, global: &Global) -> u8 {
    let world = sandbox.description();
    let creds = world
        .keystore_dir
        .join("creds")
        .join(&world.operator.name)
        .join(format!("{}.creds", check::REVOKED));
    let urls = world.servers.iter().map(|server| server.url.clone());
    let sandboxed = Sandboxed {
        context: world.context.clone(),
        urls: urls.collect(),
        creds,
        folder: folder(sandbox).join("check"),
    };
    let checked = Box::pin(check::run(&sandboxed)).await;
    let item = serde_json::json!({"sandbox": world, "checks": checked});
    cli::print_item("sandbox", &item, global);
    u8::from(checked.iter().any(|step| !step.ok))
}

/// The folder that goes with the sandbox.
fn folder(sandbox: &Sandbox) -> &Path {
    let context = &sandbox.description().context;
    context.parent().unwrap_or(Path::new("."))
}

fn start(demo: &Demo) -> Result<Sandbox, DemoError> {
    let program = Places::from_env().find_or_fetch(&mut |line| cli::tell(line))?;
    let options = Options {
        program,
        servers: usize::from(demo.servers),
        tenants: true,
        spare_accounts: demo.spare_accounts,
    };
    Sandbox::start(&std::env::current_exe()?, &options)
}
