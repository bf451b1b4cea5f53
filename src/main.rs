//! Chooses a face, and joins the sandbox to it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nats_oam::actions::opening::Opening;
use nats_oam::cli;
use nats_oam::cli::args::{Cli, Color, Command, Demo, Global};
use nats_oam::cli::check::{self, Sandboxed};
use nats_oam::config::Folders;
use nats_oam::demo::binary::Places;
use nats_oam::demo::sandbox::{Options, Sandbox};
use nats_oam::demo::{DemoError, supervisor};
use nats_oam::explain::{Explain, Explanation};
use nats_oam::telemetry;
use nats_oam::tui::theme::Depth;
use nats_oam::tui::{self, Ended, Wishes};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let parsed = cli::parse();
    if let Ok(cli) = &parsed {
        prepare_process(&cli.global);
    }
    let code = match parsed {
        Err(code) => code,
        Ok(Cli {
            command: None,
            global,
        }) => console(&global, Ok),
        Ok(Cli {
            command: Some(Command::Demo(demo)),
            global,
        }) if demo.wants_a_screen() => demo_console(&demo, &global),
        Ok(Cli {
            command: Some(command),
            global,
        }) => command_line(command, &global),
    };
    ExitCode::from(code)
}

/// No core, a log, quiet panics. What the system refuses is said, and keeps nobody from working.
fn prepare_process(global: &Global) {
    let problem = |what: &str, error: std::io::Error| cli::tell(&format!("{what}: {error}"));
    if let Err(error) = telemetry::seal() {
        problem("core dumps could not be switched off", error);
    }
    let Some(folders) = Folders::find(|name| std::env::var_os(name).map(PathBuf::from)) else {
        return;
    };
    let log = telemetry::log_path(global.log.as_deref(), &folders.state);
    let is_wanted = global.log.is_some() || global.verbose > 0;
    if is_wanted && let Err(error) = telemetry::start_log(&log, global.verbose) {
        problem("no log is written", error);
    }
    telemetry::quiet_panics(log);
}

#[tokio::main]
async fn command_line(command: Command, global: &Global) -> u8 {
    match command {
        Command::Demo(demo) => sandbox(demo, global).await,
        command => cli::run(command, global).await,
    }
}

/// The console, on a terminal. It has this thread to itself. `placed` may move what is opened.
fn console(
    global: &Global,
    placed: impl Fn(Opening) -> Result<Opening, Explanation> + Send + Sync + Clone + 'static,
) -> u8 {
    if !tui::is_there() {
        return needs_a_terminal(
            "the console needs a terminal: name a command, as in `nats-oam status`",
        );
    }
    let again = {
        let (global, placed) = (global.clone(), placed.clone());
        move || cli::opening(&global).and_then(&placed)
    };
    let opening = match cli::opening(global).and_then(placed) {
        Ok(opening) => opening,
        Err(explanation) => return cli::fail(global, "console", &explanation),
    };
    let wishes = Wishes {
        depth: depth(global.color),
        theme: global.theme.clone(),
        settings: Folders::find(|name| std::env::var_os(name).map(PathBuf::from))
            .map(|folders| folders.config),
    };
    match tui::run(opening, again, &wishes) {
        Ok(Ended::Quit) => 0,
        Ok(Ended::Signal(signal)) => u8::try_from(128 + signal).unwrap_or(1),
        Err(error) => {
            cli::tell(&error.to_string());
            1
        }
    }
}

/// One line, and the code of a command that was not written as it should be.
fn needs_a_terminal(what: &str) -> u8 {
    cli::tell(what);
    2
}

/// The console on a sandbox of its own. Its record lies in the sandbox, and goes with it.
fn demo_console(demo: &Demo, global: &Global) -> u8 {
    if !tui::is_there() {
        return needs_a_terminal("the console needs a terminal: add --no-screen or --check");
    }
    let sandbox = match start(demo) {
        Ok(sandbox) => sandbox,
        Err(error) => return cli::fail(global, "sandbox", &error.explain()),
    };
    let context = sandbox.description().context.clone();
    let folder = context.parent().unwrap_or(Path::new(".")).to_owned();
    let global = Global {
        context: Some(context.display().to_string()),
        ..global.clone()
    };
    console(&global, move |opening| {
        Ok(Opening {
            data: folder.join("data"),
            state: folder.join("state"),
            ..opening
        })
    })
}

fn depth(color: Color) -> Option<Depth> {
    match color {
        Color::Auto => None,
        Color::Never => Some(Depth::Mono),
        Color::Ansi16 => Some(Depth::Ansi16),
        Color::Ansi256 => Some(Depth::Ansi256),
        Color::True => Some(Depth::True),
    }
}

/// The sandbox: as a supervisor, or in front of one until somebody ends it.
async fn sandbox(demo: Demo, global: &Global) -> u8 {
    let done = if demo.supervise {
        supervisor::run().await.map(|()| 0)
    } else {
        stay(demo, global).await
    };
    done.unwrap_or_else(|error| cli::fail(global, "sandbox", &error.explain()))
}

async fn stay(demo: Demo, global: &Global) -> Result<u8, DemoError> {
    let checks = demo.check;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let sandbox = tokio::task::spawn_blocking(move || start(&demo));
    let sandbox = sandbox
        .await
        .map_err(|error| DemoError::Failed(error.to_string()))??;
    if checks {
        return Ok(check(&sandbox, global).await);
    }
    cli::print_item("sandbox", sandbox.description(), global);
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(0)
}

/// Does to the sandbox what on-call does, tells what came of it, and gives the exit code.
async fn check(sandbox: &Sandbox, global: &Global) -> u8 {
    let world = sandbox.description();
    let creds = world
        .keystore_dir
        .join("creds")
        .join(&world.operator.name)
        .join("ORDERS/worker-night.creds");
    let folder = world
        .context
        .parent()
        .unwrap_or(Path::new("."))
        .join("check");
    let sandboxed = Sandboxed {
        context: world.context.clone(),
        urls: world
            .servers
            .iter()
            .map(|server| server.url.clone())
            .collect(),
        creds,
        folder,
    };
    let checked = Box::pin(check::run(&sandboxed)).await;
    let item = serde_json::json!({"sandbox": world, "checks": checked});
    cli::print_item("sandbox", &item, global);
    u8::from(checked.iter().any(|step| !step.ok))
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
