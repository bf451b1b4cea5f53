//! `demo --check`: does to the sandbox what on-call does at 2 a.m., and says of each step whether it came out as it must.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use futures::StreamExt as _;
use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::args::Cli;
use super::place;
use crate::actions::action::Action;
use crate::actions::apply::{Manner, Watch, apply};
use crate::actions::connection::kick::KickConnections;
use crate::actions::login::try_creds;
use crate::actions::opening::{self, Opened};
use crate::actions::outcome::Outcome;
use crate::actions::plan::Consent;
use crate::actions::prepare::prepare;
use crate::actions::refs::ConnRef;
use crate::actions::user::reissue::ReissueUser;
use crate::actions::user::revoke::RevokeUsers;
use crate::explain::Explain;
use crate::ledger::audit::Outcome as Word;
use crate::sys::{SysError, SysEvent};
use crate::text::Text;

const PATIENCE: Duration = Duration::from_secs(5);

/// The user of the sandbox that is revoked. It has a client, as has the one that is kicked.
pub const REVOKED: &str = "ORDERS/worker-night";
const KICKED: &str = "flappy-1";

/// What has to be known of a sandbox.
pub struct Sandboxed {
    pub context: PathBuf,
    pub urls: Vec<String>,
    /// The creds of [`REVOKED`].
    pub creds: PathBuf,
    /// Where the record may be kept; it goes with the sandbox.
    pub folder: PathBuf,
}

/// One step and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    pub step: &'static str,
    pub ok: bool,
    pub what: String,
}

/// Does all steps. A step that failed does not keep the others from being tried.
pub async fn run(sandbox: &Sandboxed) -> Vec<Checked> {
    let opened = match open(sandbox).await {
        Ok(opened) => opened,
        Err(what) => {
            return vec![Checked {
                step: "open",
                ok: false,
                what,
            }];
        }
    };
    let before = fs::read(&sandbox.creds)
        .ok()
        .map(|_| sandbox.folder.join("before.creds"));
    let old = before
        .filter(|kept| fs::copy(&sandbox.creds, kept).is_ok())
        .unwrap_or_else(|| sandbox.creds.clone());
    let mut done = vec![revoke(&opened).await];
    done.extend(refused_everywhere(&old, &sandbox.urls).await);
    done.extend(reissue(&opened, &sandbox.urls).await);
    done.push(kick(&opened).await);
    done
}

async fn open(sandbox: &Sandboxed) -> Result<Opened, String> {
    let context = sandbox.context.display().to_string();
    let cli = Cli::try_parse_from(["nats-oam", "--context", &context, "--write", "status"])
        .map_err(|error| error.to_string())?;
    let mut opening = place::find(&cli.global, Timestamp::now).map_err(|error| error.what)?;
    opening.data = sandbox.folder.join("data");
    opening.state = sandbox.folder.join("state");
    let opened = opening::open(opening)
        .await
        .map_err(|error| error.to_string())?;
    match (opened.ports.sys.is_some(), opened.problems.first()) {
        (true, _) => Ok(opened),
        (false, problem) => Err(problem.map_or_else(
            || "no server was reached".to_owned(),
            |problem| problem.what.clone(),
        )),
    }
}

/// Prepares an act, gives the consent that it asks for, and applies it.
async fn act<A: Action>(action: &A, opened: &Opened) -> Result<Outcome, String> {
    let preview = prepare(action, &opened.ports, None)
        .await
        .map_err(|refusal| refusal.to_string())?;
    let consent = Consent {
        yes: true,
        typed: Some(preview.plan().confirm.clone()),
        ..Consent::default()
    };
    let approved = preview
        .approve(consent)
        .map_err(|refusal| refusal.explain().what)?;
    let cancel = CancellationToken::new();
    let manner = Manner {
        wait: PATIENCE,
        cancel: &cancel,
        progress: &|_| {},
        watch: Watch::Nobody,
    };
    Ok(apply(approved, &opened.ports, &manner).await)
}

