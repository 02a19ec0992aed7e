//! People in columns: the learners of the export, and the contacts, users and `DoceboUser__c` rows of Salesforce.
//!
//! There are millions of them, and most of what one side says of a person the other side says again: the `sfdc_id` is
//! the id of a contact, the username that contact's key. What is said twice is kept once, and a row of [`Contacts`]
//! stands for it; what differs is kept as it stands.
//!
//! Must not know: files, or which of both sides is right.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use crate::model::column::{IdColumn, NumberColumn, SparseColumn, SparseTexts, TextColumn, UniformColumn, reorder};
use crate::model::dataset::{Dataset, DuplicateRecord, NONE, SourceLine, SourceLines, index, row};
use crate::model::id::RecordId;
use crate::model::instant::Instant;
use crate::model::key::is_blank;
use crate::model::number;
use crate::model::provenance::{Contradiction, ExcludedRow, Exclusion, SfObject};

/// What is told of a learner in one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct LearnerFlags(u8);

impl LearnerFlags {
    /// A report told the `sfdc_id`, be it blank.
    const SFDC_ID: Self = Self(1);
    /// The learner stands in the *Users* report.
    const IN_USERS_REPORT: Self = Self(2);
    /// The `sfdc_id` is the id of the learner's contact.
    const CONTACT_BY_ID: Self = Self(4);
    /// The username is the key of the learner's contact.
    const CONTACT_BY_KEY: Self = Self(8);

    const fn has(self, bit: Self) -> bool {
        self.0 & bit.0 != 0
    }

    fn set(&mut self, bit: Self, whether: bool) {
        if whether {
            self.0 |= bit.0;
        }
    }
}

/// One learner as a file tells of them.
#[derive(Debug, Clone, Copy)]
pub struct LearnerRow<'a> {
    /// `User unique ID`.
    pub id: u64,
    /// Username.
    pub username: &'a str,
    /// The additional field with the Salesforce id, as it stands; `None` where the file has none.
    pub sfdc_id: Option<&'a str>,
    /// Whether the row stands in the *Users* report.
    pub in_users_report: bool,
    /// Where the row stands.
    pub source: SourceLine,
}

/// Learners as they were read: several rows of one learner possible, in the order of the files.
#[derive(Debug, Clone, Default)]
pub struct LearnerRows {
    id: NumberColumn,
    username: TextColumn,
    sfdc_id: Vec<Option<RecordId>>,
    /// The `sfdc_id` where it is not blank and no id of 18 characters.
    sfdc_text: SparseTexts,
    flags: Vec<LearnerFlags>,
    source: SourceLines,
}

impl LearnerRows {
    /// Adds a row at the end.
    pub fn push(&mut self, learner: LearnerRow<'_>) {
        let LearnerRow { id, username, sfdc_id, in_users_report, source: place } = learner;
        let text = sfdc_id.unwrap_or("");
        let named = RecordId::parse_18(text.as_bytes()).ok();
        if named.is_none() && !text.is_empty() {
            self.sfdc_text.push(index(self.len()), text);
        }
        let mut flags = LearnerFlags::default();
        flags.set(LearnerFlags::SFDC_ID, sfdc_id.is_some());
        flags.set(LearnerFlags::IN_USERS_REPORT, in_users_report);
        self.id.push(id);
        self.username.push(username);
        self.sfdc_id.push(named);
        self.flags.push(flags);
        self.source.push(place);
    }

