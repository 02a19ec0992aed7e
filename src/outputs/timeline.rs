//! Daily sync activity: enrollments due, records written, and stalls. Page, workbook and pack show the same days.
//!
//! Must not know: markup, sheets.

use crate::model::instant::{DAY, HOUR, Instant};
use crate::report::Report;

/// Maximum days in a chart: the newest sixteen months.
pub(crate) const MAX_DAYS: usize = 487;

/// One day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    /// Days since 1970.
    pub(crate) day: u32,
    /// Number of enrollments that fell due.
    pub(crate) due: u64,
    /// Number of `CourseEnrollment__c` rows created.
    pub(crate) written: u64,
    /// Whether a stall covered most of it.
    pub(crate) stalled: bool,
}

/// Every day from the first event or write to the last, without gaps.
pub(crate) fn days(report: &Report) -> Vec<Day> {
    let stalls = report.stalls();
    let written = &report.run.written;
    let ends = |days: &[(u32, u64)]| Some((days.first()?.0, days.last()?.0));
    let Some((first, last)) = [ends(&stalls.due), ends(written)]
        .into_iter()
        .flatten()
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    else {
        return Vec::new();
    };
    let mut days: Vec<Day> = (first..=last).map(|day| Day { day, due: 0, written: 0, stalled: false }).collect();
    for &(day, due) in &stalls.due {
        days[(day - first) as usize].due = due;
    }
    for &(day, count) in written {
        days[(day - first) as usize].written = count;
    }
    for stall in &stalls.found {
        let until = stall.until.unwrap_or(report.cutoff());
        for day in &mut days {
            let begins = Instant::from_seconds(i64::from(day.day) * DAY);
            // A day counts as stalled if the stall covered most of it.
            let held = begins.plus(DAY).min(until).seconds() - begins.max(stall.from).seconds();
            day.stalled |= held >= 12 * HOUR;
        }
    }
    days
}

/// The newest days, as many as a chart shows.
pub(crate) fn shown(days: &[Day]) -> &[Day] {
    &days[days.len().saturating_sub(MAX_DAYS)..]
}

/// Description of the days in a sentence: the chart's text alternative.
pub(crate) fn in_words(days: &[Day]) -> String {
    use crate::outputs::counted;
    use crate::report::stalls::day;
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return "There is nothing to show: no enrollment fell due and no record was written.".to_owned();
    };
    let sum =
        |of: fn(&Day) -> u64, stalled: bool| -> u64 { days.iter().filter(|day| day.stalled == stalled).map(of).sum() };
    let describe = |stalled: bool| {
        format!(
            "{} fell due and {} written",
            counted(sum(|day| day.due, stalled), "enrollment", "enrollments"),
            counted(sum(|day| day.written, stalled), "record was", "records were")
        )
    };
    let span = format!("From {} to {}", day(first.day), day(last.day));
    let at_rest = days.iter().filter(|day| day.stalled).count() as u64;
    if at_rest == 0 {
        format!("{span} {}.", describe(false))
    } else {
        format!(
            "{span} the sync stood still on {}: on those {}, on the others {}.",
            counted(at_rest, "day", "days"),
            describe(true),
            describe(false)
        )
    }
}
