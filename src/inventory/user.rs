//! Users as compact rows: 68 bytes each, names in one arena, equal terms kept once. It keeps no tokens: the one that is shown is
//! read again.
//!
//! A chunk is sealed: it is built once, by [`UsersBuilder`], then only read and shared.

use std::borrow::Cow;

use crate::jwt::keys::{AccountId, PublicKey, UserId};
use crate::jwt::time::UnixTime;
use crate::text::Text;

use super::intern::number;
use super::terms::{Packed, Packer, Terms};
use super::{Flaw, Problem};

/// What a source tells about one user.
pub struct UserEntry<'a, S> {
    pub key: UserId,
    pub name: Cow<'a, str>,
    /// The account it belongs to: `issuer_account`, else the issuer itself.
    pub account: AccountId,
    pub issuer: PublicKey,
    pub issued_at: Option<UnixTime>,
    pub expires_at: Option<UnixTime>,
    pub terms: Terms<S>,
}

/// A file that should be a user and gave no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The directory of its account.
    pub directory: Text,
    /// Its name without `.jwt`.
    pub file: Text,
    pub problem: Problem,
}

impl Unread {
    fn flaw(&self) -> Flaw {
        flaw(&self.directory, &self.file, &self.problem)
    }
}

/// A flaw of a user's file, by its path below the accounts of the store.
fn flaw(directory: &Text, file: &Text, problem: &Problem) -> Flaw {
    Flaw {
        place: format!("{directory}/users/{file}.jwt").into(),
        problem: problem.clone(),
    }
}

#[derive(Clone, Debug)]
struct Row {
    key: [u8; 32],
    /// Seconds; 0 is none, as in Go.
    issued_at: i64,
    expires_at: i64,
    name_at: u32,
    name_bytes: u32,
    terms: u32,
    account: u16,
    directory: u16,
    issuer: u16,
}

/// A sealed chunk of users.
#[derive(Clone, Debug, Default)]
pub struct Users {
    rows: Vec<Row>,
    names: String,
    accounts: Vec<AccountId>,
    directories: Vec<Text>,
    issuers: Vec<PublicKey>,
    terms: Packed,
    /// By row, ascending.
    problems: Vec<(u32, Problem)>,
    unread: Vec<Unread>,
}

impl Users {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn row(&self, index: usize) -> Option<UserRow<'_>> {
        let row = self.rows.get(index)?;
        Some(UserRow {
            chunk: self,
            row,
            index: number(index),
        })
    }

    pub fn rows(&self) -> impl Iterator<Item = UserRow<'_>> {
        self.rows.iter().zip(0..).map(|(row, index)| UserRow {
            chunk: self,
            row,
            index,
        })
    }

    /// Files that gave no row; a list that leaves them out would hide them.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// What is wrong with files, of those that gave no row and of those that did, each with the directory of its account.
    pub fn flaws(&self) -> impl Iterator<Item = (Text, Flaw)> {
        let unread = self.unread.iter();
        let unread = unread.map(|unread| (unread.directory.clone(), unread.flaw()));
        let read = self.problems.iter().filter_map(|(index, problem)| {
            let row = self.row(usize::try_from(*index).ok()?)?;
            let directory = row.directory();
            let flaw = flaw(&directory, &row.file(), problem);
            Some((directory, flaw))
        });
        unread.chain(read)
    }

    /// Bytes on the heap, names and terms included.
    pub fn heap_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.names.capacity() + self.terms.bytes()
    }
}

/// One user of a chunk.
#[derive(Clone, Copy, Debug)]
pub struct UserRow<'a> {
    chunk: &'a Users,
    row: &'a Row,
    index: u32,
}

impl<'a> UserRow<'a> {
    pub fn key(&self) -> UserId {
        UserId::from_bytes(self.row.key)
    }

    pub fn name(&self) -> Text {
        self.name_written().into()
    }