    /// Adds the rows of another list behind these; where there are none yet, it takes their place.
    pub fn append(&mut self, further: Self) {
        if self.is_empty() {
            *self = further;
            return;
        }
        for row in 0..further.len() {
            let text = further.sfdc_text(row);
            self.push(LearnerRow {
                id: further.id(row),
                username: further.username(row),
                sfdc_id: further.sfdc_known(row).then_some(&*text),
                in_users_report: further.in_users_report(row),
                source: further.source.get(row),
            });
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The learner's Docebo id.
    #[must_use]
    pub fn id(&self, row: usize) -> u64 {
        self.id.get(row)
    }

    /// Username.
    #[must_use]
    pub fn username(&self, row: usize) -> &str {
        self.username.get(row)
    }

    /// Whether the row told the `sfdc_id`, be it blank.
    #[must_use]
    pub fn sfdc_known(&self, row: usize) -> bool {
        self.flags[row].has(LearnerFlags::SFDC_ID)
    }

    /// Whether the row stands in the *Users* report.
    #[must_use]
    pub fn in_users_report(&self, row: usize) -> bool {
        self.flags[row].has(LearnerFlags::IN_USERS_REPORT)
    }

    /// Whether the `sfdc_id` is this text.
    #[must_use]
    pub fn sfdc_id_is(&self, row: usize, text: &str) -> bool {
        match self.sfdc_id[row] {
            Some(id) => id.text() == *text.as_bytes(),
            None => self.sfdc_text.get(row).unwrap_or("") == text,
        }
    }

    fn sfdc_text(&self, row: usize) -> Cow<'_, str> {
        sfdc_id_text(self.sfdc_id[row], self.sfdc_text.get(row))
    }

    /// One row for each learner, sorted by id: of several the one that tells most, by a rule that does not depend on
    /// the order of rows or files.
    fn deduplicate(&self) -> Deduplicated {
        let mut order: Vec<u32> = (0..index(self.len())).collect();
        let id = |row: u32| self.id.get(row as usize);
        order.sort_by_key(|&row| id(row));
        let rank = |row: u32| {
            let row = row as usize;
            let sfdc_id = self.sfdc_text(row);
            let flags = (self.sfdc_known(row), !sfdc_id.is_empty(), self.in_users_report(row));
            (std::cmp::Reverse((flags, sfdc_id, self.username.get(row))), self.source.get(row))
        };
        for same in order.chunk_by_mut(|&a, &b| id(a) == id(b)).filter(|same| same.len() > 1) {
            same.sort_unstable_by(|&a, &b| rank(a).cmp(&rank(b)));
        }

        let mut once = Deduplicated {
            kept: Vec::new(),
            reported: Vec::new(),
            row_of: vec![NONE; order.len()],
            repeated: Vec::new(),
        };
        for same in order.chunk_by(|&a, &b| id(a) == id(b)) {
            let learner = index(once.kept.len());
            let mut reported = None;
            for (nth, &at) in same.iter().enumerate() {
                once.row_of[at as usize] = learner;
                if nth == 0 {
                    once.kept.push(at);
                }
                let in_report = self.in_users_report(at as usize);
                // Only a second row of a *Users* report is a repeat; a learner's many enrollments are not.
                if !in_report {
                    continue;
                }
                match reported {
                    None => reported = Some(at as usize),
                    Some(kept) => {
                        let SourceLine { file, line } = self.source.get(at as usize);
                        once.repeated.push(ExcludedRow { file, line, why: self.compare(kept, at as usize) });
                    }
                }
            }
            once.reported.push(reported.is_some());
        }
        once
    }
}

impl LearnerRows {
    /// What a further row of a learner is beside the one that counts.
    fn compare(&self, kept: usize, row: usize) -> Exclusion {
        let username = self.username(kept) != self.username(row);
        let sfdc_id = self.sfdc_known(kept) && self.sfdc_known(row) && self.sfdc_text(kept) != self.sfdc_text(row);
        if username || sfdc_id {
            return Exclusion::Contradictory(Contradiction { kept: self.source.get(kept), username, sfdc_id });
        }
        Exclusion::Repeated
    }
}

/// Which rows are kept of those that were read.
struct Deduplicated {
    kept: Vec<u32>,
    /// By learner: whether any of their rows stands in the *Users* report.
    reported: Vec<bool>,
    row_of: Vec<u32>,
    repeated: Vec<ExcludedRow>,
}

/// An `sfdc_id` as it stands.
fn sfdc_id_text(id: Option<RecordId>, text: Option<&str>) -> Cow<'_, str> {
    match id {
        Some(id) => Cow::Owned(id.to_string()),
        None => Cow::Borrowed(text.unwrap_or("")),
    }
}

