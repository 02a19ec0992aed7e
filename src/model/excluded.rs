//! Rows excluded from the comparison, each with its reason: archived, repeated, contradictory, deleted, or unreadable
//! (a reject).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::model::source_line::SourceLine;

/// Why a row of an export is excluded from all relations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exclusion {
    /// An archived enrollment: history, not current state.
    Archived,
    /// A repeated row of a learner or an enrollment.
    Repeated,
    /// A repeated row of a learner whose values differ from those of the row that counts.
    Contradictory(Contradiction),
    /// The row cannot be read.
    Unreadable(Arc<Reject>),
}

/// How a row of the *Users* report differs from the same learner's row that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// Line of the row that counts.
    pub kept: SourceLine,
    /// The usernames differ.
    pub username: bool,
    /// The values of `sfdc_id` differ.
    pub sfdc_id: bool,
}

impl Contradiction {
    /// Describes the differences from the row that counts, which is in the file `file`.
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

/// A row that cannot be read: the reason, and its readable values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Reject {
    /// Heading of the column with the unreadable value; blank if the whole row is unreadable.
    pub column: String,
    /// The reason, without values.
    pub reason: Cow<'static, str>,
    /// The start of the unreadable value, if any; may be personal data.
    pub value: String,
    /// The row's learner id, if readable.
    pub learner: Option<u64>,
    /// The row's course id, if readable.
    pub course: Option<u64>,
    /// The row's username, if readable; personal data.
    pub username: Option<String>,
    /// The row's `sfdc_id`, if readable; blank if the file has no such column.
    pub sfdc_id: Option<String>,
}

impl Reject {
    /// The reason for a row whose course code matches no Salesforce course: not a fault of the file, since the export
    /// cannot know Salesforce's courses.
    pub const UNKNOWN_COURSE: &str = "no Salesforce course has this course code, and the export has no course id";

    /// Creates a reject from a reason and the start of the affected value.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>, value: &[u8]) -> Self {
        let value = String::from_utf8_lossy(value).chars().take(40).collect();
        Self { reason: reason.into(), value, ..Self::default() }
    }

    /// The same reject with the heading of the affected column.
    #[must_use]
    pub fn in_column(self, heading: &str) -> Self {
        Self { column: heading.to_owned(), ..self }
    }
}

/// Stores equal rejects once: a file of a few megabytes can have millions of rows with the same fault.
#[derive(Debug, Default)]
pub struct SharedRejects(FxHashSet<Arc<Reject>>);

impl SharedRejects {
    /// Maximum number of rejects remembered; later ones mostly differ from row to row.
    const MAX: usize = 4_096;

    /// Returns the equal stored reject, or stores this one.
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

/// An export row that is excluded but accounted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedRow {
    /// The export file, as an index into [`Origins::exports`](crate::model::origins::Origins::exports).
    pub file: u16,
    /// The line of the file on which the row starts, counted from 1.
    pub line: u32,
    /// Why it is excluded.
    pub why: Exclusion,
}

/// A snapshot row that Salesforce has deleted (`IsDeleted`): it is excluded and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedRow {
    /// The file, as an index into the inputs of the snapshot.
    pub input: u16,
    /// The line of the file on which the row starts, counted from 1.
    pub line: u32,
}
