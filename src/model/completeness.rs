//! How much of an object's records the snapshot holds. Only a complete object proves that a record is absent.

use serde::{Deserialize, Serialize};

use crate::model::object::SfObject;

/// How far an extract of one object can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// There is no such file.
    #[default]
    Absent,
    /// Fewer rows than Salesforce counted, or more: absence proves nothing.
    Incomplete {
        /// Rows in the file.
        rows: u64,
        /// Rows that Salesforce counted.
        counted: u64,
    },
    /// Further files seem to hold records of the object and were not read: absence proves nothing.
    Partial {
        /// The names of these files.
        unread: Vec<String>,
        /// What to do so that they are read, or need not be.
        next: String,
    },
    /// As many rows as Salesforce counted.
    Counted,
    /// Nobody counted; taken as complete, and every output says so.
    Assumed,
}

/// Whether rows are not as many as Salesforce counted. `drift` of them may be more: they were changed or deleted between
/// being read and being counted.
#[must_use]
pub const fn differ(rows: u64, counted: u64, drift: u64) -> bool {
    rows < counted || rows > counted.saturating_add(drift)
}

/// Rows at hand that are not as many as Salesforce counted, in words.
#[must_use]
pub fn rows_of(rows: u64, counted: u64) -> String {
    if rows > counted {
        format!("{rows} rows, but Salesforce counted {counted}")
    } else {
        format!("{rows} of {counted} rows")
    }
}

impl Completeness {
    /// Whether a record that is not in the extract can be called absent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Counted | Self::Assumed)
    }

    /// Whether some records are at hand, and others may be missing.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        matches!(self, Self::Incomplete { .. } | Self::Partial { .. })
    }
}

/// One object's extract: how far it reaches and which wanted columns it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectExtract {
    /// Whether all rows are there.
    #[serde(rename = "extent")]
    pub completeness: Completeness,
    /// Wanted columns that the file does not have (hidden by field-level security, or not selected).
    #[serde(skip)] // the checks have said what follows from it
    pub missing: Vec<&'static str>,
    /// Why nothing was read although a file is there: it cannot be read, or has another name. The extent is then
    /// [`Extent::Absent`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_absent: Option<String>,
}

impl ObjectExtract {
    /// An object of which nothing was read, for this reason.
    #[must_use]
    pub fn unread(why: String) -> Self {
        Self { why_absent: Some(why), ..Self::default() }
    }

    /// Whether a file that is there, and holds or seems to hold its records, was not read.
    #[must_use]
    pub fn has_unread_files(&self) -> bool {
        self.why_absent.is_some() || matches!(self.completeness, Completeness::Partial { .. })
    }

    /// What keeps the object from proving an absence, in words; nothing when it is whole.
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