/// Docebo users that the export names, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Learners {
    id: NumberColumn,
    /// The contact of the extract that the `sfdc_id` names; where it names none, one whose key is the username; else
    /// [`NONE`].
    contact: Vec<u32>,
    flags: Vec<LearnerFlags>,
    /// Usernames that are not the contact's key.
    username: SparseTexts,
    /// Ids that are not the contact's.
    sfdc_id: SparseColumn<RecordId>,
    /// What stands in their place and is no id.
    sfdc_text: SparseTexts,
    /// Where the learner stands.
    pub source: SourceLines,
}

impl Learners {
    /// Number of learners.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `User unique ID`.
    #[must_use]
    pub fn id(&self, learner: usize) -> u64 {
        self.id.get(learner)
    }

    /// The learner of a Docebo id.
    #[must_use]
    pub fn find(&self, id: u64) -> Option<usize> {
        self.id.find(id)
    }

    /// Whether a report told this learner's `sfdc_id` (blank included).
    #[must_use]
    pub fn sfdc_known(&self, learner: usize) -> bool {
        self.flags[learner].has(LearnerFlags::SFDC_ID)
    }

    /// Whether the learner stands in the *Users* report.
    #[must_use]
    pub fn in_users_report(&self, learner: usize) -> bool {
        self.flags[learner].has(LearnerFlags::IN_USERS_REPORT)
    }

    /// The row of the contact that the `sfdc_id` names, where the extract has it.
    #[must_use]
    pub fn contact_by_id(&self, learner: usize) -> Option<usize> {
        row(self.contact[learner]).filter(|_| self.flags[learner].has(LearnerFlags::CONTACT_BY_ID))
    }

    /// The row of a contact whose key is exactly the username; of several not always the first, and none where the
    /// `sfdc_id` names another contact.
    #[must_use]
    pub fn contact_by_key(&self, learner: usize) -> Option<usize> {
        row(self.contact[learner]).filter(|_| self.flags[learner].has(LearnerFlags::CONTACT_BY_KEY))
    }
}

impl Dataset {
    /// A learner's username.
    #[must_use]
    pub fn username(&self, learner: usize) -> &str {
        match self.learners.contact_by_key(learner) {
            Some(contact) => self.contacts.key(contact),
            None => self.learners.username.get(learner).unwrap_or(""),
        }
    }

    /// The usernames of all learners.
    pub fn usernames(&self) -> impl Iterator<Item = &str> {
        (0..self.learners.len()).map(|learner| self.username(learner))
    }

    /// A learner's `sfdc_id`, where it is an id of 18 characters.
    #[must_use]
    pub fn sfdc_record(&self, learner: usize) -> Option<RecordId> {
        match self.learners.contact_by_id(learner) {
            Some(contact) => Some(self.contacts.id(contact)),
            None => self.learners.sfdc_id.get(learner),
        }
    }

    /// A learner's additional field with the Salesforce id, as it stands.
    #[must_use]
    pub fn sfdc_id(&self, learner: usize) -> Cow<'_, str> {
        sfdc_id_text(self.sfdc_record(learner), self.learners.sfdc_text.get(learner))
    }
}

/// Learners as they are kept, and where the rows went that were read.
pub(super) struct DeduplicatedLearners {
    pub(super) sorted: Learners,
    /// For each row as it was read, the sorted row of the same learner.
    pub(super) row_of: Vec<u32>,
    pub(super) repeated: Vec<ExcludedRow>,
}

