//! The lines of the tree: what is open, what the filter leaves, where the cursor stands and what is marked. A branch is a run of
//! lines, so that opening an account costs its roles, not its users. It does not draw.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::runs::{Item, Of, Runs, Thing};
use super::sieve::{Hits, Kept, Sieve};
use crate::inventory::arrange::{CHUNK, Rows as _};
use crate::inventory::filter::FilterError;
use crate::inventory::tree::Tree;
use crate::inventory::user_line::UserLine;
use crate::tui::app::msg::{Ask, Slot, Work};
use crate::tui::keymap::Command;
use crate::tui::views::arrangement::Arrangement;
use crate::tui::views::blank::Culprit;
use crate::tui::views::{Found, Wish};
use crate::tui::widgets::outline::{Fold, Spot};
use crate::tui::widgets::table::follow;

/// The tree with its cursor.
pub(super) struct Outline {
    slot: Slot,
    tree: Option<Arc<Tree>>,
    /// A newer tree, until it is known which of its users the filter keeps.
    coming: Option<Arc<Tree>>,
    written: String,
    sieve: Option<Sieve>,
    /// Whether the users that stay are being found beside the screen.
    sifting: bool,
    hits: Hits,
    kept: Kept,
    /// What left no user, where none is left.
    culprit: Culprit,
    open: HashSet<Thing>,
    /// Closed by hand, of those that the filter opens.
    shut: HashSet<Thing>,
    runs: Runs,
    height: usize,
    spot: Spot,
    pinned: Option<Thing>,
    marks: BTreeMap<Thing, Item>,
    hidden: usize,
}

impl Outline {
    /// A tree without lines. What its filter leaves is asked for in `slot`.
    pub(super) fn new(slot: Slot) -> Self {
        Self {
            slot,
            tree: None,
            coming: None,
            written: String::new(),
            sieve: None,
            sifting: false,
            hits: Hits::default(),
            kept: Kept::All,
            culprit: Culprit::default(),
            open: HashSet::from([Thing::Operator]),
            shut: HashSet::new(),
            runs: Runs::default(),
            height: 1,
            spot: Spot {
                offset: 0,
                cursor: 0,
            },
            pinned: None,
            marks: BTreeMap::new(),
            hidden: 0,
        }
    }

    pub(super) fn tree(&self) -> Option<&Arc<Tree>> {
        self.tree.as_ref()
    }

    pub(super) fn written(&self) -> &str {
        &self.written
    }

    pub(super) const fn is_sifting(&self) -> bool {
        self.sifting
    }

    pub(super) const fn culprit(&self) -> &Culprit {
        &self.culprit
    }

    pub(super) const fn spot(&self) -> Spot {
        self.spot
    }

    /// How many users the filter leaves; `None`: it says nothing about users.
    pub(super) fn kept(&self) -> Option<usize> {
        match &self.kept {
            Kept::All => None,
            Kept::Only(places) => Some(places.len()),
        }
    }

    /// Whether the filter leaves nothing but the operator.
    pub(super) fn is_empty_by_filter(&self) -> bool {
        let shows_all = self.shut.contains(&Thing::Operator) || self.sieve.is_none();
        !shows_all && self.runs.is_bare()
    }

    /// What stands on a line, how deep, and whether it is open.
    pub(super) fn at(&self, line: usize) -> Option<(Item, u16, Fold)> {
        self.runs.at(line, &self.kept)
    }

    pub(super) fn current(&self) -> Option<Item> {
        self.at(self.spot.cursor).map(|(item, ..)| item)
    }

    /// The user of a place.
    pub(super) fn user(&self, place: u32) -> Option<&UserLine> {
        self.tree.as_ref()?.row(place)
    }

    /// What an act is about: what is marked, else what is under the cursor; and how many marked ones have no line.
    pub(super) fn selected(&self) -> (Vec<Item>, usize) {
        if self.marks.is_empty() {
            return (self.current().into_iter().collect(), 0);
        }
        (self.marks.values().copied().collect(), self.hidden)
    }

    pub(super) fn marked(&self) -> usize {
        self.marks.len()
    }

    pub(super) fn is_marked(&self, item: Item) -> bool {
        let is_marked = |thing| self.marks.contains_key(&thing);
        !self.marks.is_empty() && self.thing(item).is_some_and(is_marked)
    }

