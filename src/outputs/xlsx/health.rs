//! Sync health: stalls, heartbeats, and the timeline as a chart over its own table of days.

use rust_xlsxwriter::{
    Chart, ChartAxisDateUnitType, ChartFormat, ChartLegendPosition, ChartSolidFill, ChartType, Color, XlsxError,
};

use super::sheet::{Cell, Header, Sheet};
use crate::model::instant::{DAY, Instant};
use crate::model::label::Label as _;
use crate::outputs::timeline;
use crate::outputs::timeline::Day;
use crate::outputs::wording;
use crate::report::Report;
use crate::stalls::Stall;
use crate::stalls::heartbeat::Heartbeat;

pub(super) const WIDTHS: &[f64] = &[34.0, 20.0, 22.0, 20.0, 22.0, 11.0, 11.0, 11.0, 11.0, 11.0, 11.0, 12.0, 30.0];
const NAME: &str = "Sync health";
/// Rows covered by the chart.
const CHART_ROWS: u32 = 17;

pub(super) fn write(sheet: &mut Sheet<'_>, report: &Report) -> Result<(), XlsxError> {
    sheet.title(NAME)?;
    let stalls = report.stalls();
    let mut row = 1;
    if stalls.found.is_empty() {
        sheet.row(row, &[Cell::Line(wording::no_stall(report))])?;
        row += 1;
    } else {
        row = stall_cells(sheet, report, row)?;
    }
    row = heartbeats(sheet, &stalls.heartbeats, row + 1)?;
    timeline(sheet, report, row + 1)?;
    sheet.protect();
    Ok(())
}

fn stall_cells(sheet: &mut Sheet<'_>, report: &Report, mut row: u32) -> Result<u32, XlsxError> {
    let found = &report.stalls().found;
    for stall in found {
        for sentence in stall.sentences() {
            sheet.row(row, &[Cell::Line(sentence)])?;
            row += 1;
        }
        for (term, value) in wording::stall_facts(report, stall) {
            sheet.row(row, &[Cell::Line(format!("{term}: {value}"))])?;
            row += 1;
        }
        row += 1;
    }
    sheet.heading(row, "Stalls")?;
    sheet.head(
        row + 1,
        &[
            Header::Text("Stream"),
            Header::Text("Began after (UTC)"),
            Header::Text("Began before (UTC)"),
            Header::Text("Ended after (UTC)"),
            Header::Text("Ended before (UTC)"),
            Header::Number("Fell due"),
            Header::Number("On time"),
            Header::Number("Late"),
            Header::Number("Missed"),
            Header::Number("Learners"),
            Header::Number("Courses"),
            Header::Number("Confidence"),
            Header::Text("Coincides with"),
        ],
    )?;
    row += 2;
    for stall in found {
        sheet.row(row, &cells(stall))?;
        row += 1;
    }
    Ok(row)
}

fn cells(stall: &Stall) -> [Cell; 13] {
    let moment = |at: Option<Instant>| at.map_or(Cell::Blank, Cell::Date);
    let end = |of: fn(&crate::stalls::segment::Bounds) -> Option<Instant>| stall.end.as_ref().and_then(of);
    let incidents: Vec<&str> = stall.incidents.iter().map(|incident| incident.name.as_str()).collect();
    let (stream, counts) = (stall.stream.label(), stall.counts);
    [
        Cell::Text(if stall.is_open() { format!("{stream} (open)") } else { stream.to_owned() }),
        moment(stall.onset.after),
        moment(stall.onset.before),
        moment(end(|end| end.after)),
        moment(end(|end| end.before)),
        Cell::Number(counts.expected),
        Cell::Number(counts.on_time),
        Cell::Number(counts.late),
        Cell::Number(counts.missed),
        Cell::Number(stall.learners),
        Cell::Number(stall.courses),
        Cell::Share(stall.confidence),
        Cell::Text(incidents.join("; ")),
    ]
}

