//! Checks run over a reconciliation, and what each selected. Findings are selections over columns, created on demand.
//!
//! Must not know: formats, files, earlier runs.

use rayon::prelude::*;

use crate::checks::check::Check;
use crate::checks::coverage::Coverage;
use crate::checks::finding::Finding;
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::Selection;
use crate::checks::subject::Subject;
use crate::report::CheckResult;

/// The reconciliation and what the checks selected from it.
#[derive(Debug)]
pub struct EvaluatedRun {
    /// Both sides and their relations.
    pub reconciliation: Reconciliation,
    /// The catalog.
    pub checks: Vec<&'static Check>,
    /// By check, in catalog order: what it fires on.
    pub subjects: Vec<Vec<Subject>>,
}

impl EvaluatedRun {
    /// Runs a catalog over a reconciliation, and `meanwhile` in parallel.
    pub(super) fn new<T: Send>(
        reconciliation: Reconciliation,
        catalogue: &[&'static Check],
        meanwhile: impl FnOnce(&Reconciliation) -> T + Send,
    ) -> (Self, Vec<CheckResult>, T) {
        let run = |(place, check): (usize, &&'static Check)| run(place, check, &reconciliation);
        let checked = || catalogue.par_iter().enumerate().map(run).unzip();
        let ((results, subjects), meanwhile) = rayon::join(checked, || meanwhile(&reconciliation));
        (Self { reconciliation, checks: catalogue.to_vec(), subjects }, results, meanwhile)
    }

    /// A finding of a check by index.
    pub(super) fn finding(&self, result: &CheckResult, at: usize) -> Option<Finding> {
        Some(Finding::new(&self.reconciliation, result.check, self.subjects.get(result.place)?.get(at)?))
    }
}

fn run(place: usize, check: &'static Check, reconciliation: &Reconciliation) -> (CheckResult, Vec<Subject>) {
    let missing: Vec<String> = check.requirements.iter().flat_map(|need| need.missing(reconciliation)).collect();
    if !missing.is_empty() {
        let coverage = Coverage::NOTHING;
        return (CheckResult { place, check, coverage, findings: 0, missing, caused_by_stalls: 0 }, Vec::new());
    }
    let Selection { coverage, subjects, mut missing } = check.selects.select(reconciliation);
    // What stands in the rows at hand is a finding; that nothing stands in them is not yet a pass.
    missing.extend(check.requirements.iter().filter_map(|need| need.missing_in_part(reconciliation)));
    let because_of_stalls =
        subjects.iter().filter(|subject| check.stall_of(reconciliation, subject).is_some()).count() as u64;
    let result =
        CheckResult { place, check, coverage, findings: subjects.len(), missing, caused_by_stalls: because_of_stalls };
    (result, subjects)
}
