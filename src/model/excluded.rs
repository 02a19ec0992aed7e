//! Rows that take no part in the comparison, each with its reason: archived, repeated, contradictory, deleted, or
//! unreadable (a reject).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::model::source_line::SourceLine;

/// Why a row of an export takes no value of any relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exclusion {
    /// An archived enrollment: history, not a current claim.
    Archived,
    /// The same learner, or the same enrollment, once more.
    Repeated,
    /// The same learner once more, with other values than the row that counts.
    Contradictory(Contradiction),
    /// It could not be read.
    Unreadable(Arc<Reject>),
}

/// What of a row of the *Users* report is otherwise in the row of the same learner that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// Where the row stands that counts.
    pub kept: SourceLine,
    /// The usernames differ.
    pub username: bool,
    /// The values of `sfdc_id` differ.
    pub sfdc_id: bool,
}

impl Contradiction {
    /// What differs, and from which row of the file of this name.
    #[must_use]
    pub fn describe(self, file: &str) -> String {
        let what = match (self.username, self.sfdc_id) {
            (true, true) => "another username and another sfdc_id",
            (true, false) => "another username",
            (false, _) => "another sfdc_id",
        };
        format!("{what} than the row on line {} of {file}", self.kept.line)
    }
}

/// A row that could not be read: why, and what it still says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Reject {
    /// The heading of the column whose value could not be read; blank where the row as a whole could not.
    pub column: String,
    /// The reason, in words without values.
    pub reason: Cow<'static, str>,
    /// The start of the value that could not be read, where there is one; it may be personal data.
    pub value: String,
    /// The learner's id of the row, where that can be read.
    pub learner: Option<u64>,
    /// The course's id of the row, where that can be read.
    pub course: Option<u64>,
    /// The username of the row, where that can be read; it is personal data.
    pub username: Option<String>,
    /// The `sfdc_id` of the row, where that can be read; blank where the file has no such column.
    pub sfdc_id: Option<String>,
}

impl Reject {
    /// The reason of a row whose course code no Salesforce course has: no fault of the file, since which courses Salesforce
    /// has is not for the export to say.
    pub const UNKNOWN_COURSE: &str = "no Salesforce course has this course code, and the export has no course id";

    /// A reason with the start of the value it is about.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>, value: &[u8]) -> Self {
        let value = String::from_utf8_lossy(value).chars().take(40).collect();
        Self { reason: reason.into(), value, ..Self::default() }
    }

    /// The same reject with the heading of the column that it is about.
    #[must_use]
    pub fn in_column(self, heading: &str) -> Self {
        Self { column: heading.to_owned(), ..self }
    }
}

/// Rejects that are equal, kept once: a file of a few megabytes has millions of rows that are broken in the same way.
#[derive(Debug, Default)]
pub struct SharedRejects(FxHashSet<Arc<Reject>>);

impl SharedRejects {
    /// So many different ones are remembered; what comes later than that is mostly different from row to row.
    const MAX: usize = 4_096;

    /// The reject, or the one that is equal to it.
    pub fn share(&mut self, reject: Reject) -> Arc<Reject> {
        if let Some(known) = self.0.get(&reject) {
            return Arc::clone(known);
        }
        if self.0.len() == Self::MAX {
            self.0.clear();
        }
        let kept = Arc::new(reject);
        self.0.insert(Arc::clone(&kept));
        kept
    }
}

impl From<&'static str> for Reject {
    fn from(reason: &'static str) -> Self {
        Self { reason: Cow::Borrowed(reason), ..Self::default() }
    }
}

/// Reason and value, for outputs that stay with the customer.
impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.value.is_empty() { Ok(()) } else { write!(f, ": {}", self.value) }
    }
}

/// A row of an export that takes no value but is accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedRow {
    /// Which of the export's files, by index into [`Origins::exports`].
    pub file: u16,
    /// The line in that file on which the row starts, counted from 1.
    pub line: u32,
    /// Why it is excluded.
    pub why: Exclusion,
}

/// A row of the snapshot that Salesforce has deleted (`IsDeleted`): it is excluded and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedRow {
    /// Which file, by index into the inputs of the snapshot.
    pub input: u16,
    /// The line in that file on which the row starts, counted from 1.
    pub line: u32,
}