/// Sorts the learners and keeps once what their contacts say too.
pub(super) fn deduplicate(rows: LearnerRows, contacts: &Contacts) -> DeduplicatedLearners {
    let Deduplicated { kept, reported, row_of, repeated } = rows.deduplicate();
    let LearnerRows { id, username, sfdc_id, sfdc_text, flags, source: place } = rows;
    // To look up a contact is to wait for memory, so this is done side by side.
    let (contact, judged): (Vec<u32>, Vec<LearnerFlags>) = kept
        .par_iter()
        .zip(&reported)
        .map(|(&old, &reported)| {
            let old = old as usize;
            let named = sfdc_id[old].filter(|id| id.is_contact()).and_then(|id| contacts.find(id));
            let mut flags = flags[old];
            flags.set(LearnerFlags::IN_USERS_REPORT, reported);
            flags.set(LearnerFlags::CONTACT_BY_ID, named.is_some());
            flags.set(
                LearnerFlags::CONTACT_BY_KEY,
                named.is_some_and(|contact| contacts.key(contact) == username.get(old)),
            );
            (named.map_or(NONE, index), flags)
        })
        .unzip();
    let (id, place) = (id.reorder(&kept), place.reorder(&kept));
    let mut learners = Learners { id, contact, flags: judged, source: place, ..Learners::default() };
    for (new, &old) in (0..).zip(&kept) {
        if learners.contact[new as usize] != NONE {
            continue;
        }
        match (sfdc_id[old as usize], sfdc_text.get(old as usize)) {
            (Some(id), _) => learners.sfdc_id.push(new, id),
            (None, Some(text)) => learners.sfdc_text.push(new, text),
            (None, None) => {}
        }
    }
    drop((sfdc_id, sfdc_text, flags));

    learners.find_keys(|learner| username.get(kept[learner] as usize), contacts);
    for (new, &old) in (0..).zip(&kept) {
        let text = username.get(old as usize);
        if learners.contact_by_key(new as usize).is_none() && !text.is_empty() {
            learners.username.push(new, text);
        }
    }
    DeduplicatedLearners { sorted: learners, row_of, repeated }
}

impl Learners {
    /// Gives those whom no `sfdc_id` ties to a contact the one whose key is their username.
    fn find_keys<'a>(&mut self, username: impl Fn(usize) -> &'a str, contacts: &Contacts) {
        let hash = |text: &str| FxBuildHasher.hash_one(text);
        let seeking = |learners: &Self, at: usize| learners.contact[at] == NONE && !username(at).is_empty();
        // Of those with one username the first stands for all.
        let mut wanted: HashTable<u32> = HashTable::new();
        for at in (0..self.len()).filter(|&at| seeking(self, at)) {
            let text = username(at);
            let same = |&other: &u32| username(other as usize) == text;
            wanted.entry(hash(text), same, |&other| hash(username(other as usize))).or_insert(index(at));
        }
        if wanted.is_empty() {
            return;
        }
        let mut found: Vec<(u32, u32)> = Vec::new();
        for (contact, key) in (0..).zip(contacts.keys()) {
            // The first of the contacts with one key is the one that is taken.
            if let Ok(first) = wanted.find_entry(hash(key), |&other| username(other as usize) == key) {
                found.push((first.remove().0, contact));
            }
        }
        let mut of_text: HashTable<(u32, u32)> = HashTable::with_capacity(found.len());
        for pair in found {
            let at = |&(learner, _): &(u32, u32)| hash(username(learner as usize));
            of_text.insert_unique(at(&pair), pair, at);
        }
        for at in 0..self.len() {
            if seeking(self, at) {
                let text = username(at);
                if let Some(&(_, contact)) =
                    of_text.find(hash(text), |&(learner, _)| username(learner as usize) == text)
                {
                    self.contact[at] = contact;
                    self.flags[at].set(LearnerFlags::CONTACT_BY_KEY, true);
                }
            }
        }
    }
}

/// `Contact`, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    id: IdColumn,
    key: TextColumn,
    in_view: UniformColumn<Option<bool>>,
}

impl Contacts {
    /// Adds a contact at the end: its record id, the field that is mapped to the Docebo username, and whether it is in
    /// the list view, where that is known.
    pub fn push(&mut self, id: RecordId, key: &str, in_view: Option<bool>) {
        self.id.push(id);
        self.key.push(key);
        self.in_view.push(in_view);
    }

    /// Reads the keys as whole numbers where the field is a Number in Salesforce: where every key that is not blank is
    /// written as such a field's value is (`40000.0`). Tells whether that is so.
    pub fn read_number_keys(&mut self) -> bool {
        let mut found = false;
        for key in self.key.iter().filter(|key| !is_blank(key)) {
            if number::from_number_field(key).is_none() {
                return false;
            }
            found = true;
        }
        if found {
            let mut keys = TextColumn::default();
            self.key.iter().for_each(|key| keys.push(number::from_number_field(key).as_deref().unwrap_or(key)));
            self.key = keys;
        }
        found
    }

