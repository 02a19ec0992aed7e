//! Learners of the export in columns, each matched with a contact by `sfdc_id`, or by its key, the username.
//!
//! There are millions, and Salesforce holds most of what Docebo holds of a person: the `sfdc_id` is the id of a
//! contact, the username that contact's key. A value that both sides share is stored once, in [`Contacts`]; a value
//! that differs is stored as is.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use crate::model::column::{NumberColumn, SparseColumn, SparseTexts};
use crate::model::contacts::Contacts;
use crate::model::excluded::ExcludedRow;
use crate::model::id::RecordId;
use crate::model::learner_rows::{Deduplicated, LearnerFlags, LearnerRows};
use crate::model::row::{NONE, index, row};
use crate::model::source_line::SourceLines;

/// The export's Docebo users, sorted by id.
#[derive(Debug, Clone, Default)]
pub struct Learners {
    id: NumberColumn,
    /// The extract's contact with this `sfdc_id`; if there is none, one whose key is the username; else [`NONE`].
    contact: Vec<u32>,
    flags: Vec<LearnerFlags>,
    /// Usernames that differ from the contact's key.
    username: SparseTexts,
    /// Ids that differ from the contact's.
    sfdc_id: SparseColumn<RecordId>,
    /// Values of `sfdc_id` that are not ids.
    sfdc_text: SparseTexts,
    /// The file and line of the learner.
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

    /// The learner with a Docebo id.
    #[must_use]
    pub fn find(&self, id: u64) -> Option<usize> {
        self.id.find(id)
    }

    /// Whether a report has this learner's `sfdc_id` (blank included).
    #[must_use]
    pub fn sfdc_known(&self, learner: usize) -> bool {
        self.flags[learner].has(LearnerFlags::SFDC_ID)
    }

    /// Whether the learner is in the *Users* report.
    #[must_use]
    pub fn in_users_report(&self, learner: usize) -> bool {
        self.flags[learner].has(LearnerFlags::IN_USERS_REPORT)
    }

    /// The row of the contact with this `sfdc_id`, if extracted.
    #[must_use]
    pub fn contact_by_id(&self, learner: usize) -> Option<usize> {
        row(self.contact[learner]).filter(|_| self.flags[learner].has(LearnerFlags::CONTACT_BY_ID))
    }

    /// The row of a contact whose key is exactly the username; of several not always the first, and `None` if the
    /// `sfdc_id` is another contact's.
    #[must_use]
    pub fn contact_by_key(&self, learner: usize) -> Option<usize> {
        row(self.contact[learner]).filter(|_| self.flags[learner].has(LearnerFlags::CONTACT_BY_KEY))
    }

    /// The username, if it is not the key of the learner's contact.
    pub(crate) fn own_username(&self, learner: usize) -> Option<&str> {
        self.username.get(learner)
    }

    /// The `sfdc_id`, if it is a record id but not that of the learner's contact.
    pub(crate) fn own_sfdc_id(&self, learner: usize) -> Option<RecordId> {
        self.sfdc_id.get(learner)
    }

    /// The text in the `sfdc_id` field, if it is not a record id.
    pub(crate) fn sfdc_text(&self, learner: usize) -> Option<&str> {
        self.sfdc_text.get(learner)
    }
}

/// The kept learners, and a map from read rows to them.
pub(super) struct DeduplicatedLearners {
    pub(super) sorted: Learners,
    /// For each row read, the sorted row of the same learner.
    pub(super) row_of: Vec<u32>,
    pub(super) repeated: Vec<ExcludedRow>,
}

/// Sorts the learners and stores values shared with their contacts once.
pub(super) fn deduplicate(rows: LearnerRows, contacts: &Contacts) -> DeduplicatedLearners {
    let Deduplicated { kept, reported, row_of, repeated } = rows.deduplicate();
    let LearnerRows { id, username, sfdc_id, sfdc_text, flags, source: place } = rows;
    // Contact lookups wait for memory, so they run in parallel.
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
    /// Matches learners without a contact by `sfdc_id` with one whose key is their username.
    fn find_keys<'a>(&mut self, username: impl Fn(usize) -> &'a str, contacts: &Contacts) {
        let hash = |text: &str| FxBuildHasher.hash_one(text);
        let seeking = |learners: &Self, at: usize| learners.contact[at] == NONE && !username(at).is_empty();
        // The first learner with a username represents all others.
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
            // The first of several contacts with one key is used.
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

#[cfg(test)]
mod tests {
    use super::deduplicate;
    use crate::model::contacts::Contacts;
    use crate::model::docebo_users::{DoceboUserRow, DoceboUsers};
    use crate::model::id::RecordId;
    use crate::model::learner_rows::{LearnerRow, LearnerRows};
    use crate::model::row::NONE;
    use crate::model::source_line::SourceLine;
    use crate::reconcile::dataset::Dataset;

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
        let mut users = DoceboUsers::default();
        users.writers = vec![id(EVE), id("005000000000001")];
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
        assert_eq!(users.resolve_accounts(learners.len(), |id| learners.find(id)), [8, 9]);
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
