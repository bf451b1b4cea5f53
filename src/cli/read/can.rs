//! `can`: may this user publish or subscribe that? 0 for all of it, 7 for none or a part, 5 where a server was silent.
//!
//! ```text
//! in part: worker in ORDERS may publish orders.>, as orders.x.done, and not all of it
//!   by allow orders.*.done (role)
//!   n3 (2.11.11) says yes
//! ```
//!
//! With `--batch` a question a line, each answered before the next is read, all from one reading of store and servers.

use clap::Args;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::{NO, answer, exit_of, fail};
use crate::actions::opening::Opened;
use crate::actions::refs::UserRef;
use crate::actions::rights::{Rights, read_rights};
use crate::cli::output::{Answer, Output};
use crate::explain::{Code, Explain as _, Explanation};
use crate::inventory::decision::DecisionItem;
use crate::jwt::subject::SubjectPattern;
use crate::permissions::decide::{Allowed, Question};
use crate::permissions::{Effect, Rule, Verb};
use crate::text::Text;

const KIND: &str = "decision";
const LIST: &str = "decision.list";

/// May a user publish or subscribe something?
#[derive(Clone, Debug, Args)]
pub struct Can {
    /// publish or subscribe
    #[arg(required_unless_present = "batch", value_parser = verb)]
    verb: Option<Verb>,
    /// A subject, or a pattern: then all of it
    #[arg(required_unless_present = "batch", value_parser = subject)]
    subject: Option<SubjectPattern>,
    #[arg(long, value_name = "REF", required_unless_present = "batch")]
    user: Option<UserRef>,
    /// In this queue
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
    /// Questions as JSON lines, from a file or from standard input
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["verb", "subject", "user", "queue"])]
    batch: Option<String>,
}

/// Reads a verb as people write it.
pub(in crate::cli) fn verb(written: &str) -> Result<Verb, String> {
    match written {
        "publish" | "pub" => Ok(Verb::Publish),
        "subscribe" | "sub" => Ok(Verb::Subscribe),
        other => Err(format!(
            "\"{}\" is neither publish nor subscribe",
            Text::from(other)
        )),
    }
}

pub(in crate::cli) fn subject(written: &str) -> Result<SubjectPattern, String> {
    written.parse().map_err(|error| format!("{error}"))
}

/// A question of a batch, as it stands on its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    verb: String,
    subject: String,
    user: String,
    queue: Option<Text>,
}

impl Line {
    fn read(written: &str) -> Result<(UserRef, Question), Explanation> {
        let misuse = |why: String| {
            Explanation::new(Code::Usage, why, "this line has no answer, the others have").then(
                "write {\"verb\":\"publish\",\"subject\":\"orders.eu\",\"user\":\"ORDERS/worker\"}",
            )
        };
        let line: Self = serde_json::from_str(written)
            .map_err(|error| misuse(format!("it is no question: {error}")))?;
        let user = line.user.parse::<UserRef>();
        let user = user.map_err(|error| misuse(error.to_string()))?;
        if matches!(user, UserRef::Stdin | UserRef::File(_)) {
            return Err(misuse(
                "a question of a batch names its user by name or key".to_owned(),
            ));
        }
        let question = Question {
            verb: verb(&line.verb).map_err(misuse)?,
            subject: subject(&line.subject).map_err(misuse)?,
            queue: line.queue,
        };
        Ok((user, question))
    }
}

impl Can {
    pub(in crate::cli) async fn run(&self, opened: &Opened, output: &Output) -> u8 {
        if let Some(batch) = &self.batch {
            return of_batch(batch, opened, output).await;
        }
        let (Some(verb), Some(subject), Some(user)) = (self.verb, &self.subject, &self.user) else {
            return 2;
        };
        let question = Question {
            verb,
            subject: subject.clone(),
            queue: self.queue.as_deref().map(Text::from),
        };
        let rights = match read_rights(&opened.ports).await {
            Ok(rights) => rights,
            Err(refusal) => return fail(KIND, &refusal.explain(), output),
        };
        let answer = answer(rights.survey(), opened);
        match rights.decide(user, &question, &opened.ports).await {
            Ok(item) => {
                output.told(KIND, &item, &answer, &human(&item));
                code(&item, &answer)
            }
            Err(refusal) => fail(KIND, &refusal.explain(), output),
        }
    }
}

