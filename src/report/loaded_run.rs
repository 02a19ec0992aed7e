//! Findings of a finished run, read from its `findings.jsonl` instead of a reconciliation.
//!
//! Must not know: where the bytes come from.

use crate::checks::finding::Finding;
use crate::model::input::ExportFile;
use crate::model::origins::Origins;
use crate::report::CheckResult;
use crate::report::finding_record::FindingRecord;

/// Lines of the file, validated once and converted to findings on demand.
#[derive(Debug)]
pub struct LoadedRun {
    bytes: Vec<u8>,
    /// By check: start and end of each of its lines.
    lines: Vec<Vec<(usize, usize)>>,
    /// The export files, as named in the lines.
    exports: Vec<ExportFile>,
}

impl LoadedRun {
    /// Reads the findings in a file.
    ///
    /// # Errors
    /// If a line is not a finding of this run, with its number, or if findings are missing.
    pub fn read(bytes: Vec<u8>, results: &[CheckResult], origins: &Origins) -> Result<Self, String> {
        let mut lines: Vec<Vec<(usize, usize)>> = results.iter().map(|_| Vec::new()).collect();
        let mut start = 0;
        for (text, number) in bytes.split_inclusive(|&byte| byte == b'\n').zip(1_u64..) {
            let end = start + text.len();
            let line: FindingRecord<'_> =
                serde_json::from_slice(text).map_err(|error| format!("line {number}: {error}"))?;
            let result = results.iter().find(|result| result.check.id == line.check());
            let result = result.ok_or_else(|| format!("line {number}: `{}` is no check of this run", line.check()))?;
            line.finding(result.check, &origins.exports).map_err(|why| format!("line {number}: {why}"))?;
            lines[result.place].push((start, end));
            start = end;
        }
        for result in results {
            let there = lines[result.place].len();
            if there != result.findings {
                let (id, expected) = (result.check.id, result.findings);
                return Err(format!("holds {there} findings of {id}, and the run had {expected}"));
            }
        }
        Ok(Self { bytes, lines, exports: origins.exports.clone() })
    }

    /// A finding of a check by index. `None` if out of range.
    pub(super) fn finding(&self, result: &CheckResult, at: usize) -> Option<Finding> {
        let &(start, end) = self.lines.get(result.place)?.get(at)?;
        let line: FindingRecord<'_> = serde_json::from_slice(&self.bytes[start..end]).ok()?;
        line.finding(result.check, &self.exports).ok()
    }
}
