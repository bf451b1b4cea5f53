//! One act from the command line: prepare, show, consent, apply, tell. The same life as in the console.

use std::io::{self, IsTerminal, Write};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::args::Global;
use super::output::{Output, tell};
use crate::actions::action::{Access, Action};
use crate::actions::apply::{Manner, Watch, apply};
use crate::actions::given::aside;
use crate::actions::opening::Opened;
use crate::actions::outcome::{Outcome, ServerReport, ServerVerdict, exit};
use crate::actions::plan::{Consent, Plan, Preview, Step};
use crate::actions::prepare::prepare;
use crate::actions::refusal::Refusal;
use crate::actions::spec::Level;
use crate::explain::{Code, Explain, Explanation};
use crate::jwt::keys::PublicKey;
use crate::ledger::audit::Outcome as Word;
use crate::text::Text;

/// Does an act, or shows what it would do, and gives the exit code.
pub(super) async fn act<A: Action>(
    action: &A,
    opened: &Opened,
    global: &Global,
    output: &Output,
    cancel: &CancellationToken,
) -> u8 {
    let ports = &opened.ports;
    if ports.sys.is_none() && !global.offline && A::SPEC.tier.asks_servers() {
        // The store alone is changed only where that is what was asked for.
        return refused(A::SPEC.id, &not_reached(opened), output);
    }
    let prepared = async { prepare(action, ports, asked_key(global)?).await };
    let preview = tokio::select! {
        preview = prepared => preview,
        () = cancel.cancelled() => return cancelled(A::SPEC.id, output),
    };
    let preview = match preview {
        Ok(preview) => preview,
        Err(refusal) => return refused(A::SPEC.id, &refusal, output),
    };
    if global.dry_run {
        output.object("plan", &preview.json(), &shown(preview.plan()));
        output.tell(&preview.plan().warnings);
        return 0;
    }
    if ports.context.access == Access::ReadOnly {
        return refused(
            A::SPEC.id,
            &Refusal::ReadOnly(ports.context.name.clone()),
            output,
        );
    }
    let consent = tokio::select! {
        consent = consent(&preview, global) => consent,
        () = cancel.cancelled() => return cancelled(A::SPEC.id, output),
    };
    let approved = match preview.approve(consent) {
        Ok(approved) => approved,
        Err(refusal) => return refused(A::SPEC.id, &refusal, output),
    };
    let manner = Manner {
        wait: global.wait.0,
        cancel,
        progress: &|_| {},
        watch: Watch::Nobody,
    };
    let outcome = apply(approved, ports, &manner).await;
    output.object("outcome", &outcome.json(), &told(&outcome));
    output.tell(&outcome.report.warnings);
    exit(outcome.word)
}

fn not_reached(opened: &Opened) -> Refusal {
    let why = opened.problems.last().map(|problem| problem.what.clone());
    Refusal::NotConnected(why.unwrap_or_else(|| "none was found".to_owned()).into())
}

fn asked_key(global: &Global) -> Result<Option<PublicKey>, Refusal> {
    let parse = |key: &String| {
        key.parse().map_err(|_| Refusal::Unknown {
            what: "key",
            written: key.as_str().into(),
        })
    };
    global.key.as_ref().map(parse).transpose()
}

/// Tells why nothing was done, in the shape of an outcome.
fn refused(action: &str, refusal: &Refusal, output: &Output) -> u8 {
    let word = match refusal {
        Refusal::Ref(_) => return usage(refusal, output),
        Refusal::NotConnected(_) | Refusal::Unheard(_) => Word::Failed,
        Refusal::Unknown { .. }
        | Refusal::Ambiguous { .. }
        | Refusal::Moot(_)
        | Refusal::NoSigner { .. }
        | Refusal::Untrusted { .. }
        | Refusal::NotPermitted(_)
        | Refusal::ReadOnly(_)
        | Refusal::Consent { .. }
        | Refusal::Unreadable(_)
        | Refusal::Unsound(_)
        | Refusal::NoRecord(_) => Word::Refused,
    };
    output.failure_of(
        "outcome",
        &json!({"action": action, "outcome": word, "exit": exit(word)}),
        &refusal.explain(),
    );
    exit(word)
}

/// Tells that it was interrupted before it was even known what there is to do.
fn cancelled(action: &str, output: &Output) -> u8 {
    let word = Word::Cancelled;
    output.failure_of(
        "outcome",
        &json!({"action": action, "outcome": word, "exit": exit(word)}),
        &Explanation::new(Code::Cancelled, "it was cancelled", "nothing was done"),
    );
    exit(word)
}

fn usage(refusal: &Refusal, output: &Output) -> u8 {
    output.failure("outcome", &refusal.explain());
    2
}

