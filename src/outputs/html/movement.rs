//! What changed since the previous run, and the trend over the available runs.
//!
//! Must not know: markup beyond its class names.

use serde::Serialize;

use crate::model::label::Label as _;
use crate::outputs::sanitize::escape_controls;
use crate::outputs::{grouped, wording};
use crate::report::run_history;
use crate::report::run_history::{Movement, Point};
use crate::report::{Report, Verdict};

/// Height and width of a trend line.
const HEIGHT: f64 = 56.0;
const WIDTH: f64 = 320.0;
/// Margin for the marks at its ends.
const ROOM: f64 = 5.0;

#[derive(Serialize)]
pub(super) struct Roll {
    /// What changed, in a sentence; or how to get an earlier run for comparison.
    sentence: String,
    has_before: bool,
    remarks: Vec<String>,
    rows: Vec<MovementView>,
    all: MovementView,
    has_unseen: bool,
    ties: bool,
    ages: Vec<AgeView>,
    trend: Vec<PointView>,
    has_trend: bool,
    line: TrendLine,
}

#[derive(Serialize)]
struct MovementView {
    id: &'static str,
    title: &'static str,
    open_at_start: String,
    new: String,
    reopened: String,
    cleared: String,
    open_at_end: String,
    unseen: String,
    ties: bool,
}

#[derive(Serialize)]
struct AgeView {
    days: &'static str,
    findings: String,
}

#[derive(Serialize)]
struct PointView {
    date: String,
    verdict: &'static str,
    findings: String,
    /// What the run could not look for; its number is then less meaningful.
    unseen: String,
    current: bool,
}

/// A trend line: a path through the runs, and its description.
#[derive(Serialize)]
struct TrendLine {
    width: f64,
    height: f64,
    path: String,
    last_x: String,
    last_y: String,
    words: String,
}

pub(super) fn roll(report: &Report) -> Roll {
    let mut movements = report.movements().unwrap_or_default();
    let check = |id: &str| report.results.iter().find(|result| result.check.id == id).map(|result| result.check);
    movements.sort_by_key(|&(id, _)| (check(id).map(|check| check.severity), id));
    let title = |id: &str| check(id).map_or("", |check| check.title);
    let all = movements.iter().fold(Movement::default(), |all, &(_, movement)| all.and(movement));
    let moved = |movement: &Movement| *movement != Movement::default();
    let trend = &report.run.trend;
    Roll {
        sentence: wording::movement(report),
        has_before: report.run.before.is_some(),
        remarks: report
            .run
            .before
            .iter()
            .flat_map(|before| &before.remarks)
            .map(|remark| escape_controls(remark).into_owned())
            .collect(),
        rows: movements
            .iter()
            .filter(|(_, movement)| moved(movement))
            .map(|&(id, movement)| view(id, title(id), movement))
            .collect(),
        all: view("", "All checks", all),
        has_unseen: all.unseen > 0,
        ties: movements.iter().all(|(_, movement)| movement.ties()),
        ages: run_history::AGES
            .iter()
            .zip(run_history::ages(&report.history, report.run.read_at()))
            .map(|(&(days, _), findings)| AgeView { days, findings: grouped(findings) })
            .collect(),
        trend: trend.iter().map(|point| self::point(point, &report.run.run)).collect(),
        has_trend: trend.len() > 1,
        line: line(trend),
    }
}

fn view(id: &'static str, title: &'static str, movement: Movement) -> MovementView {
    MovementView {
        id,
        title,
        open_at_start: grouped(movement.open_at_start),
        new: grouped(movement.new),
        reopened: grouped(movement.reopened),
        cleared: grouped(movement.cleared),
        open_at_end: grouped(movement.open_at_end),
        unseen: grouped(movement.unseen),
        ties: movement.ties(),
    }
}

fn point(point: &Point, this: &str) -> PointView {
    PointView {
        date: wording::moment(point.read_at).trim_end_matches(" UTC").to_owned(),
        verdict: Verdict::parse(&point.verdict).map_or("", |verdict| wording::verdict(verdict).1),
        findings: grouped(point.all()),
        unseen: if point.unseen.is_empty() { String::new() } else { point.unseen.join(", ") },
        current: point.run == this,
    }
}

/// Runs are equally spaced, because the change per run matters; the axis starts at zero.
fn line(trend: &[Point]) -> TrendLine {
    let counts: Vec<u64> = trend.iter().map(Point::all).collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let steps = counts.len().saturating_sub(1).max(1);
    #[expect(clippy::cast_precision_loss, reason = "coordinates of a drawing")]
    let place = |at: usize, count: u64| {
        (
            ROOM + (WIDTH - 2.0 * ROOM) * at as f64 / steps as f64,
            HEIGHT - ROOM - (HEIGHT - 2.0 * ROOM) * count as f64 / most as f64,
        )
    };
    let places: Vec<(f64, f64)> = counts.iter().enumerate().map(|(at, &count)| place(at, count)).collect();
    let path: Vec<String> = places
        .iter()
        .zip(0..)
        .map(|((x, y), at)| format!("{}{x:.1} {y:.1}", if at == 0 { "M" } else { "L" }))
        .collect();
    let (last_x, last_y) = places.last().copied().unwrap_or((ROOM, HEIGHT - ROOM));
    let words = match (counts.first(), counts.last()) {
        (Some(&first), Some(&last)) => format!(
            "Findings over {} runs: {} in the first, {} in this one, {} at most.",
            counts.len(),
            grouped(first),
            grouped(last),
            grouped(most.max(first))
        ),
        _ => String::new(),
    };
    TrendLine {
        width: WIDTH,
        height: HEIGHT,
        path: path.join(""),
        last_x: format!("{last_x:.1}"),
        last_y: format!("{last_y:.1}"),
        words,
    }
}
