//! Reads the filled-in workbook from any spreadsheet program: the sheet by name, the columns by heading, cells as
//! displayed.
//!
//! Must not know: what an answer means.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _};
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};

use super::{Column, Columns, Filled, SHEET, Sheet, quoted};
use crate::error::Error;
use crate::files;
use crate::inputs::table;
use crate::inputs::table::CellTexts;
use crate::model::instant::{DAY, civil_from_days, days_from_civil};
use crate::model::label::Label as _;
use crate::model::text::{MAX_CELL, escape_controls};

/// Number of rows searched for the headings.
const HEADING_ROWS: u32 = 20;
/// The defined name of the run id's cell.
const RUN_NAME: &str = "Run_Id";

type Workbook = Xlsx<BufReader<File>>;

/// Reads the sheet `Findings` of a workbook.
///
/// # Errors
/// If the file is missing, is not an XLSX workbook, is locked, or has no such sheet or columns.
pub fn read(path: &Path) -> Result<Sheet, Error> {
    let (mut workbook, mut texts) = open(path)?;
    let name = sheet_name(path, &workbook)?;
    let run = run_of(path, &mut workbook)?;
    let (columns, rows) = rows(path, &mut workbook, &name, &mut texts)?;
    Ok(Sheet { run, columns, rows })
}

fn input(path: &Path, what: String, next: &str) -> Error {
    Error::Input { path: path.to_owned(), what, next: next.to_owned() }
}

fn broken(path: &Path, error: XlsxError) -> Error {
    match error {
        XlsxError::Io(source) => Error::Unreadable { path: path.to_owned(), source },
        XlsxError::Password => input(
            path,
            "is locked with a password".to_owned(),
            "open it in a spreadsheet program, take the password away, and save it as XLSX",
        ),
        error => input(
            path,
            format!("cannot be read as an XLSX workbook: {}", escape_controls(&error.to_string())),
            "open it in a spreadsheet program and save it again as XLSX (Excel Workbook)",
        ),
    }
}

fn open(path: &Path) -> Result<(Workbook, CellTexts), Error> {
    let failed = |source| Error::Unreadable { path: path.to_owned(), source };
    let mut file = files::open(path).map_err(failed)?;
    let mut start = Vec::new();
    file.by_ref().take(100).read_to_end(&mut start).map_err(failed)?;
    file.rewind().map_err(failed)?;
    // Excel's old format and the container of a locked workbook start alike.
    let old = start.starts_with(b"\xd0\xcf\x11\xe0");
    let other = |what: &str| {
        input(
            path,
            format!("is {what}, not an XLSX workbook"),
            "open it in a spreadsheet program and save it as XLSX (Excel Workbook)",
        )
    };
    if start.is_empty() {
        return Err(input(path, "is empty".to_owned(), "save the workbook again, and let the copy finish"));
    }
    if start.windows(27).any(|window| window == b"application/vnd.oasis.opend") {
        return Err(other("an OpenDocument file (such as .ods)"));
    }
    if !old && !start.starts_with(b"PK") {
        return Err(other("text, CSV or something else"));
    }
    // The old format is refused below, whatever it declares.
    let texts = if old { CellTexts::new(0) } else { table::check_workbook(path, &file)? };
    file.rewind().map_err(failed)?;
    let workbook = Xlsx::new(BufReader::new(file)).map_err(|error| match error {
        XlsxError::Password => broken(path, error),
        _ if old => other("a file in an old format (such as .xls)"),
        XlsxError::FileNotFound(_) => other("a packed file of another kind (such as .xlsb or .numbers)"),
        error => broken(path, error),
    })?;
    Ok((workbook, texts))
}

/// Lowercase, without any white space.
fn bare(text: &str) -> String {
    text.split_whitespace().flat_map(str::chars).flat_map(char::to_lowercase).collect()
}