/// What was given by flags; on a terminal, what is typed now.
async fn consent(preview: &Preview, global: &Global) -> Consent {
    let text = |given: &Option<String>| given.as_deref().map(Text::from);
    let mut consent = Consent {
        yes: global.yes,
        typed: global.confirm.clone(),
        reason: text(&global.reason),
        ticket: text(&global.ticket),
    };
    let plan = preview.plan();
    let given = match plan.level {
        Level::Free => true,
        Level::Yes => consent.yes,
        Level::Tail | Level::Name => consent.typed.is_some(),
    };
    if !given && io::stdin().is_terminal() && io::stderr().is_terminal() {
        tell(&shown(plan));
        match plan.level {
            Level::Free => {}
            Level::Yes => consent.yes = ask("do it? (y)").await.as_deref() == Some("y"),
            Level::Tail | Level::Name => {
                consent.typed = ask(&format!("type {} to confirm", plan.confirm)).await;
            }
        }
    }
    consent
}

async fn ask(question: &str) -> Option<String> {
    let mut stderr = io::stderr();
    write!(stderr, "{question}: ")
        .and_then(|()| stderr.flush())
        .ok()?;
    let line = aside(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).ok().map(|_| line)
    });
    let line = line.await??;
    Some(line.trim().to_owned())
}

/// A plan for a person.
fn shown(plan: &Plan) -> String {
    let mut lines = vec![plan.summary.clone()];
    if let Some(signer) = &plan.signer {
        lines.push(format!("signs    {}", signer.key));
    }
    for (index, step) in plan.steps.iter().enumerate() {
        lines.push(format!(
            "{} {}  {}",
            if index == 0 { "steps   " } else { "        " },
            index + 1,
            step_line(step)
        ));
    }
    for change in &plan.changes {
        let sign = match change.op {
            "add" => '+',
            "remove" => '-',
            _ => '~',
        };
        let after = change
            .after
            .as_ref()
            .map(crate::jwt::json::Node::to_go_json)
            .unwrap_or_default();
        lines.push(format!("change   {sign} {}  {after}", change.path));
    }
    let names: Vec<String> = plan.reach.names.iter().map(Text::to_string).collect();
    lines.push(format!(
        "reach    {} connections close on {} servers {}",
        plan.reach.connections,
        plan.reach.servers,
        names.join(", ")
    ));
    lines.push(
        plan.undo
            .map_or("undo     cannot be undone".to_owned(), |undo| {
                format!("undo     {undo}")
            }),
    );
    lines.push(format!("command  {}", plan.command));
    lines.join("\n")
}

fn step_line(step: &Step) -> String {
    let (verb, target, detail) = step.words();
    format!("{verb} {target}: {detail}")
}

/// An outcome for a person: the word, each server, what can be done.
fn told(outcome: &Outcome) -> String {
    let word = serde_json::to_value(outcome.word)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default();
    let targets: Vec<String> = outcome
        .targets
        .iter()
        .map(|target| {
            target
                .name
                .as_ref()
                .map_or_else(|| target.key.clone(), ToString::to_string)
        })
        .collect();
    let mut lines = vec![format!("{word}: {} {}", outcome.action, targets.join(", "))];
    lines.extend(outcome.report.servers.iter().map(server_line));
    for back in &outcome.report.came_back {
        lines.push(format!(
            "  {} came back as {} after {} ms",
            back.from, back.to, back.after_ms
        ));
    }
    if let Some(new) = &outcome.report.new {
        let place = new
            .creds_path
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        lines.push(format!("  {} {}: creds in {place}", new.name, new.key));
    }
    if let Some(error) = &outcome.error {
        lines.push(format!("  {}\n  {}", error.what, error.so));
        lines.extend(error.next.iter().map(|next| format!("  {}", next.say)));
    }
    if let Some(result) = outcome.audit.result {
        lines.push(format!("  record {result}"));
    }
    lines.join("\n")
}

fn server_line(server: &ServerReport) -> String {
    let word = |answer: Option<bool>| match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    let open = server
        .open
        .map_or("unknown".to_owned(), |open| open.to_string());
    let state = match server.state {
        ServerVerdict::Clear => "clear",
        ServerVerdict::Open => "OPEN",
        ServerVerdict::Unknown => "UNKNOWN",
    };
    let took = server.proven_ms.map(|ms| format!(" after {ms} ms"));
    let took = took.unwrap_or_default();
    format!(
        "  {:<12} pushed {:<8} in force {:<8} closed {:<4} open {:<8} {state}{took}",
        server.name,
        word(server.pushed),
        word(server.in_force),
        server.closed,
        open
    )
}
