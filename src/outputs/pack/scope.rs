//! The part of a run that one case covers: a cause and its consequences. One case has one cause; other findings are
//! counted, and omitted.
//!
//! Must not know: any single check, or how a finding is written.

use std::collections::BTreeSet;

use super::samples::pick;
use crate::checks::check::{Check, Owner};
use crate::checks::finding::Finding;
use crate::model::fingerprint::Key;
use crate::model::instant::Instant;
use crate::report::{CheckResult, Report};

/// The findings of one check that belong to the case.
pub(crate) struct Part<'a> {
    /// The check's result.
    pub(crate) result: &'a CheckResult,
    /// Their indices among the check's findings.
    places: Vec<usize>,
    /// By index: since when the record is wrong, if known.
    since: Vec<Option<Instant>>,
}

impl Part<'_> {
    /// Number of findings.
    pub(crate) fn count(&self) -> u64 {
        self.places.len() as u64
    }

    /// The oldest time.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.since.iter().flatten().min().copied()
    }

    /// The newest time.
    pub(crate) fn newest(&self) -> Option<Instant> {
        self.since.iter().flatten().max().copied()
    }

    /// The findings, one by one.
    pub(crate) fn findings<'a>(&'a self, report: &'a Report) -> impl Iterator<Item = Finding> + 'a {
        self.places.iter().filter_map(|&place| report.finding(self.result, place))
    }

    /// Selects at most `most` findings, each with the reason.
    pub(crate) fn pick<'a>(
        &'a self,
        report: &'a Report,
        most: usize,
    ) -> impl Iterator<Item = (Finding, &'static str)> + 'a {
        pick(&self.since, most)
            .into_iter()
            .filter_map(|(at, why)| Some((report.finding(self.result, *self.places.get(at)?)?, why)))
    }
}

/// A cause and its findings.
pub(crate) struct Scope<'a> {
    /// The cause. `None` if there is none for Docebo's support.
    pub(crate) cause: Option<&'static Check>,
    /// Its own findings first, then their consequences.
    pub(crate) parts: Vec<Part<'a>>,
    /// Omitted findings: check and number.
    pub(crate) left_out: Vec<(&'a CheckResult, u64)>,
}

/// The default cause of a case: the most severe that Docebo's support has to act on.
pub fn root(report: &Report) -> Option<&'static Check> {
    report.found().into_iter().find(|result| result.check.owner == Owner::DoceboSupport).map(|result| result.check)
}

/// Possible causes of a case: checks with findings that are not all caused by another.
pub fn causes(report: &Report) -> Vec<&'static Check> {
    let own = |result: &&CheckResult| !result.is_consequence();
    report.found().into_iter().filter(own).map(|result| result.check).collect()
}

impl<'a> Scope<'a> {
    /// The findings that belong to a cause.
    pub(crate) fn new(report: &'a Report, cause: Option<&'static Check>) -> Self {
        let mut scope = Self { cause, parts: Vec::new(), left_out: Vec::new() };
        let is_cause = |result: &&CheckResult| cause.is_some_and(|cause| cause.id == result.check.id);
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        for result in report.found().into_iter().filter(is_cause) {
            // Findings explained by another cause belong to that case.
            scope.take(result, report, |finding| {
                let own = finding.caused_by.is_none();
                if own {
                    keys.insert(finding.key);
                }
                own
            });
        }
        for result in report.found().into_iter().filter(|result| !is_cause(result)) {
            if result.caused_by_stalls == 0 {
                scope.left_out.push((result, result.findings as u64));
            } else {
                scope.take(result, report, |finding| finding.caused_by.is_some_and(|key| keys.contains(&key)));
            }
        }
        scope
    }

    fn take(&mut self, result: &'a CheckResult, report: &Report, mut belongs: impl FnMut(&Finding) -> bool) {
        let mut part = Part { result, places: Vec::new(), since: Vec::new() };
        for (place, finding) in report.findings_of(result).enumerate() {
            if belongs(&finding) {
                part.places.push(place);
                part.since.push(finding.detail.since);
            }
        }
        let others = result.findings as u64 - part.count();
        if others > 0 {
            self.left_out.push((result, others));
        }
        if part.count() > 0 {
            self.parts.push(part);
        }
    }

    /// Total number of findings.
    pub(crate) fn count(&self) -> u64 {
        self.parts.iter().map(Part::count).sum()
    }
}
