//! The section on the sync's health: data of stalls, timeline and heartbeats for the template.
//!
//! Must not know: markup beyond its class names.

use serde::Serialize;

use super::fact::{Fact, plain};
use crate::model::instant::Instant;
use crate::outputs::chart::{Chart, chart};
use crate::outputs::timeline;
use crate::outputs::timeline::Day;
use crate::outputs::wording;
use crate::outputs::{counted, grouped};
use crate::report::Report;
use crate::report::stalls::day;
use crate::stalls::Stall;

#[derive(Serialize)]
pub(super) struct Health {
    stalls: Vec<StallView>,
    /// Text if there is no stall.
    none: String,
    /// Whether stalls could not be looked for.
    blind: bool,
    chart: Option<Chart>,
    shaded: bool,
    months: Vec<MonthView>,
    beats: Vec<Beat>,
}

#[derive(Serialize)]
struct StallView {
    open: bool,
    heading: String,
    headline: String,
    sentences: Vec<String>,
    facts: Vec<Fact>,
}

#[derive(Serialize)]
struct MonthView {
    month: String,
    due: String,
    written: String,
    stalled: String,
}

#[derive(Serialize)]
struct Beat {
    object: &'static str,
    created: String,
    modified: String,
    silence: String,
    median: String,
    p95: String,
    p99: String,
}

pub(super) fn health(report: &Report) -> Health {
    let stalls = report.stalls();
    let days = timeline::days(report);
    let shown = timeline::shown(&days);
    Health {
        stalls: stalls.found.iter().map(|stall| stall_view(report, stall)).collect(),
        none: wording::no_stall(report),
        blind: !stalls.judged,
        chart: chart(shown, days.len()),
        shaded: shown.iter().any(|day| day.stalled),
        months: months(shown),
        beats: stalls.heartbeats.iter().map(beat).collect(),
    }
}

fn stall_view(report: &Report, stall: &Stall) -> StallView {
    let mut sentences = stall.sentences().into_iter().map(|sentence| plain_sentence(&sentence));
    StallView {
        open: stall.is_open(),
        heading: wording::stall_heading(stall).to_owned(),
        headline: sentences.next().unwrap_or_default(),
        sentences: sentences.collect(),
        facts: wording::stall_facts(report, stall)
            .into_iter()
            .map(|(term, value)| Fact { term, value: plain(&value) })
            .collect(),
    }
}

/// A generated sentence that names incidents from a user-editable table.
fn plain_sentence(text: &str) -> String {
    crate::outputs::sanitize::escape_controls(text).into_owned()
}

fn months(days: &[Day]) -> Vec<MonthView> {
    let mut months: Vec<(String, u64, u64, u64)> = Vec::new();
    for date in days {
        let month: String = day(date.day).chars().take(7).collect();
        if months.last().is_none_or(|(known, ..)| *known != month) {
            months.push((month, 0, 0, 0));
        }
        if let Some((_, due, written, stalled)) = months.last_mut() {
            *due += date.due;
            *written += date.written;
            *stalled += u64::from(date.stalled);
        }
    }
    months
        .into_iter()
        .map(|(month, due, written, stalled)| MonthView {
            month,
            due: grouped(due),
            written: grouped(written),
            stalled: grouped(stalled),
        })
        .collect()
}

fn beat(beat: &crate::stalls::heartbeat::Heartbeat) -> Beat {
    let moment = |at: Option<Instant>| {
        at.map_or_else(|| "never".to_owned(), |at| wording::moment(at).trim_end_matches(" UTC").to_owned())
    };
    let hours = |hours: Option<u32>| hours.map_or_else(String::new, |hours| counted(u64::from(hours), "hour", "hours"));
    Beat {
        object: wording::object(beat.object),
        created: moment(beat.created.map(|(at, _)| at)),
        modified: moment(beat.modified.map(|(at, _)| at)),
        silence: hours(beat.silence),
        median: hours(beat.gaps.map(|gaps| gaps.median)),
        p95: hours(beat.gaps.map(|gaps| gaps.p95)),
        p99: hours(beat.gaps.map(|gaps| gaps.p99)),
    }
}
