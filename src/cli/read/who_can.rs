//! `who-can`: everybody who may publish or subscribe a subject, by which rule and through which accounts. 0 also where it is nobody; 5
//! where a server was silent.

use clap::Args;

use super::can::{subject, verb};
use super::{answer, counted, fail, list, look};
use crate::actions::opening::Opened;
use crate::actions::plan::Warning;
use crate::actions::reach::network;
use crate::cli::output::Output;
use crate::inventory::server::ServerRow;
use crate::inventory::who_can::Everybody;
use crate::jwt::release::Release;
use crate::jwt::subject::SubjectPattern;
use crate::permissions::Verb;
use crate::permissions::decide::Question;
use crate::permissions::who_can::Scope;
use crate::text::Text;

/// Who may publish or subscribe something?
#[derive(Clone, Debug, Args)]
pub struct WhoCan {
    /// publish or subscribe
    #[arg(value_parser = verb)]
    verb: Verb,
    /// A subject, or a pattern: then whoever may use a part of it
    #[arg(value_parser = subject)]
    subject: SubjectPattern,
    /// Only who may use the whole pattern
    #[arg(long)]
    all: bool,
    /// In this queue
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
}

impl WhoCan {
    pub(in crate::cli) async fn run(&self, opened: &Opened, output: &Output) -> u8 {
        let seen = match look(opened, &counted(&[])).await {
            Ok(seen) => seen,
            Err(explanation) => return fail("who_can.list", &explanation, output),
        };
        let question = Question {
            verb: self.verb,
            subject: self.subject.clone(),
            queue: self.queue.as_deref().map(Text::from),
        };
        let scope = if self.all { Scope::All } else { Scope::Any };
        let told = &seen.survey.told;
        let servers = seen.survey.census.iter().flat_map(|census| census.ours());
        let mut releases: Vec<Release> = servers.filter_map(ServerRow::release).collect();
        releases.sort_unstable();
        releases.dedup();
        let everybody = Everybody::of(told, &seen.picture, &releases);
        let found = everybody.who_can(&question, scope, &network(told));
        let mut answer = answer(&seen.survey, opened);
        if found.unread > 0 {
            let what = format!(
                "what {} more may is not known: they are in no store, or nobody showed their account",
                found.unread
            );
            answer.warnings.push(Warning::new("incomplete", what));
        }
        list("who_can", &found.lines, &answer, output)
    }
}
