//! `server ls|info|forget`.

use super::fail;
use crate::actions::lookup;
use crate::actions::opening::Opened;
use crate::actions::refs::ServerRef;
use crate::cli::output::{Answer, Asked, Output};
use crate::explain::{Code, Explain, Explanation};
use crate::inventory::server::{ServerRow, ServerState};
use crate::ledger::roster::Forgotten;
use crate::sys::Census;
use crate::text::Text;

pub(in crate::cli) async fn list(opened: &Opened, output: &Output) -> u8 {
    let census = match census(opened).await {
        Ok(census) => census,
        Err(explanation) => return fail("server.list", &explanation, output),
    };
    let answer = Answer {
        asked: Some(asked(&census)),
        ..Answer::default()
    };
    match output.list("server", &census.servers, &answer) {
        Ok(()) => answer.exit(),
        Err(explanation) => fail("server.list", &explanation, output),
    }
}

pub(in crate::cli) async fn info(server: &ServerRef, opened: &Opened, output: &Output) -> u8 {
    let census = match census(opened).await {
        Ok(census) => census,
        Err(explanation) => return fail("server", &explanation, output),
    };
    let row = match lookup::server(Some(&census), server) {
        Ok(row) => row,
        Err(refusal) => return fail("server", &refusal.explain(), output),
    };
    let answer = Answer {
        asked: Some(asked(&census)),
        ..Answer::default()
    };
    output.item("server", row, &answer);
    answer.exit()
}

/// Takes a name off the roster: it is not expected any more, until it is seen again.
pub(in crate::cli) fn forget(name: &str, opened: &Opened, output: &Output) -> u8 {
    let name = Text::from(name);
    if let Some(sys) = &opened.ports.sys {
        sys.forget(&name);
    }
    match opened.ports.record.roster().forget(&name) {
        Ok(Forgotten::Server(server)) => {
            output.item("server", &server, &Answer::default());
            0
        }
        Ok(Forgotten::Unknown) => {
            let explanation = Explanation::new(
                Code::Moot,
                format!("{name} is not on the roster"),
                "nothing was done",
            );
            fail("server", &explanation, output)
        }
        Err(error) => fail("server", &error.explain(), output),
    }
}

async fn census(opened: &Opened) -> Result<std::sync::Arc<Census>, Explanation> {
    let Some(sys) = &opened.ports.sys else {
        let offline = || {
            Explanation::new(
                Code::NotConnected,
                "no server is asked",
                "nothing is known about the servers",
            )
        };
        return Err(opened.problems.last().cloned().unwrap_or_else(offline));
    };
    let fresh = opened.ports.freshen_census().await;
    fresh.map_err(|error| error.explain())?;
    Ok(sys.census().borrow().clone())
}

fn asked(census: &Census) -> Asked {
    let names = |wanted: &dyn Fn(&ServerRow) -> bool| {
        census
            .ours()
            .filter(|row| wanted(row))
            .map(|row| row.name.clone())
            .collect()
    };
    Asked {
        expected: names(&|_| true),
        answered: names(&|row| row.state == ServerState::Up),
        silent: names(&|row| row.state != ServerState::Up),
    }
}
