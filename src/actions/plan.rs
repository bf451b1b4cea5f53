//! A plan: what an act would do, to whom, signed by which key, and what that takes. Pure data, and the JSON of `plan`.
//! Only [`Preview::approve`] makes an [`Approved`] of it, and only that can be applied.

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::jwt::diff::Difference;
use crate::jwt::edit::{Edit, EditOp, Value};
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, ConnId, PublicKey, UserId};
use crate::jwt::role::SignerKind;
use crate::jwt::time::UnixTime;
use crate::jwt::token::{Revision, Token};
use crate::store::CredsPlace;
use crate::text::Text;

use super::account_steps::{SignAccount, Signing, TakeOver};
use super::facts::{AccountFacts, Facts};
use super::refusal::Refusal;
use super::spec::{ActionId, Direction, Level, Spec};

/// Stands in a diff for a time that the servers give when the act is done.
pub const SERVER_TIME: &str = "<server time>";

/// A thing that an act is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    pub kind: &'static str,
    /// A public key, or `n1/41`.
    pub key: String,
    pub name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Reference>,
}

/// A key and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    pub key: String,
    pub name: Option<Text>,
}

/// What an act would do.
#[derive(Clone, Debug)]
#[must_use]
pub struct Plan {
    pub action: ActionId,
    pub targets: Vec<Target>,
    pub summary: String,
    pub direction: Direction,
    pub level: Level,
    /// What has to be typed at level 2 and 3.
    pub confirm: String,
    pub steps: Vec<Step>,
    pub changes: Vec<PlannedChange>,
    pub reach: Reach,
    pub signer: Option<PlannedSigner>,
    pub base: Vec<Base>,
    pub warnings: Vec<Warning>,
    /// The act that takes it back; `None`: nothing does.
    pub undo: Option<ActionId>,
    /// The complete command that does the same, without consent and reason.
    pub command: String,
}

/// The only things that this program ever does to the world.
#[derive(Clone, Debug)]
pub enum Step {
    /// Edit an account on the servers' copy and sign it.
    Sign(Box<SignAccount>),
    /// Push an account, with kicks beside the push.
    Contain {
        account: AccountId,
        name: Text,
        kicks: Vec<ConnId>,
        detail: String,
    },
    /// Push an account.
    Push {
        account: AccountId,
        name: Text,
    },
    Kick {
        connection: ConnId,
        label: String,
    },
    /// Make a user's token, keep it in the store, and write its creds.
    Issue(Box<Issue>),
    /// Write the creds of a user.
    Deliver(Box<WriteOut>),
    /// Write the servers' token of an account into the store.
    TakeOver(Box<TakeOver>),
}

/// Creds to be written.
#[derive(Clone, Debug)]
pub struct WriteOut {
    pub token: Token,
    pub place: CredsPlace,
}

/// A user's new token.
#[derive(Clone, Debug)]
pub struct Issue {
    pub account: AccountId,
    pub account_name: Text,
    pub name: Text,
    /// The claims without subject and times.
    pub tree: Node,
    pub key: IssueKey,
    pub signer: PublicKey,
    /// The token must be younger than this, or it is dead on arrival.
    pub after: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    pub creds: CredsPlace,
    pub store: StorePlace,
    /// The user whose token in the store gives way.
    pub replaces: Option<UserId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueKey {
    New,
    Keep(UserId),
}

/// Whether the store keeps the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorePlace {
    /// In place of the token that is there.
    Replace { base: Revision },
    /// The user is in no store, and is not added.
    Absent,
}

/// A line of the diff, with values that are made while applying as words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedChange {
    /// JSON Pointer into the token.
    pub path: String,
    pub op: &'static str,
    #[serde(serialize_with = "as_json")]
    pub before: Option<Node>,
    #[serde(serialize_with = "as_json")]
    pub after: Option<Node>,
}

