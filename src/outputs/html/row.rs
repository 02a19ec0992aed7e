//! One finding as a table row of the page.
//!
//! Must not know: which table.

use serde::Serialize;

use super::fact::plain;
use crate::checks::finding::Finding;
use crate::model::label::Label as _;
use crate::outputs::redact::Names;
use crate::outputs::sanitize::escape_controls;
use crate::outputs::wording;
use crate::report::Report;
use crate::report::run_history;

/// Maximum pieces of evidence per example.
const PIECES: usize = 3;

#[derive(Serialize)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) severity: &'static str,
    /// Change since the previous run; blank if there is none.
    pub(super) change: &'static str,
    pub(super) check: &'static str,
    pub(super) url: String,
    pub(super) record: String,
    pub(super) object: &'static str,
    pub(super) learner: String,
    pub(super) course: String,
    pub(super) field: String,
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) since: String,
    /// Whole days since first seen.
    pub(super) age: String,
    /// The analyst's status.
    pub(super) status: &'static str,
    evidence: Vec<String>,
}

/// Makes rows of findings.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) report: &'a Report,
    pub(super) names: Names<'a>,
}

impl Rows<'_> {
    /// Days since a finding was first seen. `None` if unknown.
    pub(super) fn age(self, finding: &Finding) -> Option<i64> {
        let entry = self.report.entry(finding.key)?;
        Some(run_history::age(entry.first_seen, self.report.run.read_at()))
    }

    pub(super) fn status(self, finding: &Finding) -> &'static str {
        self.report.review(finding.key).and_then(|review| review.status).map_or("", |status| status.label())
    }

    fn evidence(self, finding: &Finding) -> Vec<String> {
        let pieces = wording::evidence(finding, self.report.origins(), self.names, PIECES);
        pieces.iter().map(|piece| escape_controls(piece).into_owned()).collect()
    }

    pub(super) fn row(self, finding: &Finding, with_evidence: bool) -> Row {
        let number = |id: Option<u64>| id.map_or_else(String::new, |id| id.to_string());
        let (detail, record) = (&finding.detail, finding.ids.record);
        Row {
            key: finding.key.to_string(),
            severity: finding.check.severity.label(),
            change: wording::change(self.report, finding.key),
            check: finding.check.id,
            url: record.and_then(|(object, id)| wording::link(self.report, object, id)).unwrap_or_default(),
            record: record.map_or_else(String::new, |(_, id)| id.to_string()),
            object: record.map_or("", |(object, _)| wording::object(object)),
            learner: number(finding.ids.learner),
            course: number(finding.ids.course),
            field: plain(&detail.field),
            expected: plain(&self.names.show(&detail.expected)),
            found: plain(&self.names.show(&detail.found)),
            since: detail
                .since
                .map_or_else(String::new, |since| wording::moment(since).trim_end_matches(" UTC").to_owned()),
            age: self.age(finding).map_or_else(String::new, |days| days.to_string()),
            status: self.status(finding),
            evidence: if with_evidence { self.evidence(finding) } else { Vec::new() },
        }
    }
}
