//! Who acts and by what right, as a record says it. It verifies nobody: that is `identity`'s.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Who acts, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub kind: ActorKind,
    /// The subject at the issuer; `null` for a user of the operating system.
    pub sub: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Text>,
    pub name: Text,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Text>,
    pub host: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    Human,
    Bot,
    Agent,
}

impl Actor {
    /// A person known only as a user of this machine's operating system: nobody vouches for the name.
    pub fn os_user(name: Text, host: Text) -> Self {
        Self {
            kind: ActorKind::Human,
            sub: None,
            issuer: None,
            name,
            groups: Vec::new(),
            session: None,
            on_behalf_of: None,
            host,
        }
    }
}

/// By what right, beyond holding the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Text>,
    pub break_glass: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_actor_without_an_idp_says_only_what_is_known() {
        let actor = Actor::os_user("maria".into(), "lap\u{202e}top".into());

        assert_eq!(
            serde_json::to_value(actor).unwrap(),
            json!({"kind": "human", "sub": null, "name": "maria", "host": "lap‹202E›top"})
        );
    }
}
