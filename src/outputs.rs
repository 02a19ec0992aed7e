//! Renders the report to bytes. Each renderer reads `&Report`, shows every finding or states what it omits, and makes
//! no decisions.
//!
//! Must not know: files, clocks, the environment.

/// The timeline as a drawing.
pub(crate) mod chart;
/// The control totals for page and workbook.
pub(crate) mod control_totals;
/// The diagnosis of `tieout doctor`.
pub mod doctor;
/// `findings.jsonl`: every finding with its evidence, one per line.
pub mod findings;
/// The freshness check in all its formats.
pub mod freshness;
/// `report.html`: the run on one page.
pub mod html;
/// `report.json` and its schema.
pub mod json;
/// The ledgers: every record with its values.
pub mod ledger;
/// `evidence-pack.zip`: what a support case needs, without personal data.
pub mod pack;
/// Personal values and their pseudonyms.
pub mod redact;
/// `reply.md`: the answer after support reports a fix.
pub mod reply;
/// Sanitizes untrusted text for each kind of output.
pub mod sanitize;
/// Terminal output at the end of a run.
pub mod summary;
/// The text of a support ticket.
pub mod ticket;
/// Daily sync activity.
pub(crate) mod timeline;
/// Messages to a webhook.
pub mod webhook;
/// Wording shared by page and workbook.
pub(crate) mod wording;
/// Atomic writing of files and folders.
pub mod writer;
/// `workbook.xlsx`: the run for an analyst.
pub mod xlsx;

/// Why rendering an output failed; never the user's fault.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template or its data is invalid.
    #[error("template {0}")]
    Template(#[from] handlebars::RenderError),
    /// A template cannot be parsed.
    #[error("template {0}")]
    Syntax(Box<handlebars::TemplateError>),
    /// The workbook writer failed.
    #[error("workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The archive writer failed.
    #[error("archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// Values cannot be serialized.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// Bytes cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A renderer's temporary file cannot be written: no space, or no folder.
    #[error("a temporary file cannot be written: {0}")]
    Temporary(String),
    /// The workbook writer panicked.
    #[error("workbook: {0}")]
    Panicked(String),
    /// Rows cannot be written as CSV.
    #[error("csv: {0}")]
    Csv(#[from] csv::Error),
}

impl From<handlebars::TemplateError> for RenderError {
    fn from(error: handlebars::TemplateError) -> Self {
        Self::Syntax(Box::new(error))
    }
}

/// A whole number with thin spaces as thousands separators, unambiguous in every locale.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `1 finding`, `2 findings`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}
