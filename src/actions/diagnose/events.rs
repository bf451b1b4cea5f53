//! Why servers refused the logins that they tell of: the same judgement as `diagnose`, by the token that was presented. What a client
//! tries again and again is judged once in a while, since each judgement asks the servers.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::attempt::{Attempt, ConnectionType};
use super::judge::{Diagnosis, Verdict};
use super::read::diagnose_presented;
use super::said::Check;
use crate::actions::ports::Ports;
use crate::inventory::connection::{ConnectionKind, ConnectionRow, Transport};
use crate::jwt::token::Revision;
use crate::sys::RefusedLogin;

/// How long a judgement stands.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// Judgements kept before all are forgotten.
const KEPT: usize = 1_024;

/// Why a login was refused, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    pub verdict: Verdict,
    pub first_failure: Option<Check>,
    pub what: String,
}

impl Why {
    fn of(diagnosis: &Diagnosis) -> Self {
        let mut what = diagnosis.sentence();
        if diagnosis.first_failure.is_none() {
            what.push_str("; whether it was presented with its own seed is not told");
        }
        Self {
            verdict: diagnosis.verdict,
            first_failure: diagnosis.first_failure,
            what,
        }
    }
}

/// Explains refused logins as they come.
#[derive(Debug, Default)]
pub struct Explainer {
    judged: HashMap<(Revision, Attempt), (Timestamp, Why)>,
}

impl Explainer {
    /// Why this login was refused. `None`: it came without a token that can be read, or what it is judged by cannot be.
    pub async fn explain(&mut self, login: &RefusedLogin, ports: &Ports) -> Option<Why> {
        let token = login.token.as_ref()?;
        let attempt = attempt(&login.row);
        let (case, now) = ((token.revision(), attempt), (ports.now)());
        if let Some((at, why)) = self.judged.get(&case)
            && now.duration_since(*at) < FRESH
        {
            return Some(why.clone());
        }
        let told = diagnose_presented(token.clone(), &attempt, ports).await;
        let why = Why::of(&told.ok()?.diagnosis);
        if self.judged.len() >= KEPT {
            self.judged.clear();
        }
        self.judged.insert(case, (now, why.clone()));
        Some(why)
    }
}

/// From where and as what it came, as the server tells.
fn attempt(row: &ConnectionRow) -> Attempt {
    Attempt {
        from: row.ip.to_string().parse().ok(),
        by: match (row.kind, row.transport) {
            (ConnectionKind::Leafnode, _) => ConnectionType::Leafnode,
            (ConnectionKind::Client, Some(Transport::Websocket)) => ConnectionType::Websocket,
            (ConnectionKind::Client, Some(Transport::Mqtt)) => ConnectionType::Mqtt,
            (ConnectionKind::Client, Some(Transport::Nats) | None) => ConnectionType::Standard,
        },
    }
}
