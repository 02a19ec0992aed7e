//! The table of all findings: its first rows as markup, for readers without a script, and all of them in a data block
//! that the page's script unpacks.
//!
//! Must not know: how the script shows them.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

use super::fact::plain;
use super::row::{Row, Rows};
use crate::checks::check::Severity;
use crate::checks::finding::Finding;
use crate::inputs::reviews::Status;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::outputs::redact::Names;
use crate::outputs::{RenderError, counted, grouped, wording};
use crate::report::Report;
use crate::report::run_history::State;

/// Number of rows in the markup.
const ROWS: usize = 200;
/// Maximum findings in the data block: what browsers still handle easily.
const MAX_ROWS: u64 = 100_000;

#[derive(Serialize)]
pub(super) struct Explorer {
    label: &'static str,
    caption: &'static str,
    checks: Vec<CheckOption>,
    severities: Vec<WordOption>,
    changes: Vec<WordOption>,
    has_changes: bool,
    rows: Vec<Row>,
    /// Description of the table, for readers with and without a script.
    with_script: String,
    without_script: String,
}

#[derive(Serialize)]
struct CheckOption {
    id: &'static str,
    title: &'static str,
    count: String,
}

#[derive(Serialize)]
struct WordOption {
    word: &'static str,
    count: String,
}

/// Possible states of a finding of this run, as passed to the script.
const STATES: [State; 3] = [State::New, State::Open, State::Reopened];

pub(super) fn explorer(inner: Rows<'_>) -> Explorer {
    let report = inner.report;
    let all = report.finding_count();
    let found = report.found();
    let severities = wording::by_severity(report).into_iter().filter(|&(_, count)| count > 0);
    let has_changes = report.run.before.is_some();
    let in_state = |state: State| report.history.in_state(state).count() as u64;
    let changes: Vec<WordOption> = if has_changes {
        STATES
            .into_iter()
            .map(|state| WordOption { word: wording::state(state), count: grouped(in_state(state)) })
            .collect()
    } else {
        Vec::new()
    };
    Explorer {
        label: "Table of findings",
        caption: "Findings, worst first",
        checks: found
            .iter()
            .map(|result| CheckOption {
                id: result.check.id,
                title: result.check.title,
                count: grouped(result.findings as u64),
            })
            .collect(),
        severities: severities
            .map(|(severity, count)| WordOption { word: severity.label(), count: grouped(count) })
            .collect(),
        changes,
        has_changes,
        rows: report.findings().take(ROWS).map(|finding| inner.row(&finding, false)).collect(),
        with_script: holds(MAX_ROWS, all),
        without_script: holds(ROWS as u64, all),
    }
}

/// How many findings a table contains, and where the others are.
fn holds(most: u64, all: u64) -> String {
    let all_of_them = counted(all, "finding", "findings");
    if all == 1 {
        "The only finding. findings.jsonl and workbook.xlsx hold it too, with its evidence.".to_owned()
    } else if all <= most {
        format!("All {all_of_them}. findings.jsonl and workbook.xlsx hold them too, with their evidence.")
    } else {
        format!(
            "The first {} of {all_of_them}, the worst first. findings.jsonl holds all of them, with their evidence.",
            grouped(most)
        )
    }
}

/// A finding for the script, in its column order. An index is -1 if there is no value.
#[derive(Serialize)]
struct Packed(
    String, // key
    usize,  // check
    i64,    // change
    i64,    // object
    String, // record
    String, // Docebo user
    String, // Docebo course
    String, // field
    String, // expected
    String, // found
    String, // since
    i64,    // age in days
    usize,  // status
);

/// All findings, packed: raw deflate of JSON.
///
/// # Errors
/// If writing to `out` fails.
pub(super) fn pack(report: &Report, names: Names<'_>, out: impl Write) -> Result<(), RenderError> {
    let inner = Rows { report, names };
    let found = report.found();
    let checks: Vec<&str> = found.iter().map(|result| result.check.id).collect();
    let severities: Vec<&str> = Severity::ALL.iter().map(|severity| severity.label()).collect();
    let of: Vec<usize> = found.iter().map(|result| result.check.severity.index()).collect();
    let objects: Vec<[&str; 2]> =
        SfObject::ALL.iter().map(|&object| [object.label(), wording::object(object)]).collect();
    let changes: Vec<&str> = STATES.into_iter().map(wording::state).collect();
    let statuses: Vec<&str> = std::iter::once("").chain(Status::ALL.iter().map(|status| status.label())).collect();

    let mut out = std::io::BufWriter::new(DeflateEncoder::new(out, Compression::new(6)));
    let base = wording::instance(report).unwrap_or_default();
    let head = serde_json::json!({
        "base": base, "checks": checks, "severities": severities, "of": of,
        "objects": objects, "changes": changes, "statuses": statuses,
    });
    // The head without its closing brace, then the rows one by one, so that they are never all in memory.
    let head = head.to_string();
    out.write_all(head.trim_end_matches('}').as_bytes())?;
    out.write_all(b",\"rows\":[")?;
    let mut left = MAX_ROWS;
    for (place, result) in found.iter().enumerate() {
        for finding in report.findings_of(result) {
            if left == 0 {
                break;
            }
            if left < MAX_ROWS {
                out.write_all(b",")?;
            }
            left -= 1;
            serde_json::to_writer(&mut out, &row(inner, &finding, place))?;
        }
    }
    out.write_all(b"]}")?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()?;
    Ok(())
}

fn row(inner: Rows<'_>, finding: &Finding, check: usize) -> Packed {
    let (detail, record) = (&finding.detail, finding.ids.record);
    let number = |id: Option<u64>| id.map_or_else(String::new, |id| id.to_string());
    let place = |place: Option<usize>| place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1);
    let state = inner.report.run.before.as_ref().and_then(|_| inner.report.entry(finding.key)).map(|entry| entry.state);
    let status = inner.report.review(finding.key).and_then(|review| review.status);
    Packed(
        finding.key.to_string(),
        check,
        place(state.and_then(|state| STATES.iter().position(|&known| known == state))),
        place(record.map(|(object, _)| object.index())),
        record.map_or_else(String::new, |(_, id)| id.to_string()),
        number(finding.ids.learner),
        number(finding.ids.course),
        plain(&detail.field),
        plain(&inner.names.show(&detail.expected)),
        plain(&inner.names.show(&detail.found)),
        detail.since.map_or_else(String::new, |since| wording::moment(since).trim_end_matches(" UTC").to_owned()),
        inner.age(finding).unwrap_or(-1),
        status.map_or(0, |status| status.index() + 1),
    )
}
