//! The files that a run read, as listed in the outputs.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::instant::{Precision, Resolution};

/// One of the two reports that Docebo exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExportKind {
    /// The *Users* report.
    Users,
    /// The *Users - Courses* report.
    Enrollments,
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Users => "Users report",
            Self::Enrollments => "Users - Courses report",
        })
    }
}

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Input {
    /// `salesforce` or `docebo`.
    pub side: Cow<'static, str>,
    /// The object's API name, or the name of the report.
    pub holds: String,
    /// The file's name, without its folder.
    pub file: String,
    /// Rows beneath the heading, rejects included.
    pub rows: u64,
    /// Rows that could not be read.
    pub rejects: u64,
    /// Rows that Salesforce has deleted (`IsDeleted`), which are excluded.
    #[serde(default)]
    pub deleted: u64,
    /// Rows that Salesforce counted, where a manifest says so.
    pub counted: Option<u64>,
    /// `UTF-8`, `UTF-16LE`, `UTF-16BE`, `windows-1252`, `XLSX`, `XLS`, `XLSB` or `ODS`, and `gzip` or `zip` where it is wrapped.
    pub encoding: String,
    /// The character between cells; nothing for a spreadsheet.
    pub delimiter: Option<String>,
    /// The date pattern that was found, in words; nothing where the file has no dates to judge.
    pub dates: Option<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// The order in which an export writes day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// `2026-01-31`, or a spreadsheet's serial number: unambiguous.
    YearFirst,
    /// `31/01/2026`
    DayFirst,
    /// `01/31/2026`
    MonthFirst,
    /// Every day in the file is 12 or less, so the file is ambiguous; values are stored day first until the order is
    /// inferred.
    Undecided,
}

/// How one export file states its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateProfile {
    /// Order of day and month.
    pub order: DateOrder,
    /// Whether the texts include their UTC offset, so that no zone is needed.
    pub zoned: bool,
    /// Precision of the enrollment dates.
    pub enrolled: Precision,
    /// Precision of the completion dates.
    pub completed: Precision,
    /// Precision of the access dates.
    pub accessed: Precision,
    /// Precision of the courses' creation dates.
    pub course_made: Precision,
}

impl Default for DateProfile {
    fn default() -> Self {
        Self {
            order: DateOrder::YearFirst,
            zoned: false,
            enrolled: Resolution::Second.into(),
            completed: Resolution::Second.into(),
            accessed: Resolution::Second.into(),
            course_made: Resolution::Second.into(),
        }
    }
}

/// One export file, as needed by relations and outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFile {
    /// The file's name, without its folder; includes the part if there are several.
    pub name: String,
    /// Which report it is.
    pub kind: ExportKind,
    /// The first part of the user's file if it has several (sheets, entries of an archive); else the file itself. An
    /// index into [`Origins::exports`](crate::model::origins::Origins::exports).
    #[serde(default)]
    pub first_part: u16,
    /// How it states dates.
    #[serde(skip)] // the relations have read them
    pub dates: DateProfile,
    /// Whether it has completion dates; without them there is nothing to compare.
    #[serde(skip, default = "stated")] // the relations have read it
    pub has_completion_dates: bool,
}

const fn stated() -> bool {
    true
}
