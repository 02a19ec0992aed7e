//! The findings of a finished run, read from its `findings.jsonl` instead of the books.
//!
//! Must not know: where the bytes lie.

use crate::checks::finding::Finding;
use crate::model::input::ExportFile;
use crate::model::origins::Origins;
use crate::report::CheckResult;
use crate::report::finding_record::FindingRecord;

/// The lines of the file, checked once, and made findings of when somebody asks.
#[derive(Debug)]
pub struct LoadedRun {
    bytes: Vec<u8>,
    /// By check: where each of its lines starts and ends.
    lines: Vec<Vec<(usize, usize)>>,
    /// The files of the export, as the lines name them.
    exports: Vec<ExportFile>,
}

impl LoadedRun {
    /// The findings that a file holds.
    ///
    /// # Errors
    /// In words, with the line: what cannot be a finding of this run, and whether some are missing.
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

    /// A finding of a check by its place; nothing where there is none.
    pub(super) fn finding(&self, result: &CheckResult, at: usize) -> Option<Finding> {
        let &(start, end) = self.lines.get(result.place)?.get(at)?;
        let line: FindingRecord<'_> = serde_json::from_slice(&self.bytes[start..end]).ok()?;
        line.finding(result.check, &self.exports).ok()
    }
}
