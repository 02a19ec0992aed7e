//! `reply.md`: the customer's answer after support reports a fix. It compares what an earlier run found for Docebo's
//! support with this run: what was restored, what is still missing.
//!
//! It states only what both runs saw, identifies records by their ids, and contains no personal value.
//!
//! Must not know: any single check.

use serde::Serialize;

use crate::checks::check::{Check, Owner};
use crate::model::fingerprint::Key;
use crate::outputs::pack::wording::{Style, fill, utc};
use crate::outputs::{RenderError, counted, grouped, wording};
use crate::report::run_history::{Entry, Movement, State};
use crate::report::{CheckResult, Report};

const TEMPLATE: &str = include_str!("../../templates/reply.md.hbs");
/// Maximum examples of each kind.
const EXAMPLES: usize = 5;

#[derive(Serialize)]
struct View {
    subject: String,
    statement: Vec<String>,
    before_run: String,
    before_at: String,
    now_run: String,
    now_at: String,
    checks: Vec<Checked>,
    unseen: Vec<String>,
    restored: Vec<Example>,
    missing: Vec<Example>,
    sync: Vec<String>,
    ask: &'static str,
}

#[derive(Serialize)]
struct Checked {
    id: &'static str,
    before: String,
    restored: String,
    still: String,
    new: String,
}

#[derive(Serialize)]
struct Example {
    key: String,
    check: String,
    record: String,
    learner: String,
    course: String,
}

/// The closing statement. `None` if there is no earlier run, or it found nothing for Docebo's support.
///
/// # Errors
/// None for any report.
pub fn text(report: &Report) -> Result<Option<String>, RenderError> {
    let Some((before, movements)) = report.run.before.as_ref().zip(report.movements()) else { return Ok(None) };
    let theirs: Vec<(&CheckResult, Movement)> = movements
        .iter()
        .filter_map(|&(id, movement)| Some((report.results.iter().find(|result| result.check.id == id)?, movement)))
        .filter(|(result, movement)| result.check.owner == Owner::DoceboSupport && *movement != Movement::default())
        .collect();
    let all = theirs.iter().fold(Movement::default(), |all, (_, movement)| all.and(*movement));
    if all.open_at_start == 0 {
        return Ok(None);
    }
    let (restored, still) = (all.cleared, all.open_at_start - all.cleared);
    let view = View {
        subject: subject(restored, still),
        statement: statement(all, restored, still),
        before_run: before.run.clone(),
        before_at: utc(before.read_at),
        now_run: report.run.run.clone(),
        now_at: utc(report.run.read_at()),
        checks: theirs.iter().map(|&(result, movement)| checked(result.check, movement)).collect(),
        unseen: theirs
            .iter()
            .filter(|(_, movement)| movement.unseen > 0)
            .map(|(result, movement)| {
                format!(
                    "`{}`: {} could not be looked for this time and count as missing ({})",
                    result.check.id,
                    grouped(movement.unseen),
                    result
                        .gaps()
                        .iter()
                        .map(|missing| Style::Markdown.sentence(missing))
                        .collect::<Vec<_>>()
                        .join("; ")
                )
            })
            .collect(),
        restored: examples(report, &theirs, |state| state == State::Cleared),
        missing: examples(report, &theirs, |state| matches!(state, State::Open | State::Unseen)),
        sync: sync(report),
        ask: ask(still, all.new + all.reopened),
    };
    Ok(Some(fill(TEMPLATE, &view)?))
}

fn subject(restored: u64, still: u64) -> String {
    match (restored, still) {
        (restored, 0) => {
            format!("Salesforce integration: all {} restored", counted(restored, "finding is", "findings are"))
        }
        (0, still) => format!("Salesforce integration: nothing is restored yet, {} still missing", grouped(still)),
        (restored, still) => {
            format!("Salesforce integration: {} restored, {} still missing", grouped(restored), grouped(still))
        }
    }
}

fn statement(all: Movement, restored: u64, still: u64) -> Vec<String> {
    let mut sentences = vec![format!(
        "Of {} that we told you of, {} restored and {} not.",
        counted(all.open_at_start, "finding", "findings"),
        counted(restored, "is", "are"),
        counted(still, "is", "are")
    )];
    let came = all.new + all.reopened;
    if came > 0 {
        sentences.push(format!("Since then {} came up.", counted(came, "further one", "further ones")));
    }
    sentences
}

fn checked(check: &'static Check, movement: Movement) -> Checked {
    Checked {
        id: check.id,
        before: grouped(movement.open_at_start),
        restored: grouped(movement.cleared),
        still: grouped(movement.open_at_start - movement.cleared),
        new: grouped(movement.new + movement.reopened),
    }
}

/// A few findings of each check in turn, by key, so that a run always names the same ones.
fn examples(report: &Report, theirs: &[(&CheckResult, Movement)], wanted: fn(State) -> bool) -> Vec<Example> {
    let mut by_check: Vec<Vec<(Key, &Entry)>> = theirs
        .iter()
        .map(|(result, _)| {
            let of_check = |(_, entry): &(Key, &Entry)| entry.check == result.check.id && wanted(entry.state);
            report.history.iter().filter(of_check).take(EXAMPLES).collect()
        })
        .collect();
    by_check.iter_mut().for_each(|entries| entries.reverse());
    let mut examples = Vec::new();
    while examples.len() < EXAMPLES && by_check.iter().any(|entries| !entries.is_empty()) {
        for entries in &mut by_check {
            if examples.len() < EXAMPLES
                && let Some((key, entry)) = entries.pop()
            {
                examples.push(example(key, entry));
            }
        }
    }
    examples
}

fn example(key: Key, entry: &Entry) -> Example {
    let none = || "-".to_owned();
    let ids = entry.ids;
    Example {
        key: key.to_string(),
        check: entry.check.clone().into_owned(),
        record: ids.record.map_or_else(none, |(object, id)| format!("`{object} {id}`")),
        learner: ids.learner.map_or_else(none, |id| id.to_string()),
        course: ids.course.map_or_else(none, |id| id.to_string()),
    }
}

fn sync(report: &Report) -> Vec<String> {
    let stalls = report.stalls();
    if stalls.found.is_empty() {
        return vec![wording::no_stall(report)];
    }
    stalls.found.iter().map(|stall| Style::Markdown.sentence(&stall.headline())).collect()
}

const fn ask(still: u64, came: u64) -> &'static str {
    match (still, came) {
        (0, 0) => "From our side the case can be closed. Please delete the attachments.",
        (0, _) => {
            "What we told you of is restored. The further findings may have another cause; please look before the case is closed."
        }
        _ => "Please write what is still missing, all of it and not only the examples; we will compare again.",
    }
}
