//! Learners as the export names them: several rows of one learner are possible, in the order of the files.

use std::borrow::Cow;

use crate::model::column::{NumberColumn, SparseTexts, TextColumn};
use crate::model::excluded::{Contradiction, ExcludedRow, Exclusion};
use crate::model::id::RecordId;
use crate::model::row::{NONE, index};
use crate::model::source_line::{SourceLine, SourceLines};

/// What is told of a learner in one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct LearnerFlags(pub(crate) u8);

impl LearnerFlags {
    /// A report told the `sfdc_id`, be it blank.
    pub(crate) const SFDC_ID: Self = Self(1);
    /// The learner stands in the *Users* report.
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
    pub(crate) id: NumberColumn,
    pub(crate) username: TextColumn,
    pub(crate) sfdc_id: Vec<Option<RecordId>>,
    /// The `sfdc_id` where it is not blank and no id of 18 characters.
    pub(crate) sfdc_text: SparseTexts,
    pub(crate) flags: Vec<LearnerFlags>,
    pub(crate) source: SourceLines,
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

    pub(crate) fn sfdc_text(&self, row: usize) -> Cow<'_, str> {
        sfdc_id_text(self.sfdc_id[row], self.sfdc_text.get(row))
    }

    /// One row for each learner, sorted by id: of several the one that tells most, by a rule that does not depend on
    /// the order of rows or files.
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
pub(crate) struct Deduplicated {
    pub(crate) kept: Vec<u32>,
    /// By learner: whether any of their rows stands in the *Users* report.
    pub(crate) reported: Vec<bool>,
    pub(crate) row_of: Vec<u32>,
    pub(crate) repeated: Vec<ExcludedRow>,
}

/// An `sfdc_id` as it stands.
pub(crate) fn sfdc_id_text(id: Option<RecordId>, text: Option<&str>) -> Cow<'_, str> {
    match id {
        Some(id) => Cow::Owned(id.to_string()),
        None => Cow::Borrowed(text.unwrap_or("")),
    }
}
