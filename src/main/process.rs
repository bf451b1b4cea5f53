//! What the process does about itself before it has a face: no core, a log, quiet panics. It opens nothing else.

use std::io;
use std::path::PathBuf;

use nats_oam::cli;
use nats_oam::cli::args::Global;
use nats_oam::config::Folders;
use nats_oam::telemetry;

/// What the system refuses is said, and keeps nobody from working.
pub(crate) fn prepare(global: &Global) {
    let problem = |what: &str, error: io::Error| cli::tell(&format!("{what}: {error}"));
    if let Err(error) = telemetry::seal() {
        problem("core dumps could not be switched off", error);
    }
    let Some(folders) = folders() else {
        return;
    };
    let log = telemetry::log_path(global.log.as_deref(), &folders.state);
    let is_wanted = global.log.is_some() || global.verbose > 0;
    if is_wanted && let Err(error) = telemetry::start_log(&log, global.verbose) {
        problem("no log is written", error);
    }
    telemetry::quiet_panics(log);
}

/// The folders of this person, by the environment.
pub(crate) fn folders() -> Option<Folders> {
    Folders::find(|name| std::env::var_os(name).map(PathBuf::from))
}
