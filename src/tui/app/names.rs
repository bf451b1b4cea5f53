//! Finds users and accounts by what somebody types of their names, the best first. It runs beside the screen: there may be very
//! many, and who types on does not wait for it.

use frizbee::{CaseMatching, Config, Matcher};

use super::seen::Seen;
use crate::actions::action::SelectedUser;
use crate::inventory::arrange::CHUNK;
use crate::text::Text;
use crate::tui::views::Sought;
use crate::tui::widgets::called;

/// More are not looked at: who wants another types on.
const MOST: usize = 50;

/// A user or an account that is called so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub sought: Sought,
    pub name: String,
    /// What it is, and in what.
    pub what: String,
}

/// Those whose name fits best. `None`: it was stopped.
pub fn find(seen: &Seen, wanted: &str, is_stopped: &dyn Fn() -> bool) -> Option<Vec<Named>> {
    let mut best = Best::new(wanted);
    for accounts in seen.tree.accounts.chunks(CHUNK) {
        best.take(
            accounts,
            |line| line.name(),
            |line| Named {
                sought: Sought::Account(line.id),
                name: called(line.name(), line.id.key()),
                what: "account".to_owned(),
            },
        );
    }
    for users in seen.users.chunks(CHUNK) {
        if is_stopped() {
            return None;
        }
        best.take(
            users,
            |line| line.name.as_ref(),
            |line| Named {
                sought: Sought::User(SelectedUser {
                    account: line.account.key,
                    user: line.id,
                }),
                name: called(line.name.as_ref(), line.id.key()),
                what: format!(
                    "user in {}",
                    called(line.account.name.as_ref(), line.account.key.key())
                ),
            },
        );
    }
    Some(best.named())
}

/// The best so far, with how well each fits.
struct Best<'w> {
    wanted: &'w str,
    found: Vec<(Fit, Named)>,
}

/// The whole name before a part of it, then the better fit.
type Fit = (bool, u16);

impl<'w> Best<'w> {
    const fn new(wanted: &'w str) -> Self {
        Self {
            wanted,
            found: Vec::new(),
        }
    }

    /// Takes the best of some lines. Only those are made into words.
    fn take<'l, L>(
        &mut self,
        lines: &'l [L],
        name: impl Fn(&'l L) -> Option<&'l Text>,
        named: impl Fn(&'l L) -> Named,
    ) {
        let config = Config {
            casing: CaseMatching::Ignore,
            ..Config::default()
        };
        let names: Vec<String> = lines
            .iter()
            .map(|line| name(line).map(ToString::to_string).unwrap_or_default())
            .collect();
        let fitting = Matcher::new(self.wanted, &config).match_list(&names);
        let mut fitting: Vec<(Fit, &L)> = fitting
            .iter()
            .filter_map(|found| {
                let nth = usize::try_from(found.index).ok()?;
                let whole = names.get(nth)?.eq_ignore_ascii_case(self.wanted);
                Some(((whole, found.score), lines.get(nth)?))
            })
            .collect();
        fitting.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
        let best = fitting.into_iter().take(MOST);
        self.found
            .extend(best.map(|(fit, line)| (fit, named(line))));
        self.found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
        self.found.truncate(MOST);
    }

    fn named(self) -> Vec<Named> {
        self.found.into_iter().map(|(_, named)| named).collect()
    }
}
