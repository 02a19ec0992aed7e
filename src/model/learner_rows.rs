//! Learners as named in the export, in file order: a learner may have several rows.

use std::borrow::Cow;

use crate::model::column::{NumberColumn, SparseTexts, TextColumn};
use crate::model::excluded::{Contradiction, ExcludedRow, Exclusion};
use crate::model::id::RecordId;
use crate::model::row::{NONE, index};
use crate::model::source_line::{SourceLine, SourceLines};

/// Facts about a learner, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct LearnerFlags(pub(crate) u8);

impl LearnerFlags {
    /// A report has the `sfdc_id`, even if blank.
    pub(crate) const SFDC_ID: Self = Self(1);
    /// The learner is in the *Users* report.
    pub(crate) const IN_USERS_REPORT: Self = Self(2);
    /// The `sfdc_id` is the id of the learner's contact.
    pub(crate) const CONTACT_BY_ID: Self = Self(4);
    /// The username is the key of the learner's contact.
    pub(crate) const CONTACT_BY_KEY: Self = Self(8);

    pub(crate) const fn has(self, bit: Self) -> bool {
        self.0 & bit.0 != 0
    }

    pub(crate) fn set(&mut self, bit: Self, whether: bool) {
        if whether {
            self.0 |= bit.0;
        }
    }
}

/// One learner row of a file.
#[derive(Debug, Clone, Copy)]
pub struct LearnerRow<'a> {
    /// `User unique ID`.
    pub id: u64,
    /// Username.
    pub username: &'a str,
    /// The additional field with the Salesforce id, unchanged; `None` if the file does not have it.
    pub sfdc_id: Option<&'a str>,
    /// Whether the row is in the *Users* report.
    pub in_users_report: bool,
    /// The file and line of the row.
    pub source: SourceLine,
}

/// Learners in reading order: a learner may have several rows.
#[derive(Debug, Clone, Default)]
pub struct LearnerRows {
    pub(crate) id: NumberColumn,
    pub(crate) username: TextColumn,
    pub(crate) sfdc_id: Vec<Option<RecordId>>,
    /// The `sfdc_id` if it is neither blank nor an id of 18 characters.
    pub(crate) sfdc_text: SparseTexts,
    pub(crate) flags: Vec<LearnerFlags>,
    pub(crate) source: SourceLines,
}

impl LearnerRows {
    /// Appends a row.
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

    /// Appends the rows of another list; an empty list is replaced by it.
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

    /// Whether the row has the `sfdc_id`, even if blank.
    #[must_use]
    pub fn sfdc_known(&self, row: usize) -> bool {
        self.flags[row].has(LearnerFlags::SFDC_ID)
    }

    /// Whether the row is in the *Users* report.
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

    pub(crate) fn sfdc_text(&self, row: usize) -> Cow<'_, str> {
        sfdc_id_text(self.sfdc_id[row], self.sfdc_text.get(row))
    }

    /// Keeps one row per learner, sorted by id: the most informative one, by a rule that is independent of the order of
    /// rows or files.
    pub(crate) fn deduplicate(&self) -> Deduplicated {
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
                // Only repeats in a *Users* report count; a learner may have many enrollments.
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
    /// Classifies a further row of a learner against the one that counts.
    fn compare(&self, kept: usize, row: usize) -> Exclusion {
        let username = self.username(kept) != self.username(row);
        let sfdc_id = self.sfdc_known(kept) && self.sfdc_known(row) && self.sfdc_text(kept) != self.sfdc_text(row);
        if username || sfdc_id {
            return Exclusion::Contradictory(Contradiction { kept: self.source.get(kept), username, sfdc_id });
        }
        Exclusion::Repeated
    }
}

/// The rows that are kept.
pub(crate) struct Deduplicated {
    pub(crate) kept: Vec<u32>,
    /// By learner: whether any of their rows is in the *Users* report.
    pub(crate) reported: Vec<bool>,
    pub(crate) row_of: Vec<u32>,
    pub(crate) repeated: Vec<ExcludedRow>,
}

/// An `sfdc_id`, unchanged.
pub(crate) fn sfdc_id_text(id: Option<RecordId>, text: Option<&str>) -> Cow<'_, str> {
    match id {
        Some(id) => Cow::Owned(id.to_string()),
        None => Cow::Borrowed(text.unwrap_or("")),
    }
}