fn sheet_name(path: &Path, workbook: &Workbook) -> Result<String, Error> {
    let names = workbook.sheet_names();
    let found = names.iter().find(|name| *name == SHEET).or_else(|| {
        let wanted = bare(SHEET);
        names.iter().find(|name| bare(name) == wanted)
    });
    found.cloned().ok_or_else(|| {
        let others: Vec<String> = names.iter().take(12).map(|name| quoted(name)).collect();
        input(
            path,
            format!("has no sheet `{SHEET}`; its sheets are {}", others.join(", ")),
            "name the workbook.xlsx of a run, as it was filled, with its sheets under their own names",
        )
    })
}

/// The id in the cell named `Run_Id`.
fn run_of(path: &Path, workbook: &mut Workbook) -> Result<Option<String>, Error> {
    let named = workbook.defined_names().iter().find(|(name, _)| name.eq_ignore_ascii_case(RUN_NAME));
    let Some((sheet, row, column)) = named.and_then(|(_, reference)| cell_of(reference)) else { return Ok(None) };
    if !workbook.sheet_names().contains(&sheet) {
        return Ok(None);
    }
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(|error| broken(path, error))?;
    while let Some(cell) = cells.next_cell().map_err(|error| broken(path, error))? {
        if cell.get_position() == (row, column) {
            // Users may have edited this cell too, and it is shown in messages.
            let text: String = text_of(cell.get_value()).unwrap_or_default().trim().chars().take(40).collect();
            return Ok(Some(escape_controls(&text).into_owned()).filter(|text| !text.is_empty()));
        }
    }
    Ok(None)
}

