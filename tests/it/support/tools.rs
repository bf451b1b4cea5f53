//! The real programs that judge ours: where they are, and how to run them. `make tools` fetches them; nothing here builds any.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use nats_oam::demo::binary::Places;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::on_path::on_path;
use super::skip::Strictness;

/// A program that a story may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    NatsServer,
    Nsc,
    /// The NATS CLI.
    Nats,
    /// Go's own token library behind JSON lines: `tests/tools/oracle/main.go` has its requests.
    Oracle,
}

/// Tools that are here.
#[derive(Debug)]
pub struct Tools(Vec<(Tool, PathBuf)>);

/// The tool that is not here, and why.
#[derive(Debug)]
pub struct Missing(pub Tool, pub String);

impl Tools {
    /// Finds every wanted tool. Where tools are required, a missing nats-server is fetched, as the demo does.
    pub fn find(wanted: &[Tool], strictness: Strictness) -> Result<Self, Missing> {
        let found = wanted.iter().map(|&tool| {
            let path = match tool {
                Tool::NatsServer => nats_server(strictness),
                Tool::Nsc | Tool::Nats | Tool::Oracle => go_tool(tool),
            };
            match path {
                Ok(path) => Ok((tool, path)),
                Err(why) => Err(Missing(tool, why)),
            }
        });
        found.collect::<Result<_, _>>().map(Self)
    }

    pub fn path(&self, tool: Tool) -> &PathBuf {
        let found = self.0.iter().find(|(held, _)| *held == tool);
        let (_, path) =
            found.unwrap_or_else(|| panic!("the story did not say that it needs {tool}"));
        path
    }

    /// The tool with nothing of the caller's own settings: an empty `HOME` of the story's, no contexts, no stores.
    pub fn command(&self, tool: Tool, home: &std::path::Path) -> Command {
        let mut command = Command::new(self.path(tool));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .stdin(Stdio::null());
        command
    }

    /// Asks the oracle; one answer for each request, in their order. What Go refused is `{"error": ".."}`.
    pub fn ask_oracle(&self, requests: &[Value]) -> Vec<Value> {
        let mut oracle = Command::new(self.path(Tool::Oracle))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut questions = oracle.stdin.take().unwrap();
        let lines: String = requests
            .iter()
            .flat_map(|request| [request.to_string(), "\n".to_owned()])
            .collect();
        // From a thread of its own: the oracle answers as it reads, and both pipes have an end.
        let asking = std::thread::spawn(move || questions.write_all(lines.as_bytes()));
        let output = oracle.wait_with_output().unwrap();
        asking.join().unwrap().unwrap();
        let answers = json_lines(&output.stdout);
        assert_eq!(answers.len(), requests.len(), "the oracle gave up");
        answers
    }

    /// Tokens of every kind that Go's library made, always the same: name and token.
    pub fn oracle_tokens(&self) -> Vec<(String, String)> {
        let output = Command::new(self.path(Tool::Oracle))
            .arg("tokens")
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = |sample: &Value, field| sample[field].as_str().unwrap().to_owned();
        json_lines(&output.stdout)
            .iter()
            .map(|sample| (text(sample, "name"), text(sample, "token")))
            .collect()
    }
}

fn json_lines(output: &[u8]) -> Vec<Value> {
    serde_json::Deserializer::from_slice(output)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn nats_server(strictness: Strictness) -> Result<PathBuf, String> {
    let places = Places::from_env();
    match strictness {
        Strictness::Required => places
            .find_or_fetch(&mut |step| {
                let _ = writeln!(std::io::stderr(), "{step}"); // nobody may be listening
            })
            .map_err(|error| error.to_string()),
        Strictness::Lenient => places
            .find()
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "not on the PATH and not fetched yet".to_owned()),
    }
}

/// One on the `PATH` that is new enough; else where `tests/tools/fetch` leaves what it builds from the Go module beside it: a
/// folder named for the module's content.
fn go_tool(tool: Tool) -> Result<PathBuf, String> {
    let here = on_path(
        &tool.to_string(),
        &std::env::var_os("PATH").unwrap_or_default(),
    );
    if let Some(found) = here {
        return Ok(found);
    }
    let sources: [&[u8]; 5] = [
        include_bytes!("../../tools/go.mod"),
        include_bytes!("../../tools/go.sum"),
        include_bytes!("../../tools/oracle/main.go"),
        include_bytes!("../../tools/oracle/operations.go"),
        include_bytes!("../../tools/oracle/tokens.go"),
    ];
    let key = HEXLOWER.encode(&Sha256::digest(sources.concat()));
    let cache = Places::from_env().cache.ok_or("there is no cache folder")?;
    let path = cache
        .join(format!("go-tools-{}", &key[..16]))
        .join(tool.to_string());
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!(
            "{} is not there; `make tools` builds it",
            path.display()
        ))
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NatsServer => "nats-server",
            Self::Nsc => "nsc",
            Self::Nats => "nats",
            Self::Oracle => "oracle",
        })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(tool, why) = self;
        write!(f, "no {tool}: {why}")
    }
}

mod tests {
    use super::*;
    use crate::support::on_path::{pinned, version_of};
    use crate::support::skip::needs;
    use data_encoding::BASE64URL_NOPAD;
    use nats_oam::demo::binary;
    use serde_json::json;

    #[test]
    fn every_tool_says_the_version_that_was_pinned_or_a_newer_one() {
        let versions = [
            (Tool::Nsc, pinned("nsc")),
            (Tool::Nats, pinned("nats")),
            (Tool::NatsServer, Some(binary::VERSION)),
        ];
        let Some(tools) = needs(&versions.map(|(tool, _)| tool)) else {
            return;
        };

        for (tool, least) in versions {
            let said = version_of(tools.path(tool));

            assert!(said.is_some() && said >= least, "{tool} says {said:?}");
        }
    }

    #[test]
    fn the_oracle_reads_every_token_that_it_made_and_would_write_it_again() {
        let Some(tools) = needs(&[Tool::Oracle]) else {
            return;
        };
        let tokens = tools.oracle_tokens();
        let requests: Vec<Value> = tokens
            .iter()
            .map(|(_, token)| json!({"op": "decode", "token": token}))
            .collect();

        let answers = tools.ask_oracle(&requests);

        assert!(tokens.len() > 10);
        for ((name, token), answer) in tokens.iter().zip(answers) {
            let payload = token.split('.').nth(1).unwrap();
            let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
            assert_eq!(
                answer["payload"],
                String::from_utf8(payload).unwrap(),
                "{name}"
            );
        }
    }

    #[test]
    fn the_oracle_refuses_a_token_that_was_altered() {
        let Some(tools) = needs(&[Tool::Oracle]) else {
            return;
        };
        let (_, token) = tools.oracle_tokens().swap_remove(0);
        let altered = token.replacen(".ey", ".eY", 1);

        let answers = tools.ask_oracle(&[json!({"op": "decode", "token": altered})]);

        assert!(answers[0]["error"].is_string(), "{}", answers[0]);
    }
}
