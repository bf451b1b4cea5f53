//! Revoke users: push, close, prove, on every server. The token of a revoked user is dead up to a time; the same key can be
//! issued anew after it, a lifted revocation revives what was leaked.

use std::collections::BTreeMap;
use std::fmt;

use crate::actions::action::{Action, Bound, Needs, Selection, Standing};
use crate::actions::closing::written;
use crate::actions::facts::{Facts, KnownUser, unanswered};
use crate::actions::plan::{Plan, Reach, Step, Target, Warning};
use crate::actions::refs::{AccountRef, WhomRef};
use crate::actions::refusal::Refusal;
use crate::actions::signing::account_signer;
use crate::actions::spec::{Direction, Level, Spec, Tier};
use crate::actions::when::When;
use crate::inventory::connection::{ConnectionKind, ConnectionRow};
use crate::jwt::account::Account;
use crate::jwt::edit::{Edit, Value};
use crate::jwt::json::Node;
use crate::jwt::keys::AccountId;
use crate::jwt::revocations::EVERYBODY;
use crate::jwt::time::UnixTime;
use crate::jwt::token::MAX_TOKEN_BYTES;
use crate::text::Text;

/// Connections that a preview names one by one.
const KICKS_NAMED: usize = 12;

/// Bytes of an entry in the token text: key, colon, time and comma, in base64.
const ENTRY_BYTES: usize = 94;

/// Cuts users off: no server lets them in any more, and their connections close.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RevokeUsers {
    /// Users, or connections whose users are meant
    #[arg(
        value_name = "USER",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub whom: Vec<WhomRef>,
    /// Everybody in an account who was issued until now
    #[arg(long, value_name = "ACCOUNT")]
    pub all: Option<AccountRef>,
    /// With --all: who was issued until then
    #[arg(long, value_name = "TIME", requires = "all")]
    pub before: Option<When>,
}

impl Action for RevokeUsers {
    const SPEC: Spec = Spec {
        id: "user.revoke",
        title: "Revoke user",
        help: "Cut a user off on every server, and prove it",
        level: Level::Tail,
        direction: Direction::Narrows,
        tier: Tier::Change,
    };

    fn bind(on: &Selection, standing: &Standing) -> Bound<Self> {
        if standing.tier < Self::SPEC.tier {
            return Bound::No(Self::SPEC.tier.needs().to_owned());
        }
        let whom = on.whom();
        if whom.is_empty() {
            return Bound::No("select a user or a connection".to_owned());
        }
        Bound::Ready(Self {
            whom,
            all: None,
            before: None,
        })
    }

    fn needs(&self) -> Needs {
        Needs {
            whom: self.whom.clone(),
            accounts: self.all.iter().cloned().collect(),
            open: true,
            ..Needs::default()
        }
    }

    fn plan(&self, facts: &Facts) -> Result<Plan, Refusal> {
        let wanted = self.wanted(facts);
        let mut plan = Plan::begin(&Self::SPEC, facts);
        plan.undo = Some("user.lift");
        for (account, entries) in &wanted {
            add_account(&mut plan, facts, *account, entries, self.all.is_some())?;
        }
        if plan.steps.is_empty() {
            return Err(Refusal::Moot(moot(&facts.users)));
        }
        self.describe(&mut plan, facts);
        Ok(plan)
    }
}

/// One entry of the revocation list to be made.
struct Entry {
    key: String,
    at: Value,
}

impl Entry {
    /// Whether the token of a connection, if it can be read, is dead by this entry for everybody.
    fn reaches(&self, row: &ConnectionRow) -> bool {
        let issued_at = row.holder.as_ref().and_then(|holder| holder.issued_at);
        row.proven_user().is_some()
            && match &self.at {
                Value::ServerTime { .. } => true,
                Value::Given(at) => at.as_i64() >= Some(issued_at.unwrap_or_default().0),
            }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Value::ServerTime { .. } => write!(f, "{} at <server time>", self.key),
            Value::Given(at) => {
                let at = UnixTime(at.as_i64().unwrap_or_default());
                write!(f, "{} at {}", self.key, at.timestamp())
            }
        }
    }
}