/// A silent server is more than a no: it may let through what the others do not.
fn code(item: &DecisionItem, answer: &Answer) -> u8 {
    match (answer.exit(), item.allowed) {
        (0, Allowed::Yes) => 0,
        (0, Allowed::No | Allowed::Some) => NO,
        (silent, _) => silent,
    }
}

async fn of_batch(batch: &str, opened: &Opened, output: &Output) -> u8 {
    let rights = match read_rights(&opened.ports).await {
        Ok(rights) => rights,
        Err(refusal) => return fail(LIST, &refusal.explain(), output),
    };
    if batch == "-" {
        return answer_all(tokio::io::stdin(), &rights, opened, output).await;
    }
    match tokio::fs::File::open(batch).await {
        Ok(file) => answer_all(file, &rights, opened, output).await,
        Err(error) => {
            let what = format!("{} cannot be read: {error}", Text::from(batch));
            fail(
                LIST,
                &Explanation::new(Code::Usage, what, "nothing was asked"),
                output,
            )
        }
    }
}

/// Answers line by line. The worst of what was said is the exit code: a line that is no question, a silent server, a no.
async fn answer_all(
    questions: impl AsyncRead + Unpin,
    rights: &Rights,
    opened: &Opened,
    output: &Output,
) -> u8 {
    let answer = answer(rights.survey(), opened);
    let mut stream = output.stream(KIND);
    let mut lines = BufReader::new(questions).lines();
    let mut codes: Vec<u8> = vec![answer.exit()];
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) if line.trim().is_empty() => continue,
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                let what = format!("the questions cannot be read on: {error}");
                let told = Explanation::new(Code::Usage, what, "those before were answered");
                stream.error(&told);
                codes.push(2);
                break;
            }
        };
        let decided = match Line::read(&line) {
            Ok((user, question)) => {
                let decided = rights.decide(&user, &question, &opened.ports).await;
                decided.map_err(|refusal| refusal.explain())
            }
            Err(explanation) => Err(explanation),
        };
        match decided {
            Ok(item) => {
                codes.push(code(&item, &Answer::default()));
                stream.event(KIND, &item, &human(&item));
            }
            Err(explanation) => {
                codes.push(exit_of(&explanation));
                stream.error(&explanation);
            }
        }
    }
    stream.end(&answer);
    [2, 3, 1, 5, NO]
        .into_iter()
        .find(|code| codes.contains(code))
        .unwrap_or(0)
}

fn human(item: &DecisionItem) -> String {
    let name = item.user.name.as_ref();
    let user = name.map_or_else(|| item.user.key.to_string(), Text::to_string);
    let account = &item.user.account;
    let account_name = account.name.as_ref();
    let account = account_name.map_or_else(|| account.key.to_string(), Text::to_string);
    let verb = match item.verb {
        Verb::Publish => "publish",
        Verb::Subscribe => "subscribe",
    };
    let queue = item.queue.iter().map(|queue| format!(" in queue {queue}"));
    let queue: String = queue.collect();
    let asked = format!("{verb} {}{queue}", item.subject);
    let mut lines = vec![match (item.allowed, &item.example) {
        (Allowed::Yes, _) => format!("yes: {user} in {account} may {asked}"),
        (Allowed::Some, Some(example)) => {
            format!("in part: {user} in {account} may {asked}, as {example}, and not all of it")
        }
        (Allowed::Some, None) => format!("in part: {user} in {account} may {asked}"),
        (Allowed::No, _) => format!("no: {user} in {account} may not {asked}"),
    }];
    lines.push(match &item.by {
        Some(rule) => format!("  by {}", of_rule(rule)),
        None => "  no rule of it speaks of that".to_owned(),
    });
    lines.extend(item.note.iter().map(|note| format!("  {note}")));
    lines.extend(item.differing().map(|each| {
        let version = each.version.as_deref().unwrap_or("unknown version");
        let allowed = each.allowed.map_or("unknown", Allowed::word);
        format!("  {} ({version}) says {allowed}", each.server)
    }));
    lines.join("\n")
}

fn of_rule(rule: &Rule) -> String {
    let effect = match rule.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    let queue = rule.queue.iter().map(|queue| format!(" {queue}"));
    let from = rule.from.word().replace('_', " ");
    format!(
        "{effect} {}{} ({from})",
        rule.pattern,
        queue.collect::<String>()
    )
}