    pub(super) fn thing(&self, item: Item) -> Option<Thing> {
        let tree = self.tree.as_ref()?;
        Some(match item {
            Item::Operator => Thing::Operator,
            Item::Account(at) => Thing::Account(tree.accounts.get(at)?.id),
            Item::Role(at) => Thing::Role(tree.roles.get(at)?.role.key),
            Item::User(place) => {
                let user = tree.row(place)?;
                Thing::User(user.account.key, user.id)
            }
        })
    }

    fn find(&self, thing: Thing) -> Option<Item> {
        let tree = self.tree.as_ref()?;
        match thing {
            Thing::Operator => tree.operator.is_some().then_some(Item::Operator),
            Thing::Account(id) => tree.account_at(id).map(Item::Account),
            Thing::Role(key) => tree.role_at(key).map(Item::Role),
            Thing::User(account, user) => {
                let mut places = tree.users_of(tree.account_at(account)?);
                let is_it = |place: &u32| tree.row(*place).is_some_and(|row| row.id == user);
                places.find(is_it).map(Item::User)
            }
        }
    }

    /// The line of a thing, unless it is in what is closed, or left out.
    fn line_of(&self, item: Item) -> Option<usize> {
        self.runs.line_of(item, &self.kept)
    }

    /// What a thing stands in.
    fn above(&self, item: Item) -> Option<Item> {
        let tree = self.tree.as_ref()?;
        let account_of = |id| tree.account_at(id).map(Item::Account);
        match item {
            Item::Operator => None,
            Item::Account(_) => tree.operator.is_some().then_some(Item::Operator),
            Item::Role(at) => account_of(tree.roles.get(at)?.account.key),
            Item::User(place) => {
                let account = tree.account_at(tree.row(place)?.account.key)?;
                let role = tree.role_of(account, place).map(Item::Role);
                role.or(Some(Item::Account(account)))
            }
        }
    }

    /// Takes another tree. What goes on being there keeps the cursor, its marks and what is open.
    pub(super) fn take(&mut self, tree: &Arc<Tree>, now: Timestamp) -> Option<Wish> {
        let held = self.coming.as_ref().or(self.tree.as_ref());
        if held.is_some_and(|held| Arc::ptr_eq(held, tree)) {
            return None;
        }
        self.coming = Some(Arc::clone(tree));
        self.sift(now)
    }

    /// Filters by another text. One that is no filter of anything in the tree changes nothing.
    pub(super) fn set_filter(
        &mut self,
        written: &str,
        now: Timestamp,
    ) -> Result<Option<Wish>, FilterError> {
        self.sieve = Sieve::parse(written)?;
        written.clone_into(&mut self.written);
        self.shut.clear();
        Ok(self.sift(now))
    }

    /// Finds the users that stay: at once if there are few, else as a job. Until it has ended the old lines stand.
    fn sift(&mut self, now: Timestamp) -> Option<Wish> {
        let tree = Arc::clone(self.coming.as_ref().or(self.tree.as_ref())?);
        let Some(filter) = self.sieve.as_ref().and_then(|sieve| sieve.users.as_ref()) else {
            self.culprit = Culprit {
                term: self.written.clone(),
                meant: None,
            };
            self.sifted(Kept::All, now);
            return None;
        };
        if usize::try_from(tree.count()).is_ok_and(|count| count <= CHUNK) {
            let kept = Sieve::keep((filter, &self.written), &tree, now, &|| false);
            self.sifting = true;
            self.arranged(kept.unwrap_or_default(), now);
            return None;
        }
        self.sifting = true;
        let written = self.written.clone();
        let work = Work(Box::new(move |stopped| {
            let sieve = Sieve::parse(&written).ok()??;
            Sieve::keep((sieve.users.as_ref()?, &written), &tree, now, stopped)
        }));
        Some(Wish::Ask(self.slot, Ask::Arrange(work)))
    }

    /// Takes the users that stay, unless they are not waited for any more.
    pub(super) fn arranged(&mut self, users: Arrangement, now: Timestamp) {
        if self.sifting {
            self.culprit = users.culprit;
            self.sifted(Kept::Only(users.order), now);
        }
    }