    /// For comparing and searching without a copy; it is not safe to show.
    pub(crate) fn name_written(&self) -> &'a str {
        let start = self.row.name_at as usize;
        let end = start.saturating_add(self.row.name_bytes as usize);
        self.chunk.names.get(start..end).unwrap_or_default()
    }

    /// The account that it belongs to, whatever directory it lies in.
    pub fn account(&self) -> AccountId {
        let account = self.chunk.accounts.get(usize::from(self.row.account));
        account.copied().unwrap_or(AccountId::from_bytes([0; 32]))
    }

    /// The directory of the account that it is filed under; empty where it came from no store.
    pub fn directory(&self) -> Text {
        self.chunk
            .directories
            .get(usize::from(self.row.directory))
            .cloned()
            .unwrap_or_default()
    }

    /// The name of its file, without `.jwt`.
    pub fn file(&self) -> Text {
        let other = self.problems().find_map(|problem| {
            if let Problem::NameDiffers { file, .. } = problem {
                Some(file.clone())
            } else {
                None
            }
        });
        other.unwrap_or_else(|| self.name_written().trim().into())
    }

    pub fn issuer(&self) -> PublicKey {
        let issuer = self
            .chunk
            .issuers
            .get(usize::from(self.row.issuer))
            .copied();
        issuer.unwrap_or_else(|| self.account().key())
    }

    pub fn issued_at(&self) -> Option<UnixTime> {
        (self.row.issued_at != 0).then_some(UnixTime(self.row.issued_at))
    }

    pub fn expires_at(&self) -> Option<UnixTime> {
        (self.row.expires_at != 0).then_some(UnixTime(self.row.expires_at))
    }

    /// Whether the token alone is enough to be this user.
    pub fn is_bearer(&self) -> bool {
        self.chunk.terms.is_bearer(self.row.terms)
    }

    /// Stands for its terms in this chunk: rows of equal terms have the same.
    pub(super) fn terms_number(&self) -> u32 {
        self.row.terms
    }

    /// Unpacks what the token grants; `S` is `Text` for the screen.
    pub fn terms<S: From<&'a str>>(&self) -> Terms<S> {
        self.chunk.terms.terms(self.row.terms)
    }

    /// What is wrong with its file.
    pub fn problems(&self) -> impl Iterator<Item = &'a Problem> {
        let all = &self.chunk.problems;
        let index = self.index;
        let start = all.partition_point(|(row, _)| *row < index);
        let of_this = all.get(start..).unwrap_or_default().iter();
        of_this
            .take_while(move |(row, _)| *row == index)
            .map(|(_, problem)| problem)
    }
}

/// Builds a chunk.
#[derive(Default)]
pub struct UsersBuilder {
    users: Users,
    packer: Packer,
}

impl UsersBuilder {
    /// Entries of a chunk at most: small tables then fit in 16 bits.
    pub const CAPACITY: usize = 4096;

