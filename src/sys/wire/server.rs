//! VARZ, STATSZ and USER.INFO as servers write them. Kept apart from what we make of them: that is `census`.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Header, lenient_time, nullable};
use crate::inventory::server::{Strictness, Trust, TrustedOperator};
use crate::jwt::keys::{AccountId, OperatorId, PublicKey};
use crate::text::Text;

/// VARZ, of which only what the census needs is read.
#[derive(Deserialize)]
pub(in crate::sys) struct Varz {
    #[serde(default)]
    host: Option<Text>,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    pub(in crate::sys) cluster: Option<Cluster>,
    #[serde(default)]
    pub(in crate::sys) system_account: Option<Text>,
    #[serde(default, deserialize_with = "nullable")]
    trusted_operators_claim: Vec<OperatorClaim>,
}

#[derive(Deserialize, Default)]
pub(in crate::sys) struct Cluster {
    #[serde(default)]
    pub(in crate::sys) name: Option<Text>,
    /// Where it listens, often `0.0.0.0`.
    #[serde(default)]
    pub(in crate::sys) addr: Option<Text>,
    #[serde(default, rename = "cluster_port")]
    pub(in crate::sys) port: Option<u16>,
    /// The routes of its configuration, without schemes.
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) urls: Vec<Text>,
}

#[derive(Deserialize)]
struct OperatorClaim {
    sub: Text,
    #[serde(default)]
    nats: OperatorNats,
}

#[derive(Deserialize, Default)]
struct OperatorNats {
    #[serde(default, deserialize_with = "nullable")]
    signing_keys: Vec<Text>,
    #[serde(default)]
    strict_signing_key_usage: bool,
}

impl Varz {
    /// Where it listens for clients. One that listens everywhere does not say where that is.
    pub(in crate::sys) fn listens(&self) -> Option<String> {
        let host = self.host.as_ref()?.raw();
        let address = host.parse::<std::net::IpAddr>();
        if address.is_ok_and(|address| address.is_unspecified()) {
            return None;
        }
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        Some(format!("{host}:{}", self.port?))
    }

    pub(in crate::sys) fn system_account(&self) -> Option<AccountId> {
        self.system_account.as_ref()?.raw().parse().ok()
    }

    /// The operators that it trusts. A key that cannot be read is none that we could sign with, and is left out.
    pub(in crate::sys) fn trust(&self) -> Trust {
        Trust(
            self.trusted_operators_claim
                .iter()
                .filter_map(OperatorClaim::trusted)
                .collect(),
        )
    }
}

impl OperatorClaim {
    fn trusted(&self) -> Option<TrustedOperator> {
        let identity: OperatorId = self.sub.raw().parse().ok()?;
        let keys = &self.nats.signing_keys;
        Some(TrustedOperator {
            identity,
            signing_keys: keys
                .iter()
                .filter_map(|key| key.raw().parse::<PublicKey>().ok())
                .collect(),
            strictness: if self.nats.strict_signing_key_usage {
                Strictness::SigningKeysOnly
            } else {
                Strictness::IdentityToo
            },
        })
    }
}

/// The answer to PING, and the event of every ten seconds.
#[derive(Deserialize)]
pub(in crate::sys) struct Statsz {
    pub(in crate::sys) server: Header,
    #[serde(default)]
    pub(in crate::sys) statsz: Stats,
}

#[derive(Deserialize, Default)]
pub(in crate::sys) struct Stats {
    #[serde(default, deserialize_with = "lenient_time")]
    pub(in crate::sys) start: Option<Timestamp>,
    #[serde(default)]
    pub(in crate::sys) mem: Option<u64>,
    #[serde(default)]
    pub(in crate::sys) cpu: Option<f64>,
    #[serde(default)]
    pub(in crate::sys) connections: Option<u64>,
    #[serde(default)]
    pub(in crate::sys) subscriptions: Option<u64>,
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) routes: Vec<Route>,
    /// Servers that it hears; a killed one counts for up to three minutes (`server/server.go`).
    #[serde(default)]
    pub(in crate::sys) active_servers: Option<usize>,
}

#[derive(Deserialize)]
pub(in crate::sys) struct Route {
    #[serde(default)]
    pub(in crate::sys) name: Option<Text>,
}

/// `USER.INFO`: what we are to the server that we talk to.
#[derive(Deserialize)]
pub(in crate::sys) struct UserInfo {
    pub(in crate::sys) account: AccountId,
    #[serde(default)]
    pub(in crate::sys) user: Text,
    #[serde(default)]
    pub(in crate::sys) user_name: Option<Text>,
    #[serde(default)]
    pub(in crate::sys) permissions: Option<Permissions>,
    /// Nanoseconds to go, whole seconds.
    #[serde(default)]
    pub(in crate::sys) expires: Option<u64>,
}

#[derive(Deserialize, Default)]
pub(in crate::sys) struct Permissions {
    #[serde(default)]
    pub(in crate::sys) publish: Option<Lists>,
}

#[derive(Deserialize, Default)]
pub(in crate::sys) struct Lists {
    #[serde(default)]
    pub(in crate::sys) allow: Option<Vec<Text>>,
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::sys) deny: Vec<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_does_not_say_where_it_is() {
        for (host, listens) in [
            ("10.0.0.1", Some("10.0.0.1:4222")),
            ("n1.example", Some("n1.example:4222")),
            ("fd00::1", Some("[fd00::1]:4222")),
            ("0.0.0.0", None),
            ("::", None),
        ] {
            let varz = format!(r#"{{"host":"{host}","port":4222}}"#);
            let varz: Varz = serde_json::from_str(&varz).unwrap();

            assert_eq!(varz.listens().as_deref(), listens, "{host}");
        }
    }
}