impl PlannedChange {
    /// What an edit changes on a base.
    pub fn of(edit: &Edit, base: &Token) -> Self {
        let path: Vec<&str> = edit.path.iter().map(String::as_str).collect();
        let before = base.as_read().at(&path).cloned();
        let (op, after) = match &edit.op {
            EditOp::Remove => ("remove", None),
            EditOp::Set(value) => {
                let after = match value {
                    Value::Given(node) => node.clone(),
                    Value::ServerTime { .. } => Node::from(SERVER_TIME),
                };
                (
                    if before.is_some() { "replace" } else { "add" },
                    Some(after),
                )
            }
        };
        Self {
            path: edit.pointer(),
            op,
            before,
            after,
        }
    }
}

impl From<Difference> for PlannedChange {
    fn from(difference: Difference) -> Self {
        Self {
            path: difference.pointer(),
            op: difference.op(),
            before: difference.before,
            after: difference.after,
        }
    }
}

/// A node as ordinary JSON. Numbers that JSON cannot carry stay text.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn as_json<S: Serializer>(node: &Option<Node>, serializer: S) -> Result<S::Ok, S::Error> {
    let value = node.as_ref().map(|node| {
        let json = node.to_go_json();
        serde_json::from_str::<serde_json::Value>(&json).unwrap_or(serde_json::Value::String(json))
    });
    value.serialize(serializer)
}

/// Who and what feels it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    pub servers: usize,
    pub connections: usize,
    pub users: usize,
    pub leafnodes: usize,
    pub names: Vec<Text>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedSigner {
    pub key: PublicKey,
    pub kind: SignerKind,
}

/// The token that an edit starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Base {
    pub account: AccountId,
    pub revision: Revision,
}

/// Something to know before or after, with a code that does not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub code: &'static str,
    pub what: String,
}

impl Warning {
    pub fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
        }
    }
}

impl Plan {
    /// A plan that does nothing yet, with what every plan on these facts says.
    pub(super) fn begin(spec: &Spec, facts: &Facts) -> Self {
        let servers = facts
            .census
            .as_ref()
            .map_or(0, |census| census.ours().count());
        Self {
            action: spec.id,
            targets: Vec::new(),
            summary: String::new(),
            direction: spec.direction,
            level: spec.level,
            confirm: String::new(),
            steps: Vec::new(),
            changes: Vec::new(),
            reach: Reach {
                servers,
                ..Reach::default()
            },
            signer: None,
            base: facts.bases(),
            warnings: facts.warnings(),
            undo: None,
            command: String::new(),
        }
    }

    /// Adds the edit of an account, with the lines of its diff.
    pub(super) fn sign(
        &mut self,
        known: &AccountFacts,
        edits: Vec<Edit>,
        signer: PlannedSigner,
        detail: String,
    ) {
        let lines = edits
            .iter()
            .map(|edit| PlannedChange::of(edit, &known.base));
        self.changes.extend(lines);
        self.signer = Some(signer);
        self.steps.push(Step::Sign(Box::new(SignAccount {
            account: known.account.id,
            name: known.account.name.clone(),
            base: known.base.clone(),
            edits,
            signing: Signing::Edited(signer.key),
            detail,
        })));
    }

    /// Asks for what an act on these users takes: the tail of the one, the number of several, the whole key where it is our
    /// own, or the last that can administrate. What touches the system account takes its name.
    pub(super) fn confirm_users(&mut self, facts: &Facts) {
        let system = facts
            .operator
            .as_ref()
            .and_then(|operator| operator.system_account);
        let oneself = facts
            .users
            .iter()
            .find(|user| facts.me == Some(user.id.key()));
        let narrows = self.direction == Direction::Narrows;
        let last = facts.last_administrator().filter(|_| narrows);
        if last.is_some() {
            let what = "after this the store knows no administrator of the system account";
            self.warnings.push(Warning::new("only_administrator", what));
        }
        if let Some(user) = oneself.or(last) {
            self.confirm = user.id.to_string();
        } else if facts.users.iter().any(|user| Some(user.account) == system) {
            self.level = Level::Name;
            self.confirm = system
                .map(|system| facts.account_name(system).to_string())
                .unwrap_or_default();
        } else {
            self.confirm = match facts.users.as_slice() {
                [user] => user.id.key().tail(),
                users => users.len().to_string(),
            };
        }
    }
}