    /// Puts them in the order of their ids.
    #[must_use]
    pub fn sorted(self) -> Self {
        let order = by_id(&self.id);
        Self { id: self.id.reorder(&order), key: self.key.reorder(&order), in_view: self.in_view.reorder(&order) }
    }

    /// Number of contacts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Record id.
    #[must_use]
    pub fn id(&self, contact: usize) -> RecordId {
        self.id.get(contact)
    }

    /// Their record ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.id.iter()
    }

    /// The contact of a record id.
    #[must_use]
    pub fn find(&self, id: RecordId) -> Option<usize> {
        self.id.find(id)
    }

    /// The field that is mapped to the Docebo username.
    #[must_use]
    pub fn key(&self, contact: usize) -> &str {
        self.key.get(contact)
    }

    /// The keys of all contacts.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.key.iter()
    }

    /// Whether the contact is in the list view, where that is known.
    #[must_use]
    pub fn in_view(&self, contact: usize) -> Option<bool> {
        self.in_view.get(contact)
    }

    pub(super) fn check_unique(&self) -> Result<(), DuplicateRecord> {
        check_unique(SfObject::Contact, &self.id)
    }
}

/// A column of lookups to contacts: rows, and ids of those that the extract has not.
#[derive(Debug, Clone, Default)]
struct Lookups {
    row: UniformColumn<u32>,
    unextracted: SparseColumn<RecordId>,
}

impl Lookups {
    fn push(&mut self, id: Option<RecordId>, contacts: &Contacts) {
        let found = id.and_then(|id| contacts.find(id));
        if let (Some(id), None) = (id, found) {
            self.unextracted.push(index(self.row.len()), id);
        }
        self.row.push(found.map_or(NONE, index));
    }

    fn get(&self, at: usize, contacts: &Contacts) -> Option<RecordId> {
        row(self.row.get(at)).map_or_else(|| self.unextracted.get(at), |contact| Some(contacts.id(contact)))
    }

    fn reorder(self, order: &[u32]) -> Self {
        Self { row: self.row.reorder(order), unextracted: moved(self.unextracted, order) }
    }
}

/// `User`, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Users {
    id: IdColumn,
    contact: Lookups,
    active: UniformColumn<Option<bool>>,
}

impl Users {
    /// Adds a user at the end: the record id, the contact of a portal user, and whether the user can log in, where the
    /// column is there. The contacts are sorted by then.
    pub fn push(&mut self, id: RecordId, contact: Option<RecordId>, active: Option<bool>, contacts: &Contacts) {
        self.id.push(id);
        self.contact.push(contact, contacts);
        self.active.push(active);
    }

    /// Puts them in the order of their ids.
    #[must_use]
    pub fn sorted(self) -> Self {
        let order = by_id(&self.id);
        Self { id: self.id.reorder(&order), contact: self.contact.reorder(&order), active: self.active.reorder(&order) }
    }

    /// Record id.
    #[must_use]
    pub fn id(&self, user: usize) -> RecordId {
        self.id.get(user)
    }

    /// Their record ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.id.iter()
    }

    /// The user of a record id.
    #[must_use]
    pub fn find(&self, id: RecordId) -> Option<usize> {
        self.id.find(id)
    }

    /// The contact of a portal user.
    #[must_use]
    pub fn contact(&self, user: usize, contacts: &Contacts) -> Option<RecordId> {
        self.contact.get(user, contacts)
    }

    /// Whether the user can log in, where the column is there.
    #[must_use]
    pub fn active(&self, user: usize) -> Option<bool> {
        self.active.get(user)
    }

    pub(super) fn check_unique(&self) -> Result<(), DuplicateRecord> {
        check_unique(SfObject::User, &self.id)
    }
}

/// One row of `docebo_v3__DoceboUser__c`.
#[derive(Debug, Clone, Copy)]
pub struct DoceboUserRow {
    /// Record id.
    pub id: RecordId,
    /// `UserId__c`, the learner's Docebo id.
    pub user_id: u64,
    /// `Contact__c`
    pub contact: Option<RecordId>,
    /// `User__c`
    pub user: Option<RecordId>,
    /// `CreatedDate`, where the column is there.
    pub created: Option<Instant>,
    /// `CreatedById`, where the column is there: an index into [`DoceboUsers::writers`], else [`NONE`].
    pub created_by: u32,
    /// `LastModifiedDate`
    pub modified: Option<Instant>,
    /// `LastModifiedById`, as `created_by`.
    pub modified_by: u32,
}

