//! A nats-server by itself, on a port of its own choice. It ends with the test.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::patience::looked_until;

pub struct LoneServer {
    pub home: tempfile::TempDir,
    process: Child,
    /// `127.0.0.1` and a port.
    pub address: String,
}

impl LoneServer {
    /// Starts one with this configuration, and where it listens before that.
    pub fn start(program: &Path, configuration: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let listens = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: \"{}\"\n",
            home.path().display()
        );
        fs::write(home.path().join("server.conf"), listens + configuration).unwrap();
        let (process, address) = run(program, home.path());
        Self {
            home,
            process,
            address,
        }
    }

    pub fn restart(&mut self, program: &Path) {
        self.end();
        (self.process, self.address) = run(program, self.home.path());
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for LoneServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the server of a folder, and waits until it says where it listens.
pub fn run(program: &Path, home: &Path) -> (Child, String) {
    let mut process = Command::new(program)
        .arg("-c")
        .arg(home.join("server.conf"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(home.join("server.log")).unwrap())
        .spawn()
        .unwrap();
    let name = format!("nats-server_{}.ports", process.id());
    let address = looked_until("it says where it listens", || {
        if let Some(status) = process.try_wait().unwrap() {
            let log = fs::read_to_string(home.join("server.log")).unwrap();
            panic!("it ended, {status}: {log}");
        }
        let written = fs::read_to_string(home.join(&name)).ok()?;
        let ports: Value = serde_json::from_str(&written).ok()?;
        let (_, address) = ports["nats"][0].as_str()?.split_once("://")?;
        Some(address.to_owned())
    });
    (process, address)
}