impl RevokeUsers {
    /// What has to stand in which account.
    fn wanted(&self, facts: &Facts) -> BTreeMap<AccountId, Vec<Entry>> {
        let mut wanted: BTreeMap<AccountId, Vec<Entry>> = BTreeMap::new();
        if self.all.is_some() {
            let now = facts.server_time.timestamp();
            let at = self
                .before
                .map_or(Value::ServerTime { at_least: None }, |before| {
                    Value::Given(Node::from(UnixTime::from(before.before(now)).0))
                });
            for account in facts.accounts.keys() {
                wanted.entry(*account).or_default().push(Entry {
                    key: EVERYBODY.to_owned(),
                    at: at.clone(),
                });
            }
        }
        for user in &facts.users {
            // A revocation is never lowered, and reaches the newest token that is known.
            let before = facts
                .account(user.account)
                .and_then(|account| account.account.revocations.named(user.id));
            let at = Value::ServerTime {
                at_least: user.issued_at.max(before),
            };
            wanted.entry(user.account).or_default().push(Entry {
                key: user.id.to_string(),
                at,
            });
        }
        wanted
    }

    fn describe(&self, plan: &mut Plan, facts: &Facts) {
        let accounts: Vec<String> = facts
            .accounts
            .values()
            .map(|facts| facts.account.name.to_string())
            .collect();
        let accounts = accounts.join(", ");
        if self.all.is_some() {
            plan.level = Level::Name;
            // With everybody of the system account goes every administrator, also oneself.
            let system = facts.operator.as_ref();
            let system = system.and_then(|operator| operator.system_account);
            plan.confirm = match system.filter(|system| facts.accounts.contains_key(system)) {
                Some(system) => system.to_string(),
                None => accounts.clone(),
            };
            plan.summary = format!("revoke everybody in {accounts}");
            plan.targets = facts
                .accounts
                .iter()
                .map(|(id, facts)| account_target(*id, facts.account.name.clone()))
                .collect();
        } else {
            plan.targets = facts
                .users
                .iter()
                .map(|user| facts.user_target(user))
                .collect();
            plan.confirm_users(facts);
            plan.summary = match facts.users.as_slice() {
                [user] => format!("revoke user {} in {accounts}", user.shown()),
                users => format!("revoke {} users in {accounts}", users.len()),
            };
        }
        plan.command = self.command(facts);
    }

    fn command(&self, facts: &Facts) -> String {
        let mut command = "nats-oam user revoke".to_owned();
        if self.all.is_some() {
            for account in facts.accounts.keys() {
                command = format!("{command} --all {account}");
            }
            return self.before.map_or(command.clone(), |before| {
                format!("{command} --before {before}")
            });
        }
        facts.users.iter().fold(command, |command, user| {
            format!("{command} {}/{}", user.account, user.id)
        })
    }
}

fn account_target(id: AccountId, name: crate::text::Text) -> Target {
    Target {
        kind: "account",
        key: id.to_string(),
        name: Some(name),
        account: None,
    }
}

fn moot(users: &[KnownUser]) -> String {
    match users {
        [user] => format!(
            "{} is revoked on every server, and not connected",
            user.shown()
        ),
        users => format!(
            "all {} are revoked on every server, and none is connected",
            users.len()
        ),
    }
}

/// Adds the edit of one account and its containment, if there is anything to do there.
fn add_account(
    plan: &mut Plan,
    facts: &Facts,
    account: AccountId,
    entries: &[Entry],
    everybody: bool,
) -> Result<(), Refusal> {
    let known = facts.account(account).ok_or_else(|| Refusal::Unknown {
        what: "account",
        written: account.to_string().into(),
    })?;
    let users: Vec<KnownUser> = facts
        .users
        .iter()
        .filter(|user| user.account == account)
        .cloned()
        .collect();
    let victims: Vec<&ConnectionRow> = if everybody {
        let of_account = facts.open.iter().filter(|row| is_in(row, account));
        of_account
            .filter(|row| entries.iter().any(|entry| entry.reaches(row)))
            .collect()
    } else {
        facts.open_of(&users).collect()
    };
    if !everybody && victims.is_empty() && is_settled(facts, account, &users) {
        return Ok(());
    }
    let signer = account_signer(facts, account)?;
    let edits: Vec<Edit> = union(facts, account)
        .into_iter()
        .chain(
            entries
                .iter()
                .map(|entry| Edit::set(["nats", "revocations", &entry.key], entry.at.clone())),
        )
        .collect();
    let fill = known.base.text().len() + edits.len() * ENTRY_BYTES;
    if fill > MAX_TOKEN_BYTES {
        return Err(Refusal::Unsound(format!(
            "the token of {} would have about {fill} bytes, servers take {MAX_TOKEN_BYTES}: it holds {} revocations",
            known.account.name,
            known.account.revocations.len()
        )));
    }
    add_reach(&mut plan.reach, &victims, &users);
    plan.warnings.extend(unreadable(facts, account));
    let entries: Vec<String> = entries.iter().map(Entry::to_string).collect();
    let detail = format!("revocation of {}", entries.join(", "));
    plan.sign(known, edits, signer, detail);
    plan.steps.push(Step::Contain {
        account,
        name: known.account.name.clone(),
        kicks: victims.iter().map(|row| row.id).collect(),
        detail: containment(facts, &victims),
    });
    Ok(())
}

