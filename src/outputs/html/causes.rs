//! The causes: one block for each check with findings, with its texts and examples, and an overview with bars for
//! their number.
//!
//! Must not know: markup beyond its class names.

use serde::Serialize;

use super::fact::plain;
use super::row::{Row, Rows};
use crate::checks::check::Check;
use crate::model::label::Label as _;
use crate::outputs::sanitize::escape_controls;
use crate::outputs::{counted, grouped, wording};
use crate::report::run_history::Movement;
use crate::report::{CheckResult, Report};

/// Number of examples per cause.
const EXAMPLES: usize = 20;
/// Length of the longest bar.
const MAX_BAR: f64 = 160.0;

#[derive(Serialize)]
pub(super) struct OwnerView {
    name: &'static str,
    checks: String,
    findings: String,
}

/// Texts of a check.
#[derive(Serialize)]
pub(super) struct CheckView {
    id: &'static str,
    title: &'static str,
    severity: &'static str,
    owner: &'static str,
    why: &'static str,
    expected_when: String,
    remedy: String,
}

#[derive(Serialize)]
pub(super) struct Cause {
    check: CheckView,
    count: String,
    findings: &'static str,
    examined: String,
    /// How many findings a stall causes; blank if none.
    consequence: String,
    /// Movement since the previous run; blank if there is none.
    movement: String,
    /// What the check could not see.
    unseen: Vec<String>,
    bar: Bar,
    examples: FindingsTable,
    examples_note: String,
    /// Filter value for the table of all findings; blank if the examples are complete.
    all: String,
}

/// A bar of a chart: lengths in the drawing's units.
#[derive(Serialize)]
struct Bar {
    all: f64,
    length: String,
}

#[derive(Serialize)]
struct FindingsTable {
    label: String,
    caption: String,
    rows: Vec<Row>,
}

pub(super) fn owners(report: &Report) -> Vec<OwnerView> {
    wording::by_owner(report)
        .into_iter()
        .map(|(owner, checks, findings)| OwnerView {
            name: wording::owner(owner),
            checks: counted(checks, "check", "checks"),
            findings: counted(findings, "finding", "findings"),
        })
        .collect()
}

pub(super) fn check(check: &'static Check) -> CheckView {
    CheckView {
        id: check.id,
        title: check.title,
        severity: check.severity.label(),
        owner: wording::owner(check.owner),
        why: check.why,
        expected_when: wording::sentence(check.expected_when),
        remedy: wording::sentence(check.remedy),
    }
}

pub(super) fn examined(result: &CheckResult) -> String {
    let many = result.check.unit;
    let judged = counted(result.coverage.judged(), many.strip_suffix('s').unwrap_or(many), many);
    judged + &wording::unjudged(result)
}

pub(super) fn missing(result: &CheckResult) -> Vec<String> {
    result.gaps().iter().map(|missing| escape_controls(missing).into_owned()).collect()
}

pub(super) fn causes(inner: Rows<'_>) -> Vec<Cause> {
    let found = inner.report.found();
    let most = found.iter().map(|result| result.findings).max().unwrap_or(0);
    let movements = inner.report.movements().unwrap_or_default();
    let moved = |id: &str| movements.iter().find(|(known, _)| *known == id).map(|&(_, movement)| movement);
    found.into_iter().map(|result| cause(inner, result, most, moved(result.check.id))).collect()
}

fn cause(inner: Rows<'_>, result: &CheckResult, most: usize, movement: Option<Movement>) -> Cause {
    let all = result.findings;
    let rows: Vec<Row> =
        inner.report.findings_of(result).take(EXAMPLES).map(|finding| inner.row(&finding, true)).collect();
    let shown = rows.len();
    Cause {
        check: check(result.check),
        count: grouped(all as u64),
        findings: if all == 1 { "finding" } else { "findings" },
        examined: examined(result),
        unseen: missing(result),
        movement: movement.map_or_else(String::new, moved),
        bar: bar(all, most),
        consequence: match result.caused_by_stalls {
            0 => String::new(),
            _ if result.is_consequence() => "because of the stall".to_owned(),
            some => format!("{} because of the stall", grouped(some)),
        },
        examples: FindingsTable {
            label: format!("Examples of {}", result.check.id),
            caption: format!("Examples: {}", plain(result.check.title)),
            rows,
        },
        examples_note: match (shown, all) {
            (1, 1) => "Show it".to_owned(),
            (shown, all) if shown == all => format!("Show all {}", grouped(all as u64)),
            (shown, all) => format!("Show {} of {}", grouped(shown as u64), grouped(all as u64)),
        },
        all: if shown < all { format!("check={}", result.check.id) } else { String::new() },
    }
}

fn moved(movement: Movement) -> String {
    let Movement { open_at_start, new, reopened, cleared, unseen, .. } = movement;
    if new + reopened + cleared + unseen == 0 {
        return "Unchanged since the run before".to_owned();
    }
    let parts = [(new, "new"), (reopened, "reopened"), (cleared, "cleared"), (unseen, "not looked for")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", grouped(*count)))
        .collect();
    format!("{} since {} in the run before", parts.join(", "), grouped(open_at_start))
}

/// At least a visible line, even for one finding among thousands.
#[expect(clippy::cast_precision_loss, reason = "coordinates of a drawing")]
fn bar(count: usize, most: usize) -> Bar {
    let length = (MAX_BAR * count as f64 / most.max(1) as f64).max(1.0);
    Bar { all: MAX_BAR, length: format!("{length:.1}") }
}
