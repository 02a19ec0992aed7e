//! The timeline as a drawing: coordinates and labels for `templates/timeline.svg.hbs`, with all numbers preformatted
//! as text.
//!
//! Must not know: where the days come from, colors.

use serde::Serialize;

use crate::outputs::grouped;
use crate::outputs::timeline::{Day, in_words};
use crate::report::stalls::day;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 26.0;
/// Maximum number of month labels that fit.
const MAX_MONTHS: usize = 12;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Data of the drawing's template.
#[derive(Debug, Serialize)]
pub(crate) struct Chart {
    width: f64,
    height: f64,
    left: f64,
    right: String,
    base: String,
    /// Paths of bars.
    due: String,
    written: String,
    stalls: Vec<Band>,
    levels: Vec<Level>,
    months: Vec<Month>,
    /// Text alternative for the drawing.
    pub(crate) words: String,
    /// What the drawing omits; blank if it shows everything.
    pub(crate) note: String,
}

#[derive(Debug, Serialize)]
struct Band {
    x: String,
    width: String,
    top: f64,
    height: String,
    middle: String,
    label: &'static str,
}

#[derive(Debug, Serialize)]
struct Level {
    y: String,
    text_y: String,
    label: String,
}

#[derive(Debug, Serialize)]
struct Month {
    x: String,
    label: String,
}

/// The drawing of some days, possibly only the newest of `all`. `None` if there are no days.
pub(crate) fn chart(days: &[Day], all: usize) -> Option<Chart> {
    let (first, count) = (days.first()?, days.len());
    let base = HEIGHT - BOTTOM;
    let step = (WIDTH - LEFT - RIGHT) / count as f64;
    let most_due = days.iter().map(|day| day.due).max().unwrap_or(0);
    let most_written = days.iter().max_by_key(|day| day.written)?;
    // Otherwise a backlog written in one day would flatten everything else.
    let ceiling = round_up(if most_written.written > 2 * most_due.max(1) && most_due > 0 {
        2 * most_due
    } else {
        most_written.written.max(most_due).max(1)
    });
    let x = |at: usize| LEFT + at as f64 * step;
    let height = |value: u64| (value.min(ceiling)) as f64 / ceiling as f64 * (base - TOP);
    let bars = |of: fn(&Day) -> u64| -> String {
        days.iter()
            .enumerate()
            .filter(|(_, day)| of(day) > 0)
            .map(|(at, day)| {
                let width = (step * 0.85).max(0.4);
                format!(
                    "M{} {}v{}h{}V{}z",
                    short(x(at)),
                    short(base),
                    short(-height(of(day))),
                    short(width),
                    short(base)
                )
            })
            .collect()
    };
    let mut stalls = Vec::new();
    let mut at = 0;
    while at < count {
        let length = days[at..].iter().take_while(|day| day.stalled).count();
        if length > 0 {
            let (from, until) = (x(at), x(at + length));
            stalls.push(Band {
                x: short(from),
                width: short(until - from),
                top: TOP - 4.0,
                height: short(base - TOP + 4.0),
                middle: short(((from + until) / 2.0).clamp(LEFT + 36.0, WIDTH - RIGHT - 36.0)),
                // Only a stall that includes the last day may still be open.
                label: if at + length == count { "stands still" } else { "stood still" },
            });
        }
        at += length.max(1);
    }
    let levels = [0, ceiling / 2, ceiling]
        .into_iter()
        .map(|value| {
            let y = base - height(value);
            Level { y: short(y), text_y: short(y + 4.0), label: grouped(value) }
        })
        .collect();
    let mut note = String::new();
    if count < all {
        note.push_str(&format!(
            "The newest {} of {} days, from {} on. ",
            grouped(count as u64),
            grouped(all as u64),
            day(first.day)
        ));
    }
    if most_written.written > ceiling {
        note.push_str(&format!(
            "Bars that reach the top are cut: on {} {} records were written.",
            day(most_written.day),
            grouped(most_written.written)
        ));
    }
    Some(Chart {
        width: WIDTH,
        height: HEIGHT,
        left: LEFT,
        right: short(WIDTH - RIGHT),
        base: short(base),
        due: bars(|day| day.due),
        written: bars(|day| day.written),
        stalls,
        levels,
        months: months(days, &x),
        words: in_words(days),
        note: note.trim_end().to_owned(),
    })
}

/// First days of months, as many as fit.
fn months(days: &[Day], x: &impl Fn(usize) -> f64) -> Vec<Month> {
    let firsts: Vec<(usize, String)> = days
        .iter()
        .enumerate()
        .map(|(at, date)| (at, day(date.day)))
        .filter(|(_, date)| date.ends_with("-01"))
        .collect();
    let every = firsts.len().div_ceil(MAX_MONTHS).max(1);
    firsts
        .iter()
        .step_by(every)
        .map(|(at, date)| {
            let month = date.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
            let name = MONTHS.get(month.saturating_sub(1)).copied().unwrap_or("");
            Month { x: short(x(*at)), label: format!("{name} {}", date.get(..4).unwrap_or("")) }
        })
        .collect()
}

/// Rounds up to 1, 2, 5 or a power of ten times these.
fn round_up(value: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [1, 2, 5] {
            if let Some(round) = unit.checked_mul(step).filter(|&round| round >= value.max(2)) {
                return round;
            }
        }
        match unit.checked_mul(10) {
            Some(next) => unit = next,
            None => return value,
        }
    }
}

/// A coordinate to one decimal.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{chart, round_up, short};
    use crate::outputs::timeline::Day;

    #[test]
    fn a_ceiling_is_a_round_number() {
        assert_eq!([0, 1, 2, 3, 7, 10, 11, 101].map(round_up), [2, 2, 2, 5, 10, 10, 20, 200]);
        assert_eq!([1.0, 1.26, -3.04].map(short), ["1", "1.3", "-3"]);
    }

    #[test]
    fn a_stall_is_one_band_and_a_backlog_does_not_press_the_rest_down() {
        let day = |day, due, written, stalled| Day { day, due, written, stalled };
        let days =
            [day(20_000, 5, 5, false), day(20_001, 4, 0, true), day(20_002, 6, 0, true), day(20_003, 5, 900, false)];
        let chart = chart(&days, 10).expect("days");
        assert_eq!(chart.stalls.len(), 1);
        assert_eq!(chart.due.matches('M').count(), 4);
        assert_eq!(chart.written.matches('M').count(), 2);
        assert_eq!(chart.levels.last().map(|level| level.label.as_str()), Some("20"));
        assert!(chart.note.contains("The newest 4 of 10 days") && chart.note.contains("900 records"), "{}", chart.note);
        assert!(chart.words.contains("stood still on 2 days"), "{}", chart.words);
        assert!(super::chart(&[], 0).is_none());
    }
}
