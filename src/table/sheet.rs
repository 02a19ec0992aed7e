//! The first sheet of a workbook, row by row. Dates become the text that a CSV export would hold, so
//! that one reader serves both.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};
use csv::ByteRecord;

use crate::error::Error;
use crate::model::instant::civil_from_days;
use crate::model::instant::{DAY, days_from_civil};
use crate::table::Row;

type Workbook = Xlsx<BufReader<File>>;

fn broken(path: &Path, error: &XlsxError) -> Error {
    Error::Input {
        path: path.to_owned(),
        what: format!("cannot be read as an XLSX workbook: {error}"),
        next: "open it in a spreadsheet program and save it again as XLSX, or as CSV".to_owned(),
    }
}

fn open(path: &Path) -> Result<(Workbook, String), Error> {
    let workbook: Workbook = calamine::open_workbook(path).map_err(|error| broken(path, &error))?;
    let first = workbook.sheet_names().first().cloned().ok_or_else(|| Error::Input {
        path: path.to_owned(),
        what: "holds no sheet".to_owned(),
        next: "export the report again".to_owned(),
    })?;
    Ok((workbook, first))
}

pub(super) fn headings(path: &Path) -> Result<Vec<String>, Error> {
    let mut headings = Vec::new();
    each_record(path, |record, _| {
        headings = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        Ok(false)
    })?;
    Ok(headings)
}

pub(super) fn rows(
    path: &Path,
    columns: usize,
    mut each: impl FnMut(Row<'_>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut heading = true;
    let mut count = 0;
    each_record(path, |record, line| {
        if std::mem::take(&mut heading) {
            return Ok(true);
        }
        // A sheet has no short rows: cells that are not there are blank.
        while record.len() < columns {
            record.push_field(b"");
        }
        count += 1;
        each(Row { record, line })?;
        Ok(true)
    })?;
    Ok(count)
}

/// Hands over each row that has a cell, until told to stop.
fn each_record(path: &Path, mut each: impl FnMut(&mut ByteRecord, u64) -> Result<bool, Error>) -> Result<(), Error> {
    let (mut workbook, sheet) = open(path)?;
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(|error| broken(path, &error))?;
    let mut record = ByteRecord::new();
    let mut current = None;
    while let Some(cell) = cells.next_cell().map_err(|error| broken(path, &error))? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if current != Some(row) {
            if let Some(finished) = current
                && !each(&mut record, u64::from(finished) + 1)?
            {
                return Ok(());
            }
            record.clear();
            current = Some(row);
        }
        while record.len() < column as usize {
            record.push_field(b"");
        }
        record.push_field(text.as_bytes());
    }
    if let Some(finished) = current {
        each(&mut record, u64::from(finished) + 1)?;
    }
    Ok(())
}

fn text_of<'a>(value: &'a DataRef<'_>) -> std::borrow::Cow<'a, str> {
    use std::borrow::Cow;
    match value {
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(number.to_string()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cow::Borrowed(text),
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
            let Some(days) = days_from_civil(i64::from(year), month, day) else {
                return Cow::Owned(moment.as_f64().to_string());
            };
            // A serial number holds a second only nearly.
            let seconds = days * DAY
                + i64::from(hour) * 3_600
                + i64::from(minute) * 60
                + i64::from(second)
                + i64::from(milli >= 500);
            let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
            let time = seconds.rem_euclid(DAY);
            let date = format!("{year:04}-{month:02}-{day:02}");
            Cow::Owned(if time == 0 {
                date
            } else {
                format!("{date} {:02}:{:02}:{:02}", time / 3_600, time / 60 % 60, time % 60)
            })
        }
        DataRef::Error(error) => Cow::Owned(format!("#{error:?}")),
        DataRef::Empty => Cow::Borrowed(""),
    }
}
