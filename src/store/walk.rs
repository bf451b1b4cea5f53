//! Reads a whole store and tells it as facts: threads read directories, what they find streams out from the first one on.
//! Nothing that lies there is left out: what gives no row is a flaw with its place. No signature is checked here.

use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::claim;
use super::marker::Marker;
use super::queue::Queue;
use super::read::{Folder, Reader, is_directory, unreadable};
use super::tree::Tree;
use crate::inventory::account::{AccountRow, OperatorRow};
use crate::inventory::user::{Unread, UserEntry, UsersBuilder};
use crate::inventory::{Fact, Flaw, Problem};
use crate::jwt::account::Account;
use crate::jwt::keys::AccountId;
use crate::jwt::operator::Operator;
use crate::jwt::token::Token;
use crate::text::Text;

/// Files of one directory that a thread reads before others may help.
const SLICE: usize = 1024;

/// Batches that wait for whoever listens, at most.
const BATCHES: usize = 32;

/// Takes each batch as it comes; `Break` ends the walk.
pub type Sink<'a> = &'a mut dyn FnMut(Vec<Fact>) -> ControlFlow<()>;

/// Tells everything below one operator.
pub(super) fn walk(tree: &Tree, sink: Sink<'_>) {
    let mut begin = Findings::new(tree);
    let operator = begin.operator();
    let directories = begin.account_dirs();
    if sink(begin.facts).is_break() {
        return;
    }
    let queue = Queue::new(directories.into_iter().map(Piece::Account).collect());
    let (send, receive) = sync_channel(BATCHES);
    thread::scope(|scope| {
        for _ in 0..threads() {
            let worker = Worker::new(tree, operator.as_deref(), send.clone());
            scope.spawn(|| worker.work(&queue));
        }
        drop(send);
        for facts in receive {
            if sink(facts).is_break() {
                queue.clear();
                break;
            }
        }
    });
}

/// Two a core: reading waits for the disk.
fn threads() -> usize {
    2 * thread::available_parallelism().map_or(1, usize::from)
}

/// A part of the walk.
enum Piece {
    Account(Text),
    Users {
        of: Arc<Directory>,
        files: Vec<(OsString, FileType)>,
    },
}

/// The directory of an account.
struct Directory {
    name: Text,
    /// Whose token lies in it; `None` if that could not be read.
    account: Option<AccountId>,
    users: Folder,
}

/// Facts that are not users, on their way out.
struct Findings<'a> {
    tree: &'a Tree,
    reader: Reader,
    facts: Vec<Fact>,
}

