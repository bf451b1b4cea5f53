//! `diagnose`: why a credential is refused. 7 where it is, 5 where that is not known.
//!
//! ```text
//! worker in ORDERS is refused: revoked: it is revoked up to 2026-11-24T02:07:00Z
//!
//!   ok       format               it is the token of user worker
//!   …
//!   fail     revoked              it is revoked up to 2026-11-24T02:07:00Z
//!                                 it was issued at 2026-11-20T09:00:00Z: servers refuse the login with …
//!                                 > issue the user again: nats-oam user reissue U…
//!   …
//!   fail     n1                   revoked              refused (Authorization Violation)
//! ```

use std::time::Duration;

use clap::Args;

use super::{answer_of, fail};
use crate::actions::diagnose::attempt::{Attempt, ConnectionType};
use crate::actions::diagnose::judge::{AtServer, Diagnosis, Verdict};
use crate::actions::diagnose::read::diagnose;
use crate::actions::diagnose::said::{CheckResult, Checked};
use crate::actions::diagnose::trial::Connect;
use crate::actions::opening::{Opened, Servers};
use crate::actions::refs::UserRef;
use crate::cli::output::Output;
use crate::explain::Explain as _;

const KIND: &str = "diagnosis";

/// Why is this credential refused?
#[derive(Clone, Debug, Args)]
pub struct Diagnose {
    #[arg(value_name = "REF")]
    user: UserRef,
    /// From where it would connect
    #[arg(long, value_name = "IP")]
    from: Option<std::net::IpAddr>,
    /// As what it would connect: STANDARD WEBSOCKET LEAFNODE MQTT …
    #[arg(long = "type", value_name = "T", default_value_t)]
    by: ConnectionType,
    /// Try a login at every server
    #[arg(long)]
    connect: bool,
}

impl Diagnose {
    pub(in crate::cli) async fn run(
        &self,
        opened: &Opened,
        patience: Duration,
        output: &Output,
    ) -> u8 {
        let attempt = Attempt {
            from: self.from,
            by: self.by,
        };
        let connect = match (self.connect, opened.servers) {
            (false, _) => Connect::No,
            (true, Servers::NotAsked) => Connect::Forbidden,
            (true, Servers::Connected | Servers::NoWayIn | Servers::Unreachable) => {
                Connect::Everywhere {
                    address: &opened.address,
                    patience,
                }
            }
        };
        let diagnosed = match diagnose(&self.user, &attempt, connect, &opened.ports).await {
            Ok(diagnosed) => diagnosed,
            Err(refusal) => return fail(KIND, &refusal.explain(), output),
        };
        let mut answer = answer_of(diagnosed.census.as_deref(), &diagnosed.silent, opened);
        answer.warnings.extend(diagnosed.warnings);
        let diagnosis = diagnosed.diagnosis;
        output.told(KIND, &diagnosis, &answer, &human(&diagnosis));
        match diagnosis.verdict {
            Verdict::Refused => 7,
            Verdict::Unknown => 5,
            Verdict::Ok => answer.exit(),
        }
    }
}

/// Columns before what a check says.
const MARGIN: usize = 32;

fn human(diagnosis: &Diagnosis) -> String {
    let verdict = match diagnosis.verdict {
        Verdict::Ok => "ok",
        Verdict::Refused => "refused",
        Verdict::Unknown => "not known to be let in",
    };
    let mut lines = vec![
        format!(
            "{} is {verdict}: {}",
            diagnosis.whose(),
            diagnosis.sentence()
        ),
        String::new(),
    ];
    for checked in &diagnosis.checks {
        lines.extend(lines_of(checked));
    }
    for server in diagnosis.servers.iter().flatten() {
        lines.push(line_of(server));
    }
    lines.join("\n")
}

/// A server, how it judges by its own token of the account, and what it did.
fn line_of(server: &AtServer) -> String {
    let why = server.first_failure.map_or("", |check| check.word());
    let did = server.connect.as_ref().map(|connect| {
        let said = connect.said.as_ref().map(|said| format!(" ({said})"));
        format!("{}{}", connect.result.word(), said.unwrap_or_default())
    });
    let line = format!(
        "  {:<8} {:<20} {:<20} {}",
        server.result.word(),
        server.name.to_string(),
        why,
        did.unwrap_or_default()
    );
    line.trim_end().to_owned()
}

fn lines_of(checked: &Checked) -> Vec<String> {
    let said = &checked.said;
    let mut lines = vec![format!(
        "  {:<8} {:<20} {}",
        said.result.word(),
        checked.check.word(),
        said.what
    )];
    if matches!(said.result, CheckResult::Fail | CheckResult::Unknown) {
        let so = said.so.iter().cloned();
        let next = said.next.iter().map(|next| match &next.run {
            Some(run) => format!("> {}: {run}", next.say),
            None => format!("> {}", next.say),
        });
        lines.extend(so.chain(next).map(|line| format!("{:MARGIN$}{line}", "")));
    }
    lines
}