/// The step, as its outcome says: it has to be verified.
fn judged(step: &'static str, outcome: Result<Outcome, String>) -> Checked {
    match outcome {
        Ok(outcome) => {
            let closed = outcome.report.closed();
            let what = format!(
                "{:?} on {} servers, {closed} closed",
                outcome.word,
                outcome.report.servers.len()
            );
            Checked {
                step,
                ok: outcome.word == Word::Verified,
                what,
            }
        }
        Err(what) => Checked {
            step,
            ok: false,
            what,
        },
    }
}

async fn revoke(opened: &Opened) -> Checked {
    let outcome = match REVOKED.parse() {
        Ok(whom) => {
            act(
                &RevokeUsers {
                    whom: vec![whom],
                    all: None,
                    before: None,
                },
                opened,
            )
            .await
        }
        Err(error) => Err(format!("{REVOKED}: {error}")),
    };
    judged("revoke", outcome)
}

/// Each server has to refuse the old creds, and say that it refuses.
async fn refused_everywhere(creds: &Path, urls: &[String]) -> Vec<Checked> {
    let mut done = Vec::new();
    for url in urls {
        let (ok, what) = match try_creds(creds, url, PATIENCE).await {
            Err(SysError::LoginRefused { .. }) => (true, format!("{url} refuses the old creds")),
            Err(error) => (false, error.to_string()),
            Ok(()) => (false, format!("{url} let the old creds in")),
        };
        done.push(Checked {
            step: "refused",
            ok,
            what,
        });
    }
    done
}

async fn reissue(opened: &Opened, urls: &[String]) -> Vec<Checked> {
    let outcome = match REVOKED.parse() {
        Ok(user) => {
            act(
                &ReissueUser {
                    user,
                    keep_key: false,
                    expires: None,
                    out: None,
                },
                opened,
            )
            .await
        }
        Err(error) => Err(format!("{REVOKED}: {error}")),
    };
    let creds = outcome
        .as_ref()
        .ok()
        .and_then(|outcome| outcome.report.new.as_ref()?.creds_path.clone());
    let mut done = vec![judged("reissue", outcome)];
    let Some(creds) = creds else { return done };
    for url in urls {
        let admitted = try_creds(&creds, url, PATIENCE).await;
        let what = admitted.as_ref().map_or_else(ToString::to_string, |()| {
            format!("{url} lets the new creds in")
        });
        done.push(Checked {
            step: "connect",
            ok: admitted.is_ok(),
            what,
        });
    }
    done
}

/// Kicks a client that comes back for ever, and has to see it back.
async fn kick(opened: &Opened) -> Checked {
    let outcome = match find_connection(opened, KICKED).await {
        Ok(connection) => {
            act(
                &KickConnections {
                    connections: vec![connection],
                },
                opened,
            )
            .await
        }
        Err(what) => Err(what),
    };
    match outcome {
        Ok(outcome) => {
            let back = outcome.report.came_back.first();
            let what = back.map_or_else(
                || "nobody came back".to_owned(),
                |back| {
                    format!(
                        "{} came back as {} after {} ms",
                        back.from, back.to, back.after_ms
                    )
                },
            );
            Checked {
                step: "kick",
                ok: outcome.word == Word::Verified && back.is_some(),
                what,
            }
        }
        Err(what) => Checked {
            step: "kick",
            ok: false,
            what,
        },
    }
}

/// The next connection of a client that hangs up and comes back: its CONNECT names it.
async fn find_connection(opened: &Opened, client: &str) -> Result<ConnRef, String> {
    let sys = opened.ports.sys.clone().ok_or("no server is asked")?;
    let mut events = sys.events().await.map_err(|error| error.to_string())?;
    let wanted = Text::from(client);
    let found = tokio::time::timeout(PATIENCE, async {
        while let Some(batch) = events.next().await {
            for event in batch {
                if let SysEvent::Connected(row) = event
                    && row.name == wanted
                {
                    return format!("{}/{}", row.id.server, row.id.cid)
                        .parse()
                        .map_err(|error| format!("{error}"));
                }
            }
        }
        Err("no event came".to_owned())
    });
    found
        .await
        .unwrap_or_else(|_| Err(format!("{client} did not connect")))
}
