//! Whether a story can be told: with its tools it runs and is counted, without them it says so and passes.
//! With `NATS_OAM_E2E=required` there is no skipping: a missing tool is a failure.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::panic::Location;

use super::tools::{Missing, Tool, Tools};

/// The tools of a story; `None` means that the story was skipped, and has said so.
#[track_caller]
pub fn needs(wanted: &[Tool]) -> Option<Tools> {
    let story = Location::caller();
    let strictness = Strictness::from_env();
    match strictness.judge(Tools::find(wanted, strictness)) {
        Ok(tools) => {
            count(story);
            Some(tools)
        }
        Err(missing) => {
            // Not `eprintln!`, which the test runner swallows when the test passes.
            let _ = writeln!(std::io::stderr(), "skipped: {story}: {missing}"); // nobody may be listening
            None
        }
    }
}

/// What a missing tool means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Skip the story.
    Lenient,
    /// Fail it.
    Required,
}

impl Strictness {
    fn from_env() -> Self {
        match env::var("NATS_OAM_E2E") {
            Ok(value) if value == "required" => Self::Required,
            Ok(other) => panic!("NATS_OAM_E2E is {other:?}; it can be \"required\" or unset"),
            Err(env::VarError::NotPresent) => Self::Lenient,
            Err(error) => panic!("NATS_OAM_E2E: {error}"),
        }
    }

    fn judge(self, found: Result<Tools, Missing>) -> Result<Tools, Missing> {
        match (self, found) {
            (Self::Required, Err(missing)) => panic!("NATS_OAM_E2E=required, but {missing}"),
            (Self::Required | Self::Lenient, found) => found,
        }
    }
}

/// Adds one line to the file that `make test` counts. The lines of two processes do not mix: each is one appending write.
fn count(story: &Location<'_>) {
    let Some(file) = env::var_os("NATS_OAM_STORIES") else {
        return;
    };
    let line = format!("{}:{}\n", story.file(), story.line());
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut stories| stories.write_all(line.as_bytes()))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

mod tests {
    use super::*;

    fn missing() -> Result<Tools, Missing> {
        Err(Missing(Tool::Nsc, "not here".to_owned()))
    }

    #[test]
    fn a_missing_tool_skips_the_story() {
        let judged = Strictness::Lenient.judge(missing());

        assert_eq!(judged.unwrap_err().to_string(), "no nsc: not here");
    }

    #[test]
    #[should_panic(expected = "NATS_OAM_E2E=required, but no nsc: not here")]
    fn a_missing_tool_fails_the_story_where_tools_are_required() {
        let _ = Strictness::Required.judge(missing()); // panics
    }
}
