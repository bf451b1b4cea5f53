//! What servers did when a login was tried, beside what the checks say of it. Where the two differ the servers are right, and both are
//! told. Pure.

use serde::Serialize;

use super::attempt::Attempt;
use super::judge::{AtServer, Diagnosis, Verdict};
use super::said::{Check, CheckResult, Checked, Said};
use super::trial::Outcome;
use crate::sys::{Trial, Tried};
use crate::text::Text;

/// What one server did, in its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tries {
    pub result: TryResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Text>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TryResult {
    Admitted,
    Refused,
    Unreached,
}

impl TryResult {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Refused => "refused",
            Self::Unreached => "unreached",
        }
    }
}

impl Tries {
    fn of(trial: &Trial) -> Self {
        let (result, said) = match trial {
            Trial::Admitted => (TryResult::Admitted, None),
            Trial::Refused(words) => (TryResult::Refused, Some(words.clone())),
            Trial::Unreached(why) => (TryResult::Unreached, Some(why.clone())),
        };
        Self { result, said }
    }
}

impl Diagnosis {
    /// Adds what came of a try.
    pub(super) fn with(mut self, outcome: &Outcome, attempt: &Attempt) -> Self {
        let tried = match outcome {
            Outcome::NotTried(why) => {
                self.say(Said::skipped(*why));
                return self;
            }
            Outcome::Tried(tried) => tried,
        };
        let said = self.said_of(tried, attempt);
        self.verdict = match said.result {
            CheckResult::Fail => Verdict::Refused,
            CheckResult::Ok if self.fails_elsewhere(attempt) => Verdict::Refused,
            CheckResult::Ok => Verdict::Ok,
            CheckResult::Unknown | CheckResult::Skipped if self.verdict == Verdict::Ok => {
                Verdict::Unknown
            }
            CheckResult::Unknown | CheckResult::Skipped => self.verdict,
        };
        let is_first = said.result == CheckResult::Fail && self.first_failure.is_none();
        if is_first {
            self.first_failure = Some(Check::Connect);
        }
        self.say(said);
        for one in tried {
            self.note(one);
        }
        self
    }

    fn say(&mut self, said: Said) {
        let check = Check::Connect;
        self.checks.retain(|checked| checked.check != check);
        self.checks.push(Checked { check, said });
    }

    fn note(&mut self, one: &Tried) {
        let servers = self.servers.get_or_insert_default();
        let connect = Some(Tries::of(&one.trial));
        match servers.iter_mut().find(|server| server.name == one.server) {
            Some(server) => server.connect = connect,
            None => servers.push(AtServer {
                name: one.server.clone(),
                result: CheckResult::Unknown,
                first_failure: None,
                copy: None,
                connect,
            }),
        }
    }

    fn said_of(&self, tried: &[Tried], attempt: &Attempt) -> Said {
        let of = |wanted: TryResult| -> Vec<&Tried> {
            let is = |one: &&Tried| Tries::of(&one.trial).result == wanted;
            tried.iter().filter(is).collect()
        };
        let admitted = of(TryResult::Admitted);
        let refused = of(TryResult::Refused);
        let unreached = of(TryResult::Unreached);
        if let Some(first) = refused.first() {
            let words = Tries::of(&first.trial).said.unwrap_or_default();
            let mut what = format!("refused by {}: \"{words}\"", names(&refused));
            if !admitted.is_empty() {
                what = format!("{what}; let in by {}", names(&admitted));
            }
            return self.refused(what);
        }
        if !unreached.is_empty() || admitted.is_empty() {
            return Said::unknown(
                format!("{} could not be tried", names(&unreached)),
                "whether it is let in there is not known",
            )
            .then_run("see who answers", "nats-oam server ls");
        }
        let mut what = format!("let in by {}", names(&admitted));
        if let Some(failed) = self.disproved(attempt) {
            what = format!("{what}, although {} says no", failed.check.word());
        }
        Said::ok(what)
    }

    fn refused(&self, what: String) -> Said {
        match self.failure() {
            Some(failed) => Said::fail(what, format!("{} tells why", failed.check.word())),
            None => Said::fail(
                what,
                "no check tells why: what a server's own configuration bounds, limits that are used up and callouts are not seen from here",
            )
            .then("look into that server's log, at its debug level"),
        }
    }