impl<'a> Findings<'a> {
    fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            reader: Reader::below(&tree.operator_dir()),
            facts: Vec::new(),
        }
    }

    fn tell(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    fn flaw(&mut self, path: &Path, problem: Problem) {
        let place = self.tree.shown(path);
        self.tell(Fact::Flaw(Flaw { place, problem }));
    }

    /// Names and types of a directory's entries, sorted. One that cannot be read is a flaw; one that is missing is empty.
    fn list(&mut self, directory: &Path) -> Vec<(OsString, FileType)> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.flaw(directory, unreadable(&error));
                return Vec::new();
            }
        };
        if let Err(problem) = self.reader.may_list(directory) {
            self.flaw(directory, problem);
            return Vec::new();
        }
        let mut listed = Vec::new();
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok(entry) => listed.push(entry),
                Err(error) => self.flaw(directory, unreadable(&error)),
            }
        }
        listed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        listed
    }

    fn token(&mut self, path: &Path) -> Result<Token, Problem> {
        let text = as_text(self.reader.read(path)?)?;
        if !claim::is_whole(text) {
            return Err(Problem::Torn {
                why: "its signature is cut off".into(),
            });
        }
        Token::decode(text).map_err(|error| claim::problem_of(&error))
    }

    /// Tells the operator; its file is named by `.nsc`, not by the token.
    fn operator(&mut self) -> Option<Box<Operator>> {
        let marker = Marker::read(self.tree, &mut self.reader);
        if let Some(problem) = marker.problem.clone() {
            self.flaw(&self.tree.marker(), problem);
        }
        let path = self.tree.operator_file(&marker.store_name);
        let read = self.token(&path).and_then(|token| {
            let operator = Operator::of(&token).map_err(|error| claim::problem_of(&error))?;
            Ok((token, operator))
        });
        match read {
            Ok((token, operator)) => {
                self.tell_operator(&token, operator.clone(), marker);
                Some(Box::new(operator))
            }
            Err(problem) => {
                self.flaw(&path, problem);
                None
            }
        }
    }

    fn tell_operator(&mut self, token: &Token, operator: Operator, marker: Marker) {
        self.tell(Fact::Operator(Arc::new(OperatorRow {
            operator,
            revision: token.revision(),
            store_name: marker.store_name,
        })));
    }

    /// The directories of accounts; what else lies between them is a flaw.
    fn account_dirs(&mut self) -> Vec<Text> {
        let accounts = self.tree.accounts();
        let root = canonical(&self.tree.operator_dir());
        let mut names = Vec::new();
        for (name, kind) in self.list(&accounts) {
            let path = accounts.join(&name);
            match (is_directory(&root, &path, kind), name.into_string()) {
                (Ok(true), Ok(name)) => names.push(name.into()),
                (Err(problem), _) => self.flaw(&path, problem),
                (Ok(_), _) => self.flaw(&path, Problem::Unexpected),
            }
        }
        // The queue gives the last first.
        names.reverse();
        names
    }

    /// Tells the account whose directory this is.
    fn account(&mut self, directory: &Text, operator: Option<&Operator>) -> Option<AccountId> {
        let path = self.tree.account_file(directory);
        if path.symlink_metadata().is_err() {
            self.flaw(&self.tree.account_dir(directory), Problem::NoToken);
            return None;
        }
        let read = self.token(&path).and_then(|token| {
            let account = Account::of(&token).map_err(|error| claim::problem_of(&error))?;
            Ok((token, account))
        });
        let (token, account) = match read {
            Ok(read) => read,
            Err(problem) => {
                self.flaw(&path, problem);
                return None;
            }
        };
        for problem in account_problems(&token, &account, directory, operator) {
            self.flaw(&path, problem);
        }
        let id = account.id;
        self.tell(Fact::Account(Arc::new(AccountRow {
            revision: token.revision(),
            token_bytes: token.text().len(),
            account,
            directory: directory.clone(),
        })));
        Some(id)
    }

    /// The directory of an account's users and what lies in it; `None` if there is nothing.
    fn users(&mut self, directory: &Text) -> Option<(Folder, Vec<(OsString, FileType)>)> {
        let path = self.tree.users(directory);
        let files = self.list(&path);
        if files.is_empty() {
            return None;
        }
        match Folder::open(path.clone()) {
            Ok(folder) => Some((folder, files)),
            Err(error) => {
                self.flaw(&path, unreadable(&error));
                None
            }
        }
    }

    /// Says what nsc does not expect beside the token and `users`.
    fn beside(&mut self, directory: &Text) {
        let dir = self.tree.account_dir(directory);
        let token = OsString::from(format!("{}.jwt", directory.raw()));
        for (name, _) in self.list(&dir) {
            let expected = name == token || name == "users" || is_hidden(&name);
            if !expected {
                self.flaw(&dir.join(name), Problem::Unexpected);
            }
        }
    }
}

fn account_problems(
    token: &Token,
    account: &Account,
    directory: &Text,
    operator: Option<&Operator>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if account.name.raw().trim() != directory.raw() {
        problems.push(Problem::NameDiffers {
            name: account.name.clone(),
            file: directory.clone(),
        });
    }
    // Signed by itself is how accounts wait for an account server; it is not another operator's.
    let known = operator.is_none_or(|operator| {
        account.issuer == operator.id.key()
            || operator.signing_keys.contains(&account.issuer)
            || account.issuer == account.id.key()
    });
    if !known {
        problems.push(Problem::ForeignIssuer {
            issuer: account.issuer.to_string().into(),
        });
    }
    if !token.oddities().is_empty() {
        problems.push(Problem::Unfaithful);
    }
    problems
}

/// One thread of the walk.
struct Worker<'a> {
    findings: Findings<'a>,
    operator: Option<&'a Operator>,
    users: UsersBuilder,
    /// Decoded payloads, one after the other.
    scratch: Vec<u8>,
    /// Users that make a batch: few at first, so that the first rows come at once.
    batch: usize,
    send: SyncSender<Vec<Fact>>,
}