    /// Rows and unread files so far.
    pub fn len(&self) -> usize {
        self.users.rows.len() + self.users.unread.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a user that lies in the directory of an account, with what is wrong about it.
    pub fn push<S: AsRef<str>>(
        &mut self,
        directory: &Text,
        entry: &UserEntry<'_, S>,
        problems: Vec<Problem>,
    ) {
        let index = number(self.users.rows.len());
        let row = Row {
            key: entry.key.key().bytes,
            issued_at: entry.issued_at.map_or(0, |UnixTime(seconds)| seconds),
            expires_at: entry.expires_at.map_or(0, |UnixTime(seconds)| seconds),
            name_at: number(self.users.names.len()),
            name_bytes: number(entry.name.len()),
            terms: self.packer.id_of(&entry.terms),
            account: place(&mut self.users.accounts, &entry.account),
            directory: place(&mut self.users.directories, directory),
            issuer: place(&mut self.users.issuers, &entry.issuer),
        };
        // A newline between names: the arena doubles as the text that filters search.
        self.users.names.push_str(&entry.name);
        self.users.names.push('\n');
        self.users.rows.push(row);
        self.users
            .problems
            .extend(problems.into_iter().map(|problem| (index, problem)));
    }

    /// Adds a file that gave no row.
    pub fn push_unread(&mut self, unread: Unread) {
        self.users.unread.push(unread);
    }

    pub fn seal(self) -> Users {
        let mut users = self.users;
        users.rows.shrink_to_fit();
        users.names.shrink_to_fit();
        Users {
            terms: self.packer.seal(),
            ..users
        }
    }
}

/// The place of a value in a small table. Directories come one after the other, so only the last few are looked at; a value
/// that stands twice does no harm.
fn place<T: PartialEq + Clone>(table: &mut Vec<T>, value: &T) -> u16 {
    const NEAR: usize = 16;
    let start = table.len().saturating_sub(NEAR);
    let near = table.get(start..).unwrap_or_default();
    let index = near
        .iter()
        .rposition(|held| held == value)
        .map_or(table.len(), |index| start + index);
    if index == table.len() {
        table.push(value.clone());
    }
    u16::try_from(index).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u8, name: &str) -> UserEntry<'_, String> {
        UserEntry {
            key: UserId::from_bytes([number; 32]),
            name: name.into(),
            account: AccountId::from_bytes([1; 32]),
            issuer: AccountId::from_bytes([2; 32]).key(),
            issued_at: Some(UnixTime(5)),
            expires_at: None,
            terms: Terms {
                bearer: true,
                tags: vec![name.to_owned()],
                ..Terms::default()
            },
        }
    }

    #[test]
    fn a_row_gives_back_what_was_told() {
        let mut builder = UsersBuilder::default();
        builder.push(&"DIR".into(), &entry(7, "a"), vec![]);
        let differs = Problem::NameDiffers {
            name: "b\x1b".into(),
            file: "c".into(),
        };
        builder.push(
            &"DIR".into(),
            &entry(8, "b\x1b"),
            vec![differs.clone(), Problem::Unfaithful],
        );
        builder.push(&"ELSE".into(), &entry(9, ""), vec![]);

        let users = builder.seal();
        let rows: Vec<_> = users.rows().collect();

        assert_eq!(
            rows.iter().map(UserRow::name).collect::<Vec<_>>(),
            ["a".into(), "b\x1b".into(), "".into()]
        );
        assert_eq!(
            rows.iter().map(UserRow::file).collect::<Vec<_>>(),
            ["a".into(), "c".into(), "".into()]
        );
        assert_eq!(
            rows[1].problems().collect::<Vec<_>>(),
            [&differs, &Problem::Unfaithful]
        );
        assert_eq!(
            (rows[0].problems().count(), rows[2].problems().count()),
            (0, 0)
        );
        assert_eq!(
            (rows[0].directory(), rows[2].directory()),
            ("DIR".into(), "ELSE".into())
        );
        assert_eq!(rows[2].issuer(), AccountId::from_bytes([2; 32]).key());
        assert_eq!(
            (rows[0].issued_at(), rows[0].expires_at()),
            (Some(UnixTime(5)), None)
        );
        assert_eq!(rows[1].terms::<Text>().tags, ["b\x1b".into()]);
        assert!(rows[1].is_bearer());
    }

    #[test]
    fn a_user_of_a_role_costs_little_more_than_its_row() {
        let names: Vec<String> = (0..4096)
            .map(|number| format!("device-{number:04}"))
            .collect();
        let mut builder = UsersBuilder::default();
        for name in &names {
            let entry = UserEntry {
                terms: Terms::<String>::default(),
                ..entry(1, name)
            };
            builder.push(&"DIR".into(), &entry, vec![]);
        }

        let users = builder.seal();

        assert_eq!(users.len(), 4096);
        assert!(users.heap_bytes() / 4096 <= 110, "{}", users.heap_bytes());
    }

    #[test]
    fn a_row_is_small() {
        assert_eq!(size_of::<Row>(), 72);
    }
}