    /// The check that a real login disproves. From another address than ours, it says nothing of the source.
    pub(super) fn disproved(&self, attempt: &Attempt) -> Option<&Checked> {
        let is_of_elsewhere = |check: Check| check == Check::Source && attempt.from.is_some();
        let fails = |checked: &&Checked| {
            checked.check != Check::Connect
                && checked.said.result == CheckResult::Fail
                && !is_of_elsewhere(checked.check)
        };
        self.checks.iter().find(fails)
    }

    /// Whether a check fails that no login from here can disprove.
    fn fails_elsewhere(&self, attempt: &Attempt) -> bool {
        attempt.from.is_some()
            && self.checks.iter().any(|checked| {
                checked.check == Check::Source && checked.said.result == CheckResult::Fail
            })
    }
}

fn names(tried: &[&Tried]) -> String {
    let names: Vec<String> = tried.iter().map(|one| one.server.to_string()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::diagnose::judge::Subject;

    fn diagnosis(failed: Option<Check>) -> Diagnosis {
        let said = |check| match failed {
            Some(failed) if failed == check => Said::fail("no", "so"),
            Some(_) | None => Said::ok("yes"),
        };
        let checked = |check| Checked {
            check,
            said: said(check),
        };
        Diagnosis {
            subject: Subject {
                kind: "user",
                key: None,
                name: None,
                account: None,
            },
            verdict: failed.map_or(Verdict::Ok, |_| Verdict::Refused),
            first_failure: failed,
            checks: Check::ALL.map(checked).into(),
            servers: None,
        }
    }

    fn tried(trials: [Trial; 2]) -> Outcome {
        let names = ["n1", "n2"].map(Text::from);
        let tried = names.into_iter().zip(trials);
        Outcome::Tried(
            tried
                .map(|(server, trial)| Tried { server, trial })
                .collect(),
        )
    }

    fn told(failed: Option<Check>, trials: [Trial; 2], attempt: &Attempt) -> Diagnosis {
        diagnosis(failed).with(&tried(trials), attempt)
    }

    fn refused() -> Trial {
        Trial::Refused("Authorization Violation".into())
    }

    #[test]
    fn a_server_that_refuses_is_right_also_where_no_check_says_why() {
        let told = told(None, [Trial::Admitted, refused()], &Attempt::default());

        assert_eq!(told.verdict, Verdict::Refused);
        assert_eq!(told.first_failure, Some(Check::Connect));
        let what = &told.failure().unwrap().said.what;
        assert_eq!(
            what,
            "refused by n2: \"Authorization Violation\"; let in by n1"
        );
    }

    #[test]
    fn servers_that_let_in_are_right_and_the_check_is_named() {
        let all = || [Trial::Admitted, Trial::Admitted];

        let told = told(Some(Check::Revoked), all(), &Attempt::default());

        assert_eq!(told.verdict, Verdict::Ok);
        assert_eq!(told.first_failure, Some(Check::Revoked));
        let connect = told.checks.last().unwrap();
        assert!(connect.said.what.ends_with("although revoked says no"));
    }

    #[test]
    fn a_login_from_here_says_nothing_of_another_address() {
        let all = || [Trial::Admitted, Trial::Admitted];
        let from_elsewhere = Attempt {
            from: Some("10.0.0.1".parse().unwrap()),
            ..Attempt::default()
        };

        let elsewhere = told(Some(Check::Source), all(), &from_elsewhere);
        let here = told(Some(Check::Source), all(), &Attempt::default());

        assert_eq!(
            (elsewhere.verdict, here.verdict),
            (Verdict::Refused, Verdict::Ok)
        );
    }

    #[test]
    fn a_server_that_was_not_reached_leaves_it_open() {
        let unreached = || [Trial::Admitted, Trial::Unreached("no answer".into())];

        let open = told(None, unreached(), &Attempt::default());
        let refused = told(Some(Check::Expiry), unreached(), &Attempt::default());

        assert_eq!((open.verdict, open.first_failure), (Verdict::Unknown, None));
        assert_eq!(refused.verdict, Verdict::Refused);
        let servers = open.servers.unwrap();
        let results = servers
            .iter()
            .map(|server| server.connect.as_ref().unwrap().result);
        assert!(results.eq([TryResult::Admitted, TryResult::Unreached]));
    }
}