impl<'a> Worker<'a> {
    fn new(tree: &'a Tree, operator: Option<&'a Operator>, send: SyncSender<Vec<Fact>>) -> Self {
        Self {
            findings: Findings::new(tree),
            operator,
            users: UsersBuilder::default(),
            scratch: Vec::new(),
            batch: 1,
            send,
        }
    }

    fn work(mut self, queue: &Queue<Piece>) {
        queue.work(|piece| {
            let more = match piece {
                Piece::Account(directory) => self.account(directory),
                Piece::Users { of, files } => {
                    self.read_users(&of, &files);
                    Vec::new()
                }
            };
            if self.users.len() >= self.batch && self.flush().is_break() {
                queue.clear();
                return Vec::new();
            }
            more
        });
        // Whoever stopped listening has said so already.
        let _ = self.flush();
    }

    /// Sends what was found so far; `Break` if nobody listens any more.
    fn flush(&mut self) -> ControlFlow<()> {
        self.batch = (self.batch * 16).min(UsersBuilder::CAPACITY - SLICE);
        let users = std::mem::take(&mut self.users);
        if !users.is_empty() {
            self.findings.tell(Fact::Users(Arc::new(users.seal())));
        }
        let facts = std::mem::take(&mut self.findings.facts);
        if facts.is_empty() || self.send.send(facts).is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    /// Tells an account and its first users; the rest is for whoever has time.
    fn account(&mut self, directory: Text) -> Vec<Piece> {
        let account = self.findings.account(&directory, self.operator);
        self.findings.beside(&directory);
        let Some((users, mut files)) = self.findings.users(&directory) else {
            return Vec::new();
        };
        let of = Arc::new(Directory {
            name: directory,
            account,
            users,
        });
        let rest = files.split_off(files.len().min(SLICE));
        self.read_users(&of, &files);
        rest.chunks(SLICE)
            .map(|files| Piece::Users {
                of: Arc::clone(&of),
                files: files.to_vec(),
            })
            .collect()
    }

    fn read_users(&mut self, of: &Directory, files: &[(OsString, FileType)]) {
        for (name, kind) in files {
            match name.to_string_lossy().strip_suffix(".jwt") {
                Some(stem) => self.read_user(of, stem, (name, *kind)),
                None if is_hidden(name) => {}
                None => self
                    .findings
                    .flaw(&of.users.path.join(name), Problem::Unexpected),
            }
        }
    }

    fn read_user(&mut self, of: &Directory, stem: &str, (name, kind): (&OsStr, FileType)) {
        let Self {
            findings,
            users,
            scratch,
            ..
        } = self;
        let read = findings.reader.read_in(&of.users, name, kind);
        let read = read.and_then(as_text);
        let told = read.and_then(|token| tell_user(users, of, stem, token, scratch));
        if let Err(problem) = told {
            users.push_unread(Unread {
                directory: of.name.clone(),
                file: stem.into(),
                problem,
            });
        }
    }
}

/// Adds the row of a token, read the quick way if it is as Go tools write it.
fn tell_user(
    users: &mut UsersBuilder,
    of: &Directory,
    stem: &str,
    token: &str,
    scratch: &mut Vec<u8>,
) -> Result<(), Problem> {
    let mut problems = Vec::new();
    if !claim::is_whole(token) {
        problems.push(Problem::Torn {
            why: "its signature is cut off".into(),
        });
    }
    if let Some(entry) = claim::quick(token, scratch) {
        problems.extend(user_problems(of, stem, &entry));
        users.push(&of.name, &entry, problems);
        return Ok(());
    }
    let (user, odd) = claim::slow(token)?;
    let entry = claim::entry_of(&user);
    problems.extend(odd);
    problems.extend(user_problems(of, stem, &entry));
    users.push(&of.name, &entry, problems);
    Ok(())
}

fn user_problems<S>(
    of: &Directory,
    stem: &str,
    entry: &UserEntry<'_, S>,
) -> impl Iterator<Item = Problem> {
    let differs = (entry.name.trim() != stem).then(|| Problem::NameDiffers {
        name: entry.name.as_ref().into(),
        file: stem.into(),
    });
    let foreign = of
        .account
        .is_some_and(|account| account != entry.account)
        .then(|| Problem::ForeignAccount {
            account: entry.account.to_string().into(),
        });
    differs.into_iter().chain(foreign)
}

/// Temporary files, and what file managers leave.
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

pub(super) fn as_text(bytes: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(bytes).map_err(|error| Problem::Torn {
        why: error.to_string().into(),
    })
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
