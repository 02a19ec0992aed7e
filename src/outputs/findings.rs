//! `findings.jsonl`: every finding with all its evidence, one a line, values untouched.

use std::io::Write;

use serde::Serialize as _;

use crate::outputs::RenderError;
use crate::outputs::sanitize::SanitizedJson;
use crate::report::Report;
use crate::report::finding_record::FindingRecord;

/// The file's name in the folder of a run.
pub const NAME: &str = "findings.jsonl";

/// Every finding, one JSON object a line.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, mut out: impl Write) -> Result<(), RenderError> {
    for finding in report.findings() {
        FindingRecord::new(&finding, report.origins())
            .serialize(&mut serde_json::Serializer::with_formatter(&mut out, SanitizedJson))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// As [`write`], into memory.
///
/// # Errors
/// None that a report can cause.
pub fn lines(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    write(report, &mut bytes)?;
    Ok(bytes)
}
