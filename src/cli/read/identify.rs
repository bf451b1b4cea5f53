//! `identify`: whose a key, a token, a creds file, a seed or a name is. What was given is never printed.

use super::{NAMES, Seen, answer, counted, fail, item, look};
use crate::actions::given::{Given, looks_secret, of_file, of_stdin};
use crate::actions::identify::{Identified, of_given, of_name};
use crate::actions::opening::Opened;
use crate::actions::plan::Warning;
use crate::actions::refs::RefError;
use crate::actions::refusal::Refusal;
use crate::cli::output::Output;
use crate::explain::{Explain, Explanation};

const KIND: &str = "identify";

pub(in crate::cli) async fn identify(whom: &str, opened: &Opened, output: &Output) -> u8 {
    match found(whom, opened).await {
        Ok((found, seen)) => {
            let mut answer = answer(&seen.survey, opened);
            if found.seed_given {
                let what =
                    "the private part was given as well: whoever saw it can act as its owner";
                answer.warnings.push(Warning::new("seed_given", what));
            }
            item(KIND, &found, &answer, output)
        }
        Err(explanation) => fail(KIND, &explanation, output),
    }
}

async fn found(whom: &str, opened: &Opened) -> Result<(Identified, Seen), Explanation> {
    let given = read(whom).await.map_err(|refusal| refusal.explain())?;
    let seen = look(opened, &NAMES).await?;
    match identified(whom, given.as_ref(), &seen) {
        Ok(found) => Ok((found, seen)),
        // Perhaps only a connection shows whose it is.
        Err(Refusal::Unknown { .. }) => {
            let seen = look(opened, &counted(&[])).await?;
            let found = identified(whom, given.as_ref(), &seen);
            Ok((found.map_err(|refusal| refusal.explain())?, seen))
        }
        Err(refusal) => Err(refusal.explain()),
    }
}

/// What was given, if it is more than a name.
async fn read(whom: &str) -> Result<Option<Given>, Refusal> {
    let text = match whom.strip_prefix('@') {
        Some(path) => of_file(path.as_ref()).await?,
        None if whom == "-" => of_stdin().await?,
        None => {
            let given = Given::read(whom.as_bytes());
            return match given {
                None if looks_secret(whom) => Err(Refusal::Ref(RefError::Seed)),
                given => Ok(given),
            };
        }
    };
    let nothing = || Refusal::Unreadable("it holds no creds, no token and no key".into());
    Given::read(&text).map(Some).ok_or_else(nothing)
}

fn identified(whom: &str, given: Option<&Given>, seen: &Seen) -> Result<Identified, Refusal> {
    let census = seen.survey.census.as_deref();
    match given {
        Some(given) => of_given(given, &seen.picture, census),
        None => of_name(whom, &seen.picture, census),
    }
}
