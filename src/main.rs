//! Chooses a face. How each is started stands in the modules beside it, which are the binary's own.

#[path = "main/console.rs"]
mod console;
#[path = "main/process.rs"]
mod process;
#[path = "main/sandbox.rs"]
mod sandbox;

use std::process::ExitCode;

use nats_oam::cli;
use nats_oam::cli::args::{Cli, Command, Global};

fn main() -> ExitCode {
    let parsed = cli::parse();
    if let Ok(cli) = &parsed {
        process::prepare(&cli.global);
    }
    let code = match parsed {
        Err(code) => code,
        Ok(Cli {
            command: None,
            global,
        }) => console::run(&global, Ok),
        Ok(Cli {
            command: Some(Command::Demo(demo)),
            global,
        }) if demo.wants_a_screen() => sandbox::console(&demo, &global),
        Ok(Cli {
            command: Some(command),
            global,
        }) => command_line(command, &global),
    };
    ExitCode::from(code)
}

#[tokio::main]
async fn command_line(command: Command, global: &Global) -> u8 {
    match command {
        Command::Demo(demo) => sandbox::run(demo, global).await,
        command => cli::run(command, global).await,
    }
}