/// `push to n1 n2 n3, kick n1/41 n2/18`, with the first of many connections.
fn containment(facts: &Facts, victims: &[&ConnectionRow]) -> String {
    let servers = facts.census.iter().flat_map(|census| census.ours());
    let mut words: Vec<String> = servers.map(|server| server.name.to_string()).collect();
    if words.is_empty() {
        words.push("the servers".to_owned());
    }
    let mut detail = format!("push to {}", words.join(" "));
    if !victims.is_empty() {
        let named = victims.iter().take(KICKS_NAMED).map(|row| written(row));
        detail = format!("{detail}, kick {}", named.collect::<Vec<_>>().join(" "));
    }
    match victims.len().saturating_sub(KICKS_NAMED) {
        0 => detail,
        more => format!("{detail} and {more} more"),
    }
}

fn is_in(row: &ConnectionRow, account: AccountId) -> bool {
    row.account
        .as_ref()
        .is_some_and(|named| named.key == account)
}

/// Whether every server is known to keep these users out already, and the store as well: an act that was cut off before it
/// came to the store is not done.
fn is_settled(facts: &Facts, account: AccountId, users: &[KnownUser]) -> bool {
    let Some(known) = facts.account(account) else {
        return false;
    };
    let census = facts.census.as_ref();
    let all_answered = facts.unheard.is_empty()
        && census.is_some_and(|census| unanswered(census).next().is_none());
    let keeps_out = |account: &Account| {
        let revocations = &account.revocations;
        let is_out = |user: &KnownUser| revocations.revoked_at(user.id, user.issued_at).is_some();
        users.iter().all(is_out)
    };
    // A copy that cannot be read tells nothing, and cannot be written either.
    let stored = known
        .stored
        .as_ref()
        .and_then(|stored| Account::of(stored).ok());
    let agreed = known.split.is_empty() && known.foreign.is_empty();
    all_answered && agreed && keeps_out(&known.account) && stored.as_ref().is_none_or(keeps_out)
}

/// The revocations that other servers' tokens have and the base lacks: a narrowing act loses none of them.
fn union(facts: &Facts, account: AccountId) -> Vec<Edit> {
    let Some(known) = facts.account(account) else {
        return Vec::new();
    };
    let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
    for (token, _) in &known.split {
        let Some(Node::Object(entries)) = token.body().get("revocations") else {
            continue;
        };
        for (key, at) in entries {
            let at = at.as_i64().unwrap_or_default();
            let held = known
                .base
                .as_read()
                .at(&["nats", "revocations", key])
                .and_then(Node::as_i64);
            if held.is_none_or(|held| held < at) {
                let newest = newest.entry(key).or_insert(at);
                *newest = at.max(*newest);
            }
        }
    }
    newest
        .into_iter()
        .map(|(key, at)| Edit::set(["nats", "revocations", key], Value::Given(Node::from(at))))
        .collect()
}

fn add_reach(reach: &mut Reach, victims: &[&ConnectionRow], users: &[KnownUser]) {
    reach.connections += victims.len();
    reach.leafnodes += victims
        .iter()
        .filter(|row| row.kind == ConnectionKind::Leafnode)
        .count();
    reach.users += users.len();
    let named = users.iter().map(|user| Text::from(user.shown()));
    for name in named.chain(victims.iter().map(|row| shown_user(row))) {
        if !reach.names.contains(&name) {
            reach.names.push(name);
        }
    }
}

/// The user of a connection, or the name of one whose user cannot be read.
fn shown_user(row: &ConnectionRow) -> Text {
    let user = row.holder.as_ref().and_then(|holder| holder.user.as_ref());
    user.and_then(|user| user.name.clone())
        .unwrap_or_else(|| row.name.clone())
}

/// Connections of the account that nobody can read do not prevent proof: a server answers after it has closed its victims.
fn unreadable(facts: &Facts, account: AccountId) -> Option<Warning> {
    let names: Vec<String> = facts
        .unreadable()
        .filter(|row| is_in(row, account))
        .map(|row| {
            if row.name.is_empty() {
                format!("{}/{}", row.server.name, row.id.cid)
            } else {
                row.name.to_string()
            }
        })
        .collect();
    (!names.is_empty()).then(|| {
        Warning::new(
            "unreadable_connections",
            format!("whose they are cannot be read: {}", names.join(", ")),
        )
    })
}
