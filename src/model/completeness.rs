//! How many of an object's records the snapshot holds. Only a complete object proves that a record is absent.

use serde::{Deserialize, Serialize};

use crate::model::object::SfObject;

/// How complete an object's extract is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// There is no file.
    #[default]
    Absent,
    /// Fewer or more rows than Salesforce counted: absence proves nothing.
    Incomplete {
        /// Rows in the file.
        rows: u64,
        /// Rows that Salesforce counted.
        counted: u64,
    },
    /// Unread files seem to hold further records of the object: absence proves nothing.
    Partial {
        /// Names of these files.
        unread: Vec<String>,
        /// What to do so that they are read or not needed.
        next: String,
    },
    /// As many rows as Salesforce counted.
    Counted,
    /// Salesforce's count is unknown; assumed complete, and every output says so.
    Assumed,
}

/// Whether the number of rows differs from Salesforce's count. Up to `drift` extra rows are allowed: they were changed
/// or deleted between reading and counting.
#[must_use]
pub const fn differ(rows: u64, counted: u64, drift: u64) -> bool {
    rows < counted || rows > counted.saturating_add(drift)
}

/// Describes a number of rows that differs from Salesforce's count.
#[must_use]
pub fn rows_of(rows: u64, counted: u64) -> String {
    if rows > counted {
        format!("{rows} rows, but Salesforce counted {counted}")
    } else {
        format!("{rows} of {counted} rows")
    }
}

impl Completeness {
    /// Whether a record that is not in the extract is proven absent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Counted | Self::Assumed)
    }

    /// Whether the extract has some records, and may miss others.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        matches!(self, Self::Incomplete { .. } | Self::Partial { .. })
    }
}

/// The extract of one object: its completeness and missing columns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectExtract {
    /// Whether all rows are present.
    #[serde(rename = "extent")]
    pub completeness: Completeness,
    /// Wanted columns that the file does not have (hidden by field-level security, or not selected).
    #[serde(skip)] // the checks have reported the consequences
    pub missing: Vec<&'static str>,
    /// Why nothing was read although a file exists: it is unreadable or misnamed. The completeness is then
    /// [`Completeness::Absent`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_absent: Option<String>,
}

impl ObjectExtract {
    /// An object of which nothing was read, with the reason.
    #[must_use]
    pub fn unread(why: String) -> Self {
        Self { why_absent: Some(why), ..Self::default() }
    }

    /// Whether a file that holds, or seems to hold, its records was not read.
    #[must_use]
    pub fn has_unread_files(&self) -> bool {
        self.why_absent.is_some() || matches!(self.completeness, Completeness::Partial { .. })
    }

    /// Why the object cannot prove an absence; `None` if it is complete.
    #[must_use]
    pub fn missing_rows(&self, object: SfObject) -> Option<String> {
        match &self.completeness {
            Completeness::Absent => {
                let why = self.why_absent.as_deref().unwrap_or("not in the snapshot");
                Some(format!("{object} ({why})"))
            }
            Completeness::Incomplete { rows, counted } => Some(format!("{object} ({})", rows_of(*rows, *counted))),
            Completeness::Partial { unread, next } => {
                Some(format!("{object} ({} not read; {next})", unread.join(", ")))
            }
            Completeness::Counted | Completeness::Assumed => None,
        }
    }
}