    fn sifted(&mut self, kept: Kept, now: Timestamp) {
        self.sifting = false;
        self.kept = kept;
        if let Some(tree) = self.coming.take() {
            self.tree = Some(tree);
            let marks: Vec<Thing> = self.marks.keys().copied().collect();
            let found = marks
                .into_iter()
                .filter_map(|thing| Some((thing, self.find(thing)?)));
            self.marks = found.collect();
        }
        if let Some(tree) = &self.tree {
            self.hits = Hits::of(self.sieve.as_ref(), tree, now);
        }
        self.lay();
    }

    /// Lays the lines anew. The cursor stays on its thing, and the thing on its line of the screen.
    fn lay(&mut self) {
        let on_screen = self.spot.cursor.saturating_sub(self.spot.offset);
        let Some(tree) = self.tree.clone() else {
            return;
        };
        self.runs = Runs::default();
        let mut depth = 0;
        if tree.operator.is_some() {
            let fold = self.fold(Thing::Operator, !tree.accounts.is_empty());
            self.runs.push(0, Of::One(Item::Operator, fold));
            depth = if fold == Fold::Open { 1 } else { u16::MAX };
        }
        if depth < u16::MAX {
            for at in 0..tree.accounts.len() {
                self.lay_account(&tree, at, depth);
            }
        }
        let pinned = self.pinned.and_then(|thing| self.find(thing));
        self.hidden = self
            .marks
            .values()
            .filter(|item| self.line_of(**item).is_none())
            .count();
        self.settle(pinned, on_screen);
    }

    fn lay_account(&mut self, tree: &Tree, at: usize, depth: u16) {
        let users = self.kept.within(tree.users_of(at));
        let has_role = tree.roles_of(at).any(|role| self.stays(tree, role));
        let stays = match &self.sieve {
            None => true,
            Some(sieve) if sieve.is_about_accounts() => self.hits.account(at),
            Some(sieve) => {
                let finds = sieve.users.is_some() && !users.is_empty();
                self.hits.account(at) || has_role || finds
            }
        };
        let Some(line) = tree.accounts.get(at).filter(|_| stays) else {
            return;
        };
        let fold = self.fold(Thing::Account(line.id), has_role || !users.is_empty());
        self.runs.push(depth, Of::One(Item::Account(at), fold));
        if fold != Fold::Open {
            return;
        }
        for role in tree.roles_of(at) {
            if self.stays(tree, role) {
                self.lay_role(tree, role, depth + 1);
            }
        }
        let plain = self.kept.within(tree.plain_users_of(at));
        self.runs.push(depth + 1, Of::Users(plain));
    }

    fn lay_role(&mut self, tree: &Tree, role: usize, depth: u16) {
        let users = self.kept.within(tree.members_of(role));
        let Some(line) = tree.roles.get(role) else {
            return;
        };
        let fold = self.fold(Thing::Role(line.role.key), !users.is_empty());
        self.runs.push(depth, Of::One(Item::Role(role), fold));
        if fold == Fold::Open {
            self.runs.push(depth + 1, Of::Users(users));
        }
    }

    /// Whether a role has a line in its account.
    fn stays(&self, tree: &Tree, role: usize) -> bool {
        let has_users = || !self.kept.within(tree.members_of(role)).is_empty();
        match &self.sieve {
            None => true,
            Some(sieve) if sieve.is_about_accounts() => true,
            Some(sieve) => self.hits.role(role) || sieve.users.is_some() && has_users(),
        }
    }

    /// A filter opens everything that leads to what it leaves.
    fn fold(&self, thing: Thing, is_branch: bool) -> Fold {
        let is_open = match &self.sieve {
            Some(sieve) if sieve.users.is_some() => !self.shut.contains(&thing),
            Some(_) | None => self.open.contains(&thing),
        };
        match (is_branch, is_open) {
            (false, _) => Fold::Leaf,
            (true, true) => Fold::Open,
            (true, false) => Fold::Closed,
        }
    }

