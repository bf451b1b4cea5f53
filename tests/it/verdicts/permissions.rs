//! Recorded users: who was let in, what each might publish and subscribe, and what reached a subscription.

use std::collections::BTreeMap;

use nats_oam::jwt::account::Account;
use nats_oam::jwt::release::Release;
use nats_oam::jwt::subject::{Subject, SubjectPattern};
use nats_oam::jwt::token::Token;
use nats_oam::permissions::decide::{Allowed, Client, Question};
use nats_oam::permissions::{EffectivePermissions, Refusal, Verb};
use nats_oam::text::Text;
use serde::Deserialize;

use super::{files, files_in, recorded, tell};

#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) id: String,
    account_jwt: String,
    user_jwt: String,
    /// What a refused client was told.
    login: Option<String>,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    receives: Vec<Receive>,
}

#[derive(Clone, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Check {
    verb: String,
    subject: SubjectPattern,
    queue: Option<Text>,
    allowed: bool,
}

#[derive(Clone, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Receive {
    subscribed: SubjectPattern,
    queue: Option<Text>,
    published: Subject,
    received: bool,
}

/// What a server was seen to do in one point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    /// `login`, `pub`, `sub` or `receive`.
    pub(super) what: String,
    pub(super) subject: String,
    pub(super) queue: String,
    pub(super) published: String,
}

impl Case {
    fn compose(&self, release: Release) -> Result<EffectivePermissions, Refusal> {
        let token = |text| Token::decode(text).unwrap();
        let account = Account::of(&token(&self.account_jwt)).unwrap();
        EffectivePermissions::of(&account, &token(&self.user_jwt), release)
    }

    /// What was recorded, point by point; a point that was asked twice was answered the same.
    fn theirs(&self) -> BTreeMap<Point, bool> {
        let mut points = BTreeMap::from([(Point::login(), self.login.is_none())]);
        for check in &self.checks {
            points.insert(Point::of_check(check), check.allowed);
        }
        for receive in &self.receives {
            points.insert(Point::of_receive(receive), receive.received);
        }
        points
    }

    /// What we say of the same points. Nothing is said of a user who is not let in.
    fn ours(&self, release: Release) -> BTreeMap<Point, bool> {
        let composed = self.compose(release);
        let mut points = BTreeMap::from([(Point::login(), composed.is_ok())]);
        let Ok(permissions) = composed else {
            return points;
        };
        for check in &self.checks {
            let verb = match check.verb.as_str() {
                "pub" => Verb::Publish,
                "sub" => Verb::Subscribe,
                other => panic!("{}: a verb {other}", self.id),
            };
            let question = Question {
                verb,
                subject: check.subject.clone(),
                queue: check.queue.clone(),
            };
            let allowed = match verb {
                Verb::Publish => permissions.decide(&question).allowed == Allowed::Yes,
                Verb::Subscribe => Client::of(&permissions).subscribe(&question),
            };
            points.insert(Point::of_check(check), allowed);
        }
        // They are of one connection, in this order.
        let mut client = Client::of(&permissions);
        for receive in &self.receives {
            let question = Question {
                verb: Verb::Subscribe,
                subject: receive.subscribed.clone(),
                queue: receive.queue.clone(),
            };
            let is_taken = client.subscribe(&question);
            let received = is_taken && client.hears(&question, &receive.published);
            points.insert(Point::of_receive(receive), received);
        }
        points
    }
}

impl Point {
    fn login() -> Self {
        let none = String::new;
        Self {
            what: "login".to_owned(),
            subject: none(),
            queue: none(),
            published: none(),
        }
    }

    fn of_check(check: &Check) -> Self {
        Self {
            what: check.verb.clone(),
            subject: check.subject.to_string(),
            queue: shown(check.queue.as_ref()),
            published: String::new(),
        }
    }

    fn of_receive(receive: &Receive) -> Self {
        Self {
            what: "receive".to_owned(),
            subject: receive.subscribed.to_string(),
            queue: shown(receive.queue.as_ref()),
            published: receive.published.to_string(),
        }
    }
}