/// Sheet, row and column, counted from 0, of a reference such as `'Read me'!$B$8`.
fn cell_of(reference: &str) -> Option<(String, u32, u32)> {
    let (sheet, cell) = reference.trim().trim_start_matches('=').rsplit_once('!')?;
    let sheet = match sheet.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inside) => inside.replace("''", "'"),
        None => sheet.to_owned(),
    };
    let cell = cell.split(':').next()?.replace('$', "");
    let digits = cell.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = cell.split_at(digits);
    if letters.is_empty() || letters.len() > 3 || !letters.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        return None;
    }
    let column = letters.bytes().fold(0, |sum, letter| sum * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    Some((sheet, row.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

fn rows(
    path: &Path,
    workbook: &mut Workbook,
    name: &str,
    texts: &mut CellTexts,
) -> Result<(Columns, Vec<Filled>), Error> {
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|error| broken(path, error))?;
    let mut headings = Headings::default();
    let mut columns = None;
    let mut rows: Vec<Filled> = Vec::new();
    let mut last = 0;
    while let Some(cell) = cells.next_cell().map_err(|error| broken_after(path, last, error))? {
        let (row, column) = cell.get_position();
        last = row + 1;
        let columns = match columns {
            Some(columns) => columns,
            None => {
                if headings.row != Some(row) {
                    columns = headings.finish(path)?;
                    headings.row = Some(row);
                }
                let Some(columns) = columns else {
                    if row >= HEADING_ROWS {
                        return Err(headings.missing(path));
                    }
                    if let Ok(text) = text_of(cell.get_value()) {
                        headings.add(column, &text);
                    }
                    continue;
                };
                columns
            }
        };
        let Some(&column) = Column::ALL.iter().find(|at| columns.at[at.index()] == column) else { continue };
        let value = text_of(cell.get_value());
        texts.add_of(path, value.as_ref().map_or(0, String::len))?;
        if value.as_ref().is_ok_and(String::is_empty) {
            continue;
        }
        if rows.last().is_none_or(|filled| filled.row != last) {
            rows.push(Filled { row: last, ..Filled::default() });
        }
        let Some(filled) = rows.last_mut() else { continue };
        match value {
            Ok(text) => *filled.text(column) = text,
            Err(error) => filled.errors.push((column, error)),
        }
    }
    let columns = match columns {
        Some(columns) => columns,
        None => headings.finish(path)?.ok_or_else(|| headings.missing(path))?,
    };
    Ok((columns, rows))
}

fn broken_after(path: &Path, row: u32, error: XlsxError) -> Error {
    match error {
        XlsxError::CellError(value) => input(
            path,
            format!("holds an error that is not known, {}, in the sheet `{SHEET}` after row {row}", quoted(&value)),
            "clear that cell and save the workbook again",
        ),
        error => broken(path, error),
    }
}

/// The search for the row of headings.
#[derive(Default)]
struct Headings {
    row: Option<u32>,
    /// Columns of each heading in this row.
    here: [Vec<u32>; 4],
    /// The headings in the row with the most of them, and its number from 1.
    best: Option<(u32, [bool; 4])>,
}

impl Headings {
    fn add(&mut self, column: u32, text: &str) {
        let text = bare(text);
        if let Some(heading) = Column::ALL.iter().find(|heading| bare(heading.label()) == text) {
            self.here[heading.index()].push(column);
        }
    }

    /// At the end of a row: the columns, if it is the heading row.
    fn finish(&mut self, path: &Path) -> Result<Option<Columns>, Error> {
        let here = std::mem::take(&mut self.here);
        let row = self.row.unwrap_or_default() + 1;
        let has = [0, 1, 2, 3].map(|at: usize| !here[at].is_empty());
        let count = |has: [bool; 4]| has.iter().filter(|&&has| has).count();
        if count(has) > self.best.map_or(0, |(_, best)| count(best)) {
            self.best = Some((row, has));
        }
        if count(has) < Column::ALL.len() {
            return Ok(None);
        }
        if let Some(heading) = Column::ALL.iter().find(|heading| here[heading.index()].len() > 1) {
            let cells: Vec<String> = here[heading.index()]
                .iter()
                .map(|&column| Columns { at: [column; 4] }.cell(Column::Finding, row))
                .collect();
            return Err(input(
                path,
                format!("has the heading `{heading}` more than once: {}", cells.join(", ")),
                "give the further column another heading",
            ));
        }
        let first = |at: usize| here[at].first().copied().unwrap_or_default();
        Ok(Some(Columns { at: [0, 1, 2, 3].map(first) }))
    }

    fn missing(&self, path: &Path) -> Error {
        let (place, has) = match self.best {
            Some((row, has)) => (format!("row {row} of the sheet `{SHEET}`"), has),
            None => (format!("the first {HEADING_ROWS} rows of the sheet `{SHEET}`"), [false; 4]),
        };
        let missing: Vec<String> =
            Column::ALL.iter().filter(|heading| !has[heading.index()]).map(|heading| format!("`{heading}`")).collect();
        input(
            path,
            format!("has no heading {} in {place}", missing.join(" or ")),
            "put the headings Finding, Status, Owner and Comment back into one row; their order does not matter",
        )
    }
}

/// The cell as displayed, or its error.
fn text_of(value: &DataRef<'_>) -> Result<String, String> {
    Ok(match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => checked(text)?,
        DataRef::SharedString(text) => checked(text)?,
        DataRef::Bool(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
        DataRef::DateTime(moment) => moment_text(moment),
        DataRef::Error(error) => return Err(error.to_string()),
        DataRef::Empty => String::new(),
    })
}

/// Copies a cell's text, unless too long: a million cells can share one text.
fn checked(text: &str) -> Result<String, String> {
    if text.len() > MAX_CELL { Err(format!("a text of more than {MAX_CELL} bytes")) } else { Ok(text.to_owned()) }
}

/// Fifteen digits, as in spreadsheet programs, and no `.0`.
fn number_text(number: f64) -> String {
    format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
}

/// A date, a time, or both.
fn moment_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let Some(days) = days_from_civil(i64::from(year), month, day).filter(|_| moment.is_datetime()) else {
        return number_text(moment.as_f64());
    };
    // A serial number represents a second only approximately.
    let seconds =
        days * DAY + i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second) + i64::from(milli >= 500);
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    let clock = format!("{:02}:{:02}:{:02}", time / 3_600, time / 60 % 60, time % 60);
    if (0.0..1.0).contains(&moment.as_f64()) && time > 0 {
        return clock;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time == 0 { date } else { format!("{date} {clock}") }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests write workbooks")]
mod tests;