/// `docebo_v3__DoceboUser__c`, sorted by record id.
#[derive(Debug, Clone, Default)]
pub struct DoceboUsers {
    id: IdColumn,
    /// The learner's Docebo id; given up once the account is known.
    user_id: NumberColumn,
    account: Vec<u32>,
    contact: Lookups,
    user: SparseColumn<RecordId>,
    created: Vec<Option<Instant>>,
    created_by: UniformColumn<u32>,
    modified: Vec<Option<Instant>>,
    modified_by: UniformColumn<u32>,
    /// The users who created or last modified rows.
    pub writers: Vec<RecordId>,
}

impl DoceboUsers {
    /// Adds a row at the end. The contacts are sorted by then.
    pub fn push(&mut self, row: DoceboUserRow, contacts: &Contacts) {
        let DoceboUserRow { id, user_id, contact, user, created, created_by, modified, modified_by } = row;
        if let Some(user) = user {
            self.user.push(index(self.id.len()), user);
        }
        self.id.push(id);
        self.user_id.push(user_id);
        self.contact.push(contact, contacts);
        self.created.push(created);
        self.created_by.push(created_by);
        self.modified.push(modified);
        self.modified_by.push(modified_by);
    }

    /// Puts the rows in the order of their ids.
    #[must_use]
    pub fn sorted(self) -> Self {
        let order = by_id(&self.id);
        Self {
            id: self.id.reorder(&order),
            user_id: self.user_id.reorder(&order),
            account: self.account,
            contact: self.contact.reorder(&order),
            user: moved(self.user, &order),
            created: reorder(self.created, &order),
            created_by: self.created_by.reorder(&order),
            modified: reorder(self.modified, &order),
            modified_by: self.modified_by.reorder(&order),
            writers: self.writers,
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Record id.
    #[must_use]
    pub fn id(&self, at: usize) -> RecordId {
        self.id.get(at)
    }

    /// The instance part that most record ids have (of several as frequent ones, the first in the order of ids);
    /// nothing where there are no rows.
    #[must_use]
    pub fn instance_part(&self) -> Option<[u8; 3]> {
        let mut counts = BTreeMap::<[u8; 3], usize>::new();
        for at in 0..self.len() {
            *counts.entry(self.id(at).instance_part()).or_default() += 1;
        }
        counts.into_iter().max_by_key(|&(part, count)| (count, std::cmp::Reverse(part))).map(|(part, _)| part)
    }

    /// The account a row belongs to: a row of [`Learners`], or beyond them an index into [`Dataset::beyond`].
    #[must_use]
    pub fn account(&self, at: usize) -> u32 {
        self.account[at]
    }

    /// The accounts of all rows.
    #[must_use]
    pub fn accounts(&self) -> &[u32] {
        &self.account
    }

    /// `Contact__c`
    #[must_use]
    pub fn contact(&self, at: usize, contacts: &Contacts) -> Option<RecordId> {
        self.contact.get(at, contacts)
    }

    /// `User__c`
    #[must_use]
    pub fn user(&self, at: usize) -> Option<RecordId> {
        self.user.get(at)
    }

    /// `CreatedDate`, where the column is there.
    #[must_use]
    pub fn created(&self, at: usize) -> Option<Instant> {
        self.created[at]
    }

    /// `CreatedById`, where the column is there.
    #[must_use]
    pub fn created_by(&self, at: usize) -> Option<RecordId> {
        self.writer(self.created_by.get(at))
    }

    /// `LastModifiedDate`
    #[must_use]
    pub fn modified(&self, at: usize) -> Option<Instant> {
        self.modified[at]
    }

    /// `LastModifiedById`, where the column is there.
    #[must_use]
    pub fn modified_by(&self, at: usize) -> Option<RecordId> {
        self.writer(self.modified_by.get(at))
    }

    fn writer(&self, at: u32) -> Option<RecordId> {
        row(at).map(|at| self.writers[at])
    }

    /// Who created most rows; of equals the lowest id.
    #[must_use]
    pub fn foremost_creator(&self) -> Option<RecordId> {
        let mut rows = vec![0_u32; self.writers.len()];
        self.created_by.iter().filter_map(row).for_each(|writer| rows[writer] += 1);
        let flags = rows.iter().zip(&self.writers).filter(|&(&rows, _)| rows > 0);
        flags.max_by_key(|&(&rows, &id)| (rows, std::cmp::Reverse(id))).map(|(_, &id)| id)
    }

    pub(super) fn check_unique(&self) -> Result<(), DuplicateRecord> {
        check_unique(SfObject::DoceboUser, &self.id)
    }

    /// Gives each row its account and returns the ids that the export does not name, sorted.
    pub(super) fn resolve_accounts(&mut self, learners: &Learners) -> Vec<u64> {
        let user_id = std::mem::take(&mut self.user_id);
        let account = |at: usize| learners.find(user_id.get(at)).map_or(NONE, index);
        self.account = (0..user_id.len()).into_par_iter().map(account).collect();
        let unknown = self.account.iter().zip(user_id.iter()).filter(|&(&account, _)| account == NONE);
        let mut beyond: Vec<u64> = unknown.map(|(_, id)| id).collect();
        beyond.sort_unstable();
        beyond.dedup();
        if !beyond.is_empty() {
            for (account, id) in self.account.iter_mut().zip(user_id.iter()).filter(|(account, _)| **account == NONE) {
                *account = beyond.binary_search(&id).map_or(NONE, |at| index(learners.len() + at));
            }
        }
        beyond
    }
}

/// The rows in the order of their ids.
fn by_id(ids: &IdColumn) -> Vec<u32> {
    let mut keyed: Vec<(RecordId, u32)> = ids.iter().zip(0..).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// Each value where its row went.
fn moved(column: SparseColumn<RecordId>, order: &[u32]) -> SparseColumn<RecordId> {
    if column.is_empty() {
        return column;
    }
    let mut place = vec![NONE; order.len()];
    for (new, &old) in (0..).zip(order) {
        place[old as usize] = new;
    }
    column.moved(&place)
}

/// Whether each record of a sorted column stands there once.
fn check_unique(object: SfObject, ids: &IdColumn) -> Result<(), DuplicateRecord> {
    match ids.iter().zip(ids.iter().skip(1)).find(|(one, next)| one == next) {
        Some((id, _)) => Err(DuplicateRecord { object, id }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Contacts, DoceboUserRow, DoceboUsers, LearnerRow, LearnerRows, deduplicate};
    use crate::model::dataset::{Dataset, NONE, SourceLine};
    use crate::model::id::RecordId;

    const ADA: &str = "0035g00i00001IeAAI";
    const EVE: &str = "0055g00i00001IeAAI";

    fn id(text: &str) -> RecordId {
        RecordId::parse(text.as_bytes()).expect("an id")
    }

    fn contacts(rows: &[(&str, &str)]) -> Contacts {
        let mut contacts = Contacts::default();
        rows.iter().for_each(|(text, key)| contacts.push(id(text), key, None));
        contacts.sorted()
    }

    fn learner<'a>(id: u64, username: &'a str, sfdc_id: Option<&'a str>, reported: bool) -> LearnerRow<'a> {
        let line = u32::try_from(id).expect("small");
        LearnerRow { id, username, sfdc_id, in_users_report: reported, source: SourceLine { file: 0, line } }
    }

    #[test]
    fn what_a_learner_shares_with_a_contact_or_does_not_is_told_as_it_stood() {
        let contacts = contacts(&[
            ("003zz0000000003", "eve@example.com"),
            (ADA, "ada@example.com"),
            ("003zz0000000002", "eve@example.com"),
            ("003zz0000000001", ""),
        ]);
        let flags = [
            ("ada@example.com", Some(ADA)),
            ("ADA@example.com", Some(ADA)),
            ("eve@example.com", Some(ADA)),
            ("eve@example.com", Some("")),
            ("eve@example.com", None),
            ("", Some(" ")),
            ("nobody@example.com", Some(EVE)),
            ("ada@example.com", Some("0035g00i00001Ie")),
            ("ada@example.com", Some("not an id of such")),
            ("", None),
        ];
        let mut rows = LearnerRows::default();
        for (at, (username, sfdc_id)) in (1..).zip(flags).collect::<Vec<_>>().into_iter().rev() {
            rows.push(learner(at, username, sfdc_id, true));
        }
        for (at, (_, sfdc_id)) in (0..flags.len()).rev().zip(flags) {
            assert!(rows.sfdc_id_is(at, sfdc_id.unwrap_or("")) && !rows.sfdc_id_is(at, "0"));
        }
        let learners = deduplicate(rows, &contacts).sorted;
        let data = Dataset { learners, contacts, ..Dataset::default() };
        for (at, (username, sfdc_id)) in flags.into_iter().enumerate() {
            assert_eq!((data.username(at), &*data.sfdc_id(at)), (username, sfdc_id.unwrap_or("")), "{at}");
            assert_eq!(data.learners.sfdc_known(at), sfdc_id.is_some(), "{at}");
        }
        let ties: Vec<_> =
            (0..flags.len()).map(|at| (data.learners.contact_by_id(at), data.learners.contact_by_key(at))).collect();
        let (ada, eve) = (Some(0), Some(2));
        assert_eq!(
            ties,
            [
                (ada, ada),
                (ada, None),
                (ada, None),
                (None, eve),
                (None, eve),
                (None, None),
                (None, None),
                (None, ada),
                (None, ada),
                (None, None),
            ]
        );
    }

    #[test]
    fn of_several_rows_of_a_learner_the_one_that_tells_most_stays() {
        let mut rows = LearnerRows::default();
        rows.push(learner(7, "late@example.com", None, false));
        rows.push(learner(5, "mentioned@example.com", Some(""), false));
        rows.push(learner(5, "reported@example.com", None, true));
        rows.push(learner(5, "linked@example.com", Some(ADA), false));
        rows.push(learner(5, "again@example.com", None, true));
        let settled = deduplicate(rows, &Contacts::default());
        assert_eq!(settled.row_of, [1, 0, 0, 0, 0]);
        assert_eq!(settled.repeated.len(), 1, "two rows of the Users report");
        let data = Dataset { learners: settled.sorted, ..Dataset::default() };
        assert_eq!((data.username(0), &*data.sfdc_id(0)), ("linked@example.com", ADA));
        assert!(data.learners.in_users_report(0) && !data.learners.in_users_report(1));
    }

    #[test]
    fn docebo_users_keep_their_lookups_writers_and_accounts() {
        let contacts = contacts(&[(ADA, "ada@example.com")]);
        let mut rows = LearnerRows::default();
        rows.push(learner(5, "ada@example.com", Some(ADA), true));
        let learners = deduplicate(rows, &contacts).sorted;
        let mut users = DoceboUsers { writers: vec![id(EVE), id("005000000000001")], ..DoceboUsers::default() };
        let beyond = "003zz0000000009";
        for (record, user_id, contact, user, created_by) in [
            ("a0J000000000003", 9, Some(beyond), None, 0),
            ("a0J000000000002", 5, Some(ADA), None, 1),
            ("a0J000000000001", 8, None, Some(EVE), NONE),
        ] {
            let row = DoceboUserRow {
                id: id(record),
                user_id,
                contact: contact.map(id),
                user: user.map(id),
                created: None,
                created_by,
                modified: None,
                modified_by: 0,
            };
            users.push(row, &contacts);
        }
        let mut users = users.sorted();
        assert_eq!(users.resolve_accounts(&learners), [8, 9]);
        assert_eq!(users.accounts(), [1, 0, 2]);
        let contact: Vec<_> = (0..3).map(|at| users.contact(at, &contacts)).collect();
        assert_eq!(contact, [None, Some(id(ADA)), Some(id(beyond))]);
        assert_eq!((0..3).map(|at| users.user(at)).collect::<Vec<_>>(), [Some(id(EVE)), None, None]);
        assert_eq!(users.created_by(0), None);
        assert_eq!(users.foremost_creator(), Some(id("005000000000001")), "of equals the lowest id");
        assert_eq!(users.modified_by(2), Some(id(EVE)));
        assert!(users.check_unique().is_ok());
    }
}
