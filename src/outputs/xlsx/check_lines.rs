//! The lines of the sheet Summary, one for each check, as other sheets refer to them.

use super::findings;
use super::sheet::Cell;
use crate::checks::check::Check;
use crate::outputs::{counted, wording};
use crate::report::run_history::Movement;
use crate::report::{CheckResult, Report};

pub(super) const NAME: &str = "Summary";

/// One check in the table.
pub(super) struct CheckLine<'a> {
    pub(super) result: &'a CheckResult,
    /// Number of its findings.
    pub(super) findings: u64,
    /// Findings on the findings sheet.
    pub(super) here: u64,
    /// Their movement since the previous run. `None` if there is none.
    pub(super) movement: Option<Movement>,
}

impl CheckLine<'_> {
    pub(super) fn unseen(&self) -> u64 {
        self.movement.map_or(0, |movement| movement.unseen)
    }

    /// Findings that are open now.
    pub(super) fn open(&self) -> u64 {
        self.movement.map_or(self.findings, |it| (it.open_at_start + it.new + it.reopened).saturating_sub(it.cleared))
    }

    /// Countable findings: the rows of the sheet, and those that were not looked for.
    pub(super) fn counted(&self) -> u64 {
        self.here + self.unseen()
    }

    pub(super) fn is_cut(&self) -> bool {
        self.here < self.findings
    }

    /// Whether both agree, as a formula over two cells and as a word.
    pub(super) fn tick(&self, open: &str, counted: &str) -> Cell {
        tick(open, counted, self.open() == self.counted(), self.is_cut())
    }
}

pub(super) fn tick(open: &str, counted: &str, ties: bool, cut: bool) -> Cell {
    let otherwise = if cut { "\u{2013} cut" } else { "\u{2717} open" };
    let formula = format!("IF({open}={counted},\"\u{2713} ties\",\"{otherwise}\")");
    Cell::Tick(formula, if ties { "\u{2713} ties" } else { otherwise })
}

/// The table as other sheets refer to it.
pub(super) struct CheckLines<'a> {
    /// Checks worth showing, worst first.
    pub(super) checks: Vec<CheckLine<'a>>,
    /// Row of the first check, 1-based.
    pub(super) first: usize,
}

impl CheckLines<'_> {
    pub(super) fn sum(&self, of: impl Fn(&CheckLine<'_>) -> u64) -> u64 {
        self.checks.iter().map(of).sum()
    }

    pub(super) fn movement(&self) -> Movement {
        self.checks.iter().filter_map(|line| line.movement).fold(Movement::default(), Movement::and)
    }

    pub(super) fn open(&self) -> u64 {
        self.checks.iter().map(CheckLine::open).sum()
    }

    pub(super) fn counted(&self) -> u64 {
        self.checks.iter().map(CheckLine::counted).sum()
    }

    /// Row of the total, 1-based.
    pub(super) fn total(&self) -> usize {
        self.first + self.checks.len().max(1)
    }

    pub(super) fn total_tick(&self, open: &str, counted: &str) -> Cell {
        tick(open, counted, self.open() == self.counted(), self.checks.iter().any(CheckLine::is_cut))
    }
}

/// Checks with findings now or cleared since the previous run.
pub(super) fn lines(report: &Report) -> CheckLines<'_> {
    let movements = report.movements();
    let movement = |check: &Check| -> Option<Movement> {
        let found = movements.as_ref()?.iter().find(|(id, _)| *id == check.id);
        Some(found.map_or_else(Movement::default, |&(_, movement)| movement))
    };
    let line = |result, here| -> CheckLine<'_> {
        let result: &CheckResult = result;
        CheckLine { result, findings: result.findings as u64, here, movement: movement(result.check) }
    };
    let mut of: Vec<CheckLine<'_>> =
        findings::places(report).into_iter().map(|(result, here, _)| line(result, here)).collect();
    let mut others: Vec<CheckLine<'_>> = report.results.iter().map(|result| line(result, 0)).collect();
    others.retain(|line| line.findings == 0 && line.movement.is_some_and(|it| it != Movement::default()));
    others.sort_by_key(|line| (line.result.check.severity, line.result.check.id));
    of.extend(others);
    CheckLines { checks: of, first: words(report).len() + 4 }
}

/// The result in sentences.
pub(super) fn words(report: &Report) -> Vec<String> {
    let mut words = vec![wording::headline(report), wording::movement(report)];
    words.extend(report.run.before.iter().flat_map(|before| before.remarks.iter().cloned()));
    let movements = report.movements().unwrap_or_default();
    let unseen: u64 = movements.iter().map(|(_, movement)| movement.unseen).sum();
    if unseen > 0 {
        words.push(format!(
            "Not looked for: {}. An input was missing or incomplete, so they count as open; the sheet Cleared lists them.",
            counted(unseen, "finding", "findings")
        ));
    }
    words
}
