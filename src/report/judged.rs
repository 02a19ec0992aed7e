//! The checks, run over the books: what each picked. Findings are selections over columns; each is made when
//! somebody asks for it.
//!
//! Must not know: formats, files, earlier runs.

use rayon::prelude::*;

use crate::books::{Books, Subject};
use crate::check::{Check, Coverage, Selection};
use crate::finding::Finding;
use crate::report::CheckResult;

/// The books and what the checks picked from them.
#[derive(Debug)]
pub struct Judged {
    /// Both sides and how they stand to each other.
    pub books: Books,
    /// The catalogue.
    pub checks: Vec<&'static Check>,
    /// By check, in the order of the catalogue: what it fires on.
    pub subjects: Vec<Vec<Subject>>,
}

impl Judged {
    /// Runs a catalogue over the books, and beside it whatever else there is to do with them.
    pub(super) fn new<T: Send>(
        books: Books,
        catalogue: &[&'static Check],
        beside: impl FnOnce(&Books) -> T + Send,
    ) -> (Self, Vec<CheckResult>, T) {
        let run = |(place, check): (usize, &&'static Check)| run(place, check, &books);
        let checked = || catalogue.par_iter().enumerate().map(run).unzip();
        let ((results, subjects), beside) = rayon::join(checked, || beside(&books));
        (Self { books, checks: catalogue.to_vec(), subjects }, results, beside)
    }

    /// A finding of a check by its place.
    pub(super) fn finding(&self, result: &CheckResult, at: usize) -> Option<Finding> {
        Some(Finding::new(&self.books, result.check, self.subjects.get(result.place)?.get(at)?))
    }
}

fn run(place: usize, check: &'static Check, books: &Books) -> (CheckResult, Vec<Subject>) {
    let missing: Vec<String> = check.needs.iter().flat_map(|need| need.missing(books)).collect();
    if !missing.is_empty() {
        let coverage = Coverage::NOTHING;
        return (CheckResult { place, check, coverage, findings: 0, missing, because_of_stalls: 0 }, Vec::new());
    }
    let Selection { coverage, subjects, mut missing } = (check.select)(books);
    // What stands in the rows at hand is a finding; that nothing stands in them is not yet a pass.
    missing.extend(check.needs.iter().filter_map(|need| need.partial(books)));
    let because_of_stalls =
        subjects.iter().filter(|subject| check.stall_behind(books, subject).is_some()).count() as u64;
    let result = CheckResult { place, check, coverage, findings: subjects.len(), missing, because_of_stalls };
    (result, subjects)
}
