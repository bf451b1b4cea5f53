//! What was read of store and servers for the screen, at one moment: rows of everything, shared by all views. It reads nothing.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::actions::record_fields::RecordLine;
use crate::actions::survey::Survey;
use crate::explain::Explanation;
use crate::inventory::connection::ConnectionRow;
use crate::inventory::drift::DriftLine;
use crate::inventory::expiry::ExpiryLine;
use crate::inventory::picture::Picture;
use crate::inventory::tree::Tree;
use crate::inventory::user_line::UserLine;

/// All rows, and the survey that they were made of.
pub struct Seen {
    pub survey: Survey,
    /// Operator, accounts, roles and users.
    pub tree: Arc<Tree>,
    pub users: Arc<Vec<UserLine>>,
    /// `None`: no server was asked.
    pub connections: Option<Arc<Vec<ConnectionRow>>>,
    pub at: Timestamp,
    /// When the read began: what happened later may not be in it.
    pub begun: Timestamp,
}

impl Seen {
    /// Joins a survey with the open connections, by server and number.
    pub fn of(
        survey: Survey,
        picture: Picture,
        connections: Option<Vec<ConnectionRow>>,
        (begun, at): (Timestamp, Timestamp),
    ) -> Self {
        let sorted = |rows| Arc::new(by_server(&survey, rows));
        let users = Arc::new(picture.users);
        let tree = Tree::of(
            picture.operator,
            picture.accounts,
            picture.roles,
            Arc::clone(&users),
        );
        Self {
            connections: connections.map(sorted),
            tree: Arc::new(tree),
            users,
            survey,
            at,
            begun,
        }
    }
}

/// Open connections by server and number, with the names of their accounts.
fn by_server(survey: &Survey, mut rows: Vec<ConnectionRow>) -> Vec<ConnectionRow> {
    survey.name_accounts(&mut rows);
    rows.sort_by(|a, b| (&a.server.name, a.id.cid).cmp(&(&b.server.name, b.id.cid)));
    rows
}

/// What was worked out of it for the pages of reports.
#[derive(Debug)]
pub struct Reports {
    /// What it was worked out of.
    pub of: Arc<Seen>,
    pub drift: Arc<Vec<DriftLine>>,
    pub expiry: Arc<Vec<ExpiryLine>>,
}

/// The open connections alone, read anew.
pub struct Roll {
    pub rows: Vec<ConnectionRow>,
    pub begun: Timestamp,
}

impl Roll {
    pub fn of(survey: &Survey, rows: Vec<ConnectionRow>, begun: Timestamp) -> Self {
        Self {
            rows: by_server(survey, rows),
            begun,
        }
    }
}

impl fmt::Debug for Roll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roll({} connections)", self.rows.len())
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Seen({} accounts, {} users)",
            self.tree.accounts.len(),
            self.users.len()
        )
    }
}

/// The record of acts as it was read, the newest first.
#[derive(Debug)]
pub struct Trail {
    pub records: Arc<Vec<RecordLine>>,
    /// Lines that could not be read as records.
    pub unreadable: u64,
    pub at: Timestamp,
}

/// Something that is read now and then: the last that came, and why nothing newer did.
#[derive(Debug)]
pub struct Learned<T> {
    pub last: Option<Arc<T>>,
    pub problem: Option<Explanation>,
}

impl<T> Default for Learned<T> {
    fn default() -> Self {
        Self {
            last: None,
            problem: None,
        }
    }
}

impl<T> Learned<T> {
    /// Takes what was read; a failure leaves the last as it is.
    pub(super) fn take(&mut self, read: Result<Arc<T>, Explanation>) {
        match read {
            Ok(read) => {
                *self = Self {
                    last: Some(read),
                    problem: None,
                }
            }
            Err(why) => self.problem = Some(why),
        }
    }
}