impl Step {
    /// What is done, to what, and the detail.
    pub fn words(&self) -> (&'static str, String, String) {
        match self {
            Self::Sign(sign) => (
                sign.signing.verb(),
                sign.name.to_string(),
                sign.detail.clone(),
            ),
            Self::Contain { name, detail, .. } => ("contain", name.to_string(), detail.clone()),
            Self::Push { name, .. } => {
                ("push", name.to_string(), "push to every server".to_owned())
            }
            Self::Kick { label, .. } => ("kick", label.clone(), "close it now".to_owned()),
            Self::Issue(issue) => ("issue", issue.name.to_string(), issue.detail()),
            Self::Deliver(out) => (
                "deliver",
                out.token.envelope().name.to_string(),
                format!("creds into {}", shown_place(&out.place)),
            ),
            Self::TakeOver(taken) => ("store", taken.name.to_string(), taken.detail()),
        }
    }

    fn json(&self, number: usize) -> serde_json::Value {
        let (verb, target, detail) = self.words();
        serde_json::json!({"n": number, "do": verb, "target": target, "detail": detail})
    }
}

impl Issue {
    fn detail(&self) -> String {
        let key = match self.key {
            IssueKey::New => "<new key>".to_owned(),
            IssueKey::Keep(user) => user.to_string(),
        };
        format!(
            "token for {key}, signed by {}, creds into {}",
            self.signer,
            shown_place(&self.creds)
        )
    }
}

fn shown_place(place: &CredsPlace) -> String {
    match place {
        CredsPlace::Keyring => "the keyring".to_owned(),
        CredsPlace::Beside => "the keyring, beside the old ones as .new.creds".to_owned(),
        CredsPlace::File(path) => path.display().to_string(),
    }
}

/// What a person decides on.
#[derive(Clone, Debug)]
pub struct Preview {
    plan: Plan,
    hash: String,
}

/// What a person gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// `--yes`, or `y`.
    pub yes: bool,
    /// `--confirm`, or what was typed.
    pub typed: Option<String>,
    pub reason: Option<Text>,
    pub ticket: Option<Text>,
}

/// A plan with the consent that it takes. [`super::apply`] takes nothing else.
#[derive(Debug)]
pub struct Approved {
    pub(super) plan: Plan,
    pub(super) hash: String,
    pub(super) consent: Consent,
}

impl Approved {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Preview {
    pub fn of(plan: Plan) -> Self {
        let hash = data_encoding::HEXLOWER
            .encode(&Sha256::digest(body(&plan, None).to_string().as_bytes()));
        Self { plan, hash }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// SHA-256 over the plan: the same for the same plan on the same base.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The body of `plan` on the command line.
    pub fn json(&self) -> serde_json::Value {
        body(&self.plan, Some(&self.hash))
    }

    /// Takes consent: `--yes` never stands for what has to be typed, nor the other way round.
    pub fn approve(self, consent: Consent) -> Result<Approved, Refusal> {
        let given = match self.plan.level {
            Level::Free => true,
            Level::Yes => consent.yes,
            Level::Tail | Level::Name => {
                consent.typed.as_deref() == Some(self.plan.confirm.as_str())
            }
        };
        if given {
            Ok(Approved {
                plan: self.plan,
                hash: self.hash,
                consent,
            })
        } else {
            Err(Refusal::Consent {
                level: self.plan.level,
                wanted: self.plan.confirm,
            })
        }
    }
}

fn body(plan: &Plan, hash: Option<&str>) -> serde_json::Value {
    let steps: Vec<_> = plan
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| step.json(index + 1))
        .collect();
    serde_json::json!({
        "action": plan.action,
        "targets": plan.targets,
        "summary": plan.summary,
        "direction": plan.direction,
        "consent": {
            "level": plan.level, "confirm": plan.confirm, "reason": "optional", "approvals": {"needed": 0, "have": 0},
        },
        "hash": hash,
        "steps": steps,
        "changes": plan.changes,
        "gains": [],
        "loses": [],
        "reach": plan.reach,
        "signer": plan.signer,
        "base": plan.base,
        "warnings": plan.warnings,
        "irreversible": plan.undo.is_none(),
        "undo": plan.undo,
        "command": plan.command,
    })
}