    /// Puts the cursor on a thing, or on what it stands in, or where it was.
    fn settle(&mut self, pinned: Option<Item>, on_screen: usize) {
        let above = |item: &Item| self.above(*item);
        let mut path = std::iter::successors(pinned, above);
        let line = path.find_map(|item| self.line_of(item));
        let last = self.runs.len().saturating_sub(1);
        self.spot.cursor = line.unwrap_or(self.spot.cursor.min(last));
        self.spot.offset = self.spot.cursor.saturating_sub(on_screen);
        self.follow();
        self.pin();
    }

    fn follow(&mut self) {
        let Spot { offset, cursor } = self.spot;
        self.spot.offset = follow(offset, cursor, self.runs.len(), self.height);
    }

    fn pin(&mut self) {
        if let Some(thing) = self.current().and_then(|item| self.thing(item)) {
            self.pinned = Some(thing);
        }
    }

    /// Puts the cursor on a thing, and opens what it is in. A filter that hides it goes, and so do marks: acts would be about
    /// those. `None`: it is not here.
    pub(super) fn seek(&mut self, thing: Thing, now: Timestamp) -> Option<Found> {
        let mut found = Found::default();
        if self.coming.is_none() && self.find(thing).is_none() {
            return None;
        }
        if self.sieve.is_some() && (self.coming.is_some() || !self.reveal(thing)) {
            found.gave_way.push("the filter that hid it");
            found.wishes.extend(self.set_filter("", now).ok().flatten());
        }
        if self.unmark() {
            found.gave_way.push("the marks");
        }
        self.reveal(thing).then_some(found)
    }

    /// Opens what a thing is in, and puts the cursor on it. `false`: it has no line.
    fn reveal(&mut self, thing: Thing) -> bool {
        let Some(item) = self.find(thing) else {
            return false;
        };
        let mut next = self.above(item);
        while let Some(above) = next {
            if let Some(above) = self.thing(above) {
                self.open.insert(above);
                self.shut.remove(&above);
            }
            next = self.above(above);
        }
        self.pinned = Some(thing);
        self.lay();
        self.line_of(item).is_some()
    }

    /// Takes another height: the lines that are seen.
    pub(super) fn fit(&mut self, height: usize) {
        self.height = height.max(1);
        self.follow();
    }

    pub(super) fn go_to(&mut self, line: usize) {
        self.spot.cursor = line.min(self.runs.len().saturating_sub(1));
        self.follow();
        self.pin();
    }

    /// Opens what is under the cursor, or goes into it if it is open. `false`: nothing stands below it.
    pub(super) fn open(&mut self) -> bool {
        let Some((item, _, fold)) = self.at(self.spot.cursor) else {
            return false;
        };
        match fold {
            Fold::Leaf => return false,
            Fold::Open => self.go_to(self.spot.cursor + 1),
            Fold::Closed => self.turn(item, Fold::Open),
        }
        true
    }

    /// Closes what is under the cursor, else goes up to what it stands in. `false`: it stands in nothing.
    pub(super) fn close(&mut self) -> bool {
        let Some((item, _, fold)) = self.at(self.spot.cursor) else {
            return false;
        };
        if fold == Fold::Open {
            self.turn(item, Fold::Closed);
            return true;
        }
        let line = self.above(item).and_then(|above| self.line_of(above));
        if let Some(line) = line {
            self.go_to(line);
        }
        line.is_some()
    }

    fn turn(&mut self, item: Item, to: Fold) {
        let Some(thing) = self.thing(item) else {
            return;
        };
        if to == Fold::Open {
            self.open.insert(thing);
            self.shut.remove(&thing);
        } else {
            self.open.remove(&thing);
            self.shut.insert(thing);
        }
        self.lay();
    }

    /// Takes the marks away. `false`: there were none.
    pub(super) fn unmark(&mut self) -> bool {
        self.hidden = 0;
        let had = !self.marks.is_empty();
        self.marks.clear();
        had
    }

    fn mark(&mut self) {
        let Some(item) = self.current() else { return };
        if let Some(thing) = self.thing(item)
            && self.marks.remove(&thing).is_none()
        {
            self.marks.insert(thing, item);
        }
        self.go_to(self.spot.cursor + 1);
    }

    /// The keys that move and mark, as in every list.
    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Mark => self.mark(),
            other => {
                if let Some(line) = other.moved(self.spot.cursor, self.height) {
                    self.go_to(line);
                }
            }
        }
    }
}
