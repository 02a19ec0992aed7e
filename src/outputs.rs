//! From the report to bytes. Each renderer reads `&Report`, shows every finding or says what it
//! leaves out, and decides nothing.
//!
//! Must not know: files, clocks, the environment.

/// The timeline as a drawing.
pub(crate) mod chart;
/// The equations as page and workbook print them.
pub(crate) mod control_totals;
/// The diagnosis of `tieout doctor`.
pub mod doctor;
/// `findings.jsonl`: every finding, one a line, with its evidence.
pub mod findings;
/// The freshness check in all its forms.
pub mod freshness;
/// `report.html`: the run on one page.
pub mod html;
/// `report.json` and its schema.
pub mod json;
/// The ledgers: every record with its values.
pub mod ledger;
/// `evidence-pack.zip`: what a support case needs, and nothing about persons.
pub mod pack;
/// Personal values and their pseudonyms.
pub mod redact;
/// `reply.md`: the answer when support says that it is fixed.
pub mod reply;
/// Untrusted text made harmless for each kind of output.
pub mod sanitize;
/// What a terminal shows at the end of a run.
pub mod summary;
/// The text of a support ticket.
pub mod ticket;
/// The course of the sync by the day.
pub(crate) mod timeline;
/// Messages to a webhook.
pub mod webhook;
/// The words that page and workbook share.
pub(crate) mod wording;
/// Writing files and folders, whole or not at all.
pub mod writer;
/// `workbook.xlsx`: the run as an analyst works with it.
pub mod xlsx;

/// Why an output could not be made; none of them is the user's fault.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template or its data.
    #[error("template {0}")]
    Template(#[from] handlebars::RenderError),
    /// A template that does not parse.
    #[error("template {0}")]
    Syntax(Box<handlebars::TemplateError>),
    /// The workbook writer.
    #[error("workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The archive writer.
    #[error("archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// Values that cannot be serialised.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// Bytes that cannot be gathered.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A temporary file that a renderer needs: no room for it, or no folder.
    #[error("a temporary file cannot be written: {0}")]
    Temporary(String),
    /// The workbook writer, where it panics.
    #[error("workbook: {0}")]
    Panicked(String),
    /// Rows that cannot be written as CSV.
    #[error("csv: {0}")]
    Csv(#[from] csv::Error),
}

impl From<handlebars::TemplateError> for RenderError {
    fn from(error: handlebars::TemplateError) -> Self {
        Self::Syntax(Box::new(error))
    }
}

/// A whole number with thin spaces between the thousands, which no locale misreads.
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