fn shown(queue: Option<&Text>) -> String {
    queue.map(Text::to_string).unwrap_or_default()
}

fn cases(lines: &[String]) -> Vec<Case> {
    let case = |line: &String| serde_json::from_str(line).unwrap();
    lines.iter().map(case).collect()
}

/// `permissions-2.11.11.jsonl` is of that release, `permissions.jsonl` of the one that everything is held against.
fn release_of(file: &str) -> Release {
    let version = file
        .trim_start_matches("permissions")
        .trim_end_matches(".jsonl");
    match version.strip_prefix('-') {
        Some(version) => Release::of(&version.into()).unwrap_or_else(|| panic!("{file}")),
        None => Release::default(),
    }
}

impl Case {
    /// How many points agree with what a server of this release did; panics at one that does not.
    pub(super) fn agreed(&self, release: Release) -> usize {
        assert_agree(self, &self.theirs(), release)
    }
}

/// Every point that a case was recorded in, and every one of ours beside it.
fn assert_agree(case: &Case, theirs: &BTreeMap<Point, bool>, release: Release) -> usize {
    let ours = case.ours(release);
    let refused = !theirs[&Point::login()];
    for (point, verdict) in theirs {
        let said = ours.get(point);
        assert_eq!(said, Some(verdict), "{} on {release}: {point:?}", case.id);
    }
    if refused { 1 } else { theirs.len() }
}

#[test]
fn what_was_let_through_is_what_we_allow() {
    for (file, lines) in files("permissions") {
        let release = release_of(&file);
        let cases = cases(&lines);

        let agreed: usize = cases.iter().map(|case| case.agreed(release)).sum();

        assert!(agreed > cases.len(), "{file} asks nothing");
        tell(&format!(
            "{file}: {} users and {agreed} points of {release} agree",
            cases.len()
        ));
    }
}

#[derive(Deserialize)]
struct Difference {
    id: String,
    what: String,
    #[serde(default)]
    case: Option<Differing>,
    verdicts: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Differing {
    verb: Option<String>,
    subject: Option<SubjectPattern>,
    subscribed: Option<SubjectPattern>,
    published: Option<Subject>,
    queue: Option<Text>,
}

impl Difference {
    fn point(&self) -> Point {
        let Some(case) = &self.case else {
            return Point::login();
        };
        let subject = case.subject.as_ref().or(case.subscribed.as_ref()).unwrap();
        Point {
            what: case.verb.clone().unwrap_or_else(|| self.what.clone()),
            subject: subject.to_string(),
            queue: shown(case.queue.as_ref()),
            published: case.published.iter().map(Subject::to_string).collect(),
        }
    }

    fn verdict(&self, version: &str) -> bool {
        match &self.verdicts[version] {
            serde_json::Value::Bool(verdict) => *verdict,
            word => word == "admitted",
        }
    }
}

/// The same users before five releases: where one was seen to differ we differ with it, and nowhere else.
#[test]
fn each_release_decides_as_it_was_seen_to_and_differs_nowhere_else() {
    let (_, recorded_users) = files_in(&recorded(), "permissions.jsonl").remove(0);
    let (_, lines) = files_in(&recorded(), "by-version").remove(0);
    let differences: Vec<Difference> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let versions: Vec<String> = differences[0].verdicts.keys().cloned().collect();
    assert!(versions.len() >= 5, "{versions:?}");

    for version in versions {
        let release = Release::of(&version.as_str().into()).unwrap();
        let mut agreed = 0;
        for case in cases(&recorded_users) {
            let mut theirs = case.theirs();
            for difference in differences
                .iter()
                .filter(|difference| difference.id == case.id)
            {
                let point = difference.point();
                assert!(theirs.contains_key(&point), "{} has no {point:?}", case.id);
                theirs.insert(point, difference.verdict(&version));
            }
            agreed += assert_agree(&case, &theirs, release);
        }
        tell(&format!(
            "by-version.jsonl: {agreed} points of {release} agree"
        ));
    }
}
