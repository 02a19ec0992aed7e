//! `findings.jsonl`: every finding with all its evidence, one per line, values unmodified.

use std::io::Write;

use serde::Serialize as _;

use crate::outputs::RenderError;
use crate::outputs::sanitize::SanitizedJson;
use crate::report::Report;
use crate::report::finding_record::FindingRecord;

/// File name in the folder of a run.
pub const NAME: &str = "findings.jsonl";

/// Writes every finding, one JSON object per line.
///
/// # Errors
/// If writing to `out` fails.
pub fn write(report: &Report, mut out: impl Write) -> Result<(), RenderError> {
    for finding in report.findings() {
        FindingRecord::new(&finding, report.origins())
            .serialize(&mut serde_json::Serializer::with_formatter(&mut out, SanitizedJson))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Like [`write`], into memory.
///
/// # Errors
/// None for any report.
pub fn lines(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bytes = Vec::new();
    write(report, &mut bytes)?;
    Ok(bytes)
}
