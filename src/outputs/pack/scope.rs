//! What of a run one case is about: a cause, and what is there because of it. One case has one cause; what else
//! the run found is counted, and left out.
//!
//! Must not know: any single check, or how a finding is written down.

use std::collections::BTreeSet;

use super::samples::pick;
use crate::checks::check::{Check, Owner};
use crate::checks::finding::Finding;
use crate::model::fingerprint::Key;
use crate::model::instant::Instant;
use crate::report::{CheckResult, Report};

/// The findings of one check that belong to the case.
pub(crate) struct Part<'a> {
    /// The result that they are of.
    pub(crate) result: &'a CheckResult,
    /// Their places among the findings of the check.
    places: Vec<usize>,
    /// By place: since when it should be otherwise, where that can be said.
    since: Vec<Option<Instant>>,
}

impl Part<'_> {
    /// How many they are.
    pub(crate) fn count(&self) -> u64 {
        self.places.len() as u64
    }

    /// The oldest moment.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.since.iter().flatten().min().copied()
    }

    /// The newest moment.
    pub(crate) fn newest(&self) -> Option<Instant> {
        self.since.iter().flatten().max().copied()
    }

    /// The findings, one after the other.
    pub(crate) fn findings<'a>(&'a self, report: &'a Report) -> impl Iterator<Item = Finding> + 'a {
        self.places.iter().filter_map(|&place| report.finding(self.result, place))
    }

    /// At most so many findings, with the reason why each was chosen.
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
    /// The cause; nothing where there is none for Docebo's support.
    pub(crate) cause: Option<&'static Check>,
    /// Its own findings first, then those that are there because of it.
    pub(crate) parts: Vec<Part<'a>>,
    /// What else was found: of which check, and how much.
    pub(crate) left_out: Vec<(&'a CheckResult, u64)>,
}

/// The cause that a case is about unless somebody names another: the gravest that Docebo's support has to act on.
pub fn root(report: &Report) -> Option<&'static Check> {
    report.found().into_iter().find(|result| result.check.owner == Owner::DoceboSupport).map(|result| result.check)
}

/// The causes that a case can be about: checks that found something which is not all because of another.
pub fn causes(report: &Report) -> Vec<&'static Check> {
    let own = |result: &&CheckResult| !result.is_consequence();
    report.found().into_iter().filter(own).map(|result| result.check).collect()
}

impl<'a> Scope<'a> {
    /// What belongs to a cause.
    pub(crate) fn new(report: &'a Report, cause: Option<&'static Check>) -> Self {
        let mut scope = Self { cause, parts: Vec::new(), left_out: Vec::new() };
        let is_cause = |result: &&CheckResult| cause.is_some_and(|cause| cause.id == result.check.id);
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        for result in report.found().into_iter().filter(is_cause) {
            // What another cause explains is told in that one's case.
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

    /// How many findings belong to it.
    pub(crate) fn count(&self) -> u64 {
        self.parts.iter().map(Part::count).sum()
    }
}