fn heartbeats(sheet: &mut Sheet<'_>, beats: &[Heartbeat], mut row: u32) -> Result<u32, XlsxError> {
    sheet.heading(row, "Heartbeats")?;
    sheet.head(
        row + 1,
        &[
            Header::Text("Object"),
            Header::Text("Newest record (UTC)"),
            Header::Text("Its id"),
            Header::Text("Last change (UTC)"),
            Header::Text("Its id"),
            Header::Number("Silent, hours"),
            Header::Number("Usual gap, hours"),
            Header::Number("19 of 20 gaps"),
            Header::Number("99 of 100"),
        ],
    )?;
    row += 2;
    let hours = |hours: Option<u32>| hours.map_or(Cell::Blank, |hours| Cell::Number(u64::from(hours)));
    for beat in beats {
        let moment = |write: Option<(Instant, _)>| write.map_or(Cell::Blank, |(at, _)| Cell::Date(at));
        let record = |write: Option<(_, crate::model::id::RecordId)>| {
            write.map_or(Cell::Blank, |(_, id)| Cell::Text(id.to_string()))
        };
        sheet.row(
            row,
            &[
                Cell::text(beat.object.label()),
                moment(beat.created),
                record(beat.created),
                moment(beat.modified),
                record(beat.modified),
                hours(beat.silence),
                hours(beat.gaps.map(|gaps| gaps.median)),
                hours(beat.gaps.map(|gaps| gaps.p95)),
                hours(beat.gaps.map(|gaps| gaps.p99)),
            ],
        )?;
        row += 1;
    }
    if beats.is_empty() {
        sheet.row(row, &[Cell::text("None: no object was read.")])?;
        row += 1;
    }
    Ok(row)
}

fn timeline(sheet: &mut Sheet<'_>, report: &Report, row: u32) -> Result<(), XlsxError> {
    let all = timeline::days(report);
    let days = timeline::shown(&all);
    sheet.heading(row, "Day by day")?;
    sheet.row(row + 1, &[Cell::Line(timeline::in_words(days))])?;
    if days.is_empty() {
        return Ok(());
    }
    let head = row + 3 + CHART_ROWS;
    sheet.head(
        head,
        &[
            Header::Text("Day (UTC)"),
            Header::Number("Enrollments due"),
            Header::Number("Records written"),
            Header::Number("At rest"),
        ],
    )?;
    let ceiling = days.iter().map(|day| day.due).max().unwrap_or(0).max(1);
    let mut line = head;
    for day in days {
        line += 1;
        sheet.row(
            line,
            &[
                Cell::Day(Instant::from_seconds(i64::from(day.day) * DAY)),
                Cell::Number(day.due),
                Cell::Number(day.written),
                if day.stalled { Cell::Number(ceiling) } else { Cell::Blank },
            ],
        )?;
    }
    let chart = chart(days, ceiling, head + 1, line);
    sheet.inner.insert_chart(row + 3, 0, &chart)?;
    Ok(())
}

/// Three overlaid series: the stall at the back, then due, then written in front.
fn chart(days: &[Day], ceiling: u64, first: u32, last: u32) -> Chart {
    let mut chart = Chart::new(ChartType::Column);
    for (column, name, color) in
        [(3, "At rest", 0x00F0_D5D3), (1, "Enrollments due", 0x0082_94A6), (2, "Records written", 0x001D_4F80)]
    {
        chart
            .add_series()
            .set_name(name)
            .set_categories((NAME, first, 0, last, 0))
            .set_values((NAME, first, column, last, column))
            .set_format(ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(Color::RGB(color))))
            .set_overlap(100)
            .set_gap(10);
    }
    chart.title().set_name("Enrollments due and records written, by the day (UTC)");
    chart
        .x_axis()
        .set_date_axis(true)
        .set_num_format("mmm yyyy")
        .set_major_unit(1)
        .set_major_unit_date_type(ChartAxisDateUnitType::Months);
    // Otherwise a backlog written in one day would flatten everything else.
    if days.iter().any(|day| day.written > 2 * ceiling) {
        chart.y_axis().set_max(2.0 * ceiling as f64);
    }
    chart.legend().set_position(ChartLegendPosition::Bottom);
    chart.set_width(1_150).set_height(325).set_alt_text(timeline::in_words(days));
    chart
}
